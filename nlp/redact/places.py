"""Postal addresses as they are written in Germany, Austria and Switzerland.

A street counts with its number; a word that may be something else ("Platz 3", "Im Flur 5") only with a postcode or beside a word
like "Adresse". A postcode with its town alone stays: it names no door. Patterns begin at a word's border and repeat a bounded
number of times.
"""

import re
from collections.abc import Iterator

from nlp.redact import near
from nlp.redact.finding import Finding
from nlp.redact.flat import CAPITAL, LETTER
from nlp.redact.words import words

_CAP = rf"[{CAPITAL}][{LETTER}.'-]{{1,30}}"
_UNITS = (
    r"(?! ?(?:€|%|km|cm|mm|m|kg|g|x|h|(?i:euro|eur|std|min|uhr|mal|stück|stunden?|minuten?|tagen?|wochen?|monaten?|jahren?"
    r"|personen|stockwerke|leute"
    r"|kartons?|pakete|sterne|meter|anrufe))(?![^\W\d]))"
)
_NUMBER = (
    rf"[0-9]{{1,4}}(?: ?[a-wyz](?![{LETTER}]))?(?:[ ]?[-/+][ ]?[0-9]{{1,4}}[a-z]?){{0,3}}(?![\w])(?![.:][0-9])"
    rf"(?!,[0-9](?![0-9]{{3,4}} ?[{CAPITAL}])){_UNITS}"  # "5,10115 Berlin", but not "5,50 Euro"
)
_PLACE = (
    rf"(?:(?:St|Bad|Sankt|Groß|Klein|Neu|Alt|Ober|Unter)\.?[ -])?[{LETTER}][{LETTER}.'/-]{{1,30}}(?<![.-])"
    rf"(?:[ ](?:am|an der|im|in der|bei|ob der|vor der|a\.) ?{_CAP}|[ ]\([^)\n]{{1,20}}\)|[ -][{CAPITAL}][{LETTER}-]{{2,30}})?"
)
_TOWN = rf"(?:[ ]?[,\n·/|-][ \n]?|[ ])(?:in )?(?:(?:D|A|CH|DE|AT)[ -]{{1,3}})?[1-9][0-9]{{3}}(?:[0-9])?[ ]{_PLACE}"
_TOWN_ZERO = rf"(?:[ ]?[,\n·/|-][ \n]?|[ ])(?:in )?(?:(?:D|DE)[ -]{{1,2}})?0[1-9][0-9]{{3}}[ ]{_PLACE}"
_ANY_TOWN = f"(?:{_TOWN}|{_TOWN_ZERO})"

