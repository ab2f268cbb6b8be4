"""What the words in an export's cells mean: kinds of mention, who speaks, languages."""

import html
import re

from desk.mention import KINDS, Kind
from listeners.files.table import Cell, text_of

_KINDS = (
    ("review", "app review|product review|store review|bewertung|rezension|rating|app bewertung|shop review"),
    ("comment", "kommentar|reply|antwort|facebook comment|instagram comment|forum"),
    ("dm", "nachricht|direktnachricht|direct message|private message|message|chat|messenger|whatsapp|sms"),
    ("post", "beitrag|tweet|toot|status|thread|posting|social post"),
    ("email", "e mail|mail|ticket|web|webformular|contact form|kontaktformular|support"),
    ("survey", "umfrage|nps|csat|befragung|fragebogen|survey answer|survey response|formular|form"),
)
KINDS_BY_NAME: dict[str, Kind] = {name: name for name in KINDS} | {
    word: kind  # type: ignore[misc]
    for kind, words in _KINDS
    for word in words.split("|")
}
OUR_ROLES = frozenset(
    (
        *("outbound", "out", "outgoing", "ausgehend", "agent", "admin", "staff", "support", "team", "mitarbeiter"),
        *("mitarbeiterin", "company", "firma", "true", "yes", "ja", "1"),
    )
)
THEIR_ROLES = frozenset(
    (
        *("inbound", "in", "incoming", "eingehend", "customer", "user", "end-user", "end user", "kunde", "kundin"),
        *("contact", "requester", "lead", "false", "no", "nein", "0"),
    )
)
_LANGUAGES = {
    **dict.fromkeys(("german", "deutsch", "ger", "deu"), "de"),
    **dict.fromkeys(("english", "englisch", "eng"), "en"),
    **dict.fromkeys(("french", "französisch", "fra", "fre"), "fr"),
    **dict.fromkeys(("dutch", "niederländisch", "nld"), "nl"),
    **dict.fromkeys(("italian", "italienisch", "ita"), "it"),
    **dict.fromkeys(("spanish", "spanisch", "spa"), "es"),
}


_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def plain(text: str) -> str:
    """Return a text without what HTML writes for single signs: exports of web shops hold "R&uuml;ckgabe" and "Q&amp;A"."""
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def kind(cell: Cell) -> Kind | None:
    """Return the kind that *cell* names."""
    return KINDS_BY_NAME.get(" ".join(re.sub(r"[-_]", " ", text_of(cell)).casefold().split()))


def ours(cell: Cell) -> bool:
    """Say whether *cell* names the company's side of a conversation."""
    return cell is True or text_of(cell).casefold() in OUR_ROLES


def language(cell: Cell) -> str | None:
    """Return the two- or three-letter code that *cell* means ("de-AT", "German")."""
    said = text_of(cell).casefold()
    code = _LANGUAGES.get(said) or re.split(r"[-_]", said)[0]
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None
