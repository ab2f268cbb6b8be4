"""Say how good a tagger is on labelled texts, and write the model card."""

import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.errors import ConfigurationError
from flows.cli import show
from flows.cli.options import Json

if TYPE_CHECKING:
    from nlp.evaluate import Judged
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
    """Say how good the tagger is: figures with intervals per task, label and language, calibration, and what abstaining gains."""
    from nlp import card
    from nlp.tagger import SHIPPED, tagger

    if model and not model.is_dir():
        raise ConfigurationError(f"There is no folder {model} with a tagger in it")
    given = {path.stem: _labelled(path) for path in files} if files else card.sets(real, licensed)
    reader = tagger(model) if model else tagger()
    with show.progress(not as_json) as tell:
        parts = {}
        for name, rows in given.items():
            parts[name] = card.judged(reader, rows)
            tell(name, len(rows))
    first = next(iter(parts.values()))
    before = reader.heads.card.get("evaluation", {}).get("choices", []) if write else []  # they do not change with our model
    choices = _choices(first, real, base) if baselines else before
    found = card.evaluation(parts, choices, _machine())
    if write:
        written = {**reader.heads.card, "evaluation": found}
        card.save(model or SHIPPED, written)
        if model is None:
            card.write(written)
    if as_json:
        show.say_json(found)
        return
    _say(reader.model, found)


def _labelled(path: Path) -> list["Row"]:
    """Read labelled texts; raises ConfigurationError with the line that is none."""
    rows = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ConfigurationError(f"{path}, line {number}: not JSON ({error})") from error
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise ConfigurationError(f'{path}, line {number}: a line is {{"text": "...", "friction": [...], ...}}')
            rows.append({"lang": "", **row})
    if not rows:
        raise ConfigurationError(f"{path} holds no text")
    return rows


def _choices(judged: "Judged", real: Path | None, base: Path | None) -> list[dict[str, Any]]:
    from nlp import baselines, card
    from nlp.train_data import authored, part_of
    from nlp.train_data import real as real_rows

    rows = authored() + (real_rows(real) if real else [])
    train, dev = ([row for row in rows if part_of(row) == part] for part in ("train", "dev"))
    found = []
    for name, read in baselines.all_of(base).items():
        part = card.summary(name, read(train, dev, judged.rows))
        found.append({"name": name, "figures": part["figures"]})
    return found


def _machine() -> str:
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _say(model: str, found: dict[str, Any]) -> None:
    console = show.console()
    console.print(f"[bold]{model}[/bold]")
    for one in found["sets"]:
        rows = [(name, f"{value:.3f}", f"{low:.3f} to {high:.3f}") for name, (value, low, high) in one["figures"].items()]
        console.print(f"\n{one['name']}, {one['texts']:,} texts")
        console.print(show.table(("figure", "value>", "95 %"), rows))
        labels = [label for label in one["labels"].get("friction", ()) if label["texts"] >= 10]
        if labels:
            worst = min(labels, key=lambda label: label["f1"][0])
            console.print(f"worst label with ten texts or more: {worst['key']}, F1 {worst['f1'][0]:.2f} ({worst['texts']} texts)")
    if found["choices"]:
        names = list(found["sets"][0]["figures"])
        rows = [
            (one["name"], *(f"{one['figures'][name][0]:.3f}" if name in one["figures"] else "" for name in names))
            for one in found["choices"]
        ]
        console.print(show.table(("instead", *names), rows))
