"""The graph of an encoder that `nlp.export` has written, walked from its outputs back to the numbers it holds (extra ``train``).

What an exporter calls its numbers is its own affair, and it lets equal ones share a name: so a weight is found by what it does.
What is not as `nlp.export` writes it raises UnknownGraph.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.heads import Numbers

HELD = "a number it holds"
_FREE = ("Reshape", "Transpose", "Cast")
"""What moves numbers, or gives them another type, and leaves them what they are."""


class UnknownGraph(ValueError):
    """The encoder is none that `nlp.export` writes; export it again, with this version."""


@dataclass(frozen=True)
class Node:
    """One operation of the graph, with the names of what it takes."""

    kind: str
    takes: tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """Weights (as torch has them, outputs x inputs) and bias of a layer, and the name of what it reads."""

    weight: Numbers
    bias: Numbers
    reads: str


@dataclass(frozen=True)
class Graph:
    """Operations by the names of what they give, and by name the numbers that the graph holds."""

    nodes: Mapping[str, Node]
    held: Mapping[str, NDArray[Any]]

    @classmethod
    def load(cls, path: Path) -> "Graph":
        """Read an ONNX file; raises UnknownGraph where it is none, ValueError where onnx is not installed."""
        onnx = _onnx()
        try:
            graph = onnx.load(path).graph
        except Exception as error:  # protobuf has an error of its own, and of its package only onnx knows
            raise UnknownGraph(f"{path} cannot be read as ONNX ({error})") from error
        held = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
        nodes: dict[str, Node] = {}
        same: dict[str, str] = {}  # equal numbers are held once, and handed on
        for one in graph.node:
            takes = tuple(same.get(name, name) for name in one.input)
            if one.op_type == "Identity":
                same[one.output[0]] = takes[0]
            elif one.op_type == "Constant":
                value = onnx.helper.get_attribute_value(one.attribute[0])
                held[one.output[0]] = onnx.numpy_helper.to_array(value) if one.attribute[0].name == "value" else np.asarray(value)
            else:
                nodes |= dict.fromkeys(filter(None, one.output), Node(one.op_type, takes))
        return cls(nodes, held)

    def kind(self, name: str) -> str:
        """Say what gives *name*."""
        return HELD if name in self.held else self.nodes[name].kind if name in self.nodes else "an input"

    def node(self, name: str, kind: str) -> Node:
        """Return the node that gives *name*; raises UnknownGraph where it is of another kind."""
        if self.kind(name) != kind:
            raise UnknownGraph(f"{name} comes from {self.kind(name)} where {kind} was expected")
        return self.nodes[name]

    def number(self, name: str) -> NDArray[Any]:
        """Return the numbers that are held as *name*; raises UnknownGraph where they are reckoned."""
        if name not in self.held:
            raise UnknownGraph(f"{name} comes from {self.kind(name)} where {HELD} was expected")
        return self.held[name]

    def sides(self, name: str, kind: str, first: str) -> tuple[str, str]:
        """Return the two that a node of *kind* joins, in either order; the first comes from *first*, a kind of node."""
        for one, other in permutations(self.node(name, kind).takes, 2):
            if self.kind(one) == first:
                return one, other
        raise UnknownGraph(f"{name} comes from {kind}, which takes nothing from {first}")

    def past(self, name: str) -> str:
        """Return where the numbers of *name* come from, past nodes that leave them what they are."""
        while self.kind(name) in _FREE:
            name = self.nodes[name].takes[0]
        return name

    def norm(self, name: str) -> Layer:
        """Return the normalisation that gives *name*."""
        reads, weight, bias = self.node(name, "LayerNormalization").takes
        return Layer(self.number(weight), self.number(bias), reads)

    def dense(self, name: str) -> Layer:
        """Return the int8 product with bias that gives *name*, as if nothing had been turned down before it."""
        bias, product = self.sides(self.past(name), "Add", HELD)
        cast, scales = self.sides(product, "Mul", "Cast")
        scale, _ = self.sides(scales, "Mul", HELD)
        given, quantised, *zeros = self.node(self.past(cast), "MatMulInteger").takes
        weight, (reads,) = self._meant(quantised, scale, *zeros[1:]), self.node(given, "DynamicQuantizeLinear").takes
        for volume, louder in permutations(self.nodes[reads].takes if self.kind(reads) == "Mul" else (), 2):
            if volume in self.held and self.held[volume].shape == weight.shape[:1]:
                return Layer((weight * self.held[volume][:, None]).T, self.number(bias), louder)
        return Layer(weight.T, self.number(bias), reads)

    def table(self, name: str) -> Numbers:
        """Return the table of embeddings whose rows *name* is taken from."""
        quantised, *scale_and_zero = self.node(name, "DequantizeLinear").takes
        return self._meant(self.node(quantised, "Gather").takes[0], *scale_and_zero)

    def before_gelu(self, name: str) -> str:
        """Return what the exact GELU that gives *name* reads: x in ``x * (1 + erf(x / sqrt(2))) / 2``."""
        _, twice = self.sides(name, "Mul", HELD)
        for gate, given in permutations(self.node(twice, "Mul").takes, 2):
            if self.kind(gate) == "Add" and "Erf" in map(self.kind, self.nodes[gate].takes):
                return given
        raise UnknownGraph(f"{name} comes from another activation than GELU")

    def attention(self, name: str) -> tuple[str, str, str]:
        """Return the queries, keys and values of the attention that gives *name*."""
        odds, values = self.node(self.past(name), "MatMul").takes
        scaled, _ = self.sides(self.node(odds, "Softmax").takes[0], "Add", "Mul")
        _, scores = self.sides(scaled, "Mul", HELD)
        queries, keys = self.node(scores, "MatMul").takes
        return queries, keys, values

    def _meant(self, quantised: str, scale: str, zero: str = "") -> Numbers:
        """Return quantised numbers as what they stand for."""
        shift = self.number(zero).astype(np.float32) if zero else np.float32(0)
        return np.asarray((self.number(quantised).astype(np.float32) - shift) * self.number(scale), np.float32)


def _onnx() -> Any:
    """Return the package that reads such graphs; nothing else here needs it."""
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise ValueError("onnx is not installed here. Install it: pip install 'kummerkasten[train]'") from error
    return onnx
