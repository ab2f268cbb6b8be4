"""What an answer means that is not what was asked for: a refusal, an outage, nothing there, or something cut off.

No secret is ever part of a message.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import httpx

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from listeners.limits import retry_after

if TYPE_CHECKING:
    from listeners.http import Client

Refusal = Callable[[httpx.Response, datetime], SourceError | None]
"""Reads a refusal in a platform's own words."""


def refusal_of(client: "Client", response: httpx.Response, own: Refusal | None, now: datetime) -> SourceError | None:
    """Return what a refusal means for whoever asked, None where it is none; *own* has the first word.

    Until when the platform wants to be left alone is noted with the client's limits.
    """
    status = response.status_code
    if own and (error := own(response, now)):
        if isinstance(error, SourceBusy) and error.retry_at:
            client.limits.block(client.platform, client.credential, error.retry_at)
        return error
    if status < 400:
        return None
    if status == 429 or status >= 500:
        return _busy(client, response, now)
    what = f"{client.host} answered {status} to {response.request.method} {response.request.url.path}"
    if status in (401, 403):
        return SourceDenied(f"{what}: access denied", advice=_about_the_credential(client, status), partly=status == 403)
    if status in (404, 410):
        return SourceGone(f"{what}: not there", advice="check the source's settings: does the address still exist?")
    return SourceError(what, advice="look at the platform's status page, then at the source's settings")


def _busy(client: "Client", response: httpx.Response, now: datetime) -> SourceBusy:
    until = retry_after(response.headers, now)
    if response.status_code == 429:
        until = until or client.limits.of(client.platform, client.credential).resets_at
        if until and until > now:
            client.limits.block(client.platform, client.credential, until)
    said = "too many requests" if response.status_code == 429 else f"out of order ({response.status_code})"
    again = until if until and until > now else None
    return SourceBusy(f"{client.host} says: {said}", retry_at=again, uncertain=response.status_code >= 500)


def _about_the_credential(client: "Client", status: int) -> str:
    if not client.has_token:
        return f"this needs a credential: kummerkasten add {client.platform} asks for it and says where to get it"
    what = "is refused: make a new one" if status == 401 else "lacks a permission: see the platform's page in the documentation"
    return f"the token in {client.credential} {what}, then run: kummerkasten check"


def check_whole(response: httpx.Response, wanted: str, host: str) -> None:
    """Raise SourceGarbled where the answer is not what was asked for: cut off, HTML, empty.

    *wanted* is "json", which is then found in the response's extensions, or what stands in the answer, or nothing.
    """
    if not wanted:
        return
    if wanted != "json":
        if wanted.encode() not in response.content:
            raise SourceGarbled(f"{host} sent {_what_came(response)} where a feed was expected")
        return
    try:
        response.extensions["json"] = json.loads(response.content)
    except ValueError as error:
        raise SourceGarbled(f"{host} sent {_what_came(response)} where JSON was expected") from error


def _what_came(response: httpx.Response) -> str:
    if not response.content.strip():
        return "an empty answer"
    return (
        "an HTML page"
        if response.content.lstrip()[:1] == b"<" and b"<html" in response.content[:2000].lower()
        else "a broken answer"
    )
