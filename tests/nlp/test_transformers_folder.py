"""transformers reads our folders: tokenizer and configuration of what ships, and the whole model that training leaves."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoConfig, AutoTokenizer

from nlp.encoder import PREFIX, WIDTH, Encoder
from nlp.heads import COLUMNS
from nlp.tagger import SHIPPED, tagger

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
with_torch = pytest.mark.skipif(not find_spec("torch"), reason="training needs the extra: pip install 'kummerkasten[train]'")


def test_the_shipped_tokenizer_reads_as_the_tagger_does():
    text = "Die Zahlung geht nicht; where is the checkout button? 😡 Köln Straße"
    places = Encoder(SHIPPED).places(text)
    read = AutoTokenizer.from_pretrained(SHIPPED)(PREFIX + text, return_offsets_mapping=True)["offset_mapping"]
    assert [end for _, end in places] == [end - len(PREFIX) for _, end in read if end > len(PREFIX)]


def test_the_shipped_configuration_is_that_of_the_encoder():
    config, tokenizer = AutoConfig.from_pretrained(SHIPPED), AutoTokenizer.from_pretrained(SHIPPED)
    assert (config.architectures, config.hidden_size) == (["BertModel"], WIDTH)
    assert config.vocab_size == len(tokenizer)
    assert config.pad_token_id == tokenizer.pad_token_id
    assert config.max_position_embeddings == tokenizer.model_max_length


def test_what_ships_beside_the_model_is_small():
    assert sum((SHIPPED / name).stat().st_size for name in ("config.json", "tokenizer_config.json")) < 4_000


def test_all_that_ships_of_the_model_is_under_60_megabytes():
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 60e6


@with_torch
def test_transformers_loads_the_folder_that_ships():
    import torch
    from transformers import AutoModel

    from nlp.unpack import numbers_of, weights

    encoder = AutoModel.from_pretrained(SHIPPED, trust_remote_code=True)
    expected = weights(numbers_of(SHIPPED / "encoder.onnx"), encoder.config.to_dict())
    assert {name: tuple(one.shape) for name, one in encoder.named_parameters()} == {
        name: one.shape for name, one in expected.items()
    }
    assert all(torch.equal(one, torch.from_numpy(expected[name])) for name, one in encoder.named_parameters())
    by_its_class = type(encoder).from_pretrained(SHIPPED)
    assert all(torch.equal(one, by_its_class.get_parameter(name)) for name, one in encoder.named_parameters())


@with_torch
def test_it_says_with_its_heads_what_the_tagger_says():
    import torch
    from transformers import AutoModel

    text = "Die Zahlung mit PayPal geht nicht, seit Stunden!"
    tokenizer, encoder = AutoTokenizer.from_pretrained(SHIPPED), AutoModel.from_pretrained(SHIPPED, trust_remote_code=True).eval()
    with np.load(SHIPPED / "heads.npz") as heads, torch.no_grad():  # as docs/other-models.md has it
        states = encoder(**tokenizer("query: " + text, return_tensors="pt"), output_hidden_states=True).hidden_states
        vector = np.concatenate([states[layer].mean(dim=1).numpy() for layer in (-1, 9)], axis=1)
        logits = vector @ heads["weights"] + heads["bias"]
    chance = 1 / (1 + np.exp(-logits[0, COLUMNS.index("friction:payment")]))
    assert chance == pytest.approx(tagger().tag([text])[0].probabilities["friction:payment"], abs=0.05)
    assert chance > 0.9


@with_torch
def test_what_is_saved_of_it_needs_no_code_of_ours(tmp_path):
    import torch
    from transformers import AutoModel

    encoder = AutoModel.from_pretrained(SHIPPED, trust_remote_code=True)
    encoder.save_pretrained(tmp_path)
    plain, again = (AutoModel.from_pretrained(tmp_path, trust_remote_code=ours) for ours in (False, True))
    for name, one in encoder.named_parameters():
        assert torch.equal(one, plain.get_parameter(name))
        assert torch.equal(one, again.get_parameter(name))


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """The folder that training leaves, of a tiny encoder with random weights."""
    from transformers import BertConfig, BertModel

    from nlp.finetune import LAYERS, Tagger, save
    from nlp.lessons import Probe

    tokenizer = AutoTokenizer.from_pretrained(SHIPPED)
    size: dict[str, Any] = {"vocab_size": len(tokenizer), "hidden_size": 8, "intermediate_size": 16, "pad_token_id": 1}
    base, out = tmp_path / "base", tmp_path / "teacher-0"
    BertModel(BertConfig(num_hidden_layers=10, num_attention_heads=2, **size), add_pooling_layer=False).save_pretrained(base)
    tokenizer.save_pretrained(base)
    chance, width = np.random.default_rng(7), len(LAYERS) * 8
    weights = chance.normal(size=(width, len(COLUMNS))).astype(np.float32)
    probe = Probe(np.zeros(width, np.float32), np.ones(width, np.float32), weights, np.zeros(len(COLUMNS), np.float32))
    save(Tagger(str(base), probe), str(base), out)
    return out


@with_torch
def test_what_training_leaves_is_a_folder_of_transformers_with_the_heads_beside_it(trained):
    import torch
    from transformers import AutoModel

    from nlp.finetune import predict
    from nlp.lessons import tokenised

    text = "Die Zahlung geht nicht"
    tokenizer = AutoTokenizer.from_pretrained(trained)
    encoder = AutoModel.from_pretrained(trained, add_pooling_layer=False).eval()
    with np.load(trained / "probe.npz") as probe, torch.no_grad():  # as docs/other-models.md has it
        states = encoder(**tokenizer("query: " + text, return_tensors="pt"), output_hidden_states=True).hidden_states
        vector = np.concatenate([states[layer].mean(dim=1).numpy() for layer in (-1, 9)], axis=1)
        logits = (vector - probe["mean"]) / probe["spread"] @ probe["weights"] + probe["bias"]
    urgent = COLUMNS.index("urgent")
    expected = predict(str(trained), tokenised(str(trained), [text]))[0, urgent]
    assert 1 / (1 + np.exp(-logits[0, urgent])) == pytest.approx(expected, abs=1e-4)


@with_torch
def test_what_is_shipped_from_it_can_be_read_by_transformers_too(trained, tmp_path):
    from transformers import AutoModel

    from nlp.export import export

    export(str(trained), tmp_path / "model")
    assert len(AutoTokenizer.from_pretrained(tmp_path / "model")) == AutoConfig.from_pretrained(tmp_path / "model").vocab_size
    assert (tmp_path / "model" / "encoder.onnx").is_file()
    found = AutoModel.from_pretrained(tmp_path / "model", trust_remote_code=True)
    assert found.config.num_hidden_layers == 10
    assert found.get_parameter("embeddings.word_embeddings.weight").shape == (found.config.vocab_size, 8)
