"""Topics: which there are, which mentions a new one would get, and history brought into line with the file."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import show
from flows.cli.failing import Commands
from flows.cli.options import MOST, Config, Json, Quiet, opened

if TYPE_CHECKING:
    from desk.taxonomy import Topic
    from flows.settings import Settings
    from flows.work.topics import Applied, Shown

_DAYS = 28


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    topics = typer.Typer(cls=Commands, help="Lists all topics; `try` shows what an own one would find, `apply` tags history.")
    topics.callback(invoke_without_command=True)(listed)
    topics.command("try")(try_topic)
    topics.command("apply")(apply)
    app.add_typer(topics, name="topics")


def listed(asked: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List all topics: stage, team, whether it is your own, its examples, and its tags of the last 28 days (28 d)."""
    if asked.invoked_subcommand:
        return
    from flows.work.common import utc_now
    from store.topics import marked, met

    with opened(config) as settings:
        own = [topic.key for topic in settings.desk.own_topics]
        with settings.session(write=False) as session:
            counts = met(session, utc_now() - timedelta(days=_DAYS))
            marks = {key: sum(one.holds for one in found) for key, found in marked(session, own).items()}
        rows = [_row(topic, settings, marks, counts) for topic in settings.desk.topics.topics]
    if as_json:
        show.say_json(rows)
        return
    columns = ("topic", "name~", "stage", "team", "kind", "examples>", f"{_DAYS} d>")
    show.console().print(show.table(columns, (tuple(row.values()) for row in rows)))
    for row in rows:
        if row["kind"] == "own" and row["examples"] < 5:
            typer.echo(f"{row['topic']} gets tags once it has five examples; mark mentions with it, or add to the file.")


def _row(topic: "Topic", settings: "Settings", marks: dict[str, int], counts: dict[str, int]) -> dict[str, Any]:
    from desk.taxonomy import OwnTopic

    given = len(topic.examples) if isinstance(topic, OwnTopic) else 0
    kind = "own" if isinstance(topic, OwnTopic) else "default"
    gone = "retired" if topic.retired else f"counts as {topic.merged_into}" if topic.merged_into else ""
    return {
        "topic": topic.key,
        "name": settings.desk.topics.name(topic.key, settings.desk.language),
        "stage": topic.stage,
        "team": topic.team,
        "kind": f"{kind}, {gone}" if gone else kind,
        "examples": given + marks.get(topic.key, 0),
        "tags": counts.get(topic.key, 0),
    }


def try_topic(
    topic: Annotated[str, typer.Argument(help="The key of a topic of your own, as its table in kummerkasten.toml has it.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many mentions to show.", max=MOST)] = 20,
    config: Config = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show which stored mentions are likeliest about a topic of your own. Stores nothing."""
    from flows.work.read import load_tagger
    from flows.work.topics import likeliest

    with opened(config) as settings, show.progress(not (quiet or as_json)) as tell:
        found = likeliest(settings, load_tagger(settings), topic, limit, tell)
    if as_json:
        show.say_json([{"mention": one.mention_id, "probability": one.probability, "text": one.text} for one in found])
        return
    _print_shown(found)


def _print_shown(found: "list[Shown]") -> None:
    if not found:
        typer.echo("No mention has been read yet that could be asked. Next: kummerkasten pull, then kummerkasten tag")
        return
    rows = ((_odds(one.probability), one.mention_id, show.text(one.text, most=110)) for one in found)
    show.console().print(show.table(("p>", "mention>", "what~"), rows))
    typer.echo("From 0.50 on a mention gets the tag. Nothing was stored; kummerkasten topics apply stores it.")


def _odds(chance: float) -> Any:
    return show.text(f"{chance:.2f}", "green" if chance >= 0.5 else "dim")


def apply(config: Config = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Bring history into line with the file: merged topics count as one, own topics stand about what was read before."""
    from flows.work.read import load_tagger
    from flows.work.topics import apply as apply_all

    with opened(config) as settings, show.progress(not (quiet or as_json)) as tell:
        done = apply_all(settings, load_tagger(settings), tell=tell)
    if as_json:
        from dataclasses import asdict

        show.say_json(asdict(done))
        return
    _print_applied(done)


def _print_applied(done: "Applied") -> None:
    keys = list(dict.fromkeys([*done.restated, *done.new]))
    rows = [(key, done.restated.get(key, 0), done.new.get(key, 0), done.retired.get(key, 0)) for key in keys]
    changed = [row for row in rows if any(row[1:])]
    if changed:
        show.console().print(show.table(("topic", "restated>", "new tags>", "retired tags>"), changed))
    else:
        typer.echo("History is in line with the file; nothing changed.")
    if done.out_of_reach:
        typer.echo(
            f"{done.out_of_reach} mentions were read by another model; they get your own topics after "
            "kummerkasten retag --all and tag."
        )
