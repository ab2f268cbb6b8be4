"""How LinkedIn delivers by itself: ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS ("Webhooks", learn.microsoft.com)."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from desk.errors import NotUnderstood
from desk.mention import Mention
from desk.source import Source
from listeners.batches import understood
from listeners.contract import Broken, Page, Push
from listeners.linkedin.comments import DELETED, noted
from listeners.linkedin.streams import Options
from listeners.linkedin.urns import whole
from listeners.paging import Json, pick
from listeners.signatures import matches, signature
from listeners.times import instant

_PREFIX = b"hmacsha256="
_COMES_AGAIN = timedelta(hours=9)
"""What could not be delivered comes again every five minutes for eight hours ("Organization Social Action Notifications")."""
_CODE = re.compile(r"[A-Za-z0-9-]{1,64}")
"""A challenge is a UUID. Whatever else is asked, a signed delivery for example, is not signed for whoever asks."""


def signed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    """Say whether a delivery is genuine and fresh: the signed text is "hmacsha256=" and the body; its notifications are dated."""
    given = headers.get("x-li-signature", "").removeprefix(_PREFIX.decode())
    if not matches(given, secrets.get("client_secret", "").encode(), _PREFIX + body):
        return False
    moments = [moment for one in _notifications(body) if (moment := instant(one.get("lastModifiedAt")))]
    return not moments or now - max(moments) <= _COMES_AGAIN


def handshake(query: Mapping[str, str], _body: bytes, secrets: Mapping[str, str]) -> str | None:
    """Answer the challenge with its HMAC; LinkedIn asks again every two hours ("Webhook Registration and Validation")."""
    code, secret = query.get("challengeCode", ""), secrets.get("client_secret", "")
    if not _CODE.fullmatch(code) or not secret:
        return None
    return json.dumps({"challengeCode": code, "challengeResponse": signature(secret.encode(), code.encode())})


def read(source: Source, body: bytes, _now: datetime) -> Page:
    """Turn a genuine delivery into a page: what was said about the page, and which comments are gone."""
    ours = Options.model_validate(source.options).urn
    about_us = [one for one in _notifications(body) if one.get("organizationalEntity", ours) == ours]
    found = understood(about_us, partial(noted, ours=ours), "delivery").found
    return Page(
        tuple(one for one in found if isinstance(one, Mention)),
        deleted=tuple(whole(one.get("generatedActivity")) for one in about_us if one.get("action") == DELETED),
        broken=tuple(one for one in found if isinstance(one, Broken)),
    )


def _notifications(body: bytes) -> list[Json]:
    try:
        found = pick(json.loads(body), "notifications", [])
    except ValueError as error:
        raise NotUnderstood("a delivery that is no JSON") from error
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


PUSH = Push(signed=signed, read=read, handshake=handshake)
