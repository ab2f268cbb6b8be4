"""Who may see the desk: where people sign in, who they are, and what each of them may do (guarantee 12)."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from desk.source import Address, Variable

Role = Literal["reader", "agent", "admin"]
"""A reader sees; an agent answers, corrects and changes tickets too; an admin erases as well."""
_METADATA = "/.well-known/openid-configuration"


_EMAIL = re.compile(r"[!-?A-~]+@[a-z0-9.-]+\.?[a-z0-9-]+", re.I)
"""Plain letters, digits and signs: others may look alike, or become the same when they are made small."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _email(given: str) -> str:
    if not _EMAIL.fullmatch(given.strip()):
        raise ValueError(f'"{given}" is no e-mail address (a domain with other letters is written in its xn-- form)')
    return given.strip().lower()


def _reached(given: str) -> str:
    """Return an address as browsers say it, for the provider and the cookie are compared with that."""
    url = urlsplit(given)
    host = (url.hostname or "").lower()
    if url.path.strip("/") or url.query or url.fragment or not host.isascii():
        raise ValueError(f'"{given}" must be scheme and host alone, such as "https://kummerkasten.example.org"')
    if url.scheme == "http" and host not in _LOOPBACK:
        raise ValueError("people sign in over https alone; http is for this machine (127.0.0.1, localhost)")
    port = "" if url.port in (None, {"http": 80, "https": 443}[url.scheme]) else f":{url.port}"
    return f"{url.scheme}://{f'[{host}]' if ':' in host else host}{port}"


class Person(BaseModel):
    """Somebody who may sign in: the name that stands on what they do, and the e-mail address their provider vouches for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(str.strip)] = Field(min_length=1, max_length=100, pattern=r"\S")
    email: Annotated[str, AfterValidator(_email)]
    role: Role = "agent"


class SignIn(BaseModel):
    """Where people sign in: a provider of OpenID Connect, and how it knows this desk.

    ``address`` is under which people reach the dashboard; the provider sends them back to ``callback``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: Address
    client_id: str = Field(min_length=1)
    client_secret_env: Variable
    address: Annotated[Address, AfterValidator(_reached)]

    @property
    def metadata(self) -> str:
        """Where the provider says how it is spoken to."""
        return self.provider if self.provider.endswith(_METADATA) else f"{self.provider}{_METADATA}"

    @property
    def callback(self) -> str:
        """Where the provider sends people back to; it wants to know this address beforehand."""
        return f"{self.address}/oauth2callback"
