"""The same words find the same mentions on both databases, and no query is an error."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from databases import postgres_database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import Session, col, select
from things import kept, row, said

from store.engine import connect
from store.engine import session as open_session
from store.search import search
from store.tables import Mention

Both = tuple[Session, Session]

TEXTS = {
    "1": "Die Rechnungen kommen immer doppelt, PayPal zieht zweimal ein.",
    "2": "refunded twice, still no refund on my card",
    "3": "Die Größe passt nicht, GRÖSSE 42 war bestellt",
    "4": "Lieferung nach Österreich dauert 3 Wochen, Bestellnummer 4711x",
    "5": "Ich wurde von PayPal auf eine weiße Seite geleitet. E-Mail: kundin@example.org",
    "6": "Привет, доставка 5g 1e5 2x3 très bien, naïve café 日本語 テスト",
    "7": "",
}


def found(session: Session, query: str, limit: int = 50) -> list[str]:
    ids = {row(session, native_id).id: native_id for native_id in TEXTS}
    return [ids[one] for one in search(session, query, limit)]


@pytest.fixture
def full(session: Session) -> Session:
    kept(session, *(said(native_id, text) for native_id, text in TEXTS.items()))
    return session


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("Rechnung", "1"),
        ("paypal", "51"),
        ("PayPal Rechnung", "1"),
        ("refunds", "2"),
        ("grosse", "3"),
        ("Größen", "3"),
        ("Bestell", "43"),
        ("öster", "4"),
        ("4711", "4"),
        ("471", "4"),
        ("47 Wochen", ""),
        ("Wochen 47", "4"),
        ("example", "5"),
        ("kundin@example.org", "5"),
        ("доставка", "6"),
        ("5g", "6"),
        ("1e5", "6"),
        ("1e 5", ""),
        ("2x3", "6"),
        ("cafe", "6"),
        ("日本", "6"),
        ("niemand schreibt das", ""),
        ("", ""),
        ("   ", ""),
    ],
)
def test_words_are_found_whatever_their_form(full: Session, query: str, hits: str) -> None:
    assert "".join(found(full, query)) == hits


@pytest.mark.parametrize(
    "query",
    ["'", '"', "a'b", 'x" OR "y', "NEAR(a b)", "a*", "*", ":*", "-", "a & | ! b", "\\", "\x00", "pay\x00pal", "😀", "\ud83d",
     "(((",
     "title:x", "^a", "a" * 10_000, "a " * 5_000, "%_%", "--", ";DROP TABLE mention", "AND", "OR NOT", "ﬁ", "İ", "\u202e"],
)  # fmt: skip
def test_no_query_is_an_error(full: Session, query: str) -> None:
    assert isinstance(search(full, query), list)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60))
def test_no_query_at_all_is_an_error(full: Session, query: str) -> None:
    assert isinstance(search(full, query), list)


def test_the_newest_come_first_and_no_more_than_asked_for(full: Session) -> None:
    assert found(full, "PayPal", limit=1) == ["5"]


def test_an_edited_mention_is_found_by_its_new_words_only(full: Session) -> None:
    kept(full, said("1", "Alles erledigt"))
    assert (found(full, "erledigt"), found(full, "Rechnung")) == (["1"], [])


def test_a_megabyte_of_text_is_kept_and_found(session: Session) -> None:
    kept(session, said("1", "Anfang " + "wortwort" * 131_072), said("2", " ".join(f"w{number}" for number in range(150_000))))
    assert search(session, "Anfang") == [row(session, "1").id]
    assert search(session, "w77") == [row(session, "2").id]


@pytest.fixture(scope="module")
def both(
    postgres: str, postgres_template: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    file = shutil.copy(sqlite_template, tmp_path_factory.mktemp("both") / "kummerkasten.db")
    with postgres_database(postgres, postgres_template) as url, ExitStack() as closing:
        engines = [connect(f"sqlite:///{file}"), connect(url)]
        for engine in engines:
            closing.callback(engine.dispose)
        first, second = (closing.enter_context(open_session(engine)) for engine in engines)
        yield first, second


def native(session: Session, query: str) -> list[str]:
    ids = search(session, query)
    return sorted(session.exec(select(Mention.native_id).where(col(Mention.id).in_(ids))))


ALPHABET = st.sampled_from(
    ["paypal", "Rechnung", "Größe", "ß", "5g", "x1", "été", "日本", "ا", "ᾳ", "ǆ", "٣", "²", "𝒜", "_", "-", "'"]
)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.lists(ALPHABET | st.text(max_size=5), max_size=6).map(" ".join), max_size=6),
    query=ALPHABET | st.text(max_size=4),
)
def test_both_databases_find_the_same(both: Both, texts: list[str], query: str) -> None:
    first, second = both
    for session in both:
        session.execute(delete(Mention))
        kept(session, *(said(str(number), text) for number, text in enumerate(texts)))
    assert native(first, query) == native(second, query)
