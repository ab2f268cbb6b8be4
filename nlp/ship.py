"""Write what was trained as a tagger that reads: ONNX int8, calibrated as int8 reads, with its card (extra ``train``)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nlp import evaluate
from nlp.calibrate import Calibration, calibrate, lowest, trusted_more
from nlp.course import Course, say
from nlp.encoder import TOKENS as ENCODED
from nlp.finetune import features, load
from nlp.heads import COLUMNS, HOME, Heads, Numbers, squash
from nlp.lessons import saved_probe, tokenised
from nlp.train_data import Row, targets
from nlp.whole import whole

NAME = "kummerkasten-e5-small"
PRESSING = ("friction:payment", "friction:checkout")
"""What this product is for above all, and rare among real texts: their thresholds go by authored texts, for recall."""
PRECISE = 0.82
"""How many of the authored texts above that threshold are right: two points more than are promised, for other texts vary."""


def run_ship(course: Course, out: Path, version: str) -> None:
    """Write what was trained to *out* as a tagger that reads: encoder and heads of one training, or nothing."""
    with whole(out) as folder:
        ship(course, folder, version)


def ship(course: Course, out: Path, version: str) -> None:
    """Export what was trained as ONNX int8, calibrate its heads on what int8 makes of the development part, and write both."""
    from nlp.encoder import Encoder
    from nlp.export import export

    trained = course.folder("student") if course.student.epochs else course.taught[0]
    export(str(trained), out)
    weights, bias = saved_probe(trained).folded()
    dev = course.rows["dev"]
    vectors = Encoder(out).encode([row["text"] for row in dev])
    fitted, abroad = fit(dev, vectors @ weights + bias)
    weights, bias = (weights * fitted.slope).astype(np.float32), bias * fitted.slope + fitted.offset
    heads = Heads(weights, bias, fitted.thresholds, card_of(course, version), abroad)
    real = [place for place, row in enumerate(dev) if row["origin"] == "real"] or list(range(len(dev)))
    rows = [dev[place] for place in real]
    figures = {
        "dev": rounded(evaluate.of_odds(rows, heads.probabilities(vectors[real]), heads.thresholds)),
        "fp32": fp32_figures(course, rows, heads, trained),
    }
    replace(heads, card={**heads.card, **figures}).save(out)
    say("shipped, on the development part", figures["dev"])
    say("the same in fp32", figures["fp32"])


def fit(dev: Sequence[Row], logits: Numbers) -> tuple[Calibration, dict[str, float]]:
    """Return slopes, offsets and thresholds, and how much more to trust topics in other languages, by the development part."""
    truth, mask = targets(dev)
    written = np.array([row["origin"] == "authored" for row in dev])
    foreign = written & np.array([row["lang"] not in HOME for row in dev])
    what_comes = written if written.all() else ~written  # what customers really write is what it will read
    fitted = calibrate(logits[what_comes], truth[what_comes], mask[what_comes])
    calibrated = logits * fitted.slope + fitted.offset
    odds = squash(calibrated)
    for key in PRESSING:
        column = COLUMNS.index(key)
        fitted.thresholds[key] = round(lowest(odds[written, column], truth[written, column], PRECISE), 4)
    return fitted, trusted_more(calibrated[foreign], truth[foreign], mask[foreign], fitted.thresholds)


def card_of(course: Course, version: str) -> dict[str, Any]:
    """Return what the card says of how a model was made."""
    card: dict[str, Any] = {
        "name": NAME,
        "version": version,
        "texts": {part: len(some) for part, some in course.rows.items()},
        "raw": len(course.raw),
        "licensed": len(course.lessons_rows) - len(course.rows["train"]),
        "teachers": len(course.taught),
        "students": course.students if course.student.epochs else 0,
        "adaptation": course.adaptation,
        "plan": vars(course.plan),
        "student": vars(course.student),
        "trust": course.trust,
        "licensed_share": course.licensed_share,
        "abroad_weight": course.abroad_weight,
        "sentiment_teachers": course.sentiment_teachers,
        "afresh": course.afresh,
        "cost": course.cost,
    }
    return card | ({"start": course.start_name or course.start.name} if course.start else {})


def fp32_figures(course: Course, rows: Sequence[Row], heads: Heads, trained: Path) -> dict[str, float]:
    """Return the figures of the same heads on the encoder before its weights became int8: what int8 costs is the difference."""
    tokens = tokenised(str(trained), [row["text"] for row in rows], ENCODED)
    vectors = features(load(str(trained)), tokens, exact=True)
    return rounded(evaluate.of_odds(rows, heads.probabilities(vectors), heads.thresholds))


def rounded(judged: evaluate.Judged) -> dict[str, float]:
    """Return figures without their intervals."""
    return {name: round(figure.value, 3) for name, figure in evaluate.figures(judged).items()}
