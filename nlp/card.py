"""The evaluation that ``card.json`` holds and the model card that people read: one run writes both.

Sets are named by what a figure on them means: texts that customers really wrote, texts that were invented, other languages than
those the tagger learned from, and the public benchmark.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desk.reading import Tagger
from nlp import evaluate, train_data
from nlp.evaluate import Judged
from nlp.heads import COLUMNS
from nlp.metrics import Interval
from nlp.train_data import HOME, Row

TEMPLATE = Path(__file__).parent / "card_template.md"
CARD = Path(__file__).parent / "MODEL_CARD.md"
_BY = {"language": "lang", "kind": "kind", "dataset": "dataset"}
_ENOUGH = 30
"""A group of fewer texts has no figures of its own."""


def sets(real: Path | None = None, licensed: Path | None = None) -> dict[str, list[Row]]:
    """Return the labelled texts that figures are made on: of each corpus the test part alone."""
    written = [row for row in train_data.authored() if train_data.part_of(row) == "test"]
    found = {
        "real": [row for row in train_data.real(real) if train_data.part_of(row) == "test"] if real else [],
        "authored": [row for row in written if row["lang"] in HOME],
    }
    for language in sorted({row["lang"] for row in written} - set(HOME)):
        found[f"authored {language}"] = [row for row in written if row["lang"] == language]
    for language in HOME if licensed else ():
        found[f"XLM-T sentiment {language}"] = train_data.benchmark(licensed, language) if licensed else []
    return {name: rows for name, rows in found.items() if rows}


def judged(tagger: Tagger, rows: Sequence[Row]) -> Judged:
    """Return rows with what *tagger* says about them."""
    return evaluate.of_readings(rows, tagger.tag([row["text"] for row in rows]))


def summary(name: str, part: Judged) -> dict[str, Any]:
    """Return all figures of one set, ready for JSON."""
    return {
        "name": name,
        "texts": len(part.rows),
        "figures": _plain(evaluate.figures(part)),
        "labels": {aspect: _labels(part, aspect) for aspect in ("friction", "praise") if len(part.table(aspect))},
        **{f"by_{name}": _by(part, column) for name, column in _BY.items()},
        "calibration": {task: round(error, 4) for task, error in evaluate.calibration(part).items()},
        "abstention": {
            task: [[share, round(right, 4)] for share, right in curve] for task, curve in evaluate.curves(part).items()
        },
    }


def _by(part: Judged, column: str) -> dict[str, dict[str, list[float]]]:
    groups = evaluate.groups(part, column).items()
    return {name: _plain(evaluate.figures(some)) for name, some in groups if len(some.rows) >= _ENOUGH}


def _plain(figures: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {name: [round(one.value, 4), round(one.low, 4), round(one.high, 4)] for name, one in figures.items()}


def _labels(part: Judged, aspect: str) -> list[dict[str, Any]]:
    return [
        {
            "key": label.key,
            "texts": label.texts,
            "precision": round(label.precision, 4),
            "recall": round(label.recall, 4),
            "f1": [round(label.f1.value, 4), round(label.f1.low, 4), round(label.f1.high, 4)],
        }
        for label in evaluate.labels(part, aspect)
    ]


def evaluation(parts: Mapping[str, Judged], choices: Sequence[Mapping[str, Any]], machine: str) -> dict[str, Any]:
    """Return what ``card.json`` keeps under ``evaluation``: each set's figures, and what one could use instead."""
    return {
        "made_at": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine,
        "sets": [summary(name, part) for name, part in parts.items()],
        "choices": list(choices),
        "misses": misses(parts["authored"]) if "authored" in parts else [],
    }


def misses(part: Judged, most: int = 8) -> list[dict[str, Any]]:
    """Return invented texts that the tagger gets wrong, one for each of its weakest friction topics."""
    truth, _ = part.known
    found = []
    for label in sorted(evaluate.labels(part, "friction"), key=lambda label: label.f1.value):
        column = COLUMNS.index(label.key)
        missed = [index for index in range(len(part.rows)) if truth[index, column] > 0.5 and not part.said[index, column]]
        if missed and label.texts >= 10:
            row = part.rows[min(missed, key=lambda index: abs(len(part.rows[index]["text"]) - 90))]
            index = part.rows.index(row)
            said = [
                key.partition(":")[2] for key in COLUMNS if key.startswith("friction:") and part.said[index, COLUMNS.index(key)]
            ]
            found.append({"text": row["text"], "missed": label.key.partition(":")[2], "said": said})
    return found[:most]


