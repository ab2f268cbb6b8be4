"""Export a transformers encoder to ONNX with int8 weights and embeddings (extra ``train``; nothing here runs in production).

int8 has one scale for all activations of a product, and a few channels of this kind of encoder are ten times as loud as all
others: the scale is then too coarse for the rest. So the loudest channels of each feed-forward product are turned down before it
and their weights turned up (Xiao et al. 2023, SmoothQuant): the product stays the same, and int8 errs a third as much.
"""

import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModel, AutoTokenizer

from nlp.finetune import LAYERS

MIDDLE = LAYERS[1]
"""The layer whose mean stands beside the last one's."""
LOUD = 3
"""Channels of each feed-forward product that are turned down, to where the next loudest is."""


class Pooled(torch.nn.Module):
    """An encoder with its means over the tokens, of the last and of a middle layer, and the tokens themselves."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return (last, middle, last_tokens, middle_tokens)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True).hidden_states
        mask = attention_mask.unsqueeze(-1).to(states[-1].dtype)
        last, middle = states[-1], states[MIDDLE]
        count = mask.sum(1)
        return (last * mask).sum(1) / count, (middle * mask).sum(1) / count, last, middle


class Softened(torch.nn.Module):
    """A linear layer whose input channels are multiplied with *volume* first, and its weights divided by it."""

    volume: torch.Tensor

    def __init__(self, plain: torch.nn.Linear, volume: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("volume", volume)
        self.linear = torch.nn.Linear(plain.in_features, plain.out_features)
        with torch.no_grad():
            self.linear.weight.copy_(plain.weight / volume)
            self.linear.bias.copy_(plain.bias)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return what the plain layer returned."""
        said: torch.Tensor = self.linear(states * self.volume)
        return said


def soften(encoder: Any, given: Mapping[str, torch.Tensor]) -> None:
    """Turn down the loudest channels of all feed-forward products, as they are when the encoder reads *given*."""
    places = [place for layer in encoder.encoder.layer for place in (layer.intermediate, layer.output)]
    peaks: dict[torch.nn.Module, torch.Tensor] = {}

    def note(linear: torch.nn.Module, states: tuple[torch.Tensor, ...]) -> None:
        peaks[linear] = states[0].abs().flatten(0, -2).amax(0)

    hooks = [place.dense.register_forward_pre_hook(note) for place in places]
    with torch.no_grad():
        encoder(**given)
    for hook in hooks:
        hook.remove()
    for place in places:
        peak = peaks[place.dense]
        limit = peak.topk(LOUD + 1).values[-1]
        place.dense = Softened(place.dense, (limit / peak.clamp(min=1e-6)).clamp(max=1.0))


def export(base: str, folder: Path) -> None:
    """Write ``encoder.onnx`` (int8), and tokenizer and configuration of *base* (a hub name or a folder), into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(base)
    encoder = AutoModel.from_pretrained(base, add_pooling_layer=False, attn_implementation="eager").float().eval()
    some = tokenizer(["query: Die Zahlung geht nicht", "query: where is the checkout button?"], padding=True, return_tensors="pt")
    example = {name: some[name] for name in ("input_ids", "attention_mask")}
    soften(encoder, example)
    axes = {name: {0: "batch", 1: "tokens"} for name in (*example, "last_tokens", "middle_tokens")}
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        full = Path(scratch) / "full.onnx"
        torch.onnx.export(
            Pooled(encoder),
            tuple(example.values()),
            str(full),
            input_names=list(example),
            output_names=["last", "middle", "last_tokens", "middle_tokens"],
            dynamic_axes=axes | {"last": {0: "batch"}, "middle": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(full, folder / "encoder.onnx", weight_type=QuantType.QInt8, per_channel=True)
        tokenizer.save_pretrained(scratch)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(Path(scratch) / name, folder / name)
    encoder.config.save_pretrained(folder)
