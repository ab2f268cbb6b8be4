"""One conversation with all that answers "why?": what was said, what was made of it, which rule, who changed what."""

from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from desk.reading import Tags
from store.tables import Author, Conversation, Mention, MentionVersion, Reading, Routing, Tag, Ticket, TicketEvent
from store.tags import reading_of, statements, tags_of


@dataclass(frozen=True)
class Said:
    """One mention of a conversation, with its author and what stands about it.

    ``not_read`` says why no model has read its present words ("empty", "failed"); it is empty where one has, or none has tried.
    """

    mention: Mention
    author: Author | None
    tags: Tags
    versions: list[MentionVersion]
    not_read: str = ""


@dataclass(frozen=True)
class Thread:
    """A conversation, its mentions in the order they were said, its ticket and the ticket's history."""

    conversation: Conversation
    said: list[Said]
    ticket: Ticket | None
    events: list[TicketEvent]


@dataclass(frozen=True)
class Why:
    """Why a mention is where it is: statements (standing ones first), the latest reading, and what the rules decided."""

    said: Said
    statements: list[Tag]
    reading: Reading | None
    routing: Routing | None


def conversation(session: Session, conversation_id: int) -> Thread | None:
    """Return a conversation, None where there is none of this id."""
    found = session.get(Conversation, conversation_id)
    if found is None:
        return None
    ticket = session.exec(select(Ticket).where(Ticket.conversation_id == conversation_id)).first()
    events = _events(session, ticket.id) if ticket else []
    return Thread(found, _said(session, conversation_id), ticket, events)


def why(session: Session, mention_id: int) -> Why | None:
    """Return all that led a mention to where it is, None where there is none of this id."""
    mention = session.get(Mention, mention_id)
    if mention is None:
        return None
    author = session.get(Author, mention.author_id) if mention.author_id else None
    reading = reading_of(session, mention_id)
    not_read = reading.not_read if reading and mention.read_at else ""
    said = Said(mention, author, tags_of(session, [mention_id])[mention_id], _versions(session, mention_id), not_read)
    routing = select(Routing).where(Routing.mention_id == mention_id).order_by(col(Routing.id).desc()).limit(1)
    return Why(said, statements(session, mention_id), reading, session.exec(routing).first())


def _said(session: Session, conversation_id: int) -> list[Said]:
    rows = session.exec(
        select(Mention, Author)
        .join(Author, col(Author.id) == Mention.author_id, isouter=True)
        .where(Mention.conversation_id == conversation_id)
        .order_by(col(Mention.said_at), col(Mention.id))
    ).all()
    tags = tags_of(session, [mention.id or 0 for mention, _ in rows])
    not_read = _not_read(session, conversation_id)
    return [
        Said(mention, author, tags[mention.id or 0], _versions(session, mention.id or 0), not_read.get(mention.id or 0, ""))
        for mention, author in rows
    ]


def _not_read(session: Session, conversation_id: int) -> dict[int, str]:
    """Return why the latest reading of a mention was none, for those of a conversation where that is so."""
    later = aliased(Reading)
    newest = select(func.max(later.id)).where(col(later.mention_id) == Mention.id).scalar_subquery()
    asked = (
        select(Reading.mention_id, Reading.not_read)
        .join(Mention, col(Mention.id) == Reading.mention_id)
        .where(Mention.conversation_id == conversation_id, col(Mention.read_at).is_not(None))
        .where(Reading.not_read != "", col(Reading.id) == newest)
    )
    return dict(session.execute(asked).tuples().all())


def _versions(session: Session, mention_id: int) -> list[MentionVersion]:
    return list(
        session.exec(select(MentionVersion).where(MentionVersion.mention_id == mention_id).order_by(col(MentionVersion.id)))
    )


def _events(session: Session, ticket_id: int | None) -> list[TicketEvent]:
    return list(session.exec(select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(col(TicketEvent.id))))
