"""Hear what stands in a company's own database (SQLite, PostgreSQL): one query, read only, its columns mapped to mentions.

Rows are streamed in the order of their time, and rows of one moment stay together, so that the cursor never stops between them
(guarantees 1 and 3). Nothing can be written: the transaction is read-only, and the query stands inside another one.
"""

import re
import sqlite3
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from sqlalchemy import Connection, Engine, Row, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from desk.errors import ConfigurationError, NotUnderstood, SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from desk.source import Source
from listeners.access import needed
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Window
from listeners.fields import Mapped
from listeners.files.dates import Calendar
from listeners.http import Client
from listeners.mapping import mentions_of, moment_of, since_as
from listeners.walks import forward

PLATFORM = "sql"
_TOGETHER = 500
"""Rows that are kept in one transaction; more, where many are of one moment."""
_PASSING = re.compile(r"starting up|shutting down|recovery|too many|connection slots", re.I)


class Options(Mapped):
    """What a source that reads a database may say, beside the mapping: its fields name the query's columns."""

    query: str
    """One SELECT, with ``:since`` where it compares the time: ``SELECT ... WHERE written_at >= :since``."""
    since_format: Literal["native", "iso", "date", "seconds", "milliseconds", "plain"] = "native"
    """How the time stands in the database; ``native`` is a timestamp, in SQLite 2026-08-30 12:00:00."""
    timeout: int = Field(default=60, ge=1, le=3_600)
    """Seconds that one reading may take."""
    deletions: bool = True
    """Whether what the query no longer gives has been deleted."""

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        bare = self.query.strip().rstrip(";").strip()
        if not re.match(r"(select|with|values)\b", bare, re.I):
            raise ValueError("query is one SELECT: SELECT id, body, written_at FROM feedback WHERE written_at >= :since")
        if not re.search(r">=\s*\(?\s*:since\b", bare):
            raise ValueError(
                'query must compare its time with ">= :since" (with ">" alone, the second of a moment would be lost)'
            )
        if not self.fields.time or "." in self.fields.time + self.fields.edited:
            raise ValueError("fields.time (and fields.edited) name a column of the query, without dots")
        return self

    @property
    def question(self) -> str:
        """The query without what ends it."""
        return self.query.strip().rstrip(";").strip()


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the rows that were written or changed since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    (url,) = needed(client.secrets, "url")
    streams = {"rows": partial(_batches, url, client.credential, options, source.name)}
    return forward(streams, cursor, window, complete=options.deletions)


def _batches(url: str, credential: str, options: Options, name: str, since: datetime) -> Iterator[Batch]:
    """Yield the rows from a moment on, those of one moment together."""
    when = partial(_moment, options=options, calendar=Calendar(options.zone, options.month_first))
    read = partial(mentions_of, mapped=options, platform=PLATFORM, source=name)
    with _reading(url, credential, options) as asking, closing(asking.rows(since)) as rows:
        batch: list[Mapping[str, Any]] = []
        for row in rows:
            if len(batch) >= _TOGETHER and when(row) != when(batch[-1]) and (when(batch[-1]) or since) > since:
                yield understood(batch, read, "rows of the query", when)
                batch = []
            batch.append(row)
        if batch:
            yield understood(batch, read, "rows of the query", when)


def _moment(row: Mapping[str, Any], options: Options, calendar: Calendar) -> datetime | None:
    """Return what a row is sorted by."""
    value = (row.get(options.fields.edited) if options.fields.edited else None) or row.get(options.fields.time)
    try:
        return moment_of(value, calendar)
    except NotUnderstood:
        return None


@dataclass
class _Asking:
    """A connection that can only read."""

    connection: Connection
    options: Options
    deadline: float = 0.0
    """Until when SQLite may go on with what it does (PostgreSQL keeps its own time)."""

    def rows(self, since: datetime) -> Generator[dict[str, Any], None, None]:
        """Yield the query's rows in the order of their time; raises SourceGarbled where a column is missing that is mapped."""
        streaming = self.connection.execution_options(stream_results=True, yield_per=_TOGETHER)
        with streaming.execute(text(self._statement()), {"since": self._since(since)}) as result:
            self._complete(list(result.keys()))
            while some := self._next(result.fetchmany):
                yield from (dict(row._mapping) for row in some)

    def _next(self, fetch: Any) -> "list[Row[Any]]":
        self.deadline = time.monotonic() + self.options.timeout
        found: list[Row[Any]] = fetch(_TOGETHER)
        return found

    def _statement(self) -> str:
        quote = self.connection.dialect.identifier_preparer.quote
        fields = self.options.fields
        said = quote(fields.time)
        moment = f"COALESCE({quote(fields.edited)}, {said})" if fields.edited else said
        return f"SELECT * FROM (\n{self.options.question}\n) AS heard ORDER BY {moment}"  # noqa: S608 - the operator's own query

    def _since(self, since: datetime) -> object:
        form = self.options.since_format
        if form != "native":
            return since_as(since, form, self.options.zone)
        return since_as(since, "plain", self.options.zone) if self.connection.dialect.name == "sqlite" else since

    def _complete(self, columns: list[str]) -> None:
        named = self.options.fields.model_dump().items()
        paths = [path for _, given in named for path in ([given] if isinstance(given, str) else given) if path]
        missing = sorted({path for path in paths if path not in columns and path.split(".")[0] not in columns})
        if missing:
            raise SourceGarbled(
                f"the query gives no column {', '.join(missing)}",
                advice=f"name in fields what the query gives ({', '.join(columns)}), or let it give what fields name (AS ...)",
            )


