"""Teaching: let the tagger learn from what people corrected, compare its versions, go back, and read history anew."""

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.errors import ConfigurationError
from flows.cli import show
from flows.cli.options import Config, Json, Quiet, opened

if TYPE_CHECKING:
    from flows.settings import Settings
    from flows.work.teach import Outcome
    from store.again import Which
    from store.tables import ModelVersion

SHIPPED = "shipped"
MANY = 10_000
"""More mentions than this are read again only after somebody has said yes."""
_FIGURES = {
    "friction micro-F1": "fric>",
    "friction macro-F1": "f/topic>",
    "praise micro-F1": "prai>",
    "praise macro-F1": "p/topic>",
    "sentiment macro-F1": "sent>",
    "intent accuracy": "int>",
    "needs_reply F1": "reply>",
    "urgent F1": "urg>",
}


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("teach")(teach)
    app.command("models")(models)
    app.command("retag")(retag)


def teach(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it; store nothing.")] = False,
    config: Config = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Teach the tagger what people have corrected; the new version goes live only where it is no worse."""
    from flows.work.teach import teach as teach_all

    with opened(config) as settings, show.progress(not (quiet or as_json)) as tell:
        done = teach_all(settings, _me(), dry_run=dry_run, tell=tell)
    if as_json:
        show.say_json(done.as_json())
    else:
        _print(done)


def _me() -> str:
    try:
        return f"person:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "command line"


def _print(done: "Outcome") -> None:
    out = show.console()
    if done.report:
        figures = list(done.report.figures.items())
        figures += [("agreement with people", done.report.agreement)] if done.report.agreement else []
        rows = ((name, one.before, one.after, f"{one.difference.value:+.3f}") for name, one in figures)
        out.print(show.text(f"{done.against} (before) and {done.version} (after)", "bold"))
        out.print(show.table(("", "before", "after", "difference>"), rows))
        left_out = f", {done.left_out} left out (nothing the tagger answers)" if done.left_out else ""
        out.print(f"{done.report.taught} texts taught, {done.report.held_back} held back to compare{left_out}.")
    out.print(show.text(done.said, "" if done.state != "refused" else "yellow"))
    verdict = {
        "live": f"{done.version} reads from now on. What was read before keeps its tags; read it anew: kummerkasten retag --all",
        "refused": f"{done.version} is refused; {done.against} goes on reading.",
        "dry-run": "Nothing was stored.",
    }
    if done.state in verdict:
        out.print(show.text(verdict[done.state], "bold"))


def models(
    use: Annotated[str, typer.Option("--use", help='Let this version read from now on ("shipped": as it came).')] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the versions of the tagger with their figures on the frozen test part; with --use go to one of them, or back."""
    from nlp.tagger import tagger
    from store import models as stored

    with opened(config) as settings:
        if use:
            _use(settings, use, tagger().model)
        with settings.session(write=False) as session:
            found = stored.versions(session)
        rows = [*(_version(one, tagger().model) for one in found), _shipped(tagger().model, found)]
        if as_json:
            show.say_json(rows)
            return
        columns = ("version", "state", "when", "by", "n>", *_FIGURES.values())
        show.console().print(show.table(columns, (_row(one, settings) for one in rows)))
        typer.echo(
            "n: texts that people corrected or confirmed. Figures on the frozen test part: F1 of friction and praise (/topic: "
            "each topic counts alike), sentiment, reply and urgent; accuracy of intent."
        )
        _notes(settings, found, tagger().model)


def _use(settings: "Settings", wanted: str, shipped: str) -> None:
    from store import models as stored

    if settings.desk.model:
        raise ConfigurationError(
            "kummerkasten.toml names a `model` of its own, and that one reads. Leave `model` out to change it here"
        )
    with settings.session() as session:
        if wanted in (SHIPPED, shipped, shipped.rpartition("@")[2]):
            stored.back_to_shipped(session)
        else:
            stored.go_live(session, _full(wanted, shipped), shipped)


def _full(wanted: str, shipped: str) -> str:
    """Return the whole name of a version that may be named as the list shows it ("2026.11+3"), or by its number alone ("+3")."""
    if wanted.startswith("+"):
        return f"{shipped}{wanted}"
    return wanted if "@" in wanted else f"{shipped.partition('@')[0]}@{wanted}"


def _version(one: "ModelVersion", shipped: str) -> dict[str, Any]:
    report = one.card.get("report", {})
    return {
        "version": one.name,
        "state": "kept" if one.state == "live" and one.encoder != shipped else one.state,
        "created_at": one.created_at,
        "by": one.by,
        "corrections": one.corrections,
        "figures": {name: figure["after"] for name, figure in report.get("figures", {}).items()},
        "against": one.card.get("against", ""),
        "reason": report.get("reason", ""),
    }


def _shipped(model: str, found: "list[ModelVersion]") -> dict[str, Any]:
    """Return what ships as a row beside the others; its figures are those that a version was compared with, if one was."""
    reports = [one.card["report"] for one in found if one.card.get("against") == model and "report" in one.card]
    live = not any(one.state == "live" and one.encoder == model for one in found)
    return {
        "version": model,
        "state": "live" if live else "kept",
        "created_at": None,
        "by": SHIPPED,
        "corrections": 0,
        "figures": {name: figure["before"] for name, figure in reports[0]["figures"].items()} if reports else {},
        "against": "",
        "reason": "",
    }


def _row(one: dict[str, Any], settings: "Settings") -> tuple[object, ...]:
    when = one["created_at"].astimezone(settings.desk.tz).strftime("%Y-%m-%d") if one["created_at"] else ""
    style = {"live": "bold green", "refused": "yellow"}.get(one["state"], "")
    figures = (f"{one['figures'][name][0]:.3f}" if name in one["figures"] else "" for name in _FIGURES)
    version, by = one["version"].rpartition("@")[2], show.text(one["by"].removeprefix("person:"), most=8)
    return (version, show.text(one["state"], style), when, by, one["corrections"], *figures)


def _notes(settings: "Settings", found: "list[ModelVersion]", shipped: str) -> None:
    out = show.console()
    for one in found:
        if one.state == "refused":
            out.print(show.below(f"{one.name}: {one.card.get('report', {}).get('reason', '')}", "dim"))
        elif one.state == "live" and one.encoder != shipped:
            out.print(show.text(f"{one.name} was taught for an older encoder; {shipped} reads until the next teach.", "yellow"))
    if settings.desk.model:
        out.print(show.text(f"None of them reads here: kummerkasten.toml names the model in {settings.desk.model}.", "yellow"))


def retag(
    source: Annotated[str, typer.Option(help="Only what this source said.")] = "",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was said since that day.")] = None,
    model: Annotated[str, typer.Option(help="Only what this version read last, as `models` or `why` names it.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All that was ever read.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=f"Do not ask where it is more than {MANY:,} mentions.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Set mentions unread, so that the next `tag` reads them anew. What people decided stays as it is."""
    from store.again import Which, how_many, set_unread

    if not (source or since or model or everything):
        raise ConfigurationError("Say what shall be read again: --source NAME, --since 2026-10-01, --model VERSION, or --all")
    if since and since.year < 1970:
        raise ConfigurationError("--since is a day since 1970, such as 2026-10-01")
    with opened(config) as settings:
        from nlp.tagger import tagger

        whole = _full(model, tagger().model) if model else ""
        which = Which(source, since.replace(tzinfo=settings.desk.tz) if since else None, whole)
        with settings.session(write=False) as session:
            count = how_many(session, which)
        if not count:
            _nothing(settings, which)
        if not as_json:
            _say_what_goes(settings, which)
        if count > MANY and not yes:
            if as_json:
                raise ConfigurationError(f"{count:,} mentions would be read again; say --yes if that is meant")
            typer.confirm(f"{count:,} mentions will be read again. Go on?", abort=True)
        with settings.session() as session:
            done = set_unread(session, which)
    if as_json:
        show.say_json({"unread": done})
    else:
        typer.echo(f"{done:,} mentions will be read anew by the next `kummerkasten tag`; until then their tags stand.")


def _say_what_goes(settings: "Settings", which: "Which") -> None:
    """Say that tags of retired topics will go: nobody reads them into a text again, so the past of these topics gets smaller."""
    from store.again import taken_along

    retired = [topic.key for topic in settings.desk.topics.topics if topic.retired]
    with settings.session(write=False) as session:
        gone = taken_along(session, which, retired)
    if gone:
        typer.echo(
            f"{gone:,} tags of retired topics go when that is read; what people said stays. To keep the others, take "
            "`retired` out of the file until `kummerkasten tag` is done."
        )


def _nothing(settings: "Settings", which: "Which") -> None:
    """Say so where nothing is meant because of a slip of the pen; raises KummerkastenError."""
    from desk.errors import KummerkastenError
    from nlp.tagger import tagger
    from store import models as stored
    from store.again import known

    with settings.session(write=False) as session:
        heard, read = known(session, which)
        read = read or which.model == tagger().model or stored.version(session, which.model) is not None
    if which.model and not read:
        raise KummerkastenError(f'Nothing was read last by "{which.model}". `kummerkasten models` lists the versions')
    if which.source and not heard:  # what was imported is not in the file
        settings.desk.source(which.source)
