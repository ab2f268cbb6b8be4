"""Heads as a version keeps them: bytes and a card, without the encoder, which every version of a shipped tagger shares."""

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nlp.heads import COLUMNS, Heads
from nlp.tagger import OnnxTagger


def base_of(model: str) -> str:
    """Return the shipped version that *model* grew from: what stands before the "+" (itself, where it is a shipped one)."""
    return model.partition("+")[0]


def named(heads: Heads, model: str) -> Heads:
    """Return heads that sign as *model* (``name@version``)."""
    name, _, version = model.partition("@")
    return replace(heads, card={"name": name, "version": version})


def packed(heads: Heads) -> tuple[bytes, dict[str, Any]]:
    """Return heads as bytes and a card that together hold all of them."""
    out = io.BytesIO()
    np.savez_compressed(out, weights=heads.weights, bias=heads.bias)
    card = {"name": heads.card["name"], "version": heads.card["version"]}
    return out.getvalue(), card | {"columns": list(COLUMNS), "thresholds": dict(heads.thresholds), "abroad": dict(heads.abroad)}


def unpacked(data: bytes, card: Mapping[str, Any]) -> Heads:
    """Return what `packed` has packed; raises ValueError where it answers other questions than this version asks."""
    if tuple(card["columns"]) != COLUMNS:
        raise ValueError(f"{card['name']}@{card['version']} answers other questions than this version of Kummerkasten asks")
    with np.load(io.BytesIO(data)) as stored:
        weights, bias = stored["weights"].astype(np.float32), stored["bias"].astype(np.float32)
    return Heads(weights, bias, card["thresholds"], card, card.get("abroad", {}))


def on(shipped: OnnxTagger, data: bytes, card: Mapping[str, Any]) -> OnnxTagger:
    """Return the tagger that reads with the shipped encoder and with the heads of a version."""
    return replace(shipped, heads=unpacked(data, card))
