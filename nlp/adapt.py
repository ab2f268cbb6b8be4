"""Adapt the encoder to how customers write, by guessing words that were hidden (extra ``train``; Gururangan et al. 2020)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional
from transformers import AutoTokenizer

from nlp.finetune import device, load, padded, precision
from nlp.lessons import batches, tokenised
from nlp.whole import whole

_HIDDEN = 0.15
_SPECIAL = 4
"""Ids below this one and the mask are no words."""


def adapt(base: str, texts: Sequence[str], out: Path, epochs: int = 2, rate: float = 1e-4, batch: int = 64) -> None:
    """Write an encoder to *out* that has guessed hidden words of *texts*; its word embeddings stay as they were."""
    torch.manual_seed(3)
    where, tokenizer = device(), AutoTokenizer.from_pretrained(base)
    encoder = load(base).to(where).train()
    words = encoder.embeddings.word_embeddings.weight.requires_grad_(requires_grad=False)
    width = encoder.config.hidden_size
    turn = torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.GELU(), torch.nn.LayerNorm(width)).to(where)
    bias = torch.zeros(words.shape[0], device=where, requires_grad=True)
    trained = [one for one in encoder.parameters() if one.requires_grad] + [*turn.parameters(), bias]
    tokens = tokenised(base, texts, 128)
    steps = epochs * -(-len(tokens) // batch)
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1, anneal_strategy="linear")
    hidden_word = tokenizer.mask_token_id if tokenizer.mask_token_id is not None else tokenizer.unk_token_id
    for epoch in range(epochs):
        total = torch.zeros((), device=where)
        for some in batches([len(one) for one in tokens], batch, epoch):
            ids, mask = padded([tokens[index] for index in some], encoder.config.pad_token_id, where)
            hidden = (torch.rand(ids.shape, device=where) < _HIDDEN) & (ids > _SPECIAL) & mask.bool()
            if not hidden.any():
                continue
            seen = ids.masked_fill(hidden & (torch.rand(ids.shape, device=where) < 0.9), hidden_word)
            with precision():
                states = encoder(input_ids=seen, attention_mask=mask).last_hidden_state
                logits = turn(states[hidden]) @ words.T + bias
            step = functional.cross_entropy(logits.float(), ids[hidden])
            optimizer.zero_grad()
            step.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            total += step.detach()
        print(f"adaptation {epoch + 1} of {epochs}: loss {float(total) / (steps // epochs):.3f}", flush=True)  # noqa: T201
    with whole(out) as folder:
        encoder.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
