"""Teach the heads what people corrected, and judge whether the taught ones may go live. Arrays in, heads and figures out.

The heads are fitted by what people said (what they did not touch stays unknown), by a rehearsal of what the heads said before on
texts that nobody corrected ("learning without forgetting"; Li and Hoiem, 2016), and by a penalty on every change of a weight:
without corrections nothing changes. The same input gives the same heads.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nlp.evaluate import Judged, of_odds
from nlp.heads import CHOICES, CHOSEN, COLUMNS, FIRST, YES_OR_NO, Heads, Numbers, squash
from nlp.metrics import Array, Interval, accuracy, macro, micro
from nlp.minimise import minimise
from nlp.train_data import Row, digest, targets

_HELD_BACK = 5
"""One correction in so many is never learned: it shows whether teaching helps with what was not taught."""
_STIFFNESS = 100.0
"""How dear a change of a weight is (features have deviation 1), in examples."""
_DOUBT = 0.1
"""How far from certain answers are on average, p (1 - p): only for speed."""
_LOUD = 2.0
"""How much one correction counts beside one text of the rehearsal."""
_RESAMPLES = 1_000
_ALLOWANCE, _ENOUGH = 0.005, 200
"""Agreement with people may fall by no more than this, whatever its interval says, where so many answers were held back.

Of fewer, a single answer would decide, and the interval alone does."""


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


@dataclass(frozen=True)
class Comparison:
    """One figure of the heads before and after teaching, and the difference (positive: better) on the same texts."""

    before: Interval
    after: Interval
    difference: Interval

    @property
    def worse(self) -> bool:
        """Say whether it fell, with 95 % confidence."""
        return self.difference.high < 0


@dataclass(frozen=True)
class Report:
    """What teaching did: figures on the frozen test part, agreement with people on corrections that were not taught, verdict."""

    taught: int
    held_back: int
    figures: Mapping[str, Comparison]
    agreement: Comparison | None
    good: bool
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the report as it is kept with the version, and as ``kummerkasten teach --json`` prints it."""
        agreement = _as_json(self.agreement) if self.agreement else None
        return {
            "taught": self.taught,
            "held_back": self.held_back,
            "figures": {name: _as_json(one) for name, one in self.figures.items()},
            "agreement": agreement,
            "good": self.good,
            "reason": self.reason,
        }


def split(corrections: Texts, exam: Texts) -> tuple[Texts, Texts]:
    """Return the corrections that are taught and those that are held back, by a hash of the text.

    What stands in the frozen test part is held back too, or the exam would ask what was just taught.
    """
    asked = {digest(row["text"]) for row in exam.rows}
    keys = [digest(row["text"]) for row in corrections.rows]
    back = [key in asked or int(key, 16) % _HELD_BACK == 0 for key in keys]
    taught, held = ([place for place, one in enumerate(back) if one is wanted] for wanted in (False, True))
    return corrections.some(taught), corrections.some(held)


def fit(start: Heads, corrections: Texts, rehearsal: Numbers) -> Heads:
    """Return heads that answer as people corrected, and elsewhere as *start* does; seconds for 5,000 corrections.

    *rehearsal* holds vectors of texts that *start* shall not forget. Thresholds stay as they are, and so do all answers of a
    question that nobody has corrected.
    """
    columns = _asked(corrections)
    if not columns:
        return start
    middle, spread = rehearsal.mean(axis=0), np.maximum(rehearsal.std(axis=0), 1e-6)
    vectors = np.concatenate([corrections.vectors, rehearsal])
    said = start.logits(vectors)
    wanted, loud = (part[:, columns] for part in _lesson(corrections, squash(said[len(corrections) :])))
    features = np.hstack([(vectors - middle) / spread, np.ones((len(vectors), 1), np.float32)]).astype(np.float32)
    change = _change(features, said, columns, wanted, loud)
    weights, bias = start.weights.copy(), start.bias.copy()
    step = change[:-1] / spread[:, None]
    weights[:, columns] += step
    bias[columns] += change[-1] - middle @ step
    return replace(start, weights=weights, bias=bias)


def _asked(corrections: Texts) -> list[int]:
    """Return the columns of the questions that people have answered."""
    return [int(column) for column in np.flatnonzero(corrections.known[1].any(axis=0))] if len(corrections) else []


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


def _lesson(corrections: Texts, before: Numbers) -> tuple[Numbers, Numbers]:
    """Return what each text should be answered with, and how much each answer counts: corrections first, then the rehearsal.

    All corrections of a question together count no more than the whole rehearsal, however many there are.
    """
    truth, mask = corrections.known
    loud = np.minimum(_LOUD, len(before) / np.maximum(mask.sum(axis=0), 1))
    return np.concatenate([truth, before]), np.concatenate([mask * loud, np.ones_like(before)]).astype(np.float32)


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


