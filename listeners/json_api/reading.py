"""The walk over a server's JSON: what is asked for, how pages follow each other, and where in an answer the list stands."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from functools import partial
from typing import Any, Literal, Self
from urllib.parse import urljoin

from pydantic import Field, model_validator

from desk.errors import ConfigurationError, NotUnderstood, SourceGarbled
from desk.source import Source
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.fields import Mapped
from listeners.files.dates import Calendar
from listeners.http import Client
from listeners.mapping import mentions_of, moment_of, since_as
from listeners.paths import found
from listeners.walks import forward, gathered

PLATFORM = "json"
_MOST = 2_000
"""Pages that one walk reads at most."""
Params = dict[str, Any]


class Options(Mapped):
    """What a source of JSON may say, beside the mapping."""

    path: str = ""
    """Below base_url."""
    items: str = ""
    """Where in the answer the list stands ("data.items"); empty where the answer is the list."""
    order: Literal["newest", "oldest"] = "newest"
    """What the list begins with."""
    sorted_by: Literal["time", "edited"] = "time"
    paging: Literal["none", "page", "offset", "cursor", "link", "next_url"] = "none"
    page_param: str = ""
    """The parameter that says which page; in a POST body a dotted path."""
    first_page: int = 1
    next: str = ""
    """Where in the answer the cursor or the address of the next page stands."""
    size_param: str = ""
    size: int = Field(default=100, ge=1, le=10_000)
    since_param: str = ""
    """The parameter that asks for what was said since a moment."""
    since_format: Literal["iso", "date", "seconds", "milliseconds", "plain"] = "iso"
    query: Mapping[str, str | int | bool] = Field(default_factory=dict)
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: dict[str, Any] | None = None
    """Asked by POST with this body, where there is one; parameters go into it."""
    auth: Literal["bearer", "header", "query", "basic"] = "bearer"
    auth_name: str = ""
    """Name of the header or parameter that carries the token."""
    deletions: bool | None = None
    """Whether what is missing from a list that is read again has been deleted; it is where the list has pages, and goes on."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.fields.time:
            raise ValueError('fields.time says when an item was said: fields = { text = "body", time = "created_at" }')
        if self.sorted_by == "edited" and not self.fields.edited:
            raise ValueError('sorted_by = "edited" needs fields.edited: the path of the time of the last change')
        if self.paging == "cursor" and not (self.page_param and self.next):
            raise ValueError('paging = "cursor" needs next (where the cursor stands) and page_param (what it is sent as)')
        if self.paging == "next_url" and not self.next:
            raise ValueError('paging = "next_url" needs next: where the answer holds the address of the next page')
        if self.paging in ("link", "next_url") and self.body is not None:
            raise ValueError(f'paging = "{self.paging}" follows addresses, and asks by GET: leave body out')
        if self.auth in ("header", "query") and not self.auth_name:
            raise ValueError(f'auth = "{self.auth}" needs auth_name: the name of the {self.auth} that carries the token')
        return self


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said since *cursor*, oldest first, then what is gone."""
    options = options_of(source)
    streams = {"items": partial(_batches, client, source.name, options)}
    walk = gathered if options.order == "newest" else forward
    return walk(streams, cursor, window, complete=options.paging != "none" if options.deletions is None else options.deletions)


def options_of(source: Source) -> Options:
    """Return the checked options; raises ConfigurationError where the source names no server."""
    if not source.base_url:
        raise ConfigurationError(f'source "{source.name}": base_url is missing; write for example "https://api.example.com"')
    return Options.model_validate(source.options)


def _batches(client: Client, name: str, options: Options, since: datetime) -> Iterator[Batch]:
    """Yield the pages of the list; of one that begins with the oldest, not those that lie before *since*."""
    calendar = Calendar(options.zone, options.month_first)
    sorting = options.fields.edited if options.sorted_by == "edited" else options.fields.time

    def when(item: Any) -> datetime | None:
        value = found(item, sorting) or found(item, options.fields.time)
        try:
            return moment_of(value, calendar)
        except NotUnderstood:
            return None

    for number, items in enumerate(pages(client, options, since), 1):
        read = partial(mentions_of, mapped=options, platform=PLATFORM, source=name)
        batch = understood(items, read, f"page {number} of {options.path or client.host}", when)
        if options.order == "newest" or batch.last is None or batch.last >= since:
            yield batch


def pages(client: Client, options: Options, since: datetime) -> Iterator[list[Any]]:
    """Walk the pages of the list, to its end or until the server repeats itself."""
    address, place, read, before = options.path, _first(options), 0, None
    for _ in range(_MOST):
        params = _params(options, since, place) if address == options.path else None
        body, links = _asked(client, options, address, params)
        items = _listed(client, body, options.items)
        if not items or items == before:
            return
        yield items
        before, read = items, read + len(items)
        following = _following(options, body, links, place, read)
        if following in (None, "", place):
            return
        if options.paging in ("link", "next_url"):
            address = urljoin(f"{client.base_url}/{options.path.lstrip('/')}", str(following))
        place = following


def _first(options: Options) -> Any:
    return {"page": options.first_page, "offset": 0}.get(options.paging)


def _following(options: Options, body: Any, links: Any, place: Any, read: int) -> Any:
    """Return what the next page is asked with, None where this was the last."""
    match options.paging:
        case "page":
            return int(place) + 1
        case "offset":
            return read
        case "cursor" | "next_url":
            return found(body, options.next)
        case "link":
            return links.get("next", {}).get("url")
    return None


def _params(options: Options, since: datetime, place: Any) -> Params:
    named: Params = {}
    if options.since_param:
        named[options.since_param] = since_as(since, options.since_format, options.zone)
    if options.size_param:
        named[options.size_param] = options.size
    if place is not None:
        named[options.page_param or {"page": "page", "offset": "offset"}[options.paging]] = place
    return named


def _asked(client: Client, options: Options, address: str, params: Params | None) -> tuple[Any, Any]:
    """Return an answer's JSON and its Link header."""
    if options.body is not None:
        body = deepcopy(options.body)
        for path, value in (params or {}).items():
            _put(body, path, value)
        return client.ask_json(address, body, options.query or None), {}
    asked = None if params is None else {name: _sent(value) for name, value in {**options.query, **params}.items()}
    answer = client.get(address, asked)
    return answer.json(), answer.links


def _sent(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _put(body: Params, path: str, value: Any) -> None:
    *above, last = path.split(".")
    for step in above:
        body = body.setdefault(step, {})
    body[last] = value


def _listed(client: Client, body: Any, path: str) -> list[Any]:
    items = found(body, path) if path else body
    if isinstance(items, list):
        return items
    above, _, last = path.rpartition(".")
    here = found(body, above) if above else body
    if path and items is None and isinstance(here, Mapping) and last in here:
        return []
    there = ", ".join(sorted(map(str, body))[:20]) if isinstance(body, Mapping) else type(body).__name__
    raise SourceGarbled(
        f'{client.host} gave no list at "{path}"',
        advice=f"set items to where the list stands in the answer; it has: {there}",
    )
