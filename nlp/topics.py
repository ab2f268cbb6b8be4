"""A desk's own topics: from five examples by similarity, with more of them by their neighbours too, without any training.

A text's vector is centred, whitened by what customers' texts usually vary in (a background of authored texts, small talk, and
what the desk has heard) and freed of what tells German from English; there, texts about one thing lie in one direction. The
score of a text is its cosine to the mean of
the examples (a prototype; Snell et al., 2017), to which the mean cosine to its three nearest examples comes, the more so the
more examples there are; likeness to a counter-example counts against it. Two numbers, fitted by a regularised logistic
regression to the examples' scores (each left out once) against the background's (Platt, 1999), turn it into a probability.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desk.reading import Reading, Tagger
from desk.taxonomy import FEWEST
from nlp.tagger import tagger, wavers
from nlp.train_data import CORPUS, HOME, Row, authored, digest, lines, part_of

Vectors = NDArray[np.float32]

SHIPPED = Path(__file__).parent / "topics_background.npz"
"""The background as the encoder that ships with the product sees it; ``python -m nlp.topics`` writes it."""
THRESHOLD = 0.5
_BACKGROUND = 1_500
_PROBE = "Wo bleibt eigentlich meine Bestellung? Where is my order?"
_ALIKE = 0.98
"""The cosine from which on two vectors of the probe come from the same encoder (processors round differently)."""
_RIDGE = 0.2
_NAMED = 0.5
"""What the topic's name and description weigh beside one example."""
_NEAREST = 3
_SHARE, _COUNTER, _HALF = 2.0, 0.4, 30
"""The weight of the nearest examples and of the nearest counter-example, reached by half at _HALF examples."""
_COMMON = 0.1
"""How common a topic is thought to be."""
_STRETCH = 12.0
_SLOPE, _LEAST, _MIDDLE = 2.2, 1.3, 0.5
"""What is thought of a topic before its examples are seen: how steep its probability is, as for those of the development data,
and that it is even at _MIDDLE of the way from nothing to the examples' median score (at least at _LEAST)."""
_STRENGTH = 2.0
"""How much this counts: as much as that many examples in doubt."""


@dataclass(frozen=True)
class Background:
    """What customers' texts are like when they are about anything: their vectors, and which of them are German."""

    vectors: Vectors
    german: NDArray[np.bool_]
    probe: Vectors

    @cached_property
    def _space(self) -> tuple[Vectors, Vectors]:
        """Return the centre, and the matrix that whitens and forgets the language."""
        of_german, of_others = self.vectors[self.german].mean(axis=0), self.vectors[~self.german].mean(axis=0)
        centred = self.vectors - np.where(self.german[:, None], of_german, of_others)
        values, axes = np.linalg.eigh(np.cov(centred, rowvar=False))
        matrix = axes / np.sqrt(np.maximum(values, 0) + _RIDGE * values.mean())
        language = _unit((of_german - of_others)[None] @ matrix)
        return ((of_german + of_others) / 2).astype(np.float32), (matrix - matrix @ language.T @ language).astype(np.float32)

    @cached_property
    def places(self) -> Vectors:
        """The background's texts in the space in which topics are directions."""
        return self.place(self.vectors)

    def place(self, vectors: Vectors) -> Vectors:
        """Return unit vectors of the space in which topics are directions, one for each of *vectors*."""
        centre, matrix = self._space
        return _unit((vectors - centre) @ matrix)

    def save(self, path: Path) -> None:
        """Write what `load` reads."""
        np.savez_compressed(path, vectors=self.vectors.astype(np.float16), german=self.german, probe=self.probe)

    def beside(self, vectors: Vectors, german: NDArray[np.bool_]) -> "Background":
        """Return this background with *vectors* of what a desk hears: what is usual there is no topic's mark."""
        return Background(np.concatenate([self.vectors, vectors]), np.concatenate([self.german, german]), self.probe)

    @classmethod
    def load(cls, path: Path = SHIPPED) -> "Background":
        """Read what `save` has written."""
        with np.load(path) as stored:
            return cls(stored["vectors"].astype(np.float32), stored["german"], stored["probe"].astype(np.float32))

    @classmethod
    def of(cls, tagger: Tagger) -> "Background":
        """Return the background as *tagger* sees it: read from the package where it has the encoder that ships, else anew.

        Raises ValueError where the tagger makes no vectors.
        """
        probe = vectors_of(tagger, [_PROBE])
        if SHIPPED.exists():
            shipped = cls.load()
            if shipped.probe.shape == probe.shape and (_unit(shipped.probe) * _unit(probe)).sum() > _ALIKE:
                return shipped
        return cls.read(tagger, probe)

    @classmethod
    def read(cls, tagger: Tagger, probe: Vectors | None = None) -> "Background":
        """Let *tagger* read the background's texts; takes some seconds."""
        rows = background_rows()
        german = np.array([row["lang"] == "de" for row in rows])
        probe = vectors_of(tagger, [_PROBE]) if probe is None else probe
        return cls(vectors_of(tagger, [row["text"] for row in rows]), german, probe)


