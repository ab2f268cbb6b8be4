"""One ticket per conversation, opened once; rules never work against a person; two people never own one ticket."""

from datetime import datetime

import pytest
from sqlmodel import Session, select
from things import DAY, HOUR, MINUTE, NOW, decision, kept, read, route, row, said, settled, unrouted, waiting

from desk.errors import Conflict, KummerkastenError
from store.tables import Routing, Ticket, TicketEvent
from store.tickets import assign, move, open_ticket, set_priority, set_status, settle


def ticket(session: Session, native_id: str = "1") -> Ticket:
    conversation_id = row(session, native_id).conversation_id
    found = session.exec(
        select(Ticket).where(Ticket.conversation_id == conversation_id).execution_options(populate_existing=True)
    ).one()
    session.commit()
    return found


def story(session: Session) -> list[tuple[str, str, str, str]]:
    return [(one.by, one.what, one.before, one.after) for one in session.exec(select(TicketEvent).order_by(TicketEvent.id))]


@pytest.fixture
def opened(session: Session) -> Session:
    """A customer asked at eleven, it was heard at noon, and a rule wants it answered."""
    kept(session, said("1", conversation="c"))
    read(session, "1")
    assert route(session, "1") == 1
    return session


def again(
    session: Session, native_id: str = "2", *, now: datetime = NOW + HOUR, due_at: datetime = NOW + DAY, **more: object
) -> int:
    """The customer says something more in the same conversation."""
    kept(session, said(native_id, "Hallo?", conversation="c", said_at=now - MINUTE), now=now)
    read(session, native_id, now=now)
    return route(session, native_id, now=now, due_at=due_at, **more)


def test_a_mention_that_wants_an_answer_opens_a_ticket(opened: Session) -> None:
    one = ticket(opened)
    assert (one.team, one.status, one.priority, one.topic, one.rule) == ("payments", "open", 2, "payment", "Zahlung")
    assert (one.waiting_since, one.due_at, one.opened_at, one.version) == (NOW - HOUR, NOW + HOUR, NOW, 1)
    assert story(opened) == [("rule:Zahlung", "opened", "", "payments")]
    assert waiting(opened) == ([], [])


def test_a_mention_that_wants_none_is_filed_and_opens_nothing(session: Session) -> None:
    kept(session, said())
    read(session, "1")
    assert route(session, "1", answer=False) == 0
    assert session.exec(select(Ticket)).all() == []
    assert [one.rule for one in session.exec(select(Routing))] == ["Zahlung"]
    assert waiting(session) == ([], [])


def test_opening_twice_is_opening_once(opened: Session) -> None:
    assert route(opened, "1") == 0
    assert len(story(opened)) == 1
    assert ticket(opened).version == 1


def test_two_mentions_of_a_conversation_open_one_ticket(session: Session) -> None:
    kept(session, said("1", conversation="c"), said("2", conversation="c", said_at=NOW))
    assert route(session, "1", "2") == 1
    assert ticket(session).waiting_since == NOW - HOUR


def test_open_ticket_returns_the_one_there_is(opened: Session) -> None:
    mention = row(opened)
    values = {"mention_id": mention.id, "conversation_id": mention.conversation_id, "said_at": mention.said_at}
    found = open_ticket(opened, **values, decision=decision(), due_at=NOW + HOUR, now=NOW)
    assert found.id == ticket(opened).id


def test_another_mention_keeps_the_earlier_deadline(opened: Session) -> None:
    assert again(opened, due_at=NOW + DAY, priority=3, team="service") == 0
    assert (ticket(opened).due_at, ticket(opened).priority, ticket(opened).team) == (NOW + HOUR, 2, "payments")


def test_another_mention_that_presses_more_brings_its_team_and_priority(opened: Session) -> None:
    again(opened, due_at=NOW + MINUTE, priority=1, team="safety", rule="Gefahr")
    one = ticket(opened)
    assert (one.due_at, one.priority, one.team, one.rule) == (NOW + MINUTE, 1, "safety", "Gefahr")
    assert one.waiting_since == NOW - HOUR
    assert ("rule:Gefahr", "team", "payments", "safety") in story(opened)


def test_two_mentions_of_one_batch_may_both_press_a_ticket(opened: Session) -> None:
    kept(opened, said("2", conversation="c"), said("3", conversation="c", said_at=NOW))
    batch = [settled(opened, "2", due_at=NOW + MINUTE), settled(opened, "3", due_at=NOW, priority=1)]
    settle(opened, batch, NOW)
    assert (ticket(opened).due_at, ticket(opened).priority, ticket(opened).version) == (NOW, 1, 3)


