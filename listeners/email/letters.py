"""Mails: bytes become a Mention here, with whatever charset, broken header or missing part they came."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime

from selectolax.lexbor import LexborHTMLParser

from desk.mention import Author, Mention
from listeners.email import answers
from listeners.email.mailbox import Letter
from listeners.email.words import new_words
from listeners.plain import plain

PLATFORM = "email"
_ID = re.compile(r"<([^<>\s]{1,400})>")
_ADDRESS = re.compile(r"[^\s@<>\"(),;:]{1,200}@[^\s@<>\"(),;:]{1,250}")
_QUOTES = (
    "blockquote, .gmail_quote, .gmail_signature, .moz-cite-prefix, .moz-signature, #divRplyFwdMsg, #Signature, .protonmail_quote"
)
_EARLY, _LATE = timedelta(days=14), timedelta(hours=1)
"""How far the date that a mail names may lie before and after its arrival to be believed."""
_WIDER = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "us-ascii": "utf-8", "ascii": "utf-8", "unicode-1-1-utf-7": "utf-7"}
"""What is declared, and what was meant where it differs (WHATWG Encoding, 4.2)."""


def to_mention(letter: Letter, ours: Iterable[str], *, sent: bool = False, whole: bool = False) -> Mention:
    """Turn a mail into a Mention; *sent* says that it lies in our folder of sent mail, *whole* that quotes are kept."""
    message = parsed(letter)
    own, above = message_id(message, letter), referenced(message)
    author = author_of(message, ours)
    text = text_of(message, whole=whole)
    return Mention(
        platform=PLATFORM,
        native_id=own,
        conversation=answers.conversation_of(above) or own,
        parent=above[-1] if above else None,
        kind="email",
        title=header(message, "Subject"),
        text=text if whole else new_words(text),
        author=author,
        said_at=said_at(message, letter.arrived),
        ours=sent or (author is not None and author.native_id in ours),
        attachments=tuple(attachments(message)),
    )


def parsed(letter: bytes) -> Message:
    """Return a mail's parts."""
    return message_from_bytes(letter, policy=compat32)


