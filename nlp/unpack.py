"""Unpack the encoder that ships, ONNX int8, into a folder that transformers loads without code of ours (extra ``train``).

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
from numpy.typing import NDArray
from safetensors.numpy import save_file

from nlp.bert import THREEFOLD, shapes, unlike
from nlp.heads import Heads, Numbers
from nlp.lessons import Probe
from nlp.whole import whole

ENCODER, _HEADS, _CONFIG = "encoder.onnx", "heads.npz", "config.json"
_BESIDE = ("tokenizer.json", "tokenizer_config.json", "card.json")
PARTS = (ENCODER, _HEADS, _CONFIG, *_BESIDE)
"""The files of a tagger that ships."""


class UnknownGraph(ValueError):
    """The encoder is none that `nlp.export` writes; export it again, with this version."""


def unpack(model: Path, out: Path) -> None:
    """Write encoder (``model.safetensors``), heads (``probe.npz``), configuration, tokenizer and card of *model* into *out*.

    Raises ValueError where *model* is no such folder or its parts do not fit together, UnknownGraph where its encoder is unknown.
    """
    if missing := [name for name in PARTS if not (model / name).is_file()]:
        raise ValueError(f"{model} is no folder of a tagger that ships: {', '.join(missing)} missing")
    if out.resolve() == model.resolve():
        raise ValueError(f"{out} is the folder that is unpacked; name another one")
    config = json.loads((model / _CONFIG).read_text(encoding="utf-8"))
    config.pop("auto_map", None)  # the code that it names reads ONNX, of which there is none here
    heads = Heads.load(model)
    width = len(heads.weights)
    if width != 2 * config["hidden_size"]:
        raise ValueError(f"{model / _HEADS} reads {width} numbers of a text, and the encoder gives {2 * config['hidden_size']}")
    found = weights(numbers_of(model / ENCODER), config)
    mean, spread = np.zeros(width, np.float32), np.ones(width, np.float32)  # they are folded into the heads already
    with whole(out) as folder:
        save_file(found, folder / "model.safetensors", metadata={"format": "pt"})
        Probe(mean, spread, heads.weights, heads.bias).save(folder)
        (folder / _CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        for name in _BESIDE:
            shutil.copyfile(model / name, folder / name)


def weights(held: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> dict[str, Numbers]:
    """Return the encoder's weights by their names, from the numbers that its graph holds.

    Raises UnknownGraph where they are not those of an encoder of this configuration.
    """
    if other := unlike(config):
        raise UnknownGraph(f"config.json speaks of {other}; only a bert with gelu can be unpacked")
    wanted = shapes(config)
    if missing := [name for name in wanted if name not in held]:
        raise UnknownGraph(f"the graph does not hold {missing[0]}, of which config.json speaks; export it again")
    found = {name: _weight(held, name) for name in wanted}
    for name, shape in wanted.items():
        if found[name].shape != shape:
            raise UnknownGraph(f"{name} has the shape {found[name].shape} in the graph and {shape} by config.json")
    if more := [name for name in held if name.endswith((".weight", ".bias")) and name not in wanted]:
        raise UnknownGraph(f"the graph holds {more[0]}, of which config.json does not speak")
    return found


def _weight(held: Mapping[str, NDArray[Any]], name: str) -> Numbers:
    """Return what the numbers called *name* stand for."""
    numbers: Numbers = held[name].astype(np.float32)
    part = name.removesuffix(".weight")
    if f"{name}.scale" in held:  # a table of embeddings
        return np.asarray(numbers * held[f"{name}.scale"], np.float32)
    if not name.endswith(".weight") or f"{part}.scale" not in held:
        return numbers
    found = (numbers * held[f"{part}.scale"]).T
    if f"{part}.loud" in held:
        found[:, held[f"{part}.loud"]] = held[f"{part}.apart"].T
    volume = held.get(f"{part.rpartition('.')[0] if part.endswith(THREEFOLD) else part}.volume")
    return np.ascontiguousarray(found if volume is None else found * volume)


def numbers_of(path: Path) -> dict[str, NDArray[Any]]:
    """Return by name the numbers that an ONNX file holds.

    Raises UnknownGraph where it is none, ValueError where onnx is not installed.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise ValueError("onnx is not installed here. Install it: pip install 'kummerkasten[train]'") from error
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # protobuf has an error of its own, and of its package only onnx knows
        raise UnknownGraph(f"{path} cannot be read as ONNX ({error})") from error
    return {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}


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
