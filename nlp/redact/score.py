"""How well redaction finds what the authored strings of nlp/corpus/redaction.jsonl have marked."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nlp.redact import Finding, redact

CORPUS = Path(__file__).parents[1] / "corpus" / "redaction.jsonl"
Part = Literal["dev", "test", "later"]
_OVERLAP = 0.8


@dataclass(frozen=True)
class Marked:
    """One authored string and what its author marked in it."""

    text: str
    lang: str
    part: Part
    spans: tuple[Finding, ...]

    @property
    def harmless(self) -> bool:
        """Say whether nothing in it points to a person (numbers of orders and the like may be there)."""
        return all(span.kind == "reference" for span in self.spans)


@dataclass
class Score:
    """Marks that were found, marks that were missed, and findings without a mark; each by kind."""

    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)

    def precision(self, kind: str | None = None) -> float:
        """Return which share of the findings was marked; 1 if there are none."""
        return _share(_of(self.found, kind), _of(self.false, kind))

    def recall(self, kind: str | None = None) -> float:
        """Return which share of the marks was found; 1 if there are none."""
        return _share(_of(self.found, kind), _of(self.missed, kind))


def corpus(part: Part) -> list[Marked]:
    """Return the strings of one part."""
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return [
        Marked(row["text"], row["lang"], row["part"], tuple(Finding(kind, start, end) for start, end, kind in row["spans"]))
        for row in rows
        if row["part"] == part
    ]


def score(strings: Iterable[Marked]) -> Score:
    """Return how the findings fit the marks: same kind, and at least 80 % of the longer one is common to both."""
    total = Score()
    for one in strings:
        open_marks = list(one.spans)
        for finding in redact(one.text, references=False).found:
            mark = next((mark for mark in open_marks if mark.kind == finding.kind and fits(mark, finding)), None)
            if mark:
                open_marks.remove(mark)
                total.found[mark.kind] += 1
            else:
                total.false[finding.kind] += 1
        total.missed.update(mark.kind for mark in open_marks)
    return total


def false_alarms(strings: Iterable[Marked]) -> float:
    """Return the findings per 100 strings in which nothing is to be hidden; references are kept, as by default."""
    found = [len(redact(one.text).found) for one in strings if one.harmless]
    return 100 * sum(found) / max(len(found), 1)


def fits(one: Finding, other: Finding) -> bool:
    """Say whether two places have 80 % of the longer one in common."""
    common = min(one.end, other.end) - max(one.start, other.start)
    return common >= _OVERLAP * max(one.end - one.start, other.end - other.start)


def _of(counts: Counter[str], kind: str | None) -> int:
    return counts[kind] if kind else counts.total()


def _share(right: int, wrong: int) -> float:
    return right / (right + wrong) if right + wrong else 1.0
