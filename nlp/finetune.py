"""Fine-tune the encoder together with its heads (extra ``train``; nothing here runs in production).

- The heads start as logistic regressions on the standardised features of the frozen encoder: E5's features hardly vary, and
  heads that start from nothing hardly move.
- Targets are probabilities with a mask, so that people's labels, partial labels and other models' opinions train alike.
- Word embeddings stay frozen: the data is too small to teach words, and what ships stays small.
"""

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from nlp.heads import CHOSEN, FIRST, Numbers, squash
from nlp.lessons import Lessons, Plan, Probe, epochs_of, saved_probe
from nlp.whole import whole

LAYERS = (-1, 9)
"""The layers whose means over the tokens are the features (see docs/training.md)."""


Cost = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""What is to become small: of logits, truth, mask and weight."""


class Tagger(torch.nn.Module):
    """An encoder with linear heads on its standardised means."""

    mean: torch.Tensor
    spread: torch.Tensor

    def __init__(self, base: str, probe: Probe, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = load(base, dropout)
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(requires_grad=False)
        self.register_buffer("mean", torch.tensor(probe.mean))
        self.register_buffer("spread", torch.tensor(probe.spread))
        self.heads = torch.nn.Linear(*probe.weights.shape)
        self.dropout = torch.nn.Dropout(dropout)
        with torch.no_grad():
            self.heads.weight.copy_(torch.tensor(probe.weights.T))
            self.heads.bias.copy_(torch.tensor(probe.bias))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return logits, one row per text."""
        features = (pooled(self.encoder, input_ids, attention_mask) - self.mean) / self.spread
        logits: torch.Tensor = self.heads(self.dropout(features))
        return logits

    def probe(self) -> Probe:
        """Return the heads as they are now."""
        weights, bias = self.heads.weight.detach().float().cpu().numpy().T, self.heads.bias.detach().float().cpu().numpy()
        return Probe(self.mean.cpu().numpy(), self.spread.cpu().numpy(), weights, bias)


def load(base: str, dropout: float = 0.1) -> Any:
    """Return the encoder of *base*, a hub name or a folder, in fp32."""
    more = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    on_processor = _multiplies_bf16() and not torch.cuda.is_available()
    attention = "eager" if on_processor else "sdpa"  # plain products are faster there
    return AutoModel.from_pretrained(base, add_pooling_layer=False, attn_implementation=attention, **more).float()


