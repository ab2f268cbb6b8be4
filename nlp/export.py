"""Export a transformers encoder to ONNX with int8 products and embeddings (extra ``train``; nothing here runs in production)."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from nlp.bert import READS, layers, unlike
from nlp.encoder import alike
from nlp.finetune import LAYERS, load
from nlp.graph import drawn
from nlp.int8 import Range
from nlp.lessons import tokenised
from nlp.train_data import authored, part_of

MIDDLE = LAYERS[1]
"""The layer whose mean stands beside the last one's."""
_READER = Path(__file__).resolve().parent / "model" / "modeling_kummerkasten.py"
"""What lets transformers load the folder."""
TEXTS = 1_200
"""Texts of the authored training part by which the scales of activations are fixed."""


def ranges(encoder: Any, tokens: Sequence[list[int]]) -> dict[str, Range]:
    """Return what the products of *encoder* read while it reads texts, by the names of `nlp.bert.READS`."""
    met: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    def note(name: str, states: torch.Tensor) -> None:
        low, high = torch.aminmax(states.flatten(0, -2), dim=0)
        before = met.get(name, (low, high))
        met[name] = torch.minimum(low, before[0]), torch.maximum(high, before[1])

    def noted(name: str) -> Any:
        return lambda _, given, more: note(name, (given or tuple(more.values()))[0])

    hooks = [
        encoder.get_submodule(place + part).register_forward_pre_hook(noted(place + part), with_kwargs=True)
        for place in layers(encoder.config.to_dict())
        for part in READS
    ]
    with torch.no_grad():
        for run in alike([len(some) for some in tokens]):
            encoder(input_ids=torch.tensor([tokens[place] for place in run]))
    for hook in hooks:
        hook.remove()
    return {name: Range(low.numpy(), high.numpy()) for name, (low, high) in met.items()}


def weights_of(encoder: Any) -> Mapping[str, Any]:
    """Return the weights of an encoder by their names."""
    return {name: one.detach().numpy() for name, one in encoder.named_parameters()}


def export(base: str, folder: Path) -> None:
    """Write ``encoder.onnx`` (int8), tokenizer and configuration of *base* (a hub name or a folder) into *folder*.

    transformers loads it with ``trust_remote_code=True``.

    Raises ValueError where *base* is no BertModel with GELU.
    """
    import onnx

    encoder = load(base).eval()
    config = encoder.config.to_dict()
    if other := unlike(config):
        raise ValueError(f"{base} is {other}; only a bert with gelu can be exported")
    train = [row["text"] for row in authored() if part_of(row) == "train"]
    met = ranges(encoder, tokenised(base, train[:: max(len(train) // TEXTS, 1)]))
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(drawn(weights_of(encoder), config, met, MIDDLE), folder / "encoder.onnx")
    with tempfile.TemporaryDirectory() as scratch:
        AutoTokenizer.from_pretrained(base).save_pretrained(scratch)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(Path(scratch) / name, folder / name)
    encoder.config.auto_map = {"AutoModel": f"{_READER.stem}.KummerkastenModel"}
    encoder.config.save_pretrained(folder)
    if folder.resolve() != _READER.parent:
        shutil.copy(_READER, folder)
