"""Full-text search over all mentions: the same words find the same mentions on both databases."""

from sqlalchemy import text
from sqlmodel import Session

from desk.words import query_words


def search(session: Session, query: str, limit: int = 50) -> list[int]:
    """Return the ids of the newest mentions that hold every word of *query*; the last word may be only begun.

    A query without a word in it finds nothing; no query is an error, whatever it holds.
    """
    words = query_words(query)
    if not words or not all(words):
        return []
    if session.get_bind().dialect.name == "postgresql":
        asked = text(
            "SELECT id FROM mention WHERE mention_search_vector @@ to_tsquery('simple', :words) ORDER BY id DESC LIMIT :limit"
        ).bindparams(words=_tsquery(words), limit=limit)
    else:
        asked = text(
            "SELECT rowid FROM mention_search WHERE mention_search MATCH :words ORDER BY rowid DESC LIMIT :limit"
        ).bindparams(words=_fts5(words), limit=limit)
    return list(session.execute(asked).scalars())


def _fts5(words: list[list[str]]) -> str:
    return " AND ".join(
        "(" + " OR ".join(f'"{stem}"' + ("*" if last else "") for stem in ways) + ")" for ways, last in _with_last(words)
    )


def _tsquery(words: list[list[str]]) -> str:
    return " & ".join(
        "(" + " | ".join(f"'{stem}'" + (":*" if last else "") for stem in ways) + ")" for ways, last in _with_last(words)
    )


def _with_last(words: list[list[str]]) -> list[tuple[list[str], bool]]:
    return [(ways, index == len(words) - 1) for index, ways in enumerate(words)]
