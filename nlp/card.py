"""The evaluation that ``card.json`` holds and the model card that people read: one run writes both.

Sets are named by what a figure on them means: texts that customers really wrote, texts that were invented, the same by language
(those beside German and English are ones that the tagger learned little of), and the public benchmark.
"""

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desk.shares import FEW
from nlp import aims, evaluate, train_data
from nlp import card_tables as tables
from nlp.card_facts import facts
from nlp.evaluate import Judged
from nlp.heads import COLUMNS
from nlp.licensed import benchmark
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
        found[f"XLM-T sentiment {language}"] = benchmark(licensed, language) if licensed else []
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
        if missed and label.texts >= FEW:
            row = part.rows[min(missed, key=lambda index: abs(len(part.rows[index]["text"]) - 90))]
            index = part.rows.index(row)
            said = [
                key.partition(":")[2] for key in COLUMNS if key.startswith("friction:") and part.said[index, COLUMNS.index(key)]
            ]
            found.append({"text": row["text"], "missed": label.key.partition(":")[2], "said": said})
    return found[:most]


def document(card: Mapping[str, Any]) -> str:
    """Return the model card of *card* (``card.json`` with its evaluation), for readers."""
    said = card["evaluation"]
    found = said["sets"]
    main = [one for one in found if one["name"] in tables.MAIN]
    text = TEMPLATE.read_text(encoding="utf-8")
    values = {
        "model": f"{card['name']}@{card['version']}",
        "made": f"{said['made_at']}, {said['machine']}",
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
        **facts(card, found),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: values[place[1]], text)


def write(folder: Path, card: Mapping[str, Any], text: Path | None = None) -> None:
    """Write ``card.json`` into *folder*, and the model card of it to *text*.

    Whenever this is cut short, each of them is whole: the one that stood there or the new one.
    """
    files = {text: document(card)} if text else {}
    files[folder / "card.json"] = (
        json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    )  # last: its change is what readers look for
    with ExitStack() as stack:
        ready = {path.resolve(): _beside(path.resolve(), said, stack) for path, said in files.items()}
        for path, scratch in ready.items():
            scratch.replace(path)


def _beside(path: Path, text: str, stack: ExitStack) -> Path:
    """Write what shall become *path* next to it, as readable as that is; it goes where it never comes to that."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    scratch = Path(name)
    stack.callback(scratch.unlink, missing_ok=True)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)  # or after a power cut the new name may hold nothing
    scratch.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
    return scratch


def _tables(found: Sequence[tables.Table]) -> str:
    return "\n\n".join(_table(*one) for one in found)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def _misses(found: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [" ".join(one["text"].split()).replace("|", "/"), one["missed"], ", ".join(one["said"]) or "nothing"] for one in found
    ]
    return _table(["an invented text", "is about", "was read as"], rows)
