"""Guess which column holds what, by its name in German or English and by what stands in it; say so where no guess is sound."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from desk.errors import ConfigurationError
from listeners.files import dates, ratings
from listeners.files.names import AMBIGUOUS, EVERY, FIELDS, NAMES
from listeners.files.table import Cell, text_of
from listeners.files.values import KINDS_BY_NAME, OUR_ROLES, THEIR_ROLES

TOGETHER = " + "
"""Between the names of columns that are read as one ("Vorname + Nachname")."""

_ORDER = (
    *("said_at", "stars", "id", "text", "title", "reply", "reply_at", "conversation", "parent", "url", "language"),
    *("author", "author_name", "edited_at", "kind", "ours"),
)
"""In which the fields choose their columns; what is left goes to the next."""


@dataclass
class Seen:
    """A column as the first rows show it."""

    name: str
    cells: list[Cell] = field(default_factory=list)

    @property
    def words(self) -> str:
        """The name in plain words, small: ``reviewText`` and ``Review_Text`` are both "review text"."""
        return plain_name(self.name)

    @property
    def filled(self) -> list[str]:
        """What stands in it, where anything does."""
        return [text for cell in self.cells if (text := text_of(cell))]

    def share(self, test: Callable[[Cell], bool]) -> float:
        """Return how many of the filled cells pass *test*; 1 where none is filled."""
        cells = [cell for cell in self.cells if text_of(cell)]
        return sum(test(cell) for cell in cells) / len(cells) if cells else 1.0

    @property
    def prose(self) -> float:
        """Return how much it reads like something a person wrote: characters per filled cell, 0 for anything else."""
        texts = self.filled
        if not texts or self.share(dates.looks) > 0.5 or self.share(ratings.looks) > 0.5 or self.share(_address) > 0.5:
            return 0.0
        if sum(" " in text for text in texts) / len(texts) < 0.4 or len(set(texts)) < len(texts) / 3:
            return 0.0
        return sum(map(len, texts)) / len(texts)


def plain_name(name: str) -> str:
    """Return a column's name in plain small words."""
    spaced = re.sub(r"(?<=[a-zäöü0-9])(?=[A-ZÄÖÜ])", " ", name)
    return " ".join(re.sub(r"[^\w#]|_", " ", spaced).casefold().split())


def known(name: str) -> bool:
    """Say whether *name* is one that exports give their columns."""
    words = plain_name(name)
    return words in EVERY or plain_name(name.lower()) in EVERY


def guess(columns: Sequence[Seen], fixed: Mapping[str, str]) -> dict[str, str]:
    """Return which column is what, beginning with *fixed*; raises ConfigurationError where none can be the text."""
    found = dict(fixed)
    for name in _ORDER:
        if name not in found and (column := _find(name, columns, found)):
            found[name] = column
    _one_thread(columns, found, fixed)
    if "text" not in found:
        found["text"] = _longest(columns, found)
    return {name: found[name] for name in FIELDS if name in found}


def questions(columns: Sequence[Seen], found: Mapping[str, str]) -> str:
    """Return the text column of a survey: every open question that people answered in their own words, read together."""
    taken = {one for name, written in found.items() if name != "text" for one in parts(written, columns)}
    open_ones = [one.name for one in columns if one.name not in taken and (one.prose >= 15 or one.name == found["text"])]
    return TOGETHER.join(open_ones)


def parts(written: str, columns: Sequence[Seen]) -> tuple[str, ...]:
    """Return the columns that *written* names."""
    return (written,) if any(written == one.name for one in columns) else tuple(written.split(TOGETHER))


