"""What a source that is a mailbox may say."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Tls = Literal["tls", "starttls", "none"]
_HERE = ("localhost", "127.0.0.1", "::1")


def _server(name: str) -> str:
    if name and not re.fullmatch(r"[\w.-]+(:\d{1,5})?|\[[\da-fA-F:.]+\](:\d{1,5})?", name):
        raise ValueError(f'"{name}" is no mail server; write for example "imap.example.com" or "imap.example.com:993"')
    return name


Server = Annotated[str, AfterValidator(_server)]


class Options(BaseModel):
    """What a mailbox source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    imap: Annotated[Server, Field(min_length=1)]
    """The server that keeps the mail, with its port where it is not the usual one."""
    imap_tls: Tls = "tls"
    folders: tuple[str, ...] = Field(default=("INBOX",), min_length=1)
    sent: str = "auto"
    """The folder of what we sent: what lies there is ours. ``auto`` asks the server for it, empty leaves it out."""
    smtp: Server = ""
    """The server that sends; empty where nothing is answered."""
    smtp_tls: Tls = "starttls"
    address: str = ""
    """What answers come from; the user's name where that is an address."""
    sender: str = ""
    """The name beside it."""
    aliases: tuple[str, ...] = ()
    """Other addresses of ours."""
    save_sent: bool = True
    """Whether answers are put into the folder of sent mail: false where the server does so itself (Gmail, Microsoft 365)."""
    automatic: bool = False
    """Whether newsletters, mailing lists, automatic answers and bounces are heard too."""
    whole: bool = False
    """Whether quoted text and signatures are kept."""
    token_url: str = ""
    """Where a refresh token is exchanged for an access token (OAuth 2)."""

    @model_validator(mode="after")
    def _kept_secret(self) -> Self:
        for server, tls in ((self.imap, self.imap_tls), (self.smtp, self.smtp_tls)):
            if server and tls == "none" and host_of(server, 0)[0] not in _HERE:
                raise ValueError(f'the password would travel to {server} for all to read: write "tls" or "starttls"')
        return self

    def ours(self, user: str) -> frozenset[str]:
        """Return the addresses that are ours."""
        return frozenset(one.casefold() for one in (user, self.address, *self.aliases) if "@" in one)


def host_of(server: str, usual: int) -> tuple[str, int]:
    """Return a server's name and port."""
    found = re.fullmatch(r"(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?", server)
    name = (found[1] or found[2]) if found else server
    return name, int(found[3]) if found and found[3] else usual
