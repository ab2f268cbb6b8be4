"""How far two readers agree who labelled the same real texts by the same guide, each without seeing the other.

    python -m nlp.agreement

The first reading stands in nlp/corpus/annotations.jsonl, the second in nlp/corpus/second_readings.jsonl, both by hash.
"""

import sys
from collections.abc import Sequence

from nlp.train_data import ANNOTATIONS, CORPUS, Row, lines

SECOND = CORPUS / "second_readings.jsonl"
Pair = tuple[Row, Row]


def pairs() -> list[Pair]:
    """Return both readings of every text that was read twice."""
    first = {row["hash"]: row for row in lines(ANNOTATIONS)}
    return [(first[row["hash"]], row) for row in lines(SECOND)]


def topics_alike(read: Sequence[Pair], aspect: str) -> float:
    """Return the micro-F1 of one reader's topics against the other's; it is the same either way."""
    shared = sum(len(set(one[aspect]) & set(other[aspect])) for one, other in read)
    named = sum(len(one[aspect]) + len(other[aspect]) for one, other in read)
    return float(2 * shared / max(named, 1))


def alike(read: Sequence[Pair], question: str) -> float:
    """Return the share of texts to which both give the same answer."""
    return float(sum(one[question] == other[question] for one, other in read) / max(len(read), 1))


def table(read: Sequence[Pair]) -> dict[str, float]:
    """Return all figures of some texts."""
    figures = {f"{aspect} F1": topics_alike(read, aspect) for aspect in ("friction", "praise")}
    return figures | {f"{question} alike": alike(read, question) for question in ("sentiment", "intent", "needs_reply", "urgent")}


def main() -> None:
    """Print the figures of each batch."""
    read = pairs()
    for batch in sorted({one["batch"] for one, _ in read}):
        some = [pair for pair in read if pair[0]["batch"] == batch]
        said = ", ".join(f"{name} {value:.3f}" for name, value in table(some).items())
        sys.stdout.write(f"batch {batch}: {len(some)} texts read twice: {said}\n")


if __name__ == "__main__":
    main()
