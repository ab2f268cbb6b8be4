"""Stack Exchange: questions with what is said below them, the day's quota, and comments that are found again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, NotUnderstood, SourceBusy, SourceDenied, SourceError, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners.contract import ReplyTo, Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.stack_exchange import LISTENER
from listeners.stack_exchange.asking import refusal
from listeners.stack_exchange.posts import to_mention
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "stackexchange"
needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of real servers are not here")


def source(url: str, **options: object) -> Source:
    return Source(
        name="so", platform="stack_exchange", base_url=f"{url}/stack_exchange", options={"tags": ["kastanie"]} | options
    )


class TestStackExchange(ListenerContract):
    hears_replies = True
    below = "/answers"

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), {}, "stack_exchange")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, token: str = TOKEN, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    us = source(url, **options).model_copy(update={"token_env": "T", "secrets": {"key": "K"}})
    return Desk(Stage(us, {"T": token, "K": TOKEN}, "stack_exchange"), world.clock)


def a_thread(world: World) -> None:
    question = world.say("Wie kündige ich?", channel="stack_exchange", title="Kündigung & Fristen", author="jule")
    answer = world.say("Gar nicht", channel="stack_exchange", parent=question.key, author="tom")
    world.say("Doch, per Brief", channel="stack_exchange", parent=answer.key, author="mia")


def test_a_question_its_answers_and_their_comments_are_one_conversation(world, url):
    a_thread(world)
    heard = desk(url, world)
    heard.run()
    by_text = {one.text: one for one in heard.order}
    question, answer, comment = by_text["Wie kündige ich?"], by_text["Gar nicht"], by_text["Doch, per Brief"]
    assert {one.conversation for one in heard.order} == {question.native_id}
    assert [question.kind, answer.kind, comment.kind] == ["post", "comment", "comment"]
    assert [answer.parent, comment.parent] == [question.native_id, answer.native_id]
    assert comment.native_id.startswith("stackoverflow/comment/")
    number = question.native_id.partition("/")[2]
    assert question.url == f"https://stackoverflow.com/questions/{number}/kastanie"
    assert answer.url == f"https://stackoverflow.com/a/{answer.native_id.partition('/')[2]}"
    assert comment.url
    assert comment.url.startswith("https://stackoverflow.com/q/")
    assert (question.title, question.reach) == ("Kündigung & Fristen", 12)


def test_a_comment_is_heard_though_it_is_no_activity(world, url):
    question = world.say("Wie?", channel="stack_exchange")
    answer = world.say("So", channel="stack_exchange", parent=question.key)
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(9 * 86_400)
    world.say("Danke!", channel="stack_exchange", parent=answer.key)
    heard.run()
    assert heard.texts() == ["Danke!", "So", "Wie?"]


def test_a_comment_below_a_question_that_slept_too_long_is_left_out_and_never_taken_for_deleted(world, url):
    question = world.say("Wie?", channel="stack_exchange")
    answer = world.say("So", channel="stack_exchange", parent=question.key)
    heard = desk(url, world, threads_for="10 days")
    heard.run()
    world.clock.sleep(10 * 86_400 - 600)
    world.say("gerade noch", channel="stack_exchange", parent=answer.key)
    heard.run()
    world.clock.sleep(1_200)
    world.say("zu spät", channel="stack_exchange", parent=answer.key)
    heard.run()
    assert heard.texts() == ["So", "Wie?", "gerade noch"]


def test_without_comments_only_questions_and_answers_are_heard(world, url):
    a_thread(world)
    heard = desk(url, world, comments=False)
    heard.run()
    assert heard.texts() == ["Gar nicht", "Wie kündige ich?"]


def sent(world: World, url: str, which: str) -> tuple[Desk, Mention, ReplyTo, str]:
    a_thread(world)
    heard = desk(url, world)
    heard.run()
    mention = next(one for one in heard.order if one.text == which)
    handle = mention.author.handle if mention.author else ""
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind, handle, parent=mention.parent or "")
    with heard.client() as client:
        assert LISTENER.reply
        receipt = LISTENER.reply(client, heard.stage.source, to, "Wir kümmern uns *gleich* darum.", "k1")
    return heard, mention, to, receipt.native_id


@pytest.mark.parametrize(
    ("which", "text"),
    [
        ("Wie kündige ich?", "Wir kümmern uns *gleich* darum."),
        ("Gar nicht", "Wir kümmern uns *gleich* darum."),
        ("Doch, per Brief", "@mia Wir kümmern uns *gleich* darum."),
    ],
)
def test_an_answer_is_a_comment_and_is_heard_back_under_the_same_id(world, url, which, text):
    heard, mention, _, native_id = sent(world, url, which)
    world.clock.sleep(60)
    heard.run()
    ours = heard.heard[native_id]
    assert (ours.text, ours.ours, ours.conversation) == (text, True, mention.conversation)
    assert ours.parent == (mention.parent if "/comment/" in mention.native_id else mention.native_id)


def test_look_finds_what_was_sent_and_only_that(world, url):
    heard, _, to, native_id = sent(world, url, "Doch, per Brief")
    assert LISTENER.look
    with heard.client() as client:
        before = world.clock() - timedelta(minutes=1)
        found = LISTENER.look(client, heard.stage.source, to, "Wir kümmern uns gleich darum.", before)
        assert found
        assert found.native_id == native_id
        assert LISTENER.look(client, heard.stage.source, to, "Doch, per Brief", before) is None
        assert (
            LISTENER.look(client, heard.stage.source, to, "Wir kümmern uns gleich darum.", world.clock() + timedelta(1)) is None
        )


def test_a_refused_token_is_said_in_the_words_of_the_platform(world, url):
    heard = desk(url, world, token="wrong")
    with pytest.raises(SourceDenied, match="access_token` is not valid"):
        heard.run()


def test_an_answer_needs_key_and_token(world, url):
    us = source(url)
    assert LISTENER.reply
    with listeners.connect(us, {}) as client, pytest.raises(ConfigurationError, match=r"token_env, key_env"):
        LISTENER.reply(client, us, ReplyTo("stackoverflow/1", "stackoverflow/1", "post"), "Hallo, liebe Leute!", "k")


def test_verify_says_who_we_are_and_what_is_left(world, url):
    heard = desk(url, world)
    assert LISTENER.verify
    with heard.client() as client:
        assert LISTENER.verify(client, heard.stage.source).startswith("Kastanie Möbel: 9999 of 10000")
    with listeners.connect(source(url), {}) as client:
        assert LISTENER.verify(client, source(url)).startswith("stackoverflow: 9998 of 10000")


def answering(body: dict[str, object], clock: Clock, status: int = 200) -> Client:
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, json=body))
    return Client("http://so", platform="stack_exchange", transport=transport, clock=clock, sleep=clock.sleep, refusal=refusal)


PLAIN = Source(name="so", platform="stack_exchange", options={"tags": ["x"], "comments": False})


def test_backoff_is_obeyed_as_a_limit():
    clock = Clock()
    with answering({"items": [], "has_more": False, "backoff": 30, "quota_remaining": 5}, clock) as client:
        window = Window(clock(), clock() - timedelta(days=1))
        list(LISTENER.pull(client, PLAIN, None, window))
        assert clock.slept == 0
        list(LISTENER.pull(client, PLAIN, None, window))
        assert clock.slept == 30


def test_a_spent_quota_is_left_alone_until_midnight():
    clock = Clock(datetime(2026, 3, 4, 15, tzinfo=UTC))
    with answering({"items": [], "has_more": False, "quota_remaining": 0}, clock) as client:
        window = Window(clock(), clock() - timedelta(days=1))
        list(LISTENER.pull(client, PLAIN, None, window))
        with pytest.raises(SourceBusy) as caught:
            list(LISTENER.pull(client, PLAIN, None, window))
        assert caught.value.retry_at == datetime(2026, 3, 5, tzinfo=UTC)
        assert client.requests == 1


def test_a_throttle_violation_names_when_to_come_back():
    clock = Clock()
    said = "too many requests from this IP, more requests available in 3600 seconds"
    body = {"error_id": 502, "error_name": "throttle_violation", "error_message": said}
    with answering(body, clock, 400) as client, pytest.raises(SourceBusy, match="too many requests") as caught:
        list(LISTENER.pull(client, PLAIN, None, Window(clock(), clock())))
    assert caught.value.retry_at == clock() + timedelta(hours=1)


def test_a_site_that_does_not_exist_is_said():
    clock = Clock()
    body = {"error_id": 400, "error_name": "bad_parameter", "error_message": "No site found for name `x`"}
    with answering(body, clock, 400) as client, pytest.raises(SourceGone, match="No site found"):
        list(LISTENER.pull(client, PLAIN, None, Window(clock(), clock())))


def test_a_comment_that_is_too_short_is_refused_with_what_to_do(world, url):
    world.say("Wie?", channel="stack_exchange")
    heard = desk(url, world)
    heard.run()
    (mention,) = heard.order
    assert LISTENER.reply
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind)
    with heard.client() as client, pytest.raises(SourceError, match="at least 15 characters") as caught:
        LISTENER.reply(client, heard.stage.source, to, "Ja.", "k")
    assert "15 to 600" in caught.value.advice


@pytest.mark.parametrize(
    ("site", "address"),
    [
        ("stackoverflow", "https://stackoverflow.com/a/2"),
        ("de.stackoverflow", "https://de.stackoverflow.com/a/2"),
        ("unix", "https://unix.stackexchange.com/a/2"),
        ("mathoverflow.net", "https://mathoverflow.net/a/2"),
    ],
)
def test_an_answer_without_a_link_gets_the_short_address_of_its_site(site, address):
    assert to_mention({"answer_id": 2, "question_id": 1, "creation_date": 1, "body": "x"}, site).url == address


def test_a_source_that_hears_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="name what to hear"):
        listeners.check(Source(name="x", platform="stack_exchange"))


@needs_recordings
def test_every_recorded_question_answer_and_comment_becomes_a_mention():
    """The publisher blanked the texts and the links; who, when and below what is as it came."""
    count = 0
    for path in RECORDINGS.glob("stackexchange_question*.json"):
        for question in json.loads(path.read_text("utf-8"))["items"]:
            of = {str(one["answer_id"]): str(question["question_id"]) for one in question["answers"]}
            for item in (question, *question["answers"], *question["comments"]):
                mention = to_mention(item, "stackoverflow", of)
                count += 1
                assert mention.conversation == f"stackoverflow/{question['question_id']}"
                assert mention.said_at == datetime.fromtimestamp(item["creation_date"], UTC)
                assert mention.author
                assert mention.author.name == item["owner"]["display_name"]
                assert mention.author.url == item["owner"]["link"]
                assert mention.url
                assert mention.text == ""
    assert count == 21


@needs_recordings
def test_the_recorded_backoff_is_obeyed_and_what_came_with_it_is_heard():
    clock = Clock(datetime(2016, 4, 8, tzinfo=UTC))
    body = json.loads((RECORDINGS / "stackexchange_question_backoff_page.json").read_text("utf-8"))
    with answering(body | {"has_more": False}, clock) as client:
        pages = list(LISTENER.pull(client, PLAIN, None, Window(clock(), clock() - timedelta(days=30))))
    assert {one.native_id for page in pages for one in page.mentions} == {"stackoverflow/1"}  # both items are one question
    assert clock.slept == pytest.approx(0.2)


@needs_recordings
@pytest.mark.parametrize("name", ["sites.json", "users_associated.json"])
def test_lists_of_sites_and_users_hold_nothing_that_was_said(name):
    for item in json.loads((RECORDINGS / name).read_text("utf-8"))["items"]:
        with pytest.raises(NotUnderstood, match="neither a question"):
            to_mention(item, "stackoverflow")
