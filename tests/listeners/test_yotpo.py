"""Yotpo: reviews by their last change in no promised order, the shop's answers from product pages, customer data left behind."""

import html
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

import listeners
from desk.errors import ConfigurationError, SourceDenied
from desk.source import Source
from listeners.contract import ReplyTo, Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.sandbox.yotpo import APP_KEY
from listeners.testing import Clock, Desk, ListenerContract, Stage
from listeners.yotpo import LISTENER, to_mentions

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "yotpo"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings are not here")


def source(url: str, **options: object) -> Source:
    given: dict[str, Any] = {"app_key": APP_KEY, "token_env": "SECRET"} | options
    return Source.model_validate({"name": "yo", "platform": "yotpo", "base_url": f"{url}/yotpo", **given})


class TestReviews(ListenerContract):
    below = "/products/"

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), {"SECRET": TOKEN}, "yotpo")


class TestWithoutAnswers(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, answers=False), {"SECRET": TOKEN}, "yotpo")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"SECRET": TOKEN}, "yotpo"), world.clock)


def to(native_id: str) -> ReplyTo:
    return ReplyTo(native_id, native_id, "review")


def test_a_review_has_its_stars_title_and_author(world, url):
    world.say("Wackelt.", channel="yotpo", title="Na ja", author="jule", name="Jule K.", stars=2)
    heard = desk(url, world)
    heard.run()
    review = heard.order[0]
    assert (review.stars, review.rating, review.kind, review.title) == (2, "2/5", "review", "Na ja")
    assert review.author is not None
    assert review.author.name == "Jule K."


def test_neither_e_mail_nor_customer_number_is_kept(world, url):
    world.say("gut", channel="yotpo", author="jule")
    heard = desk(url, world)
    heard.run()
    assert not any(secret in repr(heard.order) for secret in ("example.org", "4711"))


def test_the_shops_answer_is_heard_from_the_product_page_as_ours(world, url):
    item = world.say("Wackelt.", channel="yotpo", ago=timedelta(days=3))
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    world.answer(item, "Wir tauschen's um.", "")
    heard.run()
    review, answer = heard.order
    assert (answer.text, answer.ours, answer.kind) == ("Wir tauschen's um.", True, "review")
    assert (answer.parent, answer.conversation) == (review.native_id, review.conversation)


def test_a_product_is_asked_for_once_however_many_reviews_it_has(world, url):
    for number in range(150):
        world.say(f"{number}", channel="yotpo")
    heard = desk(url, world)
    heard.run()
    assert heard.requests == 1 + 3 + 1  # a token, three pages (the last one empty), one product


def test_an_old_review_that_its_author_edits_is_heard_again(world, url):
    item = world.say("Wackelt.", channel="yotpo", ago=timedelta(days=20))
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    world.edit(item.key, "Steht jetzt gut.")
    heard.run()
    assert heard.texts() == ["Steht jetzt gut."]


def test_an_old_review_that_is_deleted_is_gone(world, url):
    item = world.say("Wackelt.", channel="yotpo", ago=timedelta(days=20))
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    world.delete(item.key)
    heard.run()
    assert heard.texts() == []


def test_an_answer_is_sent_and_heard_again_under_the_same_id(world, url):
    world.say("Wackelt.", channel="yotpo")
    heard = desk(url, world)
    heard.run()
    with heard.client() as client:
        receipt = LISTENER.reply(client, heard.stage.source, to(heard.order[0].native_id), "Wir tauschen es.", "key")
    assert [sent["text"] for sent in world.sent] == ["Wir tauschen es."]
    world.clock.sleep(60)
    heard.run()
    assert heard.heard[receipt.native_id].text == "Wir tauschen es."


def test_an_answer_that_shows_late_is_never_sent_again_by_itself():
    assert LISTENER.look is None
    assert not LISTENER.same_key_once


def test_a_token_that_yotpo_no_longer_takes_is_renewed(world, url):
    world.say("gut", channel="yotpo")
    heard = desk(url, world)
    with heard.client() as client:
        LISTENER.verify(client, heard.stage.source)
        client._access.token = "stale"
        assert LISTENER.verify(client, heard.stage.source) == f"the store {APP_KEY}"


