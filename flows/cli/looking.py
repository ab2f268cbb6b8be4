"""Looking: what was heard and what waits, one team's queue, and why a mention is where it is."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import reasons, show
from flows.cli.options import MOST, Config, Json, opened

if TYPE_CHECKING:
    from desk.config import Desk
    from store.inbox import QueueRow
    from store.ledger import SourceStatus
    from store.overview import Load

_EXCERPT = 90


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("status")(status)
    app.command("queue")(queue)
    app.command("why")(reasons.why)


def status(config: Config = None, as_json: Json = False) -> None:
    """Show the ledger: when each source was last heard, what came, what is next; what waits; what each team owes."""
    from flows.work.common import utc_now
    from store.claims import waiting_counts
    from store.ledger import sources
    from store.overview import today

    now = utc_now()
    with opened(config) as settings, settings.session(write=False) as session:
        heard = sources(session, settings.desk.sources, now)
        unread, unrouted = waiting_counts(session)
        loads = today(session, now=now, zone=settings.desk.tz).teams
    if as_json:
        show.say_json(
            {
                "sources": [_source_as_json(one) for one in heard],
                "unread": unread,
                "unrouted": unrouted,
                "teams": {key: {"waiting": load.waiting, "late": load.late, "soon": load.soon} for key, load in loads.items()},
            }
        )
        return
    _print_sources(heard, now)
    _print_teams(settings.desk, loads)
    show.console().print(f"{unread} mentions wait to be tagged, {unrouted} to be routed.")


def _source_as_json(one: "SourceStatus") -> dict[str, Any]:
    last = one.last
    return {
        "source": one.name,
        "platform": one.platform,
        "enabled": one.enabled,
        "running": one.running,
        "mentions": one.mentions,
        "waiting_in_quarantine": one.quarantined,
        "next_run_at": one.next_run_at,
        "last_pull": last.model_dump(mode="json", exclude={"id", "source", "platform"}) if last else None,
    }


def _print_sources(heard: "list[SourceStatus]", now: datetime) -> None:
    out = show.console()
    columns = ("source", "outcome", "heard", "new>", "kept>", "quarantine>", "quota>", "next")
    out.print(show.table(columns, (_source_row(one, now) for one in heard)))
    for one in heard:
        if one.last and one.last.error:
            out.print(show.text(f"{one.name}: {one.last.error}", "red", lines=True))
            out.print(show.below(one.last.advice)) if one.last.advice else None


def _source_row(one: "SourceStatus", now: datetime) -> tuple[object, ...]:
    last = one.last
    if last is None:
        return (one.name, "never heard" if one.enabled else "switched off", "", "", one.mentions, one.quarantined, "", "")
    said = "lost" if one.broken_off(now) else last.outcome
    outcome = show.text(said, "green" if said in ("done", "more", "running") else "bold red")
    quota = "" if last.quota_left is None else last.quota_left
    heard = show.ago(last.ended_at or last.started_at, now)
    next_run = (show.ago(one.next_run_at, now) if one.next_run_at else "") if one.enabled else "-"
    return (one.name, outcome, heard, last.new, one.mentions, one.quarantined, quota, next_run)


def _print_teams(desk: "Desk", loads: "dict[str, Load]") -> None:
    names = {team.key: team.name[desk.language] for team in desk.teams}
    keys = [*names, *(key for key in loads if key not in names)]
    owed = ((key, loads[key]) for key in keys if key in loads)
    lines = (
        (key, names.get(key, ""), load.waiting, show.text(load.late, "bold red") if load.late else "", load.soon)
        for key, load in owed
    )
    show.console().print(show.table(("team", "name", "waiting>", "late>", "due soon>"), lines))


def queue(
    team: Annotated[str, typer.Argument(help="The team's key, as in kummerkasten.toml.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many tickets.", max=MOST)] = 25,
    late: Annotated[bool, typer.Option("--late", help="Only those that are late.")] = False,
    query: Annotated[str, typer.Option("--search", "-s", help="Only conversations in which these words are said.")] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show a team's open tickets, the most pressing first."""
    from flows.work.common import utc_now
    from store import inbox

    now = utc_now()
    with opened(config) as settings:
        filters = inbox.Filters(team=settings.desk.team(team).key, late=late, query=query)
        with settings.session(write=False) as session:
            found = inbox.queue(session, filters, now=now, limit=limit)
    if as_json:
        show.say_json([_ticket_as_json(row) for row in found.rows])
        return
    if not found.rows:
        typer.echo("None of the open tickets is so." if late or query else "Nothing is waiting.")
        return
    columns = ("P>", "left>", "topic~", "who", "where", "what~", "mention>")
    show.console().print(show.table(columns, (_ticket_row(settings.desk, row, now) for row in found.rows)))
    typer.echo(f"{len(found.rows)} of {found.total}. More about one: kummerkasten why MENTION")


def _ticket_row(desk: "Desk", row: "QueueRow", now: datetime) -> tuple[object, ...]:
    ticket, mention = row.ticket, row.mention
    return (
        show.text(ticket.priority, show.STYLES.get(ticket.priority, "")),
        show.time_left(ticket.due_at, now),
        desk.topics.name(ticket.topic, desk.language) if ticket.topic else "",
        show.text(row.author or row.handle or "-", most=18),
        mention.platform,
        show.text(row.excerpt, most=_EXCERPT),
        mention.id,
    )


def _ticket_as_json(row: "QueueRow") -> dict[str, Any]:
    kept = {"id", "team", "status", "priority", "topic", "rule", "assignee", "due_at", "waiting_since", "manual"}
    return row.ticket.model_dump(mode="json", include=kept) | {
        "mention": row.mention.id,
        "platform": row.mention.platform,
        "source": row.mention.source,
        "url": row.mention.url,
        "author": row.author,
        "handle": row.handle,
        "text": row.mention.text,
        "said_at": row.mention.said_at,
        "language": row.mention.language,
        "friction": dict(row.topics),
    }
