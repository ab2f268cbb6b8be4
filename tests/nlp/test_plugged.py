"""Any sequence classifier can be plugged in: it answers its question in the tagger's place, is pinned, and signs for it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from desk.classifier import Classifier, answering, without_plugged
from desk.errors import ConfigurationError
from desk.reading import Reading
from nlp import hub, sequence
from nlp.heads import CHOICES
from nlp.plugged import Plugged, Scorer, plugged, ready

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
with_torch = pytest.mark.skipif(not find_spec("torch"), reason="models of others run on torch: pip install 'kummerkasten[torch]'")

COMMIT = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
MOOD = {"bad": "negative", "meh": "neutral", "good": "positive"}
BASE = "tiny@1"
BEFORE = Reading(
    sentiment="neutral",
    intent="question",
    needs_reply=True,
    urgent=False,
    friction=("delivery", "payment"),
    praise=(),
    language="de",
    unsure=("sentiment", "urgent", "friction:payment"),
    probabilities={
        "sentiment:negative": 0.3,
        "sentiment:neutral": 0.4,
        "sentiment:positive": 0.3,
        "needs_reply": 0.9,
        "urgent": 0.4,
        "friction:delivery": 0.9,
        "friction:payment": 0.6,
    },
    model=BASE,
    embedding=b"\x00\x01",
)


@dataclass
class Base:
    """A tagger that says the same about every text; English ones begin with "The", empty ones are not read."""

    model: str = BASE

    def tag(self, texts: Sequence[str]) -> list[Reading]:
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> Reading:
        if not text:
            return Reading("neutral", "other", False, False, (), (), "und", (), {}, self.model, not_read="empty")
        return Reading(**{**vars(BEFORE), "model": self.model, "language": "en" if text.startswith("The") else "de"})


@dataclass
class Said:
    """A classifier that gives every text the same scores and notes what it was asked."""

    by_label: Mapping[str, float]
    many: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.by_label)

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([list(self.by_label.values())] * len(texts), np.float32)


def asked(answers: str, labels: Mapping[str, str], **more: Any) -> Classifier:
    return Classifier.model_validate({"model": "owner/mood", "revision": COMMIT, "answers": answers, "labels": labels} | more)


def read(classifier: Classifier, scorer: Scorer, texts: Sequence[str] = ("Hallo",)) -> list[Reading]:
    return Plugged(Base(), [classifier], opened=lambda _: scorer).tag(texts)


# ---- what becomes of a reading


def test_a_classifier_answers_its_question_and_nothing_else():
    (reading,) = read(asked("sentiment", MOOD), Said({"bad": 0.7, "meh": 0.2, "good": 0.1}))
    assert reading.sentiment == "negative"
    assert {key: reading.probabilities[key] for key in reading.probabilities if key.startswith("sentiment")} == {
        "sentiment:negative": 0.7,
        "sentiment:neutral": 0.2,
        "sentiment:positive": 0.1,
    }
    assert reading.unsure == ("urgent", "friction:payment")  # it is sure of the sentiment, of which the tagger was not
    for name in ("intent", "needs_reply", "urgent", "friction", "praise", "language", "embedding"):
        assert getattr(reading, name) == getattr(BEFORE, name)


def test_without_classifiers_the_tagger_itself_reads():
    base = Base()
    assert plugged(base, ()) is base


def test_the_signature_names_both():
    tagger = Plugged(Base(), [asked("sentiment", MOOD)], opened=lambda _: Said({"bad": 0.7, "meh": 0.2, "good": 0.1}))
    assert tagger.model == "tiny@1+owner/mood@1a2b3c4"
    assert tagger.tag(["Hallo"])[0].model == tagger.model


def test_the_signature_leads_back_to_the_tagger_itself_and_to_who_answered_what():
    sentiment, urgent = asked("sentiment", MOOD), asked("urgent", {"yes": "yes"}, model="owner/haste")
    signed = "tiny@1+3+owner/mood@1a2b3c4"
    assert without_plugged(signed) == "tiny@1+3"
    assert answering([urgent, sentiment], signed, "sentiment:negative") == sentiment
    assert answering([urgent, sentiment], signed, "sentiment") == sentiment
    assert answering([urgent, sentiment], signed, "urgent") is None  # it has not read this one
    assert answering([urgent, sentiment], "tiny@1+3", "sentiment:negative") is None


def test_two_classifiers_of_one_model_sign_once():
    both = [asked("sentiment", MOOD), asked("urgent", {"bad": "yes"})]
    tagger = Plugged(Base(), both, opened=lambda _: Said({"bad": 0.7, "meh": 0.2, "good": 0.1}))
    assert tagger.model == "tiny@1+owner/mood@1a2b3c4"
    assert (tagger.tag(["Hallo"])[0].sentiment, tagger.tag(["Hallo"])[0].urgent) == ("negative", True)


def test_a_choice_without_a_clear_winner_is_unsure():
    (reading,) = read(asked("sentiment", MOOD), Said({"bad": 0.45, "meh": 0.1, "good": 0.4}))
    assert (reading.sentiment, "sentiment" in reading.unsure) == ("negative", True)


def test_several_labels_may_mean_one_of_ours_and_those_not_named_do_not_count():
    stars = {"1 star": "negative", "2 stars": "negative", "3 stars": "neutral", "4 stars": "positive"}
    (reading,) = read(
        asked("sentiment", stars), Said({"1 star": 0.2, "2 stars": 0.2, "3 stars": 0.1, "4 stars": 0.3, "off topic": 0.2})
    )
    assert reading.probabilities["sentiment:negative"] == pytest.approx(0.5)
    assert sum(reading.probabilities[f"sentiment:{one}"] for one in CHOICES["sentiment"]) == pytest.approx(1, abs=1e-3)


def test_an_answer_that_no_label_means_is_never_given():
    (reading,) = read(asked("intent", {"a": "complaint", "b": "praise"}), Said({"a": 0.4, "b": 0.6}))
    assert (reading.intent, reading.probabilities["intent:question"]) == ("praise", 0.0)


@pytest.mark.parametrize(
    ("scores", "more", "yes", "unsure"),
    [
        pytest.param({"y": 0.8, "n": 0.2}, {}, True, False, id="from one half on"),
        pytest.param({"y": 0.3, "n": 0.7}, {}, False, False, id="below"),
        pytest.param({"y": 0.8, "n": 0.2}, {"threshold": 0.9}, False, False, id="below a threshold of its own"),
        pytest.param({"y": 0.55, "n": 0.45}, {}, True, True, id="near the threshold"),
        pytest.param({"y": 0.3, "n": 0.1, "?": 0.6}, {}, True, False, id="what means nothing here does not count"),
        pytest.param({"y": 0.0, "n": 0.0, "?": 1.0}, {}, False, False, id="nothing that counts"),
    ],
)
@pytest.mark.parametrize("question", ["urgent", "needs_reply"])
def test_a_yes_or_no_is_a_yes_from_its_threshold_on(question, scores, more, yes, unsure):
    (reading,) = read(asked(question, {"y": "yes", "n": "no"}, **more), Said(scores))
    assert getattr(reading, question) is yes
    assert (question in reading.unsure) is unsure


def test_where_only_yes_has_a_label_the_rest_is_a_no():
    (reading,) = read(asked("urgent", {"emergency": "yes"}), Said({"emergency": 0.6, "other": 0.4}))
    assert (reading.urgent, reading.probabilities["urgent"]) == (True, 0.6)


def test_topics_are_a_yes_each_and_those_without_a_label_stay_the_taggers():
    labels = {"money": "payment", "card": "payment", "app": "technical"}
    (reading,) = read(asked("friction", labels), Said({"money": 0.2, "card": 0.1, "app": 0.95, "x": 0.9}, many=True))
    assert reading.friction == ("technical", "delivery")  # the likeliest first; payment has been answered with no
    assert reading.probabilities["friction:payment"] == pytest.approx(0.2)  # labels that stand alone do not add up
    assert reading.probabilities["friction:delivery"] == 0.9
    assert "friction:payment" not in reading.unsure


def test_praise_can_be_answered_too():
    (reading,) = read(asked("praise", {"kind": "service"}), Said({"kind": 0.6, "x": 0.1}, many=True))
    assert (reading.praise, reading.friction) == (("service",), BEFORE.friction)


def test_texts_of_other_languages_stay_the_taggers_and_are_signed_by_it_alone():
    scorer = Said({"bad": 0.7, "meh": 0.2, "good": 0.1})
    german, english = read(asked("sentiment", MOOD, languages=["en"]), scorer, ["Hallo", "The parcel"])
    assert (german.sentiment, german.model) == ("neutral", BASE)
    assert (english.sentiment, english.model) == ("negative", "tiny@1+owner/mood@1a2b3c4")
    assert scorer.asked == ["The parcel"]


def test_order_is_kept_identical_texts_are_read_once_and_empty_ones_never():
    scorer = Said({"bad": 0.7, "meh": 0.2, "good": 0.1})
    readings = read(asked("sentiment", MOOD), scorer, ["a", "", "b", "a"])
    assert [one.not_read for one in readings] == ["", "empty", "", ""]
    assert [one.sentiment for one in readings] == ["negative", "neutral", "negative", "negative"]
    assert scorer.asked == ["a", "b"]
    assert read(asked("sentiment", MOOD), scorer, []) == []


def test_classifiers_are_opened_with_the_first_text_and_once():
    opened: list[str] = []

    def opening(classifier: Classifier) -> Scorer:
        opened.append(classifier.name)
        return Said({"bad": 0.7, "meh": 0.2, "good": 0.1})

    tagger = Plugged(Base(), [asked("sentiment", MOOD, languages=["en"])], opened=opening)
    assert (tagger.model, opened) == ("tiny@1+owner/mood@1a2b3c4", [])
    tagger.tag(["Hallo"])  # German, and still: what is wrong with it is found out now
    tagger.tag(["The parcel"])
    assert opened == ["owner/mood"]


def test_labels_that_the_model_does_not_have_are_refused_with_those_that_it_has():
    with pytest.raises(
        ConfigurationError, match=r'owner/mood has no label "bda"; did you mean "bad"\?\. Its labels are bad, good'
    ):
        read(asked("sentiment", {"bda": "negative", "good": "positive"}), Said({"bad": 0.7, "good": 0.3}))


# ---- what is on this machine


def of_folder(folder: Path, answers: str = "sentiment", labels: Mapping[str, str] = MOOD) -> Classifier:
    return asked(answers, labels, model=str(folder), revision=None)


def test_without_torch_the_error_says_what_to_install():
    if find_spec("torch"):
        pytest.skip("torch is installed here")
    with pytest.raises(
        ConfigurationError, match=r"torch is not installed here\. Install it: pip install 'kummerkasten\[torch\]'"
    ):
        Plugged(Base(), [asked("sentiment", MOOD)]).tag(["Hallo"])


def test_a_folder_without_a_model_is_named(tmp_path):
    classifier = asked("sentiment", MOOD, model=str(tmp_path), revision=None)
    with pytest.raises(ConfigurationError, match=rf"There is no model in {re.escape(str(tmp_path))}: .* config\.json"):
        hub.signature(classifier)
    assert "There is no model" in ready(classifier)[0]


def test_a_folder_signs_with_what_it_holds(tmp_path):
    (tmp_path / "my+model").mkdir()
    config, other = tmp_path / "my+model" / "config.json", tmp_path / "my+model" / "model.safetensors"
    config.write_text("{}")
    classifier = asked("sentiment", MOOD, model=str(tmp_path / "my+model"), revision=None)
    first = hub.signature(classifier)
    assert re.fullmatch(r"my-model@[0-9a-f]{7}", first)
    other.write_text("weights")
    assert hub.signature(classifier) != first
    assert answering([classifier], f"{BASE}+{first}", "sentiment:negative") == classifier
    other.unlink()
    assert hub.signature(classifier) == first


def test_labels_are_checked_without_loading_the_model(tmp_path):
    labels = {"id2label": {"0": "bad", "1": "good"}, "label2id": {"bad": 0, "good": 1}}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"} | labels))
    fitting, other = ({"bad": "negative", "good": "positive"}, {"LABEL_0": "negative", "good": "positive"})
    assert sequence.labels_of(of_folder(tmp_path, labels=fitting)) == ("bad", "good")
    wrong, _ = ready(of_folder(tmp_path, labels=other))
    assert ("has no label" if find_spec("torch") else "torch is not installed") in wrong


def offline(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run *code* where the hub is what lies in *home*: whether there is a network is read once, when the library is loaded."""
    environ = os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)


