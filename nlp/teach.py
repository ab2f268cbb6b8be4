"""Teach the heads what people corrected (whether the taught ones may go live, nlp.judge says). Arrays in, heads out.

The heads are fitted by what people said (what they did not touch stays unknown), by a rehearsal of what the heads said before on
texts that nobody corrected ("learning without forgetting"; Li and Hoiem, 2016), and by a penalty on every change of a weight.
What people merely confirm is rehearsed too: it holds the heads where they are. (Taught as certain, it would make them surer and
surer, and other texts would pay for it.) Without a correction nothing changes. The same input gives the same heads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nlp.evaluate import of_odds
from nlp.heads import CHOICES, CHOSEN, FIRST, HOME, YES_OR_NO, Heads, Numbers, squash
from nlp.metrics import Array, Flags
from nlp.minimise import minimise
from nlp.train_data import Row, digest, targets

_HELD_BACK = 5
"""One correction in so many is never learned: it shows whether teaching helps with what was not taught."""
_STIFFNESS = 100.0
"""How dear a change of a weight is (features have deviation 1), in examples."""
_HALF = 0.5
_DOUBT = 0.1
"""How far from certain answers are on average, p (1 - p): only for speed."""


@dataclass(frozen=True)
class Texts:
    """Labelled texts (rows as in nlp.train_data, what they do not answer is unknown) and a vector for each."""

    rows: Sequence[Row]
    vectors: Numbers

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def known(self) -> tuple[Numbers, Numbers]:
        """Return the labels and which of them are known."""
        return targets(self.rows)

    @cached_property
    def home(self) -> Flags:
        """Return which texts are read as the languages that the tagger is made for (see `Heads.logits`)."""
        return np.array([row.get("lang") in (*HOME, "und") for row in self.rows], bool)

    def some(self, wanted: Sequence[int]) -> "Texts":
        """Return those texts alone."""
        return Texts([self.rows[index] for index in wanted], self.vectors[list(wanted)])


def lesson(text: str, language: str, answers: Iterable[tuple[str, str, bool]]) -> Row | None:
    """Return what people said about a text (aspect, value, whether it holds) as a row in which all else is unknown.

    None where nothing of it is a question of the heads: the language, say, or a topic of a desk's own.
    """
    row: Row = {"text": text, "lang": language, "known": {}}
    for aspect, value, holds in answers:
        if aspect in CHOICES and value in CHOICES[aspect]:
            row[aspect] = value
        elif aspect in ("needs_reply", "urgent"):
            row[aspect] = int((value == "yes") is holds)
        elif f"{aspect}:{value}" in YES_OR_NO:
            row["known"][f"{aspect}:{value}"] = float(holds)
    return row if len(row) > 3 or row["known"] else None


def split(corrections: Texts, exam: Texts) -> tuple[Texts, Texts]:
    """Return the corrections that are taught and those that are held back, by a hash of the text.

    What stands in the frozen test part is held back too, or the exam would ask what was just taught.
    """
    asked = {digest(row["text"]) for row in exam.rows}
    keys = [digest(row["text"]) for row in corrections.rows]
    back = [key in asked or int(key, 16) % _HELD_BACK == 0 for key in keys]
    taught, held = ([place for place, one in enumerate(back) if one is wanted] for wanted in (False, True))
    return corrections.some(taught), corrections.some(held)


def fit(start: Heads, corrections: Texts, rehearsal: Texts) -> Heads:
    """Return heads that answer as people corrected, and elsewhere as *start* does; seconds for 5,000 corrections.

    *rehearsal* holds texts that *start* shall not forget. Thresholds stay as they are, and so do all answers to a
    question that nobody has corrected. Where nobody has corrected anything, *start* itself is returned.
    """
    if not len(corrections):
        return start
    vectors = np.concatenate([corrections.vectors, rehearsal.vectors])
    said = start.logits(vectors, np.concatenate([corrections.home, rehearsal.home]))
    before = squash(said)
    wrong = _wrong(corrections, before[: len(corrections)], start)
    columns = [int(column) for column in np.flatnonzero(wrong.any(axis=0))]
    if not columns:
        return start
    middle, spread = rehearsal.vectors.mean(axis=0), np.maximum(rehearsal.vectors.std(axis=0), 1e-6)
    wanted, loud = (part[:, columns] for part in _lesson(corrections, before, wrong))
    features = np.hstack([(vectors - middle) / spread, np.ones((len(vectors), 1), np.float32)]).astype(np.float32)
    change = _change(features, said, columns, wanted, loud)
    weights, bias = start.weights.copy(), start.bias.copy()
    step = change[:-1] / spread[:, None]
    weights[:, columns] += step
    bias[columns] += change[-1] - middle @ step
    return replace(start, weights=weights, bias=bias)


def corrected(start: Heads, said: Texts) -> bool:
    """Say whether people have corrected anything at all, or found right what *start* says."""
    return bool(len(said) and _wrong(said, start.probabilities(said.vectors, said.home), start).any())


def _wrong(corrections: Texts, before: Numbers, start: Heads) -> Flags:
    """Return which answers (texts, columns) people have corrected; the others they have confirmed, or not spoken about."""
    truth, mask = corrections.known
    said = of_odds(corrections.rows, before, start.thresholds).said
    return np.asarray((mask > 0) & ~agreed(truth, before, said), bool)


def _change(features: Numbers, said: Numbers, columns: Sequence[int], wanted: Numbers, loud: Numbers) -> Numbers:
    """Return by how much each weight (and, last, the bias) of *columns* shall change: shape (features, columns)."""
    turn, dear = _round(features)
    turned, logits = features @ turn, said.copy()

    def cost(flat: Array) -> tuple[float, Array]:
        change = flat.reshape(-1, len(columns)).astype(np.float32)
        logits[:, columns] = said[:, columns] + turned @ change
        slope = turned.T @ (loud * (squash(logits)[:, columns] - wanted)) + dear * change
        value = _surprise(logits[:, columns], columns, wanted, loud) + float((dear * change**2).sum(dtype=np.float64)) / 2
        return value, slope.astype(np.float64).ravel()

    found = minimise(cost, np.zeros(features.shape[1] * len(columns)))
    return np.asarray(turn @ found.reshape(-1, len(columns)).astype(np.float32), np.float32)


def _round(features: Numbers) -> tuple[Numbers, Numbers]:
    """Return a change of coordinates in which the cost is about equally steep in every direction, and the penalty in them.

    Without it the minimum is the same, and takes ten times as long to find.
    """
    steep, ways = np.linalg.eigh((features.T @ features).astype(np.float64))
    scale = 1 / np.sqrt(_DOUBT * np.maximum(steep, 0) + _STIFFNESS)
    return (ways * scale).astype(np.float32), (_STIFFNESS * scale**2).astype(np.float32)[:, None]


def _lesson(corrections: Texts, before: Numbers, wrong: Flags) -> tuple[Numbers, Numbers]:
    """Return what each text should be answered with, and how much each answer counts: corrections first, then the rehearsal.

    *before* is what was said of each so far. All that people said about a question counts no more than the whole rehearsal.
    """
    truth, mask = corrections.known
    first, rehearsed = before[: len(corrections)], before[len(corrections) :]
    loud = mask * np.minimum(1, len(rehearsed) / np.maximum(mask.sum(axis=0), 1))
    wanted = np.concatenate([np.where(wrong, truth, first), rehearsed])
    return wanted, np.concatenate([loud, np.ones_like(rehearsed)]).astype(np.float32)


def agreed(truth: Numbers, odds: Numbers, said: Flags) -> Flags:
    """Return which answers (texts, columns) are those of *truth*: the likeliest of a choice, else yes or no as it was *said*."""
    found = np.asarray(said == (truth > _HALF), bool)
    for chosen in CHOSEN.values():
        found[:, chosen] = (odds[:, chosen].argmax(axis=1) == truth[:, chosen].argmax(axis=1))[:, None]
    return found


def _surprise(logits: Numbers, columns: Sequence[int], wanted: Numbers, loud: Numbers) -> float:
    """Return the weighted cross entropy of answers about *columns*: softmax within each choice, logistic elsewhere."""
    total = 0.0
    for chosen in CHOSEN.values():
        part = [place for place, column in enumerate(columns) if chosen.start <= column < chosen.stop]
        if part:
            best = logits[:, part].max(axis=1, keepdims=True)
            log_sum = best + np.log(np.exp(logits[:, part] - best).sum(axis=1, keepdims=True))
            total += float((loud[:, part] * wanted[:, part] * (log_sum - logits[:, part])).sum(dtype=np.float64))
    rest = [place for place, column in enumerate(columns) if column >= FIRST]
    alone = np.logaddexp(0, logits[:, rest]) - wanted[:, rest] * logits[:, rest]
    return total + float((loud[:, rest] * alone).sum(dtype=np.float64))
