"""Telephone numbers: in digits, grouped as you like, and in words ("null eins sieben ...", "oh double seven ...")."""

import re
from collections.abc import Iterator

from nlp.redact import near
from nlp.redact.finding import Finding
from nlp.redact.numbers import bare

_ABROAD = re.compile(r"(?<![\w+])(?<![0-9][.,:])(?:\+|00 ?)[1-9](?:[ ()./-]{0,3}[0-9]){7,14}(?![\w+])(?![.,-][0-9])")
_DIALLED = r"(?P<number>(?:\((?=[0-9 ]{1,7}\)))?0(?:[ ()./-]{0,3}[0-9]){7,12}(?![\w+])(?![.,-][0-9])(?!/(?!0[1-9])[0-9]))"
_HOME = re.compile(rf"(?<![\w+#])(?<![\d\s+(][.,/-])(?<![A-Z][/-]){_DIALLED}")
_OR_ELSE = re.compile(rf"/{_DIALLED}")
"""Another number right behind one: "0171 3920055/0172 9925904"."""
_WRITTEN_O = re.compile(r"(?<![\w.,/+#-])[oO](?:1[5-7]|7[1-9])[0-9](?:[ ./-]{0,3}[0-9oO]){7,8}(?![\w+])")
_UNDERSCORED = re.compile(r"(?<![\w.,/+#-])0[1-9][0-9]{1,4}(?:_[0-9]{2,9}){1,4}(?![\w+])(?![.,/-]\w)")
_AMERICAN = re.compile(
    r"(?<![\w.,/+#-])(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}([ .-]))[2-9][0-9]{2}[ .-][0-9]{4}(?![\w+])(?![.,/-][0-9])"
)
_TELEPHONE = (
    r"(?<!\w)(?:tel(?:efon|ephone|éfono|efoon|efono)?|fon|phone|handy|mobil(?:e|funk)?|cell|fax|festnetz|durchwahl"
    r"|whats ?app|sms|landline"
    r"|telefoon|rückruf|natel|m[óo]vil|cellulare|komórka|ll[áa]m[a-zé]{1,6} al|chiam[a-z]{1,6} al|wa\.me/)"
)
_LINES = re.compile(
    rf"{_TELEPHONE}[.:]{{0,2}}[ \n]{{0,2}}"
    rf"(?P<number>(?:\+[0-9]{{1,2}}|0)[0-9](?:[ ()./\n-]{{0,3}}[0-9]){{7,11}})(?![\w+])(?![.,][0-9])",
    re.I,
)
"""A number that breaks over lines, as signatures of e-mails and forms leave it."""
_NAMED = re.compile(
    rf"{_TELEPHONE}"
    r"[ -]?(?:nummer|nr|no|number)?[.:]{0,2}(?: ?(?:ist|is|lautet|unter|es)\b:?)? ?(?P<number>[(+]?[1-9]"
    r"(?:[ ()/-]{0,3}[0-9]){5,13})(?![\w+])(?![.,][0-9])",
    re.I,
)
_AMERICAN_WORDS = re.compile(r"call|phone|ring|text|cell|tel|mobile|reach|fax|number|whatsapp", re.I)
_DAY = re.compile(r"\(?[0-9]{1,2}([./-]) ?[0-9]{1,2}\1 ?(?:[0-9]{4}|[0-9]{2}\b)(?!\1[0-9]{2}\1[0-9]{2}(?![0-9]))")
_MONTHS = re.compile(r"(?:(?:0[1-9]|1[0-2])[./](?:19|20)?[0-9]{2}(?:[ -]{1,3}|$)){2,6}")
_DAYS = re.compile(
    r"(?:0?[1-9]|[12][0-9]|3[01])\.(?:(?:0?[1-9]|1[0-2])\.?)? ?- ?(?:0?[1-9]|[12][0-9]|3[01])\.(?:0?[1-9]|1[0-2])(?:\.|$)"
)
"""Spans: "06/2024 - 07/2024", "03.05.-10.05.2024", "01.-03.05."."""
_TIMES = re.compile(r"(?:[0-2][0-9]\.[0-5][0-9](?:[ -]{1,3}|$)){2,8}")
_FEWEST, _MOST = 9, 13
_DIGIT_WORDS = {
    "null": 0, "eins": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9,
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ein": 1, "zwo": 2, "fuenf": 5, "oh": 0, "o": 0, "nought": 0,
}  # fmt: skip
_ONES = ("ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
_TENS = ("zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
_DIGIT_WORDS |= {"zehn": 10, "elf": 11, "zwölf": 12, "sechzehn": 16, "siebzehn": 17}
_DIGIT_WORDS |= {f"{_ONES[place - 1]}zehn": 10 + place for place in (3, 4, 5, 8, 9)}
_DIGIT_WORDS |= {tens: 10 * place for place, tens in enumerate(_TENS, start=2)}
_DIGIT_WORDS |= {
    f"{one}und{tens}": 10 * place + add for place, tens in enumerate(_TENS, start=2) for add, one in enumerate(_ONES, start=1)
}
_TOKEN = "|".join(sorted(_DIGIT_WORDS, key=len, reverse=True))
_TIMES_WORD = "doppel|double|triple|dreimal|zweimal"
_GAP = r"(?:[ ]?[,./-][ ]?|[ ])?"
_GROUP = r"(?<![0-9])[0-9]{1,4}(?![0-9])"
_SPOKEN = re.compile(
    rf"(?<!\w)(?:plus{_GAP})?(?:(?:{_TIMES_WORD})[ -]?)?(?:{_TOKEN}|{_GROUP})(?![^\W\d])"
    rf"(?:{_GAP}(?<![^\W\d])(?:(?:{_TIMES_WORD})[ -]?)?(?:{_TOKEN}|hundred|hundert|{_GROUP})(?![^\W\d])){{3,24}}(?!\w)",
    re.I,
)
_WORDS = re.compile(rf"plus|{_TIMES_WORD}|hundred|hundert|{_TOKEN}|[0-9]", re.I)
_REPEATS = {"doppel": 2, "double": 2, "zweimal": 2, "triple": 3, "dreimal": 3}


def phones(text: str) -> Iterator[Finding]:
    """Find telephone numbers, in digits first."""
    yield from _in_digits(text)
    yield from _in_odd_digits(text)
    for hit in _SPOKEN.finditer(text):
        if _is_spoken(hit[0]):
            yield Finding("phone", *hit.span())


def _in_digits(text: str) -> Iterator[Finding]:
    for hit in _ABROAD.finditer(text):
        if not _is_time(hit[0]):
            yield Finding("phone", *hit.span())
    for hit in _home(text):
        number = hit["number"]
        if _FEWEST <= len(bare(number)) <= _MOST and bare(number)[1] != "0" and not _is_time(number):
            yield Finding("phone", *hit.span("number"))
    for hit in _AMERICAN.finditer(text):
        if hit[1] != " " or near.before(text, hit.start(), _AMERICAN_WORDS):
            yield Finding("phone", *hit.span())
    for hit in _NAMED.finditer(text):
        if not _is_time(hit["number"]):
            yield Finding("phone", *hit.span("number"))


def _home(text: str) -> Iterator[re.Match[str]]:
    """Yield numbers that begin with 0, and those that follow one right behind."""
    for hit in _HOME.finditer(text):
        one: re.Match[str] | None = hit
        while one:
            yield one
            one = _OR_ELSE.match(text, one.end())


def _in_odd_digits(text: str) -> Iterator[Finding]:
    for hit in _UNDERSCORED.finditer(text):
        if _FEWEST <= len(bare(hit[0])) <= _MOST:
            yield Finding("phone", *hit.span())
    for hit in _WRITTEN_O.finditer(text):
        yield Finding("phone", *hit.span())
    for hit in _LINES.finditer(text):
        if not _is_time(hit["number"]):
            yield Finding("phone", *hit.span("number"))


def _is_time(written: str) -> bool:
    """Say whether digits are times or dates: "08.00-12.00 13.00", "03.05.2024", "01.-03.05.", "06/2024 07/2024"."""
    return any(form.match(written) for form in (_DAY, _TIMES, _DAYS)) or _MONTHS.fullmatch(written) is not None


def _is_spoken(written: str) -> bool:
    """Say whether words of digits make a number that can be dialled: it begins with 0 or plus and has 7 to 15 digits."""
    digits, words, repeat = "", 0, 1
    for word in _WORDS.findall(written.lower()):
        if word in _REPEATS:
            repeat = _REPEATS[word]
        elif word in ("hundred", "hundert"):
            digits += "00"
        elif word == "plus":
            digits += "0"
        else:
            digits += str(_DIGIT_WORDS.get(word, word)) * repeat
            words, repeat = words + (not word.isdigit()), 1
    return digits.startswith("0") and 7 <= len(digits) <= 16 and words >= 3
