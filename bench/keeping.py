"""How many mentions a second are kept, against a bare ``executemany`` of the same rows into the same table, in the same run.

Run it with ``python -m bench.keeping``. Both sides write the same pages of the same rows, each page in one transaction. The
bare side has its rows ready and its authors and conversations in place; keeping also stems, finds or makes authors and
conversations, moves the cursor, renews the lease and counts in the ledger.
"""

import argparse
import json
import sqlite3
import statistics
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy import text

from bench.common import Customers, databases, machine, say
from desk.mention import Author, Mention
from desk.source import Source
from desk.words import search_words
from store import leases, ledger, mentions
from store.engine import connect, session

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
COLUMNS = [
    "platform",
    "native_id",
    "source",
    "conversation_id",
    "author_id",
    "kind",
    "title",
    "text",
    "search",
    "language",
    "url",
    "parent",
    "stars",
    "rating",
    "reach",
    "ours",
    "attachments",
    "said_at",
    "heard_at",
    "edited_at",
]


@dataclass(frozen=True)
class Page:
    """What a listener would hand over."""

    mentions: Sequence[Mention]
    cursor: str
    deleted: Sequence[str] = ()
    broken: Sequence[Any] = ()
    oldest_unread: datetime | None = None


@dataclass
class Rates:
    """Mentions a second, one number per round."""

    bare: list[float]
    kept: list[float]

    def line(self, database: str, size: int) -> str:
        bare, kept = statistics.median(self.bare), statistics.median(self.kept)
        return f"{database:9} pages of {size:5}: {kept:8,.0f} kept/s, bare {bare:8,.0f} rows/s, {kept / bare:4.0%} of it"


def heard(number: int, tag: str) -> list[Mention]:
    """Return mentions of about two thirds as many conversations and half as many authors."""
    customers = Customers()
    return [
        Mention(
            platform="mastodon",
            native_id=f"{tag}-{index}",
            conversation=f"{tag}-c{index * 2 // 3}",
            kind="comment",
            text=words,
            language=language,
            said_at=NOW - timedelta(seconds=number - index),
            author=Author(native_id=f"{tag}-a{index // 2}", handle=f"kunde{index // 2}", name=f"Kundin {index // 2}"),
            url=f"https://mastodon.example/@kunde/{index}",
        )
        for index, (language, words) in enumerate(customers.texts(number))
    ]


def pages(heard_now: Sequence[Mention], size: int) -> Iterator[Page]:
    for start in range(0, len(heard_now), size):
        yield Page(mentions=tuple(heard_now[start : start + size]), cursor=str(start + size))


def keep_rate(url: str, said: Sequence[Mention], size: int) -> float:
    source = Source(name="bench", platform="mastodon")
    held = leases.Held(leases.of_source(source.name), "bench")
    engine = connect(url)
    with session(engine) as opened:
        now = datetime.now(UTC)
        leases.take(opened, held.name, held.holder, now)
        pull_id = ledger.start_pull(opened, source, "bench", now)
        start = perf_counter()
        new = sum(mentions.keep(opened, source, page, now=now, lease=held, pull_id=pull_id).new for page in pages(said, size))
        took = perf_counter() - start
    engine.dispose()
    assert new == len(said)
    return new / took


def bare_rate(url: str, said: Sequence[Mention], size: int) -> float:
    rows = rows_for(url, said)
    took = (bare_sqlite if url.startswith("sqlite") else bare_postgres)(url, rows, size)
    return len(rows) / took


def rows_for(url: str, said: Sequence[Mention]) -> list[tuple[Any, ...]]:
    """Return what keeping writes into the mention table, ready for the driver; its authors and conversations are put in place."""
    engine = connect(url)
    with engine.begin() as connection:
        for name, ids in (
            ("author", {m.author.native_id for m in said if m.author}),
            ("conversation", {m.conversation for m in said}),
        ):
            extra = ("handle, name", "'', ''") if name == "author" else ("source, started_at, last_said_at", "'bench', :at, :at")
            connection.execute(
                text(f"INSERT INTO {name} (platform, native_id, {extra[0]}) VALUES ('mastodon', :id, {extra[1]})"),
                [{"id": one, "at": NOW.replace(tzinfo=None)} for one in sorted(ids)],
            )
        authors, threads = (
            dict(connection.execute(text(f"SELECT native_id, id FROM {name}")).tuples().all())
            for name in ("author", "conversation")
        )
    engine.dispose()
    plain = (
        (lambda at: at.replace(tzinfo=None).isoformat(" ", "microseconds"))
        if url.startswith("sqlite")
        else (lambda at: at.replace(tzinfo=None))
    )
    return [
        (
            m.platform, m.native_id, "bench", threads[m.conversation], authors[m.author.native_id] if m.author else None, m.kind,
            m.title, m.text, search_words(m.words), m.language, m.url, m.parent, m.stars, m.rating, m.reach, m.ours,
            json.dumps(list(m.attachments)), plain(m.said_at), plain(NOW), None,
        )
        for m in said
    ]  # fmt: skip


def bare_sqlite(url: str, rows: Sequence[tuple[Any, ...]], size: int) -> float:
    statement = f"INSERT INTO mention ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        start = perf_counter()
        for first in range(0, len(rows), size):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, rows[first : first + size])
            connection.execute("COMMIT")
        return perf_counter() - start


def bare_postgres(url: str, rows: Sequence[tuple[Any, ...]], size: int) -> float:
    statement = f"INSERT INTO mention ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        start = perf_counter()
        for first in range(0, len(rows), size):
            cursor.executemany(statement, rows[first : first + size])
            connection.commit()
        return perf_counter() - start


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--mentions", type=int, default=10_000, help="in each round (default 10000)")
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--pages", type=int, nargs="*", default=[100, 1000], metavar="SIZE")
    given.add_argument("--only", choices=["sqlite", "postgres"])
    asked = given.parse_args()
    say(machine())
    with databases([asked.only] if asked.only else ("sqlite", "postgres")) as urls:
        for database, url in urls.items():
            for size in asked.pages:
                rates = Rates([], [])
                for turn in range(asked.rounds):
                    rates.bare.append(bare_rate(url, heard(asked.mentions, f"bare{size}.{turn}"), size))
                    rates.kept.append(keep_rate(url, heard(asked.mentions, f"kept{size}.{turn}"), size))
                say(rates.line(database, size))


if __name__ == "__main__":
    main()
