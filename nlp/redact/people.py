"""People's names beside a word that says so: a salutation, "mein Name ist", a greeting at the end. A bare name stays.

The finding is the name alone; salutation and title stay, since they say nothing about who it is. Small letters count where the
name is in the lists.
"""

import re
from collections.abc import Iterator

from nlp.redact import near
from nlp.redact.finding import Finding
from nlp.redact.flat import CAPITAL, LETTER
from nlp.redact.words import words

_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def _names(which: str) -> frozenset[str]:
    """Return a list of names, also as keyboards without umlauts write them: "krueger", "joerg"."""
    return words(which) | {name.translate(_SPELLED) for name in words(which)}


FIRST_NAMES = _names("first_names")
_SURNAMES = _names("surnames")
_NO_NAMES = words("no_names")
_NO_FAMILY = words("no_family")
_COMPANIES = words("companies")
KNOWN = FIRST_NAMES | _SURNAMES
_FROM = words("no_places") | _COMPANIES
_PLACES = (
    "abteilung", "aufsicht", "bank", "betreuung", "dienst", "kasse", "leitung", "line", "service", "stelle", "support", "team",
    "versicherung", "verwaltung", "werke", "zentrale",
)  # fmt: skip

_TITLES = (
    r"(?:(?:Dr|Prof|Mag|Ing|Dipl|DI|med|jur|rer|nat|phil|hc|h\.c|Doktor|Professor|Professorin|Doctor|MMag|Msc"
    r"|MSc)\.?(?:[ -]|(?<=\.)))"
)
_PART = rf"(?:[{CAPITAL}]'[{CAPITAL}][{LETTER}]{{1,25}}|(?:Mc|Mac)?[{CAPITAL}][{LETTER}]{{1,25}})"
_WORD = rf"{_PART}(?:-[{CAPITAL}]?[{LETTER}]{{1,25}}|'[{LETTER}]{{2,25}}){{0,2}}"
_INITIAL = rf"(?:[{CAPITAL}]|Th|Chr?|Ph|St)\.(?:-|[ ]?)"
_PARTICLE = (
    r"(?:(?:[Vv]on und zu|[Vv]on de[rnm]|[Vv]on|[Vv]an de[rn]|[Vv]an de|[Vv]an 't|[Vv]an|[Zz]u|[Dd]e la|[Dd]e|[Dd]el|[Dd]ella"
    r"|[Dd]i|[Dd]a|[Tt]en|[Tt]er|[Ll]a|[Ll]e|[Ee]l|[Aa]l|[Bb]in|[Dd]os|[Dd]en)[ ]|v\.[ ]?(?:d\.[ ]?)?)"
)
_LAST_INITIAL = rf"(?:[ ][{CAPITAL}](?:\.(?![{LETTER}])|(?=[ ]?(?:$|\n))))?"
NAME = rf"(?P<name>(?:{_INITIAL}){{0,3}}{_PARTICLE}?{_WORD}(?:[ ](?:{_INITIAL})?{_PARTICLE}?{_WORD}){{0,2}}{_LAST_INITIAL})"
_UNIT = re.compile(rf"{_PARTICLE}?[^ ]+")
_SALUTED = re.compile(
    r"(?<![\w-])(?P<salutation>Herrn?|HERRN?|herrn?|Hr\.?|hr\.|Frau|FRAU|frau|Fr\.|fr\.|Frl\.|Familie|Fam\.|Eheleute"
    r"|Ehepaar|Mrs?\b\.?|mrs?\b\.?|Ms\b\.?|ms\.|Miss"
    r"|Mister|Madame|Mme|Monsieur|Mademoiselle|Mlle|Signora?|Signor|Sig\.ra|Sig\.|[Ss]eñor(?:a|ita)?|Sra?\.|Pan[ia]?"
    r"|Mevrouw|Meneer|Dhr\.|Mevr\.|(?<![a-z] )Bay|Bayan"
    rf"|Senhora?|Dr\.?|Prof\.)(?:[ ]{{1,2}}|(?<=Herr)\n|(?<=Herrn)\n|(?<=Frau)\n|(?<=[HF]r\.)){_TITLES}{{0,4}}{NAME}"
)
_SMALL = re.compile(
    rf"(?<![\w-])(?P<salutation>herrn?|frau|fr\.|(?-i:Fr)(?=[ ](?-i:[{CAPITAL}]))|hr\.?|familie|mrs?|ms|miss)[ ]{{1,2}}"
    rf"(?:dr\.?[ ])?(?P<name>[{LETTER}-]{{3,25}})(?!\w)",
    re.I,
)
_SMALL_ADDRESSED = re.compile(
    rf"(?<!\w)(?:hallo|guten (?:tag|morgen|abend)|moin|liebe[rs]?|(?:sehr )?geehrte[rs]?)[ ](?:herr|frau)[ ](?:dr\.?[ ])?"
    rf"(?P<name>[{LETTER}-]{{3,25}})(?!\w)",
    re.I,
)
"""Who is spoken to has a name, also one that is in no list: "hallo frau petersen"."""
_SMALL_BOTH = re.compile(
    rf"(?<![\w-])(?:herrn?|frau|name|hier(?: ist)?|ich bin|this is|hi im|i'm|i am|auf)[ ]"
    rf"(?P<given>[{LETTER}]{{3,25}})[ ](?P<family>[{LETTER}]{{3,25}})(?![\w-])",
    re.I,
)
_CALLED = re.compile(
    r"(?<!\w)(?:(?:[Mm]ein |[Dd]er )?[Nn]ame(?: ist|[ ]?:\n?| lautet:?)|[Nn]achname ist|c/o|[Zz]\.[ ]?[Hh](?:d|dn)\."
    r"|[Zz]u Händen(?: von)?|[Ll]ieferung an:|[Ii]ch hei(?:ß|ss)e|(?:[Vv]or- und )?[Nn]achname:|[Vv]orname:"
    r"|[Aa]uf den [Nn]amen|[Uu]nter dem [Nn]amen|(?:[Kk]ontoinhaber|[Aa]nsprechpartner)(?:in)?:?(?: ist)?"
    r"|(?:[A-ZÄÖÜ][a-zäöüß]{2,15})?(?:[Aa]bsender|[Ee]mpfänger|[Ii]nhaber|[Bb]esteller)(?:in)?:|[Hh]ier schreibt"
    r"|[Ii]\.[ ]?[AV]\.|[Gg]ez\.:?|[Mm]y name(?:'s| is)|[Ii]n the name of"
    r"|[Aa]ccount holder:?|[Jj]e m'appelle|[Mm]i chiamo|[Mm]e llamo|[Mm]ijn naam is|[Nn]azywam się|[Aa]dım)"
    rf"(?:[ ]{{1,2}}|(?<=[:.\n])){_TITLES}{{0,3}}{NAME}(?![ ]?:)"
)
_PERSON = re.compile(
    r"(?<!\w)(?:[Ii]ch bin(?: die| der)?|[Ii]ch,|I'm|I am|[Tt]his is|[Ee]s grüßt(?: Sie| euch| dich)?"
    r"|[Kk]undin|[Kk]unde|[Vv]ersicherte[rn]?|(?:[Mm]ieter|[Pp]atient"
    r"|[Hh]alter)(?:in)?"
    r"|(?:[A-ZÄÖÜ][a-zäöüß]{2,15})?(?:[Mm]itarbeiter|[Kk]olleg(?:en?|(?=in))|[Tt]echniker|[Bb]erater|[Ff]ahrer|[Zz]usteller"
    r"|[Vv]erkäufer|[Ss]achbearbeiter|[Nn]achbarn?)(?:in)?:?|[Yy]our colleague|[Ss]poke (?:to|with)"
    r"|[Mm]eine? Frau|[Mm]einer Frau|[Mm]ein Mann|[Mm]eine Tochter|[Mm]ein Sohn|[Hh]ier ist|Anschrift nochmal:"
    r"|Adresse:|Anschrift:)"
    rf"[ ]{{1,2}}{NAME}"
)
_FIRST_AFTER = re.compile(rf",[ ]([{CAPITAL}][{LETTER}-]{{1,25}})(?!\w)")
"""As forms have it: "Name: Müller, Peter"."""
_FEW_WORDS = rf"[{LETTER}][{LETTER}'-]{{1,25}}(?:[ ][{LETTER}][{LETTER}'-]{{1,25}}){{0,2}}"
_CALLED_SMALL = re.compile(
    r"(?<!\w)(?:my name(?:'?s| is)|(?:mein|der) name(?: ist|:)|(?:vor|nach|familien)name:|ich hei(?:ß|ss)e|hier schreibt"
    r"|auf den namen|je m'appelle|me llamo|mi chiamo|mijn naam is|nazywam się)[ ]{1,2}" + rf"(?P<name>{_FEW_WORDS})",
    re.I,
)
_REGARDS = r"Gr(?:ü|ue)(?:ß|ss)e"
_GREETING = (
    rf"(?:[Mm]it (?:[a-zäöüß]{{3,20}}en (?:und )?){{1,2}}{_REGARDS}n|[Mm][Ff][Gg]"
    rf"|(?:[Vv]iele(?: liebe)?|[A-ZÄÖÜa-zäöü][a-zäöüß]{{3,15}}e) {_REGARDS}"
    rf"|(?:(?<![\w ])|(?<=[.!?,] )|(?<=und )){_REGARDS}|Gru(?:ß|ss)|Gr(?:ü|ue)(?:ß|ss)le"
    r"|[Hh]erzlichst|[Hh]ochachtungsvoll|(?:(?<=[.!?,\n] )|(?<=\n))(?:LG|VG|lg|vg|BG|GLG|Lg|Vg|V[Ll]G|vlg|[Mm]vg)"
    r"|(?:[Kk]ind |[Bb]est |[Ww]arm )?[Rr]egards|[Bb]est [Ww]ishes|[Yy]ours (?:sincerely|faithfully|truly)"
    r"|(?:(?<=[.!?] )|(?<=\n))(?:Yours|Best|All the best|Thank you|Thx)(?=,|\n)"
    r"|[Ss]incerely(?: yours)?"
    r"|[Cc]heers|(?:[Mm]any t|[Tt])hanks|[Cc]ordialement|[Bb]ien à vous|(?:[Cc]ordiali|[Dd]istinti) saluti"
    r"|[Ss]aludos|[Uu]n saludo|[Mm]et vriendelijke groet(?:en)?|[Gg]roetjes|[Pp]ozdrawiam)"
)
_FOR = r"(?:(?:[Ii]\.[ ]?[AV]\.|ppa\.|[Ii]m Auftrag|[Ii]n Vertretung)[ \n])?"
END = (
    r"(?P<also>[ ](?:und|and|&)[ ][A-ZÄÖÜ][a-zäöüß]{2,15}(?:[ ][A-ZÄÖÜ][a-zäöüß-]{2,20})?(?!\w))?"
    r"(?:[ ]?[.!*]?(?=[ ]?(?:$|\n|\(|[:;=]-?[)(DPpo3]|<3|[^\w\s.,!?:;/&+'\"-]))|(?P<more>,[ ]|[ ](?:aus|from)[ ][A-Z]|[ ]Tel\b))"
)
"""What comes after a signature: somebody else, a smile, or nothing; or *more*, where only what is surely a name is one."""
BREAK = r"(?:[ ](?:aus|vom|von|from)(?:[ ][\w-]{2,20}){1,3}(?=[,\n]))?[,.!]?(?:[ ]{0,2}\n[>* ]{0,3}){0,4}[ ]{0,2}[*]?"
_SIGNED = re.compile(
    rf"(?<!\w)(?P<greeting>{_GREETING})(?P<break>{BREAK}){_FOR}"
    rf"(?:(?:Ihre?|[Ee]uer|[Ee]ure|[Dd]eine?|[Dd]ie|[Dd]er)[ ])?{_TITLES}{{0,3}}{NAME}{END}"
)
_SIGNED_SMALL = re.compile(
    rf"(?<!\w)(?:{_GREETING}|lg|vg|bg|v?glg|vlg|mvg|thx)[,.!]?[ ]{{0,2}}\n{{0,2}}{_FOR}"
    rf"(?:von[ ])?(?P<name>{_FEW_WORDS}(?:[ ][{LETTER}]\.?)?){END}",
    re.I,
)
_QUICK = ("thanks", "cheers")
"""What stands before companies and exclamations as often as before names: "Thanks DHL"."""
_MINE = re.compile(r"(?<!\w)(?:[mds]eine?[rnm]?|kein[er]?|jeder?)[ ]$", re.I)


