"""Why a mention is tagged so: the words that speak for and against, how sure the model is, who decided (guarantee 10)."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import data, times
from dashboard.components import chips, correct
from dashboard.components.markup import Markup, el, said, show
from dashboard.components.thread import SHOWN, Marks, words_of
from dashboard.viewer import Viewer
from desk.classifier import answering, without_plugged
from desk.reading import TOPICAL
from desk.taxonomy import OwnTopic
from store import models
from store.conversations import Said, Why
from store.tables import Tag

if TYPE_CHECKING:
    from nlp.tagger import OnnxTagger
    from nlp.topics import OwnTopics

_WORDS = 5
_LEARNED = 600
"""Seconds that what was learned of the desk's own topics is used before people's newest marks are looked at again."""
_ORDER = ("friction", "praise", "sentiment", "intent", "urgent", "needs_reply")


def panel(focus: Said, reason: Why, v: Viewer, *, by_hand: bool = False) -> Tag | None:
    """Show the tags of a mention with what is behind the chosen one; return that one. *by_hand*: rules leave its ticket."""
    w = v.words
    with st.container(key="k-why", border=True, gap="small"):
        show(el("div", el("h2", w("why.title")), cls="k-why-head"))
        standing = {_key(tag): tag for tag in _standing(reason)}
        chosen: Tag | None = None
        if standing:
            key = st.pills(
                w("why.choose"),
                list(standing),
                default=_first(standing, focus),
                format_func=lambda key: _label(standing[key], v),
                key=f"why-{focus.mention.id}-{len(reason.statements)}-{v.language}",
                label_visibility="collapsed",
            )
            chosen = standing.get(key or "")
            if chosen:
                _behind(chosen, focus, reason, v)
        else:
            show(el("p", w("why.unread") if not focus.mention.read_at else w("why.nothing"), cls="k-quiet"))
        _denied(reason, v)
        correct.buttons(reason, v, by_hand)
    return chosen


def _standing(reason: Why) -> list[Tag]:
    tags = [tag for tag in reason.statements if tag.stands and tag.holds and tag.aspect in _ORDER]
    return sorted(tags, key=lambda tag: (_ORDER.index(tag.aspect), -(tag.probability or 1.0)))


def _key(tag: Tag) -> str:
    return f"{tag.aspect}:{tag.value}"


def _first(standing: dict[str, Tag], focus: Said) -> str:
    """Return what is looked at first: the likeliest topic, or the first there is."""
    asked = f"friction:{max(focus.tags.friction, key=lambda topic: focus.tags.friction[topic])}" if focus.tags.friction else ""
    return asked if asked in standing else next(iter(standing))


def _label(tag: Tag, v: Viewer) -> str:
    if tag.aspect in TOPICAL:
        return v.topic(tag.value) if tag.aspect == "friction" else f"♥ {v.topic(tag.value)}"
    return v.words(f"{tag.aspect}.{tag.value}")


def _behind(tag: Tag, focus: Said, reason: Why, v: Viewer) -> None:
    """Say how sure who is, and which words speak for it."""
    w = v.words
    when = times.moment(tag.at, v.zone, w)
    if reason.said.not_read and not tag.person:
        show(el("p", chips.reason_not_read(reason.said.not_read, v), cls="k-quiet"))
        return
    if tag.person:
        show(el("p", el("b", w("why.person", who=tag.by.partition(":")[2])), " ", el("span", when), cls="k-sign k-by-person"))
    else:
        odds = tag.probability
        sure = "" if odds is None else w("why.sure", percent=_percent(odds, v))
        show(
            el(
                "div",
                el("div", el("i", style=f"width:{round(100 * odds)}%"), cls="k-odds", aria_hidden="true")
                if odds is not None
                else None,
                el("p", el("b", sure), " ", el("span", w("why.model", model=tag.by)), " ", el("span", when), cls="k-sign"),
                cls="k-behind",
            )
        )
        if reason.reading and {tag.aspect, _key(tag)} & set(reason.reading.unsure):
            show(el("p", w("why.unsure"), cls="k-quiet"))
    if answering(v.desk.classifiers, tag.by, _key(tag)):
        show(el("p", w("why.other_model"), cls="k-quiet"))
        return
    with st.spinner(w("why.asking"), show_time=False):
        words = marks(focus, reason, tag, v)
    show(_spoken(words, words_of(focus), v))


def _spoken(found: Marks, text: str, v: Viewer) -> Markup:
    order = sorted(found, key=lambda mark: -abs(mark[2]))
    lines = []
    for name, kind, of_this in (
        ("why.for", "k-for", [m for m in order if m[2] > 0]),
        ("why.against", "k-against", [m for m in order if m[2] < 0]),
    ):
        if of_this:
            named = {text[start:stop].casefold(): text[start:stop] for start, stop, _ in reversed(of_this)}
            words = [el("span", said(word, 40), cls=f"k-word {kind}") for word in list(reversed(named.values()))[:_WORDS]]
            lines.append(el("p", el("span", v.words(name), cls="k-name"), words, cls="k-words"))
    how = el("p", v.words("why.how"), cls="k-sign") if lines else None
    return el("div", lines or el("p", v.words("why.no_words"), cls="k-quiet"), how)


def _denied(reason: Why, v: Viewer) -> None:
    """Name the topics that people have said no to: a model's word on them does not count any more."""
    for tag in reason.statements:
        if tag.stands and not tag.holds and tag.person:
            who = tag.by.partition(":")[2]
            show(el("p", v.words("why.denied", topic=v.topic(tag.value), who=who), cls="k-quiet"))