_FIGURES: Mapping[str, tuple[Callable[[Judged], Array], Callable[[Array], float]]] = {
    "friction micro-F1": (lambda judged: judged.table("friction"), micro),
    "friction macro-F1": (lambda judged: judged.table("friction"), macro),
    "praise micro-F1": (lambda judged: judged.table("praise"), micro),
    "praise macro-F1": (lambda judged: judged.table("praise"), macro),
    "sentiment macro-F1": (lambda judged: judged.choice("sentiment"), macro),
    "intent accuracy": (lambda judged: judged.choice("intent"), accuracy),
    "needs_reply F1": (lambda judged: judged.table("needs_reply"), micro),
    "urgent F1": (lambda judged: judged.table("urgent"), micro),
}
"""What may not get worse on the frozen test part."""


def judge(before: Heads, after: Heads, exam: Texts, held_back: Texts, taught: int) -> Report:
    """Compare heads on the frozen test part and on corrections that were not taught, and say whether *after* may go live.

    It may where no figure is worse with 95 % confidence, and agreement with people is not either; nor may that fall by more than
    half a point where enough was held back to tell.
    """
    old, new = _judged(before, exam), _judged(after, exam)
    figures = {name: _compare(table(old), table(new), figure) for name, (table, figure) in _FIGURES.items()}
    agreement, answers = _agreements(before, after, held_back) if len(held_back) else (None, 0)
    good, reason = _verdict(figures, agreement, answers)
    return Report(taught, len(held_back), figures, agreement, good, reason)


def _agreements(before: Heads, after: Heads, held_back: Texts) -> tuple[Comparison, int]:
    """Return how heads agree with people before and after teaching, and about how many answers."""
    old, new = (_agreement(_judged(heads, held_back)) for heads in (before, after))
    return _compare(old, new, accuracy), int(new.sum())


def _verdict(figures: Mapping[str, Comparison], agreement: Comparison | None, answers: int) -> tuple[bool, str]:
    if fallen := [f"{name} falls from {_say(one)}" for name, one in figures.items() if one.worse]:
        return False, f"It is worse on the frozen test part: {'; '.join(fallen)}."
    if agreement and (agreement.worse or (answers >= _ENOUGH and agreement.difference.value < -_ALLOWANCE)):
        return False, f"It agrees less with people about corrections that it was not taught: from {_say(agreement)}."
    if agreement is None:
        return True, "It is no worse on the frozen test part; there were too few corrections to hold any back."
    return True, f"It is no worse on the frozen test part, and agreement with people goes from {_say(agreement)}."


def _say(one: Comparison) -> str:
    gap = one.difference
    return f"{one.before.value:.3f} to {one.after.value:.3f} (difference {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}])"


def _judged(heads: Heads, texts: Texts) -> Judged:
    return of_odds(texts.rows, heads.probabilities(texts.vectors), heads.thresholds)


def _agreement(judged: Judged) -> Array:
    """Return for each text how many of its known answers are said and how many are not, in the shape of `metrics.counts`."""
    truth, mask = judged.known
    right = np.zeros((len(judged.rows), len(COLUMNS)), bool)
    asked = mask > 0
    for chosen in CHOSEN.values():
        right[:, chosen.start] = judged.odds[:, chosen].argmax(axis=1) == truth[:, chosen].argmax(axis=1)
        asked[:, chosen.start + 1 : chosen.stop] = False  # one answer of several is one answer
    right[:, FIRST:] = judged.said[:, FIRST:] == (truth[:, FIRST:] > 0.5)
    hits, missed = ((asked & one).sum(axis=1) for one in (right, ~right))
    return np.stack([hits, np.zeros_like(hits), missed], axis=-1)[:, None, :].astype(np.float64)


def _compare(before: Array, after: Array, figure: Callable[[Array], float], seed: int = 7) -> Comparison:
    """Compare a figure of two `counts` of the same texts, resampled together (paired bootstrap; Efron, 1979)."""
    texts = len(before)
    draws = np.random.default_rng(seed).multinomial(texts, np.full(texts, 1 / max(texts, 1)), size=_RESAMPLES).astype(np.float64)
    sums = [(draws @ table.reshape(texts, -1)).reshape(_RESAMPLES, -1, 3) for table in (before, after)]
    drawn = [np.array([figure(one) for one in some]) for some in sums]
    values = [figure(before), figure(after)]
    old, new = (_interval(value, one) for value, one in zip(values, drawn, strict=True))
    return Comparison(old, new, _interval(values[1] - values[0], drawn[1] - drawn[0]))


def _interval(value: float, drawn: Array) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def _as_json(one: Comparison) -> dict[str, list[float]]:
    return {
        name: [round(number, 4) for number in (part.value, part.low, part.high)]
        for name, part in (("before", one.before), ("after", one.after), ("difference", one.difference))
    }
