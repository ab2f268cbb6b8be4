"""Train the tagger: adapt the encoder, teach models, let others learn from all of them, and ship their average as ONNX int8.

    python -m nlp.train --real FOLDER --licensed FOLDER --version 2026.12.1

- ``--real`` holds texts whose annotations the project publishes by hash (nlp/corpus/annotations.jsonl), and ``raw_*.jsonl``
  without labels; ``--licensed`` a folder per licensed corpus. Without them the authored corpus alone trains.
- As it stands, without options, this is how the shipped model was made (docs/training.md says what each stage brought).
- Each stage leaves its result in ``--work`` and is skipped where that is there already; ``--only`` runs one stage.
- The test part is read by none of the stages; `kummerkasten evaluate` reads it.

Needs the extra ``train``. Runs on a GPU where there is one; docs/training.md says how long it takes where.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nlp import evaluate, train_data
from nlp.adapt import adapt
from nlp.calibrate import calibrate, lowest
from nlp.finetune import (
    Lessons,
    Plan,
    Probe,
    features,
    finetune,
    lessons_of,
    load,
    predict,
    regress,
    saved_probe,
    soup,
    tokenised,
)
from nlp.heads import COLUMNS, Numbers, squash
from nlp.train_data import Row, targets

NAME = "kummerkasten-e5-small"
PRESSING = ("friction:payment", "friction:checkout")
"""What this product is for above all, and rare among real texts: their thresholds go by authored texts, for recall."""
STAGES = ("adapt", "teach", "distil", "ship")
_TRUST = 0.5
"""How much of a labelled text's target is its label, the rest being what the teachers say."""
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
        return self.rows["train"] + (train_data.licensed(self.licensed) if self.licensed else [])

    @cached_property
    def raw(self) -> list[str]:
        """Real texts without labels."""
        taken = self.rows["train"] + self.rows["dev"] + self.rows["test"]
        return train_data.unlabelled(self.real, taken) if self.real else []

    @property
    def adapted(self) -> str:
        """The encoder that teachers start from."""
        return str(self.work / "adapted") if self.adaptation else self.base

    def folder(self, name: str) -> Path:
        """Return where a stage leaves its model."""
        return self.work / name

    @cached_property
    def lessons(self) -> Lessons:
        """What teachers learn from."""
        rows = self.lessons_rows
        weight = np.array([self.weight_of(row) for row in rows], np.float32)
        return lessons_of(self.base, [row["text"] for row in rows], *targets(rows), weight)

    def weight_of(self, row: Row) -> float:
        """Say how much a text counts: licensed ones less; languages of which there is little, double."""
        if row["origin"] not in ("authored", "real"):
            return self.licensed_weight
        return 1.0 if row["lang"] in train_data.HOME else 2.0

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


def run_adapt(course: Course) -> None:
    """Adapt the encoder to customers' words."""
    if course.adaptation and not course.folder("adapted").exists():
        texts = [row["text"] for row in course.lessons_rows] + course.raw
        adapt(course.base, texts, course.folder("adapted"), course.adaptation)


def run_teacher(course: Course, number: int) -> None:
    """Teach one model; each starts from the same probe, sees the texts in another order and learns a little differently."""
    out = course.folder(f"teacher-{number}")
    if not out.exists():
        finetune(course.adapted, course.lessons, course.probe, course.plan_of(number), out)
        say(f"teacher {number}", dev_figures(course, out))


def run_distil(course: Course) -> None:
    """Let students learn from all teachers, on labelled and raw texts alike.

    They start from the teachers' average, and what ships is the average of that and of all students: students know customers
    better, teachers have kept more of other languages (Wortsman et al. 2022, WiSE-FT).
    """
    if course.folder("student").exists() or not course.student.epochs:
        return
    teachers = [course.folder(f"teacher-{number}") for number in range(course.teachers)]
    soup(teachers, course.folder("soup"))
    say("soup of teachers", dev_figures(course, course.folder("soup")))
    say("all teachers together", figures_of(course.rows["dev"], mean_of(teachers, course.dev)))
    raw = tokenised(course.base, course.raw)
    everything = with_opinions(course.lessons, raw, mean_of(teachers, course.lessons.tokens + raw))
    for number in range(course.students):
        run_student(course, everything, number)
    names = ["soup", *(f"student-{number}" for number in range(course.students))]
    soup([course.folder(name) for name in names], course.folder("student"))
    say("soup of all", dev_figures(course, course.folder("student")))


def run_student(course: Course, lessons: Lessons, number: int) -> None:
    """Let one model learn from what all teachers say."""
    out, start = course.folder(f"student-{number}"), course.folder("soup")
    if not out.exists():
        finetune(str(start), lessons, saved_probe(start), replace(course.student, seed=course.student.seed + 100 + number), out)
        say(f"student {number}", dev_figures(course, out))


