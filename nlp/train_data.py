"""The labelled texts a tagger is trained and measured on, which part each belongs to, and what of each is known.

A row is a dictionary with ``text``, ``lang`` and the answers of the annotation guide. What a row does not answer is masked, never
read as "no": a corpus of tweets may say sentiment alone, a banking corpus may say one topic and keep silent about the others.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlp.heads import CHOICES, COLUMNS, YES_OR_NO, Numbers
from nlp.heads import HOME as HOME

CORPUS = Path(__file__).parent / "corpus"
AUTHORED = CORPUS / "authored"
ANNOTATIONS = CORPUS / "annotations.jsonl"
"""What readers said about real texts: hash, dataset and labels. The texts themselves are not part of the project."""
UNSEEN_SECTORS = ("insurance", "toys", "telehealth", "garden")
"""Authored texts of these sectors are never trained on."""
UNSEEN_DATASETS = ("period_apps_play_de", "travel_trustpilot_en")
"""Real texts of these datasets are for testing alone."""
UNSEEN_FILES = ("es1", "fr1", "it1", "nl1", "pl1")
"""Authored files that are for testing alone: how well languages are read of which training sees less."""
UNASKED_FILES = ("it5", "it6", "it7", "pl5")
"""Authored files of which nothing is for testing: they came after 2026.12.2, and the test part stays what it was."""

Row = dict[str, Any]


def digest(text: str) -> str:
    """Return the SHA-256 of a text, white space and case apart."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()


def part_of(row: Row) -> str:
    """Say which part a row belongs to: train, dev or test; the same text is in the same part in every run.

    Whole sectors, datasets and files are never trained on; of the rest 15 % of the texts are for testing and 12 % for choosing
    thresholds, by a hash of what they say. Of files that came later, what would be for testing chooses thresholds.
    """
    bucket = int(digest(row["text"]), 16) % 100
    unseen = row.get("sector") in UNSEEN_SECTORS or row.get("dataset") in UNSEEN_DATASETS or row.get("file") in UNSEEN_FILES
    part = "test" if unseen or bucket >= 85 else "dev" if bucket >= 73 else "train"
    return "dev" if part == "test" and row.get("file") in UNASKED_FILES else part


def lines(path: Path) -> Iterator[Row]:
    """Yield the objects of a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def authored() -> list[Row]:
    """Return the corpus that ships with the project; ``file`` is the name of the file that a row stands in."""
    return [row | {"origin": "authored", "file": path.stem} for path in sorted(AUTHORED.glob("*.jsonl")) for row in lines(path)]


def real(folder: Path) -> list[Row]:
    """Return the real texts in *folder* that the project's annotations speak of, by hash."""
    known = {row["hash"]: row for row in lines(ANNOTATIONS)}
    rows: dict[str, Row] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for row in lines(path):
            if said := known.get(digest(row["text"])):
                rows[said["hash"]] = {"text": row["text"], "origin": "real"} | said
    return list(rows.values())


def unlabelled(folder: Path, taken: Iterable[Row]) -> list[str]:
    """Return the raw texts in *folder* that are none of the *taken* ones, names and signs apart, nor of a dataset for testing."""
    seen = {bare(row["text"]) for row in taken}
    texts = {
        bare(row["text"]): row["text"]
        for path in sorted(folder.glob("raw_*.jsonl"))
        for row in lines(path)
        if row.get("dataset") not in UNSEEN_DATASETS
    }
    return [text for key, text in texts.items() if key not in seen]


def bare(text: str) -> str:
    """Return the letters and digits of a text alone: what tells whether two corpora hold the same one."""
    return re.sub(r"\W+", "", re.sub(r"https?\S*|@\w+", "", text.casefold()))


def targets(rows: Sequence[Row]) -> tuple[Numbers, Numbers]:
    """Return (truth, mask), one column per head: probabilities that are right, and 1 where they are known."""
    truth = np.zeros((len(rows), len(COLUMNS)), np.float32)
    mask = np.zeros_like(truth)
    place = {key: index for index, key in enumerate(COLUMNS)}
    for index, row in enumerate(rows):
        for question, answers in CHOICES.items():
            if question in row:
                truth[index, place[f"{question}:{row[question]}"]] = 1
                mask[index, [place[f"{question}:{answer}"] for answer in answers]] = 1
        for key in YES_OR_NO:
            aspect, _, topic = key.partition(":")
            if aspect in row:
                truth[index, place[key]] = float(topic in row[aspect] if topic else bool(row[aspect]))
                mask[index, place[key]] = 1
        for key, value in row.get("known", {}).items():
            truth[index, place[key]], mask[index, place[key]] = value, 1
    return truth, mask
