"""What a person does: change a ticket, correct a tag. Whoever comes second is told who won (guarantee 9)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st
from sqlmodel import Session

from dashboard import audit, data, viewer
from desk.answering import Obstacle
from desk.deadline import Allowance, due
from desk.errors import Conflict, KummerkastenError, Vanished
from desk.reading import Tags
from store import erasing, outbox, reply_rules, review, tags, tickets
from store.conversations import Why
from store.engine import trouble
from store.people import Known
from store.quality import Unsure
from store.tables import Delivery, Tag, Ticket
from store.tags import Word

_NOTICE = "notice"


@dataclass(frozen=True)
class Notice:
    """What became of the last deed: the key of a text, and who or what it names."""

    text: str
    good: bool = True
    who: str = ""


def notice() -> Notice | None:
    """Return what became of the last deed, once."""
    found = st.session_state.pop(_NOTICE, None)
    return found if isinstance(found, Notice) else None


def _do(
    deed: Callable[[], None], done: str, lost_to: str = "deed.conflict", lost: str = "deed.conflict", *, erases: bool = False
) -> bool:
    if not _may(erases):
        audit.forbidden(done.removeprefix("deed."))
        st.session_state[_NOTICE] = Notice("deed.not_allowed", good=False)
        return False
    try:
        deed()
        st.session_state[_NOTICE] = Notice(done)
        return True
    except Conflict as conflict:
        st.session_state[_NOTICE] = Notice(lost_to if conflict.winner else lost, good=False, who=conflict.winner)
    except Vanished:
        st.session_state[_NOTICE] = Notice("deed.vanished", good=False)
    except KummerkastenError as error:
        st.session_state[_NOTICE] = Notice("deed.failed", good=False, who=str(error))
    except Exception as error:
        if not (said := trouble(error)):
            raise
        st.session_state[_NOTICE] = Notice("deed.not_stored", good=False, who=said)
    return False


def _may(erases: bool) -> bool:
    """Say whether who has signed in may do this: a button that is greyed out in a browser is no lock."""
    if data.desk().sign_in is None:
        return True
    who = viewer.current()
    return who.erases if erases else bool(who.me)


def take(ticket: Ticket, me: str) -> None:
    """Make a ticket mine."""
    _do(lambda: _assign(ticket, me, me, ticket.version), "deed.taken")


def set_status(ticket: Ticket, status: str, me: str) -> None:
    """Set a ticket open, answered or closed."""

    def deed() -> None:
        with data.session(write=True) as store:
            tickets.set_status(store, _id(ticket), status, by=me, version=ticket.version, now=datetime.now(UTC))

    _do(deed, f"deed.{status}")


@dataclass(frozen=True)
class HandOver:
    """To whom a ticket shall go, and how pressing it is."""

    team: str
    assignee: str | None
    priority: int


def hand_over(ticket: Ticket, wanted: HandOver, reason: Why | None, me: str) -> None:
    """Give a ticket another team, assignee or priority; what stays the same is not touched."""

    def deed() -> None:
        version = ticket.version
        assignee = ticket.assignee
        if wanted.team != ticket.team:
            _move(ticket, wanted.team, reason, me, version)
            version, assignee = version + 1, None
        if wanted.assignee != assignee:
            _assign(ticket, wanted.assignee, me, version)
            version += 1
        if wanted.priority != ticket.priority:
            with data.session(write=True) as store:
                now = datetime.now(UTC)
                tickets.set_priority(store, _id(ticket), wanted.priority, by=me, version=version, now=now)

    _do(deed, "deed.handed")


def _assign(ticket: Ticket, assignee: str | None, me: str, version: int) -> None:
    with data.session(write=True) as store:
        tickets.assign(store, _id(ticket), assignee, by=me, version=version, now=datetime.now(UTC))


def _move(ticket: Ticket, team: str, reason: Why | None, me: str, version: int) -> None:
    """Hand over with a deadline in the new team's hours: the allowance of the rule, from when the mention was heard."""
    due_at = None
    if reason and reason.routing:
        allowance = Allowance.model_validate(reason.routing.allowance)
        due_at = due(reason.said.mention.heard_at, allowance, data.desk().calendar_of(team))
    with data.session(write=True) as store:
        tickets.move(store, _id(ticket), team, by=me, version=version, now=datetime.now(UTC), due_at=due_at)


def corrections(before: Tags, after: Tags) -> list[Word]:
    """Return what a person says differently: aspect, value, and whether it holds."""
    said: list[Word] = []
    if after.sentiment != before.sentiment:
        said.append(("sentiment", after.sentiment, True))
    if after.intent != before.intent:
        said.append(("intent", after.intent, True))
    if after.needs_reply != before.needs_reply:
        said.append(("needs_reply", _yes(after.needs_reply), True))
    if after.urgent != before.urgent:
        said.append(("urgent", _yes(after.urgent), True))
    said += [("friction", topic, holds) for topic, holds in _moved(before.friction, after.friction)]
    said += [("praise", topic, holds) for topic, holds in _moved(before.praise, after.praise)]
    return said


