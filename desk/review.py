"""Which doubts of a model a person should settle first."""

from collections.abc import Collection

from desk.reading import TOPICAL, Aspect

_ACTS: tuple[Aspect, ...] = ("urgent", "needs_reply", "friction")
"""What rules look at when they choose team, priority and deadline: a wrong answer lets somebody wait."""


def aspect_of(key: str) -> str:
    """Return the aspect of a reading's key: "friction" of "friction:payment", "urgent" of itself."""
    return key.partition(":")[0]


def question_of(aspect: str, value: str) -> str:
    """Return the key of the question that a tag answers: "friction:payment" for a topic, "sentiment" for any sentiment."""
    return f"{aspect}:{value}" if aspect in TOPICAL else aspect


def is_asked(key: str, topics: Collection[str] | None) -> bool:
    """Say whether a question is about one of *topics* or about no topic at all; None stands for all topics."""
    aspect, _, topic = key.partition(":")
    return topics is None or aspect not in TOPICAL or topic in topics


def turn(key: str, waiting: bool) -> int:
    """Return when it is a doubt's turn, 0 first; *waiting* says whether an open ticket waits in its conversation.

    What decides who answers and by when comes first, and first of all where somebody is waiting; then mood and concern;
    praise, which nobody waits for, comes last.
    """
    aspect = aspect_of(key)
    if aspect in _ACTS:
        return 0 if waiting else 1
    if aspect == "praise":
        return 4
    return 2 if waiting else 3
