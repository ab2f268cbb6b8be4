"""What was found in a text, and what stands in its place once it is hidden."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

PLACEHOLDERS = {
    "email": "[E-Mail]",
    "phone": "[Telefon]",
    "iban": "[IBAN]",
    "card": "[Karte]",
    "tax_id": "[Steuer-ID]",
    "social": "[SV-Nummer]",
    "vat": "[USt-ID]",
    "id_card": "[Ausweis]",
    "passport": "[Reisepass]",
    "plate": "[Kennzeichen]",
    "address": "[Adresse]",
    "birth": "[Geburtsdatum]",
    "name": "[Name]",
    "handle": "[Konto]",
    "reference": "[Vorgangsnummer]",
}
"""Every kind, and the words that stand for it."""


@dataclass(frozen=True)
class Finding:
    """Something that points to a person: its kind, and where it begins and ends in the text."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Redacted:
    """A text with placeholders, and what they stand for: findings in order, as places in the original text."""

    text: str
    found: tuple[Finding, ...]


Detector = Callable[[str], Iterator[Finding]]
"""Reads a flat text (see ``flat``) and says what it finds; its findings may overlap, the first one wins."""
