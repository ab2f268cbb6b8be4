"""What strangers wrote, as text: no control characters, no turned lines."""

import re

HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Control characters, and signs that change the direction of a line or that nobody sees (joiners stay: emoji need them)."""
_BLANKS = re.compile(r"\s+")


def plain(text: str, *, lines: bool = False) -> str:
    """Return *text* without what a terminal would obey; on one line, unless *lines* may stay."""
    if lines:
        return HARMFUL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))
    return HARMFUL.sub("\N{REPLACEMENT CHARACTER}", _BLANKS.sub(" ", text)).strip()
