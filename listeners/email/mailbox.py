"""A connection to a mailbox, opened for reading only: nothing is ever marked as read; errors say what to do, never the secret."""

import imaplib
import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from imap_tools import (
    AND,
    BaseMailBox,
    H,
    MailBox,
    MailboxFolderSelectError,
    MailboxFolderStatusError,
    MailboxLoginError,
    MailBoxStartTls,
    MailBoxUnencrypted,
    UnexpectedCommandStatusError,
)

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from listeners.access import needed, token_answer
from listeners.email.options import Options, host_of
from listeners.http import Client

_TIMEOUT = 60.0
_MOST = 2 * 1024 * 1024
"""Bytes that are read of one mail: words come first, attachments after them."""
_PASSING = re.compile(r"UNAVAILABLE|LIMIT|INUSE|SERVERBUG|too many|try again|temporar", re.I)
"""Refusals that pass by themselves (RFC 5530)."""


_SENT = ("sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete elemente", "gesendete objekte")
"""What programs call the folder where the server does not mark it."""


class Letter(bytes):
    """A mail as it came."""

    uid: int = 0
    arrived: datetime | None = None


@contextmanager
def mailbox(client: Client, options: Options) -> Iterator[BaseMailBox]:
    """Open the mailbox."""
    host, port = host_of(options.imap, 993 if options.imap_tls == "tls" else 143)
    with translated(host, client.credential):
        if options.imap_tls == "tls":
            box: BaseMailBox = MailBox(host, port, _TIMEOUT, ssl_context=ssl.create_default_context())
        elif options.imap_tls == "starttls":
            box = MailBoxStartTls(host, port, _TIMEOUT, ssl_context=ssl.create_default_context())
        else:
            box = MailBoxUnencrypted(host, port, _TIMEOUT)
    try:
        with translated(host, client.credential):
            _login(box, client, options)
        yield box
    finally:
        with suppress(OSError, imaplib.IMAP4.error, UnexpectedCommandStatusError):
            box.client.logout()


def _login(box: BaseMailBox, client: Client, options: Options) -> None:
    user, token, password = credential(client, options)
    if token:
        box.xoauth2(user, token, initial_folder=None)
    elif (user + password).isascii():
        box.login(user, password, initial_folder=None)
    else:
        box.login_utf8(user, password, initial_folder=None)


def credential(client: Client, options: Options) -> tuple[str, str, str]:
    """Return user, access token and password: one of the last two is empty. Raises ConfigurationError where a part is missing."""
    if options.token_url:
        user, refresh, client_id = needed(client.secrets, "user", "refresh_token", "client_id")
        form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": client_id}
        form |= {"client_secret": client.secrets["client_secret"]} if client.secrets.get("client_secret") else {}
        answer = token_answer(client, client.at(options.token_url), form)
        if answer.get("refresh_token") and answer["refresh_token"] != refresh:
            client.keep_secret("refresh_token", str(answer["refresh_token"]))
        return user, str(answer["access_token"]), ""
    if client.secrets.get("token"):
        return needed(client.secrets, "user")[0], client.secrets["token"], ""
    user, password = needed(client.secrets, "user", "password")
    return user, "", password


def newer(box: BaseMailBox, folder: str, token: str, since: datetime) -> tuple[str, list[int]]:
    """Open *folder* for reading; return its validity, and the ids of what came after *token*, in the order of arrival.

    Where ids begin anew (another UIDVALIDITY, RFC 3501 2.3.1.1), or nothing was read yet, it is what arrived after *since*.
    """
    validity = str(box.folder.status(folder, ["UIDVALIDITY"]).get("UIDVALIDITY", 0))
    box.folder.set(folder, readonly=True)
    known, _, last = token.partition(":")
    if known == validity and last.isdigit():
        found = box.uids(f"UID {int(last) + 1}:*", charset=None)
        return validity, sorted(uid for uid in map(int, found) if uid > int(last))  # "n:*" always gives the last one
    return validity, sorted(map(int, box.uids(AND(date_gte=(since - timedelta(days=1)).date()), charset=None)))


