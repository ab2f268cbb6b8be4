"""A desk in a folder of its own, for the dashboard's tests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import seed

from desk import config
from desk.config import Desk
from desk.mention import Author, Mention
from desk.reading import Reading
from store.engine import connect
from store.engine import session as open_session
from store.migrate import migrate

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
OWN_TOPIC = """
[[topics]]
key = "assembly"
name = { de = "Aufbauanleitung", en = "Assembly instructions" }
description = "Anleitungen zum Zusammenbauen"
stage = "post-purchase"
team = "product"
examples = [
    "In der Anleitung fehlt Schritt 7", "Anleitung nur auf Polnisch", "Bild 3 der Anleitung ist falsch rum",
    "wo ist die Anleitung?", "Heft unlesbar",
]
"""


@dataclass(frozen=True)
class Home:
    """One desk's folder: its configuration and its database."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "kummerkasten.toml"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'kummerkasten.db'}"

    @property
    def desk(self) -> Desk:
        return config.read(self.config.read_text("utf-8")).at(self.folder)


def new_home(folder: Path, text: str | None = None) -> Home:
    """Write a desk's folder with an empty database."""
    home = Home(folder)
    home.config.write_text(text if text is not None else config.demo("http://127.0.0.1:9"), "utf-8")
    engine = connect(home.url)
    migrate(engine)
    engine.dispose()
    return home


def heard(home: Home, text: str, read: Reading) -> int:
    """Let a customer say one thing that was read as *read*; return the mention's number."""
    now = datetime.now(UTC)
    mention = Mention(
        platform="mastodon",
        native_id="1",
        conversation="1",
        kind="post",
        text=text,
        said_at=now - timedelta(minutes=1),
        author=Author(native_id="k", name="Kundin"),
    )
    engine = connect(home.url)
    with open_session(engine) as session:
        number = seed.hear(session, home.desk, [(mention, read)], now)[0]
    engine.dispose()
    return number
