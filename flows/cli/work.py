"""The work itself, once and by hand: pull, tag, route, and the three of them together. No Prefect is needed."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import show, tag_texts
from flows.cli.failing import FAILED
from flows.cli.options import Config, Json, Quiet, opened

if TYPE_CHECKING:
    from flows.work.hear import Heard

Names = Annotated[list[str] | None, typer.Argument(help="Sources to hear now, due or not.", metavar="SOURCE")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("run")(run)
    app.command("pull")(pull)
    app.command("tag")(tag)
    app.command("route")(route)


def pull(sources: Names = None, config: Config = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Hear every source that is due (or those named) and keep what was said; exit code 1 if one of them failed."""
    from flows.work.common import stopping
    from flows.work.listen import listen

    with opened(config) as settings, show.progress(not (quiet or as_json)) as tell, stopping() as stop:
        heard = listen(settings, sources or (), tell=tell, stop=stop)
    if as_json:
        show.say_json([heard_as_json(one) for one in heard])
    else:
        print_heard(heard)
    if not all(one.good for one in heard):
        raise typer.Exit(FAILED)


def tag(
    file: Annotated[Path | None, typer.Option("--file", "-f", help='Read {"text"} lines from here ("-": stdin).')] = None,
    model: Annotated[Path | None, typer.Option(help="With --file: the folder of another tagger.")] = None,
    config: Config = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tag all mentions that no tagger has read; or, with --file, print one line of JSON for each line of a file."""
    if file is not None:
        tag_texts.tag_file(file, model, quiet=quiet)
        return
    from flows.work.common import stopping
    from flows.work.read import read
    from store.claims import waiting_counts

    with opened(config) as settings, show.progress(not (quiet or as_json)) as tell, stopping() as stop:
        done = read(settings, tell=tell, stop=stop)
        with settings.session(write=False) as session:
            left = 0 if stop.is_set() else waiting_counts(session)[0]
    if as_json:
        show.say_json({"tagged": done})
        return
    typer.echo(f"Tagged {done}.")
    if left:
        typer.echo(
            f"{left} more are in the hands of another run. Should it have died, they are free ten minutes after it took them."
        )


def route(config: Config = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Route all tagged mentions into the teams' queues."""
    from flows.work.common import stopping
    from flows.work.triage import triage

    with opened(config) as settings, show.progress(not (quiet or as_json)) as tell, stopping() as stop:
        done = triage(settings, tell=tell, stop=stop)
    show.say_json({"routed": done}) if as_json else typer.echo(f"Routed {done}.")


def run(sources: Names = None, config: Config = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Send answers, pull, tag and route, once. Exit code 1 if a source failed; the others are worked on all the same."""
    from flows.work.common import stopping
    from flows.work.pipeline import pipeline

    with opened(config) as settings, show.progress(not (quiet or as_json)) as tell, stopping() as stop:
        done = pipeline(settings, sources or (), tell=tell, stop=stop)
    if as_json:
        show.say_json(
            {
                "pulls": [heard_as_json(one) for one in done.heard],
                "tagged": done.read,
                "routed": done.routed,
                "sent": done.delivered.sent,
            }
        )
    else:
        print_heard(done.heard)
        typer.echo(f"Tagged {done.read}, routed {done.routed}. {done.delivered}.")
    if not all(one.good for one in done.heard):
        raise typer.Exit(FAILED)


def heard_as_json(heard: "Heard") -> dict[str, Any]:
    """Return how one source's turn went, for scripts."""
    from dataclasses import asdict

    return {
        "source": heard.source,
        "outcome": heard.outcome,
        **asdict(heard.kept),
        "oldest_unread": heard.oldest_unread,
        "quota_left": heard.quota_left,
        "next_run_at": heard.next_run_at,
        "error": heard.error,
        "advice": heard.advice,
    }


def print_heard(heard: "Sequence[Heard]") -> None:
    """Print one line per source, and what went wrong below."""
    from flows.work.common import utc_now

    out, now = show.console(), utc_now()
    if not heard:
        out.print("No source is due.")
        return
    columns = ("source", "outcome", "fetched>", "new>", "changed>", "deleted>", "quarantined>", "next run")
    out.print(show.table(columns, (_row(one, now) for one in heard)))
    for one in heard:
        if one.error:
            out.print(show.text(f"{one.source}: {one.error}", "red", lines=True))
            if one.advice:
                out.print(show.below(one.advice))


def _row(one: "Heard", now: datetime) -> tuple[object, ...]:
    kept, outcome = one.kept, show.text(one.outcome, "green" if one.good else "bold red")
    again = show.ago(one.next_run_at, now) if one.next_run_at else ""
    return (one.source, outcome, kept.fetched, kept.new, kept.changed, kept.deleted, kept.quarantined, again)
