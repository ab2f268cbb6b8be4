"""Steam: reviews by their last change, markup taken off, developer's responses as ours, lists that end too early."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceError, SourceGone
from desk.source import Source
from listeners.contract import Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.steam import APP
from listeners.sandbox.world import World
from listeners.steam import LISTENER, to_mentions
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDING = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "steam" / "appreviews_730_page_truncated.json"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def source(url: str, **options: object) -> Source:
    given: dict[str, Any] = {"app_id": APP} | options
    return Source.model_validate({"name": "st", "platform": "steam", "base_url": f"{url}/steam", **given})


class TestReviews(ListenerContract):
    notices_deletions = False
    """Steam ends its lists too early at times: what is missing need not be gone."""
    refuses_with = SourceBusy
    """There is no credential: a refusal means "later"."""

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), {}, "steam")

    def about_refusal(self, error: SourceError) -> bool:
        """There is nothing to mend, but a time to come back at."""
        return isinstance(error, SourceBusy) and error.retry_at is not None


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {}, "steam"), world.clock)


def test_thumbs_become_stars_and_keep_their_own_words(world, url):
    world.say("prima", channel="steam", stars=5)
    world.say("stürzt ab", channel="steam", stars=1)
    heard = desk(url, world)
    heard.run()
    assert {(one.text, one.stars, one.rating) for one in heard.order} == {
        ("prima", 5, "recommended"),
        ("stürzt ab", 1, "not recommended"),
    }


def test_a_review_has_its_author_language_and_page(world, url):
    world.say("prima", channel="steam", author="jule")
    heard = desk(url, world)
    heard.run()
    review = heard.order[0]
    assert review.author is not None
    assert review.author.url == f"https://steamcommunity.com/profiles/{review.author.native_id}"
    assert review.url == f"{review.author.url}/recommended/{APP}/"
    assert (review.language, review.kind, review.conversation) == ("de", "review", review.native_id)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("[h1]Fazit[/h1] [b]gut[/b]", "Fazit gut"),
        ("[url=https://x.example]hier[/url]", "hier"),
        ("[list]\n[*]eins\n[*]zwei\n[/list]", "• eins\n• zwei"),
        ("[spoiler]Ende[/spoiler]", "Ende"),
        ("[10/10] [gut] [b", "[10/10] [gut] [b"),
    ],
)
def test_steams_markup_is_taken_off_and_other_brackets_stay(said, read):
    review = {"recommendationid": "1", "review": said, "timestamp_created": 1_700_000_000}
    assert to_mentions(review, app_id=APP)[0].text == read


def test_the_developers_response_is_ours_and_is_heard_while_its_review_is_within_days_back(world, url):
    item = world.say("stürzt ab", channel="steam", ago=timedelta(days=2))
    world.say("prima", channel="steam")
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    world.answer(item, "Im nächsten Update behoben.", "")
    heard.run()
    review, _, response = heard.order
    assert (response.text, response.ours, response.kind) == ("Im nächsten Update behoben.", True, "review")
    assert (response.parent, response.conversation, response.url) == (review.native_id, review.native_id, review.url)


def test_an_old_review_that_its_author_edits_is_heard_again(world, url):
    item = world.say("stürzt ab", channel="steam", ago=timedelta(days=20))
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    world.edit(item.key, "läuft jetzt")
    heard.run()
    assert heard.texts() == ["läuft jetzt"]


def test_only_the_languages_that_are_asked_for_are_heard(world, url):
    world.say("prima", channel="steam")
    world.say("great", channel="steam", language="en")
    world.say("bien", channel="steam", language="fr")
    heard = desk(url, world, languages=["german", "french"])
    heard.run()
    assert heard.texts() == ["bien", "prima"]


@pytest.mark.parametrize(("off_topic", "texts"), [(True, ["Protest", "prima"]), (False, ["prima"])])
def test_what_steam_holds_for_off_topic_is_heard_unless_it_is_not_wanted(world, url, off_topic, texts):
    world.say("prima", channel="steam")
    world.say("Protest", channel="steam", country="bomb")
    heard = desk(url, world, off_topic=off_topic)
    heard.run()
    assert heard.texts() == texts


def pulled(pages: list[dict[str, Any]]) -> tuple[list[str], int]:
    """Return the texts heard from *pages*, given one after the other, and how many requests that took."""
    given = iter(pages)

    def respond(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"response": next(given, pages[-1])})

    window = Window(NOW, NOW - timedelta(days=31))
    with Client("http://x", platform="steam", transport=httpx.MockTransport(respond), clock=lambda: NOW) as client:
        heard = [one.text for page in LISTENER.pull(client, source("http://x"), None, window) for one in page.mentions]
        return heard, client.requests


def said(number: int) -> dict[str, Any]:
    when = int((NOW - timedelta(hours=number)).timestamp())
    return {"recommendationid": str(number), "review": f"{number}", "timestamp_created": when, "timestamp_updated": when}


def test_a_list_that_ends_too_early_is_asked_for_again():
    first = {"reviews": [said(1)], "cursor": "a", "total_matching": 3}
    empty = {"cursor": "a", "total_matching": 3}
    rest = {"reviews": [said(2), said(3)], "cursor": "b", "total_matching": 3}
    assert pulled([first, empty, empty, rest, empty]) == (["3", "2", "1"], 5)


def test_a_list_that_stays_empty_ends_though_steam_counts_more():
    first = {"reviews": [said(1)], "cursor": "a", "total_matching": 3}
    heard, requests = pulled([first, {"cursor": "a", "total_matching": 3}])
    assert heard == ["1"]
    assert requests == 5


def test_an_app_that_steam_does_not_know_is_said(world, url):
    with pytest.raises(SourceGone, match="no app 42") as caught:
        desk(url, world, app_id=42).run()
    assert "app_id" in caught.value.advice


def test_verify_says_how_much_there_is(world, url):
    world.say("prima", channel="steam")
    heard = desk(url, world)
    with heard.client() as client:
        assert LISTENER.verify(client, heard.stage.source) == "app 730 (reviews: 1)"


def test_steam_takes_no_answers():
    assert LISTENER.reply is None
    assert LISTENER.replies == {}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"app_id": "counter-strike"}, "app_id"),
        ({"app_id": APP, "languages": ["deutsch"]}, "no language deutsch.*german"),
        ({"app_id": APP, "languages": []}, "languages"),
    ],
    ids=["no number", "another name", "no language"],
)
def test_unusable_settings_are_refused_and_say_what_to_write(options, wanted):
    with pytest.raises(ConfigurationError, match=wanted):
        listeners.check(Source(name="x", platform="steam", options=options))


@pytest.mark.skipif(not RECORDING.exists(), reason="the recordings are not here")
def test_the_recorded_review_becomes_a_mention_with_its_words_thumb_author_and_time():
    recorded = json.loads(RECORDING.read_text(encoding="utf-8"))["reviews"]
    assert len(recorded) == 1
    (review,) = to_mentions(recorded[0], app_id=APP)
    was = recorded[0]
    assert (review.native_id, review.text) == (was["recommendationid"], was["review"].strip())
    assert (review.stars, review.rating, review.language, review.edited_at) == (5, "recommended", "ko", None)
    assert review.said_at == datetime.fromtimestamp(was["timestamp_created"], UTC)
    assert review.author is not None
    assert review.author.native_id == was["author"]["steamid"]
    assert review.url == f"https://steamcommunity.com/profiles/{was['author']['steamid']}/recommended/{APP}/"
    window = Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))

    def respond(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"response": {"reviews": recorded, "total_matching": 1}})

    with Client("http://recorded", platform="steam", transport=httpx.MockTransport(respond)) as client:
        pages = list(LISTENER.pull(client, source("http://x"), None, window))
    assert [one.native_id for page in pages for one in page.mentions] == [was["recommendationid"]]
    assert not any(page.broken for page in pages)