_SURE = r"straße|strasse|str\.?|gasse|allee|chaussee|promenade|damm|pfad|weg|platz"
_MAYBE = (
    r"hang|kamp|gürtel|höhe|brink|blick|bogen|twiete|redder|koppel|ring|ufer|markt|graben|kai|zeile|winkel|anger|rain|steig|stieg"
)
_ONE_WORD = re.compile(
    rf"(?<![\w.-])(?P<street>[{LETTER}][{LETTER}.-]{{0,40}}?(?:{_SURE}|(?P<maybe>{_MAYBE})))"
    rf"(?:,?[ ](?:Nr\.|Nummer|Hausnummer)[ ]|[ ]{{0,2}}){_NUMBER}"
    rf"(?P<town>{_ANY_TOWN})?",
    re.I,
)
_TWO_WORDS = re.compile(
    rf"(?<![\w-])(?P<first>[{CAPITAL}][{LETTER}.-]{{1,30}})[ -]"
    rf"(?:Straße|Strasse|Str\.?|straße|str\.|Gasse|Allee|Chaussee|Promenade|Damm|(?:(?<=[er][nr-])|(?<=[er][nr] ))(?:Weg"
    rf"|Platz|Ring|Ufer|Markt)|(?:[{CAPITAL}][{LETTER}]{{2,20}}(?:straße|strasse|gasse)))"
    rf"[ ]{{0,2}}{_NUMBER}(?P<town>{_ANY_TOWN})?"
)
_OF = re.compile(
    rf"(?<![\w-])(?:Straße|Strasse|Platz|Allee|Weg|Ring|Ufer) (?:de[rs]|zu[rm]|am|an der|von) (?:[0-9]{{1,2}}\. )?{_CAP}"
    rf"(?: {_CAP})?[ ]{_NUMBER}(?P<town>{_ANY_TOWN})?"
)
_NO_MONTH = (
    r"(?!(?:Jan(?:uary?)?|Feb(?:ruary?)?|Mar(?:ch)?|März|Apr(?:il)?|Ma[iy]|Jun[ei]?|Jul[iy]?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|O[ck]t(?:ober)?|Nov(?:ember)?|De[cz](?:ember)?|[A-Z][a-z]{2,6}tag|Mittwoch)\.?[ ])"
)
"""Unlike "Schulberg 8, 65183 Wiesbaden", "Nov 15, 2020 The" is a date."""
_AT = re.compile(
    rf"(?<![\w-])(?:Am|An der|An den|An dem|Auf der|Auf dem|Auf den|Im|In der|In den|In dem|Unter den|Unter der|Zum|Zur"
    rf"|Bei der|Bei den|Beim|Hinter der|Hinter dem|Hinter den|Vor den|Neben der|Zwischen den"
    rf"|Vor dem|Vor der|Zu den|Ob der) {_NO_MONTH}{_CAP}(?: {_CAP})?[ ]{_NUMBER}(?P<town>{_ANY_TOWN})?"
)
_NO_TOWN = (
    r"(?!(?:Artikel|Aufrufe|Bewertungen|Dollar|Euro|Follower|Franken|Jahre|Kalorien|Kilometer|Kunden|Leute|Likes|Mark|Meter|Modell|Personen"
    r"|Punkte|Seiten|Spiele|Sterne|Stück|Stunden|Tage|Teile|Update|Watt)(?!\w))"
)
_SMALL_AT = re.compile(
    rf"(?<![\w-])(?:am|an der|auf de[rmn]|im|in de[rmn]|unter den|zum|zur|bei[mr]?|vor de[rm]) {_NO_MONTH}{_CAP}(?: {_CAP})?[ ]"
    rf"{_NUMBER}[ ]?[,\n][ \n]?(?:D-)?[0-9]{{5}}[ ]{_NO_TOWN}{_PLACE}",
    re.I,
)
_SMALL_TWO_WORDS = re.compile(
    rf"(?<![\w-])(?P<first>[{LETTER}-]{{2,30}}e[rn]?)[ ](?:stra(?:ß|ss)e|str\.?|allee|gasse)[ ]{{0,2}}{_NUMBER}"
    rf"(?P<town>{_ANY_TOWN})?",
    re.I,
)
"""In small letters "am mühlbach 3" needs its town, and "berliner straße 5" that or a word like "wohne"."""
_ANY = re.compile(
    rf"(?<![\w-]){_NO_MONTH}{_CAP}(?: {_NO_MONTH}{_CAP})?[ ]{_NUMBER}"
    rf"(?P<town>[ ]?[,\n][ \n]?(?:(?:D|A|CH)[ -]{{1,2}})?[0-9]{{4,5}}[ ](?=[{CAPITAL}]){_NO_TOWN}{_PLACE})"
)
_OLD = re.compile(
    rf"(?<![\w-])(?:(?:Lange|Kurze|Hohe)n? Reihe|(?:Lange|Kurze|Hohe|Breite|Große|Kleine|Obere|Untere|Alte|Neue)[nr]?"
    rf" (?:Zeile|Twiete|Wall|Bleichen|Kamp|Stiege|Furche|Lache|Point|Graben))[ ]{_NUMBER}(?P<town>{_ANY_TOWN})?"
)
_SQUARE = re.compile(
    r"(?<![\w-])[A-U][ ]?[1-9],[ ]?[0-9]{1,2}[ ]?[a-z]?(?:,?[ \n](?:in )?|,)(?:(?:D-)?681(?:59|61)[ ])?Mannheim(?!\w)"
)
"""Mannheim counts its blocks instead of naming streets: "C 4, 12"."""
_STATION = re.compile(rf"(?<!\w)(?:Packstation|Postfiliale)[: ]{{1,2}}(?:Nr\.? )?[0-9]{{3}}(?![\w])(?P<town>{_ANY_TOWN})?", re.I)
_STATION_NUMBER = re.compile(r"(?<!\w)Post-?(?:nummer|nr\.?)[:]?(?: ?ist)?[ ]?(?P<number>[0-9]{6,10})(?!\w)", re.I)
_BOX = re.compile(rf"(?<!\w)Postfach[ ][0-9][0-9 ]{{1,9}}[0-9](?!\w)(?P<town>{_ANY_TOWN})?", re.I)

