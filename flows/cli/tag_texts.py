"""Tag lines of a file without a desk: one line of JSON for each line, in the same order, whatever a line holds."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import IO, Any

import typer

from desk.errors import ConfigurationError
from desk.mention import storable
from desk.reading import Tagger
from flows.cli import show
from flows.cli.failing import FAILED, complain

_BATCH = 256


def tag_file(path: Path, model: Path | None = None, *, quiet: bool = False) -> None:
    """Print a reading for each line of *path* ("-" is stdin); exit code 1 if a line could not be read."""
    from nlp.tagger import tagger

    if model and not model.is_dir():
        raise ConfigurationError(f"There is no folder {model} with a tagger in it")
    bad = 0
    with _opened(path) as lines, show.progress(not quiet and not sys.stdout.isatty()) as tell:
        for answers in tagged(lines, tagger(model) if model else tagger()):
            sys.stdout.write("".join(show.as_json(answer) + "\n" for answer in answers))
            sys.stdout.flush()
            bad += sum("error" in answer for answer in answers)
            tell(str(path), len(answers))
    if bad:
        complain(f'{bad} {"line" if bad == 1 else "lines"} could not be read; look for "error" in the output.')
        raise typer.Exit(FAILED)


def tagged(lines: Iterable[bytes], tagger: Tagger) -> Iterator[list[dict[str, Any]]]:
    """Yield batches of answers, one for each line in the same order: a reading, or what is wrong with the line."""
    numbered = enumerate(lines, start=1)
    while batch := list(islice(numbered, _BATCH)):
        parsed = [_text(number, line) for number, line in batch]
        readings = iter(tagger.tag([text for text in parsed if isinstance(text, str)]))
        yield [next(readings).as_json() if isinstance(text, str) else text for text in parsed]


def _text(number: int, line: bytes) -> str | dict[str, Any]:
    """Return the text of one line, or what is wrong with it."""
    try:
        given = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        return {"error": "this line is not UTF-8", "line": number}
    except (ValueError, RecursionError) as error:  # also a number of more digits than Python reads
        return {"error": f'this line is not JSON ({error}); a line is {{"text": "..."}}', "line": number}
    said = given.get("text") if isinstance(given, dict) else None
    if not isinstance(said, str):
        return {"error": 'this line has no "text" that is a string', "line": number}
    return storable(said)


def _opened(path: Path) -> Any:
    if str(path) == "-":
        stdin: IO[bytes] = sys.stdin.buffer
        return nullcontext(stdin)
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
