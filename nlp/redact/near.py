"""Look at the words around a place in a text."""

import re


def before(text: str, place: int, words: re.Pattern[str], reach: int = 40) -> bool:
    """Say whether one of *words* stands in the *reach* signs before *place*."""
    return words.search(text, max(0, place - reach), place) is not None


def walk(text: str, start: int, length: int, gaps: str = " .-", most: int = 2, then: str = "") -> tuple[str, int] | None:
    """Collect *length* letters and digits from *start* on, over up to *most* signs of *gaps* between two.

    Return them and where they end; None if there are fewer, or if the number goes on without a gap (but for the word *then*).
    """
    signs, place, skipped = "", start, 0
    while len(signs) < length and place < len(text):
        sign = text[place]
        if sign.isascii() and sign.isalnum():
            signs, skipped = signs + sign, 0
        elif sign in gaps and skipped < most:
            skipped += 1
        else:
            return None
        place += 1
    goes_on = text[place : place + 1].isalnum() and not (then and text.startswith(then, place))
    whole = len(signs) == length and not goes_on
    return (signs, place) if whole else None
