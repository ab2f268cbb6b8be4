"""LinkedIn's names for things (URNs), and the time that hides in their numbers."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COMMENT = re.compile(r"urn:li:comment:\((?:urn:li:)?(\w+:\d+),(\d+)\)")
_SHIFT = 22


def whole(urn: object) -> str:
    """Return *urn* as the interface writes it: notifications leave the inner "urn:li:" out at times (recorded)."""
    found = _COMMENT.fullmatch(str(urn or ""))
    return f"urn:li:comment:(urn:li:{found[1]},{found[2]})" if found else str(urn or "")


def comment_of(post: str, comment_id: object) -> str:
    """Return the name of a comment below *post*."""
    return f"urn:li:comment:({post},{comment_id})"


def post_of(urn: str) -> str:
    """Return what a comment stands below; *urn* itself where it names no comment."""
    found = _COMMENT.fullmatch(urn)
    return f"urn:li:{found[1]}" if found else urn


def number_of(urn: str) -> str:
    """Return a comment's own number."""
    found = _COMMENT.fullmatch(urn)
    return found[2] if found else urn


def time_of(urn: str) -> datetime | None:
    """Return when something was made: its number holds the milliseconds since 1970, shifted by 22 bits (recorded 2020-2023)."""
    number = re.search(r"(\d{16,})\D*$", urn)
    return _EPOCH + timedelta(milliseconds=int(number[1]) >> _SHIFT) if number else None


def encoded(urn: str) -> str:
    """Return *urn* for a path or an address: Rest.li 2.0 wants every sign of it encoded."""
    return quote(urn, safe="")


def link(urn: str) -> str:
    """Return where people see a post or a comment."""
    post = post_of(urn)
    below = f"?commentUrn={encoded(urn.replace('(urn:li:', '('))}" if post != urn else ""
    return f"https://www.linkedin.com/feed/update/{post}{below}"
