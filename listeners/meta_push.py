"""How Meta delivers by itself: is it genuine, is the address ours, and what a delivery holds.

The signature covers the body and no header, so the time it compares is that of the newest thing within. What could not be
delivered comes again for 36 hours (Graph webhooks, "Getting Started"), from WhatsApp for 7 days: older ones are refused.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from desk.errors import NotUnderstood
from desk.mention import Mention
from listeners.batches import Found, understood
from listeners.contract import Ask, Broken, Page
from listeners.paging import Json, pick
from listeners.signatures import matches, same
from listeners.times import instant

COMES_AGAIN = timedelta(hours=37)
COMES_AGAIN_WHATSAPP = timedelta(days=7, hours=1)
ASKS = (
    Ask(
        "app_secret",
        {
            "de": "App-Geheimcode, für Webhooks und zum Absichern der Anfragen: developers.facebook.com → App → "
            "App-Einstellungen → Allgemein.",
            "en": "App secret, for webhooks and to secure requests: developers.facebook.com → app → App settings → Basic.",
        },
        secret=True,
        optional=True,
    ),
    Ask(
        "verify_token",
        {
            "de": "Nur für Webhooks: ein selbst gewähltes Wort; dasselbe kommt in der App unter Webhooks ins Feld "
            "Verifizierungstoken.",
            "en": "Only for webhooks: a word of your own; enter the same in the app under Webhooks, field Verify token.",
        },
        secret=True,
        optional=True,
    ),
)
"""The parts of the credential that deliveries need."""
Signed = Callable[[Mapping[str, str], bytes, Mapping[str, str], datetime], bool]


def signed_within(window: timedelta) -> Signed:
    """Return what says whether a delivery is genuine, and no older than *window*."""

    def signed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
        given = headers.get("x-hub-signature-256", "").removeprefix("sha256=")
        if not matches(given, secrets.get("app_secret", "").encode(), body):
            return False
        newest = max(_moments(body), default=None)
        return newest is None or now - newest <= window

    return signed


def _moments(body: bytes) -> Iterator[datetime]:
    """Yield when the things in a genuine body happened; WhatsApp does not date its envelopes."""
    for entry in _entries(body):
        values = [change.get("value") or {} for change in entry.get("changes") or ()]
        parts = [part for value in values if isinstance(value, dict) for part in _dated(value)]
        moments = (instant(entry.get("time")), *(instant(part.get("timestamp")) for part in parts))
        yield from (moment for moment in moments if moment)


def _dated(value: Json) -> list[Json]:
    return [part for name in ("messages", "statuses", "message_echoes") for part in value.get(name) or ()]


def handshake(query: Mapping[str, str], _body: bytes, secrets: Mapping[str, str]) -> str | None:
    """Return the challenge where Meta asks with the token that we told it ("Getting Started", "Verification Requests")."""
    wanted = secrets.get("verify_token", "")
    if query.get("hub.mode") != "subscribe" or not wanted or not same(query.get("hub.verify_token", ""), wanted):
        return None
    return query.get("hub.challenge")


@dataclass
class Delivery:
    """What one delivery holds."""

    found: list[Found] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def read(self, item: Json | None, to_mention: Callable[[Json], Mention | None], place: str) -> None:
        """Take what *item* says, or keep it as it came where it cannot be understood."""
        self.found += understood([item], to_mention, place).found if item else ()

    def gone(self, *native_ids: object) -> None:
        """Note what was taken back."""
        self.deleted += [str(native_id) for native_id in native_ids if native_id]

    def page(self) -> Page:
        """Return it all as a page."""
        mentions = tuple(one for one in self.found if isinstance(one, Mention))
        return Page(mentions, deleted=tuple(self.deleted), broken=tuple(one for one in self.found if isinstance(one, Broken)))


def entries(body: bytes, *objects: str) -> list[Json]:
    """Return the entries of a delivery about one of *objects*, none for a delivery about others; raises NotUnderstood."""
    try:
        json.loads(body)
    except ValueError as error:
        raise NotUnderstood("a delivery that is no JSON") from error
    return _entries(body, *objects)


def _entries(body: bytes, *objects: str) -> list[Json]:
    """Return the entries of a delivery; Instagram's documentation shows it within a list."""
    try:
        given = json.loads(body)
    except ValueError:
        return []
    wholes = [
        whole for whole in (given if isinstance(given, list) else [given]) if not objects or pick(whole, "object") in objects
    ]
    return [entry for whole in wholes for entry in pick(whole, "entry", []) if isinstance(entry, dict)]


def changes(entry: Json, wanted: Iterable[str]) -> Iterator[tuple[str, Json]]:
    """Yield the changes of an entry: the field and its value; Instagram sends one change without a list around it, too."""
    for change in entry.get("changes") or ([entry] if "field" in entry else []):
        if isinstance(change, dict) and change.get("field") in set(wanted):
            values = change.get("value")
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, dict):
                    yield str(change["field"]), value