def checked(mapping: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """Return *mapping* with the columns' own spelling; raises ConfigurationError that says what to write."""
    spelling = {plain_name(column): column for column in columns} | {column: column for column in columns}
    out = {}
    for name, written in mapping.items():
        if name not in FIELDS:
            raise ConfigurationError(f'mapping: "{name}" is nothing that a mention has{_near(name, FIELDS)}')
        whole = spelling.get(written) or spelling.get(plain_name(written))
        pieces = [whole] if whole else [spelling.get(one.strip()) or spelling.get(plain_name(one)) for one in written.split("+")]
        if None in pieces:
            raise ConfigurationError(f'mapping: there is no column "{written}" for {name}{_near(written, columns)}')
        out[name] = TOGETHER.join(str(piece) for piece in pieces)
    return out


def _near(word: str, there: Sequence[str]) -> str:
    near = get_close_matches(word, there, n=1, cutoff=0.7)
    return f'; did you mean "{near[0]}"?' if near else f"; there is {_listed(there)}"


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(f'"{column[:40]}"' for column in columns[:25])
    return f"{shown} and {len(columns) - 25} more" if len(columns) > 25 else shown


def _find(name: str, columns: Sequence[Seen], found: Mapping[str, str]) -> str | None:
    free = [one for one in columns if one.name not in found.values() and _plausible(name, one)]
    for match in (_same, _last_words, _beginning):
        for word in NAMES[name]:
            for one in free:
                if match(word, one) and (match is _same or name != "text" or one.prose or not one.filled):
                    return one.name
    return next((one.name for one in free if name == "stars" and one.filled and ratings.asked(one.name)), None)


def _same(word: str, column: Seen) -> bool:
    return column.words == word or plain_name(column.name.lower()) == word


def _last_words(word: str, column: Seen) -> bool:
    """A nested name ends in it: ``attributes.body``, ``consumer.displayName``."""
    return "." in column.name and (column.words.endswith(f" {word}") or plain_name(column.name.lower()).endswith(f" {word}"))


def _beginning(word: str, column: Seen) -> bool:
    """A longer name begins with it: "Bewertung (1-5)", "Kommentar des Kunden"."""
    return len(word) > 4 and column.words.startswith(f"{word} ") and len(column.words.split()) <= len(word.split()) + 3


def _plausible(name: str, column: Seen) -> bool:
    share = column.share
    if name in ("said_at", "edited_at", "reply_at"):
        return share(dates.looks) >= 0.6
    if name == "stars":
        return share(ratings.looks) >= 0.6
    if name in ("text", "title", "reply"):
        if {column.words, plain_name(column.name.rpartition(".")[2])} & (set(NAMES[name]) - AMBIGUOUS):
            return True
        return not column.filled or (share(ratings.looks) < 0.6 and share(_dated) < 0.6 and share(_address) < 0.6)
    if name in ("id", "parent", "conversation"):
        return share(_short) == 1 and (name != "id" or len(set(column.filled)) == len(column.filled) > 0)
    if name == "url":
        return share(_address) >= 0.6
    return _plausible_word(name, column)


def _plausible_word(name: str, column: Seen) -> bool:
    if not column.filled and name in ("kind", "ours"):
        return False
    if name == "language":
        return column.share(lambda cell: len(text_of(cell)) <= 12 and " " not in text_of(cell)) >= 0.9
    if name == "kind":
        return column.share(lambda cell: plain_name(text_of(cell)) in KINDS_BY_NAME) >= 0.6
    if name == "ours":
        return column.share(lambda cell: text_of(cell).casefold() in OUR_ROLES | THEIR_ROLES) >= 0.9
    return column.share(_short) >= 0.9


def _dated(cell: Cell) -> bool:
    return dates.looks(cell, digits=False)


def _address(cell: Cell) -> bool:
    return re.match(r"https?://\S+$", text_of(cell)) is not None


def _short(cell: Cell) -> bool:
    return len(text_of(cell)) <= 200


def _one_thread(columns: Sequence[Seen], found: dict[str, str], fixed: Mapping[str, str]) -> None:
    """Two parts of a name are one name; a title that is all there is to read is the text."""
    by_words = {one.words: one.name for one in columns}
    for first, last in (("vorname", "nachname"), ("first name", "last name")):
        if first in by_words and last in by_words and "author_name" not in fixed:
            found["author_name"] = TOGETHER.join((by_words[first], by_words[last]))


def _longest(columns: Sequence[Seen], found: dict[str, str]) -> str:
    """Return the column with the longest texts of those that nothing else wants; a title counts where there is no other."""
    free = [one for one in columns if one.name not in found.values()]
    best = max(free, key=lambda one: one.prose, default=None)
    if best and best.prose > 0:
        return best.name
    if "title" in found and (title := next(one for one in columns if one.name == found["title"])).prose > 0:
        return found.pop("title") if title else ""
    raise ConfigurationError(
        f"no column looks like what people wrote. Columns: {_listed([one.name for one in columns])}. "
        'Say which it is: mapping = { text = "COLUMN" }, and with it, where there are such columns, '
        "said_at, stars, title, author, id, conversation, language, url, reply"
    )
