"""Bringing mentions in: try a source without storing anything, and import the exports of other tools."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import show
from flows.cli.options import Config, Json, Quiet, opened

if TYPE_CHECKING:
    from flows.settings import Settings
    from flows.work.take_in import Wishes
    from flows.work.taste import Tasted
    from listeners.contract import Broken
    from listeners.files import Described

_EXCERPT = 240


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("try")(try_source)
    app.command("import")(import_file)


def try_source(
    source: Annotated[str, typer.Argument(help="The source's name, as in kummerkasten.toml.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many mentions to show.")] = 10,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Hear one page of a source and show how it would be tagged and routed. Stores nothing."""
    from flows.work.read import load_tagger
    from flows.work.taste import broken_places, first_page, taste

    with opened(config) as settings:
        page = first_page(settings, source)
        tasted = taste(settings, settings.desk.source(source), page.mentions[:limit], load_tagger(settings))
        if as_json:
            found = {"mentions": [_as_json(one) for one in tasted], "quarantine": broken_places(page.broken), "more": page.more}
            show.say_json(found)
            return
        _print_tasted(settings, tasted)
        _print_broken(page.broken)
    shown = f"{len(tasted)} of the {len(page.mentions)} mentions of its first page"
    typer.echo(f"{shown}; nothing was stored." if page.mentions else "It says nothing (new) at the moment; nothing was stored.")


def _as_json(one: "Tasted") -> dict[str, Any]:
    decision = one.decision
    return {
        "mention": one.mention.model_dump(mode="json", exclude_defaults=True),
        "reading": one.reading.as_json() if one.reading else None,
        "routing": {"rule": decision.rule, "team": decision.team, "priority": decision.priority} if decision else None,
    }


def _print_tasted(settings: "Settings", tasted: "Sequence[Tasted]") -> None:
    out, desk = show.console(), settings.desk
    for one in tasted:
        mention, reading, decision = one.mention, one.reading, one.decision
        who = (mention.author.name or mention.author.handle) if mention.author else "-"
        said = [f"{mention.said_at.astimezone(desk.tz):%d.%m.%Y %H:%M}", mention.kind, who]
        if reading and decision:
            topics = [desk.topics.name(topic, desk.language) for topic in (*reading.friction, *reading.praise)]
            said += [reading.sentiment, *topics, f"-> {decision.team}, priority {decision.priority} ({decision.rule})"]
        out.print(show.text(" · ".join(said), "dim"))
        out.print(show.text(mention.words, most=_EXCERPT))


def _print_broken(broken: "Sequence[Broken]") -> None:
    out = show.console()
    for one in broken:
        out.print(show.text(f"not understood: {one.place}: {one.reason}", "yellow"))


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, JSON or JSONL.", exists=True, dir_okay=False, readable=True)],
    platform: Annotated[str | None, typer.Option(help="Where it was said, if the file does not show it: trustpilot, ...")] = None,
    kind: Annotated[str | None, typer.Option(help="comment, review, dm, post, email or survey.")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--mapping", "-m", help="text=Kommentar: which column holds what; may be given often.")
    ] = None,
    source: Annotated[str, typer.Option(help="What the ledger calls it; else the file's name.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what was understood as what; store nothing.")] = False,
    config: Config = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take in an export. The same file again changes nothing; rows that are not understood are kept with their line."""
    from flows.work.take_in import Wishes, as_kind, take_in

    wishes = Wishes(platform, as_kind(kind) if kind else None, _pairs(mapping or ()) or None)
    with opened(config) as settings:
        if dry_run:
            _describe(settings, file, wishes, as_json=as_json)
            return
        with show.progress(not (quiet or as_json)) as tell:
            taken = take_in(settings, file, wishes, name=source, tell=tell)
    kept = taken.kept
    if as_json:
        from dataclasses import asdict

        from flows.work.taste import broken_places

        show.say_json({"source": taken.source, **asdict(kept), "quarantine": broken_places(taken.broken)})
        return
    known = kept.fetched - kept.new - kept.changed - kept.refused - len(taken.broken)
    typer.echo(
        f"{taken.source}: {kept.new} new, {kept.changed} changed, {max(known, 0)} known, {kept.quarantined} in quarantine."
    )
    if kept.refused:
        typer.echo(f"{kept.refused} were left out: erased before, or older than what is kept (retention).")
    _print_broken(taken.broken)
    typer.echo("Next: kummerkasten tag, then kummerkasten route")


def _pairs(given: Sequence[str]) -> dict[str, str]:
    from desk.errors import ConfigurationError

    wrong = [pair for pair in given if "=" not in pair]
    if wrong:
        raise ConfigurationError(f'"{wrong[0]}" is no mapping; write for example --mapping text=Kommentar')
    return {field.strip(): column.strip() for field, _, column in (pair.partition("=") for pair in given)}


def _describe(settings: "Settings", file: Path, wishes: "Wishes", *, as_json: bool) -> None:
    from flows.work.take_in import described

    found = described(settings, file, wishes)
    if as_json:
        show.say_json(_described_as_json(found))
        return
    out = show.console()
    parts = (found.format, found.encoding, found.dialect, f"{found.platform} {found.kind}", found.profile)
    out.print(show.text(" · ".join(part for part in parts if part), "bold"))
    out.print(show.table(("field", "from column"), found.mapping.items()))
    if found.unused:
        out.print(show.text(f"not used: {', '.join(found.unused)}", "dim"))
    for mention in found.mentions:
        out.print(show.text(f"{mention.said_at.astimezone(settings.desk.tz):%Y-%m-%d} {mention.words}", most=110))
    _print_broken(found.broken)
    typer.echo("Nothing was stored.")


def _described_as_json(found: "Described") -> dict[str, Any]:
    from flows.work.taste import broken_places

    return {
        "format": found.format,
        "encoding": found.encoding,
        "platform": found.platform,
        "kind": found.kind,
        "mapping": found.mapping,
        "unused": found.unused,
        "mentions": [mention.model_dump(mode="json", exclude_defaults=True) for mention in found.mentions],
        "quarantine": broken_places(found.broken),
    }
