"""An encoder as a graph for onnxruntime: products in int8, everything between them in fp32 (extra ``train``).

It reads texts of equal length, so that nothing is padded or masked, and with scales that are fixed beforehand (`nlp.int8`),
so that no text's reading depends on what is read beside it.

Numbers stand in it under the names that transformers has for them. A product's weight is kept as int8 (inputs x outputs) with
a ``.scale`` for each output; ``.volume`` is what its inputs are multiplied with; ``.apart`` holds the weights, in fp32, of the
channels that are numbered in ``.loud``. A word's embedding is int8 with a ``.scale`` of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nlp.bert import READS, THREEFOLD, layers
from nlp.heads import Numbers
from nlp.int8 import Range, loudest, rounded, volumes

OUTPUTS = ("last", "middle")
_SELF, _MIXED, _WIDE, _NARROW = READS
SHARES = {_SELF: 1.0, _MIXED: 0.9, _WIDE: 0.7}
"""How much of its unevenness what a product reads hands over to the weights; chosen on development texts (docs/training.md)."""
LOUD = 4
"""Channels of each layer's last product that are multiplied apart: one is often fifty times as loud as the rest."""
_CONTRIB = "com.microsoft"
_Stepped = tuple[str, str, str]
"""The names of whole steps, of how large one is, and of which is zero."""
_VERSIONS = {"": 17, _CONTRIB: 1}


class Drawing:
    """A graph as it grows."""

    def __init__(self) -> None:
        import onnx

        self._onnx = onnx
        self._nodes: list[Any] = []
        self._held: dict[str, Any] = {}

    def hold(self, name: str, numbers: Any) -> str:
        """Keep numbers in the graph, and return their name."""
        self._held[name] = self._onnx.numpy_helper.from_array(np.ascontiguousarray(numbers), name)
        return name

    def node(self, kind: str, takes: Sequence[str], gives: str, domain: str = "", **more: Any) -> str:
        """Add an operation, and return the name of what it gives."""
        self._nodes.append(self._onnx.helper.make_node(kind, list(takes), [gives], domain=domain, **more))
        return gives

    def model(self, width: int) -> Any:
        """Return the whole: from ids (texts x tokens) to OUTPUTS (texts x *width*)."""
        helper, kinds = self._onnx.helper, self._onnx.TensorProto
        ids = helper.make_tensor_value_info("input_ids", kinds.INT64, ["texts", "tokens"])
        out = [helper.make_tensor_value_info(name, kinds.FLOAT, ["texts", width]) for name in OUTPUTS]
        graph = helper.make_graph(self._nodes, "encoder", [ids], out, list(self._held.values()))
        versions = [helper.make_opsetid(*one) for one in _VERSIONS.items()]
        return helper.make_model(graph, opset_imports=versions, ir_version=10, producer_name="kummerkasten")


def drawn(weights: Mapping[str, Numbers], config: Mapping[str, Any], met: Mapping[str, Range], middle: int) -> Any:
    """Return the model of an encoder whose products read what was *met*, by their names; *middle* is the layer of that output."""
    drawing = Drawing()
    states = _embedded(drawing, weights, config)
    for number, place in enumerate(layers(config), start=1):
        states = _Layer(drawing, weights, config, met, place).drawn(states)
        if number == middle:
            drawing.node("ReduceMean", [states], "middle", axes=[1], keepdims=0)
    drawing.node("ReduceMean", [states], "last", axes=[1], keepdims=0)
    return drawing.model(config["hidden_size"])


def _embedded(drawing: Drawing, weights: Mapping[str, Numbers], config: Mapping[str, Any]) -> str:
    """Draw the sum of a token's embeddings, normalised; rows of words are taken as int8 and only then spread."""
    numbers, scale = rounded(weights["embeddings.word_embeddings.weight"])
    table = drawing.hold("embeddings.word_embeddings.weight", numbers)
    rows = drawing.node("Gather", [table, "input_ids"], "word rows")
    steps = drawing.node("Gather", [drawing.hold(f"{table}.scale", scale[:, None]), "input_ids"], "word steps")
    words = drawing.node("Mul", [drawing.node("Cast", [rows], "word numbers", to=1), steps], "words")
    first, tokens = drawing.hold("first", np.array([0])), drawing.hold("tokens", np.array([1]))
    length = drawing.node("Gather", [drawing.node("Shape", ["input_ids"], "shape"), tokens], "length")
    position, kind = (f"embeddings.{name}_embeddings.weight" for name in ("position", "token_type"))
    spots = drawing.node("Slice", [drawing.hold(position, weights[position]), first, length, first], "spots")
    kinds = drawing.node("Gather", [drawing.hold(kind, weights[kind]), first], "kind")
    places = drawing.node("Add", [spots, kinds], "places")
    name = "embeddings.LayerNorm"
    return _normed(drawing, [words, places], name, _part(weights, name), config["layer_norm_eps"])


def _normed(drawing: Drawing, sum_of: Sequence[str], name: str, norm: Mapping[str, Numbers], epsilon: float) -> str:
    """Draw the normalised sum of two; *norm* holds ``weight`` and ``bias`` of the normalisation that is called *name*."""
    added = drawing.node("Add", sum_of, f"{name} sum")
    held = [drawing.hold(f"{name}.{part}", norm[part]) for part in ("weight", "bias")]
    return drawing.node("LayerNormalization", [added, *held], f"{name} out", axis=-1, epsilon=epsilon)