def test_a_mention_routed_anew_moves_its_own_ticket(opened: Session) -> None:
    route(opened, "1", team="delivery", priority=3, due_at=NOW + DAY)
    assert (ticket(opened).team, ticket(opened).priority, ticket(opened).due_at) == ("delivery", 3, NOW + DAY)


@pytest.mark.parametrize("status", ["answered", "closed"])
def test_a_new_mention_reopens_what_was_answered_or_closed(opened: Session, status: str) -> None:
    set_status(opened, ticket(opened).id, status, by="uta", version=1, now=NOW)
    assert again(opened) == 1
    one = ticket(opened)
    assert (one.status, one.waiting_since, one.due_at) == ("open", NOW + HOUR - MINUTE, NOW + DAY)
    assert (one.answered_at, one.closed_at, one.mention_id) == (None, None, row(opened, "2").id)


def test_a_mention_that_was_there_when_a_person_closed_the_ticket_does_not_reopen_it(opened: Session) -> None:
    kept(opened, said("2", conversation="c", said_at=NOW), now=NOW)
    set_status(opened, ticket(opened).id, "closed", by="uta", version=1, now=NOW + MINUTE)
    assert route(opened, "2", now=NOW + HOUR) == 0
    assert ticket(opened).status == "closed"


def test_a_mention_said_before_but_heard_after_a_ticket_was_closed_reopens_it(opened: Session) -> None:
    set_status(opened, ticket(opened).id, "closed", by="uta", version=1, now=NOW + MINUTE)
    kept(opened, said("2", conversation="c", said_at=NOW), now=NOW + HOUR)
    assert route(opened, "2", now=NOW + HOUR) == 1


def test_words_edited_after_the_answer_reopen(opened: Session) -> None:
    set_status(opened, ticket(opened).id, "answered", by="uta", version=1, now=NOW)
    kept(opened, said("1", "Geht immer noch nicht", conversation="c", edited_at=NOW + HOUR), now=NOW + HOUR)
    assert route(opened, "1", now=NOW + HOUR) == 1


def test_words_that_are_read_again_by_a_better_model_do_not_reopen(opened: Session) -> None:
    set_status(opened, ticket(opened).id, "answered", by="uta", version=1, now=NOW)
    read(opened, "1", now=NOW + DAY, model="base@2")
    assert route(opened, "1", now=NOW + DAY) == 0


def test_our_answer_on_the_platform_answers_the_ticket(opened: Session) -> None:
    kept(opened, said("2", "Wir kümmern uns!", conversation="c", said_at=NOW, ours=True), now=NOW + MINUTE)
    assert (ticket(opened).status, ticket(opened).answered_at) == ("answered", NOW)
    assert story(opened)[-1] == ("platform", "status", "open", "answered")


def test_our_older_words_answer_nothing(opened: Session) -> None:
    kept(opened, said("0", "Neu im Laden", conversation="c", said_at=NOW - DAY, ours=True))
    assert ticket(opened).status == "open"


def test_our_answer_heard_again_does_not_answer_a_ticket_that_a_person_reopened(opened: Session) -> None:
    ours = said("2", "Wir kümmern uns!", conversation="c", said_at=NOW, ours=True)
    kept(opened, ours)
    set_status(opened, ticket(opened).id, "open", by="uta", version=2, now=NOW)
    kept(opened, ours)
    assert ticket(opened).status == "open"


def test_a_question_after_our_answer_keeps_the_ticket_open(opened: Session) -> None:
    again(opened)
    kept(opened, said("3", "Wir kümmern uns!", conversation="c", said_at=NOW, ours=True), now=NOW + 2 * HOUR)
    one = ticket(opened)
    assert (one.status, one.mention_id, one.waiting_since) == ("open", row(opened, "2").id, NOW + HOUR - MINUTE)


def test_history_that_we_have_answered_opens_no_work(session: Session) -> None:
    kept(session, said("1", conversation="c"), said("2", conversation="c", said_at=NOW, ours=True), now=NOW + DAY)
    assert route(session, "1", now=NOW + DAY) == 0
    one = ticket(session)
    assert (one.status, one.waiting_since, one.answered_at) == ("answered", NOW - HOUR, NOW)
    assert story(session)[-1] == ("platform", "status", "open", "answered")


def test_a_mention_deleted_before_it_was_routed_opens_nothing(session: Session) -> None:
    kept(session, said())
    kept(session, deleted=["1"])
    assert route(session, "1") == 0
    assert session.exec(select(Ticket)).all() == []


