"""Export a transformers encoder to ONNX with int8 weights and embeddings (extra ``train``; nothing here runs in production)."""

import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModel, AutoTokenizer

from nlp.finetune import LAYERS

MIDDLE = LAYERS[1]
"""The layer whose mean stands beside the last one's."""


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


def export(base: str, folder: Path) -> None:
    """Write ``encoder.onnx`` (int8), and tokenizer and configuration of *base* (a hub name or a folder), into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(base)
    encoder = AutoModel.from_pretrained(base, add_pooling_layer=False, attn_implementation="eager").float().eval()
    example = tokenizer(
        ["query: Die Zahlung geht nicht", "query: where is the checkout button?"], padding=True, return_tensors="pt"
    )
    axes = {name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask", "last_tokens", "middle_tokens")}
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        full = Path(scratch) / "full.onnx"
        torch.onnx.export(
            Pooled(encoder),
            (example["input_ids"], example["attention_mask"]),
            str(full),
            input_names=["input_ids", "attention_mask"],
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
