"""The outbox: answers are written here together with their ticket, and stay until the platform has them.

Guarantee 7: storing never waits for delivering, and nothing is delivered twice. A sender notes that it begins before it does;
where its end is not noted, the next one looks on the platform before it sends again, or leaves it to a person.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from desk import mention as said
from desk.errors import Conflict, Vanished
from desk.source import Source
from store import arrivals, reply_rules
from store.answers import note_our_answers
from store.claims import as_said
from store.events import change, note
from store.tables import Author, Conversation, Delivery, Mention, Ticket, Utc
from store.writing import affected, whole

SENDING = timedelta(minutes=10)
"""How long a sender has a delivery to itself: longer than any platform's answer can take."""
ON_ITS_WAY = ("waiting", "sending")


@dataclass(frozen=True)
class Outgoing:
    """A delivery in hand, with what it answers. ``doubtful`` is when an earlier try began whose fate nobody knows."""

    id: int
    key: str
    source: str
    text: str
    by: str
    tries: int
    written_at: datetime
    mention_id: int
    answered: said.Mention
    last_word: datetime
    """When the customer spoke last in this conversation."""
    doubtful: datetime | None = None
    vouched: bool = False
    """Whether a person says that the earlier try has not arrived."""


def write(session: Session, mention_id: int, text: str, *, by: str, now: datetime, version: int | None = None) -> int:
    """Put an answer to a mention into the outbox, in one transaction with its ticket; commits. Return the delivery's id.

    *version* is the ticket as its writer saw it. Raises Conflict where somebody changed the ticket meanwhile, or where another
    answer to this conversation is on its way.
    """
    asked = select(Mention).where(Mention.id == mention_id).with_for_update(read=True, key_share=True)  # an erasure waits for it
    mention = session.exec(asked).first()
    if mention is None:
        raise Vanished(f"there is no mention {mention_id}")
    waits = on_its_way(session, mention.conversation_id)
    if waits:
        raise Conflict(f"an answer by {waits.by} is on its way already", winner=waits.by)
    ticket = session.exec(select(Ticket).where(Ticket.conversation_id == mention.conversation_id)).first()
    if ticket:
        _take(session, ticket, by, now, version)
    delivery = Delivery(
        key=secrets.token_hex(16),
        source=mention.source,
        platform=mention.platform,
        conversation_id=mention.conversation_id,
        mention_id=mention_id,
        text=said.storable(text).strip(),
        by=by,
        written_at=now,
        next_try_at=now,
    )
    session.add(delivery)
    try:
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise Conflict("another answer to this conversation is on its way already") from error
    return delivery.id or 0


def _take(session: Session, ticket: Ticket, by: str, now: datetime, version: int | None) -> None:
    """Note on the ticket that its answer is written; whoever saw an older version of it is told who won."""
    if version is not None and version != ticket.version:
        who = ticket.updated_by.partition(":")[2] or ticket.updated_by
        session.rollback()
        raise Conflict(f"{who} changed the ticket since you looked", winner=who)
    change(session, ticket, {} if ticket.assignee else {"assignee": by}, by=f"person:{by}", now=now)
    note(session, ticket.id, f"person:{by}", now, [{"what": "reply", "before": "", "after": "written"}])


def on_its_way(session: Session, conversation_id: int) -> Delivery | None:
    """Return the delivery to a conversation that has not ended, None where there is none."""
    asked = select(Delivery).where(Delivery.conversation_id == conversation_id, col(Delivery.state).in_(ON_ITS_WAY))
    return session.exec(asked).first()


