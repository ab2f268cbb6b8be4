"""Trustpilot: reviews with the company's answers beside them, order data left behind, answers sent once and found again."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceDenied
from desk.source import Source
from listeners.contract import ReplyTo, Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.trustpilot import UNIT
from listeners.sandbox.world import TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage
from listeners.trustpilot import LISTENER, read, signed, to_mentions

RECORDING = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "trustpilot" / "business_unit_reviews.docs.json"
ENVIRON = {"KEY": TOKEN, "SECRET": TOKEN}
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def source(url: str, private: bool = True, **options: object) -> Source:
    given = {"business_unit": UNIT, "business_user": "5f0000000000000000000001"} | options
    parts = {"secret_env": "SECRET"} if private else {}
    return Source.model_validate(
        {"name": "tp", "platform": "trustpilot", "base_url": f"{url}/trustpilot", "token_env": "KEY", **parts, **given}
    )


class TestPrivately(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), ENVIRON, "trustpilot")


class TestPublicly(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, private=False), ENVIRON, "trustpilot")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, **more: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **more), ENVIRON, "trustpilot"), world.clock)  # type: ignore[arg-type]


def to(native_id: str) -> ReplyTo:
    return ReplyTo(native_id, native_id, "review")


def test_a_review_has_its_stars_author_title_and_page(world, url):
    world.say("Kommt nicht an.", channel="trustpilot", title="Ärger", author="jule", name="Jule K.", stars=2)
    heard = desk(url, world)
    heard.run()
    review = heard.order[0]
    assert (review.stars, review.rating, review.kind, review.title) == (2, "2/5", "review", "Ärger")
    assert review.author is not None
    assert review.author.name == "Jule K."
    assert review.url == f"https://www.trustpilot.com/reviews/{review.native_id}"
    assert review.conversation == review.native_id


def test_the_companys_answer_is_a_mention_of_its_own_and_ours(world, url):
    item = world.say("Kommt nicht an.", channel="trustpilot")
    world.clock.sleep(60)
    world.answer(item, "Das tut uns leid.", "")
    heard = desk(url, world)
    heard.run()
    review, answer = heard.order
    assert (answer.text, answer.ours, answer.kind) == ("Das tut uns leid.", True, "review")
    assert (answer.parent, answer.conversation) == (review.native_id, review.conversation)
    assert answer.native_id == f"{review.native_id}/reply"
    assert not review.ours


def test_no_order_number_and_no_e_mail_is_kept_not_even_in_quarantine(world, url):
    world.say("gut", channel="trustpilot")
    item = world.say("Datum kaputt", channel="trustpilot")
    heard = desk(url, world)
    heard.run()
    assert not any("example.org" in repr(one) or "4711" in repr(one) for one in heard.order)
    broken = read(
        heard.stage.source,
        json.dumps(
            {"events": [{"eventName": "service-review-created", "eventData": {"id": item.key, "referenceId": "K-4711"}}]}
        ).encode(),
        NOW,
    ).broken
    assert len(broken) == 1
    assert b"4711" not in broken[0].raw


def test_an_answer_given_days_later_is_heard_while_the_review_is_within_days_back(world, url):
    item = world.say("Kommt nicht an.", channel="trustpilot", ago=timedelta(days=5))
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    world.say("neu", channel="trustpilot")
    heard.run()
    world.answer(item, "Ist unterwegs.", "")
    heard.run()
    assert [one.text for one in heard.order] == ["Kommt nicht an.", "neu", "Ist unterwegs."]


def test_an_edit_far_down_the_list_survives_a_budget_that_ends_in_between(world, url):
    old = world.say("alt", channel="trustpilot", ago=timedelta(days=25))
    for number in range(220):
        world.say(f"{number}", channel="trustpilot", ago=timedelta(days=20) - timedelta(hours=number))
    world.edit(old.key, "alt, aber geändert")
    world.clock.sleep(60)
    heard = desk(url, world, days_back=0)
    heard.run_until_whole(budget=1)
    assert "alt, aber geändert" in heard.texts()
    assert len(heard.texts()) == 221


def test_an_answer_that_was_taken_back_is_gone_and_one_whose_review_is_out_of_reach_is_not(world, url):
    near = world.say("neu", channel="trustpilot")
    far = world.say("alt", channel="trustpilot", ago=timedelta(days=12))
    answers = [world.answer(item, "Danke!", "") for item in (near, far)]
    heard = desk(url, world)
    heard.run()
    assert len(heard.order) == 4
    world.clock.sleep(3600)
    for answer in answers:
        world.delete(answer.key)
    heard.run()
    assert {key.split("/")[0] for key in heard.deleted} == {one.native_id for one in heard.order if one.text == "neu"}


def test_an_answer_is_sent_and_heard_again_under_the_same_id(world, url):
    world.say("Kommt nicht an.", channel="trustpilot", author="jule")
    heard = desk(url, world)
    heard.run()
    with heard.client() as client:
        receipt = LISTENER.reply(client, heard.stage.source, to(heard.order[0].native_id), "Wir schauen nach.", "key")
    assert [sent["text"] for sent in world.sent] == ["Wir schauen nach."]
    world.clock.sleep(60)
    heard.run()
    assert heard.heard[receipt.native_id].text == "Wir schauen nach."
    assert heard.heard[receipt.native_id].url == receipt.url


def test_look_finds_our_answer_and_only_ours_of_that_time(world, url):
    item = world.say("Kommt nicht an.", channel="trustpilot")
    heard = desk(url, world)
    heard.run()
    native_id, before = heard.order[0].native_id, world.clock()
    with heard.client() as client:

        def look(text: str, since: datetime) -> object:
            return LISTENER.look(client, heard.stage.source, to(native_id), text, since)

        assert look("Wir schauen nach.", before) is None
        world.answer(item, "Wir schauen  nach.", "")
        assert look("Wir schauen nach.", before).native_id == f"{native_id}/reply"
        assert look("Etwas anderes.", before) is None
        assert look("Wir schauen nach.", before + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("more", "wanted"), [({"private": False}, "secret_env"), ({"business_user": ""}, "set business_user")], ids=["secret", "user"]
)
def test_answering_without_what_it_needs_says_what_to_give(world, url, more, wanted):
    heard = desk(url, world, **more)
    with heard.client() as client, pytest.raises(ConfigurationError, match=wanted):
        LISTENER.reply(client, heard.stage.source, to("1"), "Hallo", "key")


def test_a_wrong_secret_gives_no_token_and_says_what_to_do(world, url):
    heard = desk(url, world)
    heard.environ["SECRET"] = "wrong"
    with pytest.raises(SourceDenied, match="gives no token") as caught:
        heard.run()
    assert "kummerkasten.env" in caught.value.advice
    assert "wrong" not in str(caught.value)


def test_a_domain_will_do_in_place_of_the_id(world, url):
    world.say("gut", channel="trustpilot")
    heard = desk(url, world, business_unit="kastanie.example")
    heard.run()
    assert heard.texts() == ["gut"]


def test_verify_names_the_company(world, url):
    with desk(url, world).client() as client:
        assert LISTENER.verify(client, source(url)) == "Kastanie Möbel (kastanie.example)"


def test_an_unusable_company_is_refused():
    with pytest.raises(ConfigurationError, match="business_unit"):
        listeners.check(Source(name="x", platform="trustpilot", options={"business_unit": "https://kastanie.example/"}))


EVENT = {
    "events": [
        {
            "eventName": "service-review-created",
            "version": "1",
            "eventData": {
                "id": "53bffd360000640002975387",
                "language": "de",
                "title": "Schnell",
                "text": "Alles heil angekommen.",
                "referenceId": "K-4711",
                "stars": 5,
                "createdAt": "2026-10-31T09:34:44.000Z",
                "consumer": {"id": "53bffc3900006400017e5db8", "name": "Jule"},
            },
        }
    ]
}


def test_a_delivery_is_read_as_the_review_that_a_pull_would_bring():
    page = read(Source(name="x", platform="trustpilot"), json.dumps(EVENT).encode(), NOW)
    assert [(one.text, one.stars, one.author.name, one.edited_at) for one in page.mentions] == [
        ("Alles heil angekommen.", 5, "Jule", None)
    ]
    assert page.cursor is None


def test_a_delivered_edit_and_a_delivered_deletion_are_noted():
    events = [
        EVENT["events"][0] | {"eventName": "service-review-updated"},
        {"eventName": "service-review-deleted", "eventData": {"id": "53bffd360000640002975388"}},
        {"eventName": "product-review-created", "eventData": {"id": "1"}},
    ]
    page = read(Source(name="x", platform="trustpilot"), json.dumps({"events": events}).encode(), NOW)
    assert [one.edited_at for one in page.mentions] == [NOW]
    assert page.deleted == ("53bffd360000640002975388",)


@pytest.mark.parametrize("encode", [bytes.hex, lambda code: base64.b64encode(code).decode()], ids=["hex", "base64"])
def test_only_what_trustpilot_signed_is_genuine(encode):
    body = json.dumps(EVENT).encode()
    good = encode(hmac.new(b"s3cret", body, hashlib.sha256).digest())
    assert signed({"x-trustpilot-signature": good}, body, {"webhook_secret": "s3cret"}, NOW)
    assert not signed({"x-trustpilot-signature": good}, body + b" ", {"webhook_secret": "s3cret"}, NOW)
    assert not signed({"x-trustpilot-signature": good}, body, {}, NOW)
    assert not signed({}, body, {"webhook_secret": "s3cret"}, NOW)


@pytest.mark.skipif(not RECORDING.exists(), reason="the recordings are not here")
def test_the_recorded_review_becomes_a_mention_and_its_answer_another():
    recorded = json.loads(RECORDING.read_text(encoding="utf-8"))["reviews"]
    assert len(recorded) == 1
    review, answer = to_mentions(recorded[0])
    said = recorded[0]
    assert (review.text, review.stars, review.rating) == ("", None, "0/5")  # the sample has no words, and no stars out of five
    assert review.said_at == datetime.fromisoformat(said["createdAt"])
    assert review.edited_at is None
    assert review.author is not None
    assert (review.author.native_id, review.author.name) == (said["consumer"]["id"], said["consumer"]["displayName"])
    assert review.url is not None
    assert review.url.endswith(f"/reviews/{said['id']}")
    assert answer.text == said["companyReply"]["text"]
    assert answer.said_at == datetime.fromisoformat(said["companyReply"]["createdAt"]).replace(tzinfo=UTC)


@pytest.mark.skipif(not RECORDING.exists(), reason="the recordings are not here")
def test_the_recorded_answer_is_heard_whole():
    def respond(request: httpx.Request) -> httpx.Response:
        page = json.loads(RECORDING.read_text(encoding="utf-8"))
        return httpx.Response(200, json=page if request.url.params["page"] == "1" else page | {"reviews": []})

    window = Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))
    where = Source(name="x", platform="trustpilot", options={"business_unit": UNIT})
    with Client("http://recorded", platform="trustpilot", token="k", transport=httpx.MockTransport(respond)) as client:
        pages = list(LISTENER.pull(client, where, None, window))
    assert len([one for page in pages for one in page.mentions]) == 2
    assert not any(page.broken for page in pages)
