"""How long a team waits for its queue, its filters and its search when a million mentions are stored.

Run it with ``python -m bench.inbox --mentions 1000000``. The database is filled by bulk statements, with the indexes in place:
every mention with the tags a reading leaves, six in ten conversations of one mention, a ticket for a quarter of them, ten
thousand tickets open. Each kind of question is asked with changing words and values; the worst in twenty counts (p95).
"""

import argparse
import random
import sqlite3
import statistics
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import text
from sqlmodel import Session, select

from bench.common import Customers, databases, machine, p, say
from desk.words import search_words
from store import conversations, friction, inbox, overview
from store.claims import waiting_counts
from store.engine import connect, session
from store.search import search
from store.tables import Mention, Ticket

NOW = datetime(2026, 11, 24, 12)  # noqa: DTZ001 (as the columns hold it: UTC)
DAYS = 730
TEAMS = ("service", "payments", "delivery", "product", "app", "store")
TOPICS = [
    "account",
    "availability",
    "checkout",
    "communication",
    "damaged",
    "delivery",
    "fees",
    "order",
    "payment",
    "pickup",
    "pricing",
    "privacy",
    "product",
    "returns",
    "search",
    "service",
    "technical",
    "vouchers",
]
PLATFORMS = ("mastodon", "appstore", "files")
COLUMNS = [
    "id",
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
    "ours",
    "attachments",
    "said_at",
    "heard_at",
    "read_at",
    "routed_at",
]
OPEN = 10_000
Question = Callable[[Session, random.Random], object]


def rows(number: int) -> Iterator[tuple[Any, ...]]:
    """Yield mentions, the oldest first: three in five conversations hold one."""
    customers, conversation = Customers(), 0
    chance = customers.chance
    for index, (language, said) in enumerate(customers.texts(number), start=1):
        if chance.random() < 0.6 or conversation == 0:
            conversation += 1
            thread = conversation
        else:
            thread = max(1, conversation - int(chance.expovariate(0.2)))
        at = (NOW - timedelta(days=DAYS) * (1 - index / number)).isoformat(" ", "microseconds")
        platform = PLATFORMS[thread % 3]
        author = 1 + int(number * 0.4 * chance.random() ** 2)
        kind = ("comment", "review", "dm")[thread % 3]
        yield (
            index,
            platform,
            str(index),
            platform,
            thread,
            author,
            kind,
            "",
            said,
            search_words(said),
            language,
            False,
            "[]",
            at,
            at,
            at,
            at,
        )


def fill_sqlite(url: str, number: int) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        connection.execute("BEGIN")
        connection.executemany(
            f"INSERT INTO mention ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})", rows(number)
        )
        for statement in statements(
            number, "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {to}) SELECT", "s"
        ):
            connection.execute(statement)
        connection.execute("COMMIT")