_LIVES = re.compile(
    r"wohn|adress|anschrift|hausnummer|liefer\w{0,4} (?:an|in|nach)|zustell|umgezogen|umzug|umzieh|geklingelt|abgegeben"
    r"|absender|empfänger"
    r"|anschluss|zählerstand",
    re.I,
)
_NOT_BEFORE = words("no_street_before")
_NO_STREET = words("no_streets")
_MAYBE_STREET = words("maybe_streets")
_SPOTS = ("parkplatz", "stellplatz", "sitzplatz", "stehplatz", "dateipfad", "logenplatz")
_TO = re.compile(r"\b(?:an|zur|meine|nach)(?: die| der)? $", re.I)


def addresses(text: str) -> Iterator[Finding]:
    """Find streets with their numbers, with postcode and town where they follow, and where post and parcels are kept."""
    yield from _kept_for_somebody(text)
    for hit in _SQUARE.finditer(text):
        yield Finding("address", *hit.span())
    for pattern in (_OF, _OLD, _TWO_WORDS):
        for hit in pattern.finditer(text):
            if hit["town"] or "first" not in hit.groupdict() or hit["first"].lower() not in _NOT_BEFORE:
                yield Finding("address", *hit.span())
    for hit in _AT.finditer(text):
        if hit["town"] or near.before(text, hit.start(), _LIVES):
            yield Finding("address", *hit.span())
    for hit in _ANY.finditer(text):
        yield Finding("address", *hit.span())
    yield from _in_small_letters(text)
    for hit in _ONE_WORD.finditer(text):
        sure = near.before(text, hit.start(), _LIVES) or not (hit["maybe"] or hit["street"].lower() in _MAYBE_STREET)
        if hit["town"] or (sure and hit["street"].lower() not in _NO_STREET and not hit["street"].lower().endswith(_SPOTS)):
            yield Finding("address", *hit.span())


def _in_small_letters(text: str) -> Iterator[Finding]:
    for hit in _SMALL_AT.finditer(text):
        yield Finding("address", *hit.span())
    for hit in _SMALL_TWO_WORDS.finditer(text):
        if hit["town"] or (hit["first"].lower() not in _NOT_BEFORE and near.before(text, hit.start(), _LIVES)):
            yield Finding("address", *hit.span())


def _kept_for_somebody(text: str) -> Iterator[Finding]:
    """Find post office boxes and parcel lockers; a locker without a town only where something is sent to it."""
    for hit in _BOX.finditer(text):
        yield Finding("address", *hit.span())
    for hit in _STATION.finditer(text):
        if hit["town"] or near.before(text, hit.start(), _TO, 12) or near.before(text, hit.start(), _LIVES):
            yield Finding("address", *hit.span())
    for hit in _STATION_NUMBER.finditer(text):
        yield Finding("address", *hit.span("number"))
