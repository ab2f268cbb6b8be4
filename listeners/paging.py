"""How platforms cut their lists into pages: by token, by Link header, by the address of the next page, by number, by offset.

Each yields the items of one page after another, and ends where the platform says so, where a page is empty, or where the
platform repeats itself; a page that came again is yielded again, so that nobody takes the list for whole. A list without end
raises SourceGarbled: whoever believed it whole would pass what is unread.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from desk.errors import SourceGarbled
from listeners import paths
from listeners.http import Client

Json = dict[str, Any]
Params = Mapping[str, Any]
_MOST = 2_000
"""Pages that one walk reads at most."""


def _endless(client: Client) -> SourceGarbled:
    return SourceGarbled(
        f"{client.host} has more than {_MOST} pages", advice="hear less at once: let a first pull go back less far (since)"
    )


def pick(body: object, path: str, default: object = None) -> Any:
    """Return what lies at a dotted *path* (``"paging.cursors.after"``, ``"items.0.id"``); an empty path is the whole."""
    here = paths.found(body, path) if path else body
    return default if here is None else here


def listed(client: Client, body: object, path: str = "") -> list[Json]:
    """Return the list at *path*; raises SourceGarbled where there is something else (an absent list is an empty one)."""
    if path and not isinstance(body, Mapping):
        raise SourceGarbled(f"{client.host} sent something else than was asked for")
    found = pick(body, path)
    if found is None and path:
        return []
    if not isinstance(found, list):
        raise SourceGarbled(f"{client.host} sent something else than a list")
    return [item if isinstance(item, dict) else {"value": item} for item in found]


def by_token(
    client: Client, path: str, params: Params, *, items: str, token: str, param: str, first: str | None = None
) -> Iterator[list[Json]]:
    """Walk pages whose answer holds (at *token*) what the next question must hold (as *param*)."""
    here = first
    before: list[Json] = []
    for _ in range(_MOST):
        body = client.get_json(path, {**params, **({param: here} if here else {})})
        found = listed(client, body, items)
        yield found
        following = pick(body, token)
        if not following or str(following) == here or (found and found == before):
            return
        here, before = str(following), found
    if found:  # pages without anything, for ever, hold back nothing
        raise _endless(client)


def by_next_url(client: Client, path: str, params: Params, *, items: str, url: str) -> Iterator[list[Json]]:
    """Walk pages whose answer holds (at *url*) the address of the next one."""
    body = client.get_json(path, params)
    seen = set()
    for _ in range(_MOST):
        yield listed(client, body, items)
        following = pick(body, url)
        if not isinstance(following, str) or not following or following in seen:
            return
        seen.add(following)
        body = client.get_json(client.at(following) if client.overridden else following)
    raise _endless(client)


def by_link(client: Client, path: str, params: Params, *, items: str = "") -> Iterator[list[Json]]:
    """Walk pages whose Link header names the next one (RFC 8288)."""
    address: str | None = path
    asked: Params | None = params
    seen = set()
    for _ in range(_MOST):
        answer = client.get(str(address), asked, wanted="json")
        yield listed(client, body_of(client, answer), items)
        address, asked = answer.links.get("next", {}).get("url"), None
        if not address or address in seen:
            return
        seen.add(address)
    raise _endless(client)


def by_number(
    client: Client, path: str, params: Params, *, items: str = "", param: str = "page", first: int = 1, last: int | None = None
) -> Iterator[list[Json]]:
    """Walk numbered pages until one is empty, or is the one before again, or until the *last* that the platform gives."""
    before: list[Json] = []
    for number in range(first, (first + _MOST if last is None else last + 1)):
        found = listed(client, client.get_json(path, {**params, param: number}), items)
        if not found:
            return
        yield found
        if found == before:
            return
        before = found
    if last is None:
        raise _endless(client)


def by_offset(
    client: Client, path: str, params: Params, *, items: str = "", param: str = "offset", size: int
) -> Iterator[list[Json]]:
    """Walk by the number of items that were read before, until a page holds fewer than *size*."""
    before: list[Json] = []
    for start in range(0, _MOST * size, size):
        found = listed(client, client.get_json(path, {**params, param: start}), items)
        if not found:
            return
        yield found
        if len(found) < size or found == before:
            return
        before = found
    raise _endless(client)


def body_of(client: Client, answer: Any, *, sent: bool = False) -> Any:
    """Return the JSON of an answer that `Client.get` gave; raises SourceGarbled where it is none.

    After something was *sent*, as by every request but a GET, it may have arrived all the same.
    """
    try:
        return answer.json()
    except ValueError as error:
        sent = sent or answer.request.method != "GET"
        raise SourceGarbled(f"{client.host} sent something else than JSON", uncertain=sent) from error
