"""How good a tagger is on labelled texts: what `kummerkasten evaluate`, the model card and teaching all read.

What a row does not answer is left out of the figure about it (see nlp.train_data).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from desk.reading import Reading
from nlp.heads import CHOICES, COLUMNS, FIRST, YES_OR_NO, Numbers
from nlp.metrics import (
    Array,
    Flags,
    Interval,
    accuracy,
    counts,
    interval,
    macro,
    micro,
    one_of,
    precision,
    recall,
)
from nlp.train_data import Row, targets

ASPECTS = {
    aspect: [FIRST + place for place, key in enumerate(YES_OR_NO) if key.split(":")[0] == aspect]
    for aspect in ("needs_reply", "urgent", "friction", "praise")
}
"""The columns of each yes-or-no aspect."""
QUESTIONS = {question: [COLUMNS.index(f"{question}:{answer}") for answer in answers] for question, answers in CHOICES.items()}
"""The columns of each question with one answer of several."""


@dataclass(frozen=True)
class Label:
    """One label's figures; ``texts`` is how many texts truly have it."""

    key: str
    texts: int
    precision: Interval
    recall: Interval
    f1: Interval


@dataclass(frozen=True)
class Judged:
    """Labelled texts and what a tagger said about them: probabilities, and for yes-or-no questions its decisions.

    ``limits`` holds the probability from which each column is a yes, where they are known; ``readings`` is what the tagger said
    in full, without which nothing is known of languages and of what it calls unsure.
    """

    rows: Sequence[Row]
    odds: Numbers
    said: Flags
    limits: Numbers | None = None
    readings: Sequence[Reading] = ()

    @cached_property
    def known(self) -> tuple[Numbers, Numbers]:
        """Return the labels and which of them are known."""
        return targets(self.rows)

    def some(self, wanted: Sequence[int]) -> "Judged":
        """Return those texts alone."""
        rows = [self.rows[index] for index in wanted]
        readings = [self.readings[index] for index in wanted] if self.readings else []
        return Judged(rows, self.odds[list(wanted)], self.said[list(wanted)], self.limits, readings)

    def choice(self, question: str) -> Array:
        """Return `counts` of a question with one answer of several, for the texts that answer it."""
        answers, columns = CHOICES[question], QUESTIONS[question]
        index = [place for place, row in enumerate(self.rows) if question in row]
        guess = [answers[best] for best in self.odds[index][:, columns].argmax(axis=1)] if index else []
        return one_of([self.rows[place][question] for place in index], guess, answers)

    def table(self, aspect: str) -> Array:
        """Return `counts` of a yes-or-no aspect, for the texts that answer it."""
        columns = ASPECTS[aspect]
        truth, mask = self.known
        index = np.flatnonzero(mask[:, columns].all(axis=1))
        return counts(truth[index][:, columns] > 0.5, self.said[index][:, columns])

    def languages(self) -> Array:
        """Return `counts` of the languages that texts are said to be in, for the texts whose language is known."""
        pairs = [(row["lang"], one.language) for row, one in zip(self.rows, self.readings, strict=False) if row.get("lang")]
        return one_of([true for true, _ in pairs], [said for _, said in pairs], sorted({true for true, _ in pairs}))


def of_readings(rows: Sequence[Row], readings: Sequence[Reading], thresholds: Mapping[str, float] | None = None) -> Judged:
    """Return rows with what a tagger said about them; *thresholds* are those that it decided by, if it tells."""
    odds = np.zeros((len(rows), len(COLUMNS)), np.float32)
    said = np.zeros_like(odds, dtype=bool)
    for index, reading in enumerate(readings):
        yes = {f"friction:{topic}" for topic in reading.friction} | {f"praise:{topic}" for topic in reading.praise}
        yes |= {key for key in ("needs_reply", "urgent") if getattr(reading, key)}
        chosen = yes | {f"sentiment:{reading.sentiment}", f"intent:{reading.intent}"}
        for place, key in enumerate(COLUMNS):
            odds[index, place] = reading.probabilities.get(key, float(key in chosen))
            said[index, place] = key in yes
    return Judged(rows, odds, said, _limits(thresholds) if thresholds else None, readings)


def of_odds(rows: Sequence[Row], odds: Numbers, thresholds: Mapping[str, float]) -> Judged:
    """Return rows with probabilities and the decisions that *thresholds* make of them."""
    limits = _limits(thresholds)
    return Judged(rows, odds, odds >= limits, limits)


def _limits(thresholds: Mapping[str, float]) -> Numbers:
    """Return from which probability each column is a yes; answers of a choice never are."""
    return np.array([2.0] * FIRST + [thresholds[key] for key in YES_OR_NO], np.float32)


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
    if len(table := judged.languages()):
        found["language accuracy"] = interval(table, accuracy)
    return found


def labels(judged: Judged, aspect: str) -> list[Label]:
    """Return the figures of each label of an aspect: topics, answers of a choice, or the one yes of "urgent"."""
    table = judged.choice(aspect) if aspect in CHOICES else judged.table(aspect)
    found = []
    for place, column in enumerate({**QUESTIONS, **ASPECTS}[aspect]):
        mine = table[:, place : place + 1]
        texts = int(mine[..., 0].sum() + mine[..., 2].sum())
        found.append(Label(COLUMNS[column], texts, *(interval(mine, figure) for figure in (precision, recall, micro))))
    return found


def groups(judged: Judged, by: str | Callable[[Row], str]) -> dict[str, Judged]:
    """Return the rows by what they say under *by* (``lang``, ``kind``, ``origin``), or by what *by* says of each.

    The largest group comes first; a row of which nothing is said is in none.
    """
    index: dict[str, list[int]] = {}
    for place, row in enumerate(judged.rows):
        index.setdefault(by(row) if callable(by) else str(row.get(by, "")), []).append(place)
    return {name: judged.some(places) for name, places in sorted(index.items(), key=lambda one: -len(one[1])) if name}
