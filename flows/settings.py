"""Find the configuration, read it whole, and open the desk's database: what every front door does first.

Secrets come from the environment, and from the file beside the configuration that `flows.vault` keeps.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from desk import config
from desk.config import Desk
from desk.errors import ConfigurationError
from desk.source import Source
from flows.vault import Vault

if TYPE_CHECKING:
    from sqlmodel import Session

    from store.engine import Engine

FILE = "kummerkasten.toml"
CONFIG = "KUMMERKASTEN_CONFIG"
DATABASE = "KUMMERKASTEN_DATABASE"


@dataclass(frozen=True)
class Settings:
    """One desk as this process works for it: what its file says, where the file lies, and which database it has."""

    desk: Desk
    path: Path
    database: str

    @property
    def folder(self) -> Path:
        """The folder of the configuration file, from which relative paths count."""
        return self.path.parent

    @cached_property
    def engine(self) -> "Engine":
        """The database, brought to this version's tables on first use; raises ConfigurationError where it does not answer."""
        from store.engine import advice_on, connect, healthy
        from store.migrate import migrate

        engine = connect(self.database)
        if wrong := healthy(engine):
            engine.dispose()
            raise ConfigurationError(f"The database {self.shown_database} does not answer: {wrong}. {advice_on(wrong)}")
        migrate(engine)
        return engine

    def session(self, *, write: bool = True) -> "AbstractContextManager[Session]":
        """Open a session; what is not committed is rolled back. ``write=False`` waits for no writer."""
        from store.engine import session

        return session(self.engine, write=write)

    @property
    def vault(self) -> Vault:
        """Where credentials are kept beside the environment."""
        return Vault(self.folder)

    def environ(self) -> dict[str, str]:
        """Return the environment, with the credentials that are kept beside the configuration."""
        return self.vault.environ()

    def close(self) -> None:
        """Let go of the database, if it was opened."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    @property
    def shown_database(self) -> str:
        """The database's address without its password."""
        parts = urlsplit(self.database)
        if not parts.password:
            return self.database
        return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{parts.netloc.rpartition('@')[2]}"))


def find(given: Path | None = None, environ: Mapping[str, str] = os.environ, cwd: Path | None = None) -> Path:
    """Return the configuration file: *given*, the one that KUMMERKASTEN_CONFIG names, or the nearest one from *cwd* upwards.

    Raises ConfigurationError where there is none.
    """
    named = given or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    if named:
        path = named / FILE if named.is_dir() else named
        if not path.is_file():
            raise ConfigurationError(f"There is no {path}. Write one with: kummerkasten init")
        return path.resolve()
    start = (cwd or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder / FILE
    raise ConfigurationError(f"There is no {FILE} in {start} or above. Write one with: kummerkasten init")


def load(given: Path | None = None, environ: Mapping[str, str] = os.environ, cwd: Path | None = None) -> Settings:
    """Return the settings of the desk whose file `find` finds; raises ConfigurationError with all that is wrong in it."""
    path = find(given, environ, cwd)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}. It must be a text file in UTF-8") from error
    desk = config.read(text, str(path)).at(path.parent)
    given_database = environ.get(DATABASE)
    return Settings(desk, path, config.database_at(given_database, path.parent) if given_database else desk.database)


@contextmanager
def opened(given: Path | str | None = None) -> Iterator[Settings]:
    """Give out the settings of the desk that `find` finds; its database is let go at the end."""
    settings = load(Path(given) if given else None)
    try:
        yield settings
    finally:
        settings.close()


def check_options(sources: Iterable[Source]) -> None:
    """Check what each source says beside the common settings; raises ConfigurationError that lists everything wrong."""
    import listeners

    wrong: list[str] = []
    for source in sources:
        try:
            listeners.check(source)
        except ConfigurationError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigurationError("\n".join(wrong))
