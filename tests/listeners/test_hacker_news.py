"""Hacker News: what holds a word is heard, and what is said below it; nobody needs a key."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, NotUnderstood, SourceDenied
from desk.source import Source
from listeners.contract import Window
from listeners.hacker_news import LISTENER, refusal, to_mention
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import World
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "hackernews"
needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of real servers are not here")


def source(url: str, **options: object) -> Source:
    return Source(name="hn", platform="hacker_news", base_url=f"{url}/hacker_news", options={"queries": ["kastanie"]} | options)


class TestHackerNews(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), {}, "hacker_news")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {}, "hacker_news"), world.clock)


def test_a_thread_is_one_conversation_of_a_post_and_its_comments(world, url):
    story = world.say("Wer kennt die?", channel="hacker_news", title="Kastanie ships sofas", author="pg")
    first = world.say("ich", channel="hacker_news", parent=story.key, author="dang")
    world.say("ich auch", channel="hacker_news", parent=first.key, author="kastanie_de")
    heard = desk(url, world, accounts=["Kastanie_de"])
    heard.run()
    assert {(one.text, one.kind, one.ours) for one in heard.order} == {
        ("Wer kennt die?", "post", False),
        ("ich", "comment", False),
        ("ich auch", "comment", True),
    }
    by_text = {one.text: one for one in heard.order}
    assert {one.conversation for one in heard.order} == {by_text["Wer kennt die?"].native_id}
    assert by_text["ich auch"].parent == by_text["ich"].native_id
    assert by_text["Wer kennt die?"].title == "Kastanie ships sofas"
    assert by_text["ich"].url == f"https://news.ycombinator.com/item?id={by_text['ich'].native_id}"
    assert by_text["ich"].author
    assert by_text["ich"].author.url == "https://news.ycombinator.com/user?id=dang"


def test_below_a_comment_that_names_us_only_what_answers_it_is_heard(world, url):
    """In a story that is not about us, the rest of the thread is none of our business."""
    comment = {"created_at_i": 100, "_tags": ["comment"], "story_id": 1, "comment_text": "x"}
    hits = {
        "named": comment | {"objectID": "2", "parent_id": 1, "comment_text": "kastanie lied to me"},
        "answer": comment | {"objectID": "3", "parent_id": 2, "created_at_i": 101, "comment_text": "to me too"},
        "deeper": comment | {"objectID": "4", "parent_id": 3, "created_at_i": 102, "comment_text": "and me"},
        "other": comment | {"objectID": "5", "parent_id": 1, "created_at_i": 103, "comment_text": "nice weather"},
    }
    now = datetime.fromtimestamp(1_000, UTC)
    every = [hit | {"created_at": datetime.fromtimestamp(hit["created_at_i"], UTC).isoformat()} for hit in hits.values()]

    def respond(request: httpx.Request) -> httpx.Response:
        found = every[:1] if request.url.params.get("query") else every
        return httpx.Response(200, json={"hits": found[::-1]})

    with Client("http://hn", platform="hacker_news", transport=httpx.MockTransport(respond)) as client:
        plain = source("http://hn").model_copy(update={"base_url": None})
        pages = list(LISTENER.pull(client, plain, None, Window(now, datetime.fromtimestamp(0, UTC))))
    assert {one.text for page in pages for one in page.mentions} == {"kastanie lied to me", "to me too", "and me"}


def test_without_replies_only_what_holds_the_word_is_heard(world, url):
    story = world.say("x", channel="hacker_news")
    world.say("nichts dergleichen", channel="hacker_news", parent=story.key)
    world.say("Kastanie ist gut", channel="hacker_news", parent=story.key)
    heard = desk(url, world, replies=False)
    heard.run()
    assert heard.texts() == ["Kastanie ist gut", "x"]


def test_a_source_without_words_is_refused():
    with pytest.raises(ConfigurationError, match="name what to hear"):
        listeners.check(Source(name="x", platform="hacker_news", options={"queries": [" "]}))


def test_a_refusal_asks_for_no_credential():
    refused = refusal(httpx.Response(403, request=httpx.Request("GET", "https://hn.algolia.com/x")), datetime.now(UTC))
    assert isinstance(refused, SourceDenied)
    assert "refuses this address" in str(refused)
    assert "no credential" in refused.advice


def test_verify_says_how_much_is_found(world, url):
    world.say("x", channel="hacker_news")
    heard = desk(url, world)
    with heard.client() as client:
        assert LISTENER.verify
        assert LISTENER.verify(client, heard.stage.source) == '1 hits for "kastanie" so far'


@needs_recordings
def test_the_recorded_hit_becomes_a_post_with_its_title_author_time_and_link():
    (hit,) = json.loads((RECORDINGS / "algolia_search_front_page_tail.json").read_text("utf-8"))["hits"]
    body = json.dumps({"hits": [hit]}).encode()

    def respond(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body)

    said = datetime.fromisoformat(hit["created_at"])
    plain = Source(name="hn", platform="hacker_news", options={"queries": ["bug"], "replies": False})
    with Client("http://hn", platform="hacker_news", transport=httpx.MockTransport(respond)) as client:
        pages = list(LISTENER.pull(client, plain, None, Window(said + timedelta(days=1), said - timedelta(days=1))))
    (mention,) = [one for page in pages for one in page.mentions]
    assert mention.native_id == hit["objectID"]
    assert mention.title == hit["title"]
    assert mention.text == ""
    assert mention.said_at == said
    assert mention.author
    assert mention.author.handle == hit["author"]
    assert mention.attachments == (hit["url"],)
    assert mention.url == f"https://news.ycombinator.com/item?id={hit['objectID']}"


@needs_recordings
def test_the_documented_hit_has_no_date_and_the_documented_tree_is_no_hit():
    """Two files are samples from the documentation: one leaves the date out, one is the answer of another endpoint."""
    (hit,) = json.loads((RECORDINGS / "algolia_search_pg.docs.json").read_text("utf-8"))["hits"]
    with pytest.raises(KeyError, match="created_at"):
        to_mention(hit)
    assert to_mention(hit | {"created_at": "2006-10-09T18:21:51.000Z"}).title == hit["title"]
    with pytest.raises(NotUnderstood, match="without an id"):
        to_mention(json.loads((RECORDINGS / "algolia_items_1.docs.json").read_text("utf-8")))
