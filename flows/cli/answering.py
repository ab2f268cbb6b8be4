"""Answering: write an answer to a mention, send what waits, look after what could not be sent."""

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.errors import KummerkastenError
from flows.cli import show
from flows.cli.failing import FAILED
from flows.cli.options import MOST, Config, Json, Quiet, opened

if TYPE_CHECKING:
    from store.tables import Delivery

_SHOWN = 60
By = Annotated[str, typer.Option("--by", help="Who says so; else your name on this machine.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("reply")(reply)
    app.command("deliver")(deliver)
    app.command("outbox")(outbox)


def reply(
    mention: Annotated[int, typer.Argument(help="The mention's number, as `queue` shows it.", max=MOST)],
    text: Annotated[str, typer.Argument(help="What is answered.")],
    by: By = "",
    later: Annotated[bool, typer.Option("--later", help="Leave it to the next run of the sender.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Answer a mention where it was said: the answer goes into the outbox, and out at once unless you say --later."""
    from flows.work.common import utc_now
    from flows.work.deliver import OBSTACLES
    from flows.work.deliver import deliver as send
    from store import outbox as box
    from store import reply_rules
    from store.tables import Delivery, Mention

    with opened(config) as settings:
        with settings.session() as session:
            if session.get(Mention, mention) is None:
                raise KummerkastenError(f"There is no mention {mention}. `kummerkasten queue TEAM` shows their numbers")
            if wrong := reply_rules.obstacle_to(session, mention, text, utc_now()):
                raise KummerkastenError(f"This answer cannot be sent: {OBSTACLES[wrong]}")
            number = box.write(session, mention, text, by=_who(by), now=utc_now())
        if not later:
            send(settings)
        with settings.session(write=False) as session:
            found = session.get_one(Delivery, number)
    show.say_json(_as_json(found)) if as_json else _print_one(found)
    if found.state == "dead":
        raise typer.Exit(FAILED)


def deliver(config: Config = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Send what waits in the outbox; exit code 1 where something is left to a person."""
    from dataclasses import asdict

    from flows.work.common import stopping
    from flows.work.deliver import deliver as send

    with opened(config) as settings, show.progress(not (quiet or as_json)) as tell, stopping() as stop:
        done = send(settings, tell=tell, stop=stop)
    show.say_json(asdict(done)) if as_json else typer.echo(f"{done}.")
    if done.dead:
        raise typer.Exit(FAILED)


def outbox(
    resend: Annotated[
        int | None, typer.Option(help="Send a dead delivery again: you have looked that it is not there.", max=MOST)
    ] = None,
    drop: Annotated[int | None, typer.Option(help="Give a delivery up.", max=MOST)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was sent and dropped.")] = False,
    by: By = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show the answers that wait or could not be sent, with the reason; send one again, or give it up."""
    from flows.work.common import utc_now
    from store import outbox as box

    with opened(config) as settings, settings.session() as session:
        if resend is not None:
            box.resend(session, resend, by=_who(by), now=utc_now())
        if drop is not None:
            box.drop(session, drop, by=_who(by), now=utc_now())
        found = box.deliveries(session, () if everything else ("waiting", "sending", "dead"))
    if as_json:
        show.say_json([_as_json(one) for one in found])
        return
    if not found:
        typer.echo("Nothing waits in the outbox.")
        return
    now = utc_now()
    columns = ("number>", "state", "source", "mention>", "by", "written", "text~")
    show.console().print(show.table(columns, (_row(one, now) for one in found)))
    for one in found:
        _print_trouble(one)


def _who(by: str) -> str:
    return by or getpass.getuser()


def _row(one: "Delivery", now: datetime) -> tuple[object, ...]:
    state = show.text(one.state, {"dead": "bold red", "sent": "green"}.get(one.state, ""))
    return (one.id, state, one.source, one.mention_id, one.by, show.ago(one.written_at, now), show.text(one.text, most=_SHOWN))


def _print_one(one: "Delivery") -> None:
    said = {
        "sent": f"Sent{f': {one.url}' if one.url else ''}.",
        "dead": f"It could not be sent (delivery {one.id}).",
    }.get(one.state, f"It waits in the outbox (delivery {one.id}); `kummerkasten deliver`, or the next run, sends it.")
    typer.echo(show.plain(said))
    _print_trouble(one)


def _print_trouble(one: "Delivery") -> None:
    if one.error:
        out = show.console()
        out.print(show.text(f"{one.id}: {one.error}", "red" if one.state == "dead" else "yellow", lines=True))
        if one.advice:
            out.print(show.below(one.advice))


def _as_json(one: "Delivery") -> dict[str, Any]:
    return one.model_dump(mode="json", exclude={"claimed_by", "claimed_until", "key"})