def people(text: str) -> Iterator[Finding]:
    """Find names of people."""
    yield from _saluted(text)
    yield from _introduced(text)
    yield from _signed(text)


def _saluted(text: str) -> Iterator[Finding]:
    for hit in _SALUTED.finditer(text):
        end = family_end(hit) if not _nobody(text, hit) else 0
        if end > hit.start("name"):
            yield Finding("name", hit.start("name"), end)
    for hit in _SMALL_BOTH.finditer(text):
        if hit["given"].lower() in FIRST_NAMES and hit["family"].lower() in _SURNAMES:
            yield Finding("name", hit.start("given"), hit.end("family"))
    for hit in _SMALL_ADDRESSED.finditer(text):
        if hit["name"].lower() not in _NO_NAMES:
            yield Finding("name", *hit.span("name"))
    for hit in _SMALL.finditer(text):
        if any(part in _SURNAMES for part in hit["name"].lower().split("-")) and not _nobody(text, hit):
            yield Finding("name", *hit.span("name"))


def _introduced(text: str) -> Iterator[Finding]:
    for hit in _CALLED.finditer(text):
        if (end := family_end(hit)) > hit.start("name"):
            after = _FIRST_AFTER.match(text, end)
            yield Finding("name", hit.start("name"), after.end() if after and after[1].lower() in FIRST_NAMES else end)
    for hit in _CALLED_SMALL.finditer(text):
        if length := _listed(hit["name"]):
            yield Finding("name", hit.start("name"), hit.start("name") + length)
    for hit in _PERSON.finditer(text):
        if first_name(hit["name"]) in FIRST_NAMES:
            yield Finding("name", hit.start("name"), family_end(hit))


