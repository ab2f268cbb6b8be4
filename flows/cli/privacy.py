"""People's rights: show all that is stored about somebody, erase it, and erase what is older than its retention."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from desk.errors import ConfigurationError, KummerkastenError
from flows.cli import show
from flows.cli.answering import By, _who
from flows.cli.options import MOST, Config, Json, Quiet, opened
from flows.files import replace

if TYPE_CHECKING:
    from sqlmodel import Session

    from flows.settings import Settings
    from store.removing import Erased
    from store.tables import Author

Who = Annotated[str, typer.Argument(help="The account: its handle, name or id on the platform.", metavar="ACCOUNT")]
Platform = Annotated[str, typer.Option("--platform", help="Where, if accounts of several platforms are called so.")]
Said = Annotated[int | None, typer.Option("--said", help="The account that said this mention (its number).", max=MOST)]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("about")(about)
    app.command("forget")(forget)
    app.command("expire")(expire)


def about(
    who: Who = "",
    platform: Platform = "",
    said: Said = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it into this file.")] = None,
    config: Config = None,
) -> None:
    """Show all that is stored about an account, as JSON: what the person may ask for (Art. 15 GDPR)."""
    from flows.work.common import utc_now
    from store import audit, people

    with opened(config) as settings:
        with settings.session(write=False) as session:
            author = _one(session, who, platform, said).id or 0
            found = people.everything(session, author)
        with settings.session() as session:
            audit.note(session, audit.AuditEntry(at=utc_now(), who=_who(""), what=audit.DISCLOSED, of="account", number=author))
    if out is None:
        typer.echo(_as_json(found))
        return
    replace(out, _as_json(found) + "\n", 0o600)
    typer.echo(f"Wrote {len(found['mentions'])} mentions with all that belongs to them into {out}.")


def _as_json(value: object) -> str:
    """Return JSON that a person can read; what a terminal would obey stays an escape."""
    return "\n".join(show.plain(line, lines=True) for line in json.dumps(value, ensure_ascii=False, indent=2).splitlines())


def forget(
    who: Who = "",
    platform: Platform = "",
    said: Said = None,
    mention: Annotated[int | None, typer.Option("--mention", help="Erase this mention (its number) alone.", max=MOST)] = None,
    for_ever: Annotated[
        bool, typer.Option("--for-ever", help="Do not store what the account says from now on either (Art. 21 GDPR).")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    by: By = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Erase all that an account said, or one mention, with tags, tickets and our answers; no pull brings it back."""
    from flows.work.common import utc_now
    from store import erasing

    if mention is not None and (who or platform or said is not None or for_ever):
        raise ConfigurationError("--mention erases one mention alone; an account is named without it")
    with opened(config) as settings:
        author, what = None, f"mention {mention}"
        if mention is None:
            with settings.session(write=False) as session:  # who is asked may think as long as they like: nobody waits
                author = _one(session, who, platform, said)
                what = _described(session, author)
        _ask(f"Erase {what} and our answers to it?", yes)
        with settings.session() as session:
            done = (
                erasing.account(session, author.id or 0, by=_who(by), now=utc_now(), for_ever=for_ever)
                if author
                else erasing.mention(session, mention or 0, by=_who(by), now=utc_now())
            )
        swept = erasing.sweep(settings.engine)
    _say(done, as_json)
    if not as_json:
        typer.echo("Not reached from here: backups, files that were exported, and the platform itself.")
        if not swept:
            typer.echo("The database was busy: traces may lie in its file until the next erasure.")


def expire(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased; erase nothing.")] = False,
    by: By = "",
    config: Config = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Erase what is older than the retention in kummerkasten.toml (the schedule does this every night)."""
    from dataclasses import asdict

    from flows.work import expire as work

    with opened(config) as settings:
        if not work.limits(settings):
            _no_limits(settings, as_json)
            return
        if dry_run:
            due = work.due(settings)
            show.say_json({"due": due}) if as_json else _print_due(due)
            return
        with show.progress(not (quiet or as_json)) as tell:
            done = work.expire(settings, _who(by), tell=tell)
    if as_json:
        show.say_json({"erased": {name: asdict(one) for name, one in done.erased.items()}, "spared": done.spared})
        return
    typer.echo(f"{done}.")


def _no_limits(settings: "Settings", as_json: bool) -> None:
    desk = settings.desk
    limited = desk.retention or any(source.retention for source in desk.sources)
    said = "Nothing is stored of a source that has one" if limited else "There is no retention in kummerkasten.toml"
    show.say_json({"erased": {}, "spared": {}}) if as_json else typer.echo(f"{said}: nothing to erase.")


def _print_due(due: dict[str, int]) -> None:
    show.console().print(show.table(("source", "to erase>"), due.items()))
    typer.echo(f"{sum(due.values())} would be erased now; nothing was.")


def _one(session: "Session", who: str, platform: str, said: int | None) -> "Author":
    """Return the account that is meant; raises KummerkastenError where it is none or several."""
    from store import people

    if bool(who) == (said is not None):
        raise ConfigurationError("Name the account (its handle, name or id), or a mention of it with --said NUMBER")
    if said is not None:
        author = people.author_of(session, said)
        if author is None:
            raise KummerkastenError(
                f"Nobody is known to have said mention {said}. `kummerkasten forget --mention {said}` erases it"
            )
        return author
    found = people.accounts(session, who, platform)
    if not found:
        raise KummerkastenError(f'No account is called "{show.plain(who)}"{f" on {platform}" if platform else ""}')
    if len(found) > 1:
        raise KummerkastenError(_several(session, who, found))
    return found[0]


def _several(session: "Session", who: str, found: "Sequence[Author]") -> str:
    lines = [f"  {_described(session, author)}" for author in found]
    advice = "name its id and --platform, or a mention of it with --said"
    return "\n".join([f'"{show.plain(who)}" may be any of these; {advice}:', *lines])


def _described(session: "Session", author: "Author") -> str:
    from store import people

    called = " ".join(part for part in (author.name, f"@{author.handle.removeprefix('@')}" if author.handle else "") if part)
    known = people.known(session, author.id or 0)
    by_name = author.native_id.casefold() in (author.name.casefold(), author.handle.casefold())
    told = "known by name alone: everybody called so" if by_name else f"id {show.plain(author.native_id)}"
    much = _counted(known.mentions, "mentions") if known else "nothing"
    return f"{show.plain(called or '-')} on {author.platform} ({told}): {much}"


def _ask(question: str, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True, err=True)


def _say(done: "Erased", as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        show.say_json(asdict(done))
        return
    counts = [(n, name) for name, n in asdict(done).items() if n]
    typer.echo("Erased " + (", ".join(_counted(n, name) for n, name in counts) or "nothing") + ".")


_NAMES = {
    "mentions": ("mention", "mentions"),
    "answers": ("answer of ours", "answers of ours"),
    "conversations": ("whole conversation", "whole conversations"),
    "accounts": ("account", "accounts"),
    "quarantined": ("raw payload in quarantine", "raw payloads in quarantine"),
}


def _counted(number: int, what: str) -> str:
    one, many = _NAMES[what]
    return f"{number} {one if number == 1 else many}"
