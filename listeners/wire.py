"""One request on the wire: redirects stay on the same server, answers are bounded, and httpx's errors become ours.

No secret is ever part of a message.
"""

import logging
import ssl
from functools import cache
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import httpx

from desk.errors import SourceBusy, SourceDenied, SourceGarbled

USER_AGENT = f"Kummerkasten/{version('kummerkasten')} (self-hosted social listening; reads on its owner's behalf)"
MOST_BYTES = 20 * 1024 * 1024
_TIMEOUT = httpx.Timeout(30, connect=10)
_REDIRECTS = 5


@cache
def _certificates() -> ssl.SSLContext:
    """Return what servers are checked by; reading all authorities takes longer than many a request, so it is done once."""
    return httpx.create_ssl_context()


class Wire:
    """The connections to one platform. *host* is its name in messages, *credential* the name of what it is asked with."""

    def __init__(self, host: str, credential: str, proxy: str | None, transport: httpx.BaseTransport | None) -> None:
        self.host, self.credential = host, credential
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it would write addresses into the log, and some hold a key
        self._http = httpx.Client(
            headers={"User-Agent": USER_AGENT}, timeout=_TIMEOUT, proxy=proxy, transport=transport, verify=_certificates()
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def send(self, method: str, url: str, request: dict[str, Any]) -> httpx.Response:
        """Send a request once and return the answer, read whole; raises SourceBusy, SourceDenied or SourceGarbled."""
        try:
            return self._within_bounds(method, url, request)
        except (httpx.LocalProtocolError, UnicodeEncodeError):  # it would tell the header, and with it the credential
            raise SourceDenied(f"{self.host} cannot be asked: a header is not well-formed", advice=self._odd()) from None
        except httpx.ConnectError as error:
            raise SourceBusy(f"the connection to {self.host} failed ({type(error).__name__})") from error
        except httpx.TimeoutException as error:
            raise SourceBusy(f"{self.host} did not answer in time", uncertain=True) from error
        except httpx.HTTPError as error:
            raise SourceBusy(f"the connection to {self.host} failed ({type(error).__name__})", uncertain=True) from error

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

    def _odd(self) -> str:
        return f"what stands in {self.credential} holds a line break or a sign that belongs into no token: set it again"
