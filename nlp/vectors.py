"""Vectors of texts that are asked for again and again, kept in a file: reading 5,000 takes minutes, loading them no time."""

import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from nlp.encoder import WIDTH, Encoder, Vectors
from nlp.train_data import digest

_BATCH = 32


def remembered(encoder: Encoder, texts: Sequence[str], folder: Path | None, tell: Callable[[int], None]) -> Vectors:
    """Return one vector for each text; those that *folder* knows of this very encoder are not read again.

    *tell* hears how many more are there. Where the folder cannot be written (or is None), the next call reads all of them again.
    """
    file = folder / f"vectors-{_fingerprint(encoder)}.npz" if folder else None
    known = _load(file) if file else {}
    keys = [digest(text) for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    tell(len(texts) - len(missing))
    names, said = list(missing), list(missing.values())
    for start in range(0, len(names), _BATCH):
        part = slice(start, start + _BATCH)
        known |= dict(zip(names[part], encoder.encode(said[part]).astype("<f2"), strict=True))
        tell(len(names[part]))
    if missing and file:
        _save(file, {key: known[key] for key in keys})
    return np.array([known[key] for key in keys], np.float32).reshape(len(keys), 2 * WIDTH)


def stored(embedding: bytes | None) -> Vectors | None:
    """Return the vector that a reading keeps (see `desk.reading.Reading`), None where it keeps none of this encoder's width."""
    vector = np.frombuffer(embedding or b"", "<f2").astype(np.float32)
    return vector if len(vector) == 2 * WIDTH else None


def completed(encoder: Encoder, texts: Sequence[str], known: Sequence[Vectors | None], tell: Callable[[int], None]) -> Vectors:
    """Return one vector for each text: the *known* one, or else what the encoder reads. *tell* hears how many more are there."""
    vectors = np.zeros((len(texts), 2 * WIDTH), np.float32)
    missing = []
    for place, vector in enumerate(known):
        if vector is None:
            missing.append(place)
        else:
            vectors[place] = vector
    tell(len(texts) - len(missing))
    for start in range(0, len(missing), _BATCH):
        places = missing[start : start + _BATCH]
        vectors[places] = encoder.encode([texts[place] for place in places])
        tell(len(places))
    return vectors


def cache_folder() -> Path | None:
    """Return where this machine keeps what can be made again; None where it has no such place."""
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "kummerkasten"
    try:
        return Path.home() / ".cache" / "kummerkasten"
    except RuntimeError:  # a user without a home
        return None


def _fingerprint(encoder: Encoder) -> str:
    with (encoder.folder / "encoder.onnx").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _load(file: Path) -> dict[str, Vectors]:
    try:
        with file.open("rb") as opened, np.load(opened) as kept:
            return dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def _save(file: Path, known: dict[str, Vectors]) -> None:
    """Put a file in the place of the old one, and remove those of other encoders."""
    half = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with half.open("wb") as out:
            np.savez(out, keys=np.array(list(known)), vectors=np.array(list(known.values()), "<f2"))
        half.replace(file)
        for other in file.parent.glob("vectors-*.npz"):
            if other != file:
                other.unlink(missing_ok=True)
    except OSError:
        with suppress(OSError):
            half.unlink()