def nobody_wrote(message: Message) -> str:
    """Return why a mail is none that a person wrote to us (RFC 3834, 2919, 2076); empty where it seems to be one."""
    automatic = header(message, "Auto-Submitted").lower().partition(";")[0].strip()
    if automatic not in ("", "no"):
        return f"sent by a machine (Auto-Submitted: {automatic})"
    if (precedence := header(message, "Precedence").lower()) in ("bulk", "list", "junk", "auto_reply"):
        return f"sent to many (Precedence: {precedence})"
    if name := next((name for name in ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond") if message[name]), ""):
        return f"a newsletter, a list or an automatic answer ({name})"
    if message["Return-Path"] is not None and header(message, "Return-Path").replace(" ", "") in ("<>", ""):
        return "a bounce (empty Return-Path)"
    if message.get_content_type() == "multipart/report":
        return "a bounce or a receipt (multipart/report)"
    if header(message, "X-Spam-Flag").lower() == "yes":
        return "spam (X-Spam-Flag)"
    sender = next((address for _, address in addresses(message, "From")), "")
    return "a bounce (from the mail system)" if re.match(r"(mailer-daemon|postmaster)@", sender) else ""


def _raw(message: Message, name: str) -> list[str]:
    """Return a header's values as they came, bytes that do not belong there included."""
    return [_bytes_decoded(str(value)) for key, value in message.raw_items() if key.lower() == name.lower()]


def message_id(message: Message, letter: bytes) -> str:
    """Return what tells a mail from all others: its Message-ID, else a fingerprint."""
    found = _ID.search(" ".join(_raw(message, "Message-ID")))
    if found:
        return found[1]
    told = "\n".join(" ".join(_raw(message, name)) for name in ("From", "Date", "Subject"))
    return "hash-" + hashlib.sha256(told.encode("utf-8", "replace") + bytes(letter).partition(b"\n\n")[2]).hexdigest()[:40]


def referenced(message: Message) -> list[str]:
    """Return the ids of the mails above this one, the first of the thread first, the one that is answered last."""
    above = _ID.findall(" ".join(_raw(message, "References")))
    answered = _ID.findall(" ".join(_raw(message, "In-Reply-To")))[:1]
    return [one for one in above if one not in answered] + answered


def author_of(message: Message, ours: Iterable[str]) -> Author | None:
    """Return who writes; for what our own forms send in a customer's name, the customer (Reply-To)."""
    people = addresses(message, "From")
    name, address = people[0] if people else ("", "")
    if address in ours or re.match(r"(do[-_.]?)?no[-_.]?t?[-_.]?reply@", address):
        others = [one for one in addresses(message, "Reply-To") if one[1] not in ours]
        name, address = others[0] if others else (name, address)
    return Author(native_id=address[:500], handle=address, name=name or address) if address else None


def addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """Return names and addresses (in small letters) of a header, in their order."""
    written = _raw(message, name)
    found = [(_words_decoded(who), address.strip().lower()) for who, address in getaddresses(written)]
    good = [(who, address) for who, address in found if _ADDRESS.fullmatch(address)]
    return good or [("", one.lower()) for line in written for one in _ADDRESS.findall(line)]


def said_at(message: Message, arrived: datetime | None) -> datetime:
    """Return the date that a mail names, where it is to be believed; else when it arrived."""
    try:
        named = parsedate_to_datetime(header(message, "Date"))
        named = named.replace(tzinfo=UTC) if named.tzinfo is None else named.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        named = None
    if arrived is None:
        return named or datetime.now(UTC)
    return named if named and arrived - _EARLY <= named <= arrived + _LATE else arrived


def text_of(message: Message, *, whole: bool = False) -> str:
    """Return the words of a mail: the text where there is one, else what the HTML shows, without its quotes unless *whole*."""
    if _is_attached(message):
        return ""
    if message.get_content_type() == "multipart/alternative":
        parts = [(part.get_content_type(), text_of(part, whole=whole)) for part in _parts(message)]
        plain_ones = [text for kind, text in parts if kind == "text/plain" and text.strip()]
        return next((text for text in [*plain_ones, *(text for _, text in reversed(parts))] if text.strip()), "")
    if message.is_multipart():
        return "\n\n".join(text for text in (text_of(part, whole=whole) for part in _parts(message)) if text.strip())
    if message.get_content_type() == "text/html":
        return _of_html(_decoded(message), whole)
    return _flowed(message, _decoded(message)).strip() if message.get_content_type() == "text/plain" else ""


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _is_attached(message: Message) -> bool:
    disposition = str(message.get("Content-Disposition", "")).strip().lower()
    return disposition.startswith("attachment") or message.get_content_type() == "message/rfc822"


def _of_html(html: str, whole: bool) -> str:
    if whole:
        return plain(html)
    tree = LexborHTMLParser(html)
    for node in tree.css(_QUOTES):
        node.decompose()
    return plain(tree.html or "") or plain(html)


def _flowed(message: Message, text: str) -> str:
    """Join lines that were broken for travelling only (RFC 3676)."""
    if str(message.get_param("format", "")).lower() != "flowed":
        return text
    glue = "" if str(message.get_param("delsp", "")).lower() == "yes" else " "
    return re.sub(r"(?m)^((?!-- $|>).*\S) \r?\n(?=[^>\s])", lambda line: line[1] + glue, text)


def attachments(message: Message) -> Iterable[str]:
    """Yield the names of what is attached."""
    for part in message.walk():
        name = part.get_filename()
        if name and not part.is_multipart():
            yield _words_decoded(_bytes_decoded(name)).strip()[:200]


def header(message: Message, name: str) -> str:
    """Return a header as a person reads it, on one line."""
    return " ".join(_words_decoded(next(iter(_raw(message, name)), "")).split())


def _words_decoded(text: str) -> str:
    """Undo RFC 2047."""
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(text)
    except (ValueError, LookupError):
        return text
    return "".join(piece if isinstance(piece, str) else _in_some_charset(piece, charset or "utf-8") for piece, charset in pieces)


def _bytes_decoded(text: str) -> str:
    """Read bytes that stand in a header as they are, against the rules."""
    raw = text.encode("utf-8", "surrogateescape")
    return text if not any("\udc80" <= letter <= "\udcff" for letter in text) else _in_some_charset(raw, "utf-8")


def _decoded(part: Message) -> str:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, AssertionError):
        payload = None
    if not isinstance(payload, bytes):
        return ""
    try:
        charset = str(part.get_content_charset() or "utf-8")
    except (ValueError, LookupError):
        charset = "utf-8"
    return _in_some_charset(payload, charset)


def _in_some_charset(raw: bytes, charset: str) -> str:
    """Read bytes in the charset they claim, else in the first that fits; something always comes out."""
    claimed = charset.strip("\"' ").lower()
    for one in (_WIDER.get(claimed, claimed), "utf-8", "cp1252"):
        try:
            return raw.decode(one)
        except (LookupError, ValueError):
            continue
    return raw.decode("latin-1")
