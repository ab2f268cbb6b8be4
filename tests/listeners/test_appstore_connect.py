"""App Store Connect: tokens signed by the developer's key, reviews with responses beside them, responses sent and found again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy
from desk.source import Source
from listeners.appstore_connect import LISTENER, to_mentions
from listeners.batches import understood
from listeners.contract import Broken, ReplyTo, Window
from listeners.http import Client
from listeners.sandbox.appstore_connect import APP, ISSUER, KEY_ID, private_key
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import World
from listeners.testing import Clock, Desk, ListenerContract, Stage

DESCRIPTION = (
    Path(__file__).parents[2]
    / ".."
    / "shared"
    / "recordings"
    / "apple_app_store"
    / "appstoreconnect.customerReviews.openapi.json"
)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def source(url: str, **options: object) -> Source:
    given: dict[str, Any] = {"app_id": APP, "key_id": KEY_ID, "issuer_id": ISSUER, "token_env": "P8"} | options
    return Source.model_validate({"name": "app", "platform": "appstore_connect", "base_url": f"{url}/appstore_connect", **given})


class TestReviews(ListenerContract):
    asks_when_refused = 2
    """Once more with a new token."""

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), {"P8": private_key()}, "appstore_connect")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, key: str = "", **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"P8": key or private_key()}, "appstore_connect"), world.clock)


def to(native_id: str) -> ReplyTo:
    return ReplyTo(native_id, native_id, "review")


def test_a_review_has_its_stars_title_author_and_page(world, url):
    world.say("Stürzt ab.", channel="appstore_connect", title="Schade", name="jule87", stars=1)
    heard = desk(url, world)
    heard.run()
    review = heard.order[0]
    assert (review.stars, review.rating, review.kind, review.title) == (1, "1/5", "review", "Schade")
    assert review.author is not None
    assert review.author.name == "jule87"
    assert review.url == f"https://apps.apple.com/app/id{APP}?see-all=reviews"


def test_a_response_is_a_mention_of_its_own_and_ours_be_it_days_younger_than_its_review(world, url):
    item = world.say("Stürzt ab.", channel="appstore_connect", ago=timedelta(days=10))
    world.say("gut", channel="appstore_connect")
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    world.answer(item, "In 4.2.1 behoben.", "")
    heard.run()
    review, _, response = heard.order
    assert (response.text, response.ours, response.kind) == ("In 4.2.1 behoben.", True, "review")
    assert (response.parent, response.conversation) == (review.native_id, review.conversation)


def test_only_the_countries_that_are_asked_for_are_heard(world, url):
    for country in ("de", "at", "ch"):
        world.say(country, channel="appstore_connect", country=country)
    heard = desk(url, world, territories=["DEU", "CHE"])
    heard.run()
    assert heard.texts() == ["ch", "de"]


def test_a_response_is_sent_and_heard_again_under_the_same_id(world, url):
    world.say("Stürzt ab.", channel="appstore_connect")
    heard = desk(url, world)
    heard.run()
    with heard.client() as client:
        receipt = LISTENER.reply(client, heard.stage.source, to(heard.order[0].native_id), "In 4.2.1 behoben.", "key")
    assert [sent["text"] for sent in world.sent] == ["In 4.2.1 behoben."]
    world.clock.sleep(60)
    heard.run()
    assert heard.heard[receipt.native_id].text == "In 4.2.1 behoben."
    assert heard.heard[receipt.native_id].url == receipt.url


def test_look_finds_our_response_and_only_ours_of_that_time(world, url):
    item = world.say("Stürzt ab.", channel="appstore_connect")
    heard = desk(url, world)
    heard.run()
    native_id, before = heard.order[0].native_id, world.clock()
    with heard.client() as client:

        def look(text: str, since: datetime, native_id: str = native_id) -> Any:
            return LISTENER.look(client, heard.stage.source, to(native_id), text, since)

        assert look("In 4.2.1 behoben.", before) is None
        world.answer(item, "In 4.2.1 behoben.", "")
        assert look("In 4.2.1 behoben.", before).native_id == f"{native_id}/reply"
        assert look("Etwas anderes.", before) is None
        assert look("In 4.2.1 behoben.", before + timedelta(hours=1)) is None
        assert look("In 4.2.1 behoben.", before, "00000042-gone") is None


def test_a_token_lives_for_less_than_twenty_minutes_and_is_made_anew(world, url):
    world.say("gut", channel="appstore_connect")
    heard = desk(url, world)
    with heard.client() as client:
        for _ in range(3):
            assert LISTENER.verify(client, heard.stage.source) == "Kastanie (example.kastanie.app)"
            world.clock.sleep(1_000)
        assert client.requests == 3


@pytest.mark.parametrize("how", ["text", "one line", "path"])
def test_the_private_key_may_be_text_or_a_path(world, url, tmp_path, how):
    file = tmp_path / "AuthKey_SANDBOX001.p8"
    file.write_text(private_key())
    given = {"text": private_key(), "one line": private_key().replace("\n", "\\n"), "path": str(file)}[how]
    world.say("gut", channel="appstore_connect")
    heard = desk(url, world, given)
    heard.run()
    assert heard.texts() == ["gut"]


def test_an_individual_key_needs_no_issuer(world, url):
    world.say("gut", channel="appstore_connect")
    heard = desk(url, world, issuer_id="")
    heard.run()
    assert heard.texts() == ["gut"]


@pytest.mark.parametrize(
    "given", ["/nowhere/AuthKey.p8", "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----"], ids=["path", "text"]
)
def test_a_key_that_cannot_be_read_is_said_without_showing_it(world, url, given):
    heard = desk(url, world, given)
    with pytest.raises(ConfigurationError, match=r"\.p8 file") as caught:
        heard.run()
    assert "nowhere" not in str(caught.value)
    assert "bm90" not in str(caught.value)


def test_a_spent_allowance_is_waited_for():
    def respond(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            429,
            headers={"x-rate-limit": "user-hour-lim:3500;user-hour-rem:0;"},
            json={"errors": [{"code": "RATE_LIMIT_EXCEEDED"}]},
        )

    with (
        Client(
            "http://x",
            platform="appstore_connect",
            refusal=LISTENER.refusal,
            transport=httpx.MockTransport(respond),
            clock=lambda: NOW,
        ) as client,
        pytest.raises(SourceBusy, match="within the hour") as caught,
    ):
        client.get_json("/v1/apps/1")
    assert caught.value.retry_at == NOW + timedelta(minutes=5)
    assert client.requests == 1


def test_an_unusable_app_is_refused():
    with pytest.raises(ConfigurationError, match="app_id"):
        listeners.check(Source(name="x", platform="appstore_connect", options={"app_id": "kastanie", "key_id": KEY_ID}))


def made_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return a payload as the official description has it."""
    if "$ref" in schema:
        return made_of(schemas.get(schema["$ref"].rpartition("/")[2], {}), schemas)
    if "oneOf" in schema:
        return made_of(schema["oneOf"][0], schemas)
    if schema.get("type") == "array":
        return [made_of(schema["items"], schemas)]
    if schema.get("type") == "object" or "properties" in schema:
        return {name: made_of(one, schemas) for name, one in schema.get("properties", {}).items()}
    if "enum" in schema:
        return schema["enum"][0]
    return {"date-time": "2026-10-30T10:00:00-07:00"}.get(
        schema.get("format", ""), 3 if schema.get("type") == "integer" else "same"
    )


