"""Postal addresses of the United Kingdom, the United States, France, Italy, Spain, Poland, the Netherlands, and of French and
Italian Switzerland.
"""

import re
from collections.abc import Iterator

from nlp.redact import near
from nlp.redact.finding import Finding
from nlp.redact.flat import CAPITAL, LETTER
from nlp.redact.places import _UNITS

_CAP = rf"[{CAPITAL}][{LETTER}'-]{{1,25}}\.?"
_AREAS = (
    "AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS"
    "|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM"
    "|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE"
)
_POSTCODE = rf"(?:{_AREAS})[0-9][0-9A-HJKMNP-Y]? ?[0-9](?!GB|TB|MB)[ABD-HJLNP-UW-Z]{{2}}(?!\w)"
_TYPE = (
    "Road|Rd|Street|St|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Way|Place|Terrace|Crescent|Gardens|Square|Row|Parade|Hill|Mews|Boulevard"
    "|Blvd|Grove|Walk|Rise|Green|Quay|Wharf"
)
_HOUSE = (
    rf"(?:(?:Flat|Apt|Apartment|Unit|Suite) [0-9]{{1,4}}[A-Za-z]?,? )?[0-9]{{1,5}}[a-zA-Z]?(?:-[0-9]{{1,4}})? "
    rf"(?:(?:{_CAP}|[0-9]{{1,3}}(?:st|nd|rd|th)) ){{1,3}}"
)
_TOWNS = rf"(?:,? ?\n?(?:(?:Apt|Flat|Unit|Suite|#) ?[0-9]{{1,4}}[A-Z]?|{_CAP}(?: {_CAP}){{0,2}})){{0,3}}"
_BRITISH = re.compile(
    rf"(?<![\w.,-])(?:(?:The {_CAP}(?: {_CAP})?|(?:{_CAP} ){{1,2}}(?:House|Cottage|Lodge|Farm|Hall|Court|Barn"
    rf"|Mill)), )?{_HOUSE}(?:{_TYPE})(?![\w]){_TOWNS},?[ \n]{_POSTCODE}"
)
_AMERICAN = re.compile(rf"(?<![\w.,-]){_HOUSE}(?:{_TYPE})\.?{_TOWNS},? [A-Z]{{2}},? [0-9]{{5}}(?:-[0-9]{{4}})?(?!\w)")
_STREET = re.compile(rf"(?<![\w.,-]){_HOUSE}(?:(?P<sure>Road|Rd|Street|St|Avenue|Ave|Lane|Ln|Drive)|{_TYPE})(?![\w])")
_SMALL_BRITISH = re.compile(_BRITISH.pattern, re.I)
_LIVES = re.compile(r"address|\b(?:live|living|deliver|ship|send|sent|left|mov(?:e|ed|ing)|parcel|flat|home)", re.I)
_NO_STREETS = re.compile(r"(?:Quality|Sesame|Jump|Coronation|Main|High|Wall) Street$")
_CODE = re.compile(rf"(?<![\w-]){_POSTCODE}")
_SMALL_CODE = re.compile(rf"(?<![\w-]){_POSTCODE}", re.I)
_CODE_WORDS = re.compile(r"post ?code|address|zip", re.I)
_FRENCH = re.compile(
    rf"(?<![\w.,-])[0-9]{{1,4}}(?: ?(?:bis|ter))?,? (?:(?:rue|avenue|av\.|boulevard|bd|chemin|allée|impasse|ruelle)"
    rf"|(?:place|quai|cours|route|square)(?= (?:de|du|des|la|le|les|à|aux) | d'| l'))"
    rf" (?:(?:de|du|des|la|le|les|à|aux) |d'|l'){{0,3}}[{LETTER}'-]{{2,30}}(?: {_CAP}){{0,3}}"
    rf"(?:,?[ \n](?:CH-|F-)?[0-9]{{4,5}} {_CAP}(?: {_CAP}){{0,2}})?",
    re.I,
)
_OF = r"(?:(?:de|du|des)(?: la)? |de l'|d'|l')"
_NUMBER_LAST = re.compile(
    rf"(?<![\w.,-])(?:(?:[Rr]ue|[Cc]hemin|[Rr]uelle|[Ii]mpasse|[Qq]uai|Ch\.|[Bb]d) {_OF}?"
    rf"|(?:[Aa]venue|[Aa]v\.|[Pp]lace|[Rr]oute|[Bb]oulevard|[Ss]entier|[Pp]assage|[Cc]ours) {_OF})"
    rf"[{CAPITAL}][{LETTER}'-]{{1,30}}(?: {_CAP}){{0,2}},? [0-9]{{1,4}}[a-zA-Z]?(?!\w)(?![.:,][0-9])"
    rf"(?:,?[ \n](?:CH-|F-)?[1-9][0-9]{{3,4}} {_CAP}(?: {_CAP}){{0,2}})?"
)
"""French as in Switzerland: "Rue du Rhône 12, 1204 Genève"."""
_SOUTHERN = re.compile(
    rf"(?<!\w)(?:Via|Viale|Corso|Piazza|Vicolo|Largo|Calle|C/|Avenida|Avda\.|Plaza|Paseo|Rua|ul\.|al\.|os\.|pl\.) ?"
    rf"(?:(?:de|del|della|dei|degli|delle|di|la|las|los|el|da|do|dos|al|alla|ai) ){{0,2}}{_CAP}(?: {_CAP}){{0,3}},? ?"
    rf"(?:n[.º°]{{1,2}} ?)?[0-9]{{1,4}}[A-Za-z]?"
    rf"(?:/[0-9]{{1,4}})?(?!\w){_UNITS}"
    rf"(?:,?[ \n](?:[0-9]{{5}}|[0-9]{{2}}-[0-9]{{3}}|(?:CH-)?[1-9][0-9]{{3}}) {_CAP}(?: {_CAP}){{0,2}})?"
)
_DUTCH_TOWN = rf",?[ \n][1-9][0-9]{{3}} ?[A-Z]{{2}}(?!\w)(?:,? {_CAP}(?: {_CAP})?)?"
_DUTCH = re.compile(
    rf"(?<![\w-])[{CAPITAL}][{LETTER}-]{{1,30}}(?:(?:straat|gracht|laan|plein|kade|singel|dijk|steeg) [0-9]{{1,4}}[a-z]?"
    rf"(?!\w)(?:{_DUTCH_TOWN})?"
    rf"|(?:weg|markt|hof) [0-9]{{1,4}}[a-z]?{_DUTCH_TOWN})"
)
_SMALL_ABROAD = tuple(re.compile(pattern.pattern, re.I) for pattern in (_SOUTHERN, _DUTCH, _AMERICAN))
_LIVES_ABROAD = re.compile(
    r"\b(?:vivo|vivimos|abito|abitiamo|woon|wonen|mieszkam|live|adres\w{0,2}|address|direcci[óo]n|indirizzo)\b[^\n.!?]{0,12}$",
    re.I,
)


def addresses(text: str) -> Iterator[Finding]:
    """Find addresses abroad; a British postcode alone counts too, since it names a handful of doors."""
    for pattern in (_BRITISH, _SMALL_BRITISH, _AMERICAN, _FRENCH, _NUMBER_LAST, _SOUTHERN, _DUTCH, _STREET, _CODE):
        for hit in pattern.finditer(text):
            weak = pattern is _STREET and (not hit["sure"] or _NO_STREETS.search(hit[0]))
            if not weak or near.before(text, hit.start(), _LIVES):
                yield Finding("address", *hit.span())
    for pattern in _SMALL_ABROAD:
        for hit in pattern.finditer(text):
            if near.before(text, hit.start(), _LIVES_ABROAD, 25):
                yield Finding("address", *hit.span())
    for hit in _SMALL_CODE.finditer(text):
        if near.before(text, hit.start(), _CODE_WORDS, 25):
            yield Finding("address", *hit.span())
