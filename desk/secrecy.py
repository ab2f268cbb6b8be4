"""Secrets have no place in a file: find what is one, or looks like one, without ever repeating it."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

Path = tuple[str | int, ...]

_KEY = re.compile(
    r"(^|_)(token|password|passwort|passwd|kennwort|secret|api_?key|private_key|access_key|credentials?|bearer|cookie)$", re.I
)
_NO_SECRET = re.compile(
    r"(^|_)(ids?|env|folder|path|file|pattern|name|revision|unit|user|page|account|app_key|location|number)$", re.I
)
"""Settings whose values may look jumbled, and that everybody may read: ids of companies, pages, users, Yotpo's app key."""
_KNOWN_SHAPE = re.compile(
    r"(gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk[-_](live|test|ant|proj)|AKIA|ASIA|EAA[A-Z]|IGQ|ya29\.|AIza|eyJ[\w-]+\.eyJ)[\w.-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_USER_AND_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.I)
_ONE_PIECE = re.compile(r"[A-Za-z0-9_\-+/=]{24,}")
_JUMBLED = 3
"""A token changes between capitals, small letters and digits at least every third sign; words and file names do not."""


def secrets(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield the place of every secret inside *value*, and what to do about it."""
    if isinstance(value, Mapping):
        for key, inside in value.items():
            yield from secrets(inside, (*path, key))
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            yield from secrets(inside, (*path, number))
    elif isinstance(value, str) and value and (advice := _advice(_key_of(path), value)):
        yield path, advice


def _key_of(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _advice(key: str, value: str) -> str:
    if _USER_AND_PASSWORD.match(value):
        variable = "KUMMERKASTEN_DATABASE" if key == "database" else "an environment variable (HTTPS_PROXY for a proxy)"
        return f"a password in an address does not belong in this file; take the line out and put the address into {variable}"
    if _KEY.search(key):
        variable = "MY_" + re.sub(r"\W+", "_", key).upper()
        return f'secrets do not belong in this file; put it into an environment variable and write {key}_env = "{variable}" here'
    if looks_like_a_token(value) and (key.endswith("_env") or not _NO_SECRET.search(key)):
        return 'this looks like a token; put it into an environment variable and write token_env = "NAME_OF_THE_VARIABLE" here'
    return ""


def looks_like_a_token(value: str) -> bool:
    """Say whether *value* has the shape of a credential: a known prefix, or long, in one piece and jumbled."""
    if _KNOWN_SHAPE.search(value):
        return True
    signs = re.sub(r"[^A-Za-z0-9]", "", value)
    if not _ONE_PIECE.fullmatch(value) or not any(sign.isdigit() for sign in signs):
        return False
    changes = sum(_class(one) != _class(other) for one, other in pairwise(signs))
    return changes * _JUMBLED >= len(signs)


def _class(sign: str) -> str:
    return "0" if sign.isdigit() else "A" if sign.isupper() else "a"