def test_a_model_that_is_not_here_and_cannot_be_fetched_is_an_error_that_says_how_to_get_it(tmp_path):
    code = f"""
from desk.classifier import Classifier
from desk.errors import ConfigurationError
from nlp import hub
from nlp.plugged import ready
one = Classifier(model="owner/mood", revision="{COMMIT}", answers="sentiment", labels={MOOD})
print(ready(one)[1])
try:
    hub.folder_of(one)
except ConfigurationError as error:
    print(error)
"""
    done = offline(code, tmp_path)
    seen, *said = done.stdout.splitlines()
    fetch = f"hf download owner/mood --revision {COMMIT}"
    assert seen == f"owner/mood@1a2b3c4 is not on this machine yet; fetched at the first reading, or now: {fetch}"
    assert said[0].startswith("owner/mood@1a2b3c4 is not on this machine and cannot be fetched now: ")
    assert said[1] == f"Fetch it while there is a network: {fetch}"
    assert "--local-dir FOLDER" in said[2]


@pytest.mark.parametrize(
    ("lengths", "at_once", "expected"),
    [
        pytest.param([3, 1, 2], 32, [[1, 2, 0]], id="the short ones first"),
        pytest.param([1, 1, 1], 2, [[0, 1], [2]], id="not more at once"),
        pytest.param([8_000, 8_000, 8_000], 32, [[0, 1], [2]], id="not more than memory holds"),
        pytest.param([100_000], 32, [[0]], id="one that is too long all the same"),
        pytest.param([], 32, [], id="nothing"),
    ],
)
def test_batches_hold_texts_of_like_length(lengths, at_once, expected):
    assert list(sequence.batches(lengths, at_once)) == expected


