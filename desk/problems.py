"""Say what is wrong with a TOML file so that a person can mend it: the place, the line, what is wrong and what to do."""

import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from desk.errors import ConfigurationError

Path = tuple[str | int, ...]
TABLES = ("teams", "rules")
"""Without which there is no desk."""
_ADVICE = {
    "string_type": "write a text, in quotation marks",
    "bool_": "write true or false",
    "int_": "write a whole number",
    "date_": "write a date like 2026-12-24, without quotation marks",
    "tuple_type": "write a list, in square brackets",
    "model_": "write a table, in square brackets on a line of its own or in curly ones",
    "dict_type": "write a table, in square brackets on a line of its own or in curly ones",
    "invalid": "write it in quotation marks",
}
"""What to do, by how pydantic's names of errors begin."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (as ``("sources", 2, "every")``), and what, with what to do about it."""

    path: Path
    said: str


def report(problems: Sequence[Problem], doc: Any, text: str, where: str) -> ConfigurationError:
    """Return the error that lists all *problems* with their places and lines, in the order of the file."""
    placed = sorted({(line_of(text, problem.path) or 0, place(problem.path, doc), problem.said) for problem in problems})
    head = f"{where} needs a change:" if len(placed) == 1 else f"{where} needs {len(placed)} changes:"
    lines = [f"  {f'line {line}, ' if line else ''}{named or 'the file as a whole'}: {said}" for line, named, said in placed]
    return ConfigurationError("\n".join([head, *lines]))


def place(path: Path, doc: Any = None) -> str:
    """Write a path as the file's reader does: ``sources[2].every``, with the entry's name where it has one."""
    written, name, here = "", "", doc
    for step in path:
        written += f"[{step}]" if isinstance(step, int) else f".{step}" if written else step
        here = _inside(here, step)
        if isinstance(step, int) and isinstance(here, Mapping):
            name = str(here.get("name") if isinstance(here.get("name"), str) else here.get("key") or name)
    return f'{written} ("{name}")' if name else written


def line_of(text: str, path: Path) -> int | None:
    """Return the line (from 1) in which *path*, or as much of it as there is, is written; None for the file as a whole.

    The first line after which the file, cut off there, already holds the place: TOML only ever adds.
    """
    lines = text.split("\n")
    path = _as_far_as_it_goes(tomllib.loads(text), path)
    if not path:
        return None
    return bisect_left(range(1, len(lines) + 1), True, key=lambda count: _holds(lines, count, path)) + 1


def _holds(lines: list[str], count: int, path: Path) -> bool:
    for end in range(count, len(lines) + 1):
        try:
            doc = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:  # cut within a value of several lines
            continue
        return len(_as_far_as_it_goes(doc, path)) == len(path)
    return False


def _as_far_as_it_goes(doc: Any, path: Path) -> Path:
    known: list[str | int] = []
    for step in path:
        if (doc := _inside(doc, step)) is None:
            break
        known.append(step)
    return tuple(known)


def _inside(doc: Any, step: str | int) -> Any:
    try:
        return doc[step]
    except (KeyError, IndexError, TypeError):
        return None


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return ``; did you mean "..."?``, or what exists where nothing is near."""
    if near := get_close_matches(word.lower(), known, n=1, cutoff=0.6):
        return f'; did you mean "{near[0]}"?'
    return f"; there is {', '.join(known)}" if known else ""


def of(error: ValidationError, shape: type[BaseModel], doc: Any) -> Iterator[Problem]:
    """Yield what pydantic says is wrong with *doc* as a *shape*, in a person's words."""
    errors = [(one, _path(one["loc"], doc)) for one in error.errors()]
    for one, path in [(one, path) for one, path in errors if _written(one["type"], path, doc)] or errors:
        yield Problem(path, _said(one["type"], one["msg"], one.get("ctx", {}), one.get("input"), path, shape))


def _path(steps: Path, doc: Any) -> Path:
    """Return the place as the file has it: pydantic's own steps (``[key]``, the type it tried) are nobody else's business."""
    path = tuple(step for step in steps if step not in ("options", "[key]"))
    return _as_far_as_it_goes(doc, path) if "options" in steps else path


def _written(kind: str, path: Path, doc: Any) -> bool:
    """Say whether *doc* itself is wrong there, and not a value it inherits or a list whose entries are wrong already."""
    there = len(_as_far_as_it_goes(doc, path)) == len(path)
    if kind == "too_short":
        return not there or not _inside(doc, path[-1])
    return there or kind == "missing" or not path or isinstance(path[-1], int)


def _said(kind: str, message: str, context: Mapping[str, Any], given: Any, path: Path, shape: type[BaseModel]) -> str:
    key = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        return f'"{key}" is not a setting here{did_you_mean(key, _settings(shape, path[:-1]))}'
    if kind == "missing":
        return f'"{key}" is missing; add {f"[[{key}]]" if key in TABLES else f"{key} = ..."}'
    if kind == "too_short" and key in TABLES:
        return f"there is none; add [[{key}]]"
    if kind == "literal_error":
        allowed = [word.strip(" '") for word in str(context.get("expected", "")).replace(" or ", ", ").split(",")]
        return f'"{given}" does not exist here{did_you_mean(str(given), allowed)}'
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "tuple_type" and isinstance(given, Mapping):
        return f"write [[{key}]], in two square brackets on each side: there may be several of these tables"
    message = next((advice for start, advice in _ADVICE.items() if kind.startswith(start)), message)
    return f"{message}; it says {given!r}" if isinstance(given, str | int | float) else message


def _settings(shape: type[BaseModel], path: Path) -> list[str]:
    """Return the names of the settings that exist at *path* inside *shape*."""
    model: type[BaseModel] | None = shape
    for step in path:
        if model is not None and step in (fields := _fields(model)):
            model = _model_in(fields[str(step)].annotation)
    return list(_fields(model)) if model else []


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the settings of *model* by the names that the file has for them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, list, dict, Union, UnionType):
        return next((model for inside in get_args(annotation) if (model := _model_in(inside))), None)
    return None
