"""Turn the text of ``kummerkasten.toml`` into a Desk, or into a list of what is wrong, where, and what to do."""

import difflib
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from desk.config import Desk, Team
from desk.deadline import Calendar
from desk.errors import ConfigurationError
from desk.routing import Rule, When

_SECRET_KEY = re.compile(r"(^|_)(token|password|passwort|secret|api_?key|apikey|kennwort)$", re.I)
_SHAPES: dict[str, type[BaseModel]] = {"teams": Team, "rules": Rule, "when": When, "calendar": Calendar}


def read(text: str, where: str = "kummerkasten.toml") -> Desk:
    """Return the desk that *text* describes; raises ConfigurationError that lists everything wrong with it."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{where} is not valid TOML: {error}.") from error
    if secrets := list(_secrets(given)):
        raise ConfigurationError(_listed(where, [_about_secret(place) for place in secrets]))
    try:
        return Desk.model_validate(given)
    except ValidationError as error:
        raise ConfigurationError(_listed(where, [_said(one, text, given) for one in error.errors()])) from error


def _listed(where: str, problems: list[str]) -> str:
    return f"{where} needs a change:\n" + "\n".join(f"  - {problem}" for problem in problems)


def _secrets(given: Any, place: str = "") -> Iterator[str]:
    """Yield the places of keys that look like they hold a secret."""
    if isinstance(given, dict):
        for key, value in given.items():
            inside = f"{place}.{key}" if place else key
            if isinstance(value, str) and _SECRET_KEY.search(key):
                yield inside
            yield from _secrets(value, inside)
    elif isinstance(given, list):
        for number, value in enumerate(given, 1):
            yield from _secrets(value, f"{place}[{number}]")


def _about_secret(place: str) -> str:
    name = re.sub(r"\W+", "_", place.split(".")[-1]).upper()
    return (
        f"{place}: a secret does not belong into this file. Put it into an environment variable and write its name here: "
        f'{place.split(".")[-1]}_env = "KUMMERKASTEN_{name}"'
    )


def _said(error: ErrorDetails, text: str, given: Any) -> str:
    path = error["loc"]
    line = _line_of(text, path)
    place = _place(path, given)
    start = f"{place} (line {line})" if place and line else place or "the file as a whole"
    return f"{start}: {_advice(error)}"


def _place(path: tuple[int | str, ...], given: Any) -> str:
    """Write a path as a person would: ``sources[2] "app-de".every``, counting from one."""
    place, here = "", given
    for step in path:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(step, int):
            name = here.get("name", here.get("key")) if isinstance(here, dict) else None
            place += f"[{step + 1}]" + (f' "{name}"' if isinstance(name, str) else "")
        elif step not in ("function-before", "str"):
            place += f".{step}" if place else step
    return place


def _advice(error: ErrorDetails) -> str:
    key = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        known = _known_keys(error["loc"])
        close = difflib.get_close_matches(key, known, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"known here: {', '.join(known)}"
        return f'"{key}" is not a setting; {hint}'
    if error["type"] == "missing":
        return "is missing; every entry of this kind needs it"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    given = error.get("input")
    return (
        f"{message} (it says {given!r})" if isinstance(given, str | int | float) and repr(given)[1:-1] not in message else message
    )


def _known_keys(path: tuple[int | str, ...]) -> list[str]:
    shape: type[BaseModel] = next((_SHAPES[step] for step in reversed(path[:-1]) if step in _SHAPES), Desk)
    return list(shape.model_fields)


def _line_of(text: str, path: tuple[int | str, ...]) -> int | None:
    """Find the line of a place: the nth ``[[table]]``, then the key inside it; None where the file is written otherwise."""
    names = [step for step in path if isinstance(step, str)]
    lines = text.splitlines()
    start = 0
    if len(path) >= 2 and isinstance(path[1], int):
        heads = [number for number, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{re.escape(str(path[0]))}\s*\]\]", line)]
        if path[1] >= len(heads):
            return None
        start = heads[path[1]]
        names = names[1:]
    for name in reversed(names):
        for number in range(start, len(lines)):
            if number > start and re.match(r"\s*\[\[", lines[number]) and start:
                break
            if re.match(rf"\s*(\[.*\b{re.escape(name)}\]|.*\b{re.escape(name)}\s*=)", lines[number]):
                return number + 1
    return start + 1 if start else None