def test_a_wrong_secret_gives_no_token_and_says_what_to_do(world, url):
    heard = desk(url, world)
    heard.environ["SECRET"] = "wrong"
    with pytest.raises(SourceDenied, match="gives no token") as caught:
        heard.run()
    assert "kummerkasten.env" in caught.value.advice


def test_an_unusable_app_key_is_refused():
    with pytest.raises(ConfigurationError, match="app_key"):
        listeners.check(Source(name="x", platform="yotpo", options={"app_key": ""}))


def recorded_reviews() -> dict[int, dict[str, Any]]:
    """Return every review in the recordings, by its id: the last word on each."""
    bodies = [json.loads((RECORDINGS / "get_product_reviews.json").read_text(encoding="utf-8"))]
    for name in ("get_product_reviews.yml", "get_review.yml", "create_review.yml"):
        tape = yaml.safe_load((RECORDINGS / name).read_text(encoding="utf-8"))
        bodies += [json.loads(one["response"]["body"]["string"]) for one in tape["http_interactions"]]
    found = [review for body in bodies for review in body["response"].get("reviews", [body["response"].get("review")])]
    return {review["id"]: review for review in found}


@needs_recordings
def test_every_recorded_review_becomes_a_mention_with_its_words_stars_author_time_and_product():
    recorded = recorded_reviews()
    assert len(recorded) >= 8
    for said in recorded.values():
        (review,) = to_mentions(said, answers={})
        assert review.native_id == str(said["id"])
        assert review.text == html.unescape(said["content"]).strip()
        assert "&#x27;" not in review.text
        assert (review.stars, review.rating) == (said["score"], f"{said['score']}/5")
        assert review.said_at == datetime.fromisoformat(said["created_at"])
        assert review.author is not None
        assert (review.author.native_id, review.author.name) == (str(said["user"]["id"]), said["user"]["display_name"])
        assert review.url in {
            said["products"][0]["Product"]["product_url"],
            said.get("products_apps", [{}])[0].get("product_url"),
        }


@needs_recordings
@pytest.mark.parametrize("name", ["create_comment.yml", "update_comment.yml"])
def test_a_recorded_comment_becomes_our_answer(name):
    tape = yaml.safe_load((RECORDINGS / name).read_text(encoding="utf-8"))["http_interactions"][0]
    comment = json.loads(tape["response"]["body"]["string"])["response"]["comment"]
    said = next(iter(recorded_reviews().values())) | {"id": comment["commentable_id"]}
    review, answer = to_mentions(said, answers={str(comment["commentable_id"]): comment})
    assert (answer.text, answer.ours, answer.parent) == (comment["content"], True, review.native_id)
    assert answer.said_at == datetime.fromisoformat(comment["created_at"])


@needs_recordings
def test_the_recorded_answer_is_sent_as_yotpo_once_took_it():
    tape = yaml.safe_load((RECORDINGS / "create_comment.yml").read_text(encoding="utf-8"))["http_interactions"][0]
    sent = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "u", "token_type": "bearer"})
        sent.append((request.url.path, json.loads(request.content)))
        return httpx.Response(200, content=tape["response"]["body"]["string"])

    with Client("https://api.yotpo.com", platform="yotpo", token="s", transport=httpx.MockTransport(respond)) as client:
        LISTENER.reply(
            client, Source(name="x", platform="yotpo", options={"app_key": APP_KEY}), to("1"), "Comment content", "key"
        )
    path, body = sent[0]
    wanted = json.loads(tape["request"]["body"]["string"])
    assert path == "/reviews/1/comments"
    assert body == wanted | {"utoken": "u", "app_key": APP_KEY}


@needs_recordings
def test_what_was_recorded_is_heard_whole_and_the_rating_summary_holds_no_words():
    recorded = list(recorded_reviews().values())

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"reviews": recorded if request.url.params["page"] == "1" else []})

    window = Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))
    with Client("http://recorded", platform="yotpo", token="k", transport=httpx.MockTransport(respond)) as client:
        pages = list(LISTENER.pull(client, source("http://x"), None, window))
    assert {one.native_id for page in pages for one in page.mentions} == {str(one["id"]) for one in recorded}
    assert not any(page.broken for page in pages)
    tape = yaml.safe_load((RECORDINGS / "get_product_bottom_line.yml").read_text(encoding="utf-8"))["http_interactions"][0]
    assert json.loads(tape["response"]["body"]["string"])["response"].keys() == {"bottomline"}
