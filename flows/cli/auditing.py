"""The audit log: who came in, who was turned away, what left the desk or was erased by whose hand."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import show
from flows.cli.options import Config, Json, opened

if TYPE_CHECKING:
    from store.audit import Entry


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("audit")(audit)


def _of(one: "Entry") -> str:
    mentions = f"{one.number} mention{'' if one.number == 1 else 's'}"
    parts = (one.of, one.where, mentions) if one.where else (one.of, "" if one.number is None else str(one.number))
    return " ".join(part for part in parts if part)


def audit(
    since: Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="From this day on.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many entries at most.")] = 100,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Who came in, who was turned away, and what was exported, disclosed or erased by whose hand; the newest first."""
    from dataclasses import asdict

    from store.audit import entries

    with opened(config) as settings, settings.session(write=False) as session:
        zone = settings.desk.tz
        found = entries(session, since.replace(tzinfo=zone) if since else None, limit)
    if as_json:
        show.say_json([asdict(one) for one in found])
        return
    rows = ((f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}", one.who or "-", one.role, one.what, _of(one)) for one in found)
    show.console().print(show.table(("when", "who", "role", "what", "of what"), rows))
    typer.echo("Nothing was noted yet." if not found else "What people did to tickets, tags and answers stands there itself.")