def _part(weights: Mapping[str, Numbers], name: str) -> dict[str, Numbers]:
    """Return weight and bias of a part."""
    return {part: weights[f"{name}.{part}"] for part in ("weight", "bias")}


class _Layer:
    """One layer: *place* is what the names of its parts begin with."""

    def __init__(
        self, drawing: Drawing, weights: Mapping[str, Numbers], config: Mapping[str, Any], met: Mapping[str, Range], place: str
    ) -> None:
        self._drawing, self._config, self._place = drawing, config, place
        self._weights = {name.removeprefix(place): one for name, one in weights.items() if name.startswith(place)}
        self._met = {name.removeprefix(place): one for name, one in met.items() if name.startswith(place)}
        self._volumes = {name: self._volume(name) for name in SHARES}

    def drawn(self, states: str) -> str:
        """Draw the layer that reads *states*."""
        read, heads = self._stepped(_SELF, self._turned(_SELF, states)), self._config["num_attention_heads"]
        threefold = [self._product(name, read) for name in THREEFOLD]
        seen = self._node("MultiHeadAttention", threefold, "seen", _CONTRIB, num_heads=heads)
        middle = self._normed("attention.output.LayerNorm", [self._product(_MIXED, self._stepped(_MIXED, seen)), states])
        wide = self._product(_WIDE, self._stepped(_WIDE, self._turned(_WIDE, middle)))
        active = self._node("Gelu", [wide], "active", _CONTRIB)
        quiet, loud = self._narrowed(active)
        return self._normed("output.LayerNorm", [self._node("Add", [quiet, loud], "narrow"), middle])

    def _volume(self, name: str) -> Numbers:
        """Return the volumes of what *name* reads, and keep them in the graph."""
        products = THREEFOLD if name == _SELF else (name,)
        found = volumes(self._met[name], [self._weights[f"{one}.weight"] for one in products], SHARES[name])
        self._hold(f"{name}.volume", found)
        return found

    def _turned(self, name: str, states: str) -> str:
        return self._node("Mul", [states, f"{self._place}{name}.volume"], f"{name} turned")

    def _stepped(self, name: str, states: str) -> _Stepped:
        """Draw *states*, which *name* reads at its volume, in steps."""
        met = self._met[name].turned(self._volumes[name]) if name in SHARES else self._met[name]
        return self._in_steps(name, states, met)

    def _in_steps(self, name: str, states: str, met: Range) -> _Stepped:
        step, zero = met.steps
        scale, shift = self._hold(f"{name}.step", step), self._hold(f"{name}.zero", zero)
        return self._node("QuantizeLinear", [states, scale, shift], f"{name} stepped"), scale, shift

    def _product(self, name: str, read: _Stepped) -> str:
        """Draw an int8 product with its bias. At their volume are values from the start: it is in their scale and bias."""
        volume = self._volumes[_SELF if name in THREEFOLD else name]
        times = f"{self._place}{_MIXED}.volume" if name == THREEFOLD[2] else ""
        return self._int8(name, read, self._weights[f"{name}.weight"] / volume, times)

    def _int8(self, name: str, read: _Stepped, weight: Numbers, times: str = "") -> str:
        numbers, steps = rounded(weight)
        scale, bias = self._hold(f"{name}.scale", steps), self._hold(f"{name}.bias", self._weights[f"{name}.bias"])
        if times:
            scale, bias = (self._node("Mul", [one, times], f"{name} {what}") for one, what in ((scale, "scale"), (bias, "bias")))
        states, step, zero = read
        kept = self._hold(f"{name}.weight", numbers.T)
        return self._node("MatMulIntegerToFloat", [states, kept, step, scale, zero, "", bias], f"{name} out", _CONTRIB)

    def _narrowed(self, active: str) -> tuple[str, str]:
        """Draw the product of the quiet channels, in int8, and that of the loud ones, in fp32."""
        weight = self._weights[f"{_NARROW}.weight"]
        channels = loudest(self._met[_NARROW], weight, LOUD)
        quiet = weight.copy()
        quiet[:, channels] = 0
        read = self._in_steps(_NARROW, active, self._met[_NARROW].without(channels))
        loud = self._node("Gather", [active, self._hold(f"{_NARROW}.loud", channels)], "loud", axis=2)
        apart = self._hold(f"{_NARROW}.apart", weight[:, channels].T)
        return self._int8(_NARROW, read, quiet), self._node("MatMul", [loud, apart], "loud out")

    def _normed(self, name: str, sum_of: Sequence[str]) -> str:
        epsilon = self._config["layer_norm_eps"]
        return _normed(self._drawing, sum_of, self._place + name, _part(self._weights, name), epsilon)

    def _node(self, kind: str, takes: Sequence[str], gives: str, domain: str = "", **more: Any) -> str:
        return self._drawing.node(kind, takes, f"{self._place}{gives}", domain, **more)

    def _hold(self, name: str, numbers: Any) -> str:
        return self._drawing.hold(f"{self._place}{name}", numbers)
