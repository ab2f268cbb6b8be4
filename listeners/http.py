"""The one way to ask a platform: retries with backoff and jitter, limits obeyed and shared, answers bounded, errors translated.

Guarantee 5: Retry-After and rate headers are obeyed; 401, 403 and 404 are never hammered. No secret is ever part of a message.
"""

import json
import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from listeners.access import NOTHING, Access, bearer, refused_grant
from listeners.limits import Limits, retry_after

USER_AGENT = f"Kummerkasten/{version('kummerkasten')} (self-hosted social listening; reads on its owner's behalf)"
PATIENCE = timedelta(seconds=60)
"""A platform that asks for more patience is left alone until the time it names."""
MOST_BYTES = 20 * 1024 * 1024
_ATTEMPTS = 4
_TIMEOUT = httpx.Timeout(30, connect=10)
_REDIRECTS = 5

Query = Mapping[str, Any]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@cache
def _certificates() -> ssl.SSLContext:
    """Return what servers are checked by; reading all authorities takes longer than many a request, so it is done once."""
    return httpx.create_ssl_context()


Refusal = Callable[[httpx.Response, datetime], SourceError | None]


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
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it would write addresses into the log, and some hold a key
        self._http = httpx.Client(
            headers={"User-Agent": USER_AGENT}, timeout=_TIMEOUT, proxy=proxy, transport=transport, verify=_certificates()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

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
        retrying = Retrying(
            retry=retry_if_exception(self._worth_another_try),
            stop=stop_after_attempt(1 if once else _ATTEMPTS),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )
        response: httpx.Response = retrying(self._let_in, method, path, wanted, request, open_door)
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

    def _worth_another_try(self, error: BaseException) -> bool:
        """Say whether asking again soon may help: a limit or an outage that ends soon, an answer that was cut off."""
        if isinstance(error, SourceBusy):
            return error.retry_at is None or error.retry_at - self._clock() <= PATIENCE
        return isinstance(error, SourceGarbled) and not error.advice

    def _pause(self, state: RetryCallState) -> float:
        """Wait as long as the platform asks, else longer from try to try, with jitter."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, SourceBusy) and error.retry_at:
            return max(0.0, (error.retry_at - self._clock()).total_seconds())
        return float(wait_random_exponential(multiplier=0.5, max=15)(state))

    def _once(self, method: str, path: str, wanted: str, request: dict[str, Any]) -> httpx.Response:
        self._wait_for_the_limit()
        url = path if path.startswith("http") else f"{self.base_url}/{path.lstrip('/')}"
        if url.startswith("http:") and self.base_url.startswith("https:"):
            url = f"https:{url.removeprefix('http:')}"  # a next page named without encryption: the credential stays encrypted
        if urlsplit(url).netloc not in self._hosts:  # it would be shown the credential
            raise SourceGarbled(f"{self.host} names another server ({urlsplit(url).hostname}) to go on with")
        self.requests += 1
        try:
            response = self._within_bounds(method, url, request)
        except (httpx.LocalProtocolError, UnicodeEncodeError):  # it would tell the header, and with it the credential
            raise SourceDenied(f"{self.host} cannot be asked: a header is not well-formed", advice=self._odd()) from None
        except httpx.ConnectError as error:
            raise SourceBusy(f"the connection to {self.host} failed ({type(error).__name__})") from error
        except httpx.TimeoutException as error:
            raise SourceBusy(f"{self.host} did not answer in time", uncertain=True) from error
        except httpx.HTTPError as error:
            raise SourceBusy(f"the connection to {self.host} failed ({type(error).__name__})", uncertain=True) from error
        self.limits.learn(self.platform, self.credential, response.headers, self._clock())
        self._refused(response)
        self._understood(response, wanted)
        return response

    def _wait_for_the_limit(self) -> None:
        now = self._clock()
        if until := self.limits.of(self.platform, self.credential).free_at(now):
            if until - now > PATIENCE:
                raise SourceBusy(f"{self.host} allows no request before {until:%H:%M} UTC", retry_at=until)
            self._sleep((until - now).total_seconds())

    def _within_bounds(self, method: str, url: str, request: dict[str, Any]) -> httpx.Response:
        """Send a request; follow redirects on the same server only, and read no more than MOST_BYTES."""
        for _ in range(_REDIRECTS):
            with self._http.stream(method, url, **request) as answer:
                if answer.next_request is None:
                    body = self._read(answer)
                    headers = [(name, value) for name, value in answer.headers.items() if name.lower() != "content-encoding"]
                    return httpx.Response(answer.status_code, headers=headers, content=body, request=answer.request)
                onward, target = answer.next_request.method, answer.next_request.url
            if target.netloc.decode() != urlsplit(url).netloc or (url.startswith("https:") and target.scheme != "https"):
                raise SourceGarbled(
                    f"{self.host} sends to another server ({target.host})",
                    advice="set base_url to the address that answers itself",
                )
            kept = ("headers",) if onward != method or method == "GET" else ("headers", "json", "data")  # RFC 9110, 15.4
            method, url, request = onward, str(target), {key: request[key] for key in kept if key in request}
        raise SourceGarbled(f"{self.host} redirects in circles")

    def _read(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > MOST_BYTES:
                raise SourceGarbled(f"{self.host} sent more than {MOST_BYTES // 1024**2} MB in one answer")
        return bytes(body)

    def _refused(self, response: httpx.Response) -> None:
        """Raise what a refusal means for whoever asked."""
        status, now = response.status_code, self._clock()
        if self._refusal and (error := self._refusal(response, now)):
            if isinstance(error, SourceBusy) and error.retry_at:
                self.limits.block(self.platform, self.credential, error.retry_at)
            raise error
        if status < 400:
            return
        if status == 429 or status >= 500:
            raise self._busy(response, now)
        what = f"{self.host} answered {status} to {response.request.method} {response.request.url.path}"
        if status in (401, 403):
            raise SourceDenied(f"{what}: access denied", advice=self._about_the_credential(status), partly=status == 403)
        if status in (404, 410):
            raise SourceGone(f"{what}: not there", advice="check the source's settings: does the address still exist?")
        raise SourceError(what, advice="look at the platform's status page, then at the source's settings")

    def _busy(self, response: httpx.Response, now: datetime) -> SourceBusy:
        until = retry_after(response.headers, now)
        if response.status_code == 429:
            until = until or self.limits.of(self.platform, self.credential).resets_at
            if until and until > now:
                self.limits.block(self.platform, self.credential, until)
        said = "too many requests" if response.status_code == 429 else f"out of order ({response.status_code})"
        again = until if until and until > now else None
        return SourceBusy(f"{self.host} says: {said}", retry_at=again, uncertain=response.status_code >= 500)

    def _about_the_credential(self, status: int) -> str:
        if not self.has_token:
            return f"this needs a credential: kummerkasten add {self.platform} asks for it and says where to get it"
        what = (
            "is refused: make a new one" if status == 401 else "lacks a permission: see the platform's page in the documentation"
        )
        return f"the token in {self.credential} {what}, then run: kummerkasten check"

    def _odd(self) -> str:
        return f"what stands in {self.credential} holds a line break or a sign that belongs into no token: set it again"

    def _understood(self, response: httpx.Response, wanted: str) -> None:
        """Raise SourceGarbled where the answer is not what was asked for: cut off, HTML, empty."""
        if not wanted:
            return
        if wanted != "json":
            if wanted.encode() not in response.content:
                raise SourceGarbled(f"{self.host} sent {_what_came(response)} where a feed was expected")
            return
        try:
            response.extensions["json"] = json.loads(response.content)
        except ValueError as error:
            raise SourceGarbled(f"{self.host} sent {_what_came(response)} where JSON was expected") from error


@contextmanager
def _sending() -> Iterator[None]:
    """Say of an answer that makes no sense that what was sent may have arrived all the same."""
    try:
        yield
    except SourceGarbled as error:
        error.uncertain = True
        raise


def _what_came(response: httpx.Response) -> str:
    if not response.content.strip():
        return "an empty answer"
    return (
        "an HTML page"
        if response.content.lstrip()[:1] == b"<" and b"<html" in response.content[:2000].lower()
        else "a broken answer"
    )
