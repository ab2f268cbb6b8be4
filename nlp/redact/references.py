"""Numbers of orders, customers and tickets, which a team needs, and of products: neither is taken for anything else."""

import re
from collections.abc import Iterator

from nlp.redact.finding import Finding

_NUMBER = r"(?:[-. ]{0,2}(?:nummer|nr|no|number|id|num|n°|nº)\b)?[.:#]{0,2}(?: ?(?:ist|is|lautet|war)\b:?)?[ ]?"
_CODE = (
    r"(?P<number>#?(?:[0-9]{4}(?:[ ][0-9]{4}){1,3}|(?=[A-Z/-]{0,8}[0-9])[A-Z0-9][A-Z0-9/-]{3,34}(?:[ ][0-9]{1,3}"
    r"(?![0-9]))?)(?![\w@]))"
)
_REFERENCE = re.compile(
    r"(?<!\w)(?:bestell(?:ung)?|auftrag(?:s)?|kunden|kd|rechnung(?:s)?|vertrag(?:s)?|vorgang(?:s)?|ticket|sendung(?:s)?"
    r"|paket|tracking"
    r"|reklamation(?:s)?|referenz|retouren?|mitglied(?:s)?|versicherungsschein|police|aktenzeichen|az|storno für|order"
    r"|customer|reference"
    r"|ref|case|invoice|account|booking|buchung(?:s)?|contract|bestelling|commande|zamówienie|ordine|pedido|sipariş"
    r"|klantnummer)" + _NUMBER + _CODE,
    re.I,
)
_PRODUCT = re.compile(
    r"(?<!\w)(?:art(?:ikel)?|ean|gtin|isbn|pzn|imei|serien|seriennummer|serial|sn|s/n|modell?|ersatzteil|part|item"
    r"|charge|lot|version"
    r"|update|build|firmware|fehler(?:code)?|error|gutschein(?:code)?|coupon|zähler|flug|flight)"
    + _NUMBER
    + r"(?P<number>(?:[A-Z][ ])?[0-9A-Z][0-9A-Z./-]{1,30}(?:[ ][0-9]{1,3}(?![0-9])){0,4})(?!\w)",
    re.I,
)
_FEWEST_DIGITS = 3


def references(text: str) -> Iterator[Finding]:
    """Find numbers of orders, customers, contracts, parcels and tickets by the word before them."""
    for hit in _REFERENCE.finditer(text):
        if sum(sign.isdigit() for sign in hit["number"]) >= _FEWEST_DIGITS:
            yield Finding("reference", *hit.span("number"))


def products(text: str) -> Iterator[Finding]:
    """Find numbers of things, so that they are not taken for telephone or card numbers; they are never hidden."""
    for hit in _PRODUCT.finditer(text):
        if any(sign.isdigit() for sign in hit["number"]):
            yield Finding("product", *hit.span("number"))