def claim(session: Session, worker: str, now: datetime, lease: timedelta = SENDING) -> Outgoing | None:
    """Take the delivery that waits longest, or one whose sender died; commits. None where nothing is due."""
    due = (col(Delivery.state) == "waiting") & (col(Delivery.next_try_at) <= now)
    abandoned = (col(Delivery.state) == "sending") & (col(Delivery.claimed_until) <= now)
    asked = select(Delivery).where(or_(due, abandoned)).order_by(col(Delivery.next_try_at), col(Delivery.id)).limit(1)
    found = session.exec(asked.with_for_update(skip_locked=True)).first()
    if found is None:
        session.rollback()
        return None
    doubtful = found.begun_at
    mine = update(Delivery).where(col(Delivery.id) == found.id, or_(due, abandoned))
    values = {"state": "sending", "claimed_by": worker, "claimed_until": now + lease, "tries": col(Delivery.tries) + 1}
    if affected(session.execute(mine.values(**values), execution_options={"synchronize_session": False})) != 1:
        session.rollback()  # another worker was faster
        return claim(session, worker, now, lease)
    session.commit()
    session.refresh(found)
    return _outgoing(session, found, doubtful)


def begin(session: Session, delivery_id: int, worker: str, now: datetime) -> bool:
    """Note that the sending begins now; commits. False where *worker* has the delivery no longer: then nothing may be sent.

    From here on the sender has it to itself for as long as an answer can take, however long the look before it took. An earlier
    beginning whose end is unknown stays noted: a look must go back that far.
    """
    mine = update(Delivery).where(col(Delivery.id) == delivery_id, _in_hand(worker, now))
    begun = func.coalesce(col(Delivery.begun_at), literal(now, Utc()))
    done = affected(session.execute(mine.values(begun_at=begun, vouched=False, claimed_until=now + SENDING))) == 1
    session.commit()
    return done


def _in_hand(worker: str, now: datetime) -> Any:
    return (col(Delivery.state) == "sending") & (col(Delivery.claimed_by) == worker) & (col(Delivery.claimed_until) > now)


def sent(session: Session, delivery_id: int, native_id: str, url: str | None, now: datetime, text: str = "") -> None:
    """Note that the platform has it: the answer joins its conversation, and the ticket is answered; commits."""

    def work() -> None:
        delivery = session.get(Delivery, delivery_id, populate_existing=True, with_for_update=True)
        if delivery is None or delivery.state == "sent":  # what it answered was erased meanwhile, or somebody was faster
            session.rollback()
            return
        for field, value in {
            "state": "sent",
            "ended_at": now,
            "native_id": native_id,
            "url": url,
            "error": "",
            "advice": "",
        }.items():
            setattr(delivery, field, value)
        delivery.claimed_by = delivery.claimed_until = None
        answer = _as_mention(session, delivery, text or delivery.text, now)
        session.flush()
        arrivals.add(session, _source(delivery), delivery.platform, [answer], now)
        note_our_answers(session, delivery.platform, {answer.conversation: now}, now)
        session.commit()

    whole(session, work)


def _as_mention(session: Session, delivery: Delivery, text: str, now: datetime) -> said.Mention:
    answered = session.get_one(Mention, delivery.mention_id)
    conversation = session.get_one(Conversation, delivery.conversation_id)
    return said.Mention(
        platform=delivery.platform,
        native_id=delivery.native_id or f"kummerkasten/{delivery.key}",
        conversation=conversation.native_id,
        kind=answered.kind,
        text=text,
        said_at=now,
        url=delivery.url,
        parent=answered.native_id,
        language=answered.language,
        ours=True,
    )


def _source(delivery: Delivery) -> Source:
    return Source(name=delivery.source, platform=delivery.platform)


def later(session: Session, delivery_id: int, at: datetime, error: str, *, uncertain: bool, worker: str | None = None) -> None:
    """Try again *at*; *uncertain* keeps in mind that the last try may have arrived; commits.

    Nothing changes where *worker* is given and has the delivery no longer: the one that has it says how it ends.
    """
    more: dict[str, Any] = {} if uncertain else {"begun_at": None}
    values = {"state": "waiting", "next_try_at": at, "error": said.storable(error), "advice": ""}
    _end(session, delivery_id, values | more, worker)


def bury(
    session: Session,
    delivery_id: int,
    error: str,
    advice: str,
    now: datetime,
    *,
    uncertain: bool = False,
    worker: str | None = None,
) -> None:
    """Leave a delivery to a person; commits. Nothing changes where *worker* is given and has it no longer."""
    more: dict[str, Any] = {} if uncertain else {"begun_at": None}
    said_what = {"error": said.storable(error), "advice": said.storable(advice)}
    _end(session, delivery_id, {"state": "dead", "ended_at": now} | said_what | more, worker)


