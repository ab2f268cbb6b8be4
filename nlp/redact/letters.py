"""Names that only the form of a letter gives away: who is written to, who signs with thanks or with a bare last line, and who a
mail that is quoted is from. First names count where they are in the list.
"""

import re
from collections.abc import Iterator

from nlp.redact.finding import Finding
from nlp.redact.flat import MASK
from nlp.redact.people import BREAK, END, FIRST_NAMES, KNOWN, NAME, family_end, first_name

_ADDRESSED = re.compile(
    rf"(?<!\w)(?:[Hh]allo|[Hh]i|[Hh]ey|[Ll]iebe[rs]?|[Dd]ear|[Mm]oin|[Ss]ervus|[Gg]uten (?:Tag|Morgen|Abend)),?[ ]{NAME}"
    r"(?=[ ]?[,!\n])"
)
_THANKS = re.compile(
    r"(?<!\w)(?:(?:[Vv]ielen |[Bb]esten |[Ll]ieben )?[Dd]anke?(?: im [Vv]oraus| schon ?mal)?|[Hh]erzlich|[Ff]reundlichst"
    rf"|[Aa]lles (?:Gute|Liebe)|[Cc]iao|[Tt]hx){BREAK}{NAME}{END}"
)
_LAST_LINE = re.compile(rf"(?:(?<=\n)|(?<=[.!?] )){NAME}[.!]?[ ]?(?=\s{{0,9}}\Z|\n{{1,2}}[^\n{MASK}]{{0,12}}{MASK}{{8}})")
"""A line or a last sentence that is a name and nothing else, at the end of a text or above an address or a telephone number."""
_SENDER = re.compile(rf"(?<![\w-]){NAME}\"?[ ]{{1,2}}<{MASK}")
_WROTE = (
    re.compile(rf"(?<!\w)schrieb[ ]{NAME}(?=[ ]?:)"),
    re.compile(rf"(?<![\w-]){NAME}(?= wrote:)"),
)


def letters(text: str) -> Iterator[Finding]:
    """Find names by their place in a letter."""
    if f"<{MASK}" in text:
        for hit in _SENDER.finditer(text):
            if any(word in KNOWN for word in re.split(r"[ -]", hit["name"].lower())):  # "Kundenservice <...>" is nobody
                yield Finding("name", *hit.span("name"))
    for pattern in (_ADDRESSED, _THANKS, _LAST_LINE, *_WROTE):
        for hit in pattern.finditer(text):
            shouted = hit["name"].isupper() and " " not in hit["name"]  # "Es ist VIOLA"
            end = family_end(hit)
            if first_name(hit["name"]) in FIRST_NAMES and end > hit.start("name") and not shouted:
                yield Finding("name", hit.start("name"), end)
