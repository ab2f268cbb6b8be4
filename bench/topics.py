"""How well a desk's own topics are recognised with 5, 10, 20 and 50 examples, beside matching the words of their names.

For each of three topics that the taxonomy has not: examples are drawn from its training part, ten times; asked are its 50 test
texts, 30 near misses and 500 other customers' texts of the authored corpus' test part, on which nothing was chosen. These 500
stay the same however the corpus grows, and each was read to see that it is about none of the three.
"""

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.common import machine, say
from nlp.metrics import f1
from nlp.tagger import tagger
from nlp.topics import Background, Examples, OwnTopic, Vectors, vectors_of
from nlp.train_data import CORPUS, HOME, Row, authored, digest, part_of

COUNTS = (5, 10, 20, 50)
DRAWS = 10
OTHERS = 500
COUNTERS = 10
TOPICS = {
    "assembly_instructions": (
        ("Aufbauanleitung", "Assembly instructions"),
        (
            "Anleitungen zum Zusammenbauen: fehlen, falsch, unleserlich, in der falschen Sprache, nicht zu verstehen",
            "Instructions for putting things together: missing, wrong, illegible, in the wrong language, impossible to follow",
        ),
    ),
    "loyalty_points": (
        ("Treuepunkte", "Loyalty points"),
        (
            "Punkte, Meilen, Stempel und Status im Treueprogramm: nicht gutgeschrieben, verfallen, nicht einzulösen",
            "Points, miles, stamps and status of the loyalty programme: not credited, expired, impossible to redeem",
        ),
    ),
    "app_widget": (
        ("App-Widget", "App widget"),
        (
            "Das Widget der App auf dem Start- oder Sperrbildschirm: fehlt, aktualisiert sich nicht, zeigt Falsches",
            "The app's widget on the home or lock screen: missing, not updating, showing wrong things",
        ),
    ),
}
FILES = tuple(f"{language}{number}" for language in HOME for number in range(1, 7))
"""The files of the corpus that the other customers' texts come from: what is added to the corpus later changes none of them."""
ASIDE = ("092e2d784c", "44a48522ef", "480ce0eb5a", "4ae99ba778")
"""Texts among them that may be about one of the three, by the beginning of their digests: found by reading all, and left out."""


@dataclass(frozen=True)
class Data:
    """One topic's vectors: what examples are drawn from, what is asked, and what is true of that."""

    examples: Vectors
    counters: Vectors
    named: Vectors
    asked: Vectors
    texts: Sequence[str]
    truth: np.ndarray


def others() -> list[Row]:
    rows = [row for row in authored() if row["file"] in FILES and part_of(row) == "test"]
    rows = [row for row in rows if not digest(row["text"]).startswith(ASIDE)]
    return sorted(rows, key=lambda row: digest(row["text"]))[:OTHERS]


def data(key: str, negatives: Sequence[str], of_negatives: Vectors) -> Data:
    rows = [json.loads(line) for line in (CORPUS / "custom" / f"{key}.jsonl").read_text("utf-8").splitlines()]
    vectors = vectors_of(tagger(), [row["text"] for row in rows])
    holds, test = np.array([row["holds"] == 1 for row in rows]), np.array([row["part"] == "test" for row in rows])
    names, descriptions = TOPICS[key]
    return Data(
        examples=vectors[holds & ~test],
        counters=vectors[~holds & ~test],
        named=vectors_of(tagger(), [*names, *descriptions]),
        asked=np.concatenate([vectors[test], of_negatives]),
        texts=[row["text"] for row in rows if row["part"] == "test"] + list(negatives),
        truth=np.concatenate([holds[test], np.zeros(len(negatives), bool)]),
    )


def figures(truth: np.ndarray, said: np.ndarray) -> tuple[float, float, float]:
    """Return F1, precision and recall."""
    hits, wrong, missed = (truth & said).sum(), (~truth & said).sum(), (truth & ~said).sum()
    return float(f1(hits, wrong, missed)), float(hits / max(hits + wrong, 1)), float(hits / max(hits + missed, 1))


def drawn(one: Data, background: Background, count: int, counters: int = 0) -> Iterator[np.ndarray]:
    """Yield the log-odds of what is asked, draw by draw."""
    places = background.place(one.asked)
    for draw in range(DRAWS):
        chance = np.random.default_rng(draw)
        yes = one.examples[chance.permutation(len(one.examples))[:count]]
        no = one.counters[chance.permutation(len(one.counters))[:counters]]
        yield OwnTopic.learn(Examples(yes, no, one.named), background).log_odds(places)


def draws(one: Data, background: Background, count: int, counters: int = 0, sure: float = 0.5) -> str:
    """Return what of the topic is found from a probability of *sure* on."""
    limit = np.log(sure / (1 - sure))
    found = [figures(one.truth, odds >= limit) for odds in drawn(one, background, count, counters)]
    (value, precision, recall), spread = np.mean(found, axis=0), np.std([row[0] for row in found])
    return f"F1 {value:.3f} +- {spread:.3f}   precision {precision:.2f}   recall {recall:.2f}"


def wrongly(one: Data, background: Background, count: int) -> str:
    """Return which share of the near misses and how many of the other texts get the tag."""
    said = np.mean([odds >= 0 for odds in drawn(one, background, count)], axis=0)
    near, rest = said[:-OTHERS][~one.truth[:-OTHERS]], said[-OTHERS:]
    return f"{near.mean():.0%} of the {len(near)} near misses, {rest.sum():.1f} of the {OTHERS} other texts"


def by_name(one: Data, patterns: Sequence[str]) -> str:
    pattern = re.compile("|".join(re.escape(name) for name in patterns), re.IGNORECASE)
    value, precision, recall = figures(one.truth, np.array([bool(pattern.search(text)) for text in one.texts]))
    return f"F1 {value:.3f}            precision {precision:.2f}   recall {recall:.2f}"


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    say(machine())
    background, negatives = Background.of(tagger()), [row["text"] for row in others()]
    of_negatives = vectors_of(tagger(), negatives)
    for key, (names, _) in TOPICS.items():
        one = data(key, negatives, of_negatives)
        say(f"{names[1]}: {one.truth.sum()} texts about it among {len(one.truth)}; mean and spread over {DRAWS} draws")
        for count in COUNTS:
            say(f"  {count:2} examples                      {draws(one, background, count)}")
        say(f"  {COUNTS[-1]} and {COUNTERS} counter-examples      {draws(one, background, COUNTS[-1], COUNTERS)}")
        say(f"  {COUNTS[-1]}, from 0.8 on                 {draws(one, background, COUNTS[-1], sure=0.8)}")
        say(f"  {COUNTS[-1]}: wrongly tagged              {wrongly(one, background, COUNTS[-1])}")
        say(f"  its name, as it is               {by_name(one, names)}")
        words = sorted({word for name in names for word in re.split(r"[ -]", name)})
        say(f"  any word of its name             {by_name(one, words)}")


if __name__ == "__main__":
    main()
