"""What a platform allows of answers, and whether one may be sent: pure, so that it is known before a person presses send."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from desk.mention import Kind

Obstacle = Literal["no_answers", "empty", "too_long", "too_late", "answered_once"]


class ReplyRules(BaseModel):
    """What a platform allows of an answer to one kind of mention.

    ``characters`` is the longest answer (None: no limit that we know of). ``within`` is how long after the customer's last word
    an answer is taken. ``once`` means one answer per mention, as review sites have it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    characters: int | None = None
    within: timedelta | None = None
    once: bool = False


Replies = Mapping[Kind, ReplyRules]
"""The rules per kind of mention that can be answered; a kind that is not there takes no answers."""


def obstacle(
    rules: ReplyRules | None, text: str, *, last_word: datetime, now: datetime, answered: bool = False
) -> Obstacle | None:
    """Say what keeps *text* from being sent now, None where nothing does. *answered*: the mention has an answer already."""
    if rules is None:
        return "no_answers"
    if rules.once and answered:
        return "answered_once"
    if rules.within is not None and now - last_word > rules.within:
        return "too_late"
    if not text.strip():
        return "empty"
    return "too_long" if rules.characters is not None and len(text.strip()) > rules.characters else None
