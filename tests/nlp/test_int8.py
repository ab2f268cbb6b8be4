"""Numbers in eight bits: near what they stand for, whatever single channels shout."""

import shutil
from importlib.util import find_spec

import numpy as np
import pytest

from desk.errors import ConfigurationError
from nlp.encoder import Encoder, alike
from nlp.int8 import Range, loudest, rounded, volumes
from nlp.tagger import SHIPPED


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(3)


def in_steps(states: np.ndarray, met: Range) -> np.ndarray:
    step, zero = met.steps
    return (np.clip(np.rint(states / step) + int(zero), 0, 255) - int(zero)) * step


def test_a_weight_is_within_half_a_step_of_what_it_was(chance):
    weight = chance.normal(size=(6, 40)).astype(np.float32)
    numbers, scale = rounded(weight)
    assert numbers.dtype == np.int8
    assert np.abs(numbers * scale[:, None] - weight).max() <= 0.5001 * scale.max()


def test_a_row_of_nothing_stays_nothing():
    numbers, scale = rounded(np.zeros((2, 4), np.float32))
    assert not numbers.any()
    assert np.isfinite(scale).all()


def test_zero_is_a_whole_step_and_the_range_is_covered():
    met = Range(np.array([-0.17, 0.0], np.float32), np.array([2.0, 8.0], np.float32))
    step, zero = met.steps
    assert (0 - int(zero)) * step <= -0.16
    assert (255 - int(zero)) * step >= 7.95
    assert in_steps(np.zeros(1), met) == 0


def test_volumes_leave_the_product_what_it_was_and_make_its_steps_finer(chance):
    states, weight = chance.normal(size=(200, 16)), chance.normal(size=(8, 16)).astype(np.float32)
    states[:, 3] *= 60
    met = Range(states.min(axis=0).astype(np.float32), states.max(axis=0).astype(np.float32))
    volume = volumes(met, [weight], 0.7)
    exact = states @ weight.T
    assert (states * volume) @ (weight / volume).T == pytest.approx(exact, abs=1e-3)

    def error(states: np.ndarray, weight: np.ndarray, met: Range) -> float:
        numbers, scale = rounded(weight.astype(np.float32))
        return float(np.abs(in_steps(states, met) @ (numbers * scale[:, None]).T - exact).mean())

    assert error(states * volume, weight / volume, met.turned(volume)) < 0.5 * error(states, weight, met)


def test_the_channel_that_a_step_costs_most_is_found_and_left_out():
    met = Range(np.array([-1, -50, -1], np.float32), np.array([1, 3, 1], np.float32))
    weight = np.array([[1, 1, 1], [1, 1, 30]], np.float32)
    assert loudest(met, weight, 1).tolist() == [1]
    assert loudest(met, weight, 2).tolist() == [1, 2]
    assert met.without(np.array([1])).peak.max() == 1


def test_texts_of_equal_length_are_read_together_the_longest_first():
    assert alike([5, 9, 5, 5]) == [[1], [0, 2, 3]]
    assert alike([4] * 19) == [list(range(8)), list(range(8, 16)), [16, 17, 18]]
    assert alike([]) == []


@pytest.mark.skipif(not find_spec("onnx"), reason="needs the extra: pip install 'kummerkasten[train]'")
def test_an_encoder_of_another_version_is_refused_with_what_to_do(tmp_path):
    import onnx
    from onnx import TensorProto, helper

    takes = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"]) for name in ("input_ids", "attention_mask")]
    gives = [helper.make_tensor_value_info("last", TensorProto.INT64, [1, "n"])]
    graph = helper.make_graph([helper.make_node("Add", ["input_ids", "attention_mask"], ["last"])], "old", takes, gives)
    model = shutil.copytree(SHIPPED, tmp_path / "model")
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), model / "encoder.onnx")
    with pytest.raises(ConfigurationError, match="exported by another version; export it again"):
        Encoder(model).encode(["Hallo"])