def test_when_the_customer_took_everything_back_the_ticket_closes(opened: Session) -> None:
    kept(opened, said("2", conversation="c", ours=True, said_at=NOW - DAY))
    kept(opened, deleted=["1"], now=NOW + HOUR)
    assert (ticket(opened).status, ticket(opened).closed_at) == ("closed", NOW + HOUR)
    assert story(opened)[-2:] == [("platform", "deleted", "", ""), ("platform", "status", "open", "closed")]


def test_when_the_waiting_mention_is_deleted_and_another_is_left_the_ticket_stays_and_says_so(opened: Session) -> None:
    again(opened)
    kept(opened, deleted=["1"])
    assert ticket(opened).status == "open"
    assert story(opened)[-1] == ("platform", "deleted", "", "")


def test_what_is_shown_again_after_a_deletion_is_owed_again(opened: Session) -> None:
    kept(opened, deleted=["1"])
    kept(opened, said("1", conversation="c"), now=NOW + HOUR)
    assert route(opened, "1", now=NOW + HOUR) == 1
    assert ticket(opened).status == "open"


def test_a_persons_changes_are_told_with_who_made_them(opened: Session) -> None:
    one = ticket(opened).id
    assign(opened, one, "uta", by="ben", version=1, now=NOW)
    set_priority(opened, one, 1, by="ben", version=2, now=NOW)
    move(opened, one, "delivery", by="uta", version=3, now=NOW, due_at=NOW + DAY)
    set_status(opened, one, "answered", by="uta", version=4, now=NOW + HOUR)
    assert story(opened)[1:] == [
        ("person:ben", "assignee", "", "uta"),
        ("person:ben", "priority", "2", "1"),
        ("person:uta", "team", "payments", "delivery"),
        ("person:uta", "assignee", "uta", ""),
        ("person:uta", "due_at", (NOW + HOUR).isoformat(), (NOW + DAY).isoformat()),
        ("person:uta", "status", "open", "answered"),
    ]
    found = ticket(opened)
    assert (found.manual, found.version, found.updated_by, found.answered_at) == (True, 5, "person:uta", NOW + HOUR)


def test_the_second_of_two_people_is_told_who_was_faster(opened: Session) -> None:
    one = ticket(opened).id
    assign(opened, one, "uta", by="uta", version=1, now=NOW)
    with pytest.raises(Conflict, match="uta") as lost:
        assign(opened, one, "ben", by="ben", version=1, now=NOW)
    assert lost.value.winner == "uta"
    assert ticket(opened).assignee == "uta"


def test_rules_leave_a_ticket_alone_that_a_person_has_taken_over(opened: Session) -> None:
    assign(opened, ticket(opened).id, "uta", by="uta", version=1, now=NOW)
    again(opened, priority=1, team="safety", due_at=NOW)
    route(opened, "1", team="safety")
    one = ticket(opened)
    assert (one.team, one.priority, one.due_at, one.assignee, one.version) == ("payments", 2, NOW + HOUR, "uta", 2)


def test_a_manual_ticket_is_reopened_for_its_person(opened: Session) -> None:
    assign(opened, ticket(opened).id, "uta", by="uta", version=1, now=NOW)
    set_status(opened, ticket(opened).id, "answered", by="uta", version=2, now=NOW)
    assert again(opened, team="safety", priority=1) == 1
    one = ticket(opened)
    assert (one.status, one.team, one.priority, one.assignee, one.due_at) == ("open", "payments", 2, "uta", NOW + DAY)


def test_what_is_asked_of_no_ticket_or_for_no_status_is_refused(opened: Session) -> None:
    with pytest.raises(KummerkastenError, match="no ticket 99"):
        assign(opened, 99, "uta", by="uta", version=1, now=NOW)
    opened.rollback()
    with pytest.raises(KummerkastenError, match="open, answered, closed"):
        set_status(opened, 1, "vielleicht", by="uta", version=1, now=NOW)


def test_a_decision_about_words_that_were_edited_meanwhile_is_dropped(opened: Session) -> None:
    kept(opened, said("2", conversation="d"))
    read(opened, "2")
    assert len(unrouted(opened, "w1")) == 1
    outdated = settled(opened, "2")
    kept(opened, said("2", "anders", conversation="d", edited_at=NOW))
    assert settle(opened, [outdated], NOW, worker="w1") == 0
    assert waiting(opened) == (["2"], [])


def test_an_empty_batch_is_settled(session: Session) -> None:
    assert settle(session, [], NOW) == 0
