"""How long it takes to say why, and how far the answer can be trusted.

Timed are a few authored texts of 55 to 65 words: the words of one tag, and those of all tags, which is what the first press
on the page *Conversation* costs; further ones read nothing. Then, for the likeliest friction topic of authored texts of any
length: whether the word that speaks most for it stays the
same under small changes, and what becomes of the topic without its three strongest words, beside three others. So few texts are
asked that it takes a minute or two; the intervals say what that leaves open.
"""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.common import machine, p, say
from desk.shares import wilson
from nlp.encoder import Encoder, Vectors
from nlp.explain import WordWeight, explain, spoken_for
from nlp.heads import COLUMNS
from nlp.tagger import SHIPPED, OnnxTagger, tagger
from nlp.train_data import HOME, Row, authored, digest, part_of

TIMED = 20
TRUSTED = 150
LEFT_OUT = 3
GREETINGS = {"de": "Hallo, ", "en": "Hello, "}
CHANGES: Mapping[str, Callable[[Row], str]] = {
    'a "!" behind it': lambda row: f"{row['text']}!",
    "a greeting in front": lambda row: GREETINGS[row["lang"]] + row["text"],
    "small letters": lambda row: row["text"].lower(),
}
COLD = (
    "import sys, time; b = time.perf_counter(); from nlp.explain import explain; from nlp.tagger import tagger; "
    "explain(tagger(), sys.argv[1], ['friction:payment']); print(time.perf_counter() - b)"
)


@dataclass(frozen=True)
class Tagged:
    """A text and the friction topic that the tagger finds likeliest in it (``"friction:payment"``)."""

    row: Row
    key: str


@dataclass(frozen=True)
class Remembering(Encoder):
    """Reads a text once, however often it is asked: most words come again."""

    known: dict[str, Vectors] = field(default_factory=dict, hash=False, compare=False)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector for each text, as an encoder does."""
        if new := [text for text in dict.fromkeys(texts) if text not in self.known]:
            self.known.update(zip(new, super().encode(new), strict=True))
        return np.stack([self.known[text] for text in texts])


def remembering() -> OnnxTagger:
    """Return the shipped tagger, as it reads whatever was not read before: no answer differs, and none may be timed."""
    return OnnxTagger(Remembering(SHIPPED), tagger().heads)


def of_words(fewest: int, most: int, count: int) -> list[str]:
    """Return authored German and English texts of so many words, those for testing first; the same ones in every run."""
    rows = [row for row in authored() if row["lang"] in HOME and fewest <= len(row["text"].split()) <= most]
    return [row["text"] for row in sorted(rows, key=lambda row: (part_of(row) != "test", digest(row["text"])))][:count]


def tagged(reads: OnnxTagger, count: int, most: int = 1_000) -> list[Tagged]:
    """Return authored texts of at most so many words in which the tagger finds friction; the same ones in every run.

    They are of the development part: how the words are weighed was chosen on texts of the test part.
    """
    rows = [row for row in authored() if part_of(row) == "dev" and row["lang"] in HOME and row["friction"]]
    some = sorted((row for row in rows if len(row["text"].split()) <= most), key=lambda row: digest(row["text"]))[: 2 * count]
    readings = zip(some, reads.tag([row["text"] for row in some]), strict=True)
    return [Tagged(row, f"friction:{reading.friction[0]}") for row, reading in readings if reading.friction][:count]


def first_word(reads: OnnxTagger, text: str, key: str) -> str:
    """Return the word that speaks most for a tag, in small letters; empty where none does."""
    return next(iter(spoken_for(explain(reads, text, [key]), key)), "").lower()


def held(reads: OnnxTagger, some: Sequence[Tagged], change: Callable[[Row], str]) -> int:
    """Return of how many texts the first word stays the same under a change."""
    pairs = ((first_word(reads, one.row["text"], one.key), first_word(reads, change(one.row), one.key)) for one in some)
    return sum(bool(before) and before == after for before, after in pairs)


def chance(reads: OnnxTagger, text: str, key: str) -> float:
    """Return the probability of a tag."""
    return reads.tag([text])[0].probabilities.get(key, 0.0)


def without(text: str, words: Sequence[WordWeight]) -> str:
    """Return a text in which some words are left out."""
    for word in sorted(words, key=lambda word: -word.start):
        text = text[: word.start] + text[word.end :]
    return text


def timed(work: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """Return how many milliseconds each text takes."""
    found = []
    for text in texts:
        before = time.perf_counter()
        work(text)
        found.append(1000 * (time.perf_counter() - before))
    return found


def _times(texts: Sequence[str]) -> None:
    say(f"{len(texts)} authored texts of 55 to 65 words")
    cold = subprocess.run([sys.executable, "-c", COLD, texts[0]], capture_output=True, text=True, check=True)
    say(f"first answer of a fresh process, imports and the model included: {1000 * float(cold.stdout):.0f} ms")
    reads, alone = tagger(), OnnxTagger.load(threads=1)
    for one in (reads, alone):
        explain(one, "PayPal geht nicht", ["friction:payment"])
    _line("one tag", timed(lambda text: explain(reads, text, ["friction:payment"]), texts))
    _line("all tags", timed(lambda text: explain(reads, text, COLUMNS), texts))
    _line("all tags, with one thread", timed(lambda text: explain(alone, text, COLUMNS), texts))


def _line(name: str, found: Sequence[float]) -> None:
    say(f"  {name:<26} p50 {p(found, 50):6.1f} ms   p95 {p(found, 95):6.1f} ms   longest {max(found):6.1f} ms")


def _trust(reads: OnnxTagger) -> None:
    some = tagged(reads, TRUSTED)
    say(f"the likeliest friction topic of {len(some)} authored texts: its first word stays the same under")
    for name, change in CHANGES.items():
        same = held(reads, some, change)
        low, high = wilson(same, len(some))
        say(f"  {name:<26} {same / len(some):.1%} (95 % interval {low:.1%} to {high:.1%})")
    _left_out(reads, some)


def _left_out(reads: OnnxTagger, some: Sequence[Tagged]) -> None:
    """Say how many topics stand no more without their strongest words, and without others."""
    drawn, lost = random.Random(1), {"strongest": 0, "other": 0}
    many = [one for one in some if len(one.row["text"].split()) > 2 * LEFT_OUT]
    for one in many:
        text = one.row["text"]
        words = explain(reads, text, [one.key], limit=1_000)[one.key]
        strongest = [word for word in words if word.weight > 0][:LEFT_OUT]
        others = [word for word in words if word not in strongest] or words
        for name, chosen in (("strongest", strongest), ("other", drawn.sample(others, min(LEFT_OUT, len(others))))):
            lost[name] += chance(reads, without(text, chosen), one.key) < reads.heads.thresholds[one.key]
    for name, count in lost.items():
        say(f"without its {LEFT_OUT} {name} words the topic stands no more in {count / len(many):.0%} of {len(many)} texts")


def main() -> None:
    say(machine())
    _times(of_words(55, 65, TIMED))
    _trust(remembering())


if __name__ == "__main__":
    main()
