"""A desk's own topics at work: learned from the file's examples and from what people marked, told apart in every reading.

And history in line with the file: merged topics stand under their new key, new ones about what was read long ago.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from heapq import nlargest
from typing import TYPE_CHECKING

from desk.classifier import without_plugged
from desk.errors import ConfigurationError
from desk.reading import Aspect, Reading, Tagger
from desk.taxonomy import FEWEST, OwnTopic, Taxonomy
from flows.settings import Settings
from flows.work.common import Clock, Tell, silent, utc_now
from store import topics as kept
from store.topics import Kept

if TYPE_CHECKING:
    from nlp.topics import OwnTopics


@dataclass(frozen=True)
class Shown:
    """A stored mention and how likely it is about a topic."""

    mention_id: int
    text: str
    probability: float


@dataclass(frozen=True)
class Applied:
    """What bringing history into line came to: tags restated, tags new and tags retired, by topic; mentions nobody can ask."""

    restated: Mapping[str, int] = field(default_factory=dict)
    new: Mapping[str, int] = field(default_factory=dict)
    retired: Mapping[str, int] = field(default_factory=dict)
    out_of_reach: int = 0
    """Mentions whose vector another encoder made, or none: they get own topics when they are read anew."""


def in_our_words(settings: Settings, tagger: Tagger, readings: Sequence[Reading], ids: Sequence[int] = ()) -> list[Reading]:
    """Return *readings* with the desk's own topics, without its retired ones, and with merged ones under their new key.

    *ids* are the mentions that were read, where they are stored: what a person has denied of one stays denied under its old key.
    """
    desk = settings.desk
    if active(settings):
        from nlp.topics import with_own

        readings = with_own(readings, learned(settings, tagger))
    if ids and desk.topics.merged:
        with settings.session(write=False) as session:
            denied = kept.denied(session, ids, list(desk.topics.merged))
        readings = [_without(reading, denied[one]) for one, reading in zip(ids, readings, strict=True)]
    gone = any(topic.retired or topic.merged_into for topic in desk.topics.topics)
    return [settled(reading, desk.topics) for reading in readings] if gone else list(readings)


def _without(reading: Reading, denied: Set[tuple[str, str]]) -> Reading:
    keys = {f"{aspect}:{topic}" for aspect, topic in denied}
    if not keys:
        return reading
    return replace(
        reading,
        friction=tuple(topic for topic in reading.friction if f"friction:{topic}" not in keys),
        praise=tuple(topic for topic in reading.praise if f"praise:{topic}" not in keys),
        unsure=tuple(key for key in reading.unsure if key not in keys),
        probabilities={key: chance for key, chance in reading.probabilities.items() if key not in keys},
    )


def settled(reading: Reading, taxonomy: Taxonomy) -> Reading:
    """Return *reading* as the taxonomy has it: nothing under a retired key, and what is merged under the key it counts as."""
    odds = dict(reading.probabilities)
    for aspect in ("friction", "praise"):
        for old, new in taxonomy.merged.items():
            chances = [odds[key] for key in (f"{aspect}:{old}", f"{aspect}:{new}") if key in odds]
            if chances:
                odds[f"{aspect}:{new}"] = max(chances)
    unsure = (_settled_question(key, taxonomy) for key in reading.unsure)
    return replace(
        reading,
        friction=_settled_topics("friction", reading.friction, taxonomy, odds),
        praise=_settled_topics("praise", reading.praise, taxonomy, odds),
        unsure=tuple(dict.fromkeys(key for key in unsure if key)),
        probabilities=odds,
    )


def _settled_topics(aspect: Aspect, topics: Sequence[str], taxonomy: Taxonomy, odds: Mapping[str, float]) -> tuple[str, ...]:
    found = dict.fromkeys(key for topic in topics if (key := taxonomy.counts_as(topic)))
    return tuple(sorted(found, key=lambda topic: -odds.get(f"{aspect}:{topic}", 1.0)))


def _settled_question(key: str, taxonomy: Taxonomy) -> str:
    aspect, _, topic = key.partition(":")
    if aspect not in ("friction", "praise"):
        return key
    return f"{aspect}:{into}" if (into := taxonomy.counts_as(topic)) else ""


def active(settings: Settings) -> list[OwnTopic]:
    """Return the desk's own topics that are looked for: all that are not retired. What is merged counts as the other one."""
    return [topic for topic in settings.desk.topics.topics if isinstance(topic, OwnTopic) and not topic.retired]


def learned(settings: Settings, tagger: Tagger) -> "OwnTopics":
    """Return the desk's own topics as they stand now: of those with five examples or more, what was learned from them.

    Raises ConfigurationError where the tagger makes no vectors, so that nothing could be told.
    """
    from nlp import own

    topics = active(settings)
    with settings.session(write=False) as session:
        marks = kept.marked(session, [topic.key for topic in topics])
        heard = kept.heard(session, _encoder(tagger.model))
    return own.learned(tagger, topics, marks, heard)