def _signed(text: str) -> Iterator[Finding]:
    for hit in _SIGNED_SMALL.finditer(text):
        if _listed(hit["name"]):
            yield Finding("name", hit.start("name"), hit.end("also") if hit["also"] else hit.end("name"))
    for hit in _SIGNED.finditer(text):
        end = family_end(hit) if not _no_signature(hit) else 0
        if end > hit.start("name"):
            yield Finding("name", hit.start("name"), hit.end("also") if hit["also"] and end == hit.end("name") else end)


def _nobody(text: str, hit: re.Match[str]) -> bool:
    """Say whether a salutation is none: "meine Frau Schuhe", "Mr Wash", "Dr. Oetker", "Mr Green Casino"."""
    salutation = hit["salutation"].rstrip(".").lower()
    following = re.findall(r"[\w'-]+", text[hit.start("name") : hit.end("name") + 15].lower())
    if {f"{salutation} {following[0]}", " ".join([salutation, *following[:2]])} & _NO_FAMILY:
        return True
    possessed = salutation == "frau" and near.before(text, hit.start(), _MINE, 12)
    return possessed and first_name(hit["name"]) not in FIRST_NAMES


def _no_signature(hit: re.Match[str]) -> bool:
    """Say whether what follows a greeting is no name: "Thanks DHL", "Many thanks PayPal!", "This is GREAT"."""
    first = first_name(hit["name"])
    certain = first in FIRST_NAMES or "." in hit["name"].split()[0]
    if hit["more"] and hit["name"][0].islower():
        return True
    if not certain and (re.search(r" (?:aus|vom|von|from) ", hit["break"]) or (hit["more"] and " " not in hit["name"])):
        return True
    quick = hit["greeting"].lower().endswith(_QUICK)
    if first in _COMPANIES or (quick and hit["name"].split()[0].isupper() and "." not in hit["name"]):
        return True
    return quick and "\n" not in hit["break"] and first not in FIRST_NAMES and not first.endswith(".")


