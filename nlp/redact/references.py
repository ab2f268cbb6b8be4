"""Numbers of orders, customers and tickets, which a team needs, and of products: neither is taken for anything else."""

import re
from collections.abc import Iterator

from nlp.redact.checks import card_lengths, is_card
from nlp.redact.finding import Finding
from nlp.redact.numbers import bare

_NUMBER = r"(?P<said>(?:[-. ]{0,2}(?:nummer|nr|no|number|id|num|n°|nº)\b)?[.:#]{0,2})(?: ?(?:ist|is|lautet|war)\b:?)?[ ]?"
_CODE = (
    r"(?P<number>#?(?:[0-9]{4}(?:[ ][0-9]{4}){1,3}|(?=[A-Z/-]{0,8}[0-9])[A-Z0-9][A-Z0-9/-]{3,34}(?:[ ][0-9]{1,3}"
    r"(?![0-9]))?)(?![\w@]))"
)
_REFERENCE = re.compile(
    r"(?<!\w)(?P<word>bestell(?:ung)?|auftrag(?:s)?|kunden|kd|rechnung(?:s)?|vertrag(?:s)?|vorgang(?:s)?|ticket|sendung(?:s)?"
    r"|paket|tracking"
    r"|reklamation(?:s)?|referenz|retouren?|mitglied(?:s)?|versicherungsschein|police|aktenzeichen|az|storno für|order"
    r"|customer|reference"
    r"|ref|case|invoice|account|booking|buchung(?:s)?|contract|bestelling|commande|zamówienie|ordine|pedido|sipariş"
    r"|klantnummer|vertragskonto|kundenkonto|lieferschein|beleg|bon|mandatsreferenz|kassenzeichen|(?:geschenk|gutschein)karten?)"
    + _NUMBER
    + _CODE,
    re.I,
)
_PRODUCT = re.compile(
    r"(?<!\w)(?P<word>art(?:ikel)?|strichcode|barcode|upc|ean|gtin|isbn|pzn|imei|serien|seriennummer|serial|sn|s/n|sku"
    r"|(?<!post )(?<!zip )(?<!area )(?<!sort )code|modell?|ersatzteil|part|item"
    r"|charge|lot|version"
    r"|update|build|firmware|fehler(?:code)?|error|gutschein(?:code)?|coupon|zähler|flug|flight)"
    + _NUMBER
    + r"(?P<number>(?:[A-Z][ ])?[0-9A-Z][0-9A-Z./-]{1,30}(?:[ ][0-9]{1,3}(?![0-9])){0,4})(?!\w)",
    re.I,
)
_RUN = re.compile(r"[0-9](?:[ ()./-]{0,3}[0-9]){0,20}")
_SURE = re.compile(
    r"bestell|lieferschein|beleg|bon|mandat|kassen|geschenk|strich|bar|upc|auftrag|rechnung|vertrag|vorgang|sendung|paket|tracking|reklamation|retoure|order|invoice|booking|buchung|contract"
    r"|art|ean|gtin|isbn|pzn|imei|serial|serien|sn|s/n|sku|code|gutschein|coupon|zähler|modell?|ersatzteil|part",
    re.I,
)
"""What has numbers of its own; beside "Kunde", "Account" or "Update" a bare number may as well be a telephone's."""
_THINGS = re.compile(r"ean|gtin|isbn|imei", re.I)
_FEWEST_DIGITS = 3
_CARD, _PHONE = range(14, 20), range(10, 16)
"""How many digits cards and telephone numbers have; shorter ones are more often numbers of orders."""


def references(text: str) -> Iterator[Finding]:
    """Find numbers of orders, customers, contracts, parcels and tickets by the word before them."""
    for hit in _REFERENCE.finditer(text):
        if sum(sign.isdigit() for sign in hit["number"]) >= _FEWEST_DIGITS and _belongs(text, hit):
            yield Finding("reference", *hit.span("number"))


def products(text: str) -> Iterator[Finding]:
    """Find numbers of things, so that they are not taken for telephone or card numbers; they are never hidden."""
    for hit in _PRODUCT.finditer(text):
        if any(sign.isdigit() for sign in hit["number"]) and _belongs(text, hit):
            yield Finding("product", *hit.span("number"))


def _belongs(text: str, hit: re.Match[str]) -> bool:
    """Say whether a number belongs to the word before it, and is not a card's or a telephone's ("Ruft den Kunden 0172 ... an").

    "Nr.", "ID" or "#" settles it; so does a colon, or a word that has numbers of its own, where nothing but hyphens parts it.
    """
    run = _RUN.match(text, hit.start("number"))
    if not run or re.search(r"[\w#]", hit["said"]) or _THINGS.fullmatch(hit["word"]):
        return True
    digits = bare(run[0])
    if len(digits) in _CARD and len(digits) in card_lengths(digits) and is_card(digits):
        return False
    sure = _SURE.match(hit["word"]) or ":" in hit["said"]
    return not (digits.startswith("0") and len(digits) in _PHONE and (not sure or re.search(r"[ ()/]", run[0])))
