"""What ships as int8 can be had back as a folder of transformers that says the same, and from which training goes on."""

import json
import shutil
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from nlp.bert import READS, THREEFOLD, shapes
from nlp.heads import CHOSEN, COLUMNS, FIRST, YES_OR_NO, Heads, Numbers
from nlp.tagger import SHIPPED, OnnxTagger
from nlp.train_data import HOME, Row, authored, part_of
from nlp.unpack import UnknownGraph, main, numbers_of, unpack, weights

pytestmark = pytest.mark.filterwarnings("ignore")  # of torch's exporter
EXTRA = "needs the extra: pip install 'kummerkasten[train]'"
with_onnx = pytest.mark.skipif(not find_spec("onnx"), reason=EXTRA)
with_torch = pytest.mark.skipif(not (find_spec("torch") and find_spec("onnx")), reason=EXTRA)
CONFIG = json.loads((SHIPPED / "config.json").read_text(encoding="utf-8"))


def log_odds(chances: Numbers) -> Numbers:
    inside = np.clip(chances.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside))


# a tiny encoder, there and back


@pytest.fixture(scope="module", params=["fresh", "grown"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small encoder: fresh, where all biases are equal and share a name in the graph, or with every number of its own."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("base")
    small = {"hidden_size": 24, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 10}
    torch.manual_seed(7)
    encoder = BertModel(BertConfig(vocab_size=63_180, pad_token_id=1, **small), add_pooling_layer=False)
    with torch.no_grad():
        for number in encoder.parameters() if request.param == "grown" else ():
            number.add_(torch.randn_like(number) * 0.2)
    encoder.save_pretrained(folder)
    AutoTokenizer.from_pretrained(SHIPPED).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def exported(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That encoder as int8, with heads of chance."""
    from nlp.export import export

    folder, chance = tmp_path_factory.mktemp("model"), np.random.default_rng(7)
    export(str(base), folder)
    drawn = chance.normal(size=(48, len(COLUMNS))).astype(np.float32), chance.normal(size=len(COLUMNS)).astype(np.float32)
    Heads(*drawn, dict.fromkeys(YES_OR_NO, 0.5), {"name": "tiny", "version": "1"}).save(folder)
    return folder


@pytest.fixture(scope="module")
def back(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("back")
    unpack(exported, folder)
    return folder


@with_torch
def test_every_number_comes_back_to_within_a_step_of_int8(base, exported, back):
    before, after = load_file(base / "model.safetensors"), load_file(back / "model.safetensors")
    held = numbers_of(exported / "encoder.onnx")
    assert set(after) == set(before)
    for name, one in before.items():
        assert after[name].dtype == np.float32
        if name == "embeddings.word_embeddings.weight":
            step = np.abs(one).max(axis=1, keepdims=True) / 127
        elif one.ndim == 2 and name.startswith("encoder."):  # weights are turned up where their channel is turned down
            step = np.abs(one / volume_of(held, name)).max(axis=1, keepdims=True) / 127 * volume_of(held, name)
        else:
            step = 0
        assert (np.abs(after[name] - one) <= 0.51 * step + 1e-6).all(), name


def volume_of(held: dict[str, np.ndarray], name: str) -> Numbers:
    part = name.removesuffix(".weight")
    return held.get(f"{part.rpartition('.')[0] if part.endswith(THREEFOLD) else part}.volume", np.ones(1, np.float32))


@with_torch
def test_each_channel_has_a_volume_and_the_loudest_are_multiplied_apart(base, exported):
    held, before = numbers_of(exported / "encoder.onnx"), load_file(base / "model.safetensors")
    assert sum(name.endswith(".volume") for name in held) == 10 * (len(READS) - 1)
    loud, apart = held["encoder.layer.9.output.dense.loud"], held["encoder.layer.9.output.dense.apart"]
    assert apart == pytest.approx(before["encoder.layer.9.output.dense.weight"][:, loud].T)
    assert not held["encoder.layer.9.output.dense.weight"][loud].any()


@with_torch
def test_the_tiny_encoder_says_the_same_before_and_after(base, exported, back):
    from nlp.finetune import features, load, predict
    from nlp.lessons import tokenised

    texts = ["Die Zahlung geht nicht", "where is the checkout button? It was here yesterday.", "Danke!"]
    tokens, heads = tokenised(str(base), texts), Heads.load(exported)
    before, after = (heads.logits(features(load(str(folder)), tokens)) for folder in (base, back))
    assert np.abs(after - before).mean() < 0.05 * before.std()
    assert predict(str(back), tokens) == pytest.approx(heads.probabilities(features(load(str(back)), tokens)), abs=1e-4)


@with_torch
@pytest.mark.parametrize("base", ["grown"], indirect=True)
def test_training_goes_on_from_it(base, back, tmp_path):
    from nlp.course import Course
    from nlp.lessons import Plan
    from nlp.train import run_distil

    class Small(Course):
        @cached_property
        def rows(self) -> dict[str, list[Row]]:
            return {part: [row for row in authored() if part_of(row) == part][:24] for part in ("train", "dev", "test")}

    course = Small(str(base), tmp_path / "work", start=back, student=Plan(epochs=1, batch=8))
    run_distil(course)
    before, after = load_file(back / "model.safetensors"), load_file(course.folder("student") / "model.safetensors")
    assert set(after) == set(before)
    key = "encoder.layer.9.output.dense.weight"
    assert 0 < np.abs(after[key] - before[key]).max() < 0.01


# the model that ships


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shipped")
    main(["--model", str(SHIPPED), "--out", str(folder)])
    return folder


@with_torch
def test_transformers_finds_every_weight_of_the_shipped_encoder(shipped):
    from transformers import AutoModel

    encoder, said = AutoModel.from_pretrained(shipped, add_pooling_layer=False, output_loading_info=True)
    assert not any(said[what] for what in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert {name: tuple(one.shape) for name, one in encoder.state_dict().items()} == shapes(CONFIG)


@with_torch
def test_what_is_unpacked_says_what_the_tagger_says(shipped):
    from nlp.finetune import predict
    from nlp.lessons import tokenised

    rows = [row["text"] for row in authored() if part_of(row) == "test" and row["lang"] in HOME]
    texts = rows[:: len(rows) // 30][:30]
    tagger = OnnxTagger.load()
    expected = tagger.heads.probabilities(tagger.encoder.encode(texts))
    said = predict(str(shipped), tokenised(str(shipped), texts))
    assert np.abs(log_odds(said) - log_odds(expected)).mean() < 0.3
    agreed = [said[:, chosen].argmax(axis=1) == expected[:, chosen].argmax(axis=1) for chosen in CHOSEN.values()]
    limits = [tagger.heads.thresholds[key] for key in YES_OR_NO]
    yes, expected_yes = said[:, FIRST:] >= limits, expected[:, FIRST:] >= limits
    assert np.mean(agreed) >= 0.97
    assert (yes & expected_yes).sum() >= 0.9 * (yes | expected_yes).sum() > 0  # most are no, so a share of all would say little
    assert (yes == expected_yes).mean() >= 0.97


@with_onnx
def test_thresholds_and_tokenizer_come_along(shipped):
    for name in ("card.json", "tokenizer.json", "tokenizer_config.json"):
        assert (shipped / name).read_bytes() == (SHIPPED / name).read_bytes()


@with_onnx
def test_the_configuration_comes_along_but_for_the_code_that_reads_onnx(shipped):
    before, after = (json.loads((folder / "config.json").read_text()) for folder in (SHIPPED, shipped))
    assert before == after | {"auto_map": {"AutoModel": "modeling_kummerkasten.KummerkastenModel"}}


@with_onnx
def test_unpacking_twice_is_unpacking_once(shipped):
    before = (shipped / "model.safetensors").read_bytes()
    unpack(SHIPPED, shipped)
    assert (shipped / "model.safetensors").read_bytes() == before


# what cannot be unpacked


@pytest.fixture(scope="module")
def held() -> dict[str, np.ndarray]:
    return numbers_of(SHIPPED / "encoder.onnx")


@with_onnx
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "xlm-roberta"}, "config.json speaks of a xlm-roberta with gelu"),
        ({"hidden_act": "relu"}, "config.json speaks of a bert with relu"),
        ({"num_hidden_layers": 6}, r"the graph holds encoder.layer.6.\S+, of which config.json does not speak"),
        ({"num_hidden_layers": 13}, r"the graph does not hold encoder.layer.12.\S+, of which config.json speaks"),
        ({"intermediate_size": 768}, r"intermediate.dense.weight has the shape \(1536, 384\) in the graph and \(768, 384\)"),
        ({"vocab_size": 250_037}, r"has the shape \(63180, 384\) in the graph and \(250037, 384\) by config.json"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(held, change, message):
    with pytest.raises(UnknownGraph, match=message):
        weights(held, CONFIG | change)


@with_onnx
def test_a_graph_without_the_names_of_transformers_is_refused(held):
    with pytest.raises(UnknownGraph, match=r"does not hold embeddings.word_embeddings.weight.*export it again"):
        weights({f"onnx::{number}": one for number, one in enumerate(held.values())}, CONFIG)


@with_onnx
def test_what_is_no_onnx_is_refused(tmp_path, capsys):
    model = shutil.copytree(SHIPPED, tmp_path / "model", ignore=shutil.ignore_patterns("encoder.onnx"))
    (model / "encoder.onnx").write_bytes(b"<html>not found</html>")
    with pytest.raises(SystemExit):
        main(["--model", str(model), "--out", str(tmp_path / "out")])
    assert "encoder.onnx cannot be read as ONNX" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_tagger_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--model", str(tmp_path), "--out", str(tmp_path / "out")])
    assert "is no folder of a tagger that ships: encoder.onnx, heads.npz, config.json" in capsys.readouterr().err


def test_nothing_is_unpacked_over_what_ships(capsys):
    with pytest.raises(SystemExit):
        main(["--out", str(SHIPPED)])
    assert "is the folder that is unpacked; name another one" in capsys.readouterr().err
    assert not (SHIPPED / "model.safetensors").exists()


def test_heads_of_another_encoder_are_refused(tmp_path):
    model = shutil.copytree(SHIPPED, tmp_path / "model")
    heads = Heads.load(model)
    replace(heads, weights=heads.weights[:384]).save(model)
    with pytest.raises(ValueError, match="reads 384 numbers of a text, and the encoder gives 768"):
        unpack(model, tmp_path / "out")


@pytest.mark.skipif(bool(find_spec("onnx")), reason="onnx is installed")
def test_without_onnx_it_says_what_to_install(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "out")])
    assert "pip install 'kummerkasten[train]'" in capsys.readouterr().err
