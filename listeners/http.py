"""The one way to ask a platform: retries with backoff and jitter, limits obeyed and shared, answers bounded, errors translated.

Guarantee 5: Retry-After and rate headers are obeyed; 401, 403 and 404 are never hammered. No secret is ever part of a message.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
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


class Client:
    """A platform's HTTP interface under one credential. Use it as a context manager."""

    def __init__(
        self,
        base_url: str,
        *,
        platform: str,
        credential: str = "anonymous",
        token: str | None = None,
        limits: Limits | None = None,
        proxy: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.platform, self.credential = platform, credential
        self.has_token = token is not None
        self.limits = limits or Limits()
        self.requests = 0
        self._clock, self._sleep = clock, sleep
        headers = {"User-Agent": USER_AGENT} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._http = httpx.Client(headers=headers, timeout=_TIMEOUT, proxy=proxy, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.base_url).netloc

    def get(self, path: str, params: Query | None = None) -> httpx.Response:
        """Ask for *path* (below the base address, or a full address on the same server)."""
        return self._asked("GET", path, params=params)

    def get_json(self, path: str, params: Query | None = None) -> Any:
        """Ask for *path* and return its JSON; raises SourceGarbled where none comes, after another try."""
        return self._asked("GET", path, params=params, wanted="json").extensions["json"]

    def get_text(self, path: str, params: Query | None = None, *, must_hold: str) -> bytes:
        """Ask for *path* and return its bytes; raises SourceGarbled where *must_hold* is not in them, after another try."""
        return self._asked("GET", path, params=params, wanted=must_hold).content

    def post_json(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> Any:
        """Send *body*. Only with an idempotency *key* is it sent again when no answer came."""
        headers = {"Idempotency-Key": key} if key else None
        return self._asked("POST", path, json=dict(body), headers=headers, wanted="json", once=key is None).extensions["json"]

    def _asked(self, method: str, path: str, *, once: bool = False, wanted: str = "", **request: Any) -> httpx.Response:
        retrying = Retrying(
            retry=retry_if_exception(self._worth_another_try),
            stop=stop_after_attempt(1 if once else _ATTEMPTS),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )
        response: httpx.Response = retrying(self._once, method, path, wanted, request)
        return response

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
        self.requests += 1
        try:
            response = self._within_bounds(method, url, request)
        except httpx.TimeoutException as error:
            raise SourceBusy(f"{self.host} did not answer in time") from error
        except httpx.HTTPError as error:
            raise SourceBusy(f"the connection to {self.host} failed ({type(error).__name__})") from error
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
                target = answer.next_request.url
            if target.netloc.decode() != urlsplit(url).netloc:
                raise SourceGarbled(
                    f"{self.host} sends to another server ({target.host})",
                    advice="set base_url to the address that answers itself",
                )
            url, request = str(target), {}
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
        if status < 400:
            return
        if status == 429 or status >= 500:
            raise self._busy(response, now)
        what = f"{self.host} answered {status} to {response.request.method} {response.request.url.path}"
        if status in (401, 403):
            raise SourceDenied(f"{what}: access denied", advice=self._about_the_credential(status))
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
        return SourceBusy(f"{self.host} says: {said}", retry_at=until if until and until > now else None)

    def _about_the_credential(self, status: int) -> str:
        if not self.has_token:
            return "this needs a credential: put it into an environment variable and name that in token_env"
        what = (
            "is refused: make a new one" if status == 401 else "lacks a permission: see the platform's page in the documentation"
        )
        return f"the token in {self.credential} {what}, then run: kummerkasten check"

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


def _what_came(response: httpx.Response) -> str:
    if not response.content.strip():
        return "an empty answer"
    return (
        "an HTML page"
        if response.content.lstrip()[:1] == b"<" and b"<html" in response.content[:2000].lower()
        else "a broken answer"
    )