def correct(reason: Why, after: Tags, me: str, *, by_hand: bool = False) -> None:
    """Store what a person says about a mention, where it differs from what stood; who changes nothing has found it right."""
    said = corrections(reason.said.tags, after)
    if not said and confirmable(reason):
        confirm(reason, me)
        return

    def deed() -> None:
        with data.session(write=True) as store:
            tags.decide_all(store, reason.said.mention.id or 0, said, me, datetime.now(UTC))

    _do(deed, ("deed.corrected_by_hand" if by_hand else "deed.corrected") if said else "deed.nothing")


def confirmable(reason: Why) -> list[Tag]:
    """Return what a person may find right: the tags that stand and hold, without the language; none of words not read yet."""
    if reason.reading is None or reason.said.mention.read_at is None:
        return []
    return [tag for tag in reason.statements if tag.stands and tag.holds and tag.aspect != "language"]


def confirm(reason: Why, me: str) -> None:
    """Store that a person finds right what they have in front of them, unless it has become something else meanwhile."""
    shown = {(tag.aspect, tag.value) for tag in confirmable(reason)}
    reading_id = (reason.reading.id or 0) if reason.reading else 0
    stored: list[int] = []

    def deed() -> None:
        with data.session(write=True) as store:
            stored.append(review.confirm(store, reason.said.mention.id or 0, reading_id, shown, me, datetime.now(UTC)))

    if _do(deed, "deed.confirmed", lost_to="deed.decided_otherwise", lost="review.changed") and not any(stored):
        st.session_state[_NOTICE] = Notice("deed.confirmed_already")


def hold(mention_ids: Sequence[int], me: str) -> int | None:
    """Reserve the first of these mentions that nobody else is being asked about; return it, None where others have them all."""
    with data.session(write=True) as store:
        return review.hold(store, mention_ids, me, datetime.now(UTC))


def answer(doubt: Unsure, key: str, value: str, me: str) -> bool:
    """Store what a person says about a question that the model is unsure about; return whether nobody was faster."""

    def deed() -> None:
        with data.session(write=True) as store:
            review.answer(store, doubt.mention.id or 0, doubt.reading.id or 0, key, value, me, datetime.now(UTC))

    done = _do(deed, "review.saved", lost_to="review.taken", lost="review.changed")
    if not done and (lost := st.session_state.get(_NOTICE)) and lost.who == me:
        del st.session_state[_NOTICE]  # a key pressed twice: nobody was faster than oneself
    return done


def reply(mention_id: int, text: str, ticket: Ticket | None, me: str) -> bool:
    """Put an answer into the outbox, unless the platform would not take it or somebody was faster; return whether it is there."""

    def deed() -> None:
        now = datetime.now(UTC)
        with data.session(write=True) as store:
            wrong = reply_rules.obstacle_to(store, mention_id, text, now)
            if wrong:
                raise Unsendable(wrong)
            outbox.write(store, mention_id, text, by=me, now=now, version=ticket.version if ticket else None)

    try:
        return _do(deed, "deed.written", lost_to="deed.answered_by")
    except Unsendable as error:
        st.session_state[_NOTICE] = Notice(f"deed.{error.obstacle}", good=False)
        return False


class Unsendable(Exception):
    """The platform would not take an answer."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle


def resend(delivery: Delivery, me: str) -> None:
    """Try a dead delivery again."""

    def deed() -> None:
        with data.session(write=True) as store:
            outbox.resend(store, delivery.id or 0, by=me, now=datetime.now(UTC))

    _do(deed, "deed.resent", lost_to="deed.answered_by", lost="deed.moved_on")


def drop(delivery: Delivery, me: str) -> None:
    """Give a delivery up."""

    def deed() -> None:
        with data.session(write=True) as store:
            outbox.drop(store, delivery.id or 0, by=me, now=datetime.now(UTC))

    _do(deed, "deed.dropped", lost="deed.moved_on")


def forget_account(known: Known, me: str, *, for_ever: bool) -> bool:
    """Erase all that an account said; return whether it is gone."""
    return _forget(lambda store, now: erasing.account(store, known.author_id, by=me, now=now, for_ever=for_ever))


def forget_mention(mention_id: int, me: str) -> bool:
    """Erase one mention; return whether it is gone."""
    return _forget(lambda store, now: erasing.mention(store, mention_id, by=me, now=now))


def _forget(erase: Callable[[Session, datetime], object]) -> bool:
    def deed() -> None:
        with data.session(write=True) as store:
            erase(store, datetime.now(UTC))
        data.sweep()
        st.cache_data.clear()  # numbers and lists that were reckoned with it

    return _do(deed, "deed.erased", lost="deed.sending", erases=True)


def _moved(before: Mapping[str, float], after: Mapping[str, float]) -> list[tuple[str, bool]]:
    return [(topic, True) for topic in after if topic not in before] + [(topic, False) for topic in before if topic not in after]


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _id(ticket: Ticket) -> int:
    return ticket.id or 0
