"""The words behind all tags of a mention are weighed at once: the next press shows what is known already, as `why` does."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import seed
from desks import Home
from streamlit.testing.v1 import AppTest
from test_pages import LANGUAGES, opened, shown, store_of
from typer.testing import CliRunner

from bench.why import of_words
from dashboard import data
from dashboard.components import why
from desk.mention import Author, Mention
from flows.cli import app as commands
from nlp.encoder import Encoder
from nlp.tagger import tagger
from store import conversations

NOW = datetime.now(UTC)
OWN = """
[[topics]]
key = "assembly"
name = { de = "Aufbauanleitung", en = "Assembly instructions" }
description = "Anleitungen zum Zusammenbauen"
stage = "post-purchase"
team = "product"
examples = [
    "In der Anleitung fehlt Schritt 7", "Anleitung nur auf Polnisch", "Bild 3 der Anleitung ist falsch rum",
    "wo ist die Anleitung?", "Heft unlesbar",
]
"""
KEYS = ("friction:assembly", "friction:delivery", "sentiment:negative", "intent:complaint", "needs_reply:yes")
TEXT = "Die Lieferung kam zu spät, und in der Anleitung zum Aufbau fehlt die letzte Seite. Bitte meldet euch!"


def said(home: Home, text: str) -> int:
    """Let a customer say something about two topics, one of which is the desk's own; return the mention's number."""
    home.config.write_text(home.config.read_text("utf-8") + OWN, "utf-8")
    mention = Mention(
        platform="mastodon",
        native_id="1",
        conversation="1",
        kind="post",
        text=text,
        said_at=NOW - timedelta(minutes=1),
        author=Author(native_id="k", name="Kundin"),
    )
    read = seed.reading("negative", "complaint", needs_reply=True, friction=("assembly", "delivery"))
    with store_of(home) as session:
        return seed.hear(session, home.desk, [(mention, read)], NOW)[0]


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
