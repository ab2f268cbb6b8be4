"""A part of the authored corpus with its vectors, small enough for tests: what teaching rehearses, and what it is examined on."""

import json
import tempfile
from functools import cache
from pathlib import Path

from nlp.tagger import tagger
from nlp.teach import Texts
from nlp.train_data import HOME, Row, authored, digest, part_of
from nlp.vectors import remembered

_MANY = {"train": 900, "dev": 220, "test": 400}


@cache
def folder() -> Path:
    """Return a folder of this process: ``kummerkasten/`` holds the vectors (as a cache does), ``authored/`` the texts."""
    made = tempfile.TemporaryDirectory(prefix="kummerkasten-ground-")
    _KEPT.append(made)
    return Path(made.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@cache
def rows(part: str) -> list[Row]:
    ours = [row for row in authored() if row["lang"] in HOME and part_of(row) == part]
    return sorted(ours, key=lambda row: digest(row["text"]))[: _MANY[part]]


@cache
def texts(part: str) -> Texts:
    """Return the texts of a part (train, dev or test) with the vectors of the tagger that ships."""
    every = [row["text"] for name in _MANY for row in rows(name)]
    vectors = remembered(tagger().encoder, every, folder() / "kummerkasten", lambda _: None)
    start = sum(len(rows(name)) for name in list(_MANY)[: list(_MANY).index(part)])
    return Texts(rows(part), vectors[start : start + len(rows(part))])


def written() -> Path:
    """Return a folder of the corpus as `nlp.train_data.authored` reads it, holding these texts alone."""
    place = folder() / "authored"
    place.mkdir(exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) for name in ("train", "test") for row in rows(name)]
    (place / "some.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    texts("train")
    return place


def turned(row: Row) -> list[tuple[str, str, bool]]:
    """Return the answers of somebody who says the opposite of what is right."""
    mood = {"negative": "positive", "positive": "negative", "neutral": "negative"}[row["sentiment"]]
    answers = [("sentiment", mood, True), ("needs_reply", "no" if row["needs_reply"] else "yes", True)]
    return answers + [("friction", topic, False) for topic in row["friction"]]