def first_name(name: str) -> str:
    """Return the first word of a name, in small letters."""
    return re.split(r"[ -]", name)[0].lower()


def _listed(name: str) -> int:
    """Return how many signs of *name* are one by the lists: a first name and what may follow it, or a surname alone; else 0."""
    parts = name.split()
    known = [part.lower().rstrip(".") in KNOWN for part in parts]
    while parts and not known[len(parts) - 1] and len(parts[-1].rstrip(".")) > 1:
        parts.pop()
    return len(" ".join(parts)) if parts and known[0] else 0


def family_end(hit: re.Match[str]) -> int:
    """Return where the name ends: before the first word that is no name ("Frau Lutz Bescheid", "Frau Ohm von der Hotline")."""
    end = hit.start("name")
    for unit in _UNIT.finditer(hit["name"]):
        word = unit[0].split()[-1]
        shouted = unit.start() and word.isupper() and len(word) > 2 and "." not in word
        if shouted or word.lower().rstrip(".") in _NO_NAMES or (word != unit[0] and _is_place(word.lower())):
            break
        end = hit.start("name") + unit.end()
    return end


def _is_place(word: str) -> bool:
    """Say whether somebody is only *from* there: "Herr von der Technik", "die Frau von Vodafone"."""
    return word in _FROM or word.endswith(_PLACES)
