"""Raw payloads in quarantine that name somebody: found by what stands in them, and emptied.

What is emptied keeps its digest, so that the same broken payload is not taken in again.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from store.tables import Author, Mention, Pull, Quarantine, SourceState
from store.writing import affected, chunks

_TELLING = re.compile(r".{9,}|(?=.*[^a-zà-ÿ]).{6,}", re.S)
"""A name that is looked for in running text: long, or with something that words have not. "anna" stands everywhere."""
_NAMES_SOMEBODY = re.compile(r"(id|ids|author|user|from|acct|account|handle|name|login|sender|nick|by)$", re.I)
"""Keys under which a payload names people: what stands there is compared whole."""


def naming(session: Session, author: Author, after: int = 0) -> tuple[list[int], int]:
    """Return the payloads of the account's platform that name it, of those with greater ids than *after*; and the greatest id."""
    here = select(SourceState.source).where(SourceState.platform == author.platform)
    heard = select(Mention.source).where(Mention.platform == author.platform).distinct()
    pulled = select(Pull.source).where(Pull.platform == author.platform).distinct()
    sources = {*session.exec(here), *session.exec(heard), *session.exec(pulled)}
    asked = select(Quarantine).where(col(Quarantine.id) > after, col(Quarantine.source).in_(sources)).order_by(col(Quarantine.id))
    names, found, last = _names(author), list[int](), after
    for row in session.exec(asked.execution_options(yield_per=200)):
        last = row.id or last
        if _names_any(names, row):
            found.append(last)
    return found, last


def empty(session: Session, which: Any, now: datetime) -> int:
    """Empty payloads within the caller's transaction; return how many held something."""
    values = {"raw": b"", "reason": "", "place": "", "released_at": now}
    return affected(session.execute(update(Quarantine).where(which, col(Quarantine.raw) != b"").values(**values)))


def empty_all(session: Session, ids: Iterable[int], now: datetime) -> int:
    """Empty the payloads of these ids."""
    return sum(empty(session, col(Quarantine.id).in_(some), now) for some in chunks(ids))


def _names(author: Author) -> set[str]:
    """Return what an account is known by, as it is compared; a single first name is many people's."""
    given = [author.native_id, author.handle, author.name if " " in author.name.strip() else ""]
    return {name for one in given if (name := _plain(one))}


def _plain(text: str) -> str:
    return text.strip().removeprefix("@").casefold()


def _names_any(names: set[str], row: Quarantine) -> bool:
    text = row.raw.decode("utf-8", "replace")
    try:
        said = list(_strings(json.loads(text)))
    except (ValueError, RecursionError):
        said = [("", text)]
    if any(_NAMES_SOMEBODY.search(key) and _plain(value) in names for key, value in said):
        return True
    return any(_mentions(names, value) for _, value in [*said, ("", row.reason), ("", row.place)])


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield what stands in a payload, with the name under which it stands; names themselves may be ids."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield "", str(name)
            yield from _strings(inside, key if name in ("value", "text") else str(name))
    elif isinstance(value, list):
        for inside in value:
            yield from _strings(inside, key)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield key, str(value)


def _mentions(names: set[str], text: str) -> bool:
    """Say whether running text names somebody: by a telling name, or by an @ before it."""
    plain = text.casefold()
    return any(
        re.search(rf"(?<![\w.]){'' if _TELLING.fullmatch(name) else '@'}{re.escape(name)}(?![\w-])(?!\.\w)", plain)
        for name in names
    )