def with_opinions(given: Lessons, raw: list[list[int]], opinions: Numbers) -> Lessons:
    """Return lessons from labelled texts and raw ones: what is known of a text counts half, what teachers say the other half."""
    known = opinions[: len(given)]
    truth = np.where(given.mask > 0, _TRUST * given.truth + (1 - _TRUST) * known, known)
    return Lessons(
        given.tokens + raw,
        np.concatenate([truth, opinions[len(given) :]]),
        np.ones((len(given) + len(raw), len(COLUMNS)), np.float32),
        np.concatenate([given.weight, np.full(len(raw), 0.5, np.float32)]),
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


def run_ship(course: Course, out: Path, version: str) -> None:
    """Export what was trained as ONNX int8, calibrate its heads on what int8 makes of the development part, and write both."""
    from nlp.encoder import Encoder
    from nlp.export import export
    from nlp.heads import Heads

    trained = course.folder("student" if course.student.epochs else "teacher-0")
    export(str(trained), out)
    weights, bias = saved_probe(trained).folded()
    dev = course.rows["dev"]
    rows = [row for row in dev if row["origin"] == "real"] or dev  # what customers really write is what it will read
    every = Encoder(out).encode([row["text"] for row in dev])
    vectors = every[[place for place, row in enumerate(dev) if row["origin"] == rows[0]["origin"]]]
    fitted = calibrate(vectors @ weights + bias, *targets(rows))
    odds, truth = squash((every @ weights + bias) * fitted.slope + fitted.offset), targets(dev)[0]
    written = np.array([row["origin"] == "authored" for row in dev])
    for key in PRESSING:
        column = COLUMNS.index(key)
        fitted.thresholds[key] = round(lowest(odds[written, column], truth[written, column]), 4)
    card: dict[str, Any] = {
        "name": NAME,
        "version": version,
        "texts": {part: len(some) for part, some in course.rows.items()},
        "raw": len(course.raw),
        "licensed": len(course.lessons_rows) - len(course.rows["train"]),
        "teachers": course.teachers,
        "students": course.students if course.student.epochs else 0,
        "adaptation": course.adaptation,
        "plan": vars(course.plan),
        "student": vars(course.student),
    }
    heads = Heads((weights * fitted.slope).astype(np.float32), bias * fitted.slope + fitted.offset, fitted.thresholds, card)
    judged = evaluate.of_odds(rows, squash(heads.logits(vectors)), heads.thresholds)
    card["dev"] = {name: round(figure.value, 3) for name, figure in evaluate.figures(judged).items()}
    heads.save(out)
    say("shipped, on the development part", card["dev"])


def say(what: str, figures: dict[str, float]) -> None:
    """Print figures in one line."""
    print(f"{what}: {json.dumps(figures)}", flush=True)  # noqa: T201


def main() -> None:
    """Train from the command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--base", default="intfloat/multilingual-e5-small", help="encoder to start from: a hub name or a folder")
    asked.add_argument("--real", type=Path, help="folder of real texts (labelled by hash, and raw)")
    asked.add_argument("--licensed", type=Path, help="folder of licensed corpora")
    asked.add_argument("--work", type=Path, default=Path("training"), help="where stages leave their results")
    asked.add_argument("--out", type=Path, default=Path(__file__).parent / "model", help="where the shipped model goes")
    asked.add_argument("--version", default="", help='for example "2026.12.1"; part of every tag\'s signature')
    asked.add_argument("--only", choices=STAGES, help="run one stage")
    asked.add_argument("--teacher", type=int, help="with --only teach: one teacher, so that several processes can share the work")
    asked.add_argument("--teachers", type=int, default=5)
    asked.add_argument("--students", type=int, default=3)
    asked.add_argument("--adaptation", type=int, default=0, help="passes over the raw texts; 0 leaves the encoder as it is")
    asked.add_argument("--epochs", type=int, default=6)
    asked.add_argument("--rate", type=float, default=4e-4)
    asked.add_argument("--decay", type=float, default=0.92)
    asked.add_argument("--average", type=float, default=0.997)
    asked.add_argument("--batch", type=int, default=128)
    asked.add_argument("--student-epochs", type=int, default=8, help="0 ships the first teacher")
    asked.add_argument("--student-rate", type=float, default=3e-4)
    asked.add_argument("--student-batch", type=int, default=256)
    asked.add_argument("--licensed-weight", type=float, default=0.5)
    given = asked.parse_args()
    plan = Plan(given.epochs, given.rate, given.rate, given.batch, given.decay, average=given.average)
    student = Plan(given.student_epochs, given.student_rate, given.student_rate, given.student_batch, given.decay, 0.05)
    course = Course(
        given.base,
        given.work,
        given.real,
        given.licensed,
        given.teachers,
        given.students,
        given.adaptation,
        plan,
        student,
        given.licensed_weight,
    )
    given.work.mkdir(parents=True, exist_ok=True)
    stages = [given.only] if given.only else STAGES
    if "adapt" in stages:
        run_adapt(course)
    if "teach" in stages:
        for number in [given.teacher] if given.teacher is not None else range(course.teachers):
            run_teacher(course, number)
    if "distil" in stages:
        run_distil(course)
    if "ship" in stages:
        if not given.version:
            asked.error("--version is needed to ship: every tag is signed with it")
        run_ship(course, given.out, given.version)


if __name__ == "__main__":
    main()
