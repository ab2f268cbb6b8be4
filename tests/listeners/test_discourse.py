"""Discourse: topics keep together, words lead to whole topics, private messages have both sides, answers are found again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, NotUnderstood, SourceBusy, SourceDenied, SourceError
from desk.mention import Mention
from desk.source import Source
from listeners.contract import ReplyTo, Window
from listeners.discourse import LISTENER
from listeners.discourse.answers import refusal
from listeners.discourse.posts import to_mention
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "discourse"
needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of real servers are not here")


def source(url: str, **options: object) -> Source:
    return Source(
        name="forum", platform="discourse", base_url=f"{url}/discourse", token_env="T", options={"username": BRAND} | options
    )


class TestDiscoursePosts(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, everything=True), {"T": TOKEN}, "discourse")


class TestDiscourseWords(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        guest = source(url, queries=["frage"]).model_copy(update={"token_env": None})
        return Stage(guest, {}, "discourse")


class TestDiscourseDirect(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, direct=True), {"T": TOKEN}, "discourse.dm")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, token: str = TOKEN, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"T": token}, "discourse"), world.clock)


def test_a_topic_is_one_conversation_and_each_post_knows_what_it_answers(world, url):
    first = world.say("Mein Schrank wackelt", channel="discourse", title="Wackelt & kippt", author="jule")
    second = world.say("Meiner auch", channel="discourse", parent=first.key, author="tom")
    world.say("Schrauben nachziehen", channel="discourse", parent=second.key, author="mia", name="Mia M.")
    heard = desk(url, world, everything=True)
    heard.run()
    one, two, three = heard.order
    assert {mention.conversation for mention in heard.order} == {one.native_id}
    assert [mention.kind for mention in heard.order] == ["post", "comment", "comment"]
    assert (one.parent, two.parent, three.parent) == (None, one.native_id, two.native_id)
    assert (one.title, two.title) == ("Wackelt & kippt", "")
    assert one.url == f"{url}/discourse/t/kastanie/{one.native_id.split('/', 1)[1]}"
    assert three.author
    assert (three.author.handle, three.author.name) == ("mia", "Mia M.")


def test_a_word_leads_to_the_whole_topic_and_to_nothing_else(world, url):
    found = world.say("Ist Kastanie gut?", channel="discourse")
    world.say("nein", channel="discourse", parent=found.key)
    world.say("Schönes Wetter", channel="discourse", title="Wetter")
    heard = desk(url, world, queries=["kastanie gut"])
    heard.run()
    assert heard.texts() == ["Ist Kastanie gut?", "nein"]
    world.clock.sleep(86_400 * 20)
    world.say("immer noch nicht", channel="discourse", parent=found.key)
    heard.run()
    assert heard.texts() == ["Ist Kastanie gut?", "immer noch nicht", "nein"]


def test_what_was_found_by_a_word_is_not_taken_for_deleted_when_the_word_is_edited_out(world, url):
    found = world.say("Kastanie ist gut", channel="discourse", title="Möbel")
    heard = desk(url, world, queries=["kastanie"])
    heard.run()
    world.clock.sleep(60)
    world.edit(found.key, "Die sind gut")
    heard.run()
    assert heard.texts() == ["Die sind gut"]
    assert heard.deleted == set()


def test_only_the_categories_that_are_named_are_heard(world, url):
    world.say("Hallo", channel="discourse")
    for number, texts in ((5, ["Hallo"]), (6, [])):
        heard = desk(url, world, categories=[number])
        heard.run()
        assert heard.texts() == texts


def test_our_words_are_known_by_user_by_account_and_where_wanted_by_office(world, url):
    first = world.say("Frage", channel="discourse", author="jule")
    world.answer(first, "Antwort", "")
    world.say("Ich helfe", channel="discourse", parent=first.key, author="Paul")
    assert ours(url, world, username="paul") == {"Ich helfe"}
    assert ours(url, world, accounts=["KASTANIE"], username="x") == {"Antwort"}
    assert ours(url, world, staff=True, username="x") == {"Antwort"}
    assert ours(url, world, username="x") == set()


def ours(url: str, world: World, **options: object) -> set[str]:
    heard = desk(url, world, everything=True, **options)
    heard.run()
    return {one.text for one in heard.order if one.ours}


def sent(world: World, url: str, channel: str) -> tuple[Desk, Mention, ReplyTo, str]:
    first = world.say("Frage", channel=channel, author="jule")
    world.say("Nachfrage", channel=channel, parent=first.key, author="tom")
    heard = desk(url, world, everything=True, direct=True)
    heard.run()
    mention = heard.order[-1]
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind)
    assert LISTENER.reply
    with heard.client() as client:
        return heard, mention, to, LISTENER.reply(client, heard.stage.source, to, "Wir **kümmern** uns.", "k").native_id


@pytest.mark.parametrize(("channel", "kind"), [("discourse", "comment"), ("discourse.dm", "dm")])
def test_an_answer_is_heard_back_under_the_same_id_below_what_it_answers(world, url, channel, kind):
    heard, mention, _, native_id = sent(world, url, channel)
    world.clock.sleep(60)
    heard.run()
    answer = heard.heard[native_id]
    assert (answer.ours, answer.kind, answer.parent) == (True, kind, mention.native_id)
    assert answer.conversation == mention.conversation
    assert [one["text"] for one in world.sent] == ["Wir **kümmern** uns."]


def test_look_finds_what_was_sent_and_only_that(world, url):
    heard, _, to, native_id = sent(world, url, "discourse")
    assert LISTENER.look
    since, us = world.clock() - timedelta(minutes=1), heard.stage.source
    with heard.client() as client:
        found = LISTENER.look(client, us, to, "Wir **kümmern** uns.", since)
        assert found
        assert found.native_id == native_id
        assert LISTENER.look(client, us, to, "Wir kümmern uns nicht.", since) is None
        assert LISTENER.look(client, us, to, "Nachfrage", since) is None
        assert LISTENER.look(client, us, to, "Wir **kümmern** uns.", world.clock() + timedelta(seconds=1)) is None


def test_an_answer_the_forum_does_not_want_comes_back_with_its_reason(world, url):
    world.say("Frage", channel="discourse")
    heard = desk(url, world, everything=True)
    heard.run()
    (mention,) = heard.order
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind)
    assert LISTENER.reply
    with heard.client() as client, pytest.raises(SourceError, match="Body is too short") as caught:
        LISTENER.reply(client, heard.stage.source, to, "Ja.", "k")
    assert "change the answer" in caught.value.advice


def test_an_answer_that_waits_for_a_moderator_is_not_taken_for_sent():
    to = ReplyTo("forum.example/1/1", "forum.example/1/1", "post")
    us = EVERYTHING.model_copy(update={"token_env": "T"})
    assert LISTENER.reply
    with forum({"action": "enqueued", "success": True, "pending_count": 1}) as client:
        client.secrets["token"] = "x"
        with pytest.raises(SourceError, match="until a moderator approves"):
            LISTENER.reply(client, us, to, "Hallo!", "k")


def test_a_wrong_key_is_denied_and_named(world, url):
    with pytest.raises(SourceDenied) as caught:
        desk(url, world, token="wrong", everything=True).run()
    assert "token in T" in caught.value.advice


def test_verify_says_which_forum_and_who_we_are(world, url):
    heard = desk(url, world, everything=True)
    guest = source(url, everything=True).model_copy(update={"token_env": None})
    assert LISTENER.verify
    with heard.client() as client:
        assert LISTENER.verify(client, heard.stage.source) == "Kastanie Forum, as @kastanie"
    with listeners.connect(guest, {}) as client:
        assert LISTENER.verify(client, guest) == "Kastanie Forum, as a guest"


@pytest.mark.parametrize(
    ("options", "said"), [({}, "name what to hear"), ({"direct": True}, "direct needs username")], ids=["nothing", "nobody"]
)
def test_a_source_that_cannot_hear_is_refused(options, said):
    with pytest.raises(ConfigurationError, match=said):
        listeners.check(Source(name="x", platform="discourse", options=options))


def test_a_key_needs_the_name_of_its_user():
    nobody = Source(name="x", platform="discourse", base_url="https://f.example", token_env="T", options={"everything": True})
    with pytest.raises(ConfigurationError, match="needs username"):
        listeners.connect(nobody, {"T": "k"})


def test_private_messages_need_a_key(world, url):
    guest = source(url, direct=True).model_copy(update={"token_env": None})
    window = Window(world.clock(), world.clock())
    with listeners.connect(guest, {}) as client, pytest.raises(ConfigurationError, match="token_env"):
        list(LISTENER.pull(client, guest, None, window))


def forum(posts: Any, status: int = 200, clock: Clock | None = None) -> Client:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=posts(request) if callable(posts) else posts)

    clock = clock or Clock()
    transport = httpx.MockTransport(respond)
    return Client(
        "http://forum.example", platform="discourse", transport=transport, clock=clock, sleep=clock.sleep, refusal=refusal
    )


EVERYTHING = Source(name="f", platform="discourse", base_url="http://forum.example", options={"everything": True})


def test_a_limit_says_in_its_body_how_long_to_wait():
    clock = Clock()
    body = {
        "errors": ["You’ve performed this action too many times."],
        "error_type": "rate_limit",
        "extras": {"wait_seconds": 900},
    }
    with forum(body, 429, clock) as client, pytest.raises(SourceBusy, match="too many times") as caught:
        list(LISTENER.pull(client, EVERYTHING, None, Window(clock(), clock())))
    assert caught.value.retry_at == clock() + timedelta(minutes=15)


def a_post(number: int, **more: Any) -> dict[str, Any]:
    post = {"id": number, "topic_id": 1, "post_number": number, "username": "jule", "cooked": f"<p>{number}</p>", "post_type": 1}
    return post | {"created_at": "2026-01-01T00:00:00Z"} | more


def test_a_gap_of_numbers_does_not_end_an_old_forum_and_an_imported_post_does_not_end_the_walk():
    """Before 2023 a page was a range of 50 numbers, and empty where those were private."""
    posts = [a_post(300), a_post(299, created_at="2011-01-01T00:00:00Z"), a_post(170)]

    def respond(request: httpx.Request) -> dict[str, Any]:
        before = int(request.url.params.get("before", 300))
        return {"latest_posts": [post for post in posts if before - 50 < post["id"] <= before]}

    now = datetime(2026, 1, 2, tzinfo=UTC)
    with forum(respond) as client:
        pages = list(LISTENER.pull(client, EVERYTHING, None, Window(now, now - timedelta(days=30))))
    assert {one.text for page in pages for one in page.mentions} == {"300", "170"}


def test_notices_of_the_system_and_what_was_taken_back_are_no_mentions():
    posts = [a_post(1), a_post(2, post_type=3), a_post(3, user_id=-1), a_post(4, user_deleted=True)]
    now = datetime(2026, 1, 2, tzinfo=UTC)
    with forum({"latest_posts": posts}) as client:
        pages = list(LISTENER.pull(client, EVERYTHING, None, Window(now, now - timedelta(days=30))))
    assert [one.text for page in pages for one in page.mentions] == ["1"]


def test_the_words_of_others_that_a_post_quotes_are_not_its_own():
    cooked = (
        '<aside class="quote"><div class="title">tom:</div><blockquote><p>Mist!</p></blockquote></aside><p>Finde ich nicht</p>'
    )
    picture = (
        '<p><img src="https://f.example/a.png" width="9"><img class="emoji" src="https://f.example/e.png" alt=":smile:"></p>'
    )
    mention = to_mention(a_post(1, cooked=cooked + picture), "https://f.example", "f.example")
    assert mention.text == "Finde ich nicht\n:smile:"
    assert mention.attachments == ("https://f.example/a.png",)


def recorded() -> list[dict[str, Any]]:
    found = []
    for name in ("discourse_topic_1149", "discourse_posts", "discourse_api.topic", "discourse_api.topic_posts"):
        topic = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
        found += [{"topic_id": topic["id"]} | post for post in topic["post_stream"]["posts"]]
    topic = json.loads((RECORDINGS / "api_docs.topics.topic_response.json").read_text("utf-8"))
    return [
        *found,
        *topic["post_stream"]["posts"],
        json.loads((RECORDINGS / "api_docs.posts.get_post_response.json").read_text("utf-8")),
    ]


@needs_recordings
def test_every_recorded_post_becomes_a_mention_with_its_words_author_time_and_link():
    posts = recorded()
    assert len(posts) == 13
    for post in posts:
        mention = to_mention(post, "https://f.example", "f.example")
        assert mention.author
        assert mention.author.handle == post["username"]
        assert mention.said_at == datetime.fromisoformat(post["created_at"])
        assert (mention.edited_at is not None) == (post["version"] > 1)
        assert mention.url == f"https://f.example/t/{post['topic_slug']}/{post['topic_id']}/{post['post_number']}"
        assert mention.text
        assert "<" not in mention.text
        assert mention.kind == ("post" if post["post_number"] == 1 else "comment")


@needs_recordings
def test_recorded_posts_go_through_the_walk():
    posts = sorted(recorded(), key=lambda post: -post["id"])

    def respond(request: httpx.Request) -> dict[str, Any]:
        before = int(request.url.params.get("before", 1e9))
        return {"latest_posts": [post for post in posts if post["id"] < before][:3]}

    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))
    with forum(respond) as client:
        pages = list(LISTENER.pull(client, EVERYTHING, None, window))
    people = {(post["topic_id"], post["post_number"]) for post in posts if post["user_id"] > 0}
    assert {one.native_id for page in pages for one in page.mentions} == {f"forum.example/{a}/{b}" for a, b in people}
    assert not any(page.broken for page in pages)


@needs_recordings
def test_recorded_search_results_tell_the_topics():
    found = json.loads((RECORDINGS / "api_docs.search.query_response.json").read_text("utf-8"))
    posts = [a_post(1, topic_id=topic) for topic in (found["posts"][0]["topic_id"], 999)]
    now = datetime(2026, 1, 2, tzinfo=UTC)

    def respond(request: httpx.Request) -> Any:
        return found if request.url.path == "/search.json" else {"latest_posts": posts}

    with forum(respond) as client:
        words = EVERYTHING.model_copy(update={"options": {"queries": ["nowhere"]}})
        pages = list(LISTENER.pull(client, words, None, Window(now, now - timedelta(days=3))))
    assert [one.native_id for page in pages for one in page.mentions] == ["forum.example/13/1"]


@needs_recordings
def test_the_other_recordings_are_lists_of_topics_and_notifications_which_hold_no_words():
    """Topic lists carry no texts, notifications only point to posts, and search.json of 2013 had no posts yet."""
    read = {"discourse_topic_1149", "discourse_posts", "discourse_api.topic", "discourse_api.topic_posts"}
    read |= {"api_docs.topics.topic_response", "api_docs.posts.get_post_response", "api_docs.search.query_response"}
    others = [path for path in RECORDINGS.glob("*.json") if path.stem not in read]
    assert len(others) == 13
    for path in others:
        body = json.loads(path.read_text("utf-8"))
        items = (
            body
            if isinstance(body, list)
            else body.get("notifications") or body.get("user_actions") or body["topic_list"]["topics"]
        )
        for item in items:
            assert "cooked" not in item
            if "post_number" not in item:
                with pytest.raises(NotUnderstood):
                    to_mention(item, "", "")
