"""Guess in which encoding a file was written, by evidence from its bytes: marks, validity, and whether words look like words."""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20
_SAMPLE = 200_000
_LETTERS = set("äöüÄÖÜßáàâãéèêëíìîïóòôõúùûñçøåæœÁÀÂÉÈÊÍÓÔÚÑÇØÅÆ")
_SIGNS = set("€„“”‚‘’–—…•°§´«»£®©½¼²³·¡¿")
_WESTERN = ("cp1252", "cp850", "mac_roman")
_ENOUGH = 0.85
_AT_MOST = 0.3
"""No western language writes more than that in letters beyond ASCII."""
_EVIDENCE = 20
"""Letters beyond ASCII below which statistics are guesswork."""
_ESCAPED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True)
class Encoding:
    """The name of the encoding, and what to do with a byte that does not belong to it.

    ``mixed``: UTF-8 with some rows of Windows in between, as joined files have; ``mend`` reads those as they were meant.
    """

    name: str
    mixed: bool = False

    @contextmanager
    def open(self, path: Path) -> Iterator[TextIO]:
        """Open *path* for reading, line ends untouched."""
        with path.open(encoding=self.name, errors=self._errors, newline="") as stream:
            yield stream

    def mend(self, text: str) -> str:
        """Return *text* with foreign bytes read as Windows would."""
        if not self.mixed or not _ESCAPED.search(text):
            return text
        return _ESCAPED.sub(lambda found: bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace"), text)

    def raw(self, text: str) -> bytes:
        """Return the bytes from which *text* was read."""
        name = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(self.name, self.name)
        return text.encode(name, self._errors)

    @property
    def _errors(self) -> str:
        return "surrogateescape" if self.mixed else "replace"


def guess(path: Path) -> Encoding:
    """Return the encoding of *path*; reads all of it once, unless a mark or null bytes tell."""
    with path.open("rb") as stream:
        head = stream.read(_SAMPLE)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return Encoding(name)
        if wide := _wide(head):
            return Encoding(wide)
        stream.seek(0)
        foreign = _not_utf8(stream)
    return _of(foreign) if foreign else Encoding("utf-8")


def _wide(head: bytes) -> str | None:
    """Return UTF-16 without a mark, which has a null byte in every other place."""
    half = len(head) // 2
    if half and head[1::2].count(0) > 0.4 * half:
        return "utf-16-le"
    if half and head[::2].count(0) > 0.4 * half:
        return "utf-16-be"
    return None


def _not_utf8(stream: BinaryIO) -> bytes:
    """Return the first chunk that is not UTF-8, empty where there is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := stream.read(_CHUNK):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return chunk
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return b"\xc3"
    return b""


def _of(chunk: bytes) -> Encoding:
    text = chunk.decode("utf-8", "surrogateescape")
    foreign = len(_ESCAPED.findall(text))
    if sum(ord(char) > 127 for char in text) - foreign > foreign:
        return Encoding("utf-8", mixed=True)
    sample = b"\n".join(line for line in chunk.splitlines() if not line.isascii())[:_SAMPLE]
    shares = {name: _share(sample.decode(name, "replace")) for name in _WESTERN}
    best = max(_WESTERN, key=lambda name: (shares[name], -_WESTERN.index(name)))
    if shares["cp1252"] >= _ENOUGH or shares[best] < _ENOUGH:
        best = "cp1252"
    western = shares[best] >= _ENOUGH and sum(byte > 127 for byte in sample) < _AT_MOST * len(sample)
    if not western and foreign >= _EVIDENCE and (other := from_bytes(sample).best()):
        best = other.encoding
    return Encoding(best)


def _share(text: str) -> float:
    """Return how many of the characters beyond ASCII stand where such characters do: letters in words, signs beside them."""
    good = many = 0
    for at, char in enumerate(text):
        if char.isascii():
            continue
        many += 1
        before, after = text[at - 1 : at].isalpha(), text[at + 1 : at + 2].isalpha()
        good += (char in _LETTERS and (before or after)) or (char in _SIGNS and not (before and after and char != "’"))
    return good / many if many else 1.0