# ---- with torch: tiny models, made on the spot


Make = Callable[..., Path]
WORDS = ("<pad>", "<unk>", "gut", "schlecht", "ok", "geht", "nicht")


@pytest.fixture
def make(tmp_path) -> Make:
    """Return a function that writes a tiny classifier with random weights, and its tokenizer, into a folder."""

    def made(name: str = "tiny", kind: str = "bert", **config: Any) -> Path:
        import torch
        import transformers

        torch.manual_seed(7)
        size = {"vocab_size": len(WORDS), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        size |= {"intermediate_size": 64, "max_position_embeddings": 40, "pad_token_id": 0, "initializer_range": 0.5}
        labels = {"id2label": {0: "bad", 1: "meh", 2: "good"}, "label2id": {"bad": 0, "meh": 1, "good": 2}}
        model_class = {"bert": "BertForSequenceClassification", "roberta": "RobertaForSequenceClassification"}.get(
            kind, "BertModel"
        )
        model_class = getattr(transformers, model_class)
        model = model_class(model_class.config_class(**(size | labels | config)))
        model.save_pretrained(tmp_path / name)
        tokenizer().save_pretrained(tmp_path / name)
        return tmp_path / name

    return made


def tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    whole = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=whole, pad_token="<pad>", unk_token="<unk>")


