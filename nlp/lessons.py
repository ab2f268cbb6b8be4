"""What a model learns from and how: texts as tokens with what is known of them, plans, the heads it starts with (no torch)."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import AutoTokenizer

from nlp.encoder import PREFIX, plain, words_of
from nlp.heads import Numbers

_TOKENS = 160


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn; ``decay`` is by how much each deeper layer learns slower (Howard and Ruder, 2018)."""

    epochs: int = 4
    rate: float = 2e-4
    head_rate: float = 2e-4
    batch: int = 32
    decay: float = 0.92
    dropout: float = 0.1
    average: float = 0.998
    """Share of the running average of all weights that each step keeps (Polyak averaging); 0 takes the last weights."""
    seed: int = 7


@dataclass(frozen=True)
class Lessons:
    """What is learned from: token ids, targets, masks and weights, one row per text.

    ``share`` is how likely each text is read in an epoch, with a row per epoch where epochs differ; without it all are.
    """

    tokens: list[list[int]]
    truth: Numbers
    mask: Numbers
    weight: Numbers
    share: Numbers | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    def drawn(self, seed: int, epoch: int = 0) -> list[int]:
        """Return the texts of one epoch."""
        if self.share is None:
            return list(range(len(self)))
        share = self.share if self.share.ndim == 1 else self.share[epoch]
        return np.flatnonzero(np.random.default_rng(seed).random(len(self)) < share).tolist()


@dataclass(frozen=True)
class Probe:
    """Heads on standardised features: ``(vector - mean) / spread @ weights + bias``."""

    mean: Numbers
    spread: Numbers
    weights: Numbers
    bias: Numbers

    def folded(self) -> tuple[Numbers, Numbers]:
        """Return weights and bias for plain vectors."""
        weights = self.weights / self.spread[:, None]
        return weights.astype(np.float32), (self.bias - self.mean @ weights).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write ``probe.npz`` into *folder*."""
        np.savez(folder / "probe.npz", mean=self.mean, spread=self.spread, weights=self.weights, bias=self.bias)


def saved_probe(folder: Path) -> Probe:
    """Return the heads that `Probe.save` has written."""
    with np.load(folder / "probe.npz") as stored:
        return Probe(stored["mean"], stored["spread"], stored["weights"], stored["bias"])


def tokenised(base: str, texts: Sequence[str], most: int = _TOKENS) -> list[list[int]]:
    """Return the token ids of each text as the encoder reads it."""
    if not texts:
        return []
    tokenizer = AutoTokenizer.from_pretrained(base)
    ids: list[list[int]] = tokenizer(
        [PREFIX + plain(words_of(text), tokenizer.tokenize) for text in texts], truncation=True, max_length=most
    )["input_ids"]
    return ids


def lessons_of(base: str, texts: Sequence[str], truth: Numbers, mask: Numbers, weight: Numbers | None = None) -> Lessons:
    """Return lessons from texts and what is known of them."""
    return Lessons(tokenised(base, texts), truth, mask, np.ones(len(texts), np.float32) if weight is None else weight)


def batches(lengths: Sequence[int], size: int, seed: int, texts: Sequence[int] | None = None) -> Iterator[list[int]]:
    """Yield shuffled batches of *texts* (all, by default) of like length, so that little is padded."""
    chance = random.Random(seed)  # noqa: S311
    order = sorted(range(len(lengths)) if texts is None else texts, key=lambda index: lengths[index] * chance.uniform(0.8, 1.25))
    some = [order[start : start + size] for start in range(0, len(order), size)]
    chance.shuffle(some)
    return iter(some)


def epochs_of(lessons: Lessons, plan: Plan) -> list[list[list[int]]]:
    """Return the batches of each epoch."""
    lengths = [len(some) for some in lessons.tokens]
    seeds = [(plan.seed * 1000 + epoch, epoch) for epoch in range(plan.epochs)]
    return [list(batches(lengths, plan.batch, seed, lessons.drawn(seed, epoch))) for seed, epoch in seeds]
