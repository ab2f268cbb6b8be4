"""Who answers, how soon, how pressing: rules over what is known of a mention; the first match wins, the last matches all."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from desk.deadline import Allowance
from desk.mention import Kind, Mention
from desk.reading import Intent, Sentiment, Tags
from desk.words import fold

T = TypeVar("T")
Condition = Callable[[Mention, Tags, str], bool]

_READ_FOR_WORDS = 20_000
"""So many characters of a mention are looked through for a rule's words."""


def _one_or_many(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Many = Annotated[tuple[T, ...], BeforeValidator(_one_or_many)]
"""A list; a single value may stand without its brackets."""


class When(BaseModel):
    """What a rule asks of a mention. Every condition that is given must hold; within a list, one of its values.

    ``topic`` looks at friction, ``praise`` at praise; ``probability`` is the least certainty that counts for either.
    ``words`` are words or phrases, in any case and with or without accents; ``"Anwalt*"`` takes any ending.
    An empty condition matches everything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: Many[str] = ()
    praise: Many[str] = ()
    probability: float = Field(default=0.0, ge=0, le=1)
    sentiment: Many[Sentiment] = ()
    intent: Many[Intent] = ()
    needs_reply: bool | None = None
    urgent: bool | None = None
    platform: Many[str] = ()
    source: Many[str] = ()
    kind: Many[Kind] = ()
    language: Many[str] = ()
    stars_at_most: float | None = Field(default=None, ge=1, le=5)
    stars_at_least: float | None = Field(default=None, ge=1, le=5)
    reach_at_least: int | None = Field(default=None, ge=0)
    words: Many[str] = ()

    @model_validator(mode="after")
    def _possible(self) -> "When":
        if self.probability and not (self.topic or self.praise):
            raise ValueError("`probability` says how certain `topic` or `praise` must be; add one of them, or leave it out")
        if self.stars_at_least and self.stars_at_most and self.stars_at_least > self.stars_at_most:
            raise ValueError("`stars_at_least` is more than `stars_at_most`: no mention could match")
        if any(not fold(word).strip() or fold(word).strip().startswith("*") for word in self.words):
            raise ValueError("`words` holds an empty word, which every text would contain; `*` stands only at the end of a word")
        return self

    @property
    def matches_all(self) -> bool:
        """Whether this asks for nothing."""
        return not self._conditions

    @cached_property
    def _conditions(self) -> tuple[Condition, ...]:
        """What is asked, and nothing else, the cheap before the dear: most rules ask two or three things of a mention."""
        return tuple(_conditions(self))


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
    asked = [topic for topic in rule.when.topic if topic in tags.friction]
    return Decision(
        rule=rule.name,
        team=rule.team,
        priority=rule.priority,
        allowance=rule.allowance,
        answer=rule.answer,
        topic=max(asked or tags.friction, key=lambda topic: (tags.friction[topic], topic), default=""),
    )


def total(rules: Sequence[Rule]) -> bool:
    """Say whether every mention finds a rule: the last one asks for nothing."""
    return bool(rules) and rules[-1].when.matches_all


def matches(when: When, mention: Mention, tags: Tags, source: str = "") -> bool:
    """Say whether *mention*, tagged so and heard by *source*, is what *when* asks for."""
    for holds in when._conditions:  # noqa: SIM110 (a plain loop: this runs some twenty times for each mention)
        if not holds(mention, tags, source):
            return False
    return True


def _conditions(when: When) -> Iterator[Condition]:
    yield from _about_tags(when)
    yield from _about_the_mention(when)
    if when.words:
        pattern = _any_of(when.words)
        yield lambda mention, _, __: pattern.search(fold(mention.words[:_READ_FOR_WORDS])) is not None


def _about_tags(when: When) -> Iterator[Condition]:
    if (urgent := when.urgent) is not None:
        yield lambda _, tags, __: tags.urgent is urgent
    if (needs_reply := when.needs_reply) is not None:
        yield lambda _, tags, __: tags.needs_reply is needs_reply
    if topics := frozenset(when.topic):
        yield lambda _, tags, __: _certain(topics, tags.friction, when.probability)
    if praised := frozenset(when.praise):
        yield lambda _, tags, __: _certain(praised, tags.praise, when.probability)
    if sentiments := when.sentiment:
        yield lambda _, tags, __: tags.sentiment in sentiments
    if intents := when.intent:
        yield lambda _, tags, __: tags.intent in intents
    if languages := when.language:
        yield lambda _, tags, __: tags.language in languages


def _about_the_mention(when: When) -> Iterator[Condition]:
    if platforms := when.platform:
        yield lambda mention, _, __: mention.platform in platforms
    if sources := when.source:
        yield lambda _, __, source: source in sources
    if kinds := when.kind:
        yield lambda mention, _, __: mention.kind in kinds
    if (most := when.stars_at_most) is not None:
        yield lambda mention, _, __: mention.stars is not None and mention.stars <= most
    if (least := when.stars_at_least) is not None:
        yield lambda mention, _, __: mention.stars is not None and mention.stars >= least
    if (reach := when.reach_at_least) is not None:
        yield lambda mention, _, __: mention.reach is not None and mention.reach >= reach


def _certain(asked: frozenset[str], odds: Mapping[str, float], least: float) -> bool:
    return not asked.isdisjoint(odds) and any(odds[topic] >= least for topic in asked & odds.keys())


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    """Return the pattern that finds one of *words* as whole words in a folded text.

    Each way to match begins with a plain letter, and only then asks what stood before it: the regular expression engine
    skips ahead to such letters, and would try every position otherwise.
    """
    ways = []
    for word in words:
        first, rest = fold(word).strip()[0], " ".join(fold(word).split())[1:]
        ending = re.escape(rest).replace(r"\*", r"\w*").replace(r"\ ", r"\s+")
        ways.append(rf"{re.escape(first)}(?<!\w[\s\S]){ending}")
    return re.compile(rf"(?:{'|'.join(ways)})(?!\w)")
