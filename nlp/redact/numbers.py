"""Numbers that the state or a bank gave to a person; each counts only if its check digit is right.

Every pattern begins at a word's border and repeats a bounded number of times, so the time grows with the text's length alone.
"""

import re
from collections.abc import Iterator

from nlp.redact import checks, near
from nlp.redact.finding import Finding

_IBAN_LENGTHS = {
    "AD": 24, "AL": 28, "AT": 20, "BA": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PL": 28,
    "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29, "XK": 20,
}  # fmt: skip
_IBAN = re.compile(r"(?:(?<!\w)|(?<=iban))[A-Z][ ]?[A-Z][ .-]{0,2}[0-9][ ]?[0-9](?=[ ./_·\n-]{0,3}[A-Z0-9])", re.I)
_IBAN_GAPS = " .-/_·\n\r"
_ACCOUNT = re.compile(
    r"(?<!\w)k(?:onto|to)\.?-?(?:nummer|nr)?[.:]{0,2} ?(?P<account>[0-9]{2}[0-9 ]{3,9}[0-9])[, \n]{1,3}(?:bei der )?"
    r"(?:BLZ|Bankleitzahl)"
    r"|(?<!\w)(?:BLZ|Bankleitzahl)[.:]{0,2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}[,;\n ]{1,3}k(?:onto|to)\.?-?(?:nummer|nr)?[.:]{0,2} ?"
    r"(?P<after>[0-9]{2}[0-9 ]{3,9}[0-9])(?!\w)",
    re.I,
)
_BRITISH_ACCOUNT = re.compile(
    r"(?<!\w)sort code:? ?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[, ]{1,3}(?:account|acc)\.?(?: number| no)?[.:]{0,2} ?"
    r"(?P<account>[0-9]{8})(?!\w)",
    re.I,
)
_CARD = re.compile(r"(?<![\w+])(?<![0-9][.,-])[2-6](?:[ ./_|·-]{0,3}[0-9]){12,18}")
_TAX = re.compile(r"(?<![\w.,+-])[1-9](?:[ ./-]?[0-9]){10}(?!\w)")
_TAX_GROUPS = re.compile(r"[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}")
_TAX_WORDS = re.compile(r"steuer|\bid-?nr|identifikationsn|\btin\b|tax[ -]?(?:id|number)", re.I)
_GERMAN = re.compile(r"(?<![\w-])(?:[0-9][ ./-]?){8}[A-Z][ ./-]?[0-9]{2}[ ./-]?[0-9](?!\w)", re.I)
_AUSTRIAN = re.compile(r"(?<![\w.,+-])[1-9][0-9]{3}[ /-]{0,2}[0-9]{2}[ .]?[0-9]{2}[ .]?[0-9]{2}(?!\w)")
_SWISS = re.compile(r"(?<![\w.,+-])756(?:[ .-]?[0-9]){10}(?!\w)")
_BRITISH = re.compile(r"(?<!\w)([A-Z]{2})[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D](?!\w)", re.I)
_BRITISH_LETTERS = re.compile(r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]")
_SOCIAL_WORDS = re.compile(
    r"sozialv|\bsv\b|sv-?n|vsnr|versicherungsn|\bvers\.?-?nr|e-?card|\bahv\b|national insurance|\bni(?:no)?\b", re.I
)
_VAT = re.compile(
    r"(?<!\w)(?:DE[ ]?[0-9]{3}[ ]?[0-9]{3}[ ]?[0-9]{3}|AT[ ]?U[ ]?[0-9]{4}[ ]?[0-9]{4}|CHE[ -]?[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{3}"
    r"|GB[ ]?[0-9]{3}[ ]?[0-9]{4}[ ]?[0-9]{2}|(?:BE|BG|CY|CZ|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)"
    r"[ ]?(?=[A-Z0-9]{0,3}[0-9]{5})[A-Z0-9]{8,12})(?!\w)",
    re.I,
)
_SIGNS = re.compile(r"[^A-Za-z0-9]+")


def bare(written: str) -> str:
    """Return the letters and digits of a number."""
    return _SIGNS.sub("", written)


def ibans(text: str) -> Iterator[Finding]:
    """Find bank accounts."""
    for hit in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(bare(hit[0])[:2].upper())
        walked = near.walk(text, hit.start(), length, _IBAN_GAPS, 3, then="BIC") if length else None
        if walked and checks.is_iban(walked[0].upper()):
            yield Finding("iban", hit.start(), walked[1])
        elif walked and walked[0][2:].isdigit():  # mistyped: not searched for telephone numbers
            yield Finding("product", hit.start(), walked[1])


def accounts(text: str) -> Iterator[Finding]:
    """Find account numbers of before IBAN, beside their bank's number."""
    for pattern in (_ACCOUNT, _BRITISH_ACCOUNT):
        for hit in pattern.finditer(text):
            which = "account" if hit["account"] else "after"
            yield Finding("iban", *hit.span(which))


def cards(text: str) -> Iterator[Finding]:
    """Find credit and debit cards."""
    for hit in _CARD.finditer(text):
        for length in checks.card_lengths(bare(hit[0])):
            walked = near.walk(text, hit.start(), length, " ./_|·-", 3)
            if walked and walked[0].isdigit() and checks.is_card(walked[0]):
                yield Finding("card", hit.start(), walked[1])
                break


def tax_ids(text: str) -> Iterator[Finding]:
    """Find Steuer-Identifikationsnummern: named, or written in the groups of the official letter."""
    for hit in _TAX.finditer(text):
        named = _TAX_GROUPS.fullmatch(hit[0]) or near.before(text, hit.start(), _TAX_WORDS, 60)
        if named and checks.is_tax_id(bare(hit[0])):
            yield Finding("tax_id", *hit.span())


def social(text: str) -> Iterator[Finding]:
    """Find social security numbers of Germany, Austria, Switzerland and the United Kingdom."""
    for hit in _GERMAN.finditer(text):
        if checks.is_german_social(bare(hit[0])):
            yield Finding("social", *hit.span())
    for hit in _SWISS.finditer(text):
        if checks.is_swiss_social(bare(hit[0])):
            yield Finding("social", *hit.span())
    for hit in _AUSTRIAN.finditer(text):
        if near.before(text, hit.start(), _SOCIAL_WORDS) and checks.is_austrian_social(bare(hit[0])):
            yield Finding("social", *hit.span())
    for hit in _BRITISH.finditer(text):  # has no check digit, but letters that are never given
        if _BRITISH_LETTERS.fullmatch(hit[1]) or near.before(text, hit.start(), _SOCIAL_WORDS):
            yield Finding("social", *hit.span())


def vats(text: str) -> Iterator[Finding]:
    """Find VAT numbers."""
    for hit in _VAT.finditer(text):
        if checks.is_vat(bare(hit[0])):
            yield Finding("vat", *hit.span())
