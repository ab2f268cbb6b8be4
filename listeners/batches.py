"""A page as a platform gave it, understood: what became mentions, and what goes to quarantine as it came, with the reason.

Guarantee 6: what cannot be understood is kept, and takes nothing else with it.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, tostring

from pydantic import ValidationError

from desk.errors import NotUnderstood
from desk.mention import Mention
from listeners.contract import Broken
from listeners.times import instant

Found = Mention | Broken
NOT_UNDERSTOOD = (NotUnderstood, ValidationError, LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""What goes wrong where a platform's JSON is not what it should be."""


@dataclass(frozen=True)
class Batch:
    """One page as a platform gave it, understood. ``last`` is when its last item was said or changed (what the platform sorts
    by), None where nothing tells; ``token`` is where `onward` goes on, ``more`` whether something waits there.
    """

    found: tuple[Found, ...] = ()
    last: datetime | None = None
    token: str = ""
    more: bool = True
    deleted: tuple[str, ...] = ()


def understood(
    items: Iterable[Any],
    to_mention: Callable[[Any], Mention | Sequence[Mention] | None],
    place: str,
    when: Callable[[Any], object] | None = None,
) -> Batch:
    """Turn *items* into a batch: what cannot become a mention is kept as it came, with the reason.

    ``to_mention`` returns None for an item that is none (a rating without words, a system message). *place* names what was read
    ("comments of 123"); *when* returns what the platform sorts by.
    """
    found: list[Found] = []
    last = None
    for number, item in enumerate(items, 1):
        try:
            read = to_mention(item)
            found += [read] if isinstance(read, Mention) else read or ()
        except NOT_UNDERSTOOD as error:
            found.append(broken(item, error, f"{place}, item {number}"))
        last = (_when(when, item) or last) if when else last
    return Batch(tuple(found), last)


def _when(when: Callable[[Any], object], item: Any) -> datetime | None:
    try:
        return instant(when(item))
    except NOT_UNDERSTOOD:
        return None


def broken(item: object, error: Exception, place: str) -> Broken:
    """Return a payload for quarantine."""
    return Broken(_raw(item), _reason(error), place)


def _raw(item: object) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, Element):
        return tostring(item)
    return json.dumps(item, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) and error.args else str(error) or type(error).__name__


def moment(mention: Mention) -> datetime:
    """Return when a mention was said, or last changed."""
    return max(mention.said_at, mention.edited_at) if mention.edited_at else mention.said_at


def latest(batch: Batch) -> datetime | None:
    """Return when the last mention of a batch was said, or changed; None where it holds none."""
    return max((moment(one) for one in batch.found if isinstance(one, Mention)), default=None)