@pytest.mark.skipif(not DESCRIPTION.exists(), reason="the recordings are not here")
def test_a_payload_made_of_the_official_description_is_heard_with_its_response():
    schemas = json.loads(DESCRIPTION.read_text(encoding="utf-8"))["components"]["schemas"]
    body = made_of(schemas["CustomerReviewsResponse"], schemas)
    assert (len(body["data"]), len(body["included"])) == (1, 1)
    body["links"].pop("next")

    def respond(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=body)

    window = Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))
    where = Source(name="x", platform="appstore_connect", options={"app_id": APP, "key_id": KEY_ID})
    with Client("http://recorded", platform="appstore_connect", token="k", transport=httpx.MockTransport(respond)) as client:
        pages = list(LISTENER.pull(client, where, None, window))
    heard = [one for page in pages for one in page.mentions]
    assert [(one.text, one.ours, one.stars) for one in heard] == [("same", False, 3), ("same", True, None)]
    assert {one.said_at for one in heard} == {datetime(2026, 10, 30, 17, tzinfo=UTC)}
    assert not any(page.broken for page in pages)


def test_a_review_without_an_id_or_a_date_is_kept_for_later():
    odd = [{"type": "customerReviews"}, {"id": "1", "attributes": {"body": "x", "createdDate": "yesterday"}}, "text"]
    found = understood(odd, lambda one: to_mentions(one, app_id=APP, responses={}), "reviews").found
    assert all(isinstance(one, Broken) for one in found)
    assert len(found) == 3


def test_the_token_names_the_key_and_is_meant_for_app_store_connect(world, url):
    with desk(url, world).client() as client:
        token = client._access.headers(client)["Authorization"].removeprefix("Bearer ")
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": KEY_ID, "typ": "JWT"}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["iss"], claims["aud"]) == (ISSUER, "appstoreconnect-v1")
    assert claims["exp"] - claims["iat"] <= 1_200