@with_torch
def test_a_folder_as_transformers_writes_it_answers_and_signs(make):
    import torch
    from transformers import AutoModelForSequenceClassification

    folder = make()
    classifier = of_folder(folder)
    tagger = Plugged(Base(), [classifier])
    reading = tagger.tag(["geht nicht"])[0]
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        expected = model(torch.tensor([[5, 6]])).logits.softmax(dim=1)[0].tolist()
    told = [reading.probabilities[f"sentiment:{one}"] for one in ("negative", "neutral", "positive")]
    assert told == pytest.approx(expected, abs=1e-4)
    assert re.fullmatch(r"tiny@1\+tiny@[0-9a-f]{7}", reading.model)
    assert ready(classifier) == ("", f"{reading.model.removeprefix('tiny@1+')} answers sentiment")


@with_torch
def test_what_a_model_says_depends_neither_on_order_nor_on_neighbours(make):
    opened = sequence.opened(of_folder(make()))
    texts = ["gut", "geht nicht " * 9, "schlecht", "ok gut", "x" * 1_000_000, "gut \x00 " * 100_000]
    together = opened.scores(texts)
    assert together == pytest.approx(np.concatenate([opened.scores([text]) for text in texts]), abs=1e-5)
    assert together.sum(axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)


@with_torch
def test_labels_that_stand_alone_are_told_apart_by_the_models_configuration(make):
    alone = sequence.opened(of_folder(make("alone", problem_type="multi_label_classification")))
    shared = sequence.opened(of_folder(make("shared")))
    assert (alone.many, shared.many) == (True, False)
    odds = alone.scores(["gut"])[0]
    assert np.exp(np.log(odds / (1 - odds))) / np.sum(odds / (1 - odds)) == pytest.approx(shared.scores(["gut"])[0], abs=1e-4)


