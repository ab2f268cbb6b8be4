"""Birth dates: a date beside a word that says so. Any other date stays."""

import re
from collections.abc import Iterator

from nlp.redact.finding import Finding

_MONTH = (
    r"(?:jan(?:uar|uary|vier)?|jänner|feb(?:ruar|ruary|er)?|mär(?:z)?|mar(?:ch|s|zo)?|apr(?:il)?|ma[iy]|jun[ie]?"
    r"|jul[iy]?|aug(?:ust)?|sep(?:t(?:ember)?)?"
    r"|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|de[cz](?:ember|embre)?|février|mai|juin|juillet|août|septembre|décembre|avril"
    r"|enero|febrero|abril|mayo|junio|julio|agosto|septiembre|noviembre|diciembre|gennaio|febbraio|aprile|maggio|giugno|luglio"
    r"|settembre|ottobre|dicembre|januari|februari|maart|augustus|stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia"
    r"|września|października|listopada|grudnia)\.?"
)
_DATE = (
    r"(?:[0-9]{4}[./-][0-9]{1,2}[./-][0-9]{1,2}|[0-9]{1,2} ?[./-] ?[0-9]{1,2} ?[./-] ?(?:(?:19|20)[0-9]{2}|[0-9]{2})"
    rf"|[0-9]{{1,2}}(?:\.|st|nd|rd|th)? ?(?:of |de )?{_MONTH},?(?: de)? ?(?:(?:19|20)[0-9]{{2}}|[0-9]{{2}})"
    rf"|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)[0-9]{{2}})(?!\w)"
)
_VAGUE = (
    rf"(?:{_DATE}|{_MONTH} (?:19|20)[0-9]{{2}}(?!\w)|[0-9]{{1,2}} [0-9]{{1,2}} (?:19|20)[0-9]{{2}}(?!\w)"
    r"|(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(?:19|20)?[0-9]{2}(?!\w))"
)
"""Also "Mai 1980", "03 05 1980" and "03051980", which are birth dates right behind the word alone."""
_WORD = (
    r"(?:geb(?:\.|oren|urtsdat(?:um)?|urtstag|urt|\.?[ -]?dat(?:um)?|\.?-?tag)?|born|birth(?:[ -]?(?:day|date))?|date of birth"
    r"|b-?day|d\.?o\.?b|née?|naissance|nat[oa]|nac(?:id[oa]|í)|nacimiento|nascita|geboortedatum|geboren|urodzon[ya]|urodzenia"
    r"|ur\.|doğum(?: tarihi)?)"
)
_BETWEEN = (
    r"(?:[ \n:.,!=?()-]|(?:ist|is|der|am|im|in|den|on|the|le|il|el|op|falsch|richtig|korrekt|wrong|correct|hinterlegt|eingetragen"
    r"|lautet|war|was|mein"
    r"|my|not|nicht|habt|haben|hab|ihr|sie|es|steht|wurde|bin|ich)(?![^\W\d])){1,14}"
)
_LABELLED = re.compile(rf"(?<!\w){_WORD}(?:[ ]in [^\W\d_]{{2,30}})?{_BETWEEN}(?P<date>{_VAGUE})", re.I)
_WHO = (
    r"(?:(?:bin|ist|wurde|kam|war) (?:ich|er|sie|(?:mein|unser)e? (?:sohn|tochter|kind|mann|frau|mutter|vater|enkel(?:in)?))"
    r"(?: in [^\W\d_]{2,30})? )?"
)
_FOLLOWED = re.compile(rf"(?<![\w.,/-])(?P<date>{_DATE})[ ,]{{1,2}}{_WHO}(?:geboren|geb\.|zur Welt)", re.I)
_STARRED = re.compile(rf"(?<![\w*])\*[ ]?(?P<date>{_DATE})(?!\*)", re.I)


def births(text: str) -> Iterator[Finding]:
    """Find birth dates; the finding is the date alone."""
    for pattern in (_LABELLED, _FOLLOWED, _STARRED):
        for hit in pattern.finditer(text):
            yield Finding("birth", *hit.span("date"))
