"""Whether a tagger knows what it does not know: are its probabilities true, and are its surest decisions its best?

What a row does not answer is left out of the figure about it, as in nlp.evaluate.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nlp.evaluate import ASPECTS, QUESTIONS, Judged
from nlp.heads import CHOICES, COLUMNS, Numbers
from nlp.metrics import Array, Flags, Interval, abstention, accuracy, calibration_error, interval, micro

TASKS: Mapping[str, list[int]] = {**QUESTIONS, **ASPECTS}
"""The columns of everything that is asked."""
_LIKELY = 0.1
"""A topic that is less likely than this is not thought of at all."""


@dataclass(frozen=True)
class Unsure:
    """What a tagger itself calls unsure in one task: *left* of *asked* decisions, in the share *texts* of all texts.

    ``every`` is how good all its decisions are, ``sure`` how good those are that it does not call unsure: accuracy of a choice,
    micro-F1 of yes-or-no questions.
    """

    asked: int
    left: int
    texts: float
    every: Interval
    sure: Interval


def calibration(judged: Judged) -> dict[str, float]:
    """Return the calibration error of each task, over all that is asked: of 18 topics, most are never thought of."""
    found = {name: _asked(judged, columns) for name, columns in TASKS.items()}
    return {name: calibration_error(truth, odds) for name, (truth, odds) in found.items() if len(truth)}


def likely(judged: Judged) -> dict[str, float]:
    """Return the calibration error over the topics that a tagger finds likelier than one in ten."""
    found = {name: _asked(judged, ASPECTS[name]) for name in ("friction", "praise")}
    return {
        name: calibration_error(truth, odds, above=_LIKELY) for name, (truth, odds) in found.items() if (odds > _LIKELY).any()
    }


def _asked(judged: Judged, columns: list[int]) -> tuple[Array, Array]:
    """Return what is true and how likely it was found, for the texts that answer a task."""
    truth, known = judged.known[0], _known(judged, columns)
    return truth[known][:, columns].astype(float), judged.odds[known][:, columns].astype(float)


def _known(judged: Judged, columns: list[int]) -> Flags:
    return np.asarray(judged.known[1][:, columns].all(axis=1), bool)


def curves(judged: Judged) -> dict[str, list[tuple[float, float]]]:
    """Return for each task how accurate its surest decisions are: (share answered, accuracy).

    A choice is the surer the likelier its answer, a yes or no the surer the further its log-odds lie from its threshold's; of
    topics the least sure one counts, and all of them must be right.
    """
    found = {}
    for name, columns in TASKS.items():
        truth, odds = _asked(judged, columns)
        if not len(truth):
            continue
        if name in CHOICES:
            found[name] = abstention(odds.argmax(axis=1) == truth.argmax(axis=1), odds.max(axis=1))
        else:
            right = judged.said[_known(judged, columns)][:, columns] == (truth > 0.5)
            found[name] = abstention(right.all(axis=1), _distance(judged, columns, odds).min(axis=1))
    return found


def _distance(judged: Judged, columns: list[int], odds: Array) -> Array:
    """Return how far probabilities lie from where yes begins, in log-odds."""
    limits = np.full(len(columns), 0.5) if judged.limits is None else judged.limits[columns].astype(float)
    return np.abs(_log_odds(odds) - _log_odds(limits))


def _log_odds(odds: Array) -> Array:
    inside = np.clip(odds, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def unsure(judged: Judged) -> dict[str, Unsure]:
    """Return for each task what the tagger calls unsure, and what it is worth; nothing where its readings are not known."""
    doubts, found = doubted(judged), {}
    for name, columns in TASKS.items() if judged.readings else ():
        known = _known(judged, columns)
        if not known.any():
            continue
        some, choice = doubts[known][:, columns], name in CHOICES
        table, figure = (judged.choice(name), accuracy) if choice else (judged.table(name), micro)
        each = some[:, :1] if choice else some  # one answer of several is one decision
        found[name] = Unsure(
            asked=each.size,
            left=int(each.sum()),
            texts=float(some.any(axis=1).mean()),
            every=interval(table, figure),
            sure=interval(table * ~some[..., None], figure),
        )
    return found


def doubted(judged: Judged) -> Flags:
    """Return which columns of each text the tagger calls unsure, of those that the text answers: shape (texts, columns)."""
    place = {key: [index] for index, key in enumerate(COLUMNS)} | QUESTIONS
    found = np.zeros(judged.odds.shape, bool)
    for index, reading in enumerate(judged.readings):
        for key in reading.unsure:
            found[index, place.get(key, [])] = True
    return np.asarray(found & (judged.known[1] > 0))


def neighbours(judged: Judged) -> tuple[Interval, float] | None:
    """Return how often the text whose vector lies nearest shares a friction topic, and how often any text does: chance.

    Among texts that report friction, with vectors that start from the middle of them all. None where there are fewer than two.
    """
    some = [index for index, one in enumerate(judged.readings) if one.embedding and judged.rows[index].get("friction")]
    if len(some) < 2:
        return None
    truth = judged.known[0][some][:, ASPECTS["friction"]]
    shared = (truth @ truth.T) > 0
    likeness = _likeness(np.stack([np.frombuffer(judged.readings[index].embedding or b"", "<f2") for index in some]))
    hits = shared[np.arange(len(some)), likeness.argmax(axis=1)].astype(float)
    table = np.stack([hits, np.zeros_like(hits), 1 - hits], axis=-1)[:, None, :]
    chance = (shared.sum() - len(some)) / (len(some) * (len(some) - 1))
    return interval(table, accuracy), float(chance)


def _likeness(vectors: Numbers) -> Numbers:
    """Return the cosine of each pair, none to itself."""
    centred = vectors.astype(np.float32) - vectors.astype(np.float32).mean(axis=0)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    found = unit @ unit.T
    np.fill_diagonal(found, -2)
    return np.asarray(found, np.float32)
