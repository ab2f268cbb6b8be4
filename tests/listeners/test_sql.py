"""A company's own database: read whole, read only, on SQLite and on a real PostgreSQL."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from without_http import ContractWithoutHttp

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from desk.source import Source
from listeners.contract import Page, Window
from listeners.sandbox.world import Item, World
from listeners.testing import Clock, Desk, Stage

QUERY = """
    SELECT id, body, written_at, changed_at, customer, rating, above
    FROM feedback WHERE COALESCE(changed_at, written_at) >= :since
"""
FIELDS = {
    "text": "body",
    "id": "id",
    "time": "written_at",
    "edited": "changed_at",
    "author": "customer",
    "stars": "rating",
    "parent": "above",
}
COLUMNS = "id INTEGER PRIMARY KEY, body TEXT, written_at {t}, changed_at {t}, customer TEXT, rating INT, above INT"
TABLE = f"CREATE TABLE feedback ({COLUMNS})"
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


def source(query: str = QUERY, **options: object) -> Source:
    options = {"query": query, "fields": FIELDS} | options
    return Source(name="shop", platform="sql", secrets={"url": "SHOP_DB"}, options=options)


class Tables(World):
    """A world that stands in a table of a company's database."""

    def __init__(self, clock: Clock, url: str) -> None:
        super().__init__(clock)
        self.url = url
        self.do(TABLE.format(t="TIMESTAMPTZ" if "postgres" in url else "TEXT"))

    def do(self, statement: str, *values: object) -> None:
        if "postgres" in self.url:
            with psycopg.connect(self.url) as connection:
                connection.execute(statement.replace("?", "%s").encode(), values)
            return
        with sqlite3.connect(self.url.removeprefix("sqlite:///")) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(statement, values)
        connection.close()

    def when(self, moment: datetime | None) -> object:
        return moment if moment is None or "postgres" in self.url else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"

    def say(self, text: str, **more: object) -> Item:  # type: ignore[override]
        item = super().say(text, **more)  # type: ignore[arg-type]
        above = self.items[item.parent].number if item.parent else None
        row = (item.number, text or None, self.when(item.said_at), item.author or None, item.stars, above)
        self.do("INSERT INTO feedback (id, body, written_at, customer, rating, above) VALUES (?, ?, ?, ?, ?, ?)", *row)
        return item

    def edit(self, key: str, text: str) -> None:
        changed_at = self.when(self.clock())
        self.do("UPDATE feedback SET body = ?, changed_at = ? WHERE id = ?", text, changed_at, self.items[key].number)

    def delete(self, key: str) -> None:
        self.do("DELETE FROM feedback WHERE id = ?", self.items[key].number)


class _Contract(ContractWithoutHttp):
    hears_replies = True
    backlog = 3_000
    """More than the rows of five pages."""

    def stage(self, url: str, world: World) -> Stage:
        assert isinstance(world, Tables)
        return Stage(source(), {"SHOP_DB": world.url}, "sql")

    @pytest.fixture(autouse=True)
    def _where(self, where: str) -> None:
        self.where = where

    def world(self, clock: Clock) -> World:
        return Tables(clock, self.where)

    def speak(self, scene: object, amount: int, seconds: float = 1) -> list[str]:
        return super().speak(scene, amount, seconds) if amount < 900 else self._many(scene.world, amount)  # type: ignore

    @staticmethod
    def _many(world: Tables, amount: int) -> list[str]:
        """Write many rows at once."""
        texts = [f"Nachricht {number:04d}" for number in range(amount)]
        rows = ", ".join(
            f"({number}, '{text}', '{world.clock() + timedelta(seconds=number - amount):%Y-%m-%d %H:%M:%S}')"
            for number, text in enumerate(texts)
        )
        world.do(f"INSERT INTO feedback (id, body, written_at) VALUES {rows}")
        return texts


class TestSQLite(_Contract):
    @pytest.fixture
    def where(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'shop.db'}"


class TestPostgreSQL(_Contract):
    @pytest.fixture
    def where(self, empty_postgres_url: str) -> str:
        return empty_postgres_url


