"""Yelp: excerpts with their stars, times of Yelp's home, the daily limit, and refusals in Yelp's own words."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceError, SourceGone
from desk.source import Source
from listeners import yelp
from listeners.contract import Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.sandbox.yelp import BUSINESS
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "yelp" / "businesses_reviews.json"


def stage(url: str, **options: object) -> Stage:
    given = {"businesses": [BUSINESS], **options}
    source = Source(name="y", platform="yelp", base_url=f"{url}/yelp", token_env="T", options=given)
    return Stage(source, {"T": TOKEN}, "yelp")


class TestYelpReviews(ListenerContract):
    notices_deletions = False
    whole_texts = False
    busy_pages = 2
    backlog = 300

    def stage(self, url: str, world: World) -> Stage:
        return stage(url)


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(stage(url, **options), world.clock)


def test_a_review_has_its_stars_its_author_and_its_place(world, url):
    world.say("Netter Laden", channel="yelp", author="jule", name="Jule K.", stars=4)
    heard = desk(url, world, locale="de_DE")
    heard.run()
    [mention] = heard.order
    assert (mention.kind, mention.stars, mention.rating, mention.language) == ("review", 4.0, "4/5", "de")
    assert mention.said_at == world.clock()
    assert mention.url == f"https://www.yelp.com/biz/{BUSINESS}?hrid={mention.native_id}"
    assert mention.author
    assert (mention.author.native_id, mention.author.name) == ("user-jule", "Jule K.")
    assert mention.author.url
    assert mention.conversation == mention.native_id


@pytest.mark.parametrize(
    ("said", "utc"),
    [
        pytest.param("2026-01-15 12:00:00", "2026-01-15T20:00:00+00:00", id="winter"),
        pytest.param("2026-07-15 12:00:00", "2026-07-15T19:00:00+00:00", id="summer"),
        pytest.param("2026-07-15T12:00:00+00:00", "2026-07-15T12:00:00+00:00", id="with an offset"),
    ],
)
def test_times_are_those_of_yelps_home(said, utc):
    mention = yelp.to_mention({"id": "r1", "time_created": said}, None)
    assert mention.said_at == datetime.fromisoformat(utc)


def test_nothing_new_costs_one_request_for_each_business(world, url):
    for number in range(20):
        world.say(f"alt {number}", channel="yelp", ago=timedelta(days=20, minutes=-number))
    world.say("neu", channel="yelp")
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3_600)
    heard.run()
    assert heard.requests == 1


def test_a_plan_that_gives_the_same_three_again_ends_the_walk():
    asked: list[str] = []
    three = [{"id": f"r{n}", "time_created": "2026-03-01 10:00:00", "text": "x", "rating": 5} for n in range(3)]

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["offset"])
        return httpx.Response(200, json={"reviews": three, "total": 9_723})

    now = datetime(2026, 3, 2, tzinfo=UTC)
    with Client("https://api.yelp.com", platform="yelp", transport=httpx.MockTransport(respond)) as client:
        pages = list(yelp.pull(client, stage("https://x.example").source, None, Window(now, now - timedelta(days=5))))
    assert sum(len(page.mentions) for page in pages) == 3
    assert asked == ["0", "3"]


def refused(status: int, error: dict[str, str], headers: dict[str, str] | None = None, clock: Clock | None = None) -> SourceError:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json={"error": error}, headers=headers))
    refusal, clock = yelp.LISTENER.refusal, clock or Clock()
    client = Client("https://api.yelp.com", platform="yelp", refusal=refusal, transport=transport, clock=clock, sleep=clock.sleep)
    with client, pytest.raises(SourceError) as caught:
        client.get_json("/v3/businesses/x/reviews")
    return caught.value


@pytest.mark.parametrize(
    ("status", "error", "kind", "advice"),
    [
        pytest.param(404, {"code": "BUSINESS_NOT_FOUND"}, SourceGone, "look at businesses", id="no such business"),
        pytest.param(403, {"code": "BUSINESS_UNAVAILABLE"}, SourceGone, "take it out", id="not given out"),
        pytest.param(301, {"code": "BUSINESS_MIGRATED", "new_business_id": "n7"}, SourceGone, "id now: n7", id="another id"),
        pytest.param(400, {"code": "VALIDATION_ERROR", "description": "bad locale"}, SourceError, "locale", id="bad locale"),
    ],
)
def test_refusals_in_yelps_words_say_what_to_do(status, error, kind, advice):
    caught = refused(status, error)
    assert type(caught) is kind
    assert advice in caught.advice
    assert (error.get("description") or error["code"]) in str(caught)


@pytest.mark.parametrize(
    ("headers", "again"),
    [
        pytest.param(
            {"RateLimit-Remaining": "0", "RateLimit-ResetTime": "2026-03-02T00:00:00+00:00"}, 2, id="as the header says"
        ),
        pytest.param({}, 2, id="at midnight UTC"),
    ],
)
def test_a_spent_day_is_over_when_yelp_counts_anew(headers, again):
    clock = Clock(datetime(2026, 3, 1, 17, 30, tzinfo=UTC))
    caught = refused(429, {"code": "ACCESS_LIMIT_REACHED", "description": "You've reached the access limit"}, headers, clock)
    assert isinstance(caught, SourceBusy)
    assert caught.retry_at == datetime(2026, 3, again, tzinfo=UTC)
    assert clock.slept == 0


def test_the_last_request_of_the_day_lets_nobody_ask_before_the_next():
    clock = Clock(datetime(2026, 3, 1, 17, 30, tzinfo=UTC))
    headers = {"RateLimit-Remaining": "0", "RateLimit-ResetTime": "2026-03-02T00:00:00+00:00"}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"reviews": []}, headers=headers))
    with Client("https://api.yelp.com", platform="yelp", transport=transport, clock=clock, sleep=clock.sleep) as client:
        client.get_json("/v3/businesses/x/reviews")
        with pytest.raises(SourceBusy) as caught:
            client.get_json("/v3/businesses/x/reviews")
    assert caught.value.retry_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert client.requests == 1


def test_one_business_that_is_gone_silences_none_of_the_others(world, url):
    world.say("gut", channel="yelp")
    heard = desk(url, world, businesses=["weg", BUSINESS])
    with pytest.raises(SourceGone):
        heard.run()
    assert heard.texts() == ["gut"]


def test_verify_names_the_business(world, url):
    world.say("gut", channel="yelp")
    heard = desk(url, world)
    with heard.client() as client:
        assert yelp.verify(client, heard.stage.source) == "Kastanie Möbel (1 reviews)"


@pytest.mark.parametrize("options", [{}, {"businesses": []}, {"businesses": ["x"], "locale": "german"}])
def test_settings_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigurationError):
        listeners.check(Source(name="x", platform="yelp", options=options))


def test_every_recorded_review_becomes_a_mention_with_its_words_stars_author_time_and_link():
    if not RECORDED.exists():
        pytest.skip("the recordings of real servers are not here")
    body = json.loads(RECORDED.read_text(encoding="utf-8"))
    items = {item["id"]: item for item in body["reviews"]}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=body))
    window = Window(datetime(2022, 1, 10, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))
    with Client("https://api.yelp.com", platform="yelp", transport=transport) as client:
        pages = list(yelp.pull(client, stage("https://x.example").source, None, window))
    mentions = [one for page in pages for one in page.mentions]
    assert not any(page.broken for page in pages)
    assert {mention.native_id for mention in mentions} == set(items)
    assert len(items) == 3
    assert [mention.said_at for mention in mentions] == sorted(mention.said_at for mention in mentions)
    for mention in mentions:
        item = items[mention.native_id]
        assert (mention.text, mention.url, mention.stars) == (item["text"].strip(), item["url"], item["rating"])
        assert mention.author
        assert (mention.author.native_id, mention.author.name) == (item["user"]["id"], item["user"]["name"])
        assert mention.said_at.replace(tzinfo=None) - datetime.fromisoformat(item["time_created"]) == timedelta(hours=8)
