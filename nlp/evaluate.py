"""How good a tagger is on labelled texts: what `kummerkasten evaluate`, the model card and teaching all read.

What a row does not answer is left out of the figure about it (see nlp.train_data).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from desk.reading import Reading
from nlp.calibrate import FIRST
from nlp.heads import CHOICES, COLUMNS, YES_OR_NO, Numbers
from nlp.metrics import (
    Array,
    Flags,
    Interval,
    abstention,
    accuracy,
    calibration_error,
    counts,
    interval,
    macro,
    micro,
    one_of,
    precision_recall,
)
from nlp.train_data import Row, targets

ASPECTS = {
    aspect: [FIRST + place for place, key in enumerate(YES_OR_NO) if key.split(":")[0] == aspect]
    for aspect in ("needs_reply", "urgent", "friction", "praise")
}
"""The columns of each yes-or-no aspect."""
_FEW = 10
"""A label with fewer examples than this has no worst place: its F1 is luck."""


@dataclass(frozen=True)
class Label:
    """One label's figures; ``texts`` is how many texts truly have it."""

    key: str
    texts: int
    precision: float
    recall: float
    f1: Interval


@dataclass(frozen=True)
class Judged:
    """Labelled texts and what a tagger said about them: probabilities, and for yes-or-no questions its decisions."""

    rows: Sequence[Row]
    odds: Numbers
    said: Flags

    @cached_property
    def known(self) -> tuple[Numbers, Numbers]:
        """Return the labels and which of them are known."""
        return targets(self.rows)

    def some(self, wanted: Sequence[int]) -> "Judged":
        """Return those texts alone."""
        return Judged([self.rows[index] for index in wanted], self.odds[list(wanted)], self.said[list(wanted)])

    def choice(self, question: str) -> Array:
        """Return `counts` of a question with one answer of several, for the texts that answer it."""
        answers, start = CHOICES[question], COLUMNS.index(f"{question}:{CHOICES[question][0]}")
        index = [place for place, row in enumerate(self.rows) if question in row]
        guess = [answers[best] for best in self.odds[index, start : start + len(answers)].argmax(axis=1)] if index else []
        return one_of([self.rows[place][question] for place in index], guess, answers)

    def table(self, aspect: str) -> Array:
        """Return `counts` of a yes-or-no aspect, for the texts that answer it."""
        columns = ASPECTS[aspect]
        truth, mask = self.known
        index = np.flatnonzero(mask[:, columns].all(axis=1))
        return counts(truth[index][:, columns] > 0.5, self.said[index][:, columns])


def of_readings(rows: Sequence[Row], readings: Sequence[Reading]) -> Judged:
    """Return rows with what a tagger said about them."""
    odds = np.zeros((len(rows), len(COLUMNS)), np.float32)
    said = np.zeros_like(odds, dtype=bool)
    for index, reading in enumerate(readings):
        yes = {f"friction:{topic}" for topic in reading.friction} | {f"praise:{topic}" for topic in reading.praise}
        yes |= {key for key in ("needs_reply", "urgent") if getattr(reading, key)}
        chosen = yes | {f"sentiment:{reading.sentiment}", f"intent:{reading.intent}"}
        for place, key in enumerate(COLUMNS):
            odds[index, place] = reading.probabilities.get(key, float(key in chosen))
            said[index, place] = key in yes
    return Judged(rows, odds, said)


def of_odds(rows: Sequence[Row], odds: Numbers, thresholds: Mapping[str, float]) -> Judged:
    """Return rows with probabilities and the decisions that *thresholds* make of them."""
    limits = np.array([2.0] * FIRST + [thresholds[key] for key in YES_OR_NO], np.float32)
    return Judged(rows, odds, odds >= limits)


def figures(judged: Judged) -> dict[str, Interval]:
    """Return the figures of all tasks that the rows answer, each with its interval."""
    found: dict[str, Interval] = {}
    for question in CHOICES:
        if len(table := judged.choice(question)):
            found[f"{question} macro-F1"] = interval(table, macro)
            found[f"{question} accuracy"] = interval(table, accuracy)
    for aspect in ASPECTS:
        if not len(table := judged.table(aspect)):
            continue
        if aspect in ("needs_reply", "urgent"):
            found[f"{aspect} F1"] = interval(table, micro)
        else:
            found[f"{aspect} micro-F1"] = interval(table, micro)
            found[f"{aspect} macro-F1"] = interval(table, macro)
    return found


def labels(judged: Judged, aspect: str) -> list[Label]:
    """Return the figures of each label of a yes-or-no aspect."""
    table = judged.table(aspect)
    found = []
    for place, column in enumerate(ASPECTS[aspect]):
        mine = table[:, place : place + 1]
        precision, recall = precision_recall(mine) if len(mine) else (0.0, 0.0)
        found.append(
            Label(COLUMNS[column], int(mine[..., 0].sum() + mine[..., 2].sum()), precision, recall, interval(mine, micro))
        )
    return found


def worst(found: Sequence[Label]) -> Label | None:
    """Return the label with the lowest F1 of those that have enough texts to tell."""
    return min((label for label in found if label.texts >= _FEW), key=lambda label: label.f1.value, default=None)


def calibration(judged: Judged) -> dict[str, float]:
    """Return the calibration error of each task."""
    truth, mask = judged.known
    found = {}
    for name, columns in {**_choices(), **ASPECTS}.items():
        known = mask[:, columns].all(axis=1)
        if known.any():
            found[name] = calibration_error(truth[known][:, columns].astype(float), judged.odds[known][:, columns].astype(float))
    return found


def curves(judged: Judged) -> dict[str, list[tuple[float, float]]]:
    """Return for each task how accurate its surest decisions are: (share answered, accuracy)."""
    truth, mask = judged.known
    found = {}
    for name, columns in _choices().items():
        known = mask[:, columns].all(axis=1)
        odds = judged.odds[known][:, columns]
        right = np.asarray(odds.argmax(axis=1) == truth[known][:, columns].argmax(axis=1))
        found[name] = abstention(right, odds.max(axis=1).astype(float)) if known.any() else []
    for name, columns in ASPECTS.items():
        known = mask[:, columns].all(axis=1)
        correct = judged.said[known][:, columns] == (truth[known][:, columns] > 0.5)
        sure = np.abs(judged.odds[known][:, columns] - 0.5)
        found[name] = abstention(correct.all(axis=1), sure.min(axis=1).astype(float)) if known.any() else []
    return found


def groups(judged: Judged, by: str) -> dict[str, Judged]:
    """Return the rows by what they say under *by* (``lang``, ``kind``, ``origin``), the largest group first."""
    index: dict[str, list[int]] = {}
    for place, row in enumerate(judged.rows):
        index.setdefault(str(row.get(by, "")), []).append(place)
    return {name: judged.some(places) for name, places in sorted(index.items(), key=lambda one: -len(one[1])) if name}


def _choices() -> dict[str, list[int]]:
    return {question: [COLUMNS.index(f"{question}:{answer}") for answer in answers] for question, answers in CHOICES.items()}
