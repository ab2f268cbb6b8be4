"""Tripadvisor: reviews in each language with the owner's answers, translations left out, a key that may be restricted."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceDenied, SourceGone
from desk.source import Source
from listeners import tripadvisor
from listeners.contract import Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.tripadvisor import PLACE
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "tripadvisor" / "location_with_reviews_2015.json"


def stage(url: str, **options: object) -> Stage:
    given = {"locations": [PLACE], "languages": ["de"], **options}
    source = Source(name="t", platform="tripadvisor", base_url=f"{url}/tripadvisor", token_env="T", options=given)
    return Stage(source, {"T": TOKEN}, "tripadvisor")


class TestTripadvisorReviews(ListenerContract):
    notices_deletions = False
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


def test_a_review_has_its_title_stars_author_language_and_place(world, url):
    world.say("Ruhig gelegen", channel="tripadvisor", author="jule k", title="Gerne wieder", stars=5)
    heard = desk(url, world)
    heard.run()
    [mention] = heard.order
    assert (mention.kind, mention.title, mention.text) == ("review", "Gerne wieder", "Ruhig gelegen")
    assert (mention.stars, mention.rating, mention.language) == (5.0, "5/5", "de")
    assert mention.author
    assert (mention.author.native_id, mention.author.name) == ("jule k", "jule k")
    assert mention.url
    assert mention.url.endswith(f"#review{mention.native_id}")
    assert mention.said_at == world.clock()


def test_the_owners_answer_is_a_mention_of_its_own_and_ours(world, url):
    review = world.say("Zimmer war laut", channel="tripadvisor", author="jule", stars=2, ago=timedelta(days=20))
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3_600)
    world.say("Das tut uns leid", channel="tripadvisor", author=BRAND, parent=review.key, ours=True)
    heard.run()
    first, answer = heard.order
    assert (answer.text, answer.ours, answer.kind) == ("Das tut uns leid", True, "review")
    assert (answer.parent, answer.conversation) == (first.native_id, first.conversation)
    assert answer.said_at == world.clock()
    assert (first.ours, first.stars, answer.stars) == (False, 2.0, None)
    assert answer.author
    assert answer.author.name == "Hotel Kastanie"


def test_each_language_is_a_list_of_its_own(world, url):
    world.say("gut", channel="tripadvisor", language="de")
    world.say("good", channel="tripadvisor", language="en")
    world.say("bien", channel="tripadvisor", language="fr")
    both = desk(url, world, languages=["de", "en"])
    both.run()
    assert [(one.text, one.language) for one in both.order] == [("gut", "de"), ("good", "en")]


def test_a_translation_by_machine_is_left_out():
    item = {"id": 1, "lang": "de", "published_date": "2026-03-01T10:00:00Z", "text": "übersetzt", "is_machine_translated": True}
    items = [item, item | {"id": 2, "text": "selbst geschrieben", "is_machine_translated": False}]
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"data": items}))
    now = datetime(2026, 3, 2, tzinfo=UTC)
    with Client("https://t.example", platform="tripadvisor", transport=transport) as client:
        pages = list(tripadvisor.pull(client, stage("https://t.example").source, None, Window(now, now - timedelta(days=5))))
    assert [one.text for page in pages for one in page.mentions] == ["selbst geschrieben"]


def test_an_answer_that_is_taken_back_is_noticed(world, url):
    review = world.say("Zimmer war laut", channel="tripadvisor", author="jule", stars=2)
    answer = world.say("Pech gehabt", channel="tripadvisor", author=BRAND, parent=review.key, ours=True)
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3_600)
    world.delete(answer.key)
    heard.run()
    assert heard.texts() == ["Zimmer war laut"]


def test_a_list_that_takes_no_offset_ends_with_its_five():
    asked: list[str] = []
    five = [{"id": n, "published_date": f"2026-03-01T10:00:0{n}Z", "text": "x", "rating": 5} for n in range(5, 0, -1)]

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["offset"])
        return httpx.Response(200, json={"data": five})

    now = datetime(2026, 3, 2, tzinfo=UTC)
    with Client("https://t.example", platform="tripadvisor", transport=httpx.MockTransport(respond)) as client:
        pages = list(tripadvisor.pull(client, stage("https://t.example").source, None, Window(now, now - timedelta(days=5))))
    assert sum(len(page.mentions) for page in pages) == 5
    assert asked == ["0", "5"]


def test_nothing_new_costs_one_request_for_each_language(world, url):
    for number in range(12):
        world.say(f"alt {number}", channel="tripadvisor", ago=timedelta(days=20, minutes=-number))
    world.say("neu", channel="tripadvisor")
    heard = desk(url, world, languages=["de", "en"])
    heard.run()
    world.clock.sleep(3_600)
    heard.run()
    assert heard.requests == 2


def test_the_key_and_the_domain_it_is_restricted_to_go_with_each_request():
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"data": []})

    now = datetime(2026, 3, 2, tzinfo=UTC)
    source = stage("https://t.example", referer="https://hotel.example").source
    access = tripadvisor.LISTENER.access
    assert access
    transport = httpx.MockTransport(respond)
    with Client(
        "https://t.example", platform="tripadvisor", access=access(source, {"token": "k"}), transport=transport
    ) as client:
        list(tripadvisor.pull(client, source, None, Window(now, now - timedelta(days=5))))
    assert [(one.url.params["key"], one.headers["referer"]) for one in asked] == [("k", "https://hotel.example")]


def test_a_refused_key_is_never_shown_and_says_what_to_look_at(world, url):
    heard = desk(url, world)
    heard.environ["T"] = "geheim-4711"
    with pytest.raises(SourceDenied, match="explicit deny") as caught:
        heard.run()
    assert "restricted to a domain needs referer" in caught.value.advice
    assert "geheim-4711" not in f"{caught.value} {caught.value.advice}"


def test_one_place_that_is_gone_silences_none_of_the_others(world, url):
    world.say("gut", channel="tripadvisor")
    heard = desk(url, world, locations=["1", PLACE])
    with pytest.raises(SourceGone):
        heard.run()
    assert heard.texts() == ["gut"]


def test_verify_names_the_place(world, url):
    world.say("gut", channel="tripadvisor")
    heard = desk(url, world)
    with heard.client() as client:
        assert tripadvisor.verify(client, heard.stage.source) == "Hotel Kastanie (1 reviews)"


def test_a_source_without_places_or_key_is_refused():
    with pytest.raises(ConfigurationError, match="locations"):
        listeners.check(Source(name="x", platform="tripadvisor"))
    with pytest.raises(ConfigurationError, match="token_env"):
        listeners.connect(Source(name="x", platform="tripadvisor", options={"locations": ["1"]}), {})


def test_every_recorded_review_becomes_a_mention_with_its_words_stars_author_time_and_link():
    if not RECORDED.exists():
        pytest.skip("the recordings of real servers are not here")
    items = json.loads(RECORDED.read_text(encoding="utf-8"))["reviews"]
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"data": items}))  # as today's API wraps them
    window = Window(datetime(2015, 3, 1, tzinfo=UTC), datetime(2015, 2, 1, tzinfo=UTC))
    with Client("https://t.example", platform="tripadvisor", transport=transport) as client:
        pages = list(tripadvisor.pull(client, stage("https://t.example").source, None, window))
    assert not any(page.broken for page in pages)
    mentions = {one.native_id: one for page in pages for one in page.mentions}
    assert set(mentions) == {item["id"] for item in items}
    assert len(items) == 3
    for item in items:
        mention = mentions[item["id"]]
        assert (mention.text, mention.title, mention.url) == (item["text"].strip(), item["title"], item["url"])
        assert (mention.stars, mention.language) == (item["rating"], item["lang"])
        assert mention.author
        assert mention.author.name == item["user"]["username"]
        assert mention.said_at == datetime.strptime(item["published_date"], "%Y-%m-%dT%H:%M:%S%z")
