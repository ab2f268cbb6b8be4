"""Walk through a JSON file of any size with a few megabytes of it in memory, and step over what is damaged."""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

_CHUNK = 1 << 20
_SPACE = re.compile(r"[\s\ufeff]*")
_NEXT = re.compile(r"\}\s*,\s*(?=\{)")
_DECODER = json.JSONDecoder()


class Damaged(ValueError):
    """Something that is not JSON, or too large to be one row."""


class Stream:
    """A place in a JSON file. *limit* is how many characters one value may have."""

    def __init__(self, stream: TextIO, limit: int) -> None:
        self._stream, self._limit = stream, limit
        self._text, self._at, self._line = "", 0, 1
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is not space, empty at the end."""
        while True:
            self._forward(_SPACE.match(self._text, self._at).end())  # type: ignore[union-attr]
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._fill()

    def names(self) -> Iterator[str]:
        """Yield the keys of the object that begins here; who asks for the next must have read or skipped the value."""
        self._expect("{")
        while self.peek() != "}":
            key, _ = self._value()
            self._expect(":")
            self.peek()
            yield str(key)
            if self.peek() == ",":
                self._expect(",")
            elif self.peek() != "}":
                raise Damaged(f"line {self._line}: a comma or a closing bracket is missing")
        self._expect("}")

    def elements(self, *, stop: bool = False) -> Iterator[tuple[int, Any, str]]:
        """Yield line, value and text of each element of the list that begins here; ``stop``: of the first only.

        A damaged one comes as its error.
        """
        self._expect("[")
        while (char := self.peek()) not in ("]", ""):
            if char == ",":
                self._expect(",")
                continue
            line = self._line
            try:
                value, text = self._value()
            except Damaged as error:
                value, text = error, self._step_over()
            yield line, value, text
            if stop or (isinstance(value, Damaged) and not self.peek()):
                return
        if not char:
            yield self._line, Damaged("the file ends before the list does"), ""
            return
        self._expect("]")

    def skip(self) -> None:
        """Step over a value, of any size if it is a list or an object."""
        try:
            if self.peek() == "[":
                for _ in self.elements():
                    pass
            elif self.peek() == "{":
                for _ in self.names():
                    self.skip()
            else:
                self._value()
        except RecursionError as error:
            raise Damaged(f"line {self._line}: nested too deeply") from error

    def rest(self) -> str:
        """Return what is left, as much of it as one value may have."""
        self._reserve()
        return self._text[self._at :]

    def _value(self) -> tuple[Any, str]:
        self.peek()
        for ahead in (_CHUNK // 16, self._limit):
            self._reserve(ahead)
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                problem = "nested too deeply" if isinstance(error, RecursionError) else re.sub(r": line.*", "", str(error))[:200]
                continue
            if end < len(self._text) or self._ended:  # a number may go on in the next chunk
                text = self._text[self._at : end]
                self._forward(end)
                return value, text
        large = len(self._text) - self._at >= self._limit
        raise Damaged(f"longer than {self._limit} characters, or damaged" if large else problem)

    def _step_over(self) -> str:
        """Go to where the next object seems to begin; return what was left out."""
        left = ""
        while True:
            found = _NEXT.search(self._text, self._at + 1)
            if found:
                end = found.end() - 1 if self._text[found.end() - 1] == "," else found.end()
                left += self._text[self._at : found.start() + 1]
                self._forward(end)
                return left
            if self._ended:
                left += self._text[self._at :]
                self._forward(len(self._text))
                return left
            keep = max(self._at + 1, len(self._text) - 200)  # the sign may lie across two chunks
            left += self._text[self._at : keep] if len(left) < self._limit else ""
            self._forward(keep)
            self._fill()

    def _expect(self, char: str) -> None:
        if self.peek() != char:
            raise Damaged(f"line {self._line}: {char} is missing")
        self._forward(self._at + 1)

    def _reserve(self, ahead: int | None = None) -> None:
        while not self._ended and len(self._text) - self._at < (ahead or self._limit):
            self._fill()

    def _fill(self) -> None:
        chunk = self._stream.read(_CHUNK)
        self._ended = not chunk
        self._text, self._at = self._text[self._at :] + chunk, 0

    def _forward(self, end: int) -> None:
        self._line += self._text.count("\n", self._at, end)
        self._at = end
