"""People's names beside a word that says so: a salutation, "mein Name ist", a greeting at the end. A bare name stays.

The finding is the name alone; salutation and title stay, since they say nothing about who it is.
"""

import re
from collections.abc import Iterator

from nlp.redact import near
from nlp.redact.finding import Finding
from nlp.redact.flat import CAPITAL, LETTER
from nlp.redact.words import words

_FIRST_NAMES = words("first_names")
_SURNAMES = words("surnames")
_NO_NAMES = words("no_names")
_NO_FAMILY = words("no_family")

_TITLES = (
    r"(?:(?:Dr|Prof|Mag|Ing|Dipl|DI|med|jur|rer|nat|phil|hc|h\.c|Doktor|Professor|Professorin|Doctor|MMag|Msc"
    r"|MSc)\.?(?:[ -]|(?<=\.)))"
)
_PART = rf"(?:[{CAPITAL}]'[{CAPITAL}][{LETTER}]{{1,25}}|(?:Mc|Mac)?[{CAPITAL}][{LETTER}]{{1,25}})"
_WORD = rf"{_PART}(?:-[{CAPITAL}]?[{LETTER}]{{1,25}}|'[{LETTER}]{{2,25}}){{0,2}}"
_INITIAL = rf"[{CAPITAL}]\.[ ]?"
_PARTICLE = (
    r"(?:(?:[Vv]on der|[Vv]on dem|[Vv]on|[Vv]an der|[Vv]an den|[Vv]an|[Zz]u|[Dd]e la|[Dd]e|[Dd]el|[Dd]ella|[Dd]i|[Dd]a"
    r"|[Tt]en|[Tt]er|[Ll]a|[Ll]e|[Ee]l|[Aa]l|[Bb]in|[Dd]os|[Dd]en)[ ])"
)
_NAME = rf"(?P<name>(?:{_INITIAL}){{0,3}}{_PARTICLE}?{_WORD}(?:[ ](?:{_INITIAL})?{_PARTICLE}?{_WORD}){{0,2}})"
_SALUTED = re.compile(
    r"(?<![\w-])(?P<salutation>Herrn?|HERRN?|herrn?|Hr\.|hr\.|Frau|FRAU|frau|Fr\.|fr\.|Frl\.|Familie|Fam\.|Eheleute"
    r"|Ehepaar|Mrs?\b\.?|mrs?\b\.?|Ms\b\.?|ms\.|Miss"
    r"|Mister|Madame|Mme|Monsieur|Mademoiselle|Mlle|Signora?|Signor|Sig\.ra|Sig\.|[Ss]eñor(?:a|ita)?|Sra?\.|Pan[ia]?"
    r"|Mevrouw|Meneer|Dhr\.|Mevr\.|Bay|Bayan"
    rf"|Senhora?|Dr\.?|Prof\.)[ ]{{1,2}}{_TITLES}{{0,4}}{_NAME}"
)
_SMALL = re.compile(
    rf"(?<![\w-])(?:herrn?|frau|fr\.|hr\.|familie|mrs?|ms|miss)[ ]{{1,2}}(?:dr\.?[ ])?(?P<name>[{LETTER}-]{{3,25}})(?!\w)", re.I
)
_CALLED = re.compile(
    r"(?<!\w)(?:(?:[Mm]ein |[Dd]er )?[Nn]ame(?: ist|:| lautet:?)|[Ii]ch hei(?:ß|ss)e|(?:[Vv]or- und )?[Nn]achname:|[Vv]orname:"
    r"|[Aa]uf den [Nn]amen|[Uu]nter dem [Nn]amen|(?:[Kk]ontoinhaber|[Aa]nsprechpartner)(?:in)?:?(?: ist)?"
    r"|(?:[Aa]bsender|[Ee]mpfänger|[Ii]nhaber)(?:in)?:|[Hh]ier schreibt|[Mm]y name(?:'s| is)|[Tt]his is|[Ii]n the name of"
    r"|[Aa]ccount holder:?|[Jj]e m'appelle|[Mm]i chiamo|[Mm]e llamo|[Mm]ijn naam is|[Nn]azywam się|[Aa]dım)"
    rf"[ ]{{1,2}}{_TITLES}{{0,3}}{_NAME}"
)
_PERSON = re.compile(
    r"(?<!\w)(?:[Ii]ch bin(?: die| der)?|I'm|I am|[Kk]undin|[Kk]unde|[Vv]ersicherte[rn]?|(?:[Mm]ieter|[Pp]atient"
    r"|[Hh]alter)(?:in)?"
    r"|[Mm]eine? Frau|[Mm]einer Frau|[Mm]ein Mann|[Mm]eine Tochter|[Mm]ein Sohn|[Hh]ier ist|Anschrift nochmal:"
    r"|Adresse:|Anschrift:)"
    rf"[ ]{{1,2}}{_NAME}"
)
_REGARDS = r"Gr(?:ü|ue)(?:ß|ss)e"
_GREETING = (
    rf"(?:[Mm]it (?:freundlichen|besten|herzlichen|lieben|vielen) {_REGARDS}n|MfG|mfg|MFG"
    rf"|(?:[Vv]iele(?: liebe)?|[Ll]iebe|[Bb]este|[Ff]reundliche|[Hh]erzliche|[Ss]chöne) {_REGARDS}"
    rf"|(?<![\w ]){_REGARDS}|Gru(?:ß|ss)"
    r"|[Hh]erzlichst|[Hh]ochachtungsvoll|(?:(?<=[.!?,\n] )|(?<=\n))(?:LG|VG|lg|vg|BG|GLG)"
    r"|(?:[Kk]ind |[Bb]est |[Ww]arm )?[Rr]egards|[Bb]est [Ww]ishes|[Yy]ours (?:sincerely|faithfully|truly)"
    r"|[Ss]incerely(?: yours)?"
    r"|[Cc]heers|(?:[Mm]any t|[Tt])hanks|[Cc]ordialement|[Cc]ordiali saluti|[Ss]aludos"
    r"|[Mm]et vriendelijke groet(?:en)?|[Pp]ozdrawiam)"
)
_SIGNED = re.compile(
    rf"(?<!\w){_GREETING}[,.!]?[ ]{{0,2}}\n{{0,2}}(?:(?:Ihre?|[Ee]uer|[Ee]ure|[Dd]eine?|[Dd]ie"
    rf"|[Dd]er)[ ])?{_TITLES}{{0,3}}{_NAME}[ ]?[.!]?(?=[ ]?(?:$|\n|\())"
)
_MINE = re.compile(r"(?<!\w)(?:[mds]eine?[rnm]?|kein[er]?|jeder?)[ ]$", re.I)


