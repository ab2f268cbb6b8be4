"""A desk in a folder of its own, for the dashboard's tests."""

from dataclasses import dataclass
from pathlib import Path

from desk import config
from desk.config import Desk
from store.engine import connect
from store.migrate import migrate

APP = Path(__file__).parents[2] / "dashboard" / "app.py"


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
