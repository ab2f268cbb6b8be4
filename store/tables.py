"""Every noun of the glossary that is kept, as one SQLModel table each; times are UTC inside."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Index, LargeBinary, Text, TypeDecorator, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Utc(TypeDecorator[datetime]):
    """A point in time, in UTC: refused without an offset, aware again when it comes back."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC without its offset, so that both databases compare it as it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the offset back."""
        return None if value is None else value.replace(tzinfo=UTC)


JsonColumn = JSON().with_variant(JSONB(), "postgresql")


class Author(SQLModel, table=True):
    """An account on one platform."""

    __table_args__ = (UniqueConstraint("platform", "native_id"),)

    id: int | None = Field(default=None, primary_key=True)
    platform: str
    native_id: str
    handle: str = ""
    name: str = ""
    url: str | None = None
    followers: int | None = None


class Conversation(SQLModel, table=True):
    """The thread that mentions belong to."""

    __table_args__ = (UniqueConstraint("platform", "native_id"),)

    id: int | None = Field(default=None, primary_key=True)
    platform: str
    native_id: str
    source: str
    started_at: datetime = Field(sa_type=Utc)
    last_said_at: datetime = Field(sa_type=Utc)


class Mention(SQLModel, table=True):
    """One thing one person said. ``search`` is its text as the full-text index knows it.

    ``read_at`` and ``routed_at`` say which steps have seen this version of it; an edit clears both. ``claimed_by`` until
    ``claimed_until`` is the worker that has it in hand.
    """

    __table_args__ = (
        UniqueConstraint("platform", "native_id"),
        Index("ix_mention_unread", "id", sqlite_where=text("read_at IS NULL"), postgresql_where=text("read_at IS NULL")),
        Index(
            "ix_mention_unrouted",
            "id",
            sqlite_where=text("routed_at IS NULL AND read_at IS NOT NULL"),
            postgresql_where=text("routed_at IS NULL AND read_at IS NOT NULL"),
        ),
        Index("ix_mention_source_said", "source", "said_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    platform: str
    native_id: str
    source: str
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    author_id: int | None = Field(default=None, foreign_key="author.id", index=True)
    kind: str
    title: str = ""
    text: str = Field(sa_type=Text)
    search: str = Field(default="", sa_type=Text)
    language: str | None = None
    url: str | None = None
    parent: str | None = None
    stars: float | None = None
    rating: str | None = None
    reach: int | None = None
    ours: bool = False
    attachments: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    said_at: datetime = Field(sa_type=Utc, index=True)
    heard_at: datetime = Field(sa_type=Utc)
    edited_at: datetime | None = Field(default=None, sa_type=Utc)
    deleted_at: datetime | None = Field(default=None, sa_type=Utc)
    read_at: datetime | None = Field(default=None, sa_type=Utc)
    routed_at: datetime | None = Field(default=None, sa_type=Utc)
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=Utc)


class MentionVersion(SQLModel, table=True):
    """What an edited mention said before."""

    __tablename__ = "mention_version"

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id", index=True)
    title: str = ""
    text: str = Field(sa_type=Text)
    stars: float | None = None
    replaced_at: datetime = Field(sa_type=Utc)


class Reading(SQLModel, table=True):
    """One pass of one model over one mention: all probabilities, what it is unsure about, and the embedding."""

    __table_args__ = (
        Index("ix_reading_mention", "mention_id", "id"),
        Index("ix_reading_unsure", "id", sqlite_where=text("unsure <> '[]'"), postgresql_where=text("unsure <> '[]'")),
    )

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    model: str
    at: datetime = Field(sa_type=Utc)
    probabilities: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    unsure: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    embedding: bytes | None = Field(default=None, sa_type=LargeBinary)
    not_read: str = ""


class Tag(SQLModel, table=True):
    """One statement about a mention, signed by a model (``name@version``) or a person.

    ``holds`` is what is stated: yes or no (a person may say "this is not about payment"). ``stands`` is whether the
    statement is in force: a newer reading retires an older one, a person's decision retires every model's, for ever.
    """

    __table_args__ = (
        Index(
            "uq_tag_standing",
            "mention_id",
            "aspect",
            "value",
            unique=True,
            sqlite_where=text("stands = 1"),
            postgresql_where=text("stands"),
        ),
        Index(
            "ix_tag_decided",
            "mention_id",
            sqlite_where=text("person = 1 AND stands = 1"),
            postgresql_where=text("person AND stands"),
        ),
        Index("ix_tag_mention", "mention_id"),
        Index(
            "ix_tag_topic",
            "aspect",
            "value",
            sqlite_where=text("stands = 1 AND holds = 1"),
            postgresql_where=text("stands AND holds"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    aspect: str
    value: str
    holds: bool = True
    probability: float | None = None
    by: str
    person: bool = False
    at: datetime = Field(sa_type=Utc)
    stands: bool = True


class ModelVersion(SQLModel, table=True):
    """Heads that were taught by what people corrected, for the encoder of one shipped version (``name@version``).

    ``state`` is live (at most one), kept (it may go live) or refused (it was worse, and may not). ``card`` holds what the
    heads need beside their numbers, and under ``report`` how they were judged.
    """

    __tablename__ = "model_version"
    __table_args__ = (
        Index(
            "uq_model_version_live",
            "state",
            unique=True,
            sqlite_where=text("state = 'live'"),
            postgresql_where=text("state = 'live'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    encoder: str
    created_at: datetime = Field(sa_type=Utc)
    by: str
    heads: bytes = Field(sa_type=LargeBinary)
    card: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    corrections: int = 0
    state: str = "kept"


class Ticket(SQLModel, table=True):
    """What a team owes an answer to, and by when: one per conversation.

    ``status`` is open, answered (the customer has the next word) or closed. ``manual`` means a person has taken it over and
    rules no longer change team, assignee, priority or deadline. ``version`` grows with every change: whoever changes a ticket
    names the version they saw.
    """

    __table_args__ = (
        Index("ix_ticket_queue", "status", "priority", "due_at", "id"),
        Index("ix_ticket_team_queue", "team", "status", "priority", "due_at", "id"),
        Index("ix_ticket_answered", "answered_at"),
        Index("ix_ticket_mention", "mention_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", unique=True)
    mention_id: int = Field(foreign_key="mention.id")
    """The mention that waits for the answer (the newest one that asked for it)."""
    team: str
    status: str = "open"
    assignee: str | None = None
    priority: int = 3
    topic: str = ""
    rule: str = ""
    manual: bool = False
    waiting_since: datetime = Field(sa_type=Utc)
    due_at: datetime = Field(sa_type=Utc)
    opened_at: datetime = Field(sa_type=Utc)
    answered_at: datetime | None = Field(default=None, sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    updated_at: datetime = Field(sa_type=Utc)
    updated_by: str = ""
    version: int = 1


class TicketEvent(SQLModel, table=True):
    """Who changed what of a ticket, and when; ``by`` is ``rule:NAME`` or ``person:NAME``."""

    __tablename__ = "ticket_event"

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    at: datetime = Field(sa_type=Utc)
    by: str
    what: str
    before: str = ""
    after: str = ""


class Routing(SQLModel, table=True):
    """What the rules decided about one mention, latest last: the answer to "why this team?"."""

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id", index=True)
    at: datetime = Field(sa_type=Utc)
    rule: str
    team: str
    priority: int
    allowance: str
    answer: bool
    topic: str = ""


class SourceState(SQLModel, table=True):
    """Where a source resumes, and when it is next due. ``cursor`` moves only in the transaction that keeps a page."""

    __tablename__ = "source_state"

    source: str = Field(primary_key=True)
    platform: str
    cursor: str | None = Field(default=None, sa_type=Text)
    next_run_at: datetime | None = Field(default=None, sa_type=Utc)
    failures: int = 0
    replies: dict[str, Any] | None = Field(default=None, sa_type=JsonColumn)
    """What the platform allows of answers, per kind of mention (`desk.answering.ReplyRules`), as its last pull knew it."""


class Lease(SQLModel, table=True):
    """Who works on what, until when; an expired lease holds nothing."""

    name: str = Field(primary_key=True)
    holder: str
    expires_at: datetime = Field(sa_type=Utc)


class Pull(SQLModel, table=True):
    """One reading of one source: the ledger row. ``outcome`` is running, done, more (budget spent, backlog left), busy,
    denied, gone, garbled, failed or lost (the worker died).
    """

    __table_args__ = (Index("ix_pull_source", "source", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    platform: str
    started_at: datetime = Field(sa_type=Utc)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    outcome: str = "running"
    worker: str = ""
    pages: int = 0
    fetched: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    quarantined: int = 0
    oldest_unread: datetime | None = Field(default=None, sa_type=Utc)
    quota_left: int | None = None
    quota_resets_at: datetime | None = Field(default=None, sa_type=Utc)
    next_run_at: datetime | None = Field(default=None, sa_type=Utc)
    error: str = Field(default="", sa_type=Text)
    advice: str = Field(default="", sa_type=Text)


class Quarantine(SQLModel, table=True):
    """A raw payload that could not be understood: reason, place, and the bytes, kept until they can be."""

    __table_args__ = (UniqueConstraint("source", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    digest: str
    """SHA-256 of place and payload: the same broken row heard twice is one row here."""
    place: str
    reason: str = Field(sa_type=Text)
    raw: bytes = Field(sa_type=LargeBinary)
    heard_at: datetime = Field(sa_type=Utc)
    pull_id: int | None = Field(default=None, foreign_key="pull.id")
    released_at: datetime | None = Field(default=None, sa_type=Utc)


class Quota(SQLModel, table=True):
    """What a platform still allows one credential, shared by all sources and workers that use it."""

    platform: str = Field(primary_key=True)
    credential: str = Field(primary_key=True)
    remaining: int | None = None
    resets_at: datetime | None = Field(default=None, sa_type=Utc)
    blocked_until: datetime | None = Field(default=None, sa_type=Utc)
    at: datetime = Field(sa_type=Utc)


class Credential(SQLModel, table=True):
    """When a credential dies, as the platform said when it was asked last; None where it does not die or nobody tells."""

    platform: str = Field(primary_key=True)
    credential: str = Field(primary_key=True)
    expires_at: datetime | None = Field(default=None, sa_type=Utc)
    asked_at: datetime = Field(sa_type=Utc)


class Delivery(SQLModel, table=True):
    """Something that must reach the outside, kept until it has: an answer to a mention.

    ``state`` is waiting, sending (a sender has it in hand), sent, dead (a person decides) or dropped. ``begun_at`` is when the
    last sending began whose fate is unknown: whoever tries again looks on the platform first. ``key`` is the same for every try.
    """

    __table_args__ = (
        Index(
            "uq_delivery_on_its_way",
            "conversation_id",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'sending')"),
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
        Index("ix_delivery_state", "state", "next_try_at", "id"),
        Index("ix_delivery_conversation", "conversation_id", "id"),
        Index("ix_delivery_mention", "mention_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    state: str = "waiting"
    source: str
    platform: str
    conversation_id: int = Field(foreign_key="conversation.id")
    mention_id: int = Field(foreign_key="mention.id")
    """The mention that is answered."""
    text: str = Field(sa_type=Text)
    by: str
    written_at: datetime = Field(sa_type=Utc)
    tries: int = 0
    next_try_at: datetime = Field(sa_type=Utc)
    begun_at: datetime | None = Field(default=None, sa_type=Utc)
    vouched: bool = False
    """Whether a person says that an earlier try has not arrived: needed where nobody can look on the platform."""
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=Utc)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    native_id: str | None = None
    url: str | None = None
    error: str = Field(default="", sa_type=Text)
    advice: str = Field(default="", sa_type=Text)
