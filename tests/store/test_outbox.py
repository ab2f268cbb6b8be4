"""The outbox: one answer at a time, written with its ticket, in one sender's hands at most."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select
from things import HOUR, MINUTE, NOW, kept, read, route, said

from desk.answering import ReplyRules
from desk.errors import Conflict
from desk.source import Source
from store import outbox, reply_rules
from store.tables import Delivery, Mention, Ticket, TicketEvent

SOURCE = Source(name="garten", platform="mastodon")


@pytest.fixture
def ticket(session: Session) -> Ticket:
    """A conversation with one mention, tagged and routed, that waits for an answer."""
    kept(session, said())
    read(session, "1")
    route(session, "1")
    return session.exec(select(Ticket)).one()


def now_of(session: Session, ticket: Ticket) -> Ticket:
    return session.exec(select(Ticket).where(Ticket.id == ticket.id).execution_options(populate_existing=True)).one()


def delivery(session: Session) -> Delivery:
    return session.exec(select(Delivery).execution_options(populate_existing=True)).one()


def written(session: Session, ticket: Ticket, text: str = "Das tut uns leid.") -> int:
    return outbox.write(session, ticket.mention_id, text, by="Mira", now=NOW, version=ticket.version)


def test_an_answer_is_written_together_with_its_ticket(session: Session, ticket: Ticket) -> None:
    written(session, ticket)
    ticket = now_of(session, ticket)
    assert (ticket.assignee, ticket.status) == ("Mira", "open")
    told = session.exec(select(TicketEvent).where(TicketEvent.what == "reply")).one()
    assert (told.by, told.after) == ("person:Mira", "written")
    assert delivery(session).state == "waiting"


def test_the_second_of_two_who_answer_is_told_who_won(session: Session, ticket: Ticket) -> None:
    version, mention = ticket.version, ticket.mention_id
    written(session, ticket)
    with pytest.raises(Conflict) as caught:
        outbox.write(session, mention, "Auch von mir", by="Tom", now=NOW, version=version)
    assert caught.value.winner == "Mira"
    assert len(outbox.deliveries(session)) == 1


def test_whoever_saw_an_older_ticket_is_told_who_changed_it(session: Session, ticket: Ticket) -> None:
    with pytest.raises(Conflict):
        outbox.write(session, ticket.mention_id, "Hallo", by="Tom", now=NOW, version=ticket.version - 1)
    assert outbox.deliveries(session) == []


def test_one_sender_has_a_delivery_and_no_second(session: Session, ticket: Ticket) -> None:
    written(session, ticket)
    first = outbox.claim(session, "a", NOW)
    assert first is not None
    assert (first.text, first.answered.native_id, first.doubtful) == ("Das tut uns leid.", "1", None)
    assert outbox.claim(session, "b", NOW) is None
    assert not outbox.begin(session, first.id, "b", NOW)
    assert outbox.begin(session, first.id, "a", NOW)


def test_what_a_dead_sender_had_in_hand_is_doubtful_for_the_next(session: Session, ticket: Ticket) -> None:
    written(session, ticket)
    first = outbox.claim(session, "a", NOW)
    assert first is not None
    outbox.begin(session, first.id, "a", NOW + MINUTE)
    after = NOW + outbox.SENDING + MINUTE
    second = outbox.claim(session, "b", after)
    assert second is not None
    assert (second.key, second.doubtful) == (first.key, NOW + MINUTE)
    assert not outbox.begin(session, first.id, "a", after)


def test_a_sender_that_died_before_it_began_leaves_no_doubt(session: Session, ticket: Ticket) -> None:
    written(session, ticket)
    outbox.claim(session, "a", NOW)
    second = outbox.claim(session, "b", NOW + outbox.SENDING)
    assert second is not None
    assert second.doubtful is None


def test_a_long_look_takes_nothing_from_the_time_that_sending_may_take(session: Session, ticket: Ticket) -> None:
    number = written(session, ticket)
    outbox.claim(session, "a", NOW)
    begun = NOW + outbox.SENDING - MINUTE
    assert outbox.begin(session, number, "a", begun)
    assert outbox.claim(session, "b", NOW + outbox.SENDING + MINUTE) is None
    assert outbox.claim(session, "b", begun + outbox.SENDING) is not None


def test_a_sender_that_was_too_slow_does_not_end_what_another_has_in_hand(session: Session, ticket: Ticket) -> None:
    number, after = written(session, ticket), NOW + outbox.SENDING + MINUTE
    outbox.claim(session, "slow", NOW)
    outbox.begin(session, number, "slow", NOW)
    outbox.claim(session, "b", after)
    outbox.later(session, number, after, "too many requests", uncertain=False, worker="slow")
    outbox.bury(session, number, "refused", "", after, worker="slow")
    found = delivery(session)
    assert (found.state, found.claimed_by, found.begun_at) == ("sending", "b", NOW)
    assert outbox.claim(session, "c", after) is None


def test_what_is_sent_joins_the_conversation_and_answers_the_ticket(session: Session, ticket: Ticket) -> None:
    written(session, ticket)
    one = outbox.claim(session, "a", NOW)
    assert one is not None
    outbox.sent(session, one.id, "2", "https://m.example/2", NOW + MINUTE)
    outbox.sent(session, one.id, "2", "https://m.example/2", NOW + HOUR)  # twice is once
    ours = session.exec(select(Mention).where(col(Mention.ours))).one()
    assert (ours.native_id, ours.text, ours.parent, ours.conversation_id) == (
        "2",
        "Das tut uns leid.",
        "1",
        ticket.conversation_id,
    )
    ticket = now_of(session, ticket)
    assert (ticket.status, ticket.answered_at) == ("answered", NOW + MINUTE)
    assert reply_rules.answered_already(session, ticket.mention_id)


def test_our_answer_heard_on_the_platform_is_the_one_that_was_sent(session: Session, ticket: Ticket) -> None:
    written(session, ticket)
    one = outbox.claim(session, "a", NOW)
    assert one is not None
    outbox.sent(session, one.id, "2", None, NOW)
    again = kept(session, said("2", "Das tut uns leid.", conversation="1", parent="1", ours=True, said_at=NOW))
    assert (again.new, again.changed) == (0, 0)


def test_what_must_wait_comes_back_at_its_time(session: Session, ticket: Ticket) -> None:
    written(session, ticket)
    one = outbox.claim(session, "a", NOW)
    assert one is not None
    outbox.begin(session, one.id, "a", NOW)
    outbox.later(session, one.id, NOW + HOUR, "too many requests", uncertain=False)
    assert outbox.claim(session, "a", NOW + timedelta(minutes=59)) is None
    again = outbox.claim(session, "a", NOW + HOUR)
    assert again is not None
    assert (again.tries, again.doubtful) == (2, None)


def test_a_dead_one_waits_for_a_person_who_sends_it_again_or_drops_it(session: Session, ticket: Ticket) -> None:
    number = written(session, ticket)
    with pytest.raises(Conflict, match="only a dead one"):
        outbox.resend(session, number, by="Mira", now=NOW)
    outbox.claim(session, "a", NOW)
    outbox.bury(session, number, "token is refused", "make a new one", NOW)
    assert outbox.claim(session, "a", NOW + HOUR) is None
    assert outbox.counts(session) == {"dead": 1}
    outbox.resend(session, number, by="Mira", now=NOW)
    assert outbox.claim(session, "a", NOW) is not None
    outbox.bury(session, number, "still refused", "", NOW)
    outbox.drop(session, number, by="Tom", now=NOW)
    assert delivery(session).state == "dropped"
    events = session.exec(
        select(TicketEvent.by, TicketEvent.after).where(TicketEvent.what == "reply").order_by(col(TicketEvent.id))
    )
    assert list(events) == [("person:Mira", "written"), ("person:Mira", "again"), ("person:Tom", "dropped")]


def test_the_rules_of_a_platform_are_known_to_whoever_writes(session: Session) -> None:
    assert reply_rules.rules_of(session, "garten") == {}
    rules = {"dm": ReplyRules(characters=500, within=timedelta(hours=24))}
    reply_rules.learn_rules(session, SOURCE, {kind: one.model_dump(mode="json") for kind, one in rules.items()})
    assert reply_rules.rules_of(session, "garten") == rules
