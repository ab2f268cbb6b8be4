"""What of a mail is new: quoted text and signatures off, as German and English mail programs write them.

Each line is looked at a bounded number of times, whatever strangers send.
"""

import re

_MOST = 20_000
"""Lines that are looked at."""
_QUOTED = re.compile(r"^\s*>(?![:;_8=-])")
"""Not ">:(", which is a face."""
_HISTORY = re.compile(
    r"^[\s>*_-]*("
    r"-{2,} ?(Urspr(ü|ue)ngliche (Nachricht|E-?Mail)|Original(nachricht| Message)|Weitergeleitete Nachricht|Forwarded message)"
    r" ?-{2,}"
    r"|(Anfang der weitergeleiteten (Nachricht|E-?Mail)|Begin forwarded message):"
    r")\s*$",
    re.I,
)
_FROM = re.compile(r"^[\s>*]*(Von|From):[\s*]+\S", re.I)
_HEAD = re.compile(r"^[\s>*]*(Gesendet|Datum|An|Betreff|Cc|Sent|Date|To|Subject):", re.I)
_WROTE = (
    re.compile(r"^[\s>]*(Am|On)\b[^\n]{3,400}?\b(schrieb|wrote)\b[^\n]{0,200}:\s*$", re.I),
    re.compile(r"^[\s>]*[^\n]{2,150}? (schrieb|hat|wrote) (am|on|um|at)\b[^\n]{3,80}?( geschrieben)?:\s*$", re.I),
    re.compile(r"^[\s>]*\d{4}-\d\d-\d\d[^\n]{3,100}<[^\n<>]{3,100}>:\s*$"),
)
_CERTAIN = re.compile(r"\d{1,2}:\d{2}|@")
"""What programs write and people do not: the time of day, or an address."""
_OPENS = re.compile(r"^[\s>]*(Am|On)\b.*\d", re.I)
_LINE = re.compile(r"^\s*[_=-]{20,}\s*$")
_MACHINE = re.compile(
    r"^\s*(Von meinem .{2,40} gesendet|Gesendet (von|mit|über|aus) .{2,60}|Diese (Nachricht|E-?Mail) wurde von meinem .{2,60}"
    r"|Holen Sie sich Outlook .{2,40}|Sent (from|with|via) .{2,60}|Get Outlook for .{2,40})\s*$",
    re.I,
)
_GREETING = re.compile(
    r"^\s*("
    r"mit (freundlich|best|herzlich|lieb|viel|sonnig)en gr(ü|ue)(ß|ss)en|mit (freundlich|best|herzlich)em gru(ß|ss)"
    r"|((freundliche|viele|beste|liebe|herzliche|schöne|sonnige) )?gr(ü|ue)(ß|ss)e|((lieben|herzlichen|schönen) )?gru(ß|ss)"
    r"|hochachtungsvoll"
    r"|(with )?((kind|best|warm|many) )?(regards|wishes)|yours (sincerely|faithfully|truly)|sincerely( yours)?"
    r")(\s+(?!(an|to)\b)[\w.-]+(\s+[\w.-]+){0,2})?[\s,.!]*$",
    re.I,
)
_SHORT_GREETING = re.compile(r"^\s*(mfg|lg|vg)\b[\s,.!]*\w{0,20}[\s,.!]*$", re.I)
_AFTERWORD = re.compile(r"^\s*(p\.? ?s\.?|nachtrag)\s*[:.]?\s", re.I)


def new_words(text: str) -> str:
    """Return what the writer of a mail says in it; all of it where nothing would be left (a mail that is only forwarded)."""
    lines = re.sub(r"\n{4,}", "\n\n\n", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    kept = [*_without_signature(_without_history(lines[:_MOST])), *lines[_MOST:]]
    said = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in kept)).strip()
    return said or "\n".join(lines).strip()


def _without_history(lines: list[str]) -> list[str]:
    """Leave out what is quoted: lines behind ">", and all that follows a head of an older mail."""
    kept: list[str] = []
    number = 0
    while number < len(lines):
        if _is_head(lines, number):
            while kept and (_LINE.match(kept[-1]) or not kept[-1].strip()):
                kept.pop()
            break
        if spans := _attribution(lines, number):
            number += spans
            following = next((line for line in lines[number : number + 5] if line.strip()), "")
            if not _QUOTED.match(following):
                break
            continue
        if not _QUOTED.match(lines[number]):
            kept.append(lines[number])
        number += 1
    return kept


def _is_head(lines: list[str], number: int) -> bool:
    """Say whether an older mail begins here: a line that says so, or a block of Von/Gesendet/An/Betreff."""
    line = lines[number][:500]
    if _HISTORY.match(line):
        return True
    return bool(_FROM.match(line)) and sum(bool(_HEAD.match(one[:500])) for one in lines[number + 1 : number + 6]) >= 2


def _attribution(lines: list[str], number: int) -> int:
    """Return how many lines from here say who wrote what is quoted below ("Am ... schrieb ...:"), 0 where none does."""
    if not any(mark in lines[number][:500] for mark in (":", "Am ", "On ")):
        return 0
    for spans in (1, 2, 3) if _OPENS.match(lines[number][:500]) else (1,):
        said = " ".join(line.strip() for line in lines[number : number + spans])
        if len(said) <= 600 and _CERTAIN.search(said) and any(pattern.match(said) for pattern in _WROTE):
            return spans
    return 0


def _without_signature(lines: list[str]) -> list[str]:
    """Leave out what stands below "-- " or a greeting at the end, but for a postscript; and what phones add."""
    lines = [line for line in lines if len(line) > 120 or not _MACHINE.match(line)]
    written = [number for number, line in enumerate(lines) if line.strip()]
    for place, number in enumerate(written[1:], 1):  # before the first words there is nothing to end
        if _ends(lines[number], len(written) - place - 1):
            after = next((here for here in written[place + 1 :] if _AFTERWORD.match(lines[here][:80])), len(lines))
            return lines[:number] + lines[after:]
    return lines


def _ends(line: str, following: int) -> bool:
    """Say whether a line with so many others *following* ends what is said."""
    if len(line) > 80:
        return False
    return line.strip() == "--" or bool(_GREETING.match(line)) or (following <= 2 and bool(_SHORT_GREETING.match(line)))
