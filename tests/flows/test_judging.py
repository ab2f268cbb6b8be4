"""`kummerkasten evaluate` prints what it promises, and writes down only what was measured on today's texts."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from nlp.heads import CHOICES
from nlp.tagger import SHIPPED, tagger
from nlp.train_data import HOME, authored, part_of

pytestmark = pytest.mark.skipif(not (SHIPPED / "encoder.onnx").is_file(), reason="the tagger's model is not here")


def kk(*words: object, code: int = 0, columns: int = 160) -> Result:
    done = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["evaluate", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The shipped tagger with a card of its own."""
    folder = tmp_path / "model"
    folder.mkdir()
    for path in SHIPPED.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "card.json").unlink()
    shutil.copy(SHIPPED / "card.json", folder)
    return folder


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    test = [row for row in authored() if part_of(row) == "test"]
    rows = [row for language in HOME for row in [row for row in test if row["lang"] == language][:35]]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_it_prints_labels_languages_kinds_doubts_and_the_worst_label(texts: Path) -> None:
    said = kk(texts).output
    for promised in (
        "mine, 70 texts",
        "language accuracy",
        "friction:payment",
        "sentiment:negative",
        "precision",
        "language: de",
        "calibration error",
        "friction, p > 0.1",
        "right among the surest answers",
        "50%",
        "of all answers unsure",
        "without the unsure",
        "Worst labels with ten texts or more on “mine”: ",
    ):
        assert promised in said, promised
    assert "aim" not in said, "aims are about the project's own texts"


def test_a_narrow_terminal_loses_nothing(texts: Path) -> None:
    said = "".join(kk(texts, columns=80).output.split())
    assert "friction:payment" in said
    assert "…" not in said


def test_old_figures_of_other_choices_are_not_carried_to_other_texts(model: Path, texts: Path) -> None:
    before = json.loads((model / "card.json").read_text("utf-8"))
    before["evaluation"] = {"choices": [{"name": "rules", "figures": {}}], "basis": {"texts": {"train": 1}}}
    (model / "card.json").write_text(json.dumps(before), "utf-8")
    done = kk(texts, "--model", model, "--write", code=2)
    assert "--baselines" in " ".join(done.output.split())
    assert json.loads((model / "card.json").read_text("utf-8")) == before


def test_what_is_written_down_can_be_written_again_and_is_read_by_the_dashboard(model: Path, texts: Path) -> None:
    from dashboard import cards

    card = json.loads((model / "card.json").read_text("utf-8"))
    (model / "card.json").write_text(json.dumps(card | {"evaluation": {}}), "utf-8")
    kk(texts, "--model", model, "--write")
    found = json.loads((model / "card.json").read_text("utf-8"))["evaluation"]
    assert found["basis"] == {"texts": card["texts"], "licensed": card["licensed"], "set": "mine", "read": 70}
    choices = [{"name": "rules", "figures": {"friction micro-F1": [0.4, 0.3, 0.5]}}]
    (model / "card.json").write_text(json.dumps(card | {"evaluation": found | {"choices": choices}}), "utf-8")
    tagger.cache_clear()  # another run of the command begins
    kk(texts, "--model", model, "--write")
    assert json.loads((model / "card.json").read_text("utf-8"))["evaluation"]["choices"] == choices
    read = cards.read(model)
    assert read is not None
    assert read.evaluation is not None
    (one,) = read.evaluation.sets
    assert one.unsure is not None
    assert one.calibration_likely
    precision = next(label.precision for label in one.labels["friction"] if label.key == "friction:payment")
    assert precision[1] <= precision[0] <= precision[2]


@pytest.mark.parametrize("option", ["--model", "--real", "--licensed", "--base"])
def test_a_folder_that_is_not_there_is_named(texts: Path, option: str) -> None:
    assert "There is no folder nowhere" in " ".join(kk(texts, option, "nowhere", code=2).output.split())


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"text": "a", "sentiment": "angry"}, f"line 1: sentiment is one of {', '.join(CHOICES['sentiment'])}"),
        ({"text": "a", "friction": "payment"}, "line 1: friction is a list of topics"),
        ({"text": "a", "lang": None}, "line 1: lang is a language's code"),
    ],
)
def test_an_answer_that_there_is_not_is_named_with_its_line(tmp_path: Path, row: dict[str, object], says: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(row) + "\n", "utf-8")
    assert says in " ".join(kk(path, code=2).output.split())


def test_figures_that_cannot_be_written_down_are_shown_all_the_same(model: Path, texts: Path) -> None:
    (model / "card.json").write_text(
        json.dumps(json.loads((model / "card.json").read_text("utf-8")) | {"evaluation": {}}), "utf-8"
    )
    before = tagger(model)
    (model / "card.json").unlink()
    (model / "card.json").mkdir()  # even root cannot put a file in its place
    assert before is tagger(model)
    done = " ".join(kk(texts, "--model", model, "--write", code=2).output.split())
    assert "friction:payment" in done
    assert "The figures cannot be written into" in done


def test_the_shipped_figures_are_never_replaced_by_those_of_somebody_s_own_texts(texts):
    before = (SHIPPED / "card.json").read_bytes()
    assert "leave FILES out" in " ".join(kk(texts, "--write", code=2).output.split())
    assert (SHIPPED / "card.json").read_bytes() == before
