"""How a request shows who asks: bearer tokens, keys in headers or addresses, passwords, and OAuth tokens that are renewed.

No secret is ever part of a message. What a platform gives anew (a rotated refresh token) is kept where the secrets come from.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from desk.errors import ConfigurationError, SourceDenied, SourceGarbled

if TYPE_CHECKING:
    from listeners.http import Client

Strings = Mapping[str, str]
_EARLY = timedelta(minutes=2)
"""How long before its end a token is renewed."""
_LIVES = 3_600
"""Seconds that a token is trusted where the platform does not say."""


class Access(Protocol):
    """What a request needs to be let in."""

    def headers(self, client: "Client") -> Strings:
        """Return the headers that every request carries."""
        ...

    def query(self) -> Strings:
        """Return what every address carries."""
        ...

    def renew(self, client: "Client") -> bool:
        """Get another token after a refusal (401); False where there is none to be had."""
        ...


@dataclass(frozen=True)
class Fixed:
    """Headers and parameters that never change."""

    carried: Strings = field(default_factory=dict)
    parameters: Strings = field(default_factory=dict)

    def headers(self, client: "Client") -> Strings:
        """Return the headers."""
        return self.carried

    def query(self) -> Strings:
        """Return the parameters."""
        return self.parameters

    def renew(self, client: "Client") -> bool:
        """There is nothing to renew."""
        return False


NOTHING = Fixed()


def bearer(token: str | None, **more: str) -> Fixed:
    """Return access by a bearer token, with *more* headers (``Name_of_header`` for ``Name-of-header``)."""
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return Fixed(({"Authorization": f"Bearer {token}"} if token else {}) | named)


def basic(user: str, password: str) -> Fixed:
    """Return access by name and password (RFC 7617)."""
    return Fixed({"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()})


@dataclass
class Minted:
    """Access by a short-lived token that is made when it is needed: ``mint(client)`` returns it and the seconds it lives."""

    mint: Callable[["Client"], tuple[str, float]]
    more: Strings = field(default_factory=dict)
    header: str = "Authorization"
    scheme: str = "Bearer "
    token: str = ""
    ends: datetime | None = None

    def headers(self, client: "Client") -> Strings:
        """Return the headers, with a token that lives for a while yet."""
        if not self.token or self.ends is None or client.now() >= self.ends - _EARLY:
            self._mint(client)
        return {self.header: self.scheme + self.token, **self.more}

    def query(self) -> Strings:
        """Nothing goes into the address."""
        return {}

    def renew(self, client: "Client") -> bool:
        """Make another token."""
        self._mint(client)
        return True

    def _mint(self, client: "Client") -> None:
        with client.renewing():  # a refresh token that is replaced may be used once: two workers must not use the same
            self.token, lives = self.mint(client)
        self.ends = client.now() + max(timedelta(seconds=lives), 2 * _EARLY)


def granted(url: str, form: Strings, *, user: str = "", password: str = "", **more: str) -> Minted:
    """Return access by OAuth 2 (RFC 6749): tokens come from *url* for the grant in *form*; *more* headers as with `bearer`.

    A refresh token that the platform replaces is kept in place of the old one, under the name of the secret ``refresh_token``.
    """

    def mint(client: "Client") -> tuple[str, float]:
        now = dict(form)
        if "refresh_token" in now:
            now["refresh_token"] = client.secrets.get("refresh_token", now["refresh_token"])
        answer = token_answer(client, url, now, user, password)
        if answer.get("refresh_token") and answer["refresh_token"] != now.get("refresh_token"):
            client.keep_secret("refresh_token", str(answer["refresh_token"]))
        return str(answer["access_token"]), float(answer.get("expires_in") or _LIVES)

    return Minted(mint, {name.replace("_", "-"): value for name, value in more.items()})


def token_answer(client: "Client", url: str, form: Strings, user: str = "", password: str = "") -> dict[str, Any]:
    """Ask *url* for a token; raises SourceDenied where the grant is refused."""
    headers = dict(basic(user, password).carried) if user else {}
    answer = client.grant(client.at(url), form, headers)
    if not isinstance(answer, dict) or not answer.get("access_token"):
        raise SourceGarbled(f"{client.host} gave no token where one was expected")
    return answer


def needed(secrets: Strings, *names: str) -> tuple[str, ...]:
    """Return the parts of a credential; raises ConfigurationError that names those which are missing."""
    missing = [name for name in names if not secrets.get(name)]
    if missing:
        wanted = ", ".join(f"{name}_env" for name in missing)
        raise ConfigurationError(f"this platform needs {wanted}: the name of the environment variable that holds it")
    return tuple(secrets[name] for name in names)


def refused_grant(client: "Client", said: str) -> SourceDenied:
    """Return the error of a token that is not given, in words that a person can act on."""
    return SourceDenied(
        f"{client.host} gives no token: {said}",
        advice=f"the credential in {client.credential} is refused or has run out: make a new one, put it in its place "
        "(the environment, or kummerkasten.env), then run: kummerkasten check",
    )
