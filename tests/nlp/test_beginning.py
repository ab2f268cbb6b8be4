"""A training goes on from what is whole and its own, or says why not; what it writes is there whole or not at all."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from desk.errors import KummerkastenError
from nlp.beginning import begin, check_start, ready, signature_of
from nlp.heads import COLUMNS
from nlp.lessons import Probe
from nlp.tagger import SHIPPED
from nlp.whole import whole

TRAINING = {"base": "base", "start": None, "plan": {"epochs": 6}}

# whole or not at all


def there(folder: Path) -> dict[str, str]:
    return {str(one.relative_to(folder)): one.read_text() for one in folder.rglob("*") if one.is_file()}


def written(folder: Path, said: str) -> None:
    with whole(folder) as made:
        for name in ("encoder.onnx", "heads.npz"):
            (made / name).write_text(said)


def test_a_folder_comes_once_all_of_it_is_written(tmp_path: Path):
    folder = tmp_path / "not" / "yet" / "model"
    with whole(folder) as made:
        (made / "encoder.onnx").write_text("new")
        assert not folder.exists()
    assert there(tmp_path) == {"not/yet/model/encoder.onnx": "new"}


def break_off(folder: Path) -> None:
    with whole(folder) as made:
        (made / "encoder.onnx").write_text("ne")
        raise OSError("disk full")


def test_what_breaks_off_leaves_nothing(tmp_path: Path):
    with pytest.raises(OSError, match="disk full"):
        break_off(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_what_breaks_off_leaves_an_older_model_as_it_was(tmp_path: Path):
    written(tmp_path, "old")
    with pytest.raises(OSError, match="disk full"):
        break_off(tmp_path)
    assert there(tmp_path) == {"encoder.onnx": "old", "heads.npz": "old"}


def test_a_newer_model_takes_the_older_ones_place_and_leaves_what_lies_beside(tmp_path: Path):
    written(tmp_path, "old")
    (tmp_path / "notes.txt").write_text("mine")
    written(tmp_path, "new")
    assert there(tmp_path) == {"encoder.onnx": "new", "heads.npz": "new", "notes.txt": "mine"}


def test_what_breaks_off_while_files_move_leaves_no_parts_of_two_models(tmp_path: Path):
    written(tmp_path, "old")
    (tmp_path / "heads.npz").unlink()
    (tmp_path / "heads.npz").mkdir()  # cannot be replaced
    with pytest.raises((IsADirectoryError, PermissionError)):
        written(tmp_path, "new")
    assert "new" not in there(tmp_path).values()


# whose results they are


def test_a_training_goes_on_in_its_own_folder(tmp_path: Path):
    begin(tmp_path / "work", TRAINING)
    (tmp_path / "work" / "teacher-0").mkdir()
    begin(tmp_path / "work", TRAINING)


@pytest.mark.parametrize(
    "change", [{"start": "/models/2"}, {"base": "other"}, {"plan": {"epochs": 8}}], ids=lambda one: next(iter(one))
)
def test_another_trainings_results_are_not_taken_for_this_ones(tmp_path: Path, change):
    begin(tmp_path, TRAINING)
    (tmp_path / "soup").mkdir()
    (name,) = change
    was = re.escape(f"results (soup) of another training: {name} was {TRAINING[name]}. Name another")
    with pytest.raises(KummerkastenError, match=was):
        begin(tmp_path, TRAINING | change)
    begin(tmp_path, TRAINING)


def test_results_of_nobody_knows_which_training_are_refused(tmp_path: Path):
    (tmp_path / "base").mkdir()
    with pytest.raises(KummerkastenError, match=r"holds results \(base\) and no course.json"):
        begin(tmp_path, TRAINING)


def test_what_left_no_results_stands_in_nobodys_way(tmp_path: Path):
    begin(tmp_path, {**TRAINING, "base": "mistyped"})
    begin(tmp_path, TRAINING)
    assert json.loads((tmp_path / "course.json").read_text())["base"] == "base"


# what can be gone on from


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """The shipped configuration and tokenizer, with heads of zeros."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(SHIPPED / name, tmp_path / name)
    nought = np.zeros(768, np.float32)
    Probe(nought, nought + 1, np.zeros((768, len(COLUMNS)), np.float32), np.zeros(len(COLUMNS), np.float32)).save(tmp_path)
    return tmp_path


def test_a_whole_model_can_be_gone_on_from(start):
    check_start(start)


@pytest.mark.parametrize("name", ["probe.npz", "config.json", "tokenizer.json"])
def test_a_model_that_lacks_a_part_is_refused_with_how_to_get_one(start, name):
    (start / name).unlink()
    with pytest.raises(KummerkastenError, match=rf"{name} missing. `--start nlp/model` goes on from the model that ships"):
        check_start(start)


def test_heads_that_answer_other_questions_are_refused(start):
    nought = np.zeros(768, np.float32)
    Probe(nought, nought + 1, np.zeros((768, 12), np.float32), np.zeros(12, np.float32)).save(start)
    with pytest.raises(KummerkastenError, match=rf"heads of the shape \(768, 12\) where \(768, {len(COLUMNS)}\) is trained"):
        check_start(start)


def test_a_tokenizer_of_another_vocabulary_is_refused(start):
    config = json.loads((start / "config.json").read_text()) | {"vocab_size": 1_000}
    (start / "config.json").write_text(json.dumps(config))
    with pytest.raises(KummerkastenError, match="a tokenizer of 63180 pieces where its encoder knows 1000"):
        check_start(start)


def test_a_model_of_its_own_is_gone_on_from_where_it_lies(start, tmp_path: Path):
    assert ready(start, tmp_path / "work") == start
    assert not (tmp_path / "work").exists()


def test_a_model_that_ships_is_unpacked_first_and_only_once(tmp_path: Path):
    pytest.importorskip("onnx", reason="unpacking needs the extra: pip install 'kummerkasten[train]'")
    found = ready(SHIPPED, tmp_path)
    assert {"model.safetensors", "probe.npz"} <= {one.name for one in found.iterdir()}
    (found / "probe.npz").touch()
    before = (found / "probe.npz").stat().st_mtime_ns
    assert ready(SHIPPED, tmp_path) == found
    assert (found / "probe.npz").stat().st_mtime_ns == before


def test_half_a_model_that_ships_is_refused(tmp_path: Path):
    (tmp_path / "encoder.onnx").touch()
    with pytest.raises(KummerkastenError, match=r"is no model to go on from: heads.npz, config.json, .* missing"):
        check_start(tmp_path)


def test_a_graph_that_is_none_of_ours_is_refused(tmp_path: Path):
    pytest.importorskip("onnx", reason="unpacking needs the extra: pip install 'kummerkasten[train]'")
    model = shutil.copytree(SHIPPED, tmp_path / "model")
    (model / "encoder.onnx").write_text("not a graph")
    with pytest.raises(KummerkastenError, match="cannot be read as ONNX"):
        ready(model, tmp_path / "work")
    assert not (tmp_path / "work" / "start").exists()


def test_a_model_signs_as_its_card_says_and_else_with_its_folder(start):
    assert signature_of(start) == start.name
    (start / "card.json").write_text('{"name": "mine", "version": "3"}')
    assert signature_of(start) == "mine@3"
