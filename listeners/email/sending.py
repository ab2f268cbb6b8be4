"""Answers by mail: in their thread, under an id made from the idempotency key, kept in the folder of sent mail."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from imap_tools import MailMessageFlags

from desk.errors import ConfigurationError, FateUnknown, SourceBusy, SourceDenied, SourceError
from desk.source import Source
from listeners.contract import Receipt, ReplyTo
from listeners.email import answers
from listeners.email.letters import addresses, header, message_id, parsed, referenced, text_of
from listeners.email.mailbox import Letter, credential, mailbox, sent_folder, translated, with_header
from listeners.email.options import Options, host_of
from listeners.http import Client

_TIMEOUT = 60.0
_LINES = SMTP.clone(max_line_length=998)
"""Ids must not be broken, nor written as RFC 2047 words, however long they are."""
_REFERENCES = 10
_CLOCKS = timedelta(minutes=5)
"""How far the clocks of both sides may differ."""


def reply(client: Client, source: Source, to: ReplyTo, text: str, key: str) -> Receipt:
    """Send *text* to whoever wrote the mail, in its thread; the same *key* again is a mail with the same Message-ID."""
    options = Options.model_validate(source.options)
    if not options.smtp:
        raise ConfigurationError(
            f'source "{source.name}": smtp is missing, so nothing can be sent; write for example smtp.example.com'
        )
    letter = _written(client, options, to, text, key)
    _send(client, options, letter)
    with suppress(SourceError):  # it has been sent: that it could not be filed as well is no reason to send it again
        _file(client, options, letter)
    return Receipt(str(letter["Message-ID"])[1:-1])


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look for the answer in the folder of sent mail: by what it answers, its words, and its time.

    Where we file sent mail ourselves, or nobody does, a mail that is not there may have been sent all the same: then it raises
    FateUnknown.
    """
    options = Options.model_validate(source.options)
    with mailbox(client, options) as box, translated(options.imap, client.credential):
        folder = sent_folder(box, options)
        found = with_header(box, folder, "In-Reply-To", f"<{to.native_id}>", since - timedelta(days=1)) if folder else []
    for letter in reversed(found):
        message = parsed(letter)
        recent = letter.arrived is None or letter.arrived >= since - _CLOCKS
        if recent and text_of(message, whole=True).split() == text.split():
            return Receipt(message_id(message, letter))
    if options.save_sent or not folder:
        raise FateUnknown(f"{options.imap} keeps no sent mail of its own: whether this one left cannot be seen")
    return None


def _written(client: Client, options: Options, to: ReplyTo, text: str, key: str) -> EmailMessage:
    """Return the answer as it is sent."""
    ours = options.address or client.secrets.get("user", "")
    if "@" not in ours:
        raise ConfigurationError('address is missing: what answers come from, for example address = "service@example.com"')
    recipient, subject, above = _answered(client, options, to)
    letter = EmailMessage(policy=_LINES)
    try:
        letter["From"] = formataddr((options.sender, ours))
        letter["To"] = recipient
        letter["Subject"] = subject
        letter["Date"] = format_datetime(client.now())
        letter["Message-ID"] = f"<{answers.own_id(key, to.conversation, ours.rpartition('@')[2])}>"
        letter["In-Reply-To"] = f"<{to.native_id}>"
        letter["References"] = " ".join(f"<{one}>" for one in [above[0], *above[1:][-_REFERENCES:]])
        letter.set_content(text)
    except (ValueError, MessageError) as error:
        raise SourceError("this mail cannot be answered: its address or subject is broken", advice="answer it by hand") from error
    return letter


def _answered(client: Client, options: Options, to: ReplyTo) -> tuple[str, str, list[str]]:
    """Return to whom, under which subject and below which mails the answer goes: as the mail says, if it is still there."""
    original = _original(client, options, to)
    if original is None:
        if "@" not in to.handle:
            raise SourceError("the mail that is answered is gone, and it had no address", advice="answer it by hand")
        return to.handle, "Re:", list(dict.fromkeys([to.conversation, to.native_id]))
    message = parsed(original)
    people = addresses(message, "Reply-To") or addresses(message, "From")
    subject = header(message, "Subject")
    begins = subject.lower().startswith(("re:", "aw:"))
    above = [*referenced(message), to.native_id]
    return people[0][1] if people else to.handle, subject if begins else f"Re: {subject}", list(dict.fromkeys(above))


def _original(client: Client, options: Options, to: ReplyTo) -> Letter | None:
    with mailbox(client, options) as box, translated(options.imap, client.credential):
        for folder in options.folders:
            if found := with_header(box, folder, "Message-ID", f"<{to.native_id}>"):
                return found[-1]
    return None


def _send(client: Client, options: Options, letter: EmailMessage) -> None:
    """Hand a mail to the server; it may have arrived where the connection broke while it was handed over."""
    with _server(client, options) as server:
        try:
            server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            raise _permanent(options, *next(iter(error.recipients.values()))) from error
        except smtplib.SMTPResponseException as error:
            raise _permanent(options, error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise SourceBusy(f"the connection to {options.smtp} broke while the mail was handed over", uncertain=True) from error


def _permanent(options: Options, code: int, said: bytes | str) -> SourceError:
    """Return what a refusal means: 4xx passes, 5xx does not (RFC 5321, 4.2.1)."""
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    what = f"{options.smtp} answers {code}: {' '.join(words.split())[:200]}"
    if code < 500:
        return SourceBusy(what)
    if code in (530, 535, 538):
        return SourceDenied(what, advice="check user and password, and that this user may send as the source's address")
    return SourceError(what, advice="check the address of the customer, and whether this user may send as the source's address")


@contextmanager
def _server(client: Client, options: Options) -> Iterator[smtplib.SMTP]:
    host, port = host_of(options.smtp, 465 if options.smtp_tls == "tls" else 587)
    server: smtplib.SMTP | None = None
    try:
        with translated(host, client.credential):
            try:
                server = _connected(host, port, options)
                _login(server, client, options)
            except (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
                raise SourceBusy(f"{host} hung up") from error
            except smtplib.SMTPNotSupportedError as error:
                raise SourceError(f"{host} cannot do that: {error}", advice="check smtp_tls: tls, starttls") from error
        yield server
    finally:
        if server:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()


def _connected(host: str, port: int, options: Options) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if options.smtp_tls == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=context)
    server = smtplib.SMTP(host, port, timeout=_TIMEOUT)
    if options.smtp_tls == "starttls":
        server.starttls(context=context)
    return server


def _login(server: smtplib.SMTP, client: Client, options: Options) -> None:
    """Log in; a server on this machine may need none."""
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("auth") and options.smtp_tls == "none":
        return
    user, token, password = credential(client, options)
    if token:
        server.auth("XOAUTH2", lambda _challenge=None: f"user={user}\1auth=Bearer {token}\1\1")
    else:
        server.login(user, password)


def _file(client: Client, options: Options, letter: EmailMessage) -> None:
    """Put a mail into the folder of sent mail."""
    if not options.save_sent:
        return
    with mailbox(client, options) as box, translated(options.imap, client.credential):
        if folder := sent_folder(box, options):
            box.append(letter.as_bytes(), folder, dt=client.now(), flag_set=MailMessageFlags.SEEN)
