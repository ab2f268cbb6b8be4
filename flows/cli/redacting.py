"""Hide what points to a person in texts from a file or a pipe, without a desk."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from desk.errors import ConfigurationError
from flows.cli import show, tag_texts
from flows.cli.failing import FAILED, complain


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("redact")(redact)


def redact(
    file: Annotated[Path | None, typer.Option("--file", "-f", help='Read {"text"} lines from here ("-": stdin).')] = None,
    references: Annotated[
        bool, typer.Option("--references/--no-references", help="Keep numbers of orders, customers and tickets.")
    ] = True,
) -> None:
    """Print what is on stdin with placeholders for personal data; or, with --file, one line of JSON for each line of a file."""
    from nlp.redact import redact as redacted

    if file is None:
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                "This text is not UTF-8, so personal data would be missed in it. Convert it first: iconv -f latin1 -t utf-8"
            ) from error
        sys.stdout.write(redacted(text, references=references).text)
        return
    bad = 0
    with tag_texts._opened(file) as lines:
        for answer in _answers(lines, references):
            sys.stdout.write(show.as_json(answer) + "\n")
            bad += "error" in answer
    if bad:
        complain(f'{bad} {"line" if bad == 1 else "lines"} could not be read; look for "error" in the output.')
        raise typer.Exit(FAILED)


def _answers(lines: Iterable[bytes], references: bool) -> Iterator[dict[str, Any]]:
    """Yield one answer for each line, in the same order: the redacted text and what was found, or what is wrong with the line."""
    from nlp.redact import redact as redacted

    for number, line in enumerate(lines, start=1):
        text = tag_texts._text(number, line)
        if isinstance(text, str):
            done = redacted(text, references=references)
            yield {"text": done.text, "found": [asdict(one) for one in done.found]}
        else:
            yield text
