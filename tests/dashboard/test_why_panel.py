"""The words behind all tags of a mention are weighed at once: the next press shows what is known already, as `why` does."""

import json

import pytest
import seed
from desks import OWN_TOPIC, Home, heard
from streamlit.testing.v1 import AppTest
from test_pages import LANGUAGES, opened, shown
from typer.testing import CliRunner

from bench.why import of_words
from dashboard import data
from dashboard.components import why
from flows.cli import app as commands
from nlp.encoder import Encoder
from nlp.tagger import tagger
from store import conversations

KEYS = ("friction:assembly", "friction:delivery", "sentiment:negative", "intent:complaint", "needs_reply:yes")
TEXT = "Die Lieferung kam zu spät, und in der Anleitung zum Aufbau fehlt die letzte Seite. Bitte meldet euch!"


def said(home: Home, text: str) -> int:
    """Let a customer say something about two topics, one of which is the desk's own; return the mention's number."""
    home.config.write_text(home.config.read_text("utf-8") + OWN_TOPIC, "utf-8")
    return heard(home, text, seed.reading("negative", "complaint", needs_reply=True, friction=("assembly", "delivery")))


def conversation(mention_id: int, language: str = "de") -> AppTest:
    with data.session() as session:
        found = conversations.why(session, mention_id)
    assert found
    return opened("conversation", language, id=str(found.said.mention.conversation_id))


def pressed(app: AppTest, key: str) -> str:
    """Return what the page says once a tag was pressed."""
    (pills,) = [one for one in app.get("button_group") if str(one.key).startswith("why-")]
    said = shown(pills.set_value(key).run())
    assert not app.exception
    return said


def test_once_a_mention_is_explained_no_press_reads_it_anew(empty_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    app = conversation(said(empty_home, TEXT))

    def read_again(*_: object) -> None:
        raise AssertionError("the text is read again")

    monkeypatch.setattr(Encoder, "encode", read_again)
    for key in KEYS:
        assert "Dafür sprechen" in pressed(app, key)


def test_a_topic_of_the_desks_own_is_explained_like_any_other(empty_home: Home) -> None:
    said_of = pressed(conversation(said(empty_home, TEXT)), "friction:assembly")
    assert said_of.partition("Dafür sprechen")[2].split()[0] == "Anleitung"


@LANGUAGES
def test_the_page_says_how_words_are_weighed(empty_home: Home, language: str) -> None:
    page = shown(conversation(said(empty_home, TEXT), language))
    assert ("ohne das Wort gelesen wird (Okklusion)", "the text without it (occlusion)")[language == "en"] in page


def test_the_page_and_the_command_name_the_same_words(empty_home: Home) -> None:
    text = of_words(55, 65, 1)[0]
    mention_id = said(empty_home, text)
    asked = CliRunner().invoke(commands, ["why", str(mention_id), "--json", "--config", str(empty_home.config)])
    tags = {f"{tag['aspect']}:{tag['value']}": tag["words"] for tag in json.loads(asked.output)["tags"]}
    page = why.weights("", data.database(), tagger().model, text, ("assembly",))
    for key in KEYS:
        ours = page[key.removesuffix(":yes")]
        assert [(text[start:end], weight) for start, end, weight in ours] == [(one["word"], one["weight"]) for one in tags[key]]
        assert ours
