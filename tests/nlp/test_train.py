"""Training goes its whole way, from an encoder to a tagger that reads; it runs where torch is installed (extra ``train``)."""

from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from nlp.heads import COLUMNS
from nlp.tagger import SHIPPED, OnnxTagger
from nlp.train_data import Row, authored, part_of

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
pytestmark = pytest.mark.filterwarnings("ignore")  # of torch's exporter


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small encoder with the shipped tokenizer."""
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("base")
    small = {"hidden_size": 24, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 10}
    BertModel(BertConfig(vocab_size=63_180, pad_token_id=1, **small), add_pooling_layer=False).save_pretrained(folder)
    AutoTokenizer.from_pretrained(SHIPPED).save_pretrained(folder)
    return folder


def test_the_whole_course_ends_in_a_tagger_that_reads(base: Path, tmp_path: Path):
    from nlp.finetune import Plan
    from nlp.train import Course, run_adapt, run_distil, run_ship, run_teacher

    class Small(Course):
        @cached_property
        def rows(self) -> dict[str, list[Row]]:
            return {part: [row for row in authored() if part_of(row) == part][:40] for part in ("train", "dev", "test")}

    once = Plan(epochs=1, batch=8)
    course = Small(str(base), tmp_path / "work", teachers=2, adaptation=1, plan=once, student=once)
    run_adapt(course)
    for number in range(course.teachers):
        run_teacher(course, number)
    run_distil(course)
    run_ship(course, tmp_path / "model", "1")
    tagger = OnnxTagger.load(tmp_path / "model")
    (reading,) = tagger.tag(["PayPal geht nicht"])
    assert reading.model == "kummerkasten-e5-small@1"
    assert set(reading.probabilities) == set(COLUMNS)
    assert course.folder("student").exists()


def test_what_is_masked_teaches_nothing():
    from nlp.finetune import loss

    chance = torch.Generator().manual_seed(1)
    logits = torch.randn((4, len(COLUMNS)), generator=chance, requires_grad=True)
    mask = torch.zeros((4, len(COLUMNS)))
    mask[:, 0:3] = 1
    truth = torch.zeros_like(mask)
    truth[:, 0] = 1
    loss(logits, truth, mask, torch.ones(4)).backward()
    assert logits.grad is not None
    assert logits.grad[:, :3].abs().sum() > 0
    assert logits.grad[:, 3:].abs().sum() == 0


def test_a_probe_finds_what_can_be_told_by_a_line():
    from nlp.finetune import regress

    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(300, 8)).astype(np.float32)
    truth = np.zeros((300, len(COLUMNS)), np.float32)
    truth[:, -1] = vectors[:, 2] > 0
    mask = np.zeros_like(truth)
    mask[:, -1] = 1
    weights, bias = regress(vectors, truth, mask, np.ones(300, np.float32)).folded()
    said = vectors @ weights[:, -1] + bias[-1] > 0
    assert (said == (truth[:, -1] > 0.5)).mean() > 0.95
