"""The benchmark of the tagger compares the same weights, or says that it has not compared."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bench import tagging
from bench.__main__ import ALL
from bench.tagging_fp32 import check, in_turns
from bench.tagging_memory import resident
from nlp.heads import COLUMNS, Heads, Numbers
from nlp.tagger import SHIPPED

with_torch = pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed (extra: train)")


def trained(folder: Path, weights: Numbers) -> Path:
    """Write heads as training leaves them."""
    wide = np.linspace(0.5, 2, len(weights), dtype=np.float32)
    plain = {"mean": np.zeros_like(wide), "spread": wide, "weights": weights * wide[:, None]}
    np.savez(folder / "probe.npz", bias=np.zeros(weights.shape[1], np.float32), **plain)
    return folder


@with_torch
def test_heads_that_were_only_calibrated_are_those_that_ship(tmp_path: Path):
    shipped = Heads.load(SHIPPED).weights
    check(trained(tmp_path, shipped * np.linspace(0.3, 3, shipped.shape[1], dtype=np.float32)))


@with_torch
@pytest.mark.parametrize("change", ["another head", "another width"])
def test_weights_of_another_model_are_refused(tmp_path: Path, change: str):
    shipped = Heads.load(SHIPPED).weights
    column = COLUMNS.index("friction:payment")
    other = shipped.copy() if change == "another head" else shipped[:100]
    other[:, column] += np.linalg.norm(shipped[:, column]) / 2_000  # as far as a little more training moves it
    with pytest.raises(ValueError, match="friction:payment points elsewhere" if change == "another head" else "shape"):
        check(trained(tmp_path, other))


@pytest.mark.parametrize(
    ("weights", "reason"),
    [(None, "no --weights FOLDER is given"), ("nowhere/student", "there is no nowhere/student")],
)
def test_what_was_not_compared_is_said(weights: str | None, reason: str):
    assert tagging.unmeasured(weights).startswith(reason)


def test_where_torch_is_missing_that_is_said(tmp_path: Path):
    assert ("torch is not installed" in tagging.unmeasured(str(tmp_path))) == (not find_spec("torch"))


def test_the_written_table_always_asks_for_the_comparison_and_the_memory():
    assert {"--weights", "--count"} <= set(ALL["tagging"])


def test_each_side_gets_the_same_batches_and_as_many_turns():
    heard: dict[str, list[str]] = {"one": [], "other": []}
    batches = [["a", "b"], ["c"]]
    rates = in_turns({name: given.extend for name, given in heard.items()}, batches)
    assert heard["one"] == heard["other"]
    assert {len(measured) for measured in rates.values()} == {5}


def test_memory_is_what_is_held_now_and_not_what_was_once_held():
    before = resident()
    held = np.ones(8_000_000)
    assert resident() - before > held.nbytes / 2**20 - 10
    del held
    assert resident() - before < 20


def test_no_two_texts_of_the_stream_are_alike():
    some = list(tagging.texts(5_000))
    assert len(set(some)) == len(some)
    assert {len(text.split()) for text in some} == {tagging.WORDS}
