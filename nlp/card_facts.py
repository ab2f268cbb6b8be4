"""The sentences of the model card that hang on data: what it was made from, who read the texts, and where it fails."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nlp import agreement, train_data
from nlp import card_tables as tables
from nlp.aims import PUBLISHED
from nlp.encoder import TOKENS
from nlp.heads import TOPICS
from nlp.train_data import HOME, Row

_BY_MODEL = 3
"""Annotations from this batch on were made by a large language model."""
_DOUBTFUL = 5
"""The batch whose texts were chosen because they are doubtful; of those that were read twice, the rest is not."""
_ENOUGH = 30
"""With fewer texts than this a set does not tell how well a topic is read."""
_NAMES = {"es": "Spanish", "fr": "French", "it": "Italian", "nl": "Dutch", "pl": "Polish"}
_LEAK = (
    "- **Not kept apart without exception**: 357 raw texts of the two datasets that are for testing alone, without labels and "
    "none of them a test text,\n  were among those whose likely answers release 2026.12.1 learned from its teachers. This one "
    "was made from that release, from a successor of it, or from the opinions of one, so traces of these texts may be in it."
)
"""Of 2026.12.1, and so of every model that goes on from a release: those all go on from that one."""


def facts(card: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what the template says in words of *card*, of the labelled texts as they are now, and of the sets in *found*."""
    return {
        "topics": str(len(TOPICS)),
        "tokens": str(TOKENS),
        "texts": ", ".join(f"{count:,} {part}" for part, count in card["texts"].items()),
        "licensed": f"{card['licensed']:,}",
        "abroad_weight": f"{card.get('abroad_weight', 2):g}",
        "sectors": ", ".join(train_data.UNSEEN_SECTORS),
        "course": _course(card),
        "int8": _int8(card),
        "leak": _LEAK if card.get("start") else "",
        "cost": card.get("cost") or "What the training of this version cost was not written down.",
        "tweets": tweets(found),
        **_of_readers(list(train_data.lines(train_data.ANNOTATIONS)), found),
        **_of_other_languages(train_data.authored()),
    }


def tweets(sets: Sequence[Mapping[str, Any]]) -> str:
    """Say which published models read the public benchmark better, and where."""
    name = "sentiment macro-F1"
    own = {one["name"]: one["figures"][name][0] for one in sets if name in one["figures"]}
    pairs = [
        (model, known, own[known], theirs) for model, of in PUBLISHED.items() for known, theirs in of.items() if known in own
    ]
    if not pairs:
        return "not measured in this run."
    better = [f"{model}: {theirs:.3f} against {ours:.3f} on “{known}”" for model, known, ours, theirs in pairs if ours < theirs]
    said = (
        f"published models are better at {name} ({'; '.join(better)})"
        if better
        else "no published model it is compared with is better"
    )
    return f"{said}."


def _of_readers(said: Sequence[Row], found: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return how many real texts are labelled, by whom, how far readers agree, and how rare checkout is."""
    by_model = [one["batch"] for one in said if one["batch"] >= _BY_MODEL]
    twice = agreement.pairs()
    doubtful = [pair for pair in twice if pair[0]["batch"] == _DOUBTFUL]
    plain = [pair for pair in twice if pair[0]["batch"] != _DOUBTFUL]
    return {
        "real": f"{len(said):,}",
        "by_readers": f"{len(said) - len(by_model):,}",
        "by_model": f"{len(by_model):,} (batches {_BY_MODEL} to {max(by_model)})",
        "agreement": f"{agreement.topics_alike(plain, 'friction'):.2f} on friction topics ({len(plain)} texts)",
        "doubtful": f"{agreement.topics_alike(doubtful, 'friction'):.2f} on friction and "
        f"{agreement.topics_alike(doubtful, 'praise'):.2f} on praise ({len(doubtful)} texts)",
        "checkout": _checkout(sum("checkout" in one.get("friction", ()) for one in said), len(said), found),
    }


def _checkout(rare: int, of: int, found: Sequence[Mapping[str, Any]]) -> str:
    """Say how many texts report a checkout problem, and whether the real ones are enough to judge by."""
    counts = {one["name"]: tables.texts_with(one, "friction:checkout") for one in found if one["name"] in tables.MAIN}
    said = f"Of {of:,} real texts {rare:,} report a checkout problem"
    if counts:
        said += f"; of the test texts {', '.join(f'{count:,} in “{name}”' for name, count in counts.items())}"
    few = "real" in counts and counts["real"] < _ENOUGH
    return f"{said}. {'So few real ones cannot decide how well checkout is read.' if few else ''}".rstrip()


def _of_other_languages(rows: Sequence[Row]) -> dict[str, str]:
    """Return how many authored texts of other languages train, which languages these are, and how many stay aside."""
    train = Counter(row["lang"] for row in rows if row["lang"] not in HOME and train_data.part_of(row) == "train")
    names = sorted(_NAMES.get(language, language) for language in train)
    aside = sorted(set(Counter(row["file"] for row in rows if row["file"] in train_data.UNSEEN_FILES).values()))
    return {
        "others": f"{sum(train.values()):,}",
        "languages": " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names),
        "aside": " to ".join(str(count) for count in dict.fromkeys((aside[0], aside[-1]))),
    }


def _int8(card: Mapping[str, Any]) -> str:
    """Say what int8 costs, in points of the figure that loses most; nothing where fp32 was not measured."""
    before, after = card.get("fp32", {}), card.get("dev", {})
    lost = {name: round(100 * (before[name] - after[name]), 1) for name in before if name in after}
    if not lost:
        return ""
    name = max(lost, key=lambda one: lost[one])
    points = f"; most is lost in {name}, {lost[name]:.1f} points" if lost[name] > 0 else ", and none is lower"
    return f"Figures of int8 and of fp32 were compared on real texts of the development part{points}."


def _of_tweets(card: Mapping[str, Any]) -> str:
    """Return who said what tweets express, where teachers of sentiment did."""
    count = card.get("sentiment_teachers", 0)
    return f" What tweets and licensed reviews express, {count} teachers of sentiment alone have said." if count else ""


def _course(card: Mapping[str, Any]) -> str:
    """Return how it was trained, in a sentence or two."""
    count = card["students"]
    students = f"{count} student{'s' * (count != 1)} of {card['student']['epochs']} epochs"
    if card.get("afresh"):
        return (
            f"{students}, begun with the untrained encoder, learned from these texts and from {card['raw']:,} without labels: a "
            f"text's label counts {card['trust']:.0%}, and what {card['start']} said of it the rest.{_of_tweets(card)} "
            "What ships is the average of the students."
        )
    if start := card.get("start"):
        return (
            f"It goes on from {start}: {students}, for whom a text's label counts {card['trust']:.0%} and what that model "
            f"said of it the rest, with {card['licensed_share']:.0%} of the licensed texts in each epoch."
        )
    return (
        f"{card['teachers']} teachers of {card['plan']['epochs']} epochs; {students} learned from what all teachers say, "
        f"on these texts and on {card['raw']:,} real ones without labels; what ships is the average of the students and "
        "of the teachers' average."
    )
