"""The command line: one file per group of commands, each importing what it needs only when it runs."""

import typer

from flows.cli import (
    adding,
    answering,
    auditing,
    bringing,
    judging,
    looking,
    privacy,
    redacting,
    reporting,
    services,
    setup,
    teaching,
    topics,
    work,
)
from flows.cli.failing import Commands

app = typer.Typer(
    name="kummerkasten",
    help="Hears what customers say, understands it in German and English, and puts it in front of the team that can answer.",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for group in (
    setup,
    adding,
    bringing,
    work,
    looking,
    answering,
    judging,
    reporting,
    privacy,
    auditing,
    redacting,
    teaching,
    topics,
    services,
):
    group.add_to(app)


def main() -> None:
    """Run the command line (console scripts ``kummerkasten`` and ``kk``)."""
    app()
