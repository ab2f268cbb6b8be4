"""Bluesky: a session is opened rarely, threads keep together, answers are found again, and recorded posts are heard whole."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceDenied, SourceError, SourceGone
from desk.mention import Kind
from desk.source import Source
from listeners.bluesky import LISTENER
from listeners.bluesky.chat import message_to_mention
from listeners.bluesky.posts import author_of, link, said_at, to_mention
from listeners.bluesky.session import refusal
from listeners.contract import Page, ReplyTo, Window
from listeners.http import Client
from listeners.sandbox.bluesky import ACCOUNT, did
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "_replay" / "bluesky.jsonl"
needs_recordings = pytest.mark.skipif(not RECORDED.exists(), reason="the recordings of real servers are not here")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def source(url: str, **options: object) -> Source:
    return Source(name="sky", platform="bluesky", base_url=url, token_env="T", options={"account": ACCOUNT} | options)


class TestBlueskySearch(ListenerContract):
    hears_replies = True
    notices_edits = False
    below = "getPostThread"

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/bluesky", search=["kastanie"]), {"T": TOKEN}, "bluesky")


class TestBlueskyMentions(ListenerContract):
    hears_replies = True
    notices_edits = False
    below = "getPostThread"

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/bluesky", mentions=True), {"T": TOKEN}, "bluesky.mention")


class TestBlueskyDirect(ListenerContract):
    hears_replies = True
    notices_edits = False
    late_ones = False

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/bluesky", direct=True), {"T": TOKEN}, "bluesky.dm")


@pytest.fixture
def mischief() -> Mischief:
    return Mischief()


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World, mischief: Mischief) -> Iterator[str]:
    with running(world, mischief) as address:
        yield f"{address}/bluesky"


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"T": TOKEN}, "bluesky"), world.clock)


def recorded(name: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["source"] == f"bluesky/{name}.yml"]


def body(name: str) -> Any:
    return json.loads(recorded(name)[-1]["body"])


def opened() -> dict[str, Any]:
    return {"accessJwt": "a", "refreshJwt": "r", "did": "did:plc:us", "handle": ACCOUNT}


def asked_with(answers: dict[str, httpx.Response], said: list[str] | None = None, **options: object) -> list[Page]:
    """Pull from a server that gives these answers by method; note in *said* what was asked."""

    def respond(request: httpx.Request) -> httpx.Response:
        method = request.url.path.rpartition("/")[2]
        if said is not None:
            said.append(method)
        usual = {"com.atproto.server.createSession": opened(), "com.atproto.server.getSession": opened()}
        return answers.get(method) or httpx.Response(200, json=usual.get(method, {"posts": [], "logs": [], "convos": []}))

    listening = source("http://sky", **options)
    access = LISTENER.access(listening, {"token": "p"}) if LISTENER.access else None
    window = Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))
    with Client(
        "http://sky",
        platform="bluesky",
        token="p",
        access=access,
        refusal=refusal,
        overridden=True,
        transport=httpx.MockTransport(respond),
        clock=lambda: NOW,
        sleep=lambda _: None,
    ) as client:
        return list(LISTENER.pull(client, listening, None, window))


def sessions(environ: dict[str, str]) -> Any:
    return json.loads(environ["T_SESSION"])


def test_a_session_is_opened_once_and_kept_for_the_runs_that_follow(world, url, mischief):
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    first = sessions(listening.environ)
    mischief.order("401", times=1000, path="createSession")
    world.clock.now += timedelta(minutes=30)
    listening.run()
    assert sessions(listening.environ) == first


def test_a_session_that_ends_is_renewed_without_the_password(world, url, mischief):
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    first = sessions(listening.environ)
    mischief.order("401", times=1000, path="createSession")
    world.clock.now += timedelta(hours=3)
    listening.run()
    assert sessions(listening.environ)["access"] != first["access"]


def test_a_token_that_the_server_calls_ended_is_renewed(world, url):
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    claims = sessions(listening.environ) | {"ends": "2100-01-01T00:00:00+00:00"}
    listening.environ["T_SESSION"] = json.dumps(claims)
    world.clock.now += timedelta(hours=3)
    world.say("noch da?", channel="bluesky")
    listening.run()
    assert listening.texts() == ["noch da?"]


def test_a_token_that_the_server_does_not_know_is_renewed(world, url):
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    claims = sessions(listening.environ) | {"access": "of.another.day"}
    listening.environ["T_SESSION"] = json.dumps(claims)
    world.say("noch da?", channel="bluesky")
    listening.run()
    assert listening.texts() == ["noch da?"]


def test_a_session_that_cannot_be_renewed_is_opened_again(world, url, mischief):
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    mischief.order("401", path="refreshSession")
    world.clock.now += timedelta(hours=3)
    world.say("noch da?", channel="bluesky")
    listening.run()
    assert listening.texts() == ["noch da?"]


@pytest.mark.parametrize("kept", ['{"of": "somebody.else", "on": "http://x"}', "no session at all", "[]"])
def test_a_session_of_another_account_or_server_is_shown_to_nobody(world, url, kept):
    listening = desk(url, world, search=["kastanie"])
    listening.environ["T_SESSION"] = kept
    listening.run()
    assert sessions(listening.environ)["of"] == ACCOUNT


def test_the_last_session_of_the_day_blocks_nothing_but_sessions():
    last = httpx.Response(200, json=opened(), headers={"ratelimit-remaining": "0", "ratelimit-reset": "1795300000"})
    said: list[str] = []
    asked_with({"com.atproto.server.createSession": last}, said, search=["x"])
    assert said[-1] == "app.bsky.feed.searchPosts"


def test_an_app_password_without_direct_messages_says_what_to_tick():
    scope = httpx.Response(400, json={"error": "InvalidToken", "message": "Bad token scope"})
    with pytest.raises(SourceDenied) as caught:
        asked_with({"chat.bsky.convo.getLog": scope}, direct=True)
    assert "access to direct messages" in caught.value.advice


def test_a_search_that_bluesky_does_not_take_silences_nothing_else():
    bad = httpx.Response(400, json={"error": "BadQueryString", "message": "no"})
    said: list[str] = []
    with pytest.raises(SourceError, match="BadQueryString"):
        asked_with({"app.bsky.feed.searchPosts": bad}, said, search=["a"], direct=True)
    assert said[-1] == "chat.bsky.convo.getLog"


def test_answers_below_answers_to_something_old_are_heard_however_deep(world, url):
    post = world.say("Wo ist mein Sofa?", channel="bluesky", author="jule", ago=timedelta(days=9))
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    above = post
    for number in range(4):
        world.clock.now += timedelta(minutes=40)
        above = world.say(f"Antwort {number}", channel="bluesky", author=("tom", BRAND)[number % 2], parent=above.key)
        listening.run()
    heard = {mention.text: mention for mention in listening.order}
    assert len(heard) == 5
    assert {mention.conversation for mention in heard.values()} == {heard["Wo ist mein Sofa?"].native_id}
    assert heard["Antwort 3"].parent == heard["Antwort 2"].native_id
    assert [mention.ours for mention in listening.order] == [False, False, True, False, True]
    assert {mention.kind for mention in listening.order} == {"post", "comment"}


def test_threads_deeper_than_one_question_are_read_by_the_next_runs(world, url):
    above = world.say("ganz oben", channel="bluesky", author="jule")
    for number in range(25):
        above = world.say(f"tief {number:02d}", channel="bluesky", author="tom", parent=above.key)
    listening = desk(url, world, search=["kastanie"])
    listening.run_until_whole()
    assert len(listening.order) == 26


def test_a_thread_in_which_nobody_answered_is_not_asked_for_again(world, url):
    post = world.say("Frage", channel="bluesky", author="jule")
    world.say("Antwort", channel="bluesky", author="tom", parent=post.key)
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    world.clock.now += timedelta(hours=3)
    listening.run()
    listening.run()
    assert listening.requests == 3  # who we are, the search, and the answer's own answers


def test_answers_to_what_is_older_than_replies_back_are_left_alone(world, url):
    post = world.say("alt", channel="bluesky", author="jule", ago=timedelta(days=9))
    listening = desk(url, world, search=["kastanie"], replies_back="7 days")
    listening.run()
    world.say("neu", channel="bluesky", author="tom", parent=post.key)
    listening.run()
    assert listening.texts() == ["alt"]


def test_a_deleted_answer_is_noticed_too(world, url):
    post = world.say("Frage", channel="bluesky", author="jule")
    answer = world.say("Antwort", channel="bluesky", author="tom", parent=post.key)
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    world.delete(answer.key)
    listening.run()
    assert listening.texts() == ["Frage"]


def test_a_whole_dialogue_is_heard_with_both_sides_and_what_is_taken_back(world, url):
    first = world.say("Meine Zahlung ging zweimal ab", channel="bluesky.dm", author="jule", name="Jule Kern")
    world.answer(first, "Schicken Sie uns bitte die Bestellnummer", "")
    listening = desk(url, world, direct=True)
    listening.run()
    later = world.say("4711", channel="bluesky.dm", author="jule", name="Jule Kern", parent=first.key)
    world.say("Hallo?", channel="bluesky.dm", author="tom")
    listening.run()
    assert [(mention.text, mention.ours) for mention in listening.order] == [
        ("Meine Zahlung ging zweimal ab", False),
        ("Schicken Sie uns bitte die Bestellnummer", True),
        ("4711", False),
        ("Hallo?", False),
    ]
    assert len({mention.conversation for mention in listening.order}) == 2
    assert listening.order[2].author
    assert (listening.order[2].author.handle, listening.order[2].author.name) == ("jule.bsky.social", "Jule Kern")
    world.clock.now += timedelta(minutes=1)
    world.delete(later.key)
    listening.run()
    assert len(listening.deleted) == 1


@pytest.mark.parametrize(("channel", "kind"), [("bluesky", "post"), ("bluesky.mention", "post"), ("bluesky.dm", "dm")])
def test_an_answer_is_heard_back_under_the_id_of_its_receipt(world, url, channel: str, kind: Kind):
    world.say("Hilfe!", channel=channel, author="jule")
    options = {"bluesky": {"search": ["x"]}, "bluesky.mention": {"mentions": True}, "bluesky.dm": {"direct": True}}[channel]
    listening = desk(url, world, **options)
    listening.run()
    mention = listening.order[0]
    assert mention.kind == kind
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind)
    assert LISTENER.reply
    with listening.client() as client:
        receipt = LISTENER.reply(client, listening.stage.source, to, "Wir kümmern uns.", "k")
    world.clock.now += timedelta(minutes=1)
    listening.run()
    answer = listening.heard[receipt.native_id]
    assert answer.ours
    assert (answer.text, answer.conversation) == ("Wir kümmern uns.", mention.conversation)
    assert answer.url == receipt.url


@pytest.mark.parametrize("channel", ["bluesky", "bluesky.dm"])
def test_an_answer_that_was_sent_is_found_and_only_that_one(world, url, channel):
    world.say("Hilfe!", channel=channel, author="jule")
    other = world.say("Und ich?", channel=channel, author="tom")
    listening = desk(url, world, **({"direct": True} if channel == "bluesky.dm" else {"search": ["x"]}))
    listening.run()
    first, second = (
        ReplyTo(mention.native_id, mention.conversation, mention.kind)
        for mention in sorted(listening.order, key=lambda one: one.text)
    )
    assert LISTENER.reply
    assert LISTENER.look
    asked_at = world.clock()
    with listening.client() as client:
        assert LISTENER.look(client, listening.stage.source, first, "Ja.", asked_at) is None
        receipt = LISTENER.reply(client, listening.stage.source, first, "Ja.", "k")
        assert LISTENER.look(client, listening.stage.source, first, "Ja.", asked_at) == receipt
        assert LISTENER.look(client, listening.stage.source, first, "Nein.", asked_at) is None
        assert LISTENER.look(client, listening.stage.source, second, "Ja.", asked_at) is None
        assert LISTENER.look(client, listening.stage.source, first, "Ja.", asked_at + timedelta(minutes=1)) is None
    assert len(world.sent) == 1
    assert other.channel == channel


def test_an_answer_to_a_deleted_post_is_not_sent(world, url):
    post = world.say("Hilfe!", channel="bluesky", author="jule")
    listening = desk(url, world, search=["x"])
    listening.run()
    world.delete(post.key)
    mention = listening.order[0]
    assert LISTENER.reply
    with listening.client() as client, pytest.raises(SourceGone, match="not there any more"):
        LISTENER.reply(client, listening.stage.source, ReplyTo(mention.native_id, mention.conversation, "post"), "Ja.", "k")


def test_addresses_in_an_answer_can_be_clicked_after_umlauts_too():
    sent: list[dict[str, Any]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("createRecord"):
            sent.append(json.loads(request.content))
            return httpx.Response(200, json={"uri": "at://did:plc:us/app.bsky.feed.post/3k", "cid": "c"})
        above = {"uri": "at://did:plc:x/app.bsky.feed.post/3j", "cid": "d", "value": {"text": "?"}}
        return httpx.Response(200, json=above | opened())

    assert LISTENER.reply
    with Client("http://sky", platform="bluesky", transport=httpx.MockTransport(respond), clock=lambda: NOW) as client:
        to = ReplyTo("at://did:plc:x/app.bsky.feed.post/3j", "c", "post")
        LISTENER.reply(client, source("http://sky", search=["x"]), to, "Für Sie: https://kastanie.example/ä?x=1.", "k")
    facet = sent[0]["record"]["facets"][0]
    text = sent[0]["record"]["text"].encode()
    assert text[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode() == "https://kastanie.example/ä?x=1"
    assert facet["features"][0]["uri"] == "https://kastanie.example/ä?x=1"
    assert sent[0]["record"]["reply"]["root"]["uri"] == "at://did:plc:x/app.bsky.feed.post/3j"


@pytest.mark.parametrize(
    ("written", "arrived", "said"),
    [
        pytest.param("2026-11-20T10:00:00Z", "2026-11-20T10:00:02Z", "2026-11-20T10:00:00Z", id="as its client says"),
        pytest.param("2026-11-20T10:00:09Z", "2026-11-20T10:00:02Z", "2026-11-20T10:00:02Z", id="a client's clock ahead of time"),
        pytest.param("2023-01-01T10:00:00Z", "2026-11-20T10:00:02Z", "2026-11-20T10:00:02Z", id="moved here from elsewhere"),
        pytest.param(None, "2026-11-20T10:00:02Z", "2026-11-20T10:00:02Z", id="no time given"),
    ],
)
def test_a_post_was_said_when_its_client_says_unless_that_cannot_be(written, arrived, said):
    view = {"record": {"createdAt": written}, "indexedAt": arrived}
    assert said_at(view) == datetime.fromisoformat(said)


def test_the_check_names_the_account(world, url):
    assert LISTENER.verify
    with desk(url, world, search=["x"]).client() as client:
        assert LISTENER.verify(client, source(url)) == f"@{ACCOUNT} ({did(BRAND)})"


def test_a_source_that_hears_nothing_or_has_no_password_is_refused():
    with pytest.raises(ConfigurationError, match="name what to hear"):
        listeners.check(source("http://sky"))
    with pytest.raises(ConfigurationError, match="token_env"):
        listeners.connect(Source(name="x", platform="bluesky", options={"account": ACCOUNT, "direct": True}), {})


def recorded_posts() -> list[dict[str, Any]]:
    views = [
        *body("f_search")["posts"],
        *body("f_getposts")["posts"],
        *body("f_getquotes")["posts"],
        body("f_postthread")["thread"]["post"],
    ]
    return views + [item["post"] for name in ("f_autfeed", "f_timeline") for item in body(name)["feed"]]


@needs_recordings
def test_every_recorded_post_becomes_a_mention_with_its_words_author_time_and_link():
    views = recorded_posts()
    assert len(views) == 128
    for view in views:
        mention = to_mention(view, "did:plc:us")
        assert mention.text == view["record"]["text"].strip()
        assert mention.native_id == view["uri"]
        assert mention.author is not None
        assert (mention.author.native_id, mention.author.handle) == (view["author"]["did"], view["author"]["handle"])
        written = datetime.fromisoformat(view["record"]["createdAt"])
        assert abs(mention.said_at - written) < timedelta(seconds=5) or mention.said_at == datetime.fromisoformat(
            view["indexedAt"]
        )
        assert mention.url == link(view["uri"], view["author"]["handle"])
        assert mention.url.startswith("https://bsky.app/profile/")
        assert mention.kind == ("comment" if "reply" in view["record"] else "post")
        assert mention.conversation == view["record"].get("reply", {}).get("root", {}).get("uri", view["uri"])
        if view.get("embed", {}).get("$type") == "app.bsky.embed.images#view":
            assert len(mention.attachments) == len(view["embed"]["images"])


@needs_recordings
def test_a_recorded_search_is_heard_whole_and_oldest_first():
    answer = body("f_search")
    only = {"posts": answer["posts"]}
    pages = asked_with({"app.bsky.feed.searchPosts": httpx.Response(200, json=only)}, search=["x"])
    mentions = [mention for page in pages for mention in page.mentions]
    assert {mention.native_id for mention in mentions} == {view["uri"] for view in answer["posts"]}
    assert [mention.said_at for mention in mentions] == sorted(mention.said_at for mention in mentions)
    assert not any(page.broken for page in pages)


@needs_recordings
def test_recorded_direct_messages_are_heard_with_their_sender():
    convo = body("c_list")["convos"][0]
    people = {member["did"]: member for member in convo["members"]}
    sent = [convo["lastMessage"], convo["lastReaction"]["message"], body("c_send"), *body("c_send_batch")["items"]]
    assert len(sent) == 5
    for message in sent:
        mention = message_to_mention(message, convo["id"], people, "did:plc:5c2r73erhng4bszmxlfdtscf")
        assert mention is not None
        assert mention.text == message["text"].strip()
        assert mention.author is not None
        assert mention.author.handle == people[message["sender"]["did"]]["handle"]
        assert mention.said_at == datetime.fromisoformat(message["sentAt"])
        assert mention.ours == (message["sender"]["did"] == "did:plc:5c2r73erhng4bszmxlfdtscf")


@needs_recordings
def test_a_recorded_empty_log_is_no_news_and_its_place_is_kept():
    pages = asked_with({"chat.bsky.convo.getLog": httpx.Response(200, json=body("c_log"))}, direct=True)
    assert not any(page.mentions or page.broken for page in pages)
    assert json.loads(json.loads(pages[-1].cursor or "{}")["direct"]) == {"log": body("c_log")["cursor"]}


@needs_recordings
def test_recorded_refusals_are_said_plainly():
    shut = recorded("repo_auth_cache")[0]
    said: list[str] = []
    with pytest.raises(SourceDenied, match="gives no token"):
        asked_with({"com.atproto.server.createSession": httpx.Response(shut["status"], text=shut["body"])}, said, search=["x"])
    assert said == ["com.atproto.server.createSession"]
    bad = recorded("r_post_errors")[0]
    request = httpx.Request("POST", bad["url"])
    found = refusal(httpx.Response(bad["status"], text=bad["body"], request=request), NOW)
    assert found
    assert "createRecord: InvalidRequest" in str(found)


@needs_recordings
def test_a_recorded_answer_gives_the_id_that_is_heard_later():
    sent = json.loads(recorded("r_post_reply")[-1]["body"])
    assert author_of(sent["uri"]) == "did:plc:5c2r73erhng4bszmxlfdtscf"
    assert link(sent["uri"], "bskyr.bsky.social").startswith("https://bsky.app/profile/bskyr.bsky.social/post/3l")
