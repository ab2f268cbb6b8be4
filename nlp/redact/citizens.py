"""Numbers that other states give to a person: each with its check digit, and beside a word that names it (but for the
Italian one).
"""

import re
from collections.abc import Callable, Iterator

from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.us import ssn

from nlp.redact import near
from nlp.redact.finding import Finding
from nlp.redact.numbers import bare

_STATES: tuple[tuple[str, str, str, Callable[[str], bool]], ...] = (
    ("id_card", r"\b(?:dni|nif)\b", r"[0-9]{2}[. ]?[0-9]{3}[. ]?[0-9]{3}[ -]?[A-Z]", dni.is_valid),
    ("id_card", r"\bnie\b", r"[XYZ][ -]?[0-9]{7}[ -]?[A-Z]", nie.is_valid),
    ("tax_id", "", r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]", codicefiscale.is_valid),
    ("social", r"\bbsn\b|burgerservicenummer|sofinummer", r"[0-9]{4}[. ]?[0-9]{2}[. ]?[0-9]{3}", bsn.is_valid),
    ("social", r"\bpesel", r"[0-9]{11}", pesel.is_valid),
    (
        "social",
        r"\bs[ée]cu|\bnir\b|\binsee",
        r"[12](?:[ ]?[0-9]{2}){2}[ ]?[0-9][0-9AB](?:[ ]?[0-9]{3}){2}[ ]?[0-9]{2}",
        nir.is_valid,
    ),
    ("social", r"\bssn\b|social security", r"[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}", ssn.is_valid),
)
"""Kind, word before it, form, and check: Spain, Italy, the Netherlands, Poland, France, the United States (no check digit)."""
_FORMS = tuple(
    (kind, re.compile(word, re.I), re.compile(rf"(?<![\w-])(?:{form})(?!\w)", re.I), check) for kind, word, form, check in _STATES
)


def citizens(text: str) -> Iterator[Finding]:
    """Find numbers of citizens of other countries."""
    for kind, word, form, check in _FORMS:
        for hit in form.finditer(text):
            if near.before(text, hit.start(), word) and check(bare(hit[0])):
                yield Finding(kind, *hit.span())