@pytest.fixture(params=["sqlite", "postgres"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Tables:
    kind = request.param
    return Tables(
        Clock(), f"sqlite:///{tmp_path / 'shop.db'}" if kind == "sqlite" else request.getfixturevalue("empty_postgres_url")
    )


@pytest.fixture
def lite(tmp_path: Path) -> Tables:
    return Tables(Clock(), f"sqlite:///{tmp_path / 'shop.db'}")


def desk(tables: Tables, one: Source | None = None) -> Desk:
    assert isinstance(tables.clock, Clock)
    return Desk(Stage(one or source(), {"SHOP_DB": tables.url}, "sql"), tables.clock)


def test_a_row_is_mapped_whole(tables):
    first = tables.say("Das Sofa quietscht", channel="sql", author="jule", stars=2)
    tables.say("Bei mir auch", channel="sql", author="tom", parent=first.key)
    heard = desk(tables)
    heard.run()
    review, below = heard.order
    assert (review.native_id, review.text, review.stars, review.rating) == ("shop/0", "Das Sofa quietscht", 2.0, "2/5")
    assert review.author is not None
    assert (review.author.native_id, review.said_at) == ("shop/jule", first.said_at)
    assert (below.parent, below.conversation) == ("shop/0", "shop/0")


def test_an_edit_of_an_old_row_is_heard_by_the_time_of_its_change(tables):
    item = tables.say("PayPal geht nicht", channel="sql", ago=timedelta(days=20))
    heard = desk(tables)
    heard.run()
    tables.clock.sleep(86_400)
    tables.edit(item.key, "PayPal geht wieder")
    heard.run()
    assert heard.texts() == ["PayPal geht wieder"]
    assert heard.order[0].said_at == heard.heard["shop/0"].said_at < heard.heard["shop/0"].edited_at


def test_rows_of_one_moment_stay_together_and_do_not_hold_up_what_follows(tables):
    stamp = f"{tables.clock() - timedelta(hours=3):%Y-%m-%d %H:%M:%S}"
    rows = ", ".join(f"({number}, 'importiert', '{stamp}')" for number in range(1_700))
    tables.do(f"INSERT INTO feedback (id, body, written_at) VALUES {rows}")
    tables.do("INSERT INTO feedback (id, body, written_at) VALUES (5000, 'danach', ?)", tables.when(tables.clock()))
    heard = desk(tables)
    heard.run_until_whole(budget=1)
    assert len(heard.heard) == 1_701


def test_a_row_from_the_future_does_not_hide_those_of_today(tables):
    tables.say("morgen", channel="sql", ago=-timedelta(days=1))
    heard = desk(tables)
    heard.run()
    tables.clock.sleep(60)
    tables.say("heute", channel="sql")
    heard.run()
    assert heard.texts() == ["heute", "morgen"]


def test_words_of_two_columns_and_a_deleted_column_stay_what_they_are(tables):
    tables.say("gut", channel="sql", author="jule")
    one = source(fields=FIELDS | {"text": ["body", "customer"]}, deletions=False)
    heard = desk(tables, one)
    heard.run()
    assert heard.texts() == ["gut\njule"]
    tables.delete("said-000001")
    heard.run()
    assert heard.deleted == set()


@pytest.mark.parametrize(
    ("form", "stored"), [("seconds", 1788084000), ("milliseconds", 1788084000000), ("iso", "2026-08-30T10:00:00Z")]
)
def test_times_may_stand_there_as_numbers_or_iso(lite, form, stored):
    lite.do("CREATE TABLE notes (body TEXT, at)")
    lite.do("INSERT INTO notes VALUES ('x', ?)", stored)
    one = source("SELECT body, at FROM notes WHERE at >= :since", fields={"text": "body", "time": "at"}, since_format=form)
    at = datetime(2026, 8, 30, 10, tzinfo=UTC)
    said = [
        [mention.said_at for page in pages(lite.url, one, since) for mention in page.mentions]
        for since in (at - timedelta(days=1), at, at + timedelta(days=2))
    ]
    assert said == [[at], [at], []]


def pages(url: str, one: Source, since: datetime) -> list[Page]:
    with listeners.connect(one, {"SHOP_DB": url}) as client:
        return list(listeners.listener("sql").pull(client, one, None, Window(NOW, since)))


def test_times_without_a_zone_are_of_the_zone_that_is_named(tables):
    kind = "TIMESTAMP" if "postgres" in tables.url else "TEXT"
    tables.do(f"CREATE TABLE notes (body TEXT, at {kind})")
    tables.do("INSERT INTO notes VALUES ('x', '2026-08-30 12:00:00')")
    one = source(
        "SELECT body, at FROM notes WHERE at >= :since", fields={"text": "body", "time": "at"}, time_zone="Europe/Berlin"
    )
    at = datetime(2026, 8, 30, 10, tzinfo=UTC)
    assert [mention.said_at for page in pages(tables.url, one, at) for mention in page.mentions] == [at]
    assert pages(tables.url, one, at + timedelta(seconds=1)) == []


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("SELECT 1 AS id; DELETE FROM feedback WHERE '9' >= :since", id="two statements"),
        pytest.param("WITH gone AS (DELETE FROM feedback RETURNING *) SELECT * FROM gone WHERE written_at >= :since", id="a CTE"),
        pytest.param("SELECT 1 WHERE '9' >= :since) AS x; DELETE FROM feedback; --", id="out of the parentheses"),
    ],
)
def test_nothing_can_be_written(tables, query):
    tables.say("bleibt", channel="sql")
    with pytest.raises((SourceError, ConfigurationError)):
        desk(tables, source(query)).run()
    heard = desk(tables)
    heard.run()
    assert heard.texts() == ["bleibt"]


