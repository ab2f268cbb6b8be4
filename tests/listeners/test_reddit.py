"""Reddit: PRAW asks through our client, threads and dialogues keep together, answers are found again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners.contract import Page, ReplyTo, Window
from listeners.http import Client
from listeners.reddit import LISTENER
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage
from listeners.wire import USER_AGENT

REPLAY = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "_replay" / "reddit.jsonl"
needs_recordings = pytest.mark.skipif(not REPLAY.exists(), reason="the recordings of real servers are not here")
ENVIRON = {"I": "app", "S": TOKEN, "R": TOKEN}
SECRETS = {"client_id": "I", "client_secret": "S", "refresh_token": "R"}
READING = {"client_id": "I", "client_secret": "S"}


def source(url: str, secrets: dict[str, str] | None = None, **options: object) -> Source:
    given = {"username": BRAND} | options
    return Source(name="r", platform="reddit", base_url=f"{url}/reddit", secrets=secrets or SECRETS, options=given)


class TestRedditSubreddits(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, READING, subreddits=[BRAND]), ENVIRON, "reddit")


class TestRedditSearch(ListenerContract):
    hears_replies = True
    below = "/comments/"

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, READING, queries=["kastanie"], threads_for="14 days"), ENVIRON, "reddit")


class TestRedditMessages(ListenerContract):
    hears_replies = True
    notices_edits = False
    notices_deletions = False
    """A private message stays as it was sent."""

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, messages=True), ENVIRON, "reddit.dm")


class TestRedditModmail(ListenerContract):
    hears_replies = True
    notices_edits = False
    notices_deletions = False
    """Mail to the moderators stays as it was sent."""

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, modmail=[BRAND]), ENVIRON, "reddit.modmail")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, environ: dict[str, str] | None = None, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), environ or ENVIRON, "reddit"), world.clock)


EVERYTHING = {"subreddits": [BRAND], "mentions": True, "messages": True, "modmail": [BRAND]}


def a_thread(world: World, channel: str = "reddit") -> None:
    first = world.say("Das Sofa ist da", channel=channel, title="Endlich", author="jule")
    second = world.say("Und, gut?", channel=channel, parent=first.key, author="tom")
    world.say("Nein", channel=channel, parent=second.key, author="jule")


def test_a_post_and_its_comments_are_one_conversation(world, url):
    a_thread(world)
    heard = desk(url, world, subreddits=[BRAND])
    heard.run()
    by_text = {one.text: one for one in heard.order}
    post, comment, answer = by_text["Das Sofa ist da"], by_text["Und, gut?"], by_text["Nein"]
    assert {one.conversation for one in heard.order} == {post.native_id}
    assert [post.kind, comment.kind, answer.kind] == ["post", "comment", "comment"]
    assert (post.parent, comment.parent, answer.parent) == (None, post.native_id, comment.native_id)
    assert (post.title, post.reach, comment.title) == ("Endlich", 1234, "")
    assert comment.url == f"https://www.reddit.com/r/kastanie/comments/{post.native_id[3:]}/kastanie/{comment.native_id[3:]}/"
    assert comment.author
    assert (comment.author.handle, comment.author.url) == ("tom", "https://www.reddit.com/user/tom")


def test_a_comment_is_the_same_whether_the_subreddit_or_the_inbox_brings_it(world, url):
    first = world.say("Frage an euch", channel="reddit.mention", author="jule")
    comment = world.say("u/kastanie, bitte melden", channel="reddit.mention", parent=first.key, author="tom")
    heard = desk(url, world, mentions=True)
    heard.run()
    mention = next(one for one in heard.order if one.text == comment.text)
    assert mention.conversation == "t3_k00000"
    assert mention.url == "https://www.reddit.com/r/kastanie/comments/k00000/kastanie/k00001/"
    assert mention.parent == "t3_k00000"


def test_the_inbox_brings_what_is_asked_for(world, url):
    world.say("eine Nachricht", channel="reddit.dm")
    first = world.say("x", channel="reddit.mention")
    world.say("ein Kommentar", channel="reddit.mention", parent=first.key)
    for options, text in (({"messages": True}, "eine Nachricht"), ({"mentions": True}, "ein Kommentar")):
        heard = desk(url, world, **options)
        heard.run()
        assert text in heard.texts()
        assert len({"eine Nachricht", "ein Kommentar"} & set(heard.texts())) == 1


def test_a_dialogue_is_heard_with_both_sides(world, url):
    first = world.say("Mein Konto geht nicht", channel="reddit.dm", author="jule", title="Hilfe")
    answer = world.answer(first, "Welche Nummer?", "")
    world.say("4711", channel="reddit.dm", author="jule", parent=answer.key)
    heard = desk(url, world, messages=True)
    heard.run()
    said = sorted(heard.order, key=lambda one: (one.said_at, one.native_id))
    assert [(one.text, one.ours, one.kind) for one in said] == [
        ("Mein Konto geht nicht", False, "dm"),
        ("Welche Nummer?", True, "dm"),
        ("4711", False, "dm"),
    ]
    assert {one.conversation for one in said} == {said[0].native_id}
    assert [one.parent for one in said] == [None, said[0].native_id, said[1].native_id]
    assert (said[0].title, said[1].title) == ("Hilfe", "")


def test_modmail_is_heard_with_both_sides_and_without_notes(world, url):
    first = world.say("Warum gesperrt?", channel="reddit.modmail", author="jule", title="Sperre")
    world.say("nur für uns", channel="reddit.modmail", parent=first.key, author="mia", title="note", ours=True)
    world.answer(first, "Wegen Werbung", "")
    heard = desk(url, world, modmail=[BRAND])
    heard.run()
    assert [(one.text, one.ours, one.title) for one in sorted(heard.order, key=lambda one: one.native_id)] == [
        ("Warum gesperrt?", False, "Sperre"),
        ("Wegen Werbung", True, ""),
    ]
    assert {one.conversation for one in heard.order} == {"modmail/k00000"}
    assert heard.order[0].url == "https://mod.reddit.com/mail/perma/k00000"


def test_a_late_comment_below_what_was_found_is_left_out_and_never_taken_for_deleted(world, url):
    post = world.say("x", channel="reddit")
    heard = desk(url, world, queries=["x"], threads_for="5 days")
    heard.run()
    world.clock.sleep(5 * 86_400 - 600)
    world.say("gerade noch", channel="reddit", parent=post.key)
    heard.run()
    world.clock.sleep(1_200)
    world.say("zu spät", channel="reddit", parent=post.key)
    heard.run()
    assert heard.texts() == ["gerade noch", "x"]


@pytest.mark.parametrize("stub", ["[deleted]", "[removed]"])
def test_a_stub_says_that_something_was_taken_back(world, url, stub):
    comment = world.say("peinlich", channel="reddit")
    heard = desk(url, world, subreddits=[BRAND])
    heard.run()
    world.clock.sleep(60)
    world.edit(comment.key, stub)
    heard.run()
    assert heard.texts() == []
    assert len(heard.deleted) == 1


def sent(world: World, url: str, channel: str, which: str) -> tuple[Desk, Mention, ReplyTo, str]:
    a_thread(world, channel)
    heard = desk(url, world, **EVERYTHING)
    heard.run()
    mention = next(one for one in heard.order if one.text == which)
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind, parent=mention.parent or "")
    assert LISTENER.reply
    with heard.client() as client:
        return heard, mention, to, LISTENER.reply(client, heard.stage.source, to, "Wir **kümmern** uns.", "k").native_id


@pytest.mark.parametrize("channel", ["reddit", "reddit.dm", "reddit.modmail"])
@pytest.mark.parametrize("which", ["Das Sofa ist da", "Nein"])
def test_an_answer_is_heard_back_under_the_same_id_in_the_same_conversation(world, url, channel, which):
    heard, mention, _, native_id = sent(world, url, channel, which)
    world.clock.sleep(60)
    heard.run()
    answer = heard.heard[native_id]
    assert (answer.text, answer.ours, answer.conversation) == ("Wir **kümmern** uns.", True, mention.conversation)
    assert answer.parent == (None if channel == "reddit.modmail" else mention.native_id)
    assert [one["text"] for one in world.sent] == ["Wir **kümmern** uns."]


@pytest.mark.parametrize("channel", ["reddit", "reddit.dm", "reddit.modmail"])
def test_look_finds_what_was_sent_and_only_that(world, url, channel):
    heard, _, to, native_id = sent(world, url, channel, "Nein")
    assert LISTENER.look
    since, us = world.clock() - timedelta(minutes=1), heard.stage.source
    with heard.client() as client:
        found = LISTENER.look(client, us, to, "Wir **kümmern** uns.", since)
        assert found
        assert found.native_id == native_id
        assert LISTENER.look(client, us, to, "Wir kümmern uns nicht.", since) is None
        assert LISTENER.look(client, us, to, "Und, gut?", since) is None
        assert LISTENER.look(client, us, to, "Wir **kümmern** uns.", world.clock() + timedelta(seconds=1)) is None


def test_what_is_gone_cannot_be_answered(world, url):
    post = world.say("x", channel="reddit")
    heard = desk(url, world, subreddits=[BRAND])
    world.delete(post.key)
    assert LISTENER.reply
    with heard.client() as client, pytest.raises(SourceGone, match="has been deleted"):
        LISTENER.reply(client, heard.stage.source, ReplyTo("t3_k00000", "t3_k00000", "post"), "Hallo", "k")


def test_an_empty_answer_comes_back_with_reddits_reason(world, url):
    world.say("x", channel="reddit")
    heard = desk(url, world, subreddits=[BRAND])
    assert LISTENER.reply
    with heard.client() as client, pytest.raises(SourceError, match="we need something here"):
        LISTENER.reply(client, heard.stage.source, ReplyTo("t3_k00000", "t3_k00000", "post"), " ", "k")


def test_a_subreddit_that_does_not_exist_is_said(world, url):
    with pytest.raises(SourceGone, match="r/nowhere"):
        desk(url, world, subreddits=["nowhere"]).run()


def test_a_token_is_renewed_when_it_has_run_out_or_was_revoked(world, url):
    world.say("x", channel="reddit")
    heard = desk(url, world, subreddits=[BRAND])
    window = Window(world.clock(), world.clock() - timedelta(days=1))
    with heard.client() as client:
        for _ in range(3):  # the second time it has run out
            list(LISTENER.pull(client, heard.stage.source, None, window))
            world.clock.sleep(86_400)
        client._access.token = "revoked"  # type: ignore[attr-defined]
        assert list(LISTENER.pull(client, heard.stage.source, None, window))


@pytest.mark.parametrize("environ", [{"R": "wrong"}, {"S": "wrong"}], ids=["refresh token", "secret"])
def test_a_refused_credential_is_named(world, url, environ):
    with pytest.raises(SourceDenied, match="gives no token") as caught:
        desk(url, world, ENVIRON | environ, subreddits=[BRAND]).run()
    assert "I+S+R" in caught.value.advice


def test_a_password_and_an_application_alone_are_let_in_too(world, url):
    world.say("x", channel="reddit")
    for secrets in (READING, READING | {"password": "R"}):
        us = source(url, secrets, subreddits=[BRAND])
        heard = Desk(Stage(us, ENVIRON, "reddit"), world.clock)  # type: ignore[arg-type]
        heard.run()
        assert heard.texts() == ["x"]


@pytest.mark.parametrize("options", [{"mentions": True}, {"messages": True}, {"modmail": [BRAND]}], ids=str)
def test_the_inbox_needs_an_account(world, url, options):
    us = source(url, READING, **options)
    with listeners.connect(us, ENVIRON) as client, pytest.raises(ConfigurationError, match="refresh_token_env"):
        list(LISTENER.pull(client, us, None, Window(world.clock(), world.clock())))


@pytest.mark.parametrize(
    ("options", "said"),
    [({}, "name what to hear"), ({"messages": True}, "need username")],
    ids=["nothing", "nobody"],
)
def test_a_source_that_cannot_hear_is_refused(options, said):
    with pytest.raises(ConfigurationError, match=said):
        listeners.check(Source(name="x", platform="reddit", options=options))


def test_verify_says_who_we_are(world, url):
    world.say("x", channel="reddit", title="Neues Sofa")
    assert LISTENER.verify
    for secrets, said in ((SECRETS, "u/kastanie"), (READING, "r/kastanie, reading only, last post: Neues Sofa")):
        us = source(url, secrets, subreddits=[BRAND])
        with listeners.connect(us, ENVIRON) as client:
            assert LISTENER.verify(client, us) == said


def through(respond: Any, clock: Clock | None = None) -> Client:
    clock = clock or Clock()
    transport = httpx.MockTransport(respond)
    secrets = {"refresh_token": "t"}
    return Client(
        "https://oauth.reddit.com", platform="reddit", secrets=secrets, transport=transport, clock=clock, sleep=clock.sleep
    )


LONG_AGO = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2010, 1, 1, tzinfo=UTC))


def pulled(respond: Any, **options: Any) -> list[Page]:
    us = Source(name="r", platform="reddit", options={"username": "us"} | options)
    with through(respond) as client:
        return list(LISTENER.pull(client, us, None, LONG_AGO))


def test_praw_asks_through_our_client_with_our_name_and_our_limits():
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        body = {"kind": "Listing", "data": {"after": None, "children": []}}
        return httpx.Response(200, json=body, headers={"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "500"})

    clock, us = Clock(), Source(name="r", platform="reddit", options={"subreddits": ["x"]})
    with through(respond, clock) as client, pytest.raises(SourceBusy) as caught:
        list(LISTENER.pull(client, us, None, Window(clock(), clock())))
    assert len(asked) == 1
    assert str(asked[0].url) == "https://oauth.reddit.com/r/x/new?limit=100&raw_json=1"
    assert asked[0].headers["user-agent"] == USER_AGENT
    assert "python-requests" not in str(asked[0].headers)
    assert caught.value.retry_at == clock() + timedelta(seconds=500)


@pytest.mark.parametrize(
    ("message", "wait"),
    [("you are doing that too much. try again in 9 minutes.", 9), ("Take a break for 2 hours", 120), ("too much", 10)],
)
def test_doing_that_too_much_is_a_limit(message, wait):
    clock = Clock()
    body = {"json": {"errors": [["RATELIMIT", message, "ratelimit"]]}}
    us = Source(name="r", platform="reddit", options={"subreddits": ["x"]})
    assert LISTENER.reply
    with through(lambda _request: httpx.Response(200, json=body), clock) as client, pytest.raises(SourceBusy) as caught:
        LISTENER.reply(client, us, ReplyTo("t1_x", "t3_y", "comment"), "Hallo", "k")
    assert caught.value.retry_at == clock() + timedelta(minutes=wait)
    assert clock.slept == 0


def answers(part: str, path: str = "") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in REPLAY.read_text("utf-8").splitlines()]
    return [one for one in found if part in one["source"] and path in one["url"] and "access_token" not in one["url"]]


EMPTY = {"kind": "Listing", "data": {"after": None, "before": None, "children": []}}


def replaying(bodies: list[str], path: str) -> Any:
    """Answer questions for *path* with the recorded bodies in their order, all others with an empty list."""
    left = list(bodies)

    def respond(request: httpx.Request) -> httpx.Response:
        if path in request.url.path and left:
            return httpx.Response(200, content=left.pop(0))
        return httpx.Response(200, json=EMPTY)

    return respond


def children(bodies: list[str]) -> dict[str, dict[str, Any]]:
    return {child["data"]["name"]: child["data"] for body in bodies for child in json.loads(body)["data"]["children"]}


@needs_recordings
@pytest.mark.parametrize(
    ("part", "path", "options", "count"),
    [
        ("TestSubredditStreams", "/r/all/comments/", {"subreddits": ["all"]}, 417),
        ("TestSubreddit.test_search", "/r/all/search/", {"queries": ["praw"]}, 6),
        ("TestInbox.test_all__with_limit", "/message/inbox/", {"mentions": True, "messages": True}, 200),
        ("with_invalid_access_token__retry", "/r/front/new", {"subreddits": ["front"]}, 25),
    ],
)
def test_every_recorded_thing_becomes_a_mention_with_its_words_author_time_and_link(part, path, options, count):
    bodies = [one["body"] for one in answers(part) if one["status"] == 200]
    things = children(bodies)
    merged = json.dumps({"kind": "Listing", "data": {"after": None, "children": _kinds(bodies)}})
    pages = pulled(replaying([merged], path), **options)
    assert not any(page.broken for page in pages)
    heard = {one.native_id: one for page in pages for one in page.mentions}
    taken_back = {name for name, one in things.items() if (one.get("body") or one.get("selftext")) in ("[deleted]", "[removed]")}
    assert heard.keys() == things.keys() - taken_back
    assert len(heard) == count
    for name, mention in heard.items():
        thing = things[name]
        assert mention.text == (thing.get("selftext") if name.startswith("t3_") else thing["body"]).strip()
        assert (mention.author.handle if mention.author else None) == (
            None if thing["author"] == "[deleted]" else thing["author"]
        )
        assert mention.said_at == datetime.fromtimestamp(thing["created_utc"], UTC)
        assert mention.url
        assert mention.conversation.startswith({"t1": "t3_", "t3": name, "t4": "t4_"}[name[:2]])
        assert (mention.edited_at is not None) == bool(thing.get("edited"))


def _kinds(bodies: list[str]) -> list[dict[str, Any]]:
    found = {child["data"]["name"]: child for body in bodies for child in json.loads(body)["data"]["children"]}
    return sorted(found.values(), key=lambda child: -child["data"]["created_utc"])


@needs_recordings
def test_a_recorded_inbox_is_read_page_by_page():
    bodies = [one["body"] for one in answers("TestInbox.test_all__with_limit")]
    pages = pulled(replaying(bodies, "/message/inbox/"), mentions=True, messages=True)
    assert {one.native_id for page in pages for one in page.mentions} == children(bodies).keys()


@needs_recordings
def test_recorded_comment_replies_say_which_post_they_belong_to():
    bodies = [one["body"] for one in answers("TestInbox.test_comment_replies")]
    pages = pulled(replaying(bodies, "/message/inbox/"), mentions=True)
    mentions = [one for page in pages for one in page.mentions]
    assert len(mentions) == len(children(bodies)) > 50
    for mention in mentions:
        assert f"/comments/{mention.conversation[3:]}/" in str(mention.url)


@needs_recordings
def test_a_recorded_thread_is_heard_below_a_post_that_was_found():
    body = answers("TestSubmission.test_comments", "/comments/2gmzqe")[0]["body"]
    post = json.loads(body)[0]["data"]["children"][0]["data"]

    def respond(request: httpx.Request) -> httpx.Response:
        if "/search/" in request.url.path:
            return httpx.Response(
                200, json={"kind": "Listing", "data": {"after": None, "children": [{"kind": "t3", "data": post}]}}
            )
        return httpx.Response(200, content=body)

    pages = pulled(respond, queries=["x"], threads_for="5000 days")
    heard = {one.native_id: one for page in pages for one in page.mentions}
    recorded = {child["data"]["name"] for child in _deep(json.loads(body)[1])}
    assert recorded
    assert heard.keys() == {post["name"]} | recorded
    assert {one.conversation for one in heard.values()} == {post["name"]}


def _deep(listing: Any) -> Iterator[dict[str, Any]]:
    for child in listing["data"]["children"] if listing else ():
        if child["kind"] == "t1":
            yield child
            yield from _deep(child["data"]["replies"])


@needs_recordings
def test_recorded_modmail_is_heard_with_both_sides():
    whole = json.loads(answers("TestSubredditModmail.test_call")[0]["body"])
    conversation = whole["conversation"]

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(conversation["id"]):
            return httpx.Response(200, json=whole)
        short = conversation | {"objIds": conversation["objIds"][:1], "legacyFirstMessageId": "x"}
        listed = {"conversationIds": [conversation["id"]], "conversations": {conversation["id"]: short}, "messages": {}}
        return httpx.Response(200, json=listed)

    pages = pulled(respond, modmail=["ThirdRealm"])
    mentions = [one for page in pages for one in page.mentions]
    assert {one.native_id for one in mentions} == {f"modmail/ik72/{key}" for key in whole["messages"]}
    assert [one.ours for one in mentions] == [False, True]
    assert {one.text for one in mentions} == {one["bodyMarkdown"] for one in whole["messages"].values()}


@needs_recordings
def test_a_recorded_list_of_conversations_is_read_whole():
    listed, nothing = (one["body"] for one in answers("conversations__other"))
    shown = json.loads(listed)
    single = [key for key, one in shown["conversations"].items() if one["numMessages"] == 1]

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/conversations/"):
            return httpx.Response(200, content=nothing if "after" in request.url.params else listed)
        number = request.url.path.rpartition("/")[2]
        conversation = shown["conversations"][number]
        return httpx.Response(200, json={"conversation": conversation, "messages": shown["messages"], "modActions": {}})

    pages = pulled(respond, modmail=["pics"])
    heard = {one.native_id for page in pages for one in page.mentions}
    assert not any(page.broken for page in pages)
    known = {
        f"modmail/{key}/{one['id']}"
        for key, conv in shown["conversations"].items()
        for one in conv["objIds"]
        if one["key"] == "messages"
    }
    internal = {key for key, one in shown["messages"].items() if one["isInternal"]}
    assert len(single) > 3
    assert heard == {name for name in known if name.rpartition("/")[2] not in internal}


@needs_recordings
@pytest.mark.parametrize(
    ("part", "name"), [("TestComment.test_reply.json", "t1_d1616q2"), ("TestSubmission.test_reply", "t3_4b1tfm")]
)
def test_a_recorded_answer_tells_its_id(part, name):
    (answer,) = answers(part)
    made = json.loads(answer["body"])["json"]["data"]["things"][0]["data"]
    us = Source(name="r", platform="reddit", options={"subreddits": ["x"]})
    assert LISTENER.reply
    with through(lambda request: httpx.Response(200, content=answer["body"])) as client:
        receipt = LISTENER.reply(client, us, ReplyTo(name, "t3_4b1tfm", "comment"), "Hallo", "k")
    assert receipt.native_id == made["name"]
    assert receipt.url == f"https://www.reddit.com/comments/4b1tfm/_/{made['id']}"


@needs_recordings
def test_a_recorded_answer_without_an_id_is_looked_for_before_it_is_sent_again():
    (answer,) = answers("test_reply__none")
    us = Source(name="r", platform="reddit", options={"subreddits": ["x"]})
    assert LISTENER.reply
    with through(lambda request: httpx.Response(200, content=answer["body"])) as client, pytest.raises(SourceGarbled) as caught:
        LISTENER.reply(client, us, ReplyTo("t1_x", "t3_y", "comment"), "Hallo", "k")
    assert caught.value.uncertain


@needs_recordings
@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("too__many_requests", SourceBusy),
        ("bad_gateway", SourceBusy),
        ("service_unavailable", SourceBusy),
        ("cloudflare_unknown_error", SourceBusy),
        ("internal_server_error", SourceBusy),
        ("with_invalid_access_token.json", SourceDenied),
        ("with_insufficient_scope", SourceDenied),
        ("prawcore.forbidden", SourceDenied),
        ("prawcore.not_found", SourceGone),
        ("test_message__unauthorized", SourceDenied),
        ("test_bare_badrequest", SourceError),
        ("text_html_response", SourceError),
        ("text_plain_response", SourceError),
        ("user_not_exist", SourceError),
    ],
)
def test_a_recorded_refusal_becomes_our_error_and_none_of_praws(part, error):
    found = [json.loads(line) for line in REPLAY.read_text("utf-8").splitlines()]
    refused = next(one for one in found if part in one["source"] and one["status"] >= 400)
    headers = {key.lower(): value for key, value in refused["headers"].items() if key.lower() != "date"}
    with pytest.raises(error):
        pulled(lambda _request: httpx.Response(refused["status"], content=refused["body"], headers=headers), subreddits=["x"])


@needs_recordings
def test_every_other_recording_is_one_thing_or_changes_something():
    """Single things by id, marking as read: questions that are never asked here. Their things are read all the same."""
    parts = ("TestMessage.test_parent", "TestInbox.test_message.json", "TestInbox.test_mark_read", "TestComment.test_refresh")
    bodies = [
        one["body"] for part in parts for one in answers(part) if one["status"] == 200 and one["body"].startswith('{"kind"')
    ]
    merged = json.dumps({"kind": "Listing", "data": {"after": None, "children": _kinds(bodies)}})
    pages = pulled(replaying([merged], "/message/inbox/"), mentions=True, messages=True)
    assert not any(page.broken for page in pages)
    stubs = {name for name, one in children(bodies).items() if one["body"] == "[deleted]"}
    assert {one.native_id for page in pages for one in page.mentions} == children(bodies).keys() - stubs
