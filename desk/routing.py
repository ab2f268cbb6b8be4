"""Who answers, how soon, how pressing: rules over what is known of a mention; the first match wins, the last matches all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from desk.deadline import Allowance
from desk.mention import Kind, Mention
from desk.reading import Intent, Sentiment, Tags


class When(BaseModel):
    """What a rule asks of a mention. Every condition that is given must hold; within a list, one of its values.

    ``topic`` looks at friction, ``praise`` at praise; ``probability`` is the least certainty that counts for either.
    An empty condition matches everything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: tuple[str, ...] = ()
    praise: tuple[str, ...] = ()
    probability: float = Field(default=0.0, ge=0, le=1)
    sentiment: tuple[Sentiment, ...] = ()
    intent: tuple[Intent, ...] = ()
    needs_reply: bool | None = None
    urgent: bool | None = None
    platform: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    kind: tuple[Kind, ...] = ()
    language: tuple[str, ...] = ()
    stars_at_most: float | None = Field(default=None, ge=1, le=5)
    stars_at_least: float | None = Field(default=None, ge=1, le=5)
    reach_at_least: int | None = Field(default=None, ge=0)

    @property
    def matches_all(self) -> bool:
        """Whether this asks for nothing."""
        return self == When()


class Rule(BaseModel):
    """Condition, team, priority (1 is the most pressing, 4 the least) and allowance for the first answer.

    A rule with ``answer = false`` files the mention with its team but opens no ticket: praise and chatter owe nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    when: When = When()
    team: str
    priority: int = Field(default=3, ge=1, le=4)
    allowance: Allowance = Allowance(minutes=8 * 60)
    answer: bool = True


@dataclass(frozen=True)
class Decision:
    """What the rules say about one mention, and which of them said it."""

    rule: str
    team: str
    priority: int
    allowance: Allowance
    answer: bool
    topic: str
    """The friction topic that weighs most ("" where there is none): what the ticket is about."""


def route(mention: Mention, tags: Tags, rules: Sequence[Rule], source: str = "") -> Decision:
    """Return the decision of the first of *rules* that matches; the last one matches all (see `total`)."""
    rule = next(rule for rule in rules if matches(rule.when, mention, tags, source))
    topic = max(tags.friction, key=lambda key: tags.friction[key], default="")
    asked = [key for key in rule.when.topic if key in tags.friction]
    return Decision(
        rule=rule.name,
        team=rule.team,
        priority=rule.priority,
        allowance=rule.allowance,
        answer=rule.answer,
        topic=max(asked, key=lambda key: tags.friction[key], default=topic),
    )


def total(rules: Sequence[Rule]) -> bool:
    """Say whether every mention finds a rule: the last one asks for nothing."""
    return bool(rules) and rules[-1].when.matches_all


def matches(when: When, mention: Mention, tags: Tags, source: str = "") -> bool:
    """Say whether *mention*, tagged so and heard by *source*, is what *when* asks for."""
    return (
        _certain(when.topic, tags.friction, when.probability)
        and _certain(when.praise, tags.praise, when.probability)
        and _among(tags.sentiment, when.sentiment)
        and _among(tags.intent, when.intent)
        and _same(tags.needs_reply, when.needs_reply)
        and _same(tags.urgent, when.urgent)
        and _among(mention.platform, when.platform)
        and _among(source, when.source)
        and _among(mention.kind, when.kind)
        and _among(tags.language, when.language)
        and _between(mention.stars, when.stars_at_least, when.stars_at_most)
        and _between(mention.reach, when.reach_at_least, None)
    )


def _certain(asked: Sequence[str], odds: Mapping[str, float], least: float) -> bool:
    return not asked or any(topic in odds and odds[topic] >= least for topic in asked)


def _among(value: str, allowed: Sequence[str]) -> bool:
    return not allowed or value in allowed


def _same(value: bool, wanted: bool | None) -> bool:
    return wanted is None or value is wanted


def _between(value: float | None, least: float | None, most: float | None) -> bool:
    if least is None and most is None:
        return True
    return value is not None and (least is None or value >= least) and (most is None or value <= most)
