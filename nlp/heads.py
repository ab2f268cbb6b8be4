"""The linear heads on the encoder: weights, thresholds, and how a vector becomes probabilities."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desk.errors import ConfigurationError
from desk.reading import INTENTS, SENTIMENTS
from nlp.opening import opening

TOPICS = (
    "findability", "product_info", "availability", "price", "account", "checkout", "payment", "technical", "usability",
    "delivery", "order", "quality", "returns", "billing", "service", "cancellation", "privacy", "onsite",
)  # fmt: skip
HOME = ("de", "en")
"""The languages that the tagger is made for."""
CHOICES: Mapping[str, tuple[str, ...]] = {"sentiment": SENTIMENTS, "intent": INTENTS}
"""Questions with one answer of several."""
YES_OR_NO = (
    "needs_reply",
    "urgent",
    *(f"friction:{topic}" for topic in TOPICS),
    *(f"praise:{topic}" for topic in TOPICS),
)
"""Questions that are answered with yes or no."""
COLUMNS = (*(f"{question}:{answer}" for question, answers in CHOICES.items() for answer in answers), *YES_OR_NO)
"""What each column of the weights speaks for, and the keys of a reading's probabilities."""
CHOSEN: Mapping[str, slice] = {
    question: slice(COLUMNS.index(f"{question}:{answers[0]}"), COLUMNS.index(f"{question}:{answers[-1]}") + 1)
    for question, answers in CHOICES.items()
}
"""Which columns stand for the answers of each choice."""
FIRST = len(COLUMNS) - len(YES_OR_NO)
"""The first column of the yes-or-no questions; from there on each stands alone."""

Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Heads:
    """Linear heads: ``weights`` (features x columns) and ``bias`` (columns), a threshold for each yes-or-no question.

    ``abroad`` is what is added to the log-odds of an aspect ("friction", "praise") where a text is written in another language
    than those the tagger is made for: there it finds the right topics, and trusts itself too little.
    """

    weights: Numbers
    bias: Numbers
    thresholds: Mapping[str, float]
    card: Mapping[str, Any]
    abroad: Mapping[str, float] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """Name and version, as tags are signed with it."""
        return f"{self.card['name']}@{self.card['version']}"

    def logits(self, vectors: Numbers, home: NDArray[np.bool_] | None = None) -> Numbers:
        """Return one number per text and column; the larger, the more the column is spoken for.

        *home* says which texts are written in a language that the tagger is made for; without it all are. Raises
        ConfigurationError where the vectors are another encoder's.
        """
        if vectors.shape[1] != len(self.weights):
            raise ConfigurationError(f"the heads of {self.model} were trained for another encoder than the one beside them")
        # Not by BLAS: its threads go on spinning after each product, for as long as the next texts' threads need the cores.
        found = np.einsum("td,dc->tc", vectors, self.weights) + self.bias
        if home is not None and self.abroad:
            found[~home] += [self.abroad.get(key.split(":")[0], 0.0) for key in COLUMNS]
        return np.asarray(found, np.float32)

    def probabilities(self, vectors: Numbers, home: NDArray[np.bool_] | None = None) -> Numbers:
        """Return a probability per text and column: choices sum to 1, yes-or-no questions stand alone."""
        return squash(self.logits(vectors, home))

    def save(self, folder: Path) -> None:
        """Write ``heads.npz`` and ``card.json`` into *folder*."""
        np.savez_compressed(folder / "heads.npz", weights=self.weights.astype(np.float16), bias=self.bias)
        said = {**self.card, "columns": COLUMNS, "thresholds": dict(self.thresholds), "abroad": dict(self.abroad)}
        (folder / "card.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Heads":
        """Read what `save` has written.

        Raises ConfigurationError where it answers other questions than this version asks, or where a file is damaged.
        """
        with opening(folder / "card.json"):
            card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
            asked, _ = tuple(card["columns"]), (card["name"], card["version"])
        if asked != COLUMNS:
            raise ConfigurationError(f"{folder} holds heads for other questions; train them again with this version")
        with opening(folder / "card.json"):
            thresholds = {key: float(card["thresholds"][key]) for key in YES_OR_NO}
            abroad = {aspect: float(more) for aspect, more in card.get("abroad", {}).items()}
        path = folder / "heads.npz"
        with opening(path), path.open("rb") as file, np.load(file) as stored:
            weights, bias = stored["weights"].astype(np.float32), stored["bias"].astype(np.float32)
            _check(weights, bias)
        return cls(weights, bias, thresholds, card, abroad)


def _check(weights: Numbers, bias: Numbers) -> None:
    """Raise ValueError unless these are numbers for all columns: numpy would stretch one column over all of them."""
    if weights.shape[1:] != (len(COLUMNS),) or bias.shape != (len(COLUMNS),):
        raise ValueError("a column of weights and a bias for each answer are due")
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise ValueError("weights are numbers")


def squash(logits: Numbers) -> Numbers:
    """Turn logits into probabilities: softmax within each choice, the logistic function for yes-or-no questions."""
    odds = np.empty_like(logits)
    for chosen in CHOSEN.values():
        part = logits[:, chosen]
        powers = np.exp(part - part.max(axis=1, keepdims=True))
        odds[:, chosen] = powers / powers.sum(axis=1, keepdims=True)
    odds[:, FIRST:] = 1 / (1 + np.exp(-np.clip(logits[:, FIRST:], -60, 60)))
    return odds
