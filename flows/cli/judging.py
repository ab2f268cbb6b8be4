"""Say how good a tagger is on labelled texts, and write the model card."""

import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.errors import ConfigurationError
from desk.mention import storable
from flows.cli import judged, show
from flows.cli.options import Json

if TYPE_CHECKING:
    from nlp.train_data import Row


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(evaluate)


def evaluate(
    files: Annotated[list[Path] | None, typer.Argument(help="Labelled JSON lines; else the open test texts.")] = None,
    real: Annotated[Path | None, typer.Option(help="Folder of the real texts that the annotations speak of.")] = None,
    licensed: Annotated[Path | None, typer.Option(help="Folder of licensed corpora, for the public benchmark.")] = None,
    model: Annotated[Path | None, typer.Option(help="Another tagger's folder.")] = None,
    baselines: Annotated[bool, typer.Option(help="Also measure what one could use instead (extra: train).")] = False,
    base: Annotated[Path | None, typer.Option(help="With --baselines: the encoder's fp32 weights, for two more of them.")] = None,
    write: Annotated[bool, typer.Option(help="Write the figures into the model's card.json and the model card.")] = False,
    as_json: Json = False,
) -> None:
    """Say how good the tagger is: figures per task, label, language and kind, calibration, and what abstaining gains."""
    from nlp import card
    from nlp.tagger import SHIPPED, tagger

    for folder, holds in ((model, "a tagger"), (real, "real texts"), (licensed, "licensed corpora"), (base, "an encoder")):
        if folder and not folder.is_dir():
            raise ConfigurationError(f"There is no folder {folder} with {holds} in it")
    if write and files and not model:
        raise ConfigurationError("--write is for the figures on the open test texts: leave FILES out, or name your own --model")
    given = {path.stem: _labelled(path) for path in files} if files else card.sets(real, licensed)
    reader = tagger(model) if model else tagger()
    on = card.basis(reader.heads.card, given)
    kept = card.kept_choices(reader.heads.card, on) if write and not baselines else []
    if kept is None:
        raise ConfigurationError(
            "What one could use instead was measured with other labelled texts than today's, or on others. Measure it again: "
            "--baselines (extra: train), with --base FOLDER for those that need the encoder"
        )
    with show.progress(not as_json) as tell:
        parts = {}
        for name, rows in given.items():
            parts[name] = card.judged(reader, rows)
            tell(name, len(rows))
        choices = _choices(next(iter(given.values())), real, licensed, base, tell) if baselines else kept
    found = card.evaluation(parts, choices, _machine(), on)
    if as_json:
        show.say_json(found)
    else:
        judged.say(reader.model, found, list(given) if files else None)
    if write:  # last: where that fails, what was measured has been said
        _write(model or SHIPPED, {**reader.heads.card, "evaluation": found}, None if model else card.CARD)


def _write(folder: Path, written: dict[str, Any], text: Path | None) -> None:
    """Write the cards down; raises ConfigurationError where that cannot be done."""
    from nlp import card

    try:
        card.write(folder, written, text)
    except OSError as error:
        raise ConfigurationError(f"The figures cannot be written into {folder}: {error.strerror}") from error


def _labelled(path: Path) -> list["Row"]:
    """Read labelled texts; raises ConfigurationError with the line that is none."""
    from nlp.heads import CHOICES, YES_OR_NO

    rows = []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ConfigurationError(f"{path}, line {number}: not JSON ({error})") from error
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise ConfigurationError(f'{path}, line {number}: a line is {{"text": "...", "friction": [...], ...}}')
            if odd := _odd(row):
                raise ConfigurationError(f"{path}, line {number}: {odd}")
            rows.append({"lang": "", **row, "text": storable(row["text"])})  # half a surrogate pair is no text to any tokenizer
    if not rows:
        raise ConfigurationError(f"{path} holds no text")
    if not any(set(row) & {*CHOICES, *YES_OR_NO, "friction", "praise", "known"} for row in rows):
        raise ConfigurationError(f'{path} holds no answer to compare with, such as "friction": [...] or "urgent": 0')
    return rows


def _odd(row: dict[str, Any]) -> str:
    """Say which answer of a labelled text is none, and what it should be; nothing where all are right."""
    from nlp.heads import CHOICES, COLUMNS, TOPICS, YES_OR_NO

    for question, answers in CHOICES.items():
        if question in row and row[question] not in answers:
            return f"{question} is one of {', '.join(answers)}"
    for aspect in ("friction", "praise"):
        if aspect in row and not (isinstance(row[aspect], list) and all(topic in TOPICS for topic in row[aspect])):
            return f"{aspect} is a list of topics: {', '.join(TOPICS)}"
    if wrong := [name for name in YES_OR_NO if name in row and row[name] not in (0, 1)]:
        return f"{wrong[0]} is 0 or 1"
    known = row.get("known", {})
    if not isinstance(known, dict) or not all(key in COLUMNS and value in (0, 1) for key, value in known.items()):
        return 'known holds answers such as "friction:payment", each 0 or 1'
    return "" if isinstance(row.get("lang", ""), str) else "lang is a language's code, such as de"


def _choices(rows: list["Row"], real: Path | None, licensed: Path | None, base: Path | None, tell: Any) -> list[dict[str, Any]]:
    """Measure what one could use instead on *rows*; raises ConfigurationError where what that needs is not installed."""
    from nlp import baselines
    from nlp.summary import plain

    train, dev = baselines.lessons(real, licensed)
    found = []
    for name, choice in baselines.all_of(base).items():
        try:
            figures = baselines.figures(choice, train, dev, rows)
        except ImportError as error:
            raise ConfigurationError(f"--baselines needs {error.name}: pip install 'kummerkasten[train]'") from error
        found.append({"name": name, "figures": plain(figures)})
        tell(name, len(rows))
    return found


def _machine() -> str:
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
