"""Whether a training may begin: its work folder holds no other one's results, and a model to go on from is whole and fits."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from desk.errors import KummerkastenError
from nlp.heads import COLUMNS
from nlp.lessons import saved_probe
from nlp.unpack import ENCODER, PARTS, unpack
from nlp.whole import whole

NOTE = "course.json"
_RESULTS = ("base", "start", "adapted", "soup", "teacher-*", "sentiment-*", "student*")
_ADVICE = "Name another folder with --work, or empty this one"


def begin(work: Path, made_of: Mapping[str, Any]) -> None:
    """Note in *work* what its results are made of; raises KummerkastenError where they are another training's."""
    work.mkdir(parents=True, exist_ok=True)
    noted = json.loads((work / NOTE).read_text(encoding="utf-8")) if (work / NOTE).exists() else {}
    if noted == made_of:
        return
    if found := sorted(one.name for kind in _RESULTS for one in work.glob(kind)):
        others = [f"{name} was {noted[name]}" for name in made_of if name in noted and noted[name] != made_of[name]]
        why = f"of another training: {'; '.join(others)}" if others else f"and no {NOTE} that says of which training"
        raise KummerkastenError(f"{work} holds results ({', '.join(found)}) {why}. {_ADVICE}")
    with whole(work) as folder:
        (folder / NOTE).write_text(json.dumps(made_of, indent=1) + "\n", encoding="utf-8")


def check_pieces(base: str, start: Path) -> None:
    """Raise KummerkastenError unless the model in *start* knows the pieces that *base* cuts texts into."""
    if AutoTokenizer.from_pretrained(base).get_vocab() != AutoTokenizer.from_pretrained(start).get_vocab():
        raise KummerkastenError(
            f"{start} cuts texts into other pieces than {base} does: nothing can be learned from what it says"
        )


def ready(start: Path, work: Path) -> Path:
    """Return a folder that training goes on from: *start* itself, or where the model that ships there was unpacked to.

    Raises KummerkastenError where that is no such model.
    """
    if not ships(start):
        return start
    found = work / "start"
    if not found.exists():
        try:
            unpack(start, found)
        except ValueError as error:
            raise KummerkastenError(str(error)) from error
    check_start(found)
    return found


def ships(folder: Path) -> bool:
    """Say whether *folder* holds a model as it ships, in ONNX."""
    return (folder / ENCODER).is_file()


def signature_of(start: Path) -> str:
    """Return what a model calls itself on its card; the name of its folder where it has none."""
    if not (start / "card.json").is_file():
        return start.name
    card = json.loads((start / "card.json").read_text(encoding="utf-8"))
    return f"{card['name']}@{card['version']}"


def check_start(folder: Path) -> None:
    """Raise KummerkastenError unless *folder* holds a model to go on from: encoder, tokenizer and heads, or one that ships."""
    wanted = PARTS if ships(folder) else ("config.json", "tokenizer.json", "probe.npz")
    if missing := [name for name in wanted if not (folder / name).is_file()]:
        how = "`--start nlp/model` goes on from the model that ships"
        raise KummerkastenError(f"{folder} is no model to go on from: {', '.join(missing)} missing. {how}")
    if ships(folder):
        return
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    shape, due = saved_probe(folder).weights.shape, (2 * config["hidden_size"], len(COLUMNS))
    if shape != due:
        raise KummerkastenError(f"{folder} has heads of the shape {shape} where {due} is trained: older, or another encoder's")
    pieces, known = len(AutoTokenizer.from_pretrained(folder)), config["vocab_size"]
    if pieces > known:
        raise KummerkastenError(f"{folder} has a tokenizer of {pieces} pieces where its encoder knows {known}: another encoder's")
