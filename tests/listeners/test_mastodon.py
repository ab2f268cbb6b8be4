"""Mastodon: threads keep together, our own words are known as ours, and an answer is sent once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

import listeners
from desk.errors import ConfigurationError, FateUnknown
from desk.source import Source
from listeners.contract import ReplyTo
from listeners.limits import Limits
from listeners.mastodon.statuses import Here
from listeners.mastodon.threads import Threads
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.testing import Clock, Desk, Stage

ENVIRON = {"T": TOKEN}


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield f"{address}/mastodon"


def desk(url: str, world: World, **options: object) -> Desk:
    source = Source(name="us", platform="mastodon", base_url=url, token_env="T", options=options)
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source, ENVIRON, "tag"), world.clock)


def test_answers_below_a_post_join_its_conversation(world, url):
    post = world.say("Wo ist mein Sofa? #kastanie", author="jule")
    world.say("bei mir auch", author="tom", parent=post.key, root=post.root)
    world.say("Wir schauen nach!", author=BRAND, parent=post.key, root=post.root, ours=True)
    heard = desk(url, world, hashtags=["kastanie"])
    heard.run()
    assert len({mention.conversation for mention in heard.order}) == 1
    assert [mention.kind for mention in heard.order] == ["post", "comment", "comment"]


def test_our_own_words_are_ours_by_the_token_or_by_name(world, url):
    world.say("Hallo zusammen #kastanie", author=BRAND)
    world.say("Hallo Kastanie #kastanie", author="jule")
    by_token = desk(url, world, hashtags=["kastanie"])
    by_token.run()
    assert [mention.ours for mention in by_token.order] == [True, False]
    by_name = desk(url, world, hashtags=["kastanie"], account="kastanie@kastanie.example")
    by_name.stage = Stage(by_name.stage.source.model_copy(update={"token_env": None}), {}, "tag")
    by_name.run()
    assert [mention.ours for mention in by_name.order] == [True, False]


def test_a_whole_dialogue_is_heard_with_both_sides(world, url):
    first = world.say("Meine Zahlung ging zweimal ab", channel="dm", author="jule")
    world.answer(first, "Schicken Sie uns bitte die Bestellnummer", "k1")
    world.say("4711", channel="dm", author="jule", parent="answer-0001", root=first.root)
    heard = desk(url, world, direct=True)
    heard.run()
    assert [(mention.text, mention.ours) for mention in heard.order] == [
        ("Meine Zahlung ging zweimal ab", False),
        ("Schicken Sie uns bitte die Bestellnummer", True),
        ("4711", False),
    ]
    assert {mention.kind for mention in heard.order} == {"dm"}


@pytest.mark.parametrize("channel", ["tag", "dm"])
def test_an_answer_is_sent_once_however_often_it_is_tried(world, url, channel):
    item = world.say("Hilfe!", channel=channel, author="jule")
    heard = desk(url, world, **({"direct": True} if channel == "dm" else {"hashtags": ["kastanie"]}))
    heard.run()
    mention = heard.order[0]
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind, "jule")
    reply = listeners.listener("mastodon").reply
    assert reply
    with heard.client() as client:
        receipts = {reply(client, heard.stage.source, to, "Wir kümmern uns.", "key-1") for _ in range(3)}
    assert len(receipts) == 1
    assert [sent["text"] for sent in world.sent] == ["@jule Wir kümmern uns."]
    world.clock.sleep(60)
    heard.run()
    ours = [one for one in heard.order if one.ours]
    assert [one.text for one in ours] == ["@jule Wir kümmern uns."]
    assert ours[0].conversation == mention.conversation
    assert ours[0].parent == mention.native_id
    assert item.channel == channel


def test_an_answer_is_found_again_after_the_server_has_forgotten_its_key(world, url):
    world.say("Hilfe!", author="jule")
    heard = desk(url, world, hashtags=["kastanie"])
    heard.run()
    mention = heard.order[0]
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind, "jule")
    mastodon, since = listeners.listener("mastodon"), world.clock() - timedelta(minutes=5)
    assert mastodon.reply
    assert mastodon.look
    with heard.client() as client:
        assert mastodon.look(client, heard.stage.source, to, "Wir kümmern uns.", since) is None
        sent = mastodon.reply(client, heard.stage.source, to, "Wir kümmern uns.", "key-1")
        assert mastodon.look(client, heard.stage.source, to, "Wir kümmern uns.", since) == sent
        assert mastodon.look(client, heard.stage.source, to, "Wir kümmern uns.", world.clock() + timedelta(hours=1)) is None
        with pytest.raises(FateUnknown):
            mastodon.look(client, heard.stage.source, to, "Etwas anderes.", since)


def test_an_odd_language_code_is_no_reason_to_lose_the_words(world, url):
    world.say("gut", author="jule").language = "x" * 40
    heard = desk(url, world, hashtags=["kastanie"])
    heard.run()
    assert heard.texts() == ["gut"]


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(None, id="null"),
        pytest.param({}, id="empty"),
        pytest.param({"id": "5", "created_at": "yesterday", "content": "x"}, id="no date"),
        pytest.param({"id": "5", "created_at": "2026-01-01T00:00:00Z", "content": {"a": 1}}, id="text of another shape"),
    ],
)
def test_what_cannot_be_understood_goes_to_quarantine_and_the_rest_comes_in(status):
    good = {"id": 7, "created_at": "2026-01-01T00:00:00Z", "content": None, "account": None, "a_field_of_tomorrow": 1}
    threads = Threads(client=None, here=Here("m.example"), replies=False)  # type: ignore[arg-type]  # nothing is asked
    mentions, broken = threads.mentions([status, good])
    assert [(mention.native_id, mention.text, mention.author) for mention in mentions] == [("m.example/7", "", None)]
    assert len(broken) == 1
    assert broken[0].reason


def test_a_deleted_author_or_parent_is_no_obstacle(world, url):
    parent = world.say("weg", author="jule")
    world.say("Antwort", author="tom", parent=parent.key, root=parent.root)
    world.delete(parent.key)
    heard = desk(url, world, hashtags=["kastanie"])
    heard.run()
    assert heard.texts() == ["Antwort"]


def test_a_source_that_hears_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="name what to hear"):
        listeners.check(Source(name="x", platform="mastodon"))


def test_an_unknown_platform_names_those_that_exist():
    with pytest.raises(ConfigurationError, match=r"appstore, .*files, .*mastodon"):
        listeners.listener("myspace")


def test_a_missing_credential_says_which_variable_to_set():
    with pytest.raises(ConfigurationError, match="export MASTODON_TOKEN"):
        listeners.connect(Source(name="x", platform="mastodon", token_env="MASTODON_TOKEN"), {}, Limits())