def write(card: Mapping[str, Any], path: Path = CARD) -> None:
    """Write the model card of *card* (``card.json`` with its evaluation)."""
    said = card["evaluation"]
    text = TEMPLATE.read_text(encoding="utf-8")
    values = {
        "model": f"{card['name']}@{card['version']}",
        "figures": _figures(said["sets"]),
        "choices": _choices(said),
        "labels": "\n\n".join(_label_table(one) for one in said["sets"] if one["name"] in ("real", "authored")),
        "by": "\n\n".join(_by_table(one) for one in said["sets"] if one["name"] in ("real", "authored")),
        "calibration": _calibration(said["sets"]),
        "abstention": _abstention(said["sets"]),
        "misses": _misses(said["misses"]),
        "made": f"{said['made_at']}, {said['machine']}",
        "texts": ", ".join(f"{count:,} {part}" for part, count in card["texts"].items()),
        **{key: f"{card[key]:,}" for key in ("raw", "licensed", "teachers", "students")},
        "epochs": card["plan"]["epochs"],
        "student_epochs": card["student"]["epochs"],
    }
    for key, value in values.items():
        text = text.replace(f"{{{{{key}}}}}", str(value))
    path.write_text(text, encoding="utf-8")


def save(folder: Path, card: Mapping[str, Any]) -> None:
    """Write ``card.json``."""
    (folder / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def _shown(figure: Sequence[float] | None) -> str:
    return f"{figure[0]:.3f} [{figure[1]:.3f}, {figure[2]:.3f}]" if figure else ""


def _figures(sets: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for one in sets for name in one["figures"]))
    tables = []
    for some in (
        [one for one in sets if one["name"] in ("real", "authored")],
        [one for one in sets if one["name"] not in ("real", "authored")],
    ):
        if some:
            rows = [[name, *(_shown(one["figures"].get(name)) for one in some)] for name in names]
            rows = [row for row in rows if any(row[1:])]
            tables.append(_table(["figure", *(f"{one['name']} ({one['texts']:,} texts)" for one in some)], rows))
    return "\n\n".join(tables)


def _choices(said: Mapping[str, Any]) -> str:
    names = list(said["sets"][0]["figures"])
    ours = {"name": "**this model**", "figures": said["sets"][0]["figures"]}
    rows = [
        [choice["name"], *(f"{choice['figures'][name][0]:.3f}" if name in choice["figures"] else "" for name in names)]
        for choice in [ours, *said["choices"]]
    ]
    return _table([f"on the set “{said['sets'][0]['name']}”", *names], rows)


def _label_table(one: Mapping[str, Any]) -> str:
    rows = [
        [label["key"], f"{label['texts']}", f"{label['precision']:.2f}", f"{label['recall']:.2f}", _shown(label["f1"])]
        for labels in one["labels"].values()
        for label in labels
        if label["texts"]
    ]
    return _table([f"label ({one['name']})", "texts", "precision", "recall", "F1"], rows)


def _by_table(one: Mapping[str, Any]) -> str:
    names = ("friction micro-F1", "sentiment macro-F1", "intent accuracy", "needs_reply F1", "urgent F1")
    rows = [
        [f"{by}: {group}", *(_shown(figures.get(name)) for name in names)]
        for by in _BY
        for group, figures in one[f"by_{by}"].items()
    ]
    return _table([one["name"], *names], rows)


def _calibration(sets: Sequence[Mapping[str, Any]]) -> str:
    tasks = list(sets[0]["calibration"])
    rows = [
        [one["name"], *(f"{one['calibration'][task]:.3f}" if task in one["calibration"] else "" for task in tasks)]
        for one in sets
    ]
    return _table(["set", *tasks], rows)


def _abstention(sets: Sequence[Mapping[str, Any]]) -> str:
    curves = sets[0]["abstention"]
    shares = [share for share, _ in next(iter(curves.values()))]
    rows = [[task, *(f"{right:.3f}" for _, right in curve)] for task, curve in curves.items()]
    return _table([f"{sets[0]['name']}: answered", *(f"{share:.0%}" for share in shares)], rows)


def _misses(found: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [" ".join(one["text"].split()).replace("|", "/"), one["missed"], ", ".join(one["said"]) or "nothing"] for one in found
    ]
    return _table(["an invented text", "is about", "was read as"], rows)
