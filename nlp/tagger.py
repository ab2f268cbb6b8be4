"""The tagger that ships with the product: one pass of the encoder answers every question, and every answer is signed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import log
from pathlib import Path

import numpy as np

from desk.reading import INTENTS, SENTIMENTS, Reading, nothing_said
from nlp.encoder import Encoder, Vectors, words_of
from nlp.heads import CHOICES, COLUMNS, HOME, TOPICS, YES_OR_NO, Heads
from nlp.language import language

SHIPPED = Path(__file__).parent / "model"
_BAND = 0.35
"""Yes-or-no answers whose log-odds lie this close to the threshold's are unsure."""
_LEAD = 0.15
"""A choice that leads the next one by less probability than this is unsure."""
_COLUMN = {key: index for index, key in enumerate(COLUMNS)}


@dataclass(frozen=True)
class OnnxTagger:
    """An encoder and its heads."""

    encoder: Encoder
    heads: Heads

    @classmethod
    def load(cls, folder: Path | None = None, threads: int | None = None) -> "OnnxTagger":
        """Load the tagger that ships with the product, or the one in *folder*; *threads* defaults to all cores."""
        folder = folder or SHIPPED
        return cls(Encoder(folder, threads), Heads.load(folder))

    @property
    def model(self) -> str:
        """Name and version, as every tag is signed with it."""
        return self.heads.model

    def tag(self, texts: Sequence[str]) -> list[Reading]:
        """Return one reading for each text, in the same order; identical texts are read once."""
        ways = [words_of(text) for text in texts]
        distinct = [text for text in dict.fromkeys(ways) if text]
        readings = dict(zip(distinct, self._read(distinct), strict=True)) if distinct else {}
        return [readings[text] if text else self._nothing() for text in ways]

    def tag_stream(self, texts: Iterable[str], batch: int = 512) -> Iterator[Reading]:
        """Yield a reading for each text in order, holding no more than *batch* of them."""
        remaining = iter(texts)
        while some := list(islice(remaining, batch)):
            yield from self.tag(some)

    def _read(self, texts: Sequence[str]) -> Iterator[Reading]:
        vectors, tongues = self.encoder.encode(texts), [language(text) for text in texts]
        home = np.array([tongue in HOME or tongue == "und" for tongue in tongues], bool)
        for tongue, vector, odds in zip(tongues, vectors, self.heads.probabilities(vectors, home), strict=True):
            yield self._reading(tongue, vector, odds)

    def _reading(self, tongue: str, vector: Vectors, odds: Vectors) -> Reading:
        chance = {key: round(float(odds[index]), 4) for key, index in _COLUMN.items()}
        yes = {key for key in YES_OR_NO if chance[key] >= self.heads.thresholds[key]}
        sentiment = max(SENTIMENTS, key=lambda answer: chance[f"sentiment:{answer}"])
        intent = max(INTENTS, key=lambda answer: chance[f"intent:{answer}"])
        return Reading(
            sentiment=sentiment,
            intent=intent,
            needs_reply="needs_reply" in yes,
            urgent="urgent" in yes,
            friction=self._topics("friction", yes, chance),
            praise=self._topics("praise", yes, chance),
            language=tongue,
            unsure=tuple(self._unsure(chance)),
            probabilities=chance,
            model=self.model,
            embedding=vector.astype("<f2").tobytes(),
        )

    @staticmethod
    def _topics(aspect: str, yes: set[str], chance: dict[str, float]) -> tuple[str, ...]:
        said = [topic for topic in TOPICS if f"{aspect}:{topic}" in yes]
        return tuple(sorted(said, key=lambda topic: -chance[f"{aspect}:{topic}"]))

    def _unsure(self, chance: dict[str, float]) -> Iterator[str]:
        for question, answers in CHOICES.items():
            if torn(chance[f"{question}:{answer}"] for answer in answers):
                yield question
        for key in YES_OR_NO:
            if wavers(chance[key], self.heads.thresholds[key]):
                yield key

    def _nothing(self) -> Reading:
        """Return what is said about a text without a word in it."""
        return nothing_said(self.model, "empty")


def torn(chances: Iterable[float]) -> bool:
    """Say whether the two likeliest answers of a choice lie too close together to be sure."""
    first, second = sorted(chances, reverse=True)[:2]
    return first - second < _LEAD


def wavers(probability: float, threshold: float) -> bool:
    """Say whether the probability of a yes lies too close to its threshold to be sure."""
    return abs(_log_odds(probability) - _log_odds(threshold)) < _BAND


def _log_odds(probability: float) -> float:
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return log(inside / (1 - inside))


@lru_cache(maxsize=4)
def tagger(folder: Path | None = None) -> OnnxTagger:
    """Return the tagger of this process, loaded once."""
    return OnnxTagger.load(folder)
