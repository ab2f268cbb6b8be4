"""Services: everything at once with `up`, or the sandbox alone."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli import show
from flows.cli.options import Config

if TYPE_CHECKING:
    from flows.up import Addresses

HOME = ".kummerkasten"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("up")(up)
    app.command("intake")(intake)
    app.command("sandbox")(sandbox)


def up(
    demo: Annotated[bool, typer.Option("--demo", help="An invented furniture shop instead of your own desk.")] = False,
    prefect: Annotated[bool, typer.Option(help="Schedules by a local Prefect server.")] = True,
    browser: Annotated[bool, typer.Option(help="Open the dashboard in a browser, where there is a display.")] = True,
    port: Annotated[int, typer.Option(help="Of the dashboard; the next free one if it is taken.")] = 8501,
    prefect_port: Annotated[int, typer.Option(help="Of Prefect.")] = 4200,
    sandbox_port: Annotated[int, typer.Option(help="Of the sandbox.")] = 8787,
    intake_port: Annotated[int, typer.Option(help="Of the intake, where a source is pushed to.")] = 8790,
    every: Annotated[float, typer.Option(help="With --demo: seconds between two things that are said.")] = 5.0,
    language: Annotated[
        Literal["de", "en"] | None, typer.Option("--language", "-l", help="With --demo: of the dashboard; else each browser's.")
    ] = None,
    config: Config = None,
) -> None:
    """Start everything: dashboard, Prefect with the schedules of prefect.yaml, with --demo the sandbox. Ctrl-C stops it."""
    from flows.children import Family
    from flows.settings import load
    from flows.up import Wanted, alone, start, watch
    from flows.work.common import stopping

    wanted = Wanted(demo, prefect, port, prefect_port, sandbox_port, every, language, intake_port)
    settings = None if demo else load(config)
    home = Path(HOME, "demo").resolve() if settings is None else settings.folder / HOME
    out = show.console(err=True)
    try:
        with alone(home), stopping(), Family() as family:
            addresses = start(wanted, settings, home, family, lambda said: out.print(show.text(said, lines=True)))
            _panel(addresses)
            if browser and _has_display():
                import webbrowser

                webbrowser.open(addresses.dashboard)
            watch(family)
    except KeyboardInterrupt:
        out.print("Stopped.")


def _has_display() -> bool:
    shown = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(shown) and sys.stdout.isatty()


def _panel(addresses: "Addresses") -> None:
    from rich.panel import Panel
    from rich.table import Table

    lines = Table.grid(padding=(0, 2))
    shown = {
        "Dashboard": addresses.dashboard,
        "Prefect": addresses.prefect,
        "Sandbox": addresses.sandbox,
        "Intake": addresses.intake,
        "Logs": addresses.logs,
    }
    for name, where in shown.items():
        if where:
            lines.add_row(show.text(name, "bold"), show.text(where))
    show.console().print(Panel(lines, title="Kummerkasten", subtitle="Ctrl-C stops everything", expand=False))


def intake(
    port: Annotated[int, typer.Option(help="Where it listens.")] = 8790,
    host: Annotated[str, typer.Option(help="On which address; only this machine unless you say otherwise.")] = "127.0.0.1",
    config: Config = None,
) -> None:
    """Take in what platforms push, below /NAME-OF-THE-SOURCE: signatures checked, stored before it is acknowledged."""
    import uvicorn

    from desk.errors import ConfigurationError
    from flows.cli.options import opened
    from flows.intake import app, pushed

    with opened(config) as settings:
        doors = [source.name for source, _ in pushed(settings)]
        if not doors:
            raise ConfigurationError("no source of this desk can be pushed to; see docs/push.md for the platforms that push")
        where = ", ".join(f"http://{host}:{port}/{name}" for name in doors)
        show.console(err=True).print(show.text(f"Intake: {where} (Ctrl-C stops it)"))
        uvicorn.run(app(settings), host=host, port=port, log_level="warning", access_log=False)


def sandbox(
    port: Annotated[int, typer.Option(help="Where it listens.")] = 8787,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two things that are said.")] = 5.0,
    exports: Annotated[Path | None, typer.Option(help="A folder into which exports are written.")] = None,
    host: Annotated[str, typer.Option(help="On which address; only this machine unless you say otherwise.")] = "127.0.0.1",
) -> None:
    """Speak like the platforms: an invented furniture shop, something new every few seconds, mischief on request."""
    from datetime import timedelta

    from listeners.sandbox.serve import serve

    show.console(err=True).print(show.text(f"Sandbox: http://{host}:{port} (Ctrl-C stops it)"))
    serve(host, port, every=timedelta(seconds=every), exports=exports)
