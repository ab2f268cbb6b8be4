"""Several workers at once: nothing twice, nothing lost, nobody waits in a circle."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select
from things import DAY, HOUR, NOW, SOURCE, Page, decision, kept, reading, row, said, unread

from desk.errors import Conflict
from store.claims import claim_unread, claim_unrouted
from store.engine import connect
from store.engine import session as open_session
from store.leases import take
from store.mentions import Kept, keep
from store.migrate import differences, migrate
from store.tables import Mention, MentionVersion, Tag, Ticket, TicketEvent
from store.tags import decide, save_readings
from store.tickets import Settled, assign, settle

T = TypeVar("T")


def at_once(engine: Engine, *works: Callable[[Session], T]) -> list[T]:
    """Let each work begin at the same moment in its own thread and session; return what they return."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[Session], T]) -> T:
        with open_session(engine) as session:
            start.wait(timeout=30)
            return work(session)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def count(engine: Engine, model: type) -> int:
    with open_session(engine) as session:
        return session.exec(select(func.count()).select_from(model)).one()


def keeping(numbers: range, text: str = "Hallo") -> Callable[[Session], Kept]:
    def work(session: Session) -> Kept:
        total = Kept()
        for start in range(0, len(numbers), 25):
            some = [said(str(n), text, conversation=str(n % 7), by=str(n % 11)) for n in numbers[start : start + 25]]
            total += keep(session, SOURCE, Page(some), now=NOW)
        return total

    return work


def test_two_workers_that_keep_the_same_pages_store_each_mention_once(engine: Engine) -> None:
    done = at_once(engine, keeping(range(200)), keeping(range(199, -1, -1)), keeping(range(100, 300)))
    assert (sum(one.new for one in done), count(engine, Mention)) == (300, 300)


def test_two_workers_that_see_the_same_edits_store_each_once(engine: Engine) -> None:
    at_once(engine, keeping(range(100)))
    done = at_once(engine, keeping(range(100), "neu"), keeping(range(99, -1, -1), "neu"))
    assert (sum(one.changed for one in done), count(engine, MentionVersion)) == (100, 100)


def test_workers_share_what_waits_and_none_does_it_twice(engine: Engine) -> None:
    at_once(engine, keeping(range(200)))

    def work(name: str) -> Callable[[Session], list[int]]:
        def claim(session: Session) -> list[int]:
            mine: list[int] = []
            while some := claim_unread(session, name, NOW, limit=9):
                mine += [one.id for one in some]
            return mine

        return claim

    done = [one for mine in at_once(engine, *(work(f"w{number}") for number in range(3))) for one in mine]
    assert (len(done), len(set(done))) == (200, 200)


def test_two_routers_open_one_ticket_per_conversation(engine: Engine) -> None:
    at_once(engine, keeping(range(60)))
    with open_session(engine) as session:
        rows = session.exec(select(Mention).order_by(Mention.id)).all()

    def router(order: int) -> Callable[[Session], int]:
        items = [Settled(one.id or 0, one.conversation_id, one.said_at, decision(), NOW + HOUR) for one in rows[::order]]
        return lambda session: sum(settle(session, items[start : start + 10], NOW) for start in range(0, 60, 10))

    assert sum(at_once(engine, router(1), router(-1), router(1))) == 7
    assert count(engine, Ticket) == 7
    with open_session(engine) as session:
        opened = session.exec(select(TicketEvent).where(TicketEvent.what == "opened")).all()
    assert len(opened) == 7


def test_of_two_people_one_gets_the_ticket_and_the_other_learns_who(engine: Engine) -> None:
    at_once(engine, keeping(range(1)))
    with open_session(engine) as session:
        mention = row(session, "0")
        item = Settled(mention.id or 0, mention.conversation_id, mention.said_at, decision(), NOW + HOUR)
        settle(session, [item], NOW)
        ticket_id = session.exec(select(Ticket.id)).one()

    def person(name: str) -> Callable[[Session], str]:
        def work(session: Session) -> str:
            try:
                assign(session, ticket_id or 0, name, by=name, version=1, now=NOW)
            except Conflict as lost:
                return lost.winner
            return name

        return work

    answers = at_once(engine, person("uta"), person("ben"), person("kim"))
    with open_session(engine) as session:
        assert set(answers) == {session.exec(select(Ticket.assignee)).one()}


def test_people_and_models_that_speak_at_once_leave_one_statement_standing(engine: Engine) -> None:
    at_once(engine, keeping(range(1)))
    with open_session(engine) as session:
        mention_id = row(session, "0").id or 0
    says = [
        lambda s, value=value: decide(s, mention_id, "sentiment", value, True, "uta", NOW) for value in ("positive", "neutral")
    ]
    at_once(engine, *says, lambda s: save_readings(s, {mention_id: reading()}, NOW))
    with open_session(engine) as session:
        standing = session.exec(select(Tag).where(Tag.aspect == "sentiment", Tag.stands)).all()
    assert [one.person for one in standing] == [True]


def test_of_several_workers_one_gets_the_lease(engine: Engine) -> None:
    takers = [lambda session, name=name: take(session, "source:x", name, NOW) for name in ("w1", "w2", "w3", "w4")]
    assert sorted(at_once(engine, *takers)) == [False, False, False, True]


def test_reading_and_editing_at_once_leaves_nothing_unread(engine: Engine) -> None:
    at_once(engine, keeping(range(50)))

    def read_all(session: Session) -> None:
        for _ in range(10):
            save_readings(session, dict.fromkeys(unread(session, "w1", limit=10), reading()), NOW, worker="w1")

    at_once(engine, read_all, keeping(range(50), "neu"), lambda session: [claim_unrouted(session, "w2", NOW) for _ in range(5)])
    with open_session(engine) as session:
        read_all(session)
        for one in session.exec(select(Mention)):
            assert (one.text, one.read_at) == ("neu", NOW)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_processes_that_start_at_once_migrate_once(kind: str, request: pytest.FixtureRequest, tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/new.db" if kind == "sqlite" else request.getfixturevalue("empty_postgres_url")
    code = "import sys; from store.engine import connect; from store.migrate import migrate; migrate(connect(sys.argv[1]))"
    processes = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    engine = connect(url)
    assert differences(engine) == []
    migrate(engine)
    engine.dispose()


def test_readers_of_sqlite_do_not_wait_for_a_writer(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    with open_session(engine) as writer, open_session(engine, write=False) as reader:
        kept(writer, said("1"))
        writer.execute(select(1))  # a transaction that writes is open from here on
        assert len(reader.exec(select(Mention)).all()) == 1
    engine.dispose()


def test_a_day_later_the_claims_of_the_dead_are_free(engine: Engine) -> None:
    at_once(engine, keeping(range(10)))
    at_once(engine, lambda session: unread(session, "dead"))
    assert len(at_once(engine, lambda session: unread(session, "w1", NOW + DAY))[0]) == 10