def fill_postgres(url: str, number: int) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # the rows that others refer to come after them
        cursor.execute("SET synchronous_commit = off")
        with cursor.copy(f"COPY mention ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows(number):
                copy.write_row(row)
        for statement in statements(number, "SELECT", "generate_series(1, {to}) AS s(n)"):
            cursor.execute(statement)
        for table in ("author", "conversation", "mention", "tag", "ticket"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # what its autovacuum does by itself within a minute


def statements(number: int, series: str, source: str) -> Iterator[str]:
    """Yield SQL that both databases understand, for authors, conversations, tags and tickets."""
    authors, threads = int(number * 0.4) + 1, "(SELECT max(conversation_id) FROM mention)"
    many = source.format(to=authors)
    yield f"""INSERT INTO author (id, platform, native_id, handle, name)
        {series.format(to=authors)} n, 'mastodon', CAST(n AS varchar), 'kundin', 'Kundin' FROM {many}"""
    yield """INSERT INTO conversation (id, platform, native_id, source, started_at, last_said_at)
        SELECT conversation_id, min(platform), CAST(conversation_id AS varchar), min(source), min(said_at), max(said_at)
        FROM mention GROUP BY conversation_id"""
    signed = "0.9, 'base@1', false, said_at, true FROM mention"
    into = "INSERT INTO tag (mention_id, aspect, value, holds, probability, by, person, at, stands) SELECT id,"
    cases = {
        "sentiment": "CASE id % 10 WHEN 0 THEN 'positive' WHEN 1 THEN 'positive' WHEN 2 THEN 'neutral' ELSE 'negative' END",
        "intent": "CASE id % 7 WHEN 0 THEN 'question' WHEN 1 THEN 'praise' ELSE 'complaint' END",
        "needs_reply": "CASE id % 3 WHEN 0 THEN 'no' ELSE 'yes' END",
        "urgent": "CASE id % 20 WHEN 0 THEN 'yes' ELSE 'no' END",
        "language": "language",
    }
    for aspect, value in cases.items():
        yield f"{into} '{aspect}', {value}, true, {signed}"
    for turn, share in ((7, 10), (13, 6)):  # seven in ten mentions have a topic, some a second; a few topics have most
        topic = " ".join(f"WHEN {place} THEN '{name}'" for place, name in enumerate(TOPICS))
        place = f"((id * {turn} % 1009) * (id * {turn} % 1009) * 18 / (1009 * 1009))"
        condition = "id % 10 < 7" if share == 10 else f"id % {share} = 1 AND id % 10 >= 7"
        yield f"{into} 'friction', CASE {place} {topic} END, true, {signed} WHERE {condition}"
    team = " ".join(f"WHEN {place} THEN '{name}'" for place, name in enumerate(TEAMS[1:], start=1))
    state = f"""CASE WHEN conversation_id > {threads} - {OPEN * 4} THEN 'open'
        WHEN conversation_id % 3 = 0 THEN 'closed' ELSE 'answered' END"""
    yield f"""INSERT INTO ticket (conversation_id, mention_id, team, status, assignee, priority, topic, rule, manual,
        waiting_since, due_at, opened_at, answered_at, updated_at, updated_by, version)
        SELECT conversation_id, max(id), CASE conversation_id / 4 % 10 {team} ELSE 'service' END, {state},
            CASE conversation_id % 5 WHEN 0 THEN 'uta' END, 1 + conversation_id / 4 % 4, 'payment', 'Regel', false,
            max(said_at), max(said_at), max(said_at), max(said_at), max(said_at), 'rule:Regel', 1
        FROM mention WHERE conversation_id % 4 = 0 GROUP BY conversation_id"""


def of_team(**more: Any) -> Question:
    def ask(opened: Session, chance: random.Random) -> object:
        values = {name: value(chance) if callable(value) else value for name, value in more.items()}
        filters = inbox.Filters(**{"team": chance.choice(TEAMS)} | values)
        return inbox.queue(opened, filters, now=AWARE)

    return ask


def finding(words: Callable[[random.Random], str]) -> Question:
    return lambda opened, chance: search(opened, words(chance))


AWARE = NOW.replace(tzinfo=UTC)
CUSTOMERS = Customers()
FREQUENT = [
    "bestellung",
    "lieferung",
    "app",
    "paypal",
    "order",
    "delivery",
    "nicht",
    "the",
    "und",
    "service",
    "rechnung",
    "payment",
]
RARE = CUSTOMERS.names[::37]
QUESTIONS: dict[str, Question] = {
    "queue and count of a team": of_team(),
    "queue of all teams": of_team(team=None),
    "queue, a topic": of_team(topic=lambda chance: chance.choice(TOPICS)),
    "queue, sentiment and language": of_team(sentiment="negative", language="de"),
    "queue, nobody's and late": of_team(assignee="-", late=True),
    "queue, one platform": of_team(platform=lambda chance: chance.choice(PLATFORMS)),
    "queue, answered ones": of_team(status="answered"),
    "queue, frequent word": of_team(query=lambda chance: chance.choice(FREQUENT)),
    "queue, rare word": of_team(query=lambda chance: chance.choice(RARE)),
    "queue, two words": of_team(query=lambda chance: " ".join(chance.sample(FREQUENT, 2))),
    "queue, begun word": of_team(query=lambda chance: chance.choice(FREQUENT + RARE)[:3]),
    "search, frequent word": finding(lambda chance: chance.choice(FREQUENT)),
    "search, rare word": finding(lambda chance: chance.choice(RARE)),
    "search, two frequent words": finding(lambda chance: " ".join(chance.sample(FREQUENT, 2))),
    "search, frequent and rare": finding(lambda chance: f"{chance.choice(FREQUENT)} {chance.choice(RARE)}"),
    "search, words that never meet": finding(lambda chance: f"nicht the {chance.choice(FREQUENT)} order rechnung delivery"),
    "search, begun word": finding(lambda chance: chance.choice(FREQUENT + RARE)[: chance.randint(2, 5)]),
    "a conversation": lambda opened, chance: conversations.conversation(opened, chance.randint(1, 100_000)),
    "why a mention is where it is": lambda opened, chance: conversations.why(opened, chance.randint(1, 100_000)),
}
SLOW: dict[str, Question] = {
    "what waits for workers": lambda opened, _: waiting_counts(opened),
    "today": lambda opened, _: overview.today(opened, now=AWARE, zone=ZoneInfo("Europe/Berlin")),
    "what is rising": lambda opened, _: overview.daily_topics(opened, now=AWARE, zone=ZoneInfo("Europe/Berlin")),
    "friction of a month": lambda opened, _: friction.friction(opened, month()),
    "friction by week, a quarter": lambda opened, _: friction.weeks(opened, month(90), ZoneInfo("Europe/Berlin")),
    "quotes": lambda opened, chance: friction.quotes(opened, month(), chance.choice(TOPICS)),
}


def month(days: int = 30) -> friction.Scope:
    return friction.Scope(AWARE - timedelta(days=days), AWARE)


def ask(opened: Session, question: Question, times: int) -> list[float]:
    chance, took = random.Random(7), []
    for _ in range(times):
        start = perf_counter()
        question(opened, chance)
        took.append((perf_counter() - start) * 1000)
        opened.rollback()
        opened.expunge_all()
    return took


def measure(database: str, url: str, number: int, times: int, only: str) -> None:
    start = perf_counter()
    (fill_sqlite if database == "sqlite" else fill_postgres)(url, number)
    engine = connect(url)
    with session(engine, write=False) as opened:
        tickets = opened.exec(select(text("count(*)")).select_from(Ticket).where(Ticket.status == "open")).one()
        stored = opened.exec(select(text("count(*)")).select_from(Mention)).one()
        say(f"{database}: {stored:,} mentions, {tickets:,} open tickets, filled in {perf_counter() - start:.0f} s")
        every: list[float] = []
        for asked, goal in ((QUESTIONS, True), (SLOW, False)):
            for name, question in asked.items():
                if only not in name:
                    continue
                took = ask(opened, question, times if goal else 3)[0 if not goal else 1 :]
                every += took if goal else []
                say(f"  {database:9} {name:34} p50 {statistics.median(took):8.1f} ms   p95 {p(took, 95):8.1f} ms")
        if every:
            say(f"  {database:9} {'all of the inbox':34} p50 {statistics.median(every):8.1f} ms   p95 {p(every, 95):8.1f} ms")
    engine.dispose()


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--mentions", type=int, default=1_000_000)
    given.add_argument("--times", type=int, default=40, help="how often each question is asked (default 40)")
    given.add_argument("--only", choices=["sqlite", "postgres"])
    given.add_argument("--question", default="", help="only questions whose name contains this")
    asked = given.parse_args()
    say(machine())
    with databases([asked.only] if asked.only else ("sqlite", "postgres")) as urls:
        for database, url in urls.items():
            measure(database, url, asked.mentions, asked.times, asked.question)


if __name__ == "__main__":
    main()
