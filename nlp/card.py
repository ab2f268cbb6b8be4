"""The evaluation that ``card.json`` holds and the model card that people read: one run writes both.

Sets are named by what a figure on them means: texts that customers really wrote, texts that were invented, the same by language
(those beside German and English are ones that the tagger learned little of), and the public benchmark.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlp import aims, evaluate, train_data
from nlp import card_tables as tables
from nlp.evaluate import Judged
from nlp.heads import COLUMNS
from nlp.summary import summary
from nlp.tagger import OnnxTagger
from nlp.train_data import HOME, Row

TEMPLATE = Path(__file__).parent / "card_template.md"
CARD = Path(__file__).parent / "MODEL_CARD.md"


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


def judged(tagger: OnnxTagger, rows: Sequence[Row]) -> Judged:
    """Return rows with what *tagger* says about them."""
    return evaluate.of_readings(rows, tagger.tag([row["text"] for row in rows]), tagger.heads.thresholds)


def by_language(parts: Mapping[str, Judged]) -> dict[str, Judged]:
    """Return the sets with those of authored texts in German and in English beside them, as other languages have theirs."""
    found: dict[str, Judged] = {}
    for name, part in parts.items():
        found[name] = part
        if name == "authored":
            some = evaluate.groups(part, "lang")
            found |= {f"{name} {language}": some[language] for language in HOME if language in some}
    return found


def basis(card: Mapping[str, Any], given: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """Return what the figures of other choices hang on: the labelled texts that they learn from, and those they read."""
    name, rows = next(iter(given.items()))
    return {"texts": card.get("texts", {}), "licensed": card.get("licensed", 0), "set": name, "read": len(rows)}


def kept_choices(card: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return what was measured of other choices before, None where it was measured on another basis than *now*."""
    before = card.get("evaluation", {})
    found: list[dict[str, Any]] = before.get("choices", [])
    return found if not found or before.get("basis") == now else None


def evaluation(
    parts: Mapping[str, Judged], choices: Sequence[Mapping[str, Any]], machine: str, on: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what ``card.json`` keeps under ``evaluation``: each set's figures, and what one could use instead."""
    return {
        "made_at": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine,
        "basis": dict(on),
        "sets": [summary(name, part) for name, part in by_language(parts).items()],
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
    found = said["sets"]
    main = [one for one in found if one["name"] in tables.MAIN]
    text = TEMPLATE.read_text(encoding="utf-8")
    values = {
        "model": f"{card['name']}@{card['version']}",
        "figures": _tables(tables.figures(found)),
        "aims": aims.sentence(found),
        "choices": _table(*tables.choices(said)) if said["choices"] else "Not measured in this run.",
        "labels": _tables([tables.labels(one) for one in main]),
        "worst": "\n".join(f"- {line}" for one in main if (line := tables.worst(one))),
        "by": _tables([tables.by(one) for one in main]),
        "calibration": _table(*tables.calibration(found)),
        "abstention": _tables([tables.abstention(one) for one in main]),
        "unsure": _tables([tables.unsure(one) for one in main if "unsure" in one]),
        "unsure_in_all": " ".join(map(tables.unsure_in_all, main)),
        "neighbours": tables.neighbours(found),
        "misses": _misses(said["misses"]),
        "made": f"{said['made_at']}, {said['machine']}",
        "texts": ", ".join(f"{count:,} {part}" for part, count in card["texts"].items()),
        "licensed": f"{card['licensed']:,}",
        "others": f"{_of_other_languages():,}",
        "checkout": ", ".join(f"{tables.texts_with(one, 'friction:checkout'):,} in “{one['name']}”" for one in main),
        "course": _course(card),
        "int8": _int8(card),
        "cost": card.get("cost") or "What the training of this version cost was not written down.",
    }
    for key, value in values.items():
        text = text.replace(f"{{{{{key}}}}}", str(value))
    path.write_text(text, encoding="utf-8")


def _int8(card: Mapping[str, Any]) -> str:
    """Say what int8 costs, in points of the figure that loses most; nothing where fp32 was not measured."""
    before, after = card.get("fp32", {}), card.get("dev", {})
    lost = {name: round(100 * (before[name] - after[name]), 1) for name in before if name in after}
    if not lost:
        return ""
    name = max(lost, key=lambda one: lost[one])
    points = f"; most is lost in {name}, {lost[name]:.1f} points" if lost[name] > 0 else ", and none is lower"
    return f"Figures of int8 and of fp32 were compared on real texts of the development part{points}."


def _of_other_languages() -> int:
    """Return how many authored texts that train are neither German nor English."""
    return sum(row["lang"] not in HOME for row in train_data.authored() if train_data.part_of(row) == "train")


def _course(card: Mapping[str, Any]) -> str:
    """Return how it was trained, in a sentence or two."""
    count = card["students"]
    students = f"{count} student{'s' * (count != 1)} of {card['student']['epochs']} epochs"
    if start := card.get("start"):
        return (
            f"It goes on from {start}: {students}, for whom a text's label counts {card['trust']:.0%} and what that model "
            f"said of it the rest, with {card['licensed_share']:.0%} of the licensed texts in each epoch."
        )
    return (
        f"{card['teachers']} teachers of {card['plan']['epochs']} epochs; {students} learned from what all teachers say, "
        f"on these texts and on {card['raw']:,} real ones without labels; what ships is the average of the students and "
        "of the teachers' average."
    )


def save(folder: Path, card: Mapping[str, Any]) -> None:
    """Write ``card.json``."""
    (folder / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _tables(found: Sequence[tables.Table]) -> str:
    return "\n\n".join(_table(*one) for one in found)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def _misses(found: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [" ".join(one["text"].split()).replace("|", "/"), one["missed"], ", ".join(one["said"]) or "nothing"] for one in found
    ]
    return _table(["an invented text", "is about", "was read as"], rows)
