"""Judge.me: reviews as customers typed them and nothing else of theirs, hidden ones and spam, answers in public or by e-mail."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceDenied
from desk.source import Source
from listeners.contract import ReplyTo, Window
from listeners.http import Client
from listeners.judge_me import LISTENER, read, signed, to_mention
from listeners.paging import pick
from listeners.sandbox.judge_me import SHOP, Part
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "judge_me"
FILES = ("webhook.review_created.json", "review.openapi_sample.json")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings are not here")


def source(url: str, **options: object) -> Source:
    given: dict[str, Any] = {"shop_domain": SHOP, "token_env": "T"} | options
    return Source.model_validate({"name": "jm", "platform": "judge_me", "base_url": f"{url}/judge_me", **given})


class TestReviews(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), {"T": TOKEN}, "judge_me")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"T": TOKEN}, "judge_me"), world.clock)


def to(native_id: str) -> ReplyTo:
    return ReplyTo(native_id, native_id, "review")


def test_a_review_has_its_stars_title_author_and_product_page(world, url):
    world.say("Wackelt.", channel="judge_me", title="Na ja", author="jule", name="Jule K.", stars=2)
    heard = desk(url, world)
    heard.run()
    review = heard.order[0]
    assert (review.stars, review.rating, review.kind, review.title) == (2, "2/5", "review", "Na ja")
    assert review.author is not None
    assert review.author.name == "Jule K."
    assert review.url == f"https://{SHOP}/products/sofa-linde"


def test_no_address_and_no_number_of_the_customer_is_kept(world, url):
    world.say("gut", channel="judge_me", author="jule")
    heard = desk(url, world)
    heard.run()
    assert not any(secret in repr(heard.order) for secret in ("example.org", "341123456", "192.0.2.7", "5083214609"))


@pytest.mark.parametrize(("hidden", "texts"), [(True, ["gezeigt", "verborgen"]), (False, ["gezeigt"])])
def test_hidden_reviews_are_heard_where_they_are_asked_for_and_spam_never(world, url, hidden, texts):
    world.say("gezeigt", channel="judge_me")
    world.say("verborgen", channel="judge_me", country="hidden")
    world.say("Werbung", channel="judge_me", country="spam")
    heard = desk(url, world, hidden=hidden)
    heard.run()
    assert heard.texts() == texts


def test_what_turns_out_to_be_spam_is_gone(world, url):
    item = world.say("Werbung", channel="judge_me")
    heard = desk(url, world)
    heard.run()
    item.country = "spam"
    world.clock.sleep(600)
    heard.run()
    assert heard.texts() == []


@pytest.mark.parametrize(
    ("options", "suffix"), [({}, "/reply"), ({"answers": "private", "subject": "Ihre Bewertung"}, "/private/reply")]
)
def test_an_answer_is_sent_in_public_or_by_e_mail(world, url, options, suffix):
    world.say("Wackelt.", channel="judge_me")
    heard = desk(url, world, **options)
    heard.run()
    native_id = heard.order[0].native_id
    with heard.client() as client:
        receipt = LISTENER.reply(client, heard.stage.source, to(native_id), "Wir tauschen es.", "key")
    assert [sent["text"] for sent in world.sent] == ["Wir tauschen es."]
    assert receipt.native_id == native_id + suffix


def test_an_answer_that_nobody_can_look_for_is_never_sent_again_by_itself():
    assert LISTENER.look is None
    assert not LISTENER.same_key_once


def test_an_answer_that_was_sent_is_not_taken_for_deleted_because_judge_me_lists_none(world, url):
    world.say("Wackelt.", channel="judge_me")
    heard = desk(url, world)
    heard.run()
    review = heard.order[0]
    heard.heard[f"{review.native_id}/reply"] = review.model_copy(update={"native_id": f"{review.native_id}/reply", "ours": True})
    world.clock.sleep(3600)
    heard.run()
    assert heard.deleted == set()


def test_private_answers_need_a_subject():
    with pytest.raises(ConfigurationError, match="subject"):
        listeners.check(Source(name="x", platform="judge_me", options={"shop_domain": SHOP, "answers": "private"}))


def test_a_wrong_token_or_shop_is_said(world, url):
    heard = desk(url, world, shop_domain="other.myshopify.com")
    with pytest.raises(SourceDenied) as caught:
        heard.run()
    assert caught.value.advice


def test_verify_names_the_shop(world, url):
    heard = desk(url, world)
    with heard.client() as client:
        assert LISTENER.verify(client, heard.stage.source) == f"Kastanie Möbel ({SHOP})"


def delivery(world: World, event: str = "review/created", **more: Any) -> bytes:
    item = world.say("Wackelt.", channel="judge_me", **more)
    review = Part(world, Mischief()).said(item)
    return json.dumps({"review": review, "event": event, "shop_domain": SHOP, "platform": "shopify"}).encode()


def mac(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_delivery_is_read_as_the_review_that_a_pull_would_bring(world, url):
    page = read(source("http://x"), delivery(world), NOW)
    heard = desk(url, world)
    heard.run()
    assert page.mentions == tuple(heard.order)
    assert page.cursor is None


def test_a_delivery_of_spam_takes_it_back_and_other_events_are_none_of_ours(world):
    spam = read(source("http://x"), delivery(world, "review/updated", country="spam"), NOW)
    assert (spam.mentions, len(spam.deleted)) == ((), 1)
    assert read(source("http://x"), delivery(world, "reply/created"), NOW).mentions == ()


@pytest.mark.parametrize("header", ["judgeme-hmac-sha256", "x-judgeme-hmac-sha256"])
@pytest.mark.parametrize("secrets", [{"token": "t0ken"}, {"token": "other", "webhook_secret": "t0ken"}], ids=["token", "app"])
def test_only_what_judge_me_signed_lately_is_genuine(world, header, secrets):
    body, now = delivery(world), world.clock()
    good = {header: mac(body, "t0ken")}
    assert signed(good, body, secrets, now)
    assert not signed({header: mac(body, "wrong")}, body, secrets, now)
    assert not signed(good, body + b" ", secrets, now)
    assert not signed({}, body, secrets, now)
    assert not signed(good, body, {}, now)
    assert not signed(good, body, secrets, now + timedelta(days=2))


@needs_recordings
@pytest.mark.parametrize("name", FILES)
def test_every_recorded_review_becomes_a_mention_with_its_words_stars_author_and_time(name):
    said = json.loads((RECORDINGS / name).read_text(encoding="utf-8"))["review"]
    review = to_mention(said, "test.myshopify.com")
    assert (review.native_id, review.title, review.text) == (str(said["id"]), said["title"], said["body"])
    assert (review.stars, review.rating) == (said["rating"], f"{said['rating']}/5")
    assert review.said_at == datetime.fromisoformat(said["created_at"])
    assert review.edited_at is None
    assert review.author is not None
    assert (review.author.native_id, review.author.name) == (str(said["reviewer"]["id"]), said["reviewer"]["name"])
    assert review.url == f"https://test.myshopify.com/products/{said['product_handle']}"
    assert review.attachments == ()  # the only picture is a hidden one


@needs_recordings
def test_the_recorded_reviews_are_heard_whole_and_the_recorded_delivery_read():
    recorded = [(RECORDINGS / name).read_bytes() for name in FILES]

    def respond(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        found = [json.loads(one)["review"] for one in recorded] if number == 1 else []
        return httpx.Response(200, json={"current_page": number, "per_page": 100, "reviews": found})

    window = Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))
    with Client("http://recorded", platform="judge_me", token="k", transport=httpx.MockTransport(respond)) as client:
        pages = list(LISTENER.pull(client, source("http://x"), None, window))
    assert len([one for page in pages for one in page.mentions]) == len(FILES)
    assert not any(page.broken for page in pages)
    delivered = read(source("http://x"), recorded[0], NOW)
    assert [one.native_id for one in delivered.mentions] == [str(pick(json.loads(recorded[0]), "review.id"))]
