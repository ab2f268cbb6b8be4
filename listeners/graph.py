"""Meta's Graph API as Facebook, Instagram, Threads and WhatsApp share it: refusals, limits, paging, looking up, and tokens.

Every refusal is ``{"error": {"code", "error_subcode", "message"}}``, mostly with HTTP 400 whatever it means (recorded 2021 and
2024; docs "Handle Errors", "Rate Limits", "Messenger Platform: Error Codes"). No token is ever part of an address that we build,
but for the two questions that want it there.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from httpx import Response
from pydantic import BeforeValidator, Field

from desk.errors import NotUnderstood, SourceBusy, SourceDenied, SourceError, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners.access import Access, Fixed, bearer, needed
from listeners.batches import Batch
from listeners.contract import Window
from listeners.http import Client
from listeners.limits import read_headers
from listeners.paging import Json, listed, pick
from listeners.signatures import signature
from listeners.times import instant

VERSION = "v25.0"
"""A version lives about two years (docs "Versioning"); this one came in 2026."""
_MOST_PAGES = 400
_MOST_LOOKED_UP = 50
_PAUSE = timedelta(minutes=10)
"""How long we stay away where a limit is reached and nobody says until when: its hour slides (docs "Rate Limits")."""
_TOO_MANY = {4, 17, 32, 341, 613, 130429, 131048, 131056, *range(80000, 80015)}
_SOON = {1, 2}
_TOKEN = {102, 190, 463, 467}
_NOT_THERE = {24, 100, 803}
_WINDOW_OVER = {131047}
_WINDOW_OVER_SUBCODES = {2018278, 2534022}
_REMOVED = 12
_BLOCKED = 368
_PERMISSION = re.compile(r"\b(?:pages|instagram|threads|whatsapp|business)_[a-z_]+\b")
_SECRETS = ("access_token", "appsecret_proof")


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by token; with the app's secret each request proves that it is ours (docs "Securing Graph API Calls")."""
    (token,) = needed(secrets, "token")
    app_secret = secrets.get("app_secret", "")
    proof = {"appsecret_proof": signature(app_secret.encode(), token.encode())} if app_secret else {}
    return Fixed(bearer(token).carried, proof)


def _without_at(value: object) -> object:
    return value.strip().lstrip("@") if isinstance(value, str) else value


Handle = Annotated[str, BeforeValidator(_without_at), Field(pattern=r"^[\w.]{1,30}$")]
"""The name of an account on Instagram or Threads."""


@dataclass(frozen=True)
class Lasting:
    """Access by a token of 60 days that is replaced while it lives."""

    def headers(self, client: Client) -> Mapping[str, str]:
        """Return the headers, with the token of this moment."""
        return {"Authorization": f"Bearer {client.secrets['token']}"}

    def query(self) -> Mapping[str, str]:
        """Nothing goes into the address."""
        return {}

    def renew(self, client: Client) -> bool:
        """A token that is dead cannot be renewed."""
        return False


