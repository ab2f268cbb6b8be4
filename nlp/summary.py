"""All figures of one set of texts, ready for JSON: what ``card.json`` keeps and `kummerkasten evaluate --json` prints."""

from collections.abc import Callable, Mapping
from typing import Any

from nlp import doubt, evaluate, train_data
from nlp.evaluate import Judged
from nlp.metrics import Interval
from nlp.train_data import Row

_ENOUGH = 30
"""A group of fewer texts has no figures of its own."""


def summary(name: str, part: Judged) -> dict[str, Any]:
    """Return all figures of one set, ready for JSON."""
    labels = {aspect: _labels(part, aspect) for aspect in doubt.TASKS}
    return {
        "name": name,
        "texts": len(part.rows),
        "figures": plain(evaluate.figures(part)),
        "labels": {aspect: found for aspect, found in labels.items() if any(label["texts"] for label in found)},
        **{f"by_{name}": _by(part, by) for name, by in _BY.items()},
        "calibration": {task: round(error, 4) for task, error in doubt.calibration(part).items()},
        "calibration_likely": {task: round(error, 4) for task, error in doubt.likely(part).items()},
        "abstention": {task: [[share, round(right, 4)] for share, right in curve] for task, curve in doubt.curves(part).items()},
        **_unsure(part),
        **_neighbours(part),
    }


def _trained_on(row: Row) -> str:
    """Say whether training saw other texts of the sector, or of the dataset, that a text is from."""
    if row.get("origin") == "authored":
        return f"sectors {'never ' * (row['sector'] in train_data.UNSEEN_SECTORS)}trained on"
    if row.get("origin") == "real":
        return f"datasets {'never ' * (row['dataset'] in train_data.UNSEEN_DATASETS)}trained on"
    return ""


_BY: Mapping[str, str | Callable[[Row], str]] = {
    "language": "lang",
    "kind": "kind",
    "dataset": "dataset",
    "training": _trained_on,
}


def _by(part: Judged, by: str | Callable[[Row], str]) -> dict[str, dict[str, list[float]]]:
    """Return the figures of each group that is large enough; nothing where there is but one."""
    groups = {name: some for name, some in evaluate.groups(part, by).items() if len(some.rows) >= _ENOUGH}
    return {name: plain(evaluate.figures(some)) for name, some in groups.items()} if len(groups) > 1 else {}


def plain(figures: Mapping[str, Interval]) -> dict[str, list[float]]:
    """Return figures ready for JSON: value, low, high."""
    return {name: _rounded(one) for name, one in figures.items()}


def _rounded(one: Interval) -> list[float]:
    return [round(one.value, 4), round(one.low, 4), round(one.high, 4)]


def _labels(part: Judged, aspect: str) -> list[dict[str, Any]]:
    return [
        {
            "key": label.key,
            "texts": label.texts,
            "precision": _rounded(label.precision),
            "recall": _rounded(label.recall),
            "f1": _rounded(label.f1),
        }
        for label in evaluate.labels(part, aspect)
    ]


def _unsure(part: Judged) -> dict[str, Any]:
    """Return what the tagger itself calls unsure, in all and by task; nothing where its readings are not known."""
    if not (found := doubt.unsure(part)):
        return {}
    tasks = {
        name: {
            "texts": round(one.texts, 4),
            "questions": round(one.left / one.asked, 4),
            "all": _rounded(one.every),
            "sure": _rounded(one.sure),
        }
        for name, one in found.items()
    }
    questions = sum(one.left for one in found.values()) / sum(one.asked for one in found.values())
    texts = float(doubt.doubted(part).any(axis=1).mean())
    return {"unsure": {"texts": round(texts, 4), "questions": round(questions, 4), "tasks": tasks}}


def _neighbours(part: Judged) -> dict[str, Any]:
    if not (found := doubt.neighbours(part)):
        return {}
    return {"neighbours": {"shared": _rounded(found[0]), "chance": round(found[1], 4)}}
