"""The parts of a BertModel without pooling layer, under the names that transformers has for them."""

from collections.abc import Mapping
from typing import Any

THREEFOLD = ("attention.self.query", "attention.self.key", "attention.self.value")
SQUARE = (*THREEFOLD, "attention.output.dense")
READS = ("attention.self", "attention.output.dense", "intermediate.dense", "output.dense")
"""What products of a layer read, by the part that reads it; queries, keys and values read the same."""
NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


def layers(config: Mapping[str, Any]) -> list[str]:
    """Return what the names of each layer's parts begin with."""
    return [f"encoder.layer.{number}." for number in range(config["num_hidden_layers"])]


def tables(config: Mapping[str, Any]) -> dict[str, int]:
    """Return the tables of embeddings and how many rows each has."""
    rows = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    return {f"embeddings.{name}_embeddings": config[key] for name, key in rows.items()}


def shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight and bias; a product's weight is outputs x inputs."""
    width, wide = config["hidden_size"], config["intermediate_size"]
    sizes = dict.fromkeys(SQUARE, (width, width)) | {"intermediate.dense": (wide, width), "output.dense": (width, wide)}
    dense = {place + name: size for place in layers(config) for name, size in sizes.items()}
    norms = dict.fromkeys(["embeddings.LayerNorm", *(place + name for place in layers(config) for name in NORMS)], (width,))
    parts = dense | norms
    biases = {f"{name}.bias": size[:1] for name, size in parts.items()}
    return {f"{name}.weight": (rows, width) for name, rows in tables(config).items()} | {
        **{f"{name}.weight": size for name, size in parts.items()},
        **biases,
    }


def unlike(config: Mapping[str, Any]) -> str:
    """Say what makes a configuration speak of another encoder than a BertModel with GELU; an empty string if nothing does."""
    family, activation = config.get("model_type"), config.get("hidden_act")
    return "" if (family, activation) == ("bert", "gelu") else f"a {family} with {activation}"