@contextmanager
def _reading(url: str, credential: str, options: Options) -> Iterator[_Asking]:
    """Open a read-only transaction; the database's errors say what to do, and never hold the secret."""
    engine = _engine(url, credential, options.timeout)
    try:
        with engine.connect() as connection:
            asking = _Asking(connection, options)
            if engine.dialect.name == "sqlite":
                _keep_time(connection, asking)
            else:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                connection.execute(text(f"SET LOCAL statement_timeout = {options.timeout * 1000}"))
                connection.execute(text("SELECT set_config('TimeZone', :zone, true)"), {"zone": options.time_zone})
            yield asking
    except DBAPIError as error:
        raise _translated(error, credential) from error
    except SQLAlchemyError as error:
        raise SourceGarbled(f"the query fails ({type(error).__name__})", advice="try the query by hand, then mend it") from error
    finally:
        engine.dispose()


def _engine(url: str, credential: str, timeout: int) -> Engine:
    """Return an engine for *url*; raises ConfigurationError for what is no database that can be read here."""
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite" and address.database:
            there = f"{Path(address.database).resolve().as_uri()}?mode=ro"
            connect = partial(sqlite3.connect, there, uri=True, timeout=timeout, check_same_thread=False)
            return create_engine("sqlite://", creator=connect, poolclass=NullPool)
        if address.get_backend_name() in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
            return create_engine(address, poolclass=NullPool, connect_args={"connect_timeout": 10})
    except (ArgumentError, NoSuchModuleError, ValueError):
        pass
    raise ConfigurationError(
        f"{credential} holds no address of a database that can be read: write sqlite:////folder/file.db or "
        "postgresql://name:password@host/database"
    )


def _keep_time(connection: Connection, asking: _Asking) -> None:
    """Forbid SQLite to write, and stop it when its time is over."""
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # made in _engine
    raw.execute("PRAGMA query_only = ON")
    asking.deadline = time.monotonic() + asking.options.timeout
    raw.set_progress_handler(lambda: time.monotonic() > asking.deadline, 10_000)


def _translated(error: DBAPIError, credential: str) -> SourceError:
    """Return what an error of the database means for whoever asked (PostgreSQL, appendix A; SQLite's messages)."""
    said = str(error.orig).splitlines()[0].removeprefix("connection failed: ") if str(error.orig) else type(error.orig).__name__
    code = getattr(error.orig, "sqlstate", None) or ""
    what = f"the database says: {said}"
    if code == "57014" or said == "interrupted":
        return SourceBusy(
            "the query took longer than it may", advice="give the column of the time an index, or raise the source's timeout"
        )
    if code == "42P01" or "no such table" in said or "unable to open" in said:
        return SourceGone(what, advice=f"check the query, and the address in {credential}")
    if code in ("42501", "28P01", "28000") or "not authorized" in said:
        return SourceDenied(what, advice=f"let the user in {credential} read these tables: GRANT SELECT ON ... TO ...")
    if code[:2] in ("42", "22", "25", "0A") or (isinstance(error.orig, sqlite3.Error) and "locked" not in said):
        return SourceGarbled(what, advice="mend the query in the source's settings; kummerkasten try shows what it gives")
    if "FATAL" in said and not _PASSING.search(said):
        return SourceDenied(what, advice=f"check user, password and database in {credential}")
    return SourceBusy(what)


def verify(client: Client, source: Source) -> str:
    """Ask for what is new since now; return which database answers, and the query's columns."""
    options = Options.model_validate(source.options)
    (url,) = needed(client.secrets, "url")
    with _reading(url, client.credential, options) as asking:
        with closing(asking.rows(client.now())) as rows:
            next(rows, None)
        return f"{asking.connection.dialect.name}, {Path(make_url(url).database or '').name}"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    verify=verify,
    asks=(
        Ask(
            "url",
            {
                "de": "Adresse der Datenbank, mit einem Benutzer, der nur lesen darf: "
                "postgresql://name:passwort@server/datenbank oder sqlite:////ordner/datei.db.",
                "en": "Address of the database with a user who may only read: postgresql://name:password@server/database or "
                "sqlite:////folder/file.db.",
            },
            secret=True,
        ),
        Ask(
            "query",
            {
                "de": "Eine SELECT-Abfrage, die ihre Zeit mit >= :since vergleicht.",
                "en": "One SELECT that compares its time with >= :since.",
            },
            example="SELECT id, body, written_at FROM feedback WHERE written_at >= :since",
        ),
        Ask(
            "fields",
            {
                "de": "Welche Spalte was ist: mindestens text und time, besser auch id und author.",
                "en": "Which column is what: text and time at least, better id and author too.",
            },
            example='{ text = "body", time = "written_at", id = "id" }',
        ),
    ),
    setup={
        "de": "Legen Sie in der Datenbank einen Benutzer an, der nur die nötigen Tabellen oder eine Sicht lesen darf "
        "(CREATE ROLE ... LOGIN; GRANT SELECT ON ...). Ein Index auf der Spalte mit der Zeit hält die Abfrage schnell.",
        "en": "Make a user in the database who may only read the tables that are needed, or a view (CREATE ROLE ... LOGIN; "
        "GRANT SELECT ON ...). An index on the column of the time keeps the query quick.",
    },
    blind_spots={
        "de": "Was die Abfrage nicht liefert. Zeilen, deren Zeit länger als look_back zurückliegt, wenn sie sichtbar werden. "
        "Änderungen älterer Zeilen ohne fields.edited; Löschungen nur innerhalb von look_back. Antworten werden nicht gesendet.",
        "en": "What the query does not give. Rows whose time lies further back than look_back when they become visible. Edits of "
        "older rows without fields.edited; deletions within look_back only. Answers are not sent.",
    },
)
