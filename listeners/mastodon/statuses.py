"""Mastodon's JSON: a status becomes a Mention here, and nothing past this file knows its shape."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from desk.errors import NotUnderstood
from desk.mention import Author, Kind, Mention
from listeners.contract import Broken
from listeners.plain import plain

PLATFORM = "mastodon"
Json = dict[str, Any]

_SHIFT = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def id_at(moment: datetime) -> int:
    """Return the smallest status id of *moment*: ids are milliseconds since 1970, shifted by 16 bits (Mastodon::Snowflake)."""
    return max(0, (moment - _EPOCH) // timedelta(milliseconds=1)) << _SHIFT


def time_of(status_id: int) -> datetime:
    """Return when the status with this id was said (by the server's clock)."""
    return _EPOCH + timedelta(milliseconds=status_id >> _SHIFT)


@dataclass(frozen=True)
class Here:
    """The server that is asked: its name, which is part of every id, and which accounts are ours."""

    domain: str
    account_id: str = ""
    account: str = ""

    def native(self, status_id: object) -> str:
        """Return a status's native id: its id on this server (other servers know the same post under other ids)."""
        return f"{self.domain}/{status_id}"

    def local(self, native_id: str) -> str:
        """Return the server's own id for a native id, empty for a mention of another server."""
        domain, _, status_id = native_id.rpartition("/")
        return status_id if domain == self.domain else ""

    def is_ours(self, account: Json) -> bool:
        """Say whether the listening company speaks."""
        if self.account_id and str(account.get("id")) == self.account_id:
            return True
        names = {str(account.get("acct", "")).lower(), f"{account.get('acct', '')}@{self.domain}".lower()}
        return bool(self.account) and self.account.lstrip("@").lower() in names


def to_mention(status: Json, here: Here, root: str) -> Mention:
    """Turn a status into a Mention of the conversation that *root* began; raises NotUnderstood."""
    status = status.get("reblog") or status
    account = status.get("account") or {}
    if "id" not in status:
        raise NotUnderstood("a status without an id")
    try:
        return Mention(
            platform=PLATFORM,
            native_id=here.native(status["id"]),
            conversation=here.native(root),
            kind=_kind(status),
            title=status.get("spoiler_text") or "",
            text=plain(status.get("content") or ""),
            author=_author(account) if account.get("id") else None,
            url=status.get("url") or status.get("uri"),
            parent=here.native(status["in_reply_to_id"]) if status.get("in_reply_to_id") else None,
            said_at=status.get("created_at") or time_of(int(status["id"])),
            edited_at=status.get("edited_at"),
            language=(status.get("language") or "")[:16] or None,
            reach=account.get("followers_count"),
            ours=here.is_ours(account),
            attachments=tuple(media["url"] for media in status.get("media_attachments") or () if media.get("url")),
        )
    except (ValidationError, TypeError, AttributeError, ValueError) as error:
        raise NotUnderstood(_reason(error)) from error


def broken(status: object, reason: str) -> Broken:
    """Return a payload for quarantine."""
    name = status.get("id", "without id") if isinstance(status, dict) else "of no known shape"
    return Broken(json.dumps(status, ensure_ascii=False).encode("utf-8", "replace"), reason, f"status {name}")


def _kind(status: Json) -> Kind:
    if status.get("visibility") == "direct":
        return "dm"
    return "comment" if status.get("in_reply_to_id") else "post"


def _author(account: Json) -> Author:
    return Author(
        native_id=account.get("uri") or account.get("url") or account["id"],
        handle=account.get("acct") or "",
        name=account.get("display_name") or account.get("username") or "",
        url=account.get("url"),
        followers=account.get("followers_count"),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
