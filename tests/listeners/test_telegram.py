"""Telegram: nothing is confirmed before it is kept, conversations keep together, and no message or log holds the token."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceDenied, SourceError
from desk.mention import Mention
from desk.source import Source
from listeners.contract import ReplyTo
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.telegram import LISTENER, PLATFORM
from listeners.telegram.api import refusal
from listeners.telegram.messages import Options, to_mention
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "telegram"
needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of real servers are not here")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
USER = {"id": 8, "is_bot": False, "first_name": "Jule", "last_name": "Kern", "username": "jule"}
GROUP = {"id": -100777, "type": "supergroup", "title": "Kunden"}


def source(url: str, **options: object) -> Source:
    return Source(name="bot", platform="telegram", base_url=url, token_env="T", options=options)


class TestTelegramGroups(ListenerContract):
    hears_replies = True
    notices_deletions = False
    late_ones = False

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/telegram"), {"T": TOKEN}, "telegram")


class TestTelegramPrivate(ListenerContract):
    hears_replies = True
    notices_deletions = False
    late_ones = False

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/telegram", groups=False), {"T": TOKEN}, "telegram.dm")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield f"{address}/telegram"


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"T": TOKEN}, "telegram"), world.clock)


def heard(message: object, kind: str = "message", bot: str = "70001", **options: object) -> Mention | None:
    return to_mention({"update_id": 1, kind: message}, bot, Options.model_validate(options))


def said(**more: object) -> dict[str, object]:
    return {"message_id": 31, "date": 1_467_289_325, "from": USER, "chat": GROUP, "text": "Testing"} | more


def offsets(client_of: list[httpx.Request]) -> list[int]:
    return [int(request.url.params.get("offset", 0)) for request in client_of]


def test_only_what_was_kept_is_confirmed(world, url):
    for number in range(250):
        world.say(f"{number}", channel="telegram")
    for _ in range(3):
        lost = desk(url, world)
        lost.run(crash_after=1)  # what it kept is lost with it
    whole = desk(url, world)
    whole.run()
    assert len(whole.order) == 250
    late = desk(url, world)  # the last page is confirmed by the next run only, from the cursor
    late.run()
    assert len(late.order) == 50
    whole.run()
    nobody = desk(url, world)
    nobody.run()
    assert nobody.order == []


def test_each_question_confirms_the_page_before_it_and_nothing_else():
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        start = int(request.url.params.get("offset", 500))
        return httpx.Response(200, json={"ok": True, "result": [{"update_id": start + n, "message": said()} for n in range(100)]})

    transport = httpx.MockTransport(respond)
    window = listeners.contract.Window(NOW, NOW - timedelta(days=9999))
    with Client("http://t", platform="telegram", token="1:x", transport=transport, clock=lambda: NOW) as client:
        pages = LISTENER.pull(client, source("http://t"), None, window)
        for number, page in zip(range(3), pages, strict=False):
            confirmed = int(str(json.loads(page.cursor or "{}")["updates"]).partition("@")[0])
            assert confirmed == 600 + 100 * number
            assert max(offsets(asked)) == (0 if number == 0 else confirmed - 100)
    assert asked[0].url.params["allowed_updates"] == '["message", "edited_message", "channel_post", "edited_channel_post"]'


def test_after_a_long_silence_it_asks_from_the_beginning_for_telegram_may_count_anew():
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"ok": True, "result": [{"update_id": 7, "message": said(date=NOW.timestamp())}]})

    window = listeners.contract.Window(NOW, NOW - timedelta(days=31))
    with Client(
        "http://t", platform="telegram", token="1:x", transport=httpx.MockTransport(respond), clock=lambda: NOW
    ) as client:
        old = json.dumps({"updates": "900@2026-11-12T00:00:00Z"})
        pages = list(LISTENER.pull(client, source("http://t"), old, window))
        list(LISTENER.pull(client, source("http://t"), pages[0].cursor, window))
    assert offsets(asked) == [0, 8]
    assert len(pages[0].mentions) == 1


def test_a_message_tells_who_where_and_below_what():
    mention = heard(said(reply_to_message={"message_id": 30, "date": 1}, message_thread_id=12))
    assert mention is not None
    assert (mention.native_id, mention.conversation, mention.parent) == ("-100777/31", "-100777/12", "-100777/30")
    assert (mention.kind, mention.ours, mention.url) == ("comment", False, "https://t.me/c/777/31")
    assert mention.author is not None
    assert (mention.author.native_id, mention.author.handle, mention.author.name) == ("8", "jule", "Jule Kern")
    assert mention.author.url == "https://t.me/jule"
    assert mention.said_at == datetime(2016, 6, 30, 12, 22, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("message", "conversation", "parent"),
    [
        pytest.param(said(), "-100777/31", None, id="a beginning"),
        pytest.param(said(reply_to_message={"message_id": 5}), "-100777/5", "-100777/5", id="an answer in a basic group"),
        pytest.param(said(reply_to_message={"message_id": 5, "message_thread_id": 2}), "-100777/2", "-100777/5", id="deeper"),
        pytest.param(
            said(message_thread_id=9, is_topic_message=True, reply_to_message={"message_id": 9}),
            "-100777/31",
            None,
            id="in a topic",
        ),
        pytest.param(
            said(message_thread_id=9, is_topic_message=True, reply_to_message={"message_id": 11}),
            "-100777/11",
            "-100777/11",
            id="an answer in a topic",
        ),
        pytest.param(said(chat={"id": 8, "type": "private"}), "8", None, id="a private chat is one dialogue"),
    ],
)
def test_conversations_keep_together(message, conversation, parent):
    mention = heard(message)
    assert mention is not None
    assert (mention.conversation, mention.parent) == (conversation, parent)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(said(**{"from": {"id": 70001, "is_bot": True, "first_name": "Bot"}}), id="the bot"),
        pytest.param(said(**{"from": USER | {"username": "Tom_Support"}}), id="one of the team, by name"),
        pytest.param(said(**{"from": USER | {"id": 4711, "username": None}}), id="one of the team, by number"),
        pytest.param(said(sender_chat=GROUP), id="an admin in the group's name"),
        pytest.param(said(sender_chat={"id": -9, "type": "channel", "title": "K"}, is_automatic_forward=True), id="our channel"),
    ],
)
def test_our_own_words_are_ours(message):
    mention = heard(message, team=["@tom_support", "4711"])
    assert mention is not None
    assert mention.ours


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(said(text=None, new_chat_members=[USER]), id="somebody joins"),
        pytest.param(said(text=None, pinned_message={}), id="something is pinned"),
        pytest.param(said(text="/start shop", chat={"id": 8, "type": "private"}), id="the start of a private chat"),
    ],
)
def test_what_is_no_message_is_left_out(message):
    assert heard(message) is None


def test_what_was_not_asked_for_is_left_out():
    private = said(chat={"id": 8, "type": "private"})
    assert heard(private, private=False) is None
    assert heard(said(), groups=False) is None
    assert heard(private, groups=False) is not None


def test_pictures_come_with_their_caption_and_stickers_as_what_they_show():
    photo = heard(said(text=None, caption="kaputt", photo=[{"file_id": "small"}, {"file_id": "large"}]))
    sticker = heard(said(text=None, sticker={"file_id": "s", "emoji": "😡"}))
    assert photo is not None
    assert sticker is not None
    assert (photo.text, photo.attachments) == ("kaputt", ("telegram:photo/large",))
    assert (sticker.text, sticker.attachments) == ("😡", ("telegram:sticker/s",))


def test_an_edited_message_is_the_same_with_other_words():
    first, second = heard(said()), heard(said(text="Test", edit_date=1_467_289_400), "edited_message")
    assert first is not None
    assert second is not None
    assert first.native_id == second.native_id
    assert second.edited_at == datetime(2016, 6, 30, 12, 23, 20, tzinfo=UTC)


def test_what_cannot_be_understood_is_kept_for_later(world):
    updates = [{"update_id": 1, "message": {"message_id": 3}}, {"update_id": 2, "message": said(date=NOW.timestamp())}]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"ok": True, "result": updates}))
    window = listeners.contract.Window(NOW, NOW - timedelta(days=31))
    with Client("http://t", platform="telegram", token="1:x", transport=transport, clock=lambda: NOW) as client:
        pages = list(LISTENER.pull(client, source("http://t"), None, window))
    assert [one.reason for one in pages[0].broken] == ["chat is missing"]
    assert len(pages[0].mentions) == 1


@pytest.mark.parametrize("channel", ["telegram", "telegram.dm"])
def test_an_answer_goes_below_the_message_in_its_chat(world, url, channel):
    world.say("Hilfe!", channel=channel, author="jule")
    listening = desk(url, world)
    listening.run()
    mention = listening.order[0]
    assert LISTENER.reply
    with listening.client() as client:
        to = ReplyTo(mention.native_id, mention.conversation, mention.kind)
        receipt = LISTENER.reply(client, listening.stage.source, to, "Wir kümmern uns.", "k")
    assert [sent["text"] for sent in world.sent] == ["Wir kümmern uns."]
    assert receipt.native_id.rpartition("/")[0] == mention.native_id.rpartition("/")[0]
    listening.run()
    assert len(listening.order) == 1  # a bot does not hear itself


def test_an_answer_that_may_have_arrived_is_never_sent_again_by_itself():
    assert LISTENER.look is None
    assert not LISTENER.same_key_once


def answer(status: int, description: str, **more: object) -> httpx.Response:
    body = {"ok": False, "error_code": status, "description": description} | more
    return httpx.Response(status, json=body, request=httpx.Request("GET", "https://api.telegram.org/bot1:SECRET/getUpdates"))


@pytest.mark.parametrize(
    ("response", "error", "advice"),
    [
        (answer(401, "Unauthorized"), SourceDenied, "BotFather"),
        (answer(404, "Not Found"), SourceError, "BotFather"),
        (answer(403, "Forbidden: bot was blocked by the user"), SourceDenied, "blocked"),
        (answer(409, "Conflict: can't use getUpdates method while webhook is active"), SourceDenied, "webhook = true"),
        (answer(409, "Conflict: terminated by other getUpdates request"), SourceBusy, "one source per bot"),
        (answer(400, "Bad Request: message to be replied not found"), SourceError, "still exist"),
    ],
)
def test_a_refusal_says_what_to_do_and_keeps_the_token(response, error, advice):
    found = refusal(response, NOW)
    assert isinstance(found, error)
    assert advice in found.advice
    assert "SECRET" not in str(found) + found.advice
    assert response.json()["description"] in str(found)


def test_it_waits_as_long_as_telegram_says_in_its_own_words():
    found = refusal(answer(429, "Too Many Requests: retry after 17", parameters={"retry_after": 17}), NOW)
    assert isinstance(found, SourceBusy)
    assert found.retry_at == NOW + timedelta(seconds=17)


def test_the_token_is_in_no_log(world, url, caplog):
    with caplog.at_level(logging.DEBUG):
        desk(url, world).run()
    assert f"bot{TOKEN}" not in caplog.text


def test_a_webhook_in_the_way_is_explained_and_can_be_listened_by(world, url):
    httpx.post(f"{url}/bot{TOKEN}/setWebhook", json={"url": "https://desk.example/hook"})
    with pytest.raises(SourceDenied, match="webhook is active"):
        desk(url, world).run()
    delivered = desk(url, world, webhook=True)
    delivered.run()
    assert delivered.order == []


def test_a_webhook_that_is_not_set_or_does_not_work_is_said(world, url):
    with pytest.raises(SourceDenied, match="no address"):
        desk(url, world, webhook=True).run()
    state = {"url": "https://x", "pending_update_count": 3, "last_error_message": "Wrong response: 502"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"ok": True, "result": state}))
    with Client("http://t", platform="telegram", token="1:x", transport=transport) as client:  # noqa: SIM117
        with pytest.raises(SourceBusy, match=r"3 wait.*502"):
            list(LISTENER.pull(client, source("http://t", webhook=True), None, listeners.contract.Window(NOW, NOW)))


def test_a_delivery_is_genuine_by_its_secret():
    assert LISTENER.push
    signed = LISTENER.push.signed
    good = {"x-telegram-bot-api-secret-token": "s3cret"}
    assert signed(good, b"{}", {"webhook_secret": "s3cret"}, NOW)
    assert not signed({"x-telegram-bot-api-secret-token": "other"}, b"{}", {"webhook_secret": "s3cret"}, NOW)
    assert not signed({}, b"{}", {"webhook_secret": "s3cret"}, NOW)
    assert not signed({"x-telegram-bot-api-secret-token": ""}, b"{}", {}, NOW)


def test_a_delivery_is_the_mention_that_a_pull_would_have_heard():
    assert LISTENER.push
    update = {"update_id": 1, "message": said()}
    page = LISTENER.push.read(source("http://t", webhook=True), json.dumps(update).encode(), NOW)
    assert page.cursor is None
    assert page.mentions == (to_mention(update, "", Options()),)
    assert LISTENER.push.read(source("http://t"), b"{oops", NOW).broken[0].raw == b"{oops"


def test_the_check_names_the_bot(world, url):
    assert LISTENER.verify
    with desk(url, world).client() as client:
        assert LISTENER.verify(client, source(url)) == "Kastanie Möbel (@kastanie_bot)"
    shy = {"ok": True, "result": {"first_name": "K", "username": "k_bot", "can_read_all_group_messages": False}}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=shy))
    with Client("http://t", platform="telegram", token="1:x", transport=transport) as client:
        assert "privacy mode" in LISTENER.verify(client, source("http://t"))


def test_a_source_that_hears_nothing_or_has_no_token_is_refused():
    with pytest.raises(ConfigurationError, match="private = true"):
        listeners.check(source("http://t", private=False, groups=False))
    with pytest.raises(ConfigurationError, match="token_env"):
        listeners.connect(Source(name="x", platform="telegram"), {})


@needs_recordings
def test_every_recorded_message_is_heard_with_its_words_author_time_and_chat():
    updates = json.loads((RECORDINGS / "telegram_messages.json").read_text(encoding="utf-8"))["result"]
    updates += [
        json.loads((RECORDINGS / f"webhook.private_{name}.json").read_text(encoding="utf-8")) for name in ("text", "photo")
    ]
    assert len(updates) == 5
    for update in updates:
        message, mention = update["message"], to_mention(update, "1", Options())
        assert mention is not None
        assert mention.text == (message.get("text") or message["caption"])
        assert mention.author is not None
        assert mention.author.handle == message["from"]["username"]
        assert mention.said_at == datetime.fromtimestamp(message["date"], UTC)
        assert mention.kind == ("dm" if message["chat"]["type"] == "private" else "post")
        assert mention.native_id == f"{message['chat']['id']}/{message['message_id']}"
        assert len(mention.attachments) == ("photo" in message)


@needs_recordings
def test_a_recorded_empty_answer_is_no_news():
    raw = (RECORDINGS / "telegram_messages_empty.json").read_bytes()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=raw))
    with Client("http://t", platform=PLATFORM, token="1:x", transport=transport) as client:
        pages = list(LISTENER.pull(client, source("http://t"), None, listeners.contract.Window(NOW, NOW)))
    assert [page.mentions for page in pages] == [()]
