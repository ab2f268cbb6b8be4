"""Options that several commands share, and the desk they name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.settings import Settings

MOST = 2**63 - 1
"""The largest number that a database holds."""

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration; else KUMMERKASTEN_CONFIG, else the nearest kummerkasten.toml."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]


@contextmanager
def opened(config: Path | None) -> "Iterator[Settings]":
    """Give out the desk's settings; read only now, so that ``--help`` need not wait for it."""
    from flows import settings

    with settings.opened(config) as found:
        yield found
