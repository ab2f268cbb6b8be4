"""Unpack the encoder that ships, ONNX int8, into a folder that transformers loads and training goes on from (extra ``train``).

    python -m nlp.unpack --model nlp/model --out unpacked

- The numbers are those that run: int8 times their scale, what was turned down for int8 turned up again, written as fp32. They are
  not the fp32 weights that training had.
- The heads are those that ship, calibrated: with ``probe.npz`` the folder says what the tagger says, up to int8's rounding of
  activations.

Nothing here runs in production, and torch is not needed.
"""

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from nlp.graph import Graph, Layer, UnknownGraph
from nlp.heads import Heads, Numbers
from nlp.lessons import Probe
from nlp.whole import whole

_ENCODER, _HEADS = "encoder.onnx", "heads.npz"
_BESIDE = ("config.json", "tokenizer.json", "tokenizer_config.json", "card.json")
_SQUARE = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
_DENSE = (*_SQUARE, "intermediate.dense", "output.dense")
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


def unpack(model: Path, out: Path) -> None:
    """Write encoder (``model.safetensors``), heads (``probe.npz``), configuration, tokenizer and card of *model* into *out*.

    Raises ValueError where *model* is no such folder or its parts do not fit together, UnknownGraph where its encoder is unknown.
    """
    if missing := [name for name in (_ENCODER, _HEADS, *_BESIDE) if not (model / name).is_file()]:
        raise ValueError(f"{model} is no folder of a tagger that ships: {', '.join(missing)} missing")
    if out.resolve() == model.resolve():
        raise ValueError(f"{out} is the folder that is unpacked; name another one")
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    heads = Heads.load(model)
    width = len(heads.weights)
    if width != 2 * config["hidden_size"]:
        raise ValueError(f"{model / _HEADS} reads {width} numbers of a text, and the encoder gives {2 * config['hidden_size']}")
    found = weights(Graph.load(model / _ENCODER), config)
    mean, spread = np.zeros(width, np.float32), np.ones(width, np.float32)  # they are folded into the heads already
    with whole(out) as folder:
        save_file(found, folder / "model.safetensors", metadata={"format": "pt"})
        Probe(mean, spread, heads.weights, heads.bias).save(folder)
        for name in _BESIDE:
            shutil.copyfile(model / name, folder / name)


def weights(graph: Graph, config: Mapping[str, Any]) -> dict[str, Numbers]:
    """Return the encoder's weights under the names that transformers' BertModel has for them."""
    _check(graph, config)
    found: dict[str, Numbers] = {}
    name = "last_tokens"
    for number in reversed(range(config["num_hidden_layers"])):
        layers, name = _layer(graph, name)
        found |= _named(f"encoder.layer.{number}.", layers)
    norm = graph.norm(name)
    found |= _named("embeddings.", {"LayerNorm": norm}) | _embeddings(graph, norm.reads, config)
    for key, shape in shapes(config).items():
        if found[key].shape != shape:
            raise UnknownGraph(f"{key} has the shape {found[key].shape} in the graph and {shape} by config.json")
    return {key: np.ascontiguousarray(one, np.float32) for key, one in found.items()}


def shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of a BertModel without pooling layer."""
    width, wide = config["hidden_size"], config["intermediate_size"]
    places = [f"encoder.layer.{number}." for number in range(config["num_hidden_layers"])]
    sizes = dict.fromkeys(_SQUARE, (width, width)) | {"intermediate.dense": (wide, width), "output.dense": (width, wide)}
    dense = {place + name: size for place in places for name, size in sizes.items()}
    norms = dict.fromkeys(["embeddings.LayerNorm", *(place + name for place in places for name in _NORMS)], (width,))
    tables = {f"embeddings.{name}.weight": (rows, width) for name, rows in _tables(config).items()}
    layers = dense | norms
    biases = {f"{name}.bias": size[:1] for name, size in layers.items()}
    return {**tables, **{f"{name}.weight": size for name, size in layers.items()}, **biases}


def _tables(config: Mapping[str, Any]) -> dict[str, int]:
    """Return how many rows each table of embeddings has."""
    rows = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    return {f"{name}_embeddings": config[key] for name, key in rows.items()}


def _check(graph: Graph, config: Mapping[str, Any]) -> None:
    """Raise UnknownGraph where the graph has other parts than an encoder of this configuration."""
    family, activation = config.get("model_type"), config.get("hidden_act")
    if (family, activation) != ("bert", "gelu"):
        raise UnknownGraph(f"config.json speaks of a {family} with {activation}; only a bert with gelu can be unpacked")
    layers = config["num_hidden_layers"]
    wanted = {"Softmax": layers, "MatMulInteger": len(_DENSE) * layers, "LayerNormalization": 2 * layers + 1}
    for kind, count in wanted.items():
        there = sum(node.kind == kind for node in graph.nodes.values())
        if there != count:
            raise UnknownGraph(f"{layers} layers, of which config.json speaks, have {count} of {kind}; the graph has {there}")


def _layer(graph: Graph, name: str) -> tuple[dict[str, Layer], str]:
    """Return the parts of the layer that gives *name*, and the name of what it reads."""
    norm = graph.norm(name)
    middle, written = graph.sides(norm.reads, "Add", "LayerNormalization")
    output = graph.dense(written)
    intermediate = graph.dense(graph.before_gelu(output.reads))
    attended = graph.norm(middle)
    start, written = graph.sides(attended.reads, "Add", "LayerNormalization")
    mixed = graph.dense(written)
    threefold = [graph.dense(part) for part in graph.attention(mixed.reads)]
    if [intermediate.reads, *(part.reads for part in threefold)] != [middle, start, start, start]:
        raise UnknownGraph(f"the parts of the layer that gives {name} are not joined as those of a bert")
    dense = zip(_DENSE, (*threefold, mixed, intermediate, output), strict=True)
    return {**dict(dense), **dict(zip(_NORMS, (attended, norm), strict=True))}, start


def _embeddings(graph: Graph, name: str, config: Mapping[str, Any]) -> dict[str, Numbers]:
    """Return the three tables whose sum gives *name*, told apart by how many rows they have."""
    waiting, rows = [name], {count: table for table, count in _tables(config).items()}
    found: dict[str, Numbers] = {}
    while waiting:
        name = waiting.pop()
        if graph.kind(name) == "Add":
            waiting += graph.nodes[name].takes
            continue
        table = graph.table(name)
        if len(table) not in rows:
            raise UnknownGraph(f"{name} comes from a table of {len(table)} rows, of which config.json does not speak")
        found[f"embeddings.{rows.pop(len(table))}.weight"] = table
    if rows:
        raise UnknownGraph(f"the graph has no {', '.join(rows.values())}")
    return found


def _named(place: str, layers: Mapping[str, Layer]) -> dict[str, Numbers]:
    return {f"{place}{name}.{part}": getattr(layer, part) for name, layer in layers.items() for part in ("weight", "bias")}


def main(arguments: Sequence[str] | None = None) -> None:
    """Unpack from the command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shipped = Path(__file__).parent / "model"
    asked.add_argument("--model", type=Path, default=shipped, help="folder of a tagger (default: the one that ships)")
    asked.add_argument("--out", type=Path, required=True, help="where the folder for transformers goes")
    given = asked.parse_args(arguments)
    try:
        unpack(given.model, given.out)
    except ValueError as error:
        asked.error(str(error))


if __name__ == "__main__":
    main()
