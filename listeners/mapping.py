"""Turn anybody's JSON (or rows of a database) into mentions, by dotted paths that the source's options name.

What cannot be read is refused with the name of the field, the path, and what stands there instead (guarantee 6).
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import quote

from desk.errors import NotUnderstood
from desk.mention import Author, Kind, Mention
from listeners.fields import Mapped
from listeners.files import ratings, values
from listeners.files.dates import Calendar
from listeners.files.table import text_of
from listeners.paths import Item, found, is_there
from listeners.plain import plain


def mentions_of(item: Any, mapped: Mapped, platform: str, source: str, now: datetime | None = None) -> list[Mention]:
    """Return what *item* says: nothing where it has no words, two mentions where it brings the company's answer with it.

    *now* is when it was said where the item does not tell. Raises NotUnderstood.
    """
    if not isinstance(item, Mapping):
        raise NotUnderstood(f"an item that is no table: {str(item)[:60]}")
    reader = _Reader(item, mapped, platform, source, now)
    text, title = reader.text(), reader.word("title")
    if not text and not title:
        return []
    mention = reader.mention(text, title)
    answer = reader.answer(mention)
    return [mention, answer] if answer else [mention]


class _Reader:
    """Reads one item."""

    def __init__(self, item: Item, mapped: Mapped, platform: str, source: str, now: datetime | None) -> None:
        self.item, self.mapped, self.platform, self.now = item, mapped, platform, now
        self.fields, self.space = mapped.fields, mapped.ids or source
        self.calendar = Calendar(mapped.zone, mapped.month_first)

    def mention(self, text: str, title: str) -> Mention:
        native_id = self._id(self.word("id") or self._fingerprint())
        said_at, edited_at = self._time("time") or self.now, self._time("edited")
        if said_at is None:
            raise NotUnderstood(self._nothing("time"))
        author = self._author()
        stars, rating = self._stars()
        return Mention(
            platform=self.platform,
            native_id=native_id,
            conversation=self._id(self.word("conversation")) or self._id(self.word("parent")) or native_id,
            parent=self._id(self.word("parent")) or None,
            kind=self._kind(),
            text=text,
            title=title,
            author=author,
            said_at=said_at,
            edited_at=edited_at if edited_at and edited_at > said_at else None,
            url=self._url(native_id),
            language=values.language(self.word("language")) if self.word("language") else None,
            stars=stars,
            rating=rating,
            ours=self._is_ours(author),
            attachments=self._attachments(),
        )

    def answer(self, mention: Mention) -> Mention | None:
        """Return the company's answer, where the item holds it."""
        text = self._words(self.word("answer"))
        if not text:
            return None
        return Mention(
            platform=self.platform,
            native_id=f"{mention.native_id}/answer",
            conversation=mention.conversation,
            parent=mention.native_id,
            kind=mention.kind,
            text=text,
            said_at=self._time("answer_time") or mention.edited_at or mention.said_at,
            url=mention.url,
            ours=True,
        )

    def text(self) -> str:
        """Return the words; raises NotUnderstood where the item has nothing at all to say."""
        parts = [self._words(_word(found(self.item, path), "text")) for path in self.fields.text if path]
        there = any(is_there(self.item, path) for path in self.fields.text)
        if not there and not self.word("title") and not self.word("stars"):
            raise NotUnderstood(self._nothing("text"))
        return "\n".join(part for part in parts if part)

    def word(self, name: str) -> str:
        """Return what stands at the path of a field, as a word."""
        path = getattr(self.fields, name)
        return _word(found(self.item, path), name) if path else ""

    def _words(self, text: str) -> str:
        return plain(text) if self.mapped.html else text.strip()

    def _id(self, own: str) -> str:
        return f"{self.space}/{own}"[:500] if own else ""

    def _fingerprint(self) -> str:
        """Return what tells an item without an id from others: who said what when, or all that it holds."""
        said = [self.word("author"), self.word("time"), self.text()] if self.word("time") else self.item
        return "hash-" + hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]

    def _time(self, name: str) -> datetime | None:
        path = getattr(self.fields, name)
        value = found(self.item, path) if path else None
        if value is None or value == "":
            return None
        try:
            return moment_of(value, self.calendar)
        except NotUnderstood as error:
            raise NotUnderstood(f'fields.{name}: {error} (at "{path}")') from error

    def _author(self) -> Author | None:
        name, own = self.word("author"), self.word("author_id")
        return Author(native_id=self._id(own or name), handle=own or name, name=name) if own or name else None

    def _is_ours(self, author: Author | None) -> bool:
        if self.fields.ours and values.ours(found(self.item, self.fields.ours)):
            return True
        known = {name.casefold() for name in self.mapped.our_authors}
        return author is not None and bool(known & {author.name.casefold(), author.handle.casefold()})

    def _kind(self) -> Kind:
        said = self.word("kind")
        return self.mapped.kinds.get(said) or (values.kind(said) if said else None) or self.mapped.kind

    def _url(self, native_id: str) -> str | None:
        own = native_id.removeprefix(f"{self.space}/")
        return self.word("url") or (self.mapped.link.replace("{id}", quote(own, safe="")) if self.mapped.link else None)

    def _stars(self) -> tuple[float | None, str | None]:
        """Return one to five stars, and the rating as it was given."""
        said = self.word("stars")
        if not said:
            return None, None
        worst, best = self.mapped.scale
        try:
            number = float(said.replace(",", "."))
        except ValueError:
            return ratings.read(said), said
        if not min(worst, best) <= number <= max(worst, best):
            raise NotUnderstood(
                f"fields.stars: {said} lies outside the scale [{worst:g}, {best:g}]: set scale to the worst and the best rating"
            )
        return round(1 + 4 * (number - worst) / (best - worst), 2), f"{number:g}/{best:g}"

    def _attachments(self) -> tuple[str, ...]:
        there = found(self.item, self.fields.attachments) if self.fields.attachments else None
        return tuple(str(one) for one in (there if isinstance(there, list) else [there]) if isinstance(one, str) and one)

    def _nothing(self, name: str) -> str:
        path = getattr(self.fields, name)
        named = '", "'.join(path) if isinstance(path, tuple) else path
        there = ", ".join(sorted(map(str, self.item))[:20])
        return f'fields.{name}: there is nothing at "{named}"; the item has: {there}'


