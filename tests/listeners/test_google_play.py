"""Google Play: a review and its one answer, tokens signed by a service account, and what the console must allow."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import listeners
from desk.errors import ConfigurationError, SourceDenied
from desk.mention import Mention
from desk.source import Source
from listeners import google_play
from listeners.contract import ReplyTo, Window
from listeners.http import Client
from listeners.sandbox.google import SERVICE_ACCOUNT
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import World
from listeners.testing import Clock, Desk, ListenerContract, Stage

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
ACCOUNT = json.dumps({"type": "service_account", "client_email": SERVICE_ACCOUNT, "private_key": PEM})
ENVIRON = {"PLAY": ACCOUNT}
RECORDING = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "google_play" / "androidpublisher_reviews_list.json"


def source(url: str) -> Source:
    given = {"name": "play", "platform": "google_play", "base_url": f"{url}/google_play", "service_account_env": "PLAY"}
    return Source.model_validate(given | {"package": "com.kastanie.app"})


class TestGooglePlay(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), ENVIRON, "google_play")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(world: World, url: str, environ: dict[str, str] = ENVIRON) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url), environ, "google_play"), world.clock)


def to(mention: Mention) -> ReplyTo:
    return ReplyTo(mention.native_id, mention.conversation, mention.kind)


def test_a_review_has_its_stars_language_and_link(world, url):
    world.say("Die App stürzt ab", channel="google_play", stars=1, name="Jule", title="Schade")
    heard = desk(world, url)
    heard.run()
    review = heard.order[0]
    assert (review.kind, review.stars, review.rating, review.language) == ("review", 1.0, "1/5", "de")
    assert (review.title, review.text, review.author.name) == ("Schade", "Die App stürzt ab", "Jule")
    assert review.url.startswith("https://play.google.com/store/apps/details?id=com.kastanie.app&reviewId=gp%3A")


def test_an_answer_is_sent_heard_again_under_its_id_and_found_by_a_look(world, url):
    world.say("Die App stürzt ab", channel="google_play", stars=1)
    heard = desk(world, url)
    heard.run()
    review, since = heard.order[0], world.clock()
    with heard.client() as client:
        assert google_play.look(client, heard.stage.source, to(review), "Mit 4.2 behoben.", since) is None
        receipt = google_play.reply(client, heard.stage.source, to(review), "Mit 4.2 behoben.", "key")
        found = google_play.look(client, heard.stage.source, to(review), "Mit 4.2 behoben.", since)
        assert found
        assert found.native_id == receipt.native_id
        assert google_play.look(client, heard.stage.source, to(review), "Etwas anderes", since) is None
        later = since + timedelta(minutes=1)
        assert google_play.look(client, heard.stage.source, to(review), "Mit 4.2 behoben.", later) is None
    heard.run()
    answer = heard.heard[receipt.native_id]
    assert (answer.text, answer.ours, answer.kind) == ("Mit 4.2 behoben.", True, "review")
    assert (answer.conversation, answer.parent) == (review.native_id, review.native_id)


def test_a_later_answer_replaces_the_one_before(world, url):
    world.say("Die App stürzt ab", channel="google_play")
    heard = desk(world, url)
    heard.run()
    with heard.client() as client:
        for text in ("Wir prüfen das.", "Mit 4.2 behoben."):
            world.clock.sleep(60)
            google_play.reply(client, heard.stage.source, to(heard.order[0]), text, "key")
            heard.run()
    assert heard.texts() == ["Die App stürzt ab", "Mit 4.2 behoben."]
    assert heard.edits == 1


def test_one_token_serves_a_run_and_is_signed_by_the_service_account():
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"access_token": "short-lived", "expires_in": 3599} if request.method == "POST" else {})

    clock = Clock()
    known = Source.model_validate(
        {"name": "play", "platform": "google_play", "service_account_env": "PLAY", "package": "com.kastanie.app"}
    )
    access = google_play.access(known, {"service_account": base64.b64encode(ACCOUNT.encode()).decode()})
    google = "https://androidpublisher.googleapis.com"
    transport = httpx.MockTransport(respond)
    with Client(google, platform="google_play", access=access, clock=clock, transport=transport) as client:
        google_play.verify(client, known)
        google_play.verify(client, known)
        clock.sleep(3_600)
        google_play.verify(client, known)
    assert [str(one.url.host) for one in asked] == [
        "oauth2.googleapis.com",
        "androidpublisher.googleapis.com",
        "androidpublisher.googleapis.com",
        "oauth2.googleapis.com",
        "androidpublisher.googleapis.com",
    ]
    assert asked[1].headers["authorization"] == "Bearer short-lived"
    assertion = dict(httpx.QueryParams(asked[0].content.decode()))["assertion"]
    claims = jwt.decode(
        assertion,
        PRIVATE.public_key(),
        ["RS256"],
        audience="https://oauth2.googleapis.com/token",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == SERVICE_ACCOUNT
    assert claims["scope"] == "https://www.googleapis.com/auth/androidpublisher"
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("not json", id="no JSON"),
        pytest.param('{"client_email": "a"}', id="half of it"),
        pytest.param(json.dumps({"client_email": "a", "private_key": "geheim"}), id="a damaged key"),
    ],
)
def test_a_key_that_is_none_says_what_is_wanted_and_is_never_shown(world, url, key):
    with pytest.raises(ConfigurationError, match="JSON") as caught:
        desk(world, url, {"PLAY": key}).run()
    assert "geheim" not in str(caught.value)


def test_a_service_account_that_google_does_not_know_is_named(world, url):
    other = json.dumps({"client_email": "other@x.example", "private_key": PEM})
    with pytest.raises(SourceDenied, match="gives no token") as caught:
        desk(world, url, {"PLAY": other}).run()
    assert "PLAY" in caught.value.advice


def test_verify_says_which_app_is_heard(world, url):
    with desk(world, url).client() as client:
        assert google_play.verify(client, source(url)) == "the reviews of com.kastanie.app"


@pytest.mark.parametrize("package", ["", "kastanie", "https://play.google.com/store/apps/details?id=com.kastanie.app"])
def test_what_is_no_package_name_is_refused(package):
    with pytest.raises(ConfigurationError, match="package"):
        listeners.check(Source(name="x", platform="google_play", options={"package": package}))


def test_an_answer_outlives_its_review_which_google_shows_for_a_week(world, url):
    world.say("Die App stürzt ab", channel="google_play", ago=timedelta(days=7) - timedelta(hours=1))
    heard = desk(world, url)
    heard.run()
    with heard.client() as client:
        google_play.reply(client, heard.stage.source, to(heard.order[0]), "Mit 4.2 behoben.", "key")
    heard.run()
    world.clock.sleep(3_700)
    heard.run()
    assert heard.texts() == ["Die App stürzt ab", "Mit 4.2 behoben."]


@pytest.mark.skipif(not RECORDING.exists(), reason="the recordings of real servers are not here")
def test_every_recorded_review_and_answer_is_a_mention_with_its_words_author_time_and_stars():
    body = json.loads(RECORDING.read_text(encoding="utf-8"))

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=body)

    known = Source(name="play", platform="google_play", options={"package": "com.kastanie.app"})
    window = Window(datetime(2020, 3, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))
    with Client("http://recorded", platform="google_play", transport=httpx.MockTransport(respond)) as client:
        pages = list(google_play.pull(client, known, None, window))
    assert not any(page.broken for page in pages)
    mentions = {one.native_id: one for page in pages for one in page.mentions}
    assert len(mentions) == 6
    assert [one.said_at for page in pages for one in page.mentions] == sorted(one.said_at for one in mentions.values())
    for review in body["reviews"]:
        customer, *answers = review["comments"]
        mention, said = mentions[review["reviewId"]], customer["userComment"]
        assert mention.text == said["text"].strip()
        assert mention.title == ""
        assert mention.author.name == review["authorName"]
        assert int(mention.said_at.timestamp()) == int(said["lastModified"]["seconds"])
        assert mention.said_at.microsecond * 1000 == said["lastModified"]["nanos"]
        assert mention.stars == said["starRating"]
        assert mention.language == said["reviewerLanguage"][:2]
        for answer in answers:
            ours = mentions[review["reviewId"] + "/reply"]
            assert (ours.text, ours.ours, ours.parent) == (answer["developerComment"]["text"], True, review["reviewId"])