def background_rows() -> list[Row]:
    """Return the texts of the background, as many German ones as English ones: authored ones that train, and small talk.

    What is said in a word or two is nearly the same whatever it is about; that, too, a topic must not lie in.
    """
    rows = [row for row in authored() if part_of(row) == "train"]
    of = {language: [row for row in rows if row["lang"] == language] for language in HOME}
    some = [row for rows in of.values() for row in sorted(rows, key=lambda row: digest(row["text"]))[: _BACKGROUND // len(HOME)]]
    return some + list(lines(CORPUS / "small_talk.jsonl"))


@dataclass(frozen=True)
class Examples:
    """What a desk shows of one topic, as vectors: texts about it, texts that are not, and its names and descriptions."""

    yes: Vectors
    no: Vectors
    named: Vectors


@dataclass(frozen=True)
class OwnTopic:
    """One topic as it was learned. ``yes`` and ``no`` lie in the background's space."""

    direction: Vectors
    yes: Vectors
    no: Vectors
    slope: float
    offset: float

    def log_odds(self, places: Vectors) -> Vectors:
        """Return how strongly each of *places* (see `Background.place`) is about the topic; 0 is the threshold."""
        scores = _scores(places @ self.direction, places @ self.yes.T, places @ self.no.T)
        return np.asarray(self.slope * scores + self.offset, np.float32)

    @classmethod
    def learn(cls, shown: Examples, background: Background) -> "OwnTopic":
        """Learn a topic from what a desk shows of it: at least FEWEST examples, or ValueError."""
        if len(shown.yes) < FEWEST:
            raise ValueError(f"a topic takes at least {FEWEST} examples, here are {len(shown.yes)}")
        yes, no, named = (_placed(background, vectors) for vectors in (shown.yes, shown.no, shown.named))
        total = yes.sum(axis=0) + _NAMED * named.sum(axis=0)
        direction = _unit(total[None])[0]
        known = _left_out(yes, no, total)
        others = _scores(background.places @ direction, background.places @ yes.T, background.places @ no.T)
        others = others[others <= np.median(known)]  # what looks like the examples may well be about the topic
        slope, offset = _calibrated(known, others)
        return cls(direction.astype(np.float32), yes, no, slope, offset)


@dataclass(frozen=True)
class OwnTopics:
    """All topics of a desk's own that can be told, by key."""

    background: Background
    topics: Mapping[str, OwnTopic]

    def log_odds(self, vectors: Vectors) -> Vectors:
        """Return how strongly each of *vectors* is about each topic, in the order of ``topics``; 0 is the threshold."""
        places = self.background.place(vectors)
        columns = [topic.log_odds(places) for topic in self.topics.values()]
        return np.stack(columns, axis=1) if columns else np.zeros((len(vectors), 0), np.float32)

    def probabilities(self, embeddings: Sequence[bytes | None]) -> list[dict[str, float]]:
        """Return for each embedding (see `desk.reading.Reading`) how likely it is about each topic; nothing where it fits not."""
        width = self.background.vectors.shape[1]
        readable = [place for place, one in enumerate(embeddings) if one is not None and len(one) == 2 * width]
        found: list[dict[str, float]] = [{} for _ in embeddings]
        if not readable or not self.topics:
            return found
        odds = self.log_odds(np.stack([vector(embeddings[place] or b"") for place in readable]))
        chances = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
        for place, row in zip(readable, chances, strict=True):
            found[place] = {key: round(float(chance), 4) for key, chance in zip(self.topics, row, strict=True)}
        return found


def with_own(readings: Sequence[Reading], own: OwnTopics) -> list[Reading]:
    """Return *readings* with the probabilities of a desk's own topics, and those topics that hold among the friction."""
    odds = own.probabilities([reading.embedding for reading in readings])
    return [_with(reading, chances) if chances else reading for reading, chances in zip(readings, odds, strict=True)]


def _with(reading: Reading, chances: Mapping[str, float]) -> Reading:
    known = {**reading.probabilities, **{f"friction:{key}": chance for key, chance in chances.items()}}
    holds = (*reading.friction, *(key for key, chance in chances.items() if chance >= THRESHOLD))
    unsure = (f"friction:{key}" for key, chance in chances.items() if wavers(chance, THRESHOLD))
    friction = tuple(sorted(holds, key=lambda key: -known.get(f"friction:{key}", 1.0)))
    return replace(reading, friction=friction, probabilities=known, unsure=(*reading.unsure, *unsure))


def vector(embedding: bytes) -> Vectors:
    """Return the numbers of a stored embedding."""
    return np.frombuffer(embedding, "<f2").astype(np.float32)


def vectors_of(tagger: Tagger, texts: Sequence[str]) -> Vectors:
    """Return a vector for each of *texts*; raises ValueError where the tagger makes none, or a text has no word in it."""
    found = [reading.embedding for reading in tagger.tag(texts)]
    if missing := [text for text, one in zip(texts, found, strict=True) if one is None]:
        raise ValueError(f'{tagger.model} makes no vector of "{missing[0]}"')
    return np.stack([vector(one) for one in found if one is not None])


def _placed(background: Background, vectors: Vectors) -> Vectors:
    return background.place(vectors) if len(vectors) else np.zeros((0, background.vectors.shape[1]), np.float32)


def _unit(vectors: NDArray[np.floating[Any]]) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float32)


def _scores(to_mean: Vectors, to_yes: Vectors, to_no: Vectors, left_out: int = 0) -> Vectors:
    """Return the scores of texts from their cosines to the examples' mean, to each example and to each counter-example."""
    examples = to_yes.shape[1] - left_out
    grown = examples / (examples + _HALF)
    share, counter = _SHARE * grown, _COUNTER * grown
    score = to_mean + share * np.sort(to_yes, axis=1)[:, -_NEAREST:].mean(axis=1)
    if to_no.shape[1]:
        score = score - counter * to_no.max(axis=1)
    return np.asarray(_STRETCH * score / (1 + share), np.float32)


def _without_itself(places: Vectors) -> Vectors:
    return np.asarray(places @ places.T - 4 * np.eye(len(places)), np.float32)


def _left_out(yes: Vectors, no: Vectors, total: Vectors) -> Vectors:
    """Return each example's score as it is without that example."""
    to_mean = (_unit(total - yes) * yes).sum(axis=1)
    return _scores(to_mean, _without_itself(yes), yes @ no.T, left_out=1)


def _calibrated(known: Vectors, others: Vectors) -> tuple[float, float]:
    """Return the slope and offset that make scores log-odds, by Newton's method; few examples stay near the prior.

    Targets are Platt's (a hit is not quite certain); the background weighs as if one text in 1 / _COMMON were a hit.
    """
    counts = (len(known), len(others))
    scores = np.concatenate([known, others]).astype(np.float64)
    wanted = np.repeat([(counts[0] + 1) / (counts[0] + 2), 1 / (counts[1] + 2)], counts)
    weight = np.repeat([1.0, counts[0] * (1 - _COMMON) / _COMMON / max(counts[1], 1)], counts)
    inputs = np.stack([scores, np.ones_like(scores)], axis=1)
    prior = np.array([_SLOPE, -_SLOPE * max(_LEAST, _MIDDLE * float(np.median(known)))])
    found = prior.copy()
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ found, -30, 30)))
        gradient = inputs.T @ (weight * (chance - wanted)) + _STRENGTH * (found - prior)
        curvature = (inputs * (weight * chance * (1 - chance))[:, None]).T @ inputs + _STRENGTH * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        found = found - step * min(1.0, 2 / max(np.abs(step).max(), 1e-9))
        if np.abs(step).max() < 1e-6:
            break
    return max(float(found[0]), 0.1), float(found[1])


def main() -> None:
    """Write the background that ships, for the tagger that ships."""
    Background.read(tagger()).save(SHIPPED)
    sys.stdout.write(f"{SHIPPED}: {SHIPPED.stat().st_size / 2**20:.1f} MiB\n")


if __name__ == "__main__":
    main()