def moment_of(value: object, calendar: Calendar) -> datetime:
    """Return the moment that *value* names, of any form a calendar reads; raises NotUnderstood."""
    if isinstance(value, str):
        try:
            written = datetime.fromisoformat(value.strip())
        except ValueError:
            written = None
        if written and written.tzinfo:
            return written.astimezone(UTC)
    return calendar.read(value).at  # type: ignore[arg-type]  # it refuses what is no cell


def since_as(moment: datetime, form: str, zone: tzinfo = UTC) -> str | int:
    """Write a moment as a question wants it: ``iso``, ``date``, ``seconds`` or ``milliseconds``; never later than it is."""
    if form in ("seconds", "milliseconds"):
        return int(moment.timestamp()) * (1000 if form == "milliseconds" else 1)
    here = moment.astimezone(zone).replace(microsecond=0)
    if form == "date":
        return here.date().isoformat()
    return here.isoformat().replace("+00:00", "Z") if form == "iso" else f"{here:%Y-%m-%d %H:%M:%S}"


def _word(value: object, name: str) -> str:
    """Return a value as a word; a list of words is one below the other."""
    if isinstance(value, list):
        return "\n".join(word for word in (_word(one, name) for one in value) if word)
    if isinstance(value, Mapping):
        raise NotUnderstood(f"fields.{name} leads to a table with {', '.join(sorted(map(str, value))[:10])}: name one of them")
    return value if isinstance(value, str) else text_of(value)  # type: ignore[arg-type]