def lasting(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by a token that `renewed` replaces."""
    needed(secrets, "token")
    return Lasting()


def renewed(client: Client, path: str, grant: str) -> datetime | None:
    """Let the token live for another 60 days and keep what comes in its place; return when that dies.

    None where the platform does not renew it now: one that is younger than a day cannot be renewed yet.
    """
    try:
        answer = client.get_json(path, {"grant_type": grant, "access_token": client.secrets["token"]})
    except (SourceDenied, SourceGone):
        return None
    token, lives = pick(answer, "access_token"), pick(answer, "expires_in")
    if token and token != client.secrets["token"]:
        client.keep_secret("token", str(token))
    return client.now() + timedelta(seconds=float(lives)) if lives else None


def expires(client: Client, _source: Source) -> datetime | None:
    """Return when the token dies, or what it may see ends; None where it does neither."""
    return ends(client, f"/{VERSION}")


def ends(client: Client, base: str) -> datetime | None:
    """Ask *base* when the token ends (docs "debug_token")."""
    answer = client.get_json(f"{base}/debug_token", {"input_token": client.secrets["token"]})
    named = [pick(answer, f"data.{name}") for name in ("expires_at", "data_access_expires_at")]
    return min((end for end in map(instant, filter(None, named)) if end), default=None)


def refusal(response: Response, now: datetime) -> SourceError | None:
    """Say what an error of the Graph API means; None where there is none."""
    error = _error(response)
    if not error:
        return None
    code, subcode, message = _number(error.get("code")), _number(error.get("error_subcode")), str(error.get("message") or "")
    said = f"{response.request.url.host} says: {message or 'no reason given'} (code {code}{f', {subcode}' if subcode else ''})"
    if code in _TOO_MANY or response.status_code == 429:
        return SourceBusy(said, retry_at=read_headers(response.headers, now)[1] or now + _PAUSE)
    if code in _SOON or response.status_code >= 500:
        return _soon(said, message)
    if code in _WINDOW_OVER or subcode in _WINDOW_OVER_SUBCODES:
        return SourceError(said, advice="the time for an answer is over: wait until the customer writes again")
    if code == _BLOCKED:
        return SourceDenied(said, advice="Meta has blocked this for a while: look at the account's Support Inbox")
    return _refused(code, said, message)


def _soon(said: str, message: str) -> SourceError:
    if "reduce the amount of data" in message:
        return SourceError(said, advice="set posts_back to a smaller number")
    return SourceBusy(said, uncertain=True)


def _refused(code: int, said: str, message: str) -> SourceError:
    permissions = sorted(set(_PERMISSION.findall(message)))
    if code in _TOKEN:
        return SourceDenied(said, advice="the token is dead: make a new one, put it in its place, then run: kummerkasten check")
    if permissions or code in (3, 10) or 200 <= code <= 299 or "app secret proof" in message:
        wanted = f"the permission {', '.join(permissions)}" if permissions else "a permission"
        proof = " or the app's secret (app_secret_env)" if "app secret proof" in message else ""
        advice = f"the token lacks {wanted}{proof}: see the platform's page, then run: kummerkasten check"
        return SourceDenied(said, advice=advice, partly=True)
    if code in _NOT_THERE:
        return SourceGone(said, advice="check the ids in the source's settings: does it still exist, may this token see it?")
    if code == _REMOVED:
        return SourceGone(said, advice="Meta has removed this from its API: switch it off in the source's settings")
    return SourceError(said, advice="look at https://metastatus.com, then at the source's settings")


def _error(response: Response) -> Json:
    try:
        body = response.json() if b'"error"' in response.content else None
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else 0


def pages(client: Client, path: str, params: Mapping[str, Any]) -> Iterator[list[Json]]:
    """Walk a list from its beginning."""
    yield from rest(client, path, client.get_json(path, params))


def rest(client: Client, path: str, connection: object) -> Iterator[list[Json]]:
    """Walk a list on from a page that has come already, alone or as a part of something else.

    The address of the next page holds the token: only what it asks for is taken from it, and asked at *path*.
    """
    if not connection:
        return
    seen = set()
    for _ in range(_MOST_PAGES):
        yield listed(client, connection, "data")
        following = pick(connection, "paging.next")
        if not isinstance(following, str) or following in seen:
            return
        seen.add(following)
        asked = dict(parse_qsl(urlsplit(following).query, keep_blank_values=True))
        connection = client.get_json(path, {key: value for key, value in asked.items() if key not in _SECRETS})


def older_than(since: datetime, items: Iterable[Json], name: str) -> bool:
    """Say whether a list, newest first, has come to what was said before a moment."""
    last = [found for item in items if (found := instant(item.get(name)))][-1:]
    return bool(last) and last[0] < since


@dataclass
class Met:
    """What one run has met: a list may begin anew or overlap, and what lies in two lists is said once."""

    ids: set[str] = field(default_factory=set)

    def once(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Pass batches on, each mention the first time only."""
        for batch in batches:
            new = tuple(one for one in batch.found if not isinstance(one, Mention) or one.native_id not in self.ids)
            self.ids |= {one.native_id for one in new if isinstance(one, Mention)}
            yield replace(batch, found=new)

    def missing(self, window: Window, ask: Callable[[str], Mention | None]) -> Iterator[Batch]:
        """Ask for what was heard lately and not met: what lies where no list leads is read again, what is gone is said."""
        unmet = sorted(set(window.known) - self.ids, key=lambda native_id: (window.known[native_id], native_id), reverse=True)
        for native_id in unmet[:_MOST_LOOKED_UP]:
            try:
                there = ask(native_id)
            except SourceGone:
                yield Batch(deleted=(native_id,))
            except SourceDenied:  # this one is not ours to see, whatever it was heard by: nothing is known of it
                continue
            else:
                yield Batch(found=(there,) if there else ())


def when(value: object) -> datetime:
    """Return the moment that a field names; raises NotUnderstood where it names none."""
    moment = instant(value)
    if moment is None:
        raise NotUnderstood(f"no time: {value!r}")
    return moment


def made_up(*parts: object) -> str:
    """Return an id for what has none: the same things said are the same id."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]