def people(text: str) -> Iterator[Finding]:
    """Find names of people."""
    for hit in _SALUTED.finditer(text):
        end = _family(hit) if not _nobody(text, hit) else 0
        if end > hit.start("name"):
            yield Finding("name", hit.start("name"), end)
    for hit in _SMALL.finditer(text):
        if hit["name"].lower() in _SURNAMES:
            yield Finding("name", *hit.span("name"))
    for pattern in (_CALLED, _SIGNED):
        for hit in pattern.finditer(text):
            if (end := _family(hit)) > hit.start("name"):
                yield Finding("name", hit.start("name"), end)
    for hit in _PERSON.finditer(text):
        if hit["name"].split()[0].lower() in _FIRST_NAMES:
            yield Finding("name", hit.start("name"), _family(hit))


def _nobody(text: str, hit: re.Match[str]) -> bool:
    """Say whether a salutation is none: "meine Frau Schuhe", "Mr Wash", "Dr. Oetker"."""
    first = re.split(r"[ -]", hit["name"])[0].lower()
    if f"{hit['salutation'].rstrip('.').lower()} {hit['name'].split()[0].lower()}" in _NO_FAMILY:
        return True
    return hit["salutation"] in ("Frau", "frau") and near.before(text, hit.start(), _MINE, 12) and first not in _FIRST_NAMES


def _family(hit: re.Match[str]) -> int:
    """Return where the name ends: before the first word that is no name ("Frau Lutz Bescheid")."""
    end = hit.start("name")
    for word in re.finditer(r"[^ ]+", hit["name"]):
        if word[0].lower().rstrip(".") in _NO_NAMES or (
            word.start() and word[0].isupper() and len(word[0]) > 2 and "." not in word[0]
        ):
            break
        end = hit.start("name") + word.end()
    return end
