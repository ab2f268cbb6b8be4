"""Fine-tune the encoder together with its heads, from a probe (extra ``train``; nothing here runs in production).

The heads start as the logistic regressions that a frozen encoder gives, on standardised features: E5's features hardly vary,
and heads that start from nothing hardly move. Word embeddings stay frozen: the data is too small to teach words.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from nlp.encoder import PREFIX, cut
from nlp.export import MIDDLE
from nlp.heads import CHOICES, YES_OR_NO, Numbers

_TOKENS = 128
_BATCH = 16
_RATE = 2e-4
_WARMUP = 0.1
_DECAY = 0.01


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


class Tagger(torch.nn.Module):
    """An encoder with linear heads on its standardised means."""

    mean: torch.Tensor
    spread: torch.Tensor

    def __init__(self, base: str, probe: Probe) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(base, add_pooling_layer=False).float()
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(requires_grad=False)
        self.register_buffer("mean", torch.tensor(probe.mean))
        self.register_buffer("spread", torch.tensor(probe.spread))
        self.heads = torch.nn.Linear(*probe.weights.shape)
        with torch.no_grad():
            self.heads.weight.copy_(torch.tensor(probe.weights.T))
            self.heads.bias.copy_(torch.tensor(probe.bias))

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return logits, one row per text."""
        states = self.encoder(**batch, output_hidden_states=True).hidden_states
        mask = batch["attention_mask"].unsqueeze(-1).float()
        means = [(states[layer] * mask).sum(1) / mask.sum(1) for layer in (-1, MIDDLE)]
        features = (torch.cat(means, dim=1) - self.mean) / self.spread
        logits: torch.Tensor = self.heads(features)
        return logits


def targets(rows: Sequence[dict[str, Any]]) -> torch.Tensor:
    """Return the answers of *rows*: an index per choice, then 0 or 1 per yes-or-no question."""
    table = []
    for row in rows:
        choices = [float(answers.index(row[question])) for question, answers in CHOICES.items()]
        asked = (key.partition(":") for key in YES_OR_NO)
        table.append(choices + [float(topic in row[aspect] if topic else bool(row[aspect])) for aspect, _, topic in asked])
    return torch.tensor(table)


def loss(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return cross entropy of each choice plus binary cross entropy summed over the yes-or-no questions, mean over texts."""
    total, start = torch.zeros(()), 0
    for place, answers in enumerate(CHOICES.values()):
        total = total + functional.cross_entropy(logits[:, start : start + len(answers)], truth[:, place].long())
        start += len(answers)
    binary = functional.binary_cross_entropy_with_logits(logits[:, start:], truth[:, len(CHOICES) :], reduction="none")
    return total + binary.sum(dim=1).mean()


def batches(rows: Sequence[dict[str, Any]], seed: int) -> Iterator[list[int]]:
    """Yield shuffled batches of texts of like length, so that little is padded."""
    chance = random.Random(seed)  # noqa: S311
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]["text"]) * chance.uniform(0.8, 1.25))
    some = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    chance.shuffle(some)
    return iter(some)


def finetune(base: str, rows: Sequence[dict[str, Any]], probe: Probe, epochs: int, out: Path) -> Probe:
    """Train encoder and heads on *rows*; write the encoder to *out* and return its heads."""
    torch.manual_seed(7)
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = Tagger(base, probe).train()
    truth = targets(rows)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=_RATE, weight_decay=_DECAY)
    steps = epochs * -(-len(rows) // _BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(step / (_WARMUP * steps), (steps - step) / ((1 - _WARMUP) * steps))
    )
    for epoch in range(epochs):
        total = 0.0
        for batch in batches(rows, epoch):
            texts = [PREFIX + cut(rows[index]["text"]) for index in batch]
            encoded = tokenizer(texts, padding=True, truncation=True, max_length=_TOKENS, return_tensors="pt")
            step = loss(model({name: encoded[name] for name in ("input_ids", "attention_mask")}), truth[batch])
            optimizer.zero_grad()
            step.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            total += float(step) * len(batch)
        print(f"epoch {epoch + 1} of {epochs}: loss {total / len(rows):.3f}", flush=True)  # noqa: T201
    model.encoder.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return Probe(probe.mean, probe.spread, model.heads.weight.detach().numpy().T, model.heads.bias.detach().numpy())
