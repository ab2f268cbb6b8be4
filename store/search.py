"""Full-text search over all mentions: the same words find the same mentions on both databases.

`desk.words` folds and stems; the databases only look up. The last typed word may be only begun.
"""

from collections.abc import Iterator

from sqlalchemy import func, text
from sqlmodel import Session, select

from desk.words import query_words
from store.tables import Mention
from store.writing import on_postgres

_WINDOWS = (100, 2_000)
"""PostgreSQL looks for the newest hits among so many times their number of the newest mentions first."""


def search(session: Session, query: str, limit: int = 50) -> list[int]:
    """Return the ids of the newest mentions that hold every word of *query*, the newest first.

    A query without a word in it finds nothing; no query is an error, whatever it holds.
    """
    asked = expression(session, query)
    if not asked:
        return []
    return _newest_on_postgres(session, asked, limit) if on_postgres(session) else _newest_on_sqlite(session, asked, limit)


def expression(session: Session, query: str) -> str:
    """Return *query* in the language of the database's full-text index; empty where it holds no word."""
    words = query_words(query)
    if not words or not all(words):
        return ""
    return _tsquery(words) if on_postgres(session) else _fts5(words)


def _newest_on_sqlite(session: Session, asked: str, limit: int) -> list[int]:
    newest = text("SELECT rowid FROM mention_search WHERE mention_search MATCH :asked ORDER BY rowid DESC LIMIT :limit")
    return list(session.execute(newest, {"asked": asked, "limit": limit}).scalars())


def _newest_on_postgres(session: Session, asked: str, limit: int) -> list[int]:
    """Look among the newest mentions first, then further back.

    In one statement PostgreSQL has to guess whether to walk back from the newest mention or to collect all hits; where two
    frequent words hardly ever meet it guesses wrong and walks through the whole table.
    """
    last = session.exec(select(func.max(Mention.id))).one() or 0
    found: list[int] = []
    for start in (*(last - window * limit for window in _WINDOWS if window * limit < last), 0):
        found = list(session.execute(_WITHIN, {"asked": asked, "start": start, "limit": limit}).scalars())
        if len(found) == limit:
            break
    return found


_WITHIN = text(
    """WITH hit AS MATERIALIZED (
        SELECT id FROM mention WHERE mention_search_vector @@ CAST(:asked AS tsquery) AND id > :start)
    SELECT id FROM hit ORDER BY id DESC LIMIT :limit"""
)


def _fts5(words: list[list[str]]) -> str:
    return " AND ".join(f"({' OR '.join(ways)})" for ways in _quoted(words, '"{}"', '"{}"*'))


def _tsquery(words: list[list[str]]) -> str:
    return " & ".join(f"({' | '.join(ways)})" for ways in _quoted(words, "'{}'", "'{}':*"))


def _quoted(words: list[list[str]], sure: str, begun: str) -> Iterator[list[str]]:
    """Yield the ways to write each word. Stems hold letters and digits only: nothing in them needs escaping."""
    for place, ways in enumerate(words, start=1):
        yield [(begun if place == len(words) else sure).format(stem) for stem in ways]
