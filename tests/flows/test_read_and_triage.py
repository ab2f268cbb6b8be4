import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlmodel import select
from staging import Clock, WordTagger

from desk import reading as desk_reading
from desk.deadline import due
from flows.settings import Settings
from flows.work.hear import Ear
from flows.work.read import read
from flows.work.triage import triage
from listeners.sandbox.world import World
from store import claims
from store.tables import Mention, Reading, Ticket


@pytest.fixture
def told(ear: Ear, world: World, settings: Settings) -> list[str]:
    texts = [f"PayPal geht nicht {number} #kastanie" if number % 2 else f"Sofa {number} #kastanie" for number in range(20)]
    for number, text in enumerate(texts):
        world.say(text, ago=timedelta(hours=2, seconds=-number))
    assert ear.hear(settings.desk.source("tag")).kept.new == 20
    return texts


def rows(settings: Settings, model: type[Reading] | type[Ticket] | type[Mention]) -> list[Reading | Ticket | Mention]:
    with settings.session(write=False) as session:
        return list(session.exec(select(model)).all())


def tickets(settings: Settings) -> list[Ticket]:
    return [row for row in rows(settings, Ticket) if isinstance(row, Ticket)]


@pytest.mark.usefixtures("told")
def test_everything_unread_is_read_once(settings: Settings, clock: Clock, tagger: WordTagger) -> None:
    assert read(settings, tagger, clock=clock, batch=7) == 20
    assert read(settings, tagger, clock=clock) == 0
    assert len(rows(settings, Reading)) == len(tagger.seen) == 20


@pytest.mark.usefixtures("told")
def test_several_readers_share_the_work(settings: Settings, clock: Clock, tagger: WordTagger) -> None:
    readers = [threading.Thread(target=read, args=(settings, tagger), kwargs={"clock": clock, "batch": 3}) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(rows(settings, Reading)) == 20


def test_a_text_that_no_tagger_survives_stops_nobody_behind_it(
    settings: Settings, clock: Clock, world: World, ear: Ear, tagger: WordTagger
) -> None:
    for text in ("Gift #kastanie", "PayPal geht nicht #kastanie"):
        world.say(text, ago=timedelta(hours=1))
    ear.hear(settings.desk.source("tag"))
    assert read(settings, tagger, clock=clock) == 2
    assert sorted(row.not_read for row in rows(settings, Reading) if isinstance(row, Reading)) == ["", "failed"]


@pytest.mark.usefixtures("told")
def test_a_tagger_that_is_broken_marks_nothing_as_read(settings: Settings, clock: Clock, tagger: WordTagger) -> None:
    class Broken(WordTagger):
        def tag(self, texts: object) -> list[object]:  # type: ignore[override]
            raise RuntimeError("no model")

    with pytest.raises(RuntimeError, match="no model"):
        read(settings, Broken(), clock=clock)
    assert read(settings, tagger, clock=clock) == 20


def test_what_is_edited_while_it_is_read_is_read_anew(
    settings: Settings, clock: Clock, world: World, ear: Ear, tagger: WordTagger
) -> None:
    item = world.say("Sofa #kastanie", ago=timedelta(hours=1))
    ear.hear(settings.desk.source("tag"))

    class Slow(WordTagger):
        def tag(self, texts: Sequence[str]) -> list[desk_reading.Reading]:
            if not self.seen:
                world.edit(item.key, "PayPal geht nicht #kastanie")
                ear.hear(settings.desk.source("tag"))
            return super().tag(texts)

    slow = Slow()
    read(settings, slow, clock=clock)
    assert ["PayPal" in text for text in slow.seen] == [False, True]
    assert [row.probabilities["friction:payment"] for row in rows(settings, Reading) if isinstance(row, Reading)] == [0.9]


@pytest.mark.usefixtures("told")
def test_what_is_edited_while_it_is_routed_opens_no_ticket_for_its_old_words(
    settings: Settings, clock: Clock, tagger: WordTagger
) -> None:
    read(settings, tagger, clock=clock)

    class Late(Clock):
        """A clock on which somebody edits every mention between its claim and its ticket."""

        def __call__(self) -> datetime:
            with settings.session() as session:
                taken = list(session.exec(select(Mention).where(Mention.claimed_by != None)))  # noqa: E711
                for mention in taken:
                    mention.claimed_by = mention.claimed_until = mention.read_at = None
                session.commit()
            return clock()

    triage(settings, clock=Late(clock()))
    assert tickets(settings) == []


@pytest.mark.usefixtures("told")
def test_work_that_was_interrupted_is_given_back_at_once(settings: Settings, clock: Clock, tagger: WordTagger) -> None:
    class Interrupted(WordTagger):
        def tag(self, texts: object) -> list[object]:  # type: ignore[override]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(settings, Interrupted(), clock=clock)
    assert read(settings, tagger, clock=clock) == 20


@pytest.mark.usefixtures("told")
def test_each_complaint_gets_a_ticket_due_in_office_hours(settings: Settings, clock: Clock, tagger: WordTagger) -> None:
    read(settings, tagger, clock=clock)
    assert triage(settings, clock=clock, batch=7) == 20
    assert triage(settings, clock=clock) == 0
    opened = tickets(settings)
    assert [ticket.team for ticket in opened] == ["payments"] * 10
    heard = {row.id: row.heard_at for row in rows(settings, Mention) if isinstance(row, Mention)}
    rule, calendar = settings.desk.rules[0], settings.desk.calendar_of("payments")
    assert all(ticket.due_at == due(heard[ticket.mention_id], rule.allowance, calendar) for ticket in opened)


@pytest.mark.usefixtures("told")
def test_routing_again_does_not_move_a_deadline(settings: Settings, clock: Clock, tagger: WordTagger) -> None:
    read(settings, tagger, clock=clock)
    triage(settings, clock=clock)
    before = {ticket.id: ticket.due_at for ticket in tickets(settings)}
    with settings.session() as session:
        for mention in session.exec(select(Mention)).all():
            mention.routed_at = None
            session.add(mention)
        session.commit()
    clock.move(days=3)
    assert triage(settings, clock=clock) == 20
    assert {ticket.id: ticket.due_at for ticket in tickets(settings)} == before


@pytest.mark.usefixtures("told")
def test_what_waits_is_counted_down_to_nothing(settings: Settings, clock: Clock, tagger: WordTagger) -> None:
    def waiting() -> tuple[int, int]:
        with settings.session(write=False) as session:
            return claims.waiting_counts(session)

    assert waiting() == (20, 0)
    read(settings, tagger, clock=clock)
    assert waiting() == (0, 20)
    triage(settings, clock=clock)
    assert waiting() == (0, 0)
