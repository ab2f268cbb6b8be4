"""What a training is made of: texts and their parts, how teachers and students learn, and where results go (extra ``train``)."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nlp import evaluate, train_data
from nlp.calibrate import calibrate
from nlp.finetune import features, load, predict, regress
from nlp.heads import COLUMNS, Numbers
from nlp.lessons import Lessons, Plan, Probe, lessons_of, tokenised
from nlp.licensed import licensed, plain_tweets
from nlp.sentiment_teachers import OURS, group_of
from nlp.train_data import Row, targets

_VARIATIONS = ((1.0, 0.1), (0.75, 0.1), (1.25, 0.1), (1.0, 0.05), (1.0, 0.15))
"""Rate (times the plan's) and dropout of each teacher: those who learned differently err differently."""


@dataclass
class Course:
    """What is learned from, how, and where the results go."""

    base: str
    work: Path
    real: Path | None = None
    licensed: Path | None = None
    teachers: int = 1
    students: int = 1
    adaptation: int = 0
    plan: Plan = field(default_factory=Plan)
    student: Plan = field(default_factory=Plan)
    licensed_weight: float = 0.5
    abroad_weight: float = 2.0
    """How much texts in other languages than German and English count: there are few."""
    licensed_share: float = 1.0
    """How many of the licensed texts each epoch reads."""
    start: Path | None = None
    """A model that was trained before, to go on from."""
    afresh: bool = False
    """Students learn what the model in ``start`` says, but begin with the untrained encoder instead of its weights."""
    sentiment_teachers: int = 0
    """How many teachers of sentiment alone say what tweets and licensed reviews express (nlp/sentiment_teachers.py)."""
    raw_share: float = 1.0
    """How many of the texts without labels each epoch reads."""
    start_name: str = ""
    """What that model is called on its card."""
    cost: str = ""
    """What the training cost, in a sentence for the card."""
    trust: float = 0.5
    """How much of a labelled text's target is its label, the rest being what the teachers say."""

    @cached_property
    def rows(self) -> dict[str, list[Row]]:
        """The labelled texts of each part."""
        parts: dict[str, list[Row]] = {"train": [], "dev": [], "test": []}
        for row in train_data.authored() + (train_data.real(self.real) if self.real else []):
            parts[train_data.part_of(row)].append(row)
        return parts

    @cached_property
    def lessons_rows(self) -> list[Row]:
        """What is trained on with labels: the train part, and the licensed corpora for what they say."""
        return self.rows["train"] + (licensed(self.licensed) if self.licensed else [])

    @cached_property
    def raw(self) -> list[Row]:
        """Texts without labels: real ones, and tweets where teachers of sentiment read them."""
        if self.start and not self.afresh:  # from its own opinion a model learns nothing
            return []
        taken = [row for part in self.rows.values() for row in part]
        texts = train_data.unlabelled(self.real, taken) if self.real else []
        tweets = plain_tweets(self.licensed) if self.licensed and self.sentiment_teachers else []
        return [{"text": text, "origin": "raw"} for text in texts] + tweets

    @property
    def made_of(self) -> dict[str, Any]:
        """What all results in ``work`` depend on, as JSON has it; the rest is said on the card alone."""
        said = {name: value for name, value in asdict(self).items() if name not in ("work", "start_name", "cost")}
        return {name: str(value.resolve()) if isinstance(value, Path) else value for name, value in said.items()}

    @property
    def adapted(self) -> str:
        """The encoder that teachers start from."""
        return str(self.work / "adapted") if self.adaptation else self.base

    @property
    def taught(self) -> list[Path]:
        """The models whose opinions students learn."""
        return [self.start] if self.start else [self.folder(f"teacher-{number}") for number in range(self.teachers)]

    def folder(self, name: str) -> Path:
        """Return where a stage leaves its model."""
        return self.work / name

    @cached_property
    def lessons(self) -> Lessons:
        """What teachers learn from."""
        rows = self.lessons_rows
        weight = np.array([self.weight_of(row) for row in rows], np.float32)
        share = np.array([self.share_of(row) for row in rows], np.float32)
        return replace(lessons_of(self.base, [row["text"] for row in rows], *targets(rows), weight), share=share)

    def weight_of(self, row: Row) -> float:
        """Say how much a text counts."""
        if ours(row):
            return 1.0 if row["lang"] in train_data.HOME else self.abroad_weight
        group = group_of(row) if self.sentiment_teachers else None
        return group.weight if group else self.licensed_weight

    def share_of(self, row: Row) -> float:
        """Say how likely a text is read in an epoch."""
        if ours(row):
            return 1.0
        group = group_of(row) if self.sentiment_teachers else None
        return group.share if group else self.licensed_share

    @cached_property
    def probe(self) -> Probe:
        """The heads that every teacher starts with."""
        given = self.lessons
        return regress(features(load(self.adapted), given.tokens), given.truth, given.mask, given.weight)

    @cached_property
    def dev(self) -> list[list[int]]:
        """The texts of the development part as the encoder reads them."""
        return tokenised(self.base, [row["text"] for row in self.rows["dev"]])

    def plan_of(self, number: int) -> Plan:
        """Return how teacher *number* learns."""
        pace, dropout = _VARIATIONS[number % len(_VARIATIONS)]
        rate, head_rate = self.plan.rate * pace, self.plan.head_rate * pace
        return replace(self.plan, seed=self.plan.seed + number, rate=rate, head_rate=head_rate, dropout=dropout)


def ours(row: Row) -> bool:
    """Say whether the project labelled this text itself."""
    return group_of(row) is OURS


def with_opinions(given: Lessons, raw: list[list[int]], opinions: Numbers, trust: float = 0.5, raw_share: float = 1.0) -> Lessons:
    """Return lessons from labelled texts and raw ones: what is known of a text counts *trust*, what teachers say the rest."""
    known = opinions[: len(given)]
    truth = np.where(given.mask > 0, trust * given.truth + (1 - trust) * known, known)
    return Lessons(
        given.tokens + raw,
        np.concatenate([truth, opinions[len(given) :]]),
        np.ones((len(given) + len(raw), len(COLUMNS)), np.float32),
        np.concatenate([given.weight, np.full(len(raw), 0.5, np.float32)]),
        None if given.share is None else np.concatenate([given.share, np.full(len(raw), raw_share, np.float32)]),
    )


def mean_of(teachers: Sequence[Path], tokens: Sequence[Sequence[int]]) -> Numbers:
    """Return the mean of what the teachers say."""
    return np.asarray(np.mean([predict(str(folder), tokens) for folder in teachers], axis=0), np.float32)


def dev_figures(course: Course, folder: Path) -> dict[str, float]:
    """Return a model's figures on the development part."""
    return figures_of(course.rows["dev"], predict(str(folder), course.dev))


def figures_of(rows: Sequence[Row], odds: Numbers) -> dict[str, float]:
    """Return the figures of probabilities once they are calibrated on the same rows: for comparing models, not for boasting."""
    inside = np.clip(odds, 1e-6, 1 - 1e-6)
    logits = np.log(inside) - np.log1p(-inside)
    fitted = calibrate(logits, *targets(rows))
    judged = evaluate.of_odds(rows, odds, fitted_thresholds(fitted.slope, fitted.offset, fitted.thresholds))
    real = evaluate.groups(judged, "origin").get("real", judged)
    return {name: round(figure.value, 4) for name, figure in evaluate.figures(real).items()}


def fitted_thresholds(slope: Numbers, offset: Numbers, thresholds: dict[str, float]) -> dict[str, float]:
    """Return thresholds for probabilities before their calibration."""
    found = {}
    for key, limit in thresholds.items():
        column = COLUMNS.index(key)
        found[key] = float(1 / (1 + np.exp(-(np.log(limit / (1 - limit)) - offset[column]) / slope[column])))
    return found


def say(what: str, figures: dict[str, float]) -> None:
    """Print figures in one line."""
    sys.stdout.write(f"{what}: {json.dumps(figures)}\n")
    sys.stdout.flush()