def _end(session: Session, delivery_id: int, values: dict[str, Any], worker: str | None) -> None:
    mine = update(Delivery).where(col(Delivery.id) == delivery_id, col(Delivery.state) == "sending")
    if worker is not None:
        mine = mine.where(col(Delivery.claimed_by) == worker)
    session.execute(mine.values(**values, claimed_by=None, claimed_until=None))
    session.commit()


def resend(session: Session, delivery_id: int, *, by: str, now: datetime) -> None:
    """Try a dead delivery again, because *by* says so: where nobody else can look, *by* has looked; commits."""
    delivery = _get(session, delivery_id)
    if delivery.state != "dead":
        raise Conflict(f"delivery {delivery_id} is {delivery.state}; only a dead one is sent again")
    again = {"state": "waiting", "tries": 0, "vouched": True, "next_try_at": now, "ended_at": None, "error": "", "advice": ""}
    _by_person(session, delivery, again, by, now, "again")


def drop(session: Session, delivery_id: int, *, by: str, now: datetime) -> None:
    """Give a delivery up that is not on its way to the platform right now; commits."""
    delivery = _get(session, delivery_id)
    if delivery.state not in ("waiting", "dead"):
        raise Conflict(f"delivery {delivery_id} is {delivery.state}; it cannot be dropped any more")
    _by_person(session, delivery, {"state": "dropped", "ended_at": now}, by, now, "dropped")


def _get(session: Session, delivery_id: int) -> Delivery:
    found = session.get(Delivery, delivery_id, populate_existing=True)
    if found is None:
        raise Vanished(f"there is no delivery {delivery_id}. `kummerkasten outbox` shows their numbers")
    return found


def _by_person(session: Session, delivery: Delivery, values: dict[str, Any], by: str, now: datetime, what: str) -> None:
    mine = update(Delivery).where(col(Delivery.id) == delivery.id, col(Delivery.state) == delivery.state)
    try:
        if affected(session.execute(mine.values(**values), execution_options={"synchronize_session": False})) != 1:
            raise Conflict("somebody else, or a sender, was faster; look again")
        ticket = session.exec(select(Ticket.id).where(Ticket.conversation_id == delivery.conversation_id)).first()
        if ticket is not None:
            note(session, ticket, f"person:{by}", now, [{"what": "reply", "before": "", "after": what}])
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise Conflict("another answer to this conversation is on its way already") from error
    except Conflict:
        session.rollback()
        raise


def deliveries(session: Session, states: Sequence[str] = (), limit: int = 100) -> list[Delivery]:
    """Return deliveries, the newest first."""
    asked = select(Delivery).order_by(col(Delivery.id).desc()).limit(limit)
    return list(session.exec(asked.where(col(Delivery.state).in_(states)) if states else asked))


def of_conversation(session: Session, conversation_id: int) -> list[Delivery]:
    """Return what was, or shall be, sent to a conversation, the oldest first."""
    asked = select(Delivery).where(Delivery.conversation_id == conversation_id).order_by(col(Delivery.id))
    return list(session.exec(asked))


def counts(session: Session) -> dict[str, int]:
    """Return how many deliveries there are in each state."""
    return dict(session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).tuples().all())


def _outgoing(session: Session, delivery: Delivery, doubtful: datetime | None) -> Outgoing:
    mention = session.get_one(Mention, delivery.mention_id)
    author = session.get(Author, mention.author_id) if mention.author_id else None
    conversation = session.get_one(Conversation, delivery.conversation_id)
    return Outgoing(
        id=delivery.id or 0,
        key=delivery.key,
        source=delivery.source,
        text=delivery.text,
        by=delivery.by,
        tries=delivery.tries,
        written_at=delivery.written_at,
        mention_id=delivery.mention_id,
        answered=as_said(mention, author, conversation.native_id),
        last_word=reply_rules.last_word(session, delivery.conversation_id),
        doubtful=doubtful,
        vouched=delivery.vouched,
    )
