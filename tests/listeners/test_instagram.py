"""Instagram: answers below old comments are heard, mentions get their words, the token of 60 days is renewed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, FateUnknown, SourceDenied, SourceError
from desk.mention import Mention
from desk.source import Source
from listeners.contract import Page, ReplyTo, Window
from listeners.http import Client
from listeners.instagram.said import comment_to_mention, media_to_mention, mentioned_comment
from listeners.sandbox.instagram import ACCOUNT, HANDLE, PAGE
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.signatures import signature
from listeners.testing import Clock, Desk, ListenerContract, Stage

BY_PAGE = {"page": PAGE, "account": ACCOUNT}
LISTENER = listeners.listener("instagram")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def source(url: str = "https://graph.example", **options: object) -> Source:
    given = {"handle": HANDLE} | options
    return Source(name="insta", platform="instagram", base_url=f"{url}/instagram", token_env="T", options=given)


class TestInstagramComments(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), {"T": TOKEN}, "instagram")


class TestInstagramTagged(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, comments=False, tagged=True, **BY_PAGE), {"T": TOKEN}, "instagram.tagged")


class TestInstagramMessages(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, comments=False, messages=True), {"T": TOKEN}, "instagram.dm")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"T": TOKEN}, "instagram"), world.clock)


def answered(mention: Mention) -> ReplyTo:
    who = mention.author
    return ReplyTo(
        mention.native_id,
        mention.conversation,
        mention.kind,
        handle=who.handle if who else "",
        author=who.native_id if who else "",
        said_at=mention.said_at,
    )


def by_text(heard: Desk) -> dict[str, Mention]:
    return {mention.text: mention for mention in heard.order}


# what is heard


def test_each_comment_is_a_conversation_with_its_answers_and_ours_are_ours(world, url):
    first = world.say("Wo ist mein Sofa?", channel="instagram", author="jule")
    world.say("Schreib uns eine Nachricht", channel="instagram", author=BRAND, parent=first.key, ours=True)
    world.say("Schöner Tisch", channel="instagram", author="tom")
    heard = desk(url, world)
    heard.run()
    said = by_text(heard)
    one, ours = said["Wo ist mein Sofa?"], said["Schreib uns eine Nachricht"]
    assert (ours.conversation, ours.parent, ours.ours) == (one.native_id, one.native_id, True)
    assert said["Schöner Tisch"].conversation != one.conversation
    assert one.author
    assert (one.author.handle, one.author.url) == ("jule", "https://www.instagram.com/jule/")
    assert one.url
    assert one.url.endswith(f"/c/{one.native_id}/")


def test_a_new_answer_below_an_old_comment_of_a_busy_post_is_heard(world, url):
    old = world.say("alt", channel="instagram", author="jule", ago=timedelta(days=20))
    for number in range(300):  # below three posts: the old comment comes along with none of them any more
        world.say(f"{number}", channel="instagram", author="tom", ago=timedelta(days=10))
    heard = desk(url, world)
    heard.run_until_whole()
    world.clock.sleep(3 * 3600)
    world.say("neu", channel="instagram", author="tom", parent=old.key)
    heard.run(crash_after=0)
    heard.run()
    assert by_text(heard)["neu"].conversation == by_text(heard)["alt"].native_id
    quiet = heard.requests
    world.clock.sleep(3 * 3600)
    heard.run()
    assert heard.requests < quiet  # nothing has changed: only the newest are read


def test_counts_stand_in_the_cursor_only_when_all_is_kept(world, url):
    for number in range(400):
        world.say(f"{number}", channel="instagram", author="tom")
    heard = desk(url, world)
    heard.run(budget=2)
    assert "counts" not in json.loads(heard.cursor or "{}")
    heard.run_until_whole(budget=2)
    assert sum(json.loads(heard.cursor or "{}")["counts"].values()) == 400


def test_a_post_that_tags_us_is_heard(world, url):
    world.say("Unser neues Sofa von @kastanie_moebel", channel="instagram.tagged", author="jule")
    heard = desk(url, world, tagged=True, **BY_PAGE)
    heard.run()
    assert [(one.kind, one.conversation) for one in heard.order] == [("post", f"mention/{heard.order[0].native_id}")]


@pytest.mark.parametrize("channel", ["instagram.mention", "instagram.tagged"])
def test_a_mention_comes_as_a_number_and_gets_its_words_with_the_next_pull(world, url, channel):
    item = world.say("@kastanie_moebel wo bleibt mein Geld?", channel=channel, author="jule")
    native_id = f"{17_900_000_000_000_000 + item.number}"
    value = {"comment_id": native_id, "media_id": "18999"} if channel == "instagram.mention" else {"media_id": native_id}
    heard = desk(url, world)
    heard._keep(push(changes=[{"field": "mentions", "value": value}], time=world.clock()))
    assert heard.texts() == [""]
    heard.run()
    mention = heard.heard[native_id]
    assert mention.text == "@kastanie_moebel wo bleibt mein Geld?"
    assert mention.conversation == ("mention/18999" if channel == "instagram.mention" else f"mention/{native_id}")
    world.delete(item.key)
    heard.run()
    assert heard.deleted == {native_id}


# answers


@pytest.mark.parametrize("channel", ["instagram", "instagram.dm"])
def test_an_answer_is_heard_again_under_the_id_of_its_receipt(world, url, channel):
    world.say("Hilfe!", channel=channel, author="jule")
    heard = desk(url, world, messages=True)
    heard.run()
    mention = heard.order[0]
    assert LISTENER.reply
    assert LISTENER.look
    with heard.client() as client:
        began = world.clock() - timedelta(minutes=5)
        assert LISTENER.look(client, heard.stage.source, answered(mention), "Wir kümmern uns.", began) is None
        receipt = LISTENER.reply(client, heard.stage.source, answered(mention), "Wir kümmern uns.", "key")
        found = LISTENER.look(client, heard.stage.source, answered(mention), "Wir kümmern uns.", began)
        later = LISTENER.look(
            client, heard.stage.source, answered(mention), "Wir kümmern uns.", world.clock() + timedelta(hours=1)
        )
    assert found is not None
    assert (found.native_id, later) == (receipt.native_id, None)
    heard.run()
    ours = heard.heard[receipt.native_id]
    assert (ours.text, ours.ours, ours.conversation) == ("Wir kümmern uns.", True, mention.conversation)


def test_an_answer_to_an_answer_stands_below_the_first_comment_and_names_whom_it_answers(world, url):
    first = world.say("Wo ist mein Sofa?", channel="instagram", author="jule")
    world.say("Meins auch", channel="instagram", author="tom", parent=first.key)
    heard = desk(url, world)
    heard.run()
    to = answered(by_text(heard)["Meins auch"])
    assert LISTENER.reply
    assert LISTENER.look
    with heard.client() as client:
        receipt = LISTENER.reply(client, heard.stage.source, to, "Wir schauen nach", "key")
        found = LISTENER.look(client, heard.stage.source, to, "Wir schauen nach", world.clock() - timedelta(minutes=5))
    assert receipt.text == "@tom Wir schauen nach"
    assert found is not None
    assert found.native_id == receipt.native_id
    assert [(sent["to"], sent["text"]) for sent in world.sent] == [(first.key, "@tom Wir schauen nach")]


def test_a_mention_is_answered_where_it_stands_and_cannot_be_looked_for(world, url):
    item = world.say("@kastanie_moebel?", channel="instagram.mention", author="jule")
    native_id = f"{17_900_000_000_000_000 + item.number}"
    to = ReplyTo(native_id, "mention/18999", "comment", handle="jule")
    heard = desk(url, world)
    assert LISTENER.reply
    assert LISTENER.look
    with heard.client() as client:
        LISTENER.reply(client, heard.stage.source, to, "Hier sind wir", "key")
        with pytest.raises(FateUnknown):
            LISTENER.look(client, heard.stage.source, to, "Hier sind wir", world.clock())
    assert [(sent["to"], sent["text"]) for sent in world.sent] == [(item.key, "Hier sind wir")]


def test_a_message_is_bounded_in_bytes_and_after_24_hours_needs_a_human_agent(world, url):
    world.say("Hilfe!", channel="instagram.dm", author="jule", ago=timedelta(hours=30))
    heard = desk(url, world, messages=True)
    heard.run()
    to = answered(heard.order[0])
    assert LISTENER.reply
    with heard.client() as client:
        with pytest.raises(SourceError, match="1000 bytes"):
            LISTENER.reply(client, heard.stage.source, to, "ü" * 600, "key")
        with pytest.raises(SourceError) as caught:
            LISTENER.reply(client, heard.stage.source, to, "Guten Tag", "key")
        assert "writes again" in caught.value.advice
        LISTENER.reply(client, source(url, messages=True, human_agent=True), to, "Guten Tag", "key")
    assert [sent["text"] for sent in world.sent] == ["Guten Tag"]


# the credential


def test_the_token_is_renewed_and_kept_and_says_when_it_dies(world, url):
    heard = desk(url, world)
    assert LISTENER.expires
    with heard.client() as client:
        assert LISTENER.expires(client, heard.stage.source) == world.clock() + timedelta(days=60)
        assert client.secrets["token"] == f"{TOKEN}-new"
        with pytest.raises(SourceDenied):  # the sandbox goes on with the old one: the new one is shown from now on
            client.get_json("/v25.0/me")
    assert heard.environ == {"T": f"{TOKEN}-new"}


def test_a_token_that_is_too_young_to_be_renewed_stays():
    error = {"error": {"code": 10, "message": "The token is too young"}}
    kept: dict[str, str] = {}
    with recorded(lambda _: httpx.Response(400, json=error), keep=kept.__setitem__) as client:
        assert LISTENER.expires
        assert LISTENER.expires(client, source()) is None
    assert kept == {}


def test_a_pages_token_is_not_renewed_but_asked_about(world, url):
    heard = desk(url, world, **BY_PAGE)
    assert LISTENER.expires
    with heard.client() as client:
        assert LISTENER.expires(client, heard.stage.source) == world.clock() + timedelta(days=90)
    assert heard.environ == {"T": TOKEN}


@pytest.mark.parametrize(("options", "host"), [({}, "graph.instagram.com"), (BY_PAGE, "graph.facebook.com")])
def test_each_kind_of_token_goes_to_its_own_address(options, host):
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200, json={"data": []})

    with recorded(respond) as client:
        list(LISTENER.pull(client, source(**options), None, Window(NOW, NOW - timedelta(days=1))))
    assert asked == [host]


def test_verify_says_which_account_it_reaches_and_whether_it_is_the_one_that_is_named(world, url):
    heard = desk(url, world)
    assert LISTENER.verify
    with heard.client() as client:
        assert LISTENER.verify(client, heard.stage.source) == "Kastanie Möbel (@kastanie_moebel)"
        assert "mend handle" in LISTENER.verify(client, source(url, handle="anders"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"comments": False}, "name what to hear"),
        ({"tagged": True}, "name page and account"),
        ({"page": "123"}, "by its number"),
        ({"handle": "@kastanie moebel"}, "handle"),
    ],
)
def test_a_source_that_cannot_work_is_refused(options, said):
    with pytest.raises(ConfigurationError, match=said):
        listeners.check(source(**options))


# deliveries


def push(*, changes: Any = None, messaging: Any = None, time: datetime = NOW, to: str = ACCOUNT, **options: object) -> Page:
    entry: dict[str, Any] = {"id": to, "time": int(time.timestamp())}
    entry |= {"messaging": messaging} if messaging else {"changes": changes}
    assert LISTENER.push
    return LISTENER.push.read(
        source(messages=True, **options), json.dumps({"object": "instagram", "entry": [entry]}).encode(), NOW
    )


def test_delivered_and_pulled_the_same_comment_is_the_same_mention(world, url):
    item = world.say("Wo ist mein Sofa?", channel="instagram", author="jule")
    world.say("Bald da", channel="instagram", author=BRAND, parent=item.key, ours=True)
    heard = desk(url, world)
    heard.run()
    top, below = heard.order
    for one, more in ((top, {}), (below, {"parent_id": top.native_id})):
        assert one.author
        who = {"id": one.author.native_id, "username": one.author.handle}
        value = {"id": one.native_id, "text": one.text, "from": who, "media": {"id": top.parent}, **more}
        delivered = push(changes=[{"field": "comments", "value": value}], time=one.said_at)
        assert delivered.mentions == (one.model_copy(update={"url": None}),)
        listed = push(changes=[{"field": "comments", "value": [value]}], time=one.said_at, **BY_PAGE)
        assert listed.mentions == delivered.mentions


def test_delivered_messages_join_the_dialogue_and_deleted_ones_go():
    moment = int(NOW.timestamp() * 1000)
    customer, us = {"id": "77"}, {"id": ACCOUNT}
    page = push(
        messaging=[
            {"sender": customer, "recipient": us, "timestamp": moment, "message": {"mid": "aWd1", "text": "Hallo?"}},
            {
                "sender": us,
                "recipient": customer,
                "timestamp": moment,
                "message": {"mid": "aWd2", "text": "Ja?", "is_echo": True},
            },
            {"sender": customer, "recipient": us, "timestamp": moment, "message": {"mid": "aWd3", "is_deleted": True}},
            {"sender": customer, "recipient": us, "timestamp": moment, "reaction": {"mid": "aWd2", "action": "react"}},
        ]
    )
    assert [(one.native_id, one.ours, one.conversation) for one in page.mentions] == [
        ("aWd1", False, "dm/77"),
        ("aWd2", True, "dm/77"),
    ]
    assert page.deleted == ("aWd3",)


def test_what_is_delivered_for_another_account_or_object_is_not_ours():
    changes = [{"field": "comments", "value": {"id": "1", "text": "x", "from": {"id": "7", "username": "jule"}}}]
    assert push(changes=changes, to="999", **BY_PAGE).mentions == ()
    assert LISTENER.push
    assert LISTENER.push.read(source(), b'{"object": "page", "entry": [{"id": "1"}]}', NOW).mentions == ()


def test_a_delivery_is_genuine_by_the_apps_secret():
    assert LISTENER.push
    body = json.dumps({"object": "instagram", "entry": [{"id": ACCOUNT, "time": int(NOW.timestamp())}]}).encode()
    headers = {"x-hub-signature-256": f"sha256={signature(b'geheim', body)}"}
    assert LISTENER.push.signed(headers, body, {"app_secret": "geheim"}, NOW)
    assert not LISTENER.push.signed(headers, body, {"app_secret": "anders"}, NOW)
    assert not LISTENER.push.signed(headers, body, {"app_secret": "geheim"}, NOW + timedelta(days=2))
    assert LISTENER.push.handshake
    asked = {"hub.mode": "subscribe", "hub.verify_token": "losung", "hub.challenge": "42"}
    assert LISTENER.push.handshake(asked, b"", {"verify_token": "losung"}) == "42"


# recordings


RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "instagram"
needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of real servers are not here")


def recording(name: str) -> Any:
    return json.loads((RECORDINGS / name).read_text(encoding="utf-8"))


def recorded(respond: Any, **more: Any) -> Client:
    return Client(
        "https://graph.instagram.com",
        platform="instagram",
        token="T0K",
        refusal=LISTENER.refusal,
        transport=httpx.MockTransport(respond),
        sleep=lambda _: None,
        clock=lambda: NOW,
        **more,
    )


@needs_recordings
def test_every_recorded_comment_becomes_a_mention():
    found = [recording("comments.comment_fields.json"), *recording("comments.comments_fields.json").values()]
    assert len(found) == 3
    for comment in found:
        mention = comment_to_mention(comment, {"id": "1", "permalink": "https://www.instagram.com/p/X/"}, {"ikroskun"})
        assert (mention.native_id, mention.text) == (comment["id"], comment["text"])
        assert mention.said_at == datetime.fromisoformat(comment["timestamp"])
        assert mention.author
        assert mention.author.handle == comment["username"]
        assert mention.ours == (comment["username"] == "ikroskun")
        assert mention.url == f"https://www.instagram.com/p/X/c/{comment['id']}/"


@needs_recordings
def test_every_recorded_answer_becomes_a_mention_below_its_comment():
    (answer,) = recording("comments.replies.json")["data"]
    mention = comment_to_mention(answer, {}, set(), above="17858154961981086")
    assert (mention.native_id, mention.conversation, mention.author) == (answer["id"], "17858154961981086", None)


@needs_recordings
def test_recorded_mentions_become_mentions():
    comment = recording("users.mentioned_comment.json")["mentioned_comment"]
    mention = mentioned_comment(comment, {"id": "9"})
    assert (mention.native_id, mention.text, mention.conversation) == (comment["id"], comment["text"], "mention/9")
    media = recording("users.mentioned_media.json")["mentioned_media"]
    post = media_to_mention(media)
    assert (post.native_id, post.text, len(post.attachments)) == (media["id"], media["caption"], 1)


@needs_recordings
def test_every_recorded_tagged_post_becomes_a_mention():
    found = recording("users.tagged_medias.json")["data"]
    assert len(found) == 5
    for media in found:
        mention = media_to_mention(media)
        assert (mention.native_id, mention.text, mention.url) == (
            media["id"],
            media.get("caption", "").strip(),
            media["permalink"],
        )
        assert mention.said_at == datetime.fromisoformat(media["timestamp"])


@needs_recordings
def test_recorded_posts_of_our_own_are_walked_to_the_end_and_are_no_mentions():
    first, second = recording("users.medias_p1.json"), recording("users.medias_p2.json")
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return httpx.Response(200, json=second if request.url.params.get("after") else first)

    with recorded(respond) as client:
        pages = list(LISTENER.pull(client, source(), None, Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))))
    assert [page for page in pages if page.mentions or page.broken] == []
    assert [one.get("after") for one in asked] == [None, "after"]


@needs_recordings
def test_a_recorded_refusal_is_a_missing_permission():
    answer = recording("error_code_10.json")
    with recorded(lambda _: httpx.Response(400, json=answer)) as client, pytest.raises(SourceDenied) as caught:
        list(LISTENER.pull(client, source(), None, Window(NOW, NOW - timedelta(days=1))))
    assert "permission" in caught.value.advice


@needs_recordings
def test_recorded_hashtag_posts_name_nobody_and_say_nothing_so_they_are_not_heard():
    found = (
        recording("hashtags.hashtag_recent_medias_p1.json")["data"] + recording("hashtags.hashtag_recent_medias_p2.json")["data"]
    )
    assert len(found) == 10
    assert all({"caption", "timestamp", "username"}.isdisjoint(media) for media in found)
