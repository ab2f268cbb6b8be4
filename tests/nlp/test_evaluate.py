"""Figures about a tagger are what their formulas say, and what nobody labelled counts for nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from flows.cli import app
from nlp import card, evaluate, metrics
from nlp.calibrate import calibrate, lowest
from nlp.heads import COLUMNS, YES_OR_NO
from nlp.tagger import SHIPPED
from nlp.train_data import HOME, authored, digest, part_of, targets

ROWS = [
    {"text": "a", "lang": "de", "sentiment": "negative", "intent": "complaint"}
    | {"needs_reply": 1, "urgent": 0, "friction": ["payment"], "praise": []},
    {"text": "b", "lang": "en", "sentiment": "positive", "intent": "praise"}
    | {"needs_reply": 0, "urgent": 0, "friction": [], "praise": ["service"]},
    {"text": "c", "lang": "de", "sentiment": "neutral"},
]


def odds(*said: set[str]) -> np.ndarray:
    return np.array([[float(key in one) for key in COLUMNS] for one in said], np.float32)


def judged(*said: set[str]) -> evaluate.Judged:
    return evaluate.of_odds(ROWS[: len(said)], odds(*said), dict.fromkeys(YES_OR_NO, 0.5))


def test_whoever_says_everything_right_has_one_everywhere():
    right = judged(
        {"sentiment:negative", "intent:complaint", "needs_reply", "friction:payment"},
        {"sentiment:positive", "intent:praise", "praise:service"},
    )
    found = evaluate.figures(right)
    assert {name: figure.value for name, figure in found.items() if not name.startswith("urgent")} == {
        name: 1.0 for name in found if not name.startswith("urgent")
    }


def test_f1_counts_what_was_said_too_much_and_what_was_missed():
    wrong = judged({"sentiment:negative", "friction:payment", "friction:checkout"}, {"sentiment:negative"})
    assert evaluate.figures(wrong)["friction micro-F1"].value == pytest.approx(2 / 3)
    assert evaluate.figures(wrong)["sentiment accuracy"].value == 0.5
    payment = next(label for label in evaluate.labels(wrong, "friction") if label.key == "friction:payment")
    assert (payment.texts, payment.precision.value, payment.recall.value) == (1, 1.0, 1.0)


def test_what_a_text_does_not_answer_is_left_out():
    every = judged({"sentiment:negative"}, {"sentiment:positive"}, {"sentiment:neutral", "friction:payment", "urgent"})
    assert len(every.choice("sentiment")) == 3
    assert len(every.choice("intent")) == len(every.table("friction")) == len(every.table("urgent")) == 2


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=60)
def test_a_figure_lies_within_its_interval_and_between_nothing_and_one(said: list[tuple[bool, bool]]):
    truth, guess = (np.array(column)[:, None] for column in zip(*said, strict=True))
    one = metrics.interval(metrics.counts(truth, guess), metrics.micro)
    assert 0 <= one.low <= one.high <= 1
    assert 0 <= one.value <= 1


def test_more_texts_make_a_narrower_interval():
    few = metrics.counts(np.array([[True], [True], [False]] * 10), np.array([[True], [False], [False]] * 10))
    many = np.concatenate([few] * 20)
    wide, narrow = (metrics.interval(table, metrics.micro) for table in (few, many))
    assert narrow.high - narrow.low < (wide.high - wide.low) / 3


def test_true_probabilities_have_no_calibration_error_and_false_ones_have():
    chance = np.random.default_rng(1)
    stated = chance.uniform(size=(20_000, 1))
    truth = (chance.uniform(size=(20_000, 1)) < stated).astype(float)
    assert metrics.calibration_error(truth, stated) < 0.02
    assert metrics.calibration_error(truth, stated**4) > 0.2


def test_calibration_makes_boastful_probabilities_modest():
    chance = np.random.default_rng(2)
    logits = chance.normal(size=(4_000, len(COLUMNS))).astype(np.float32)
    truth = (chance.uniform(size=logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    fitted = calibrate(logits * 2, truth, np.ones_like(truth))
    assert abs(fitted.slope[COLUMNS.index("urgent")] - 0.5) < 0.06
    assert set(fitted.thresholds) == set(YES_OR_NO)
    assert all(0.15 <= limit <= 0.75 for limit in fitted.thresholds.values())


def test_a_limit_for_recall_is_the_lowest_at_which_four_of_five_are_right():
    odds = np.array([0.9, 0.8, 0.7, 0.6, 0.45, 0.3, 0.2], np.float32)
    truth = np.array([1, 1, 1, 1, 0, 1, 0], np.float32)
    assert 0.2 < lowest(odds, truth) < 0.3
    assert lowest(odds, np.ones(7, np.float32)) == pytest.approx(0.15)


def test_saying_nothing_where_one_is_unsure_makes_the_rest_better():
    right = np.array([True] * 80 + [False] * 20)
    curve = dict(metrics.abstention(right, np.linspace(1, 0, 100)))
    assert curve[1.0] == 0.8
    assert curve[0.8] == 1.0


def test_no_text_is_in_two_parts_and_unseen_sectors_are_never_trained_on():
    rows = authored()
    parts = {part: {digest(row["text"]) for row in rows if part_of(row) == part} for part in ("train", "dev", "test")}
    assert not parts["train"] & parts["test"]
    assert not parts["train"] & parts["dev"]
    assert not parts["dev"] & parts["test"]
    assert {row["sector"] for row in rows if part_of(row) == "train"}.isdisjoint({"insurance", "toys", "telehealth", "garden"})
    assert {row["lang"] for row in rows if part_of(row) == "train"} > set(HOME)
    assert {row["file"] for row in rows if part_of(row) != "test"}.isdisjoint({"es1", "fr1", "it1", "nl1", "pl1"})
    assert {row["file"] for row in rows if part_of(row) == "test"}.isdisjoint({"it5", "it6", "it7", "pl5"})
    assert len(rows) > 7_000


def test_a_topic_that_is_known_alone_masks_the_others():
    truth, mask = targets([{"text": "declined", "known": {"friction:payment": 1.0}}])
    assert mask.sum() == truth.sum() == 1
    assert truth[0, COLUMNS.index("friction:payment")] == 1


def test_the_card_says_what_its_json_says():
    said = json.loads((SHIPPED / "card.json").read_text(encoding="utf-8"))
    text = card.CARD.read_text(encoding="utf-8")
    assert f"{said['name']}@{said['version']}" in text
    for one in said["evaluation"]["sets"]:
        for value, low, high in one["figures"].values():
            assert f"{value:.3f} [{low:.3f}, {high:.3f}]" in text
    assert "{{" not in text


def test_evaluate_reads_labelled_lines_and_prints_figures(tmp_path: Path):
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in authored()[:12]), encoding="utf-8")
    done = CliRunner().invoke(app, ["evaluate", str(path), "--json"])
    assert done.exit_code == 0, done.output
    (one,) = json.loads(done.stdout)["sets"]
    assert (one["name"], one["texts"]) == ("mine", 12)
    assert 0 <= one["figures"]["friction micro-F1"][0] <= 1


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "holds no text"), ("{", "line 1: not JSON"), ('{"satz": "x"}', "line 1: a line is"), (None, "cannot be read")],
    ids=["empty", "no JSON", "no text", "no file"],
)
def test_evaluate_says_which_line_is_wrong(tmp_path: Path, content: str | None, says: str):
    path = tmp_path / "mine.jsonl"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    done = CliRunner().invoke(app, ["evaluate", str(path)])
    assert done.exit_code != 0
    assert says in " ".join(done.output.split()).replace("│", "")
