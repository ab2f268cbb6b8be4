"""Laws of keeping: twice is once, and a page kept in pieces is the page kept whole."""

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select
from things import DAY, MINUTE, NOW, SOURCE, Page, said

from desk.mention import Author, Mention
from store.engine import session as open_session
from store.mentions import Kept, keep
from store.tables import Author as AuthorRow
from store.tables import Conversation, MentionVersion
from store.tables import Mention as Row

lawful = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def spoken(draw: st.DrawFn) -> Mention:
    """Few ids, authors and conversations, so that they meet: ties, edits with and without a date, late arrivals."""
    edited = draw(st.none() | st.integers(0, 3))
    author = draw(st.none() | st.builds(Author, native_id=st.sampled_from("xyz"), handle=st.sampled_from(["", "a", "b"])))
    return said(
        draw(st.sampled_from("123456")),
        draw(st.sampled_from(["eins", "zwei", "drei"])),
        conversation=draw(st.sampled_from("cd")),
        said_at=NOW - draw(st.integers(0, 3)) * MINUTE,
        edited_at=None if edited is None else NOW + edited * MINUTE,
        stars=draw(st.sampled_from([None, 1, 5])),
        author=author,
        ours=draw(st.booleans()),
        platform=draw(st.sampled_from(["mastodon", "appstore"])),
    )


heard = st.lists(spoken(), max_size=12)


def state(engine: Engine, work: Callable[[Session], object]) -> object:
    """Return all that is stored once *work* has been done in an empty database, but for ids."""
    with open_session(engine) as session:
        for name in ("mention_version", "mention", "author", "conversation"):
            session.execute(text(f"DELETE FROM {name}"))
        session.commit()
        work(session)
        rows = session.exec(
            select(Row, Conversation.native_id, AuthorRow.native_id)
            .join(Conversation, col(Conversation.id) == Row.conversation_id)
            .join(AuthorRow, col(AuthorRow.id) == Row.author_id, isouter=True)
            .order_by(Row.platform, Row.native_id)
        ).all()
        versions = session.exec(
            select(Row.platform, Row.native_id, MentionVersion.text, MentionVersion.stars)
            .join(Row, col(Row.id) == MentionVersion.mention_id)
            .order_by(Row.platform, Row.native_id, MentionVersion.id)
        ).all()
        authors = session.exec(select(AuthorRow).order_by(AuthorRow.platform, AuthorRow.native_id)).all()
        threads = session.exec(select(Conversation).order_by(Conversation.platform, Conversation.native_id)).all()
        return (
            [(row.model_dump(exclude={"id", "author_id", "conversation_id"}), *more) for row, *more in rows],
            versions,
            [author.model_dump(exclude={"id"}) for author in authors],
            [thread.model_dump(exclude={"id"}) for thread in threads],
        )


def keeping(*pages: Sequence[Mention]) -> Callable[[Session], list[Kept]]:
    return lambda session: [keep(session, SOURCE, Page(page), now=NOW + DAY) for page in pages]


@lawful
@given(page=heard)
def test_a_page_kept_in_pieces_is_the_page_kept_whole(engine: Engine, page: list[Mention]) -> None:
    assert state(engine, keeping(*([one] for one in page))) == state(engine, keeping(page))


@lawful
@given(page=heard, cut=st.integers(0, 12))
def test_a_page_kept_in_two_pieces_is_the_page_kept_whole(engine: Engine, page: list[Mention], cut: int) -> None:
    assert state(engine, keeping(page[:cut], page[cut:])) == state(engine, keeping(page))


@lawful
@given(page=st.lists(spoken(), max_size=12, unique_by=lambda one: (one.platform, one.native_id)))
def test_a_page_kept_twice_is_the_page_kept_once(engine: Engine, page: list[Mention]) -> None:
    assert state(engine, keeping(page, page)) == state(engine, keeping(page))


@lawful
@given(page=heard)
def test_what_was_dated_last_stands_in_whatever_order_it_is_heard(engine: Engine, page: list[Mention]) -> None:
    dated = [one.model_copy(update={"edited_at": NOW + place * MINUTE, "ours": False}) for place, one in enumerate(page)]
    words: list[object] = []
    for order in (dated, dated[::-1]):
        state(engine, keeping(order))
        with open_session(engine) as session:
            rows = session.exec(select(Row).order_by(Row.platform, Row.native_id)).all()
            words.append([(row.platform, row.native_id, row.text, row.stars) for row in rows])
    assert words[0] == words[1]