def _encoder(model: str) -> str:
    """Return what of a signature names the encoder: heads that were taught, and classifiers, change no vector."""
    return without_plugged(model).partition("+")[0]


def likeliest(settings: Settings, tagger: Tagger, key: str, limit: int = 20, tell: Tell = silent) -> list[Shown]:
    """Return the stored mentions that are likeliest about the own topic *key*, the likeliest first; stores nothing.

    Raises ConfigurationError where there is no such topic of the desk's own, or not enough to know it by.
    """
    own = _only(settings, tagger, key)
    found = (
        Shown(one.mention_id, one.text, chances[key])
        for page in _pages(settings, tell)
        for one, chances in _asked(own, tagger, page)
        if chances
    )
    return nlargest(limit, found, key=lambda one: one.probability)


def _only(settings: Settings, tagger: Tagger, key: str) -> "OwnTopics":
    keys = [topic.key for topic in settings.desk.own_topics]
    if key not in keys:
        there = f"; there is {', '.join(keys)}" if keys else "; add one with [[topics]]"
        raise ConfigurationError(f'The desk has no topic "{key}" of its own{there}')
    if key not in [topic.key for topic in settings.desk.topics.offered]:
        raise ConfigurationError(f'"{key}" is retired or merged into another topic, so it gets no tags')
    own = learned(settings, tagger)
    if key not in own.topics:
        raise ConfigurationError(
            f'"{key}" has fewer than {FEWEST} examples; mark mentions with it in the dashboard, or add to its `examples`'
        )
    return replace(own, topics={key: own.topics[key]})


def _pages(settings: Settings, tell: Tell) -> Iterator[list[Kept]]:
    last = 0
    while True:
        with settings.session(write=False) as session:
            page = kept.read_after(session, last)
        if not page:
            return
        yield page
        last = page[-1].mention_id
        tell("mentions", len(page))


def _asked(own: "OwnTopics", tagger: Tagger, page: Sequence[Kept]) -> Iterator[tuple[Kept, dict[str, float]]]:
    encoder = _encoder(tagger.model)
    odds = own.probabilities([one.embedding if _encoder(one.model) == encoder else None for one in page])
    yield from zip(page, odds, strict=True)


def apply(settings: Settings, tagger: Tagger, *, clock: Clock = utc_now, tell: Tell = silent) -> Applied:
    """Bring history into line with the file, without reading a text again; doing it twice is doing it once.

    What stands under a merged key is restated under the key it counts as; retired topics stay as they were; an own topic
    stands about every stored mention that is likely about it. What people said is never overruled.
    """
    restated: dict[str, int] = {}
    with settings.session() as session:
        for old, into in settings.desk.topics.merged.items():
            if count := kept.restate(session, old, into):
                restated[old] = count
    own = learned(settings, tagger) if active(settings) else None
    if own is None or not own.topics:
        return Applied(restated)
    return _apply_own(settings, tagger, own, restated, clock, tell)


def _apply_own(
    settings: Settings, tagger: Tagger, own: "OwnTopics", restated: Mapping[str, int], clock: Clock, tell: Tell
) -> Applied:
    from nlp.topics import THRESHOLD

    merged = settings.desk.topics.merged
    keys = list(dict.fromkeys(merged.get(key, key) for key in own.topics))
    new, retired, out_of_reach = dict.fromkeys(keys, 0), dict.fromkeys(keys, 0), 0
    for page in _pages(settings, tell):
        odds = {one.mention_id: (chances, one.model) for one, chances in _asked(own, tagger, page) if chances}
        out_of_reach += len(page) - len(odds)
        with settings.session(write=False) as session:
            denied = kept.denied(session, list(odds), list(merged))
        for key in keys:
            asked = {
                mention_id: (counted[key], model)
                for mention_id, (chances, model) in odds.items()
                if key in (counted := _counted(chances, denied[mention_id], merged))
            }
            readings = {one.mention_id: one.reading_id for one in page}
            found = kept.Found(key, asked, THRESHOLD, merged=key in merged.values(), readings=readings)
            with settings.session() as session:
                added, gone = kept.apply(session, found, clock())
            new[key], retired[key] = new[key] + added, retired[key] + gone
    return Applied(restated, new, retired, out_of_reach)


def _counted(chances: Mapping[str, float], denied: Set[tuple[str, str]], merged: Mapping[str, str]) -> dict[str, float]:
    """Return *chances* under the keys that count; what a person has *denied* under a merged key comes back under no other."""
    found: dict[str, float] = {}
    for key, chance in chances.items():
        if ("friction", key) not in denied:
            into = merged.get(key, key)
            found[into] = max(chance, found.get(into, 0.0))
    return found
