"""Check digits: most from python-stdnum, the German ones that it lacks from their sources."""

from datetime import date
from itertools import cycle

from stdnum import ean, iban, luhn
from stdnum.at import uid as at_uid
from stdnum.at import vnr
from stdnum.ch import uid as ch_uid
from stdnum.de import idnr
from stdnum.de import vat as de_vat
from stdnum.eu import vat as eu_vat
from stdnum.gb import vat as gb_vat

_CARD_LENGTHS = {"34": (15,), "37": (15,), "4": (16, 19), "30": (14,), "36": (14,), "38": (14,), "6": (16, 19), "35": (16,)}


def is_iban(number: str) -> bool:
    """ISO 13616: the country's form and the remainder by 97."""
    return bool(iban.is_valid(number))


def card_lengths(number: str) -> tuple[int, ...]:
    """Return how many digits a card that begins like *number* may have, () if there are no such cards (ISO/IEC 7812)."""
    if "51" <= number[:2] <= "55" or "22" <= number[:2] <= "27":
        return (16,)
    return _CARD_LENGTHS.get(number[:2]) or _CARD_LENGTHS.get(number[:1], ())


def is_card(number: str) -> bool:
    """Luhn's digit, and digits that differ."""
    return len(set(number)) > 1 and bool(luhn.is_valid(number))


def is_tax_id(number: str) -> bool:
    """Steuer-Identifikationsnummer (§ 139b AO): ISO 7064 mod 11,10, and one digit twice or three times."""
    return bool(idnr.is_valid(number))


def is_german_social(number: str) -> bool:
    """Versicherungsnummer of the German pension insurance (§ 2 VKVV): area, birth date, letter, serial, check digit.

    The letter counts as its two-digit place in the alphabet; digits are weighted and their cross sums added up, modulo 10.
    """
    number = number.upper()
    digits = f"{number[:8]}{ord(number[8]) - 64:02}{number[9:]}"
    products = (int(digit) * weight for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=False))
    return _is_day(int(number[2:4]), int(number[4:6])) and sum(sum(divmod(one, 10)) for one in products) % 10 == int(number[11])


def _is_day(day: int, month: int) -> bool:
    try:
        date(2000, month, day - 50 if day > 50 else day)  # 50 is added where two people were born on one day
    except ValueError:
        return False
    return True


def is_austrian_social(number: str) -> bool:
    """Sozialversicherungsnummer in Austria (§ 460d ASVG)."""
    return bool(vnr.is_valid(number))


def is_swiss_social(number: str) -> bool:
    """AHV number: 756 for Switzerland, and the check digit of EAN-13."""
    return number.startswith("756") and bool(ean.is_valid(number))


def is_vat(number: str) -> bool:
    """VAT numbers of the European Union, the United Kingdom and Switzerland, country first (MIAS, BZSt, HMRC, BFS)."""
    country, rest = number[:2].upper(), number[2:]
    if country == "DE":
        return bool(de_vat.is_valid(rest))
    if country == "AT":
        return bool(at_uid.is_valid(rest))
    if country == "GB":
        return bool(gb_vat.is_valid(rest))
    return bool(ch_uid.is_valid(number) if country == "CH" else eu_vat.is_valid(number))


def travel_digit(serial: str) -> str:
    """Return the check digit of a serial number (ICAO Doc 9303-3, 4.9: weights 7, 3, 1; A is 10; modulo 10)."""
    values = (int(sign, 36) for sign in serial)
    return str(sum(value * weight for value, weight in zip(values, cycle((7, 3, 1)), strict=False)) % 10)
