"""Train heads and encoder, choose thresholds on a development part, read a test part once, write the card.

    python -m nlp.train --base intfloat/multilingual-e5-small --real labelled.jsonl --out nlp/model

Needs the extra ``train``. Texts are split by a hash of what they say, so a text is in the same part in every run.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from nlp.encoder import Encoder
from nlp.export import export
from nlp.finetune import Probe, finetune
from nlp.heads import CHOICES, TOPICS, YES_OR_NO, Heads, Numbers, squash
from nlp.train_data import AUTHORED, part_of, read

NAME = "kummerkasten-e5-small"
_STRENGTHS = (0.003, 0.01, 0.03)
"""Inverse strengths of the heads' regularisation that are tried on the development part."""
_GRID = np.arange(0.15, 0.71, 0.025)
_LEAST_EXAMPLES = 15
"""A label with fewer positive examples in the development part takes the threshold of all labels together."""


@dataclass
class Part:
    """Labelled texts, their vectors, and where they come from."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    vectors: Numbers = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def choice(self, question: str) -> list[str]:
        """Return the answers to a question with one answer of several."""
        return [row[question] for row in self.rows]

    def holds(self, key: str) -> Numbers:
        """Return 1 where a yes-or-no question is answered with yes."""
        aspect, _, topic = key.partition(":")
        return np.array([topic in row[aspect] if topic else bool(row[aspect]) for row in self.rows], np.float32)


def split(rows: Sequence[dict[str, Any]], encoder: Encoder) -> dict[str, Part]:
    """Return the three parts, each with its vectors."""
    parts = {name: Part() for name in ("train", "dev", "test")}
    for row in rows:
        parts[part_of(row["text"])].rows.append(row)
    for part in parts.values():
        part.vectors = encoder.encode([row["text"] for row in part.rows])
    return parts


def fit(part: Part, strength: float) -> Probe:
    """Return all heads as logistic regressions on standardised features."""
    mean, spread = part.vectors.mean(axis=0), part.vectors.std(axis=0) + 1e-6
    features = (part.vectors - mean) / spread
    columns = []
    for question, answers in CHOICES.items():
        model = LogisticRegression(C=strength, max_iter=300).fit(features, part.choice(question))
        columns += [(model.coef_[index], model.intercept_[index]) for index in map(list(model.classes_).index, answers)]
    for key in YES_OR_NO:
        truth = part.holds(key)
        if not 0 < truth.sum() < len(truth):
            columns.append((np.zeros(features.shape[1]), -6.0))
            continue
        model = LogisticRegression(C=strength, max_iter=300).fit(features, truth)
        columns.append((model.coef_[0], model.intercept_[0]))
    weights = np.stack([column for column, _ in columns], axis=1).astype(np.float32)
    return Probe(mean, spread, weights, np.array([start for _, start in columns], np.float32))


def choose(part: Part, odds: Numbers) -> dict[str, float]:
    """Return a threshold for each yes-or-no question: its own best F1 where there is enough to go by, the common one else."""
    thresholds: dict[str, float] = {}
    first = sum(len(answers) for answers in CHOICES.values())
    for aspect in ("needs_reply", "urgent", "friction", "praise"):
        keys = [key for key in YES_OR_NO if key.split(":")[0] == aspect]
        columns = [first + YES_OR_NO.index(key) for key in keys]
        truths = np.stack([part.holds(key) for key in keys], axis=1)
        common = _best(truths.ravel(), odds[:, columns].ravel())
        for place, key in enumerate(keys):
            enough = truths[:, place].sum() >= _LEAST_EXAMPLES
            own = _best(truths[:, place], odds[:, columns[place]]) if enough else common
            thresholds[key] = round(float(own + common) / 2, 4)  # half way to the common one: dev is small
    return thresholds


def _best(truth: Numbers, odds: Numbers) -> float:
    return max(_GRID, key=lambda threshold: f1_score(truth, odds >= threshold, zero_division=0))


def figures(part: Part, heads: Heads) -> dict[str, float]:
    """Return how good the heads are on *part*: F1 per question, micro and macro over topics."""
    if not part.rows:
        return {}
    odds = heads.probabilities(part.vectors)
    said: dict[str, float] = {}
    start = 0
    for question, answers in CHOICES.items():
        guess = [answers[index] for index in odds[:, start : start + len(answers)].argmax(axis=1)]
        said[f"{question}_macro_f1"] = f1_score(part.choice(question), guess, average="macro", zero_division=0)
        said[f"{question}_accuracy"] = accuracy_score(part.choice(question), guess)
        start += len(answers)
    limits = np.array([heads.thresholds[key] for key in YES_OR_NO], np.float32)
    truth = np.stack([part.holds(key) for key in YES_OR_NO], axis=1)
    yes = odds[:, start:] >= limits
    for aspect in ("needs_reply", "urgent"):
        column = YES_OR_NO.index(aspect)
        said[f"{aspect}_f1"] = f1_score(truth[:, column], yes[:, column], zero_division=0)
    for aspect in ("friction", "praise"):
        columns = [YES_OR_NO.index(f"{aspect}:{topic}") for topic in TOPICS]
        for average in ("micro", "macro"):
            said[f"{aspect}_{average}_f1"] = f1_score(truth[:, columns], yes[:, columns], average=average, zero_division=0)
    return {key: round(float(value), 3) for key, value in said.items()} | {"texts": len(part.rows)}


def tables(part: Part, heads: Heads) -> dict[str, dict[str, float]]:
    """Return the figures of *part* by origin and language."""
    said = {}
    for origin, language in sorted({(row["origin"], row["lang"]) for row in part.rows}):
        chosen = [index for index, row in enumerate(part.rows) if (row["origin"], row["lang"]) == (origin, language)]
        said[f"{origin} {language}"] = figures(Part([part.rows[index] for index in chosen], part.vectors[chosen]), heads)
    return said


def probe(parts: Mapping[str, Part]) -> tuple[Probe, float]:
    """Return the heads of the frozen encoder whose regularisation does best on the development part, and its strength."""
    tried = {}
    for strength in _STRENGTHS:
        heads = fit(parts["train"], strength)
        said = figures(parts["dev"], _with_thresholds(heads, parts["dev"], {}))
        tried[strength] = (said["friction_micro_f1"], heads)
    best = max(tried, key=lambda one: tried[one][0])
    return tried[best][1], best


def _with_thresholds(heads: Probe, dev: Part, card: Mapping[str, Any]) -> Heads:
    weights, bias = heads.folded()
    return Heads(weights, bias, choose(dev, squash(dev.vectors @ weights + bias)), card)


def train(rows: Sequence[dict[str, Any]], base: str, out: Path, version: str, epochs: int) -> Heads:
    """Export *base* to *out*, train heads (and with *epochs* the encoder), and return heads with their figures on the card."""
    export(base, out)
    parts = split(rows, Encoder(out))
    heads, strength = probe(parts)
    card: dict[str, Any] = {
        "name": NAME,
        "version": version,
        "strength": strength,
        "epochs": epochs,
        "texts": {name: len(part.rows) for name, part in parts.items()},
    }
    frozen = _with_thresholds(heads, parts["dev"], card)
    card["test_frozen"] = figures(parts["test"], frozen)
    if epochs:
        with tempfile.TemporaryDirectory() as scratch:
            heads = finetune(base, parts["train"].rows, heads, epochs, Path(scratch))
            export(scratch, out)
        parts = split(rows, Encoder(out))
    trained = _with_thresholds(heads, parts["dev"], card)
    card["dev"] = figures(parts["dev"], trained)
    card["test"] = figures(parts["test"], trained)
    card["test_by_origin"] = tables(parts["test"], trained)
    return trained


def model_card(card: Mapping[str, Any], origins: Mapping[str, int]) -> str:
    """Return MODEL_CARD.md for a card."""
    names = {key: None for figures_ in card["test_by_origin"].values() for key in figures_}
    columns = [card["test"], *card["test_by_origin"].values(), card["test_frozen"]]
    head = ["figure (test part)", "all", *card["test_by_origin"], "all, frozen encoder"]
    lines = [[name, *(str(column.get(name, "")) for column in columns)] for name in names]
    table = "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])
    template = (Path(__file__).parent / "card_template.md").read_text(encoding="utf-8")
    counts = ", ".join(f"{count:,} {origin}" for origin, count in origins.items())
    parts = ", ".join(f"{count:,} {part}" for part, count in card["texts"].items())
    return template.format(
        model=f"{card['name']}@{card['version']}",
        table=table,
        origins=counts,
        parts=parts,
        strength=card["strength"],
        epochs=card["epochs"],
    )


def main() -> None:
    """Train from the command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--base", default="intfloat/multilingual-e5-small", help="encoder to start from: a hub name or a folder")
    asked.add_argument("--epochs", type=int, default=4, help="passes over the data to fine-tune the encoder; 0 leaves it frozen")
    asked.add_argument("--real", type=Path, help="labelled real texts, JSON lines; they train the heads and are not kept")
    asked.add_argument("--out", type=Path, default=Path(__file__).parent / "model")
    asked.add_argument("--version", required=True, help='for example "2026.11"; part of every tag\'s signature')
    given = asked.parse_args()
    rows = read(sorted(AUTHORED.glob("*.jsonl")), "authored") + read([given.real] if given.real else [], "real")
    heads = train(rows, given.base, given.out, given.version, given.epochs)
    heads.save(given.out)
    origins = {origin: sum(row["origin"] == origin for row in rows) for origin in dict.fromkeys(row["origin"] for row in rows)}
    (Path(__file__).parent / "MODEL_CARD.md").write_text(model_card(heads.card, origins), encoding="utf-8")
    print(json.dumps(heads.card, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
