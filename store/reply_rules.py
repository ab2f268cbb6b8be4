"""What may be answered, as far as each platform's last pull knew: asked before anybody writes, so that nobody writes in vain."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from desk.answering import Obstacle, ReplyRules, obstacle
from desk.source import Source
from store.tables import Conversation, Mention, SourceState
from store.writing import upsert


def rules_of(session: Session, source: str) -> dict[str, ReplyRules]:
    """Return what a source's platform allows of answers, per kind of mention; empty where it takes none (or is not heard yet)."""
    known = session.exec(select(SourceState.replies).where(SourceState.source == source)).first()
    return {kind: ReplyRules.model_validate(rules) for kind, rules in (known or {}).items()}


def rules_for(session: Session, mention_id: int) -> ReplyRules | None:
    """Return what its platform allows of answers to a mention, None where it takes none."""
    mention = session.get_one(Mention, mention_id)
    return rules_of(session, mention.source).get(mention.kind)


def learn_rules(session: Session, source: Source, rules: dict[str, Any]) -> None:
    """Remember what a source's platform allows of answers, where it is not known yet; commits."""
    if session.exec(select(SourceState.replies).where(SourceState.source == source.name)).first() == rules:
        return
    upsert(session, SourceState, {"source": source.name, "platform": source.platform, "replies": rules}, key=("source",))
    session.commit()


def answered_already(session: Session, mention_id: int) -> bool:
    """Say whether a mention has an answer of ours: heard on the platform, or sent from here."""
    mention = session.get_one(Mention, mention_id)
    heard = select(Mention.id).where(
        Mention.platform == mention.platform,
        Mention.conversation_id == mention.conversation_id,
        Mention.parent == mention.native_id,
        col(Mention.ours),
        col(Mention.deleted_at).is_(None),
    )
    return session.exec(heard.limit(1)).first() is not None


def obstacle_to(session: Session, mention_id: int, text: str, now: datetime) -> Obstacle | None:
    """Say what keeps an answer from being sent now, as far as the platform's last pull knew; None where nothing does."""
    mention, rules = session.get_one(Mention, mention_id), rules_for(session, mention_id)
    answered = bool(rules and rules.once) and answered_already(session, mention_id)
    return obstacle(rules, text, last_word=last_word(session, mention.conversation_id), now=now, answered=answered)


def last_word(session: Session, conversation_id: int) -> datetime:
    """Return when a customer spoke last in a conversation (the conversation's beginning, where none is left)."""
    asked = select(Mention.said_at).where(Mention.conversation_id == conversation_id, col(Mention.ours).is_(False))
    found = session.exec(asked.order_by(col(Mention.said_at).desc()).limit(1)).first()
    return found or session.get_one(Conversation, conversation_id).started_at