@with_torch
@pytest.mark.parametrize(("kind", "most"), [("bert", 40), ("roberta", 39)])
def test_a_long_text_is_read_as_far_as_the_model_can(make, kind, most):
    opened = sequence.opened(of_folder(make(kind, kind=kind)))
    assert opened.most == most
    assert opened.scores(["gut " * 500]) == pytest.approx(opened.scores(["gut " * most]), abs=1e-6)
    assert np.abs(opened.scores(["gut " * most + "schlecht"]) - opened.scores(["schlecht " * most])).max() > 1e-3


@with_torch
def test_a_model_is_loaded_once_for_all_that_it_answers(make):
    folder = make()
    assert sequence.opened(of_folder(folder)) is sequence.opened(of_folder(folder, "urgent", {"bad": "yes"}))


@with_torch
def test_pickled_weights_are_not_loaded(make):
    import torch

    folder = make()
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ConfigurationError, match="no weights as safetensors, and others are not loaded"):
        sequence.opened(of_folder(folder))


@with_torch
def test_code_of_a_model_is_never_run(make):
    folder, ran = make(), "ran.txt"
    own = {"AutoConfig": "mine.Config", "AutoModelForSequenceClassification": "mine.Model"}
    text = (folder / "config.json").read_text().replace('"model_type": "bert"', '"model_type": "mine"')
    (folder / "config.json").write_text(text.replace("{", f'{{"auto_map": {own},'.replace("'", '"'), 1))
    (folder / "mine.py").write_text(f"open({str(folder / ran)!r}, 'w')\nclass Config: ...\nclass Model: ...\n")
    with pytest.raises(ConfigurationError, match=r"tiny cannot be loaded: (.|\n)*without code of its own"):
        sequence.opened(of_folder(folder))
    assert not (folder / ran).exists()


@with_torch
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"kind": "encoder"}, "tiny is no trained classifier: its weights lack", id="an encoder without a head"),
        pytest.param({"id2label": {0: "score"}, "label2id": {"score": 0}}, "a number and not with labels", id="a regression"),
    ],
)
def test_what_is_no_classifier_is_refused(make, change, expected):
    with pytest.raises(ConfigurationError, match=expected):
        sequence.opened(of_folder(make(**change)))


@with_torch
def test_a_model_without_its_tokenizer_is_refused(make):
    folder = make()
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ConfigurationError, match="tiny has no tokenizer beside its weights"):
        sequence.opened(of_folder(folder))


@with_torch
def test_a_model_with_the_tokenizer_of_another_is_refused(make):
    folder = make()
    whole = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    whole["model"]["vocab"]["Zahlung"] = len(WORDS)
    (folder / "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="tiny has a tokenizer of 8 pieces where its weights know 7: another model's"):
        sequence.opened(of_folder(folder))


@with_torch
def test_a_model_of_the_hub_is_read_at_its_commit_and_nothing_is_asked_of_the_network(make, tmp_path):
    kept = tmp_path / "home" / "hub" / "models--owner--mood" / "snapshots"
    kept.mkdir(parents=True)
    make().rename(kept / COMMIT)
    code = f"""
from desk.classifier import Classifier
from nlp import sequence, hub
one = Classifier(model="owner/mood", revision="{COMMIT}", answers="sentiment", labels={MOOD})
print(hub.signature(one), sequence.opened(one).labels, sequence.opened(one).scores(["gut"]).shape)
"""
    done = offline(code, tmp_path / "home")
    assert done.stdout.strip() == "owner/mood@1a2b3c4 ('bad', 'meh', 'good') (1, 3)", done.stderr
    other = offline(code.replace(COMMIT, "2" + COMMIT[1:]), tmp_path / "home")
    assert "is not on this machine and cannot be fetched now" in other.stderr  # another commit is another model
