"""Google Business Profile: every location's reviews, in the words they were written in, each with its one answer."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import listeners
from desk.errors import ConfigurationError, SourceDenied, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners import google_business
from listeners.contract import ReplyTo
from listeners.sandbox.google_business import ACCOUNT
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage

ENVIRON = {"I": "id", "T": TOKEN}
OAUTH = {"client_id_env": "I", "client_secret_env": "T", "refresh_token_env": "T"}
RECORDING = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "google_business" / "locations_reviews.shape.json"


def source(url: str, **options: object) -> Source:
    given = {"name": "maps", "platform": "google_business", "base_url": f"{url}/google_business"}
    return Source.model_validate(given | OAUTH | {"account": ACCOUNT} | options)


class TestGoogleBusiness(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, locations=["11"], without_words=True), ENVIRON, "google_business")


class TestGoogleBusinessAllLocations(ListenerContract):
    hears_replies = True
    busy_pages = 6
    """Each location has its share of the budget."""

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), ENVIRON, "google_business")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(world: World, heard: Source, environ: dict[str, str] = ENVIRON) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(heard, environ, "google_business"), world.clock)


def say(world: World, text: str, **more: object) -> str:
    world.clock.sleep(1)
    return world.say(text, channel="google_business", **more).key


def to(mention: Mention) -> ReplyTo:
    return ReplyTo(mention.native_id, mention.conversation, mention.kind)


def test_every_location_of_the_account_is_heard_and_one_that_fails_silences_none(world, url):
    say(world, "Toller Laden", title="11", stars=5)
    say(world, "Falscher Tisch", title="12", stars=1)
    heard = desk(world, source(url))
    heard.run()
    assert [(one.text, one.stars, one.rating) for one in heard.order] == [
        ("Toller Laden", 5.0, "5/5"),
        ("Falscher Tisch", 1.0, "1/5"),
    ]
    assert {one.url for one in heard.order} == {"https://maps.google.com/maps?cid=11", "https://maps.google.com/maps?cid=12"}
    some = desk(world, source(url, locations=["99", f"accounts/{ACCOUNT}/locations/12"]))
    with pytest.raises(SourceGone):
        some.run()
    assert some.texts() == ["Falscher Tisch"]


def test_ratings_without_words_are_heard_where_they_are_wanted(world, url):
    say(world, "", stars=1)
    heard = desk(world, source(url))
    heard.run()
    assert heard.order == []
    assert heard.broken == []
    heard = desk(world, source(url, without_words=True))
    heard.run()
    assert [(one.text, one.stars) for one in heard.order] == [("", 1.0)]


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("Sehr gut!", "Sehr gut!"),
        ("(Translated by Google) Very good!\n\n(Original)\nSehr gut!", "Sehr gut!"),
        ("Sehr gut!\n\n(Translated by Google)\nVery good!", "Sehr gut!"),
        ("Très bien !\n\n(Übersetzt von Google)\nSehr gut!", "Très bien !"),
        ("(Translated by Google) Very good!", "Very good!"),
        ("Kissen (Original) passt", "Kissen (Original) passt"),
        ("", ""),
    ],
)
def test_what_was_written_is_told_from_what_google_translated(shown, written):
    assert google_business.original(shown) == written


def test_an_answer_is_sent_heard_again_under_its_id_and_found_by_a_look(world, url):
    say(world, "Falscher Tisch", title="12")
    heard = desk(world, source(url))
    heard.run()
    review, since = heard.order[0], world.clock()
    with heard.client() as client:
        assert google_business.look(client, heard.stage.source, to(review), "Wir tauschen ihn.", since) is None
        receipt = google_business.reply(client, heard.stage.source, to(review), "Wir tauschen ihn.", "key")
        found = google_business.look(client, heard.stage.source, to(review), "Wir tauschen ihn.", since)
        assert found
        assert found.native_id == receipt.native_id
        assert google_business.look(client, heard.stage.source, to(review), "Etwas anderes", since) is None
        later = since + timedelta(minutes=1)
        assert google_business.look(client, heard.stage.source, to(review), "Wir tauschen ihn.", later) is None
    heard.run()
    answer = heard.heard[receipt.native_id]
    assert (answer.text, answer.ours, answer.kind) == ("Wir tauschen ihn.", True, "review")
    assert (answer.conversation, answer.parent) == (review.native_id, review.native_id)


def test_an_answer_given_elsewhere_to_an_old_review_is_heard(world, url):
    old = say(world, "Falscher Tisch", ago=timedelta(days=20))
    say(world, "Toller Laden")
    heard = desk(world, source(url))
    heard.run()
    say(world, "Wir tauschen ihn.", parent=old, ours=True)
    heard.run()
    assert [one.text for one in heard.order if one.ours] == ["Wir tauschen ihn."]


def test_verify_says_what_is_heard(world, url):
    say(world, "gut")
    for options, says in [
        ({}, "2 locations: Kastanie Möbel Leipzig, Kastanie Möbel Wien"),
        ({"locations": ["11"]}, "1 reviews of locations/11"),
    ]:
        with desk(world, source(url, **options)).client() as client:
            assert google_business.verify(client, source(url, **options)) == says


def test_a_refused_grant_is_named_and_never_shown(world, url):
    with pytest.raises(SourceDenied, match="gives no token") as caught:
        desk(world, source(url), ENVIRON | {"T": "geheim"}).run()
    assert "geheim" not in str(caught.value) + caught.value.advice


@pytest.mark.parametrize("options", [{}, {"account": "Kastanie"}, {"account": "1", "locations": ["Leipzig"]}])
def test_what_is_no_account_or_location_is_refused(options):
    with pytest.raises(ConfigurationError, match=r"account|location"):
        listeners.check(Source(name="x", platform="google_business", options=options))


def test_an_account_and_locations_may_be_written_as_google_writes_them_or_as_numbers():
    read = google_business.Options.model_validate({"account": "accounts/17", "locations": ["accounts/17/locations/1", 2, "3"]})
    assert (read.account, read.locations) == ("17", ("1", "2", "3"))


@pytest.mark.skipif(not RECORDING.exists(), reason="the recordings of real servers are not here")
def test_every_review_of_the_documented_sample_is_a_mention_with_its_words_author_time_and_stars():
    items = json.loads(RECORDING.read_text(encoding="utf-8"))["reviews"]
    assert len(items) == 2
    for item, name, stars in zip(items, [items[0]["reviewer"]["displayName"], None], [5.0, 3.0], strict=True):
        mention, *answers = google_business.to_mentions(item, "11")
        assert mention.native_id == f"locations/11/reviews/{item['reviewId']}"
        assert mention.text == item["comment"]
        assert (mention.author.name if mention.author else None) == name
        assert mention.said_at == datetime.fromisoformat(item["createTime"])
        assert mention.edited_at is None
        assert mention.stars == stars
        assert mention.url
        assert answers == []
