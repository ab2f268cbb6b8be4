import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select
from staging import Clock

from desk.source import Source
from flows.settings import Settings
from flows.work.hear import Ear
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import World
from store import leases, ledger, quotas
from store.tables import Lease, Mention, Pull, SourceState


def texts(settings: Settings) -> list[str]:
    with settings.session(write=False) as session:
        return sorted(session.exec(select(Mention.text)).all())


def last_pull(settings: Settings, source: str = "tag") -> Pull:
    with settings.session(write=False) as session:
        return ledger.pulls(session, source, 1)[0]


@pytest.fixture
def tag(settings: Settings) -> Source:
    return settings.desk.source("tag")


def test_what_was_said_is_kept_and_the_ledger_says_so(ear: Ear, tag: Source, world: World, settings: Settings) -> None:
    world.say("PayPal geht nicht #kastanie", ago=timedelta(hours=3))
    world.say("Schönes Sofa #kastanie", ago=timedelta(hours=1))
    heard = ear.hear(tag)
    assert (heard.outcome, heard.kept.new) == ("done", 2)
    pull = last_pull(settings)
    assert (pull.outcome, pull.new, pull.error) == ("done", 2, "")
    assert pull.next_run_at == heard.next_run_at
    assert len(texts(settings)) == 2


def test_hearing_twice_is_hearing_once(ear: Ear, tag: Source, world: World, settings: Settings) -> None:
    world.say("Schönes Sofa #kastanie", ago=timedelta(hours=1))
    assert ear.hear(tag).kept.new == 1
    assert ear.hear(tag).kept.new == 0
    assert len(texts(settings)) == 1


def test_a_source_that_another_worker_hears_is_left_alone(ear: Ear, tag: Source, settings: Settings) -> None:
    with settings.session() as session:
        leases.take(session, leases.of_source("tag"), "somebody else", ear.clock())
    heard = ear.hear(tag)
    assert (heard.outcome, heard.good) == ("held", True)
    with settings.session(write=False) as session:
        assert ledger.pulls(session, "tag") == []


def test_a_dead_worker_holds_nothing_for_long(ear: Ear, tag: Source, settings: Settings, world: World, clock: Clock) -> None:
    world.say("Schönes Sofa #kastanie", ago=timedelta(hours=1))
    with settings.session() as session:
        leases.take(session, leases.of_source("tag"), "a dead one", clock())
        ledger.start_pull(session, tag, "a dead one", clock())
    clock.move(minutes=3)
    assert ear.hear(tag).kept.new == 1
    with settings.session(write=False) as session:
        assert [pull.outcome for pull in ledger.pulls(session, "tag")] == ["done", "lost"]


def test_a_worker_that_is_taken_for_dead_stores_nothing_more(
    ear: Ear, tag: Source, world: World, settings: Settings, clock: Clock
) -> None:
    for number in range(120):
        world.say(f"Ding {number} #kastanie", ago=timedelta(hours=5, seconds=-number))

    def sleep_through(_name: str, _kept: int) -> None:
        clock.move(minutes=5)

    assert replace(ear, tell=sleep_through).hear(tag).outcome == "lost"
    assert len(texts(settings)) == 40
    assert ear.hear(tag).outcome == "done"
    assert len(texts(settings)) == 120


def test_a_backlog_goes_on_in_the_next_run(ear: Ear, tag: Source, world: World, settings: Settings, clock: Clock) -> None:
    for number in range(100):
        world.say(f"Ding {number} #kastanie", ago=timedelta(hours=5, seconds=-number))
    short = tag.model_copy(update={"pages": 1})
    first = ear.hear(short)
    assert first.outcome == "more"
    assert first.next_run_at is not None
    assert first.next_run_at <= clock()
    while ear.hear(short).outcome == "more":
        pass
    assert len(texts(settings)) == 100


def test_a_refused_credential_is_not_tried_again_soon(
    ear: Ear, tag: Source, mischief: Mischief, settings: Settings, clock: Clock
) -> None:
    mischief.order("401", times=100)
    heard = ear.hear(tag)
    assert heard.outcome == "denied"
    assert heard.advice
    assert mischief.spoiled == 1
    with settings.session(write=False) as session:
        assert ledger.due_sources(session, [tag], clock() + timedelta(hours=5)) == []


def test_a_missing_credential_says_what_to_set(ear: Ear, tag: Source, settings: Settings) -> None:
    heard = ear.hear(tag.model_copy(update={"token_env": "NO_SUCH_TOKEN"}))
    assert heard.outcome == "denied"
    assert "NO_SUCH_TOKEN" in heard.error
    assert "kummerkasten pull tag" in last_pull(settings).advice


def test_a_limit_outlives_the_run(ear: Ear, tag: Source, mischief: Mischief, settings: Settings, clock: Clock) -> None:
    mischief.order("429", seconds=900, times=100)
    heard = ear.hear(tag)
    assert heard.outcome == "busy"
    assert heard.next_run_at is not None
    assert heard.next_run_at >= clock() + timedelta(seconds=850)
    with settings.session(write=False) as session:
        [quota] = quotas.load(session).values()
    assert quota.blocked_until is not None
    assert quota.blocked_until > clock() + timedelta(seconds=850)


def test_a_fault_of_our_own_is_told_and_stops_no_other(ear: Ear, tag: Source, world: World, settings: Settings) -> None:
    world.say("Schönes Sofa #kastanie", ago=timedelta(hours=1))

    def stumble(_name: str, _kept: int) -> None:
        raise RuntimeError("stumbled")

    heard = replace(ear, tell=stumble).hear(tag)
    assert heard.outcome == "failed"
    assert re.fullmatch(r"RuntimeError \(.* > test_hear\.py:\d+\)", heard.error), "kind and place, not its own words"
    assert last_pull(settings).outcome == "failed"
    assert len(texts(settings)) == 1


def interrupt(_name: str, _kept: int) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_gives_the_lease_back_and_keeps_what_was_heard(ear: Ear, tag: Source, world: World, settings: Settings) -> None:
    for number in range(60):
        world.say(f"Ding {number} #kastanie", ago=timedelta(hours=5, seconds=-number))
    with pytest.raises(KeyboardInterrupt):
        replace(ear, tell=interrupt).hear(tag)
    with settings.session(write=False) as session:
        assert session.exec(select(Lease)).all() == []
    assert last_pull(settings).outcome == "more"
    assert ear.hear(tag).outcome == "done"
    assert len(texts(settings)) == 60


def test_stop_ends_a_wait_at_once(settings: Settings, tag: Source, mischief: Mischief) -> None:
    mischief.order("429", seconds=40, times=100)
    ear = Ear(settings, environ={})
    threading.Timer(0.3, ear.stop.set).start()
    heard = ear.hear(tag)
    assert heard.outcome == "more"


@pytest.fixture
def failing_again(ear: Ear, tag: Source, mischief: Mischief) -> Iterator[None]:
    mischief.order("503", times=1000)
    for _ in range(3):
        ear.hear(tag)
    yield
    mischief.lift()


@pytest.mark.usefixtures("failing_again")
def test_failures_are_counted_until_it_is_heard_again(ear: Ear, tag: Source, mischief: Mischief, settings: Settings) -> None:
    def failures() -> int:
        with settings.session(write=False) as session:
            return session.exec(select(SourceState.failures)).one()

    assert failures() == 3
    mischief.lift()
    assert ear.hear(tag).outcome == "done"
    assert failures() == 0
