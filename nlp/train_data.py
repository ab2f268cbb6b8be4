"""The labelled texts a tagger is trained and measured on, and which part of them each text belongs to."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

AUTHORED = Path(__file__).parent / "corpus" / "authored"


def part_of(text: str) -> str:
    """Say which part a text belongs to, by a hash of what it says: 70 % train, 15 % dev, 15 % test."""
    bucket = int(hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest(), 16) % 20
    return "test" if bucket >= 17 else "dev" if bucket >= 14 else "train"


def read(paths: Iterable[Path], origin: str) -> list[dict[str, Any]]:
    """Read JSON lines, and note where each comes from."""
    return [
        json.loads(line) | {"origin": origin} for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line
    ]
