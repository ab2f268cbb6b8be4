"""What the tagger still finds where people type otherwise than it learned: shouted, drawn out, without capitals or umlauts."""

import random
import re
from collections.abc import Callable

import numpy as np

from bench.common import machine, say
from nlp.metrics import counts, micro
from nlp.tagger import OnnxTagger, tagger
from nlp.train_data import HOME, Row, authored, part_of

_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def main() -> None:
    say(machine())
    model = tagger()
    assert isinstance(model, OnnxTagger)
    rows = [row for row in authored() if part_of(row) == "dev" and row["lang"] in HOME and row["friction"]]
    say(f"{model.model}, {len(rows)} authored development texts in German and English that report friction")
    say(f"{'typed':32} {'friction micro-F1':>18} {'sentiment right':>16}")
    for name, way in WAYS.items():
        chance = random.Random(1)
        say(f"{name:32} {_found(model, rows, [way(row['text'], chance) for row in rows])}")


def _found(model: OnnxTagger, rows: list[Row], texts: list[str]) -> str:
    read = model.tag(texts)
    keys = sorted({key for row in rows for key in row["friction"]} | {key for one in read for key in one.friction})
    truth = np.array([[key in row["friction"] for key in keys] for row in rows])
    said = np.array([[key in one.friction for key in keys] for one in read])
    right = [one.sentiment == row["sentiment"] for row, one in zip(rows, read, strict=True) if "sentiment" in row]
    return f"{micro(counts(truth, said)):18.3f} {sum(right) / len(right):16.3f}"


def _shouted_first(text: str, share: float) -> str:
    words = text.split()
    loud = max(1, round(share * len(words)))
    return " ".join([*(word.upper() for word in words[:loud]), *words[loud:]])


def _drawn(text: str, chance: random.Random) -> str:
    return " ".join(_drawn_word(word, chance) if chance.random() < 0.25 else word for word in text.split())


def _drawn_word(word: str, chance: random.Random) -> str:
    letters = [place for place, sign in enumerate(word) if sign.isalpha()]
    if not letters:
        return word
    place = chance.choice(letters)
    return word[:place] + word[place] * chance.randint(3, 6) + word[place + 1 :]


def _hyphenated(text: str, _chance: random.Random) -> str:
    return re.sub(r"(\w{3})(?=\w{3})", "\\1\u00ad", text)


WAYS: dict[str, Callable[[str, random.Random], str]] = {
    "as it is": lambda text, _: text,
    "all of it shouted": lambda text, _: text.upper(),
    "the first half shouted": lambda text, _: _shouted_first(text, 0.5),
    "the first three in ten shouted": lambda text, _: _shouted_first(text, 0.3),
    "every fourth word drawn out": _drawn,
    "all letters small": lambda text, _: text.lower(),
    "umlauts spelled out": lambda text, _: text.translate(_SPELLED),
    "with soft hyphens": _hyphenated,
    "without commas and full stops": lambda text, _: re.sub(r"[.,]", "", text),
}


if __name__ == "__main__":
    main()
