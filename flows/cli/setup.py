"""Setting up: write a configuration, and check that everything in it and around it is right."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flows.cli import show
from flows.cli.failing import MISCONFIGURED
from flows.cli.options import Config, Json, opened

if TYPE_CHECKING:
    from desk.source import Source
    from flows.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("init")(init)
    app.command("check")(check)


def init(
    folder: Annotated[Path, typer.Argument(help="Where kummerkasten.toml is written.")] = Path(),
    language: Annotated[Literal["de", "en"], typer.Option("--language", "-l", help="Of the file and the dashboard.")] = "de",
    name: Annotated[str, typer.Option(help="What the dashboard is called.")] = "",
) -> None:
    """Write a kummerkasten.toml: teams and rules for a web shop, every setting explained. Never overwrites one."""
    from desk.config import template
    from desk.errors import ConfigurationError
    from flows.settings import FILE

    path = folder / FILE
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template(language, name))
    except FileExistsError as error:
        said = f"{path} is already there; it stays as it is. Name another folder: kummerkasten init FOLDER"
        raise ConfigurationError(said) from error
    typer.echo(f"Wrote {path}. Next: kummerkasten add PLATFORM, or: kummerkasten import FILE; then kummerkasten check")


def check(
    reach: Annotated[
        bool, typer.Option("--reach", help="Ask each platform one harmless question: is it there, who are we?")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Check the configuration, the sources' options, the credentials and the database; exit code 2 where something is missing."""
    with opened(config) as settings:
        findings = [*_sources(settings, reach), _database(settings), _model(settings), *_classifiers(settings)]
        findings += [*_dying(settings), *_sign_in(settings)]
    well = all(finding["ok"] for finding in findings)
    if as_json:
        show.say_json({"ok": well, "config": str(settings.path), "checks": findings})
    else:
        _print(settings, findings)
    if not well:
        raise typer.Exit(MISCONFIGURED)


_LITTLE_ROOM = 200 * 2**20
"""Bytes: some days of listening."""


def _finding(what: str, wrong: str = "", fine: str = "") -> dict[str, Any]:
    return {"what": what, "ok": not wrong, "said": wrong or fine}


def _sources(settings: "Settings", reach: bool) -> list[dict[str, Any]]:
    findings = []
    for source in settings.desk.sources:
        wrong = _wrong(settings, source)
        if not source.enabled:
            findings.append(_finding(f"source {source.name}", "", f"switched off{f' ({wrong})' if wrong else ''}"))
        elif reach and not wrong:
            findings.append(_reached(settings, source))
        else:
            findings.append(_finding(f"source {source.name}", wrong, source.platform))
    return findings or [_finding("sources", "", "none is switched on yet; `kummerkasten import FILE` works without")]


def _wrong(settings: "Settings", source: "Source") -> str:
    """Return what keeps a source from being heard, as far as can be seen from here."""
    from desk.errors import ConfigurationError
    from flows.settings import check_options
    from listeners import secrets_of

    try:
        check_options([source])
        secrets_of(source, settings.environ())
    except ConfigurationError as error:
        return str(error)
    return ""


def _reached(settings: "Settings", source: "Source") -> dict[str, Any]:
    """Ask the platform one harmless question, and when the credential dies."""
    import listeners
    from desk.errors import KummerkastenError, SourceError
    from flows.work.hear import Ear
    from flows.work.verify import verify

    ear, found = Ear(settings), listeners.listener(source.platform)
    try:
        with ear.connect(source) as client:
            said = verify(found, client, source)
            ear.ask_when_it_dies(client, source, found)
    except KummerkastenError as error:
        advice = error.advice if isinstance(error, SourceError) else ""
        return _finding(f"source {source.name}", f"{error}. {advice}".strip())
    return _finding(f"source {source.name}", "", f"{source.platform}: {said}")


def _dying(settings: "Settings") -> list[dict[str, Any]]:
    """Say which credentials die soon, as the platforms said when they were asked last."""
    from flows.work.common import utc_now
    from store import credentials

    now = utc_now()
    with settings.session(write=False) as session:
        ends = credentials.ends(session)
    found = []
    for source in settings.desk.sources:
        at = ends.get((source.platform, source.credential))
        if at and at - now < credentials.SOON:
            what = f"ends on {at:%Y-%m-%d}: make a new one and put it in its place (the environment, or kummerkasten.env)"
            found.append(_finding(f"credential {source.credential}", what if at <= now else "", f"WARNING: it {what}"))
    return found


def _sign_in(settings: "Settings") -> list[dict[str, Any]]:
    """Say whether people can sign in, as far as can be seen from here; nothing where nobody need."""
    from desk.errors import ConfigurationError
    from flows.sign_in import secret_of

    if (sign_in := settings.desk.sign_in) is None:
        return []
    try:
        secret_of(settings, sign_in)
    except ConfigurationError as error:
        return [_finding("sign-in", str(error))]
    names = ", ".join(one.name for one in settings.desk.staff)
    return [_finding("sign-in", "", f"{names}, through {sign_in.provider}; back to {sign_in.callback}")]


def _database(settings: "Settings") -> dict[str, Any]:
    from store.engine import connect, healthy, room

    engine = connect(settings.database)
    wrong = healthy(engine)
    engine.dispose()
    if not wrong:
        _ = settings.engine  # brings it to this version's tables
    free = room(settings.database)
    if free is not None and free < _LITTLE_ROOM:
        return _finding("database", wrong, f"WARNING: only {free // 2**20} MB are left on the disk of {settings.shown_database}")
    return _finding("database", wrong, settings.shown_database)


def _model(settings: "Settings") -> dict[str, Any]:
    from desk.errors import ConfigurationError
    from nlp.tagger import SHIPPED, tagger

    named = Path(settings.desk.model) if settings.desk.model else None
    folder = str(named or SHIPPED)
    try:
        tagger(named).tag(["Hallo"])
    except ConfigurationError as error:
        return _finding("model", str(error))
    return _finding("model", "", folder)


def _classifiers(settings: "Settings") -> list[dict[str, Any]]:
    """Say of each plugged classifier what keeps it from reading, as far as can be seen without loading it."""
    from nlp.plugged import ready

    return [_finding(f"classifier {one.name}", *ready(one)) for one in settings.desk.classifiers]


def _print(settings: "Settings", findings: list[dict[str, Any]]) -> None:
    out = show.console()
    out.print(show.text(f"{settings.path}: {len(settings.desk.teams)} teams, {len(settings.desk.rules)} rules"))
    marks = {True: show.text("ok", "green"), False: show.text("!!", "bold red")}
    lines = ((marks[one["ok"]], one["what"], show.text(one["said"], lines=True)) for one in findings)
    out.print(show.table(("", "", "~"), lines))
