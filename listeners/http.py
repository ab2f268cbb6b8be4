"""The one way to ask a platform: with its credential, within its limits, again where that helps, in errors of our own.

Guarantee 5: Retry-After and rate headers are obeyed; 401, 403 and 404 are never hammered (`listeners.retries`). No secret is ever
part of a message (`listeners.refusals`, `listeners.wire`).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from listeners.access import NOTHING, Access, bearer, refused_grant
from listeners.limits import Limits
from listeners.refusals import Refusal, check_whole, refusal_of
from listeners.retries import PATIENCE, retrying
from listeners.wire import Wire

Query = Mapping[str, Any]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Client:
    """A platform's HTTP interface under one credential. Use it as a context manager.

    ``secrets`` are the parts of the credential; ``keep`` is where a secret goes that the platform has replaced, and ``fresh``
    gives them as they stand now, to one worker at a time. ``overridden`` says that the source names another server than the
    platform's own: what is to be asked of others is asked there too (`at`).
    """

    def __init__(
        self,
        base_url: str,
        *,
        platform: str,
        credential: str = "anonymous",
        token: str | None = None,
        secrets: Mapping[str, str] | None = None,
        access: Access | None = None,
        refusal: Refusal | None = None,
        keep: Callable[[str, str], None] | None = None,
        fresh: Callable[[], AbstractContextManager[Mapping[str, str]]] | None = None,
        overridden: bool = False,
        limits: Limits | None = None,
        proxy: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.platform, self.credential = platform, credential
        self.secrets = dict(secrets or ({"token": token} if token else {}))
        self.has_token = bool(self.secrets)
        self.limits = limits or Limits()
        self.requests = 0
        self.overridden = overridden
        self._access = access or (bearer(token) if token else NOTHING)
        self._refusal, self._keep, self._fresh = refusal, keep, fresh
        self._hosts = {urlsplit(self.base_url).netloc}
        self._clock, self._sleep = clock, sleep
        self._wire = Wire(self.host, credential, proxy, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._wire.close()

    @property
    def host(self) -> str:
        """The server's name, without a password that somebody wrote before it."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    def now(self) -> datetime:
        """Return the time."""
        return self._clock()

    def pause(self, seconds: float) -> None:
        """Wait between two requests, where the platform asks for it."""
        self._sleep(seconds)

    def keep_secret(self, name: str, value: str) -> None:
        """Use *value* from now on, and keep it where the secrets come from."""
        self.secrets[name] = value
        if self._keep:
            self._keep(name, value)

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Renew a token alone among all workers that share the credential, by the secrets as they stand now."""
        with self._fresh() if self._fresh else nullcontext({}) as now:
            self.secrets |= now
            yield

    def at(self, url: str) -> str:
        """Return the address of another server of the same platform, below our own where the source names another server."""
        parts = urlsplit(url)
        if self.overridden:
            return f"{self.base_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        self._hosts.add(parts.netloc)
        return url

    def get(
        self, path: str, params: Query | None = None, headers: Mapping[str, str] | None = None, *, wanted: str = ""
    ) -> httpx.Response:
        """Ask for *path* (below the base address, or a full address on the same server).

        With ``wanted="json"`` an answer that is no JSON is asked for again, and raises SourceGarbled where none comes.
        """
        return self._asked("GET", path, params=params, headers=headers, wanted=wanted)

    def get_json(self, path: str, params: Query | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """Ask for *path* and return its JSON; raises SourceGarbled where none comes, after another try."""
        return self._asked("GET", path, params=params, headers=headers, wanted="json").extensions["json"]

    def get_text(self, path: str, params: Query | None = None, *, must_hold: str) -> bytes:
        """Ask for *path* and return its bytes; raises SourceGarbled where *must_hold* is not in them, after another try."""
        return self._asked("GET", path, params=params, wanted=must_hold).content

    def ask_json(self, path: str, body: Any, params: Query | None = None) -> Any:
        """Ask by POST for something that changes nothing (a search, a GraphQL query), and return its JSON."""
        return self._asked("POST", path, json=body, params=params, wanted="json").extensions["json"]

    def post_json(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> Any:
        """Send *body*. Only with an idempotency *key* is it sent again when no answer came."""
        headers = {"Idempotency-Key": key} if key else None
        with _sending():
            return self._asked("POST", path, json=dict(body), headers=headers, wanted="json", once=key is None).extensions["json"]

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        params: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send something that changes something, once: whoever sends again must look before."""
        sent: dict[str, Any] = {"params": params, "headers": headers}
        sent |= {"json": json} if json is not None else {}
        sent |= {"data": dict(form)} if form is not None else {}
        with _sending():
            return self._asked(method, path, once=True, **sent)

    def grant(self, url: str, form: Mapping[str, str], headers: Mapping[str, str], *, as_json: bool = False) -> Any:
        """Ask an OAuth token endpoint; raises SourceDenied where it gives no token (RFC 6749, 5.2)."""
        sent: dict[str, Any] = {"json": dict(form)} if as_json else {"data": dict(form)}
        try:
            # once: whoever needs the token is asked again as a whole, token included
            answer = self._asked("POST", url, headers=headers, wanted="json", open_door=True, once=True, **sent)
        except (SourceBusy, SourceGarbled, SourceGone):
            raise
        except SourceError as error:
            raise refused_grant(self, str(error)) from error
        return answer.extensions["json"]

    def _asked(
        self, method: str, path: str, *, once: bool = False, wanted: str = "", open_door: bool = False, **request: Any
    ) -> httpx.Response:
        attempts = retrying(self._clock, self._sleep, once=once)
        response: httpx.Response = attempts(self._let_in, method, path, wanted, request, open_door)
        return response

    def _let_in(self, method: str, path: str, wanted: str, request: dict[str, Any], open_door: bool) -> httpx.Response:
        """Ask with what the platform wants to see; where it refuses a token that can be renewed, ask once more."""
        if open_door:
            return self._once(method, path, wanted, request)
        shown = self._shown(request)  # outside: a grant that is refused is not asked for again
        try:
            return self._once(method, path, wanted, shown)
        except SourceDenied as error:
            if "401" not in str(error) or not self._access.renew(self):
                raise
            return self._once(method, path, wanted, self._shown(request))

    def _shown(self, request: dict[str, Any]) -> dict[str, Any]:
        headers = {**self._access.headers(self), **(request.get("headers") or {})}
        more = self._access.query()
        params = {**(request.get("params") or {}), **more} if more else request.get("params")
        return request | {"headers": headers, "params": params}

    def _once(self, method: str, path: str, wanted: str, request: dict[str, Any]) -> httpx.Response:
        self._wait_for_the_limit()
        url = path if path.startswith("http") else f"{self.base_url}/{path.lstrip('/')}"
        if url.startswith("http:") and self.base_url.startswith("https:"):
            url = f"https:{url.removeprefix('http:')}"  # a next page named without encryption: the credential stays encrypted
        if urlsplit(url).netloc not in self._hosts:  # it would be shown the credential
            raise SourceGarbled(f"{self.host} names another server ({urlsplit(url).hostname}) to go on with")
        self.requests += 1
        response = self._wire.send(method, url, request)
        self.limits.learn(self.platform, self.credential, response.headers, self._clock())
        if error := refusal_of(self, response, self._refusal, self._clock()):
            raise error
        check_whole(response, wanted, self.host)
        return response

    def _wait_for_the_limit(self) -> None:
        now = self._clock()
        if until := self.limits.of(self.platform, self.credential).free_at(now):
            if until - now > PATIENCE:
                raise SourceBusy(f"{self.host} allows no request before {until:%H:%M} UTC", retry_at=until)
            self._sleep((until - now).total_seconds())


@contextmanager
def _sending() -> Iterator[None]:
    """Say of an answer that makes no sense that what was sent may have arrived all the same."""
    try:
        yield
    except SourceGarbled as error:
        error.uncertain = True
        raise
