"""Turn a row into what was said, and into our answer where the row has one; nothing else here knows columns.

The same row gets the same id in every export that holds it, so that reading a file twice brings nothing twice (guarantee 2).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError

from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from listeners.files import ratings, values
from listeners.files.columns import plain_name
from listeners.files.dates import Said
from listeners.files.plan import Plan
from listeners.files.table import Row, text_of

_LONG = 500
_REVIEW_ID = re.compile(r"[?&]review_?id=([^&#]+)", re.I)
_WIDE_ID = re.compile(r"(?=.*[a-z])(?=.*\d).{8,}|[^\d]*\d{9,}.*", re.I)
"""An id that no second tool will give to something else."""


@dataclass
class Turner:
    """Turns the rows of one file, in their order; remembers what it has seen, so that equal rows without an id stay several."""

    plan: Plan
    _once: set[int] = field(default_factory=set)
    _again: dict[int, int] = field(default_factory=dict)

    def turn(self, row: Row) -> tuple[Mention, ...]:
        """Return what *row* says; raises NotUnderstood with the reason. Empty for the second line of a heading."""
        cells = self._read(row)
        if self._heading(row, cells):
            return ()
        if row.cut and self._is_torn(row):
            raise NotUnderstood(f"{len(row.cells)} cells where there are {len(self.plan.table.columns)} columns")
        stars = ratings.read(cells.get("stars"), self.plan.scale)
        if not cells["text"] and not cells["title"] and stars is None:
            raise NotUnderstood("empty: neither text nor stars")
        said = self._said(row)
        native_id = self._id(cells, said)
        try:
            return self._mentions(row, cells, native_id, said, stars)
        except ValidationError as error:
            raise NotUnderstood("; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())) from error

    def _read(self, row: Row) -> dict[str, str]:
        found = {"text": "", "title": ""}
        for name, columns in self.plan.mapping.items():
            between = "\n\n" if name == "text" else " "
            found[name] = between.join(text for one in columns if (text := text_of(row.cells.get(one))))
        return found

    def _heading(self, row: Row, cells: Mapping[str, str]) -> bool:
        known = self.plan.profile.not_said if self.plan.profile else frozenset()
        said = [text.casefold() for cell in row.cells.values() if (text := text_of(cell))]
        return bool(known) and not cells.get("id") and any(text in known for text in said)

    def _is_torn(self, row: Row) -> bool:
        """A line that ends in its text was torn by a line break without quotes; one that lacks only what comes later was not."""
        wanted = [*self.plan.mapping["text"], *self.plan.mapping.get("said_at", ())]
        return any(one not in row.cells for one in wanted) or list(row.cells)[-1] in self.plan.mapping["text"]

    def _said(self, row: Row, name: str = "said_at") -> Said:
        column = next(iter(self.plan.mapping.get(name, ())), "")
        if not text_of(row.cells.get(column)):
            return Said(self.plan.written_at, "")
        calendar = self.plan.replied if name == "reply_at" else self.plan.said
        return calendar.read(row.cells[column])

    def _mentions(
        self, row: Row, cells: Mapping[str, str], native_id: str, said: Said, stars: float | None
    ) -> tuple[Mention, ...]:
        thread = self._reference("conversation", cells)
        kind = values.kind(cells.get("kind")) or self.plan.kind
        mention = Mention.model_validate(
            {
                "platform": self.plan.platform,
                "native_id": native_id,
                "conversation": thread or native_id,
                "parent": self._reference("parent", cells),
                "kind": kind,
                "text": values.plain(cells["text"]),
                "title": values.plain(cells["title"]),
                "author": _author(cells),
                "url": cells.get("url") or None,
                "said_at": said.at,
                "edited_at": self._edited(row, said.at),
                "language": values.language(cells.get("language")),
                "stars": stars,
                "rating": cells.get("stars") if ratings.is_given(cells.get("stars")) else None,
                "ours": values.ours(cells.get("ours")),
            }
        )
        return (mention, self._answer(row, mention, cells["reply"])) if cells.get("reply") else (mention,)

    def _answer(self, row: Row, mention: Mention, text: str) -> Mention:
        """Return what the company answered; it was said right after, where the file does not say when."""
        replied = self._said(row, "reply_at") if text_of(self._cell(row, "reply_at")) else None
        return Mention(
            platform=mention.platform,
            native_id=_fit(f"{mention.native_id}#reply"),
            conversation=mention.conversation,
            parent=mention.native_id,
            kind=mention.kind,
            text=values.plain(text),
            said_at=replied.at if replied else mention.said_at + timedelta(seconds=1),
            language=mention.language,
            url=mention.url,
            ours=True,
        )

    def _cell(self, row: Row, name: str) -> Any:
        return row.cells.get(next(iter(self.plan.mapping.get(name, ())), ""))

    def _edited(self, row: Row, said_at: datetime) -> datetime | None:
        cell = self._cell(row, "edited_at")
        edited = self.plan.said.read(cell).at if text_of(cell) else None
        return edited if edited and edited > said_at else None

    def _id(self, cells: Mapping[str, str], said: Said) -> str:
        """Return the export's own id, made unique where another tool may use it too; else one of who said what, when."""
        if found := _REVIEW_ID.search(cells.get("url", "")):
            return _fit(unquote(found[1]))
        given = cells.get("id")
        if given and self._is_unique(given):
            return _fit(given)
        if given:
            return _fit(f"{given}~{_digest(self._space('id'), '' if 'parent' in self.plan.mapping else said.written)[:8]}")
        key = _digest(
            cells.get("author") or cells.get("author_name", ""), said.written, cells["title"], cells["text"], *_bare(cells)
        )
        return f"row-{key}" if (number := self._number(key)) == 1 else f"row-{key}-{number}"

    def _reference(self, name: str, cells: Mapping[str, str]) -> str | None:
        """Return what another row is called, as ``_id`` would call it."""
        given = cells.get(name)
        if not given:
            return None
        return _fit(given if self._is_unique(given) else f"{given}~{_digest(self._space('id'), '')[:8]}")

    def _is_unique(self, given: str) -> bool:
        return self.plan.own_ids or _WIDE_ID.fullmatch(given) is not None

    def _space(self, name: str) -> str:
        """Name the tool by its columns, as far as it is known."""
        return "|".join(plain_name(" ".join(self.plan.mapping.get(one, ()))) for one in (name, "text"))

    def _number(self, key: str) -> int:
        """Count how often *key* came: the first time costs a number, not a dictionary's entry."""
        short = int(key[:15], 16)
        if short not in self._once:
            self._once.add(short)
            return 1
        self._again[short] = self._again.get(short, 1) + 1
        return self._again[short]


def _author(cells: Mapping[str, str]) -> Author | None:
    account, name = cells.get("author", ""), cells.get("author_name", "")
    if not account and not name:
        return None
    return Author(native_id=_fit(account or name), handle=account, name=name)


def _bare(cells: Mapping[str, str]) -> tuple[str, ...]:
    """What tells rows apart that have no text: their stars."""
    return () if cells["text"] or cells["title"] else (cells.get("stars", ""),)


def _digest(*said: str) -> str:
    return sha256(json.dumps([" ".join(one.split()) for one in said]).encode()).hexdigest()[:24]


def _fit(native_id: str) -> str:
    """Return an id that is no longer than ids may be."""
    return native_id if len(native_id) <= _LONG else f"long-{_digest(native_id)}"
