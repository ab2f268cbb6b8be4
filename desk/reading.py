"""What a tagger says about one text, and what stands about a mention once people have had their say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

Sentiment = Literal["negative", "neutral", "positive"]
Intent = Literal["complaint", "question", "suggestion", "praise", "other"]
SENTIMENTS: tuple[Sentiment, ...] = get_args(Sentiment)
INTENTS: tuple[Intent, ...] = get_args(Intent)

Aspect = Literal["sentiment", "intent", "needs_reply", "urgent", "language", "friction", "praise"]
"""What a tag is about. The first five hold one value each, ``friction`` and ``praise`` hold any number of topics."""
SINGLE: tuple[Aspect, ...] = ("sentiment", "intent", "needs_reply", "urgent", "language")
TOPICAL: tuple[Aspect, ...] = ("friction", "praise")


@dataclass(frozen=True)
class Reading:
    """One pass of a tagger over one text.

    ``probabilities`` maps ``"friction:payment"``, ``"sentiment:negative"``, ``"needs_reply"`` ... to 0-1. ``unsure`` names
    those that fall between yes and no. ``embedding`` is the vector that the heads read (float16, little-endian), where
    the tagger makes one: heads can be taught anew from it without reading the text again. ``not_read`` says why the text was
    not read: "empty" where there is no word in it, "failed" where the tagger could not; it is empty otherwise. Of a text that
    was not read nothing is stated but, where so, that somebody waits for an answer.
    """

    sentiment: Sentiment
    intent: Intent
    needs_reply: bool
    urgent: bool
    friction: tuple[str, ...]
    praise: tuple[str, ...]
    language: str
    unsure: tuple[str, ...]
    probabilities: Mapping[str, float]
    model: str
    embedding: bytes | None = field(default=None, repr=False)
    not_read: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the reading as ``kummerkasten tag --file`` prints it: everything but the embedding."""
        said: dict[str, Any] = {
            "sentiment": self.sentiment,
            "intent": self.intent,
            "needs_reply": self.needs_reply,
            "urgent": self.urgent,
            "friction": list(self.friction),
            "praise": list(self.praise),
            "language": self.language,
            "unsure": list(self.unsure),
            "probabilities": dict(self.probabilities),
            "model": self.model,
        }
        return said | ({"not_read": self.not_read} if self.not_read else {})


def nothing_said(model: str, not_read: str) -> Reading:
    """Return what *model* says of a text that it has not read, and why it has not (see `Reading.not_read`)."""
    return Reading("neutral", "other", False, False, (), (), "und", (), {}, model, not_read=not_read)


class Tagger(Protocol):
    """Something that reads texts and says what they are about."""

    @property
    def model(self) -> str:
        """Name and version, as every tag is signed with it: ``model@version``."""
        ...

    def tag(self, texts: Sequence[str]) -> list[Reading]:
        """Return one reading for each text, in the same order."""
        ...


@dataclass(frozen=True)
class Tags:
    """What stands about a mention: the model's word, or a person's where a person has spoken (probability 1)."""

    sentiment: Sentiment = "neutral"
    intent: Intent = "other"
    needs_reply: bool = False
    urgent: bool = False
    language: str = "und"
    friction: Mapping[str, float] = field(default_factory=dict)
    praise: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, reading: Reading) -> "Tags":
        """Return what *reading* alone says."""
        odds = reading.probabilities
        return cls(
            sentiment=reading.sentiment,
            intent=reading.intent,
            needs_reply=reading.needs_reply,
            urgent=reading.urgent,
            language=reading.language,
            friction={topic: odds.get(f"friction:{topic}", 1.0) for topic in reading.friction},
            praise={topic: odds.get(f"praise:{topic}", 1.0) for topic in reading.praise},
        )