def marks(focus: Said, reason: Why, tag: Tag | None, v: Viewer) -> Marks:
    """Return the places of the words that speak for (positive) or against a tag; nothing where no model can say."""
    if tag is None or reason.said.not_read:
        return ()
    yes_or_no = tag.aspect in ("needs_reply", "urgent")
    key = tag.aspect if yes_or_no else _key(tag)
    signed = tag.by if not tag.person else reason.reading.model if reason.reading else ""
    if answering(v.desk.classifiers, tag.by, key):  # a classifier of others cannot be asked for its words
        return ()
    asked = (v.desk.model or "", data.database(), without_plugged(signed), words_of(focus)[:SHOWN], _own(focus, v))
    found = weights(*asked).get(key, [])
    turn = -1 if yes_or_no and tag.value == "no" else 1
    return [(start, stop, turn * weight) for start, stop, weight in found]


def _own(focus: Said, v: Viewer) -> tuple[str, ...]:
    """Return which of the desk's own topics a mention is about, of those that get tags."""
    return tuple(topic.key for topic in v.desk.topics.offered if isinstance(topic, OwnTopic) and topic.key in focus.tags.friction)


def _tagger(folder: str) -> "OnnxTagger":
    from nlp.tagger import tagger

    return tagger(Path(folder) if folder else None)


@st.cache_resource(show_spinner=False, max_entries=4)
def _signed(folder: str, database: str, model: str) -> "OnnxTagger":
    """Return the tagger that signs as *model*, with the heads of that version where they are still there and fit."""
    from nlp.versions import on

    loaded = _tagger(folder)
    if folder or model == loaded.model:
        return loaded
    with data.session() as store:
        found = models.version(store, model)
    return on(loaded, found.heads, found.card) if found and found.encoder == loaded.model else loaded


@st.cache_resource(show_spinner=False, max_entries=4, ttl=_LEARNED)
def _learned(folder: str, database: str, topics: tuple[str, ...]) -> "OwnTopics":
    """Return what is known of the desk's own *topics* from its file and from what people have marked."""
    from nlp import own

    asked = [topic for topic in data.desk().topics.topics if isinstance(topic, OwnTopic) and topic.key in topics]
    loaded = _tagger(folder)
    return own.learned(loaded, asked, data.marked(topics), data.usually_heard(loaded.model))


@st.cache_data(show_spinner=False, max_entries=1_000, ttl=_LEARNED)
def weights(folder: str, database: str, model: str, text: str, own: tuple[str, ...]) -> dict[str, list[tuple[int, int, float]]]:
    """Return the words of a text for every tag there is, *own* topics among them: one reading of it answers for all."""
    from nlp.explain import explain
    from nlp.heads import COLUMNS

    keys = [*COLUMNS, *(f"friction:{topic}" for topic in own)]
    learned = _learned(folder, database, own) if own else None
    found = explain(_signed(folder, database, model), text, keys, own=learned)
    return {key: [(word.start, word.end, word.weight) for word in words] for key, words in found.items()}


def _percent(odds: float, v: Viewer) -> str:
    return chips.percent(min(99, max(1, round(100 * odds))), v)
