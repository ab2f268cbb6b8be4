"""The friction report: what hurt customers, for the people who can mend it."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.cli import show
from flows.cli.options import Config, Json, opened

_OWNERS_AND_GROUP = 0o640


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("report")(report)


def report(
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How many whole days, up to yesterday.")] = 7,
    platform: Annotated[str, typer.Option("--platform", help="One platform alone.")] = "",
    voices: Annotated[int, typer.Option("--voices", min=0, max=50, help="How many voices about each topic.")] = 3,
    topics: Annotated[int, typer.Option("--topics", min=0, max=100, help="About how many topics.")] = 5,
    language: Annotated[Literal["de", "en"] | None, typer.Option("--language", "-l", help="Else the desk's.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it into this file.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """What hurt customers lately, by stage of their journey, with their words: Markdown to pass on, with personal data hidden."""
    from flows.files import replace
    from flows.work import friction_report as work
    from flows.work.common import utc_now

    with opened(config) as settings:
        found = work.report(settings, work.Wanted(days, platform or None, topics, voices), utc_now())
        said = show.as_json(work.as_json(found)) + "\n" if as_json else work.markdown(found, settings.desk, language)
    if out is None:
        typer.echo(show.plain(said, lines=True), nl=False)
        return
    replace(out, said, _OWNERS_AND_GROUP)
    typer.echo(f"Wrote {len(found.rows)} topics into {out}.")