@pytest.mark.parametrize(
    ("query", "error", "said"),
    [
        pytest.param("SELECT nope FROM feedback WHERE written_at >= :since", SourceGarbled, "nope", id="no such column"),
        pytest.param("SELECT * FROM nope WHERE written_at >= :since", SourceGone, "nope", id="no such table"),
        pytest.param("SELECT FROM WHERE >= :since", SourceGarbled, "syntax", id="no SQL"),
        pytest.param(
            "SELECT id, body FROM feedback WHERE written_at >= :since", SourceGarbled, "changed_at", id="a column is missing"
        ),
    ],
)
def test_a_query_that_fails_says_why_and_what_to_do(tables, query, error, said):
    with pytest.raises(error, match=said) as caught:
        desk(tables, source(query)).run()
    assert caught.value.advice


NO_CHANGE = {name: column for name, column in FIELDS.items() if name in ("text", "id", "time")}
SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT i AS id, i AS body, i AS written_at FROM n WHERE i >= :since AND i < 0",
    "postgres": "SELECT 1 AS id, pg_sleep(20)::text AS body, now() AS written_at WHERE now() >= :since",
}


def test_a_query_that_takes_too_long_is_stopped(tables):
    query = SLOW["postgres" if "postgres" in tables.url else "sqlite"]
    with pytest.raises(SourceBusy, match="longer") as caught:
        desk(tables, source(query, fields=NO_CHANGE, timeout=1)).run()
    assert "index" in caught.value.advice


def test_the_wrong_password_user_or_database_is_said_without_the_secret(postgres):
    host = postgres.rpartition("@")[2].partition("/")[0]
    for url in (f"postgresql://nobody:geheim@{host}/postgres", f"postgresql://postgres:geheim@{host}/nope"):
        with pytest.raises(SourceDenied) as caught:
            pages(url, source(), NOW)
        assert "geheim" not in str(caught.value) + caught.value.advice
        assert "SHOP_DB" in caught.value.advice


def test_a_user_who_may_not_read_the_table_is_told_what_to_grant(empty_postgres_url):
    tables = Tables(Clock(), empty_postgres_url)
    tables.do("DROP ROLE IF EXISTS kummerkasten_reader")
    tables.do("CREATE ROLE kummerkasten_reader LOGIN")
    try:
        with pytest.raises(SourceDenied, match="permission denied") as caught:
            pages(empty_postgres_url.replace("postgres@", "kummerkasten_reader@"), source(), NOW)
        assert "GRANT SELECT" in caught.value.advice
    finally:
        tables.do("DROP ROLE kummerkasten_reader")


def test_a_server_that_is_down_asks_for_patience():
    with pytest.raises(SourceBusy):
        pages("postgresql://shop:geheim@127.0.0.1:1/shop", source(), NOW)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+psycopg"])
def test_addresses_are_understood_as_providers_write_them(empty_postgres_url, scheme):
    Tables(Clock(), empty_postgres_url).say("hallo", channel="sql")
    found = pages(empty_postgres_url.replace("postgresql", scheme, 1), source(), datetime(2020, 1, 1, tzinfo=UTC))
    assert [mention.text for page in found for mention in page.mentions] == ["hallo"]


def test_a_database_file_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(SourceGone):
        pages(f"sqlite:///{tmp_path / 'none.db'}", source(), NOW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["geheim", "mysql://shop:geheim@host/shop", "oracle+geheim://x", "sqlite://"])
def test_an_address_that_is_none_is_refused_without_being_shown(url):
    with pytest.raises(ConfigurationError, match="SHOP_DB holds no address") as caught:
        pages(url, source(), NOW)
    assert "geheim" not in str(caught.value)


def test_a_source_without_its_database_names_the_variable():
    one = source().model_copy(update={"secrets": {}})
    with listeners.connect(one, {}) as client, pytest.raises(ConfigurationError, match="url_env"):
        list(listeners.listener("sql").pull(client, one, None, Window(NOW, NOW)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"query": "DELETE FROM feedback WHERE written_at >= :since"}, "one SELECT"),
        ({"query": "SELECT * FROM feedback"}, ">= :since"),
        ({"query": "SELECT * FROM feedback WHERE written_at > :since"}, "would be lost"),
        ({"fields": {"text": "body"}}, "fields.time"),
        ({"fields": {"text": "body", "time": "a.b"}}, "without dots"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_what_to_write(options, said):
    with pytest.raises(ConfigurationError) as caught:
        listeners.check(source(**options))
    assert said in str(caught.value)


def test_verify_names_the_database(tables):
    verify = listeners.listener("sql").verify
    assert verify
    with desk(tables).client() as client:
        assert verify(client, source()).startswith(("sqlite, shop.db", "postgresql, kummerkasten_"))
        with pytest.raises(SourceGarbled, match="no column nope"):
            verify(client, source(fields=FIELDS | {"title": "nope"}))


def test_everything_is_closed_afterwards(postgres, empty_postgres_url):
    tables = Tables(Clock(), empty_postgres_url)
    tables.say("hallo", channel="sql")
    walk = listeners.listener("sql").pull
    with desk(tables).client() as client:
        next(walk(client, source(), None, Window(NOW + timedelta(days=99), NOW - timedelta(days=9_000))))
    with psycopg.connect(postgres) as admin:
        name = empty_postgres_url.rpartition("/")[2]
        assert admin.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone() == (0,)
