"""Whether a training may begin: its work folder holds no other one's results, and a model to go on from is whole and fits."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from desk.errors import KummerkastenError
from nlp.heads import COLUMNS
from nlp.lessons import saved_probe
from nlp.whole import whole

NOTE = "course.json"
_RESULTS = ("base", "adapted", "soup", "teacher-*", "sentiment-*", "student*")
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


def check_start(folder: Path) -> None:
    """Raise KummerkastenError unless *folder* holds a model that training can go on from: encoder, tokenizer and heads."""
    if missing := [name for name in ("config.json", "tokenizer.json", "probe.npz") if not (folder / name).is_file()]:
        how = "`python -m nlp.unpack --out FOLDER` makes one of the model that ships"
        raise KummerkastenError(f"{folder} is no model to go on from: {', '.join(missing)} missing. {how}")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    shape, wanted = saved_probe(folder).weights.shape, (2 * config["hidden_size"], len(COLUMNS))
    if shape != wanted:
        raise KummerkastenError(f"{folder} has heads of the shape {shape} where {wanted} is trained: older, or another encoder's")
    pieces, known = len(AutoTokenizer.from_pretrained(folder)), config["vocab_size"]
    if pieces > known:
        raise KummerkastenError(f"{folder} has a tokenizer of {pieces} pieces where its encoder knows {known}: another encoder's")