def pooled(encoder: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    """Return each text's features: the means over its tokens of LAYERS, side by side."""
    seen = attention_mask[:, None, None, :].bool().expand(-1, 1, attention_mask.shape[1], -1)
    # in this shape transformers takes the mask as it is; in two dimensions it would look at its values, and the processor wait
    if encoder.config._attn_implementation == "eager":  # adds the mask to what it has multiplied
        seen = torch.where(seen, 0.0, torch.finfo(torch.float32).min)
    states = encoder(input_ids=input_ids, attention_mask=seen, output_hidden_states=True).hidden_states
    mask = attention_mask.unsqueeze(-1).float()
    return torch.cat([(states[layer].float() * mask).sum(1) / mask.sum(1) for layer in LAYERS], dim=1)


def device() -> torch.device:
    """Return the GPU where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def precision() -> AbstractContextManager[Any]:
    """Return the context in which forward passes run: bf16 on a GPU and on processors that multiply it, else fp32."""
    return torch.autocast(device().type, torch.bfloat16) if torch.cuda.is_available() or _multiplies_bf16() else nullcontext()


def _multiplies_bf16() -> bool:
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))


def padded(tokens: Sequence[Sequence[int]], pad: int, where: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and attention mask of a batch."""
    width = max(map(len, tokens))
    ids = np.full((len(tokens), width), pad, np.int64)
    mask = np.zeros((len(tokens), width), np.int64)
    for row, some in enumerate(tokens):
        ids[row, : len(some)], mask[row, : len(some)] = some, 1
    return torch.from_numpy(ids).to(where), torch.from_numpy(mask).to(where)


def features(encoder: Any, tokens: Sequence[Sequence[int]], size: int = 128, exact: bool = False) -> Numbers:
    """Return the features of each text, in order; *exact* reckons in fp32 throughout."""
    where = device()
    encoder = encoder.to(where).eval()
    pad = encoder.config.pad_token_id
    order = sorted(range(len(tokens)), key=lambda index: len(tokens[index]))
    found = np.zeros((len(tokens), len(LAYERS) * encoder.config.hidden_size), np.float32)
    with torch.no_grad(), nullcontext() if exact else precision():
        for start in range(0, len(order), size):
            some = order[start : start + size]
            found[some] = pooled(encoder, *padded([tokens[index] for index in some], pad, where)).float().cpu().numpy()
    return found


def loss(logits: torch.Tensor, truth: torch.Tensor, mask: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return cross entropy of each choice plus binary cross entropy summed over the yes-or-no questions, mean over texts."""
    rows = torch.zeros_like(weight)
    for chosen in CHOSEN.values():
        rows = rows + functional.cross_entropy(logits[:, chosen], truth[:, chosen], reduction="none") * mask[:, chosen.start]
    binary = functional.binary_cross_entropy_with_logits(logits[:, FIRST:], truth[:, FIRST:], reduction="none")
    rows = rows + (binary * mask[:, FIRST:]).sum(dim=1)
    return (rows * weight).sum() / weight.sum()


def regress(vectors: Numbers, truth: Numbers, mask: Numbers, weight: Numbers, strength: float = 0.02, cost: Cost = loss) -> Probe:
    """Return all heads as logistic regressions on standardised features, with an L2 penalty, by L-BFGS."""
    where = device()
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0) + 1e-6
    given = [torch.tensor(one, dtype=torch.float32, device=where) for one in ((vectors - mean) / spread, truth, mask, weight)]
    weights = torch.zeros((vectors.shape[1], truth.shape[1]), device=where, requires_grad=True)
    bias = torch.zeros(truth.shape[1], device=where, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=150, history_size=10, line_search_fn="strong_wolfe")

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        total = cost(given[0] @ weights + bias, *given[1:]) + strength * weights.square().sum()
        total.backward()
        return total

    optimizer.step(step)
    return Probe(mean, spread, weights.detach().cpu().numpy(), bias.detach().cpu().numpy())


def finetune(base: str, lessons: Lessons, probe: Probe, plan: Plan, out: Path | None = None, cost: Cost = loss) -> Tagger:
    """Train encoder and heads on *lessons*; write the encoder to *out* where it is given, and return the whole.

    All texts lie on the device from the start and nothing is read back before an epoch ends: small steps wait for nothing.
    """
    torch.manual_seed(plan.seed)
    where = device()
    model = Tagger(base, probe, plan.dropout).to(where).train()
    average = copy.deepcopy(model)
    blend = torch.optim.swa_utils.get_ema_multi_avg_fn(plan.average)
    pairs = [(old, new) for old, new in zip(average.parameters(), model.parameters(), strict=True) if new.requires_grad]
    kept, learned = [old for old, _ in pairs], [new for _, new in pairs]
    lengths = [len(some) for some in lessons.tokens]
    epochs = epochs_of(lessons, plan)
    steps = sum(map(len, epochs))
    optimizer = torch.optim.AdamW(_groups(model, plan), weight_decay=0.01, fused=where.type == "cuda")
    rates = [group["lr"] for group in optimizer.param_groups]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=steps, pct_start=0.1, anneal_strategy="linear")
    ids, mask = padded(lessons.tokens, model.encoder.config.pad_token_id, where)
    given = [torch.tensor(one, dtype=torch.float32, device=where) for one in (lessons.truth, lessons.mask, lessons.weight)]
    torch.set_float32_matmul_precision("high")
    for number, chosen in enumerate(epochs, start=1):
        total = torch.zeros((), device=where)
        widths = [-(-max(lengths[index] for index in some) // 8) * 8 for some in chosen]
        order = torch.tensor([index for some in chosen for index in some], device=where)
        for batch, width in zip(order.split([len(some) for some in chosen]), widths, strict=True):
            with precision():
                logits = model(ids[batch, :width], mask[batch, :width])
            step = cost(logits.float(), *(one[batch] for one in given))
            optimizer.zero_grad()
            step.backward()
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            schedule.step()
            blend(kept, learned, 0)
            total += step.detach() * len(batch)
        print(f"epoch {number} of {plan.epochs}: loss {float(total) / len(order):.4f}", flush=True)  # noqa: T201
    trained: Tagger = average if plan.average else model
    if out:
        save(trained, base, out)
    trained.eval()
    return trained


def _groups(model: Tagger, plan: Plan) -> list[dict[str, Any]]:
    """Return the parameters with their rates: each layer learns slower than the one above it."""
    layers = [model.encoder.embeddings, *model.encoder.encoder.layer]
    groups = [{"params": list(model.heads.parameters()), "lr": plan.head_rate}]
    for place, layer in enumerate(layers):
        wanted = [one for one in layer.parameters() if one.requires_grad]
        groups.append({"params": wanted, "lr": plan.rate * plan.decay ** (len(layers) - 1 - place)})
    return groups


def save(model: Tagger, base: str, out: Path) -> None:
    """Write the encoder, its tokenizer and its heads (``probe.npz``) to *out*."""
    with whole(out) as folder:
        model.encoder.save_pretrained(folder)
        AutoTokenizer.from_pretrained(base).save_pretrained(folder)
        model.probe().save(folder)


def predict(folder: str, tokens: Sequence[Sequence[int]]) -> Numbers:
    """Return what the model in *folder* says about each text: a probability per column."""
    weights, bias = saved_probe(Path(folder)).folded()
    return squash(features(load(folder), tokens) @ weights + bias)


def soup(folders: Sequence[Path], out: Path) -> None:
    """Average the weights of models that were fine-tuned from one start (Wortsman et al. 2022), encoder and heads."""
    models = [Tagger(str(folder), saved_probe(folder)) for folder in folders]
    blend = models[0]
    with torch.no_grad():
        others = [dict(model.named_parameters()) for model in models]
        for name, parameter in blend.named_parameters():
            parameter.copy_(torch.stack([other[name] for other in others]).mean(dim=0))
    save(blend, str(folders[0]), out)