def letters(box: BaseMailBox, uids: Sequence[int]) -> list[Letter]:
    """Return the mails with these ids, in this order, without marking them as read; those that are gone are left out."""
    if not uids:
        return []
    asked = f"(UID INTERNALDATE BODY.PEEK[]<0.{_MOST}>)"
    status, parts = box.client.uid("FETCH", ",".join(map(str, uids)), asked)
    if status != "OK":
        raise SourceGarbled(f"the mail server answers {status} to FETCH")
    found: dict[int, Letter] = {}
    for number, part in enumerate(parts):
        if isinstance(part, tuple):
            after = parts[number + 1] if number + 1 < len(parts) else b""
            letter = _letter(part[0] + (after if isinstance(after, bytes) else b""), part[1])
            found[letter.uid] = letter
    return [found[uid] for uid in uids if uid in found]


def _letter(said: bytes, raw: bytes) -> Letter:
    letter = Letter(raw)
    uid, arrived = re.search(rb"\bUID (\d+)", said), re.search(rb'INTERNALDATE "([^"]+)"', said)
    letter.uid = int(uid[1]) if uid else 0
    with suppress(ValueError):
        letter.arrived = parsedate_to_datetime(arrived[1].decode().strip().replace("-", " ", 2)) if arrived else None
    return letter


def with_header(box: BaseMailBox, folder: str, name: str, value: str, since: datetime | None = None) -> list[Letter]:
    """Return the mails in *folder* that carry a header; the newest last."""
    if not value.isascii():
        return []
    box.folder.set(folder, readonly=True)
    wanted = AND(header=H(name, value), date_gte=since.date()) if since else AND(header=H(name, value))
    return letters(box, sorted(map(int, box.uids(wanted, charset=None)))[-20:])


def sent_folder(box: BaseMailBox, options: Options) -> str:
    """Return the folder of sent mail, as it is set, as the server marks it (RFC 6154), or by its usual names; else empty."""
    if options.sent != "auto":
        return options.sent
    there = box.folder.list()
    marked = next((one.name for one in there if "\\sent" in (flag.lower() for flag in one.flags)), "")
    return marked or next((one.name for one in there if one.name.rpartition(one.delim or "/")[2].casefold() in _SENT), "")


@contextmanager
def translated(host: str, secret: str) -> Iterator[None]:
    """Raise what errors of mail servers mean for whoever asked."""
    try:
        yield
    except (MailboxLoginError, smtplib.SMTPAuthenticationError) as error:
        raise _refused(host, secret, str(error)) from error
    except (MailboxFolderSelectError, MailboxFolderStatusError) as error:
        raise SourceGone(f"{host} does not open the folder", advice="check folders and sent in the source's settings") from error
    except ssl.SSLCertVerificationError as error:
        raise SourceError(
            f"{host} shows a certificate that is not trusted: {error.verify_message}",
            advice="name the server as its certificate does, or trust its authority on this machine",
        ) from error
    except UnexpectedCommandStatusError as error:
        raise SourceBusy(f"{host} says: {_word(error)}") from error
    except imaplib.IMAP4.abort as error:
        raise SourceBusy(f"the connection to {host} failed ({type(error).__name__})") from error
    except imaplib.IMAP4.error as error:  # XOAUTH2 is refused with it, too
        said = str(error)
        raise _refused(host, secret, said) if "AUTH" in said.upper() else SourceBusy(f"{host} says: {said[:200]}") from error
    except OSError as error:
        raise SourceBusy(f"the connection to {host} failed ({type(error).__name__})") from error


def _refused(host: str, secret: str, said: str) -> SourceError:
    if _PASSING.search(said):
        return SourceBusy(f"{host} lets nobody in at the moment")
    return SourceDenied(
        f"{host} refuses the login",
        advice=f"check user and password in {secret}; many providers want an app password, and IMAP to be switched on",
    )


def _word(error: UnexpectedCommandStatusError) -> str:
    data = error.command_result[1]
    said = data[0] if isinstance(data, list) and data else data
    return said.decode("utf-8", "replace")[:200] if isinstance(said, bytes) else str(said)[:200]
