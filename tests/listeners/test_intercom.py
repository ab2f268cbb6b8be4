"""Intercom: whole conversations are heard, notes stay inside, and deliveries are genuine."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceDenied, SourceError
from desk.mention import Kind, Mention
from desk.source import Source
from listeners.contract import ReplyTo, Window
from listeners.http import Client
from listeners.intercom import LISTENER
from listeners.intercom.api import Here, refusal
from listeners.intercom.conversations import mentions_of
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.signatures import signature
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "intercom"
needs_recordings = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded examples of the documentation are not here")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HERE = Here("9", "kast1", "eu")
USER = {"type": "user", "id": "u1", "name": "Jule", "email": "jule@mail.example"}
ADMIN = {"type": "admin", "id": "9", "name": "Anna"}


def source(url: str, **options: object) -> Source:
    return Source(name="chat", platform="intercom", base_url=url, token_env="T", options=options)


class TestIntercom(ListenerContract):
    hears_replies = True
    below = "/conversations/2154"
    busy_pages = 2

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/intercom", region="eu"), {"T": TOKEN}, "intercom")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield f"{address}/intercom"


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"T": TOKEN}, "intercom"), world.clock)


def conversation(*parts: dict[str, Any], **more: object) -> dict[str, Any]:
    first = {"type": "conversation", "id": "1", "subject": "", "body": "<p>Hallo &amp; guten Tag</p>", "author": USER}
    listed = {"conversation_parts": [{"id": str(place), **part} for place, part in enumerate(parts, 2)]}
    whole = {"type": "conversation", "id": "503", "created_at": 1_795_000_000, "source": first, "conversation_parts": listed}
    return whole | more


def part(body: str | None = "<p>4711</p>", author: object = USER, kind: str = "comment", **more: object) -> dict[str, Any]:
    return {"part_type": kind, "body": body, "author": author, "created_at": 1_795_000_060} | more


def heard(whole: dict[str, Any]) -> list[Mention]:
    return [one for one in mentions_of(whole, HERE).found if isinstance(one, Mention)]


def test_a_conversation_tells_who_where_and_what():
    first, second = heard(conversation(part(author=ADMIN, attachments=[{"url": "https://i/bild.png"}])))
    assert (first.native_id, first.conversation, first.kind, first.ours) == ("503/source", "503", "dm", False)
    assert first.text == "Hallo & guten Tag"
    assert first.url == "https://app.eu.intercom.com/a/inbox/kast1/inbox/conversation/503"
    assert first.author is not None
    assert (first.author.native_id, first.author.handle, first.author.name) == ("u1", "jule@mail.example", "Jule")
    assert (second.native_id, second.ours, second.attachments) == ("503/2", True, ("https://i/bild.png",))
    assert second.said_at == datetime.fromtimestamp(1_795_000_060, UTC)


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        pytest.param(part(), False, id="a customer"),
        pytest.param(part(author={"type": "lead", "id": "l1"}), False, id="somebody unknown yet"),
        pytest.param(part(kind="open"), False, id="a customer who opens it again"),
        pytest.param(part(author=ADMIN, kind="close"), True, id="a last word"),
        pytest.param(part(author={"type": "bot", "id": "278", "name": "Fin"}), True, id="a bot"),
        pytest.param(part(author=ADMIN, kind="note"), None, id="a note"),
        pytest.param(part(author=ADMIN, kind="note_and_reopen"), None, id="a note that opens it again"),
        pytest.param(part(body=None, author=ADMIN, kind="assignment"), None, id="an event"),
        pytest.param(part(redacted=True), None, id="taken back"),
    ],
)
def test_words_are_heard_and_notes_and_events_are_not(said, ours):
    found = heard(conversation(said))[1:]
    assert [one.ours for one in found] == ([] if ours is None else [ours])


def test_what_was_taken_back_is_gone_however_old_it_is():
    assert mentions_of(conversation(part(redacted=True)), HERE).deleted == ("503/2",)


def test_mail_is_mail_with_its_subject():
    letter = {"type": "email", "id": "1", "subject": "<p>Rechnung</p>", "body": "<p>fehlt</p>", "author": USER}
    mention = heard(conversation(source=letter))[0]
    assert (mention.kind, mention.title, mention.text) == ("email", "Rechnung", "fehlt")


def test_a_rating_is_a_mention_with_stars():
    rating = {"rating": 2, "remark": "zu langsam", "created_at": 1_795_000_100, "contact": {"type": "contact", "id": "u1"}}
    mention = heard(conversation(conversation_rating=rating))[1]
    assert (mention.native_id, mention.kind, mention.stars, mention.rating) == ("503/rating", "survey", 2.0, "2/5")
    assert (mention.text, mention.conversation) == ("zu langsam", "503")
    unrated = Here("9", "kast1", "eu", ratings=False)
    assert len(mentions_of(conversation(conversation_rating=rating), unrated).found) == 1


def test_one_part_that_cannot_be_understood_leaves_the_others():
    found = mentions_of(conversation({"part_type": "comment", "body": "x"}, part()), HERE).found
    assert [one.native_id if isinstance(one, Mention) else one.reason for one in found] == [
        "503/source",
        "created_at is missing",
        "503/3",
    ]


def test_a_deleted_part_is_noticed_in_an_old_conversation_too(world, url):
    first = world.say("Frage", channel="intercom", author="jule", ago=timedelta(days=9))
    second = world.say("meine Nummer ist 4711", channel="intercom", author="jule", parent=first.key, ago=timedelta(days=8))
    listening = desk(url, world)
    listening.run()
    world.delete(second.key)
    listening.run()
    assert listening.texts() == ["Frage"]


@pytest.mark.parametrize(("channel", "kind"), [("intercom", "dm"), ("intercom.email", "email")])
def test_an_answer_is_heard_back_under_the_id_of_its_receipt(world, url, channel: str, kind: Kind):
    world.say("Hilfe!", channel=channel, author="jule")
    listening = desk(url, world)
    listening.run()
    mention = listening.order[0]
    assert mention.kind == kind
    assert LISTENER.reply
    with listening.client() as client:
        to = ReplyTo(mention.native_id, mention.conversation, mention.kind)
        receipt = LISTENER.reply(client, listening.stage.source, to, "Gern & bald:\n<morgen>", "k")
    assert [sent["text"] for sent in world.sent] == ["Gern & bald:\n<morgen>"]
    listening.run()
    answer = listening.heard[receipt.native_id]
    assert answer.ours
    assert (answer.text, answer.conversation, answer.url) == ("Gern & bald:\n<morgen>", mention.conversation, receipt.url)


def test_an_answer_that_was_sent_is_found_and_only_that_one(world, url):
    world.say("Hilfe!", channel="intercom", author="jule")
    world.say("Und ich?", channel="intercom", author="tom")
    listening = desk(url, world)
    listening.run()
    first, second = (ReplyTo(mention.native_id, mention.conversation, mention.kind) for mention in listening.order)
    assert LISTENER.reply
    assert LISTENER.look
    since, at = world.clock(), listening.stage.source
    with listening.client() as client:
        assert LISTENER.look(client, at, first, "Ja.\nBald.", since) is None
        receipt = LISTENER.reply(client, at, first, "Ja.\nBald.", "k")
        assert LISTENER.look(client, at, first, "Ja.\nBald.", since) == receipt
        assert LISTENER.look(client, at, first, "Nein.", since) is None
        assert LISTENER.look(client, at, second, "Ja.\nBald.", since) is None
        assert LISTENER.look(client, at, first, "Ja.\nBald.", since + timedelta(minutes=1)) is None
        gone = ReplyTo("999/source", "999", "dm")
        assert LISTENER.look(client, at, gone, "Ja.", since) is None


def error(status: int, code: str, message: str) -> httpx.Response:
    return httpx.Response(status, json={"type": "error.list", "errors": [{"code": code, "message": message}]})


def test_refusals_are_said_in_intercoms_own_words():
    plan = refusal(error(403, "api_plan_restricted", "Active subscription needed."), NOW)
    assert isinstance(plan, SourceDenied)
    assert "Active subscription needed" in str(plan)
    closed = refusal(error(422, "parameter_invalid", "Conversation cannot be replied to"), NOW)
    assert isinstance(closed, SourceError)
    assert "cannot be replied to" in str(closed)
    assert refusal(httpx.Response(403, json={"error": "x"}), NOW) is None


def delivery(when: datetime = NOW, **item: object) -> bytes:
    event = {
        "type": "notification_event",
        "app_id": "kast1",
        "topic": "conversation.user.replied",
        "created_at": int(when.timestamp()),
    }
    return json.dumps(event | {"data": {"type": "notification_event_data", "item": conversation(part()) | item}}).encode()


def test_a_delivery_is_genuine_by_its_signature_and_no_older_than_minutes():
    assert LISTENER.push
    signed, secrets = LISTENER.push.signed, {"client_secret": "geheim"}

    def headers(body: bytes, secret: bytes = b"geheim") -> dict[str, str]:
        return {"x-hub-signature": "sha1=" + signature(secret, body, digest="sha1")}

    body, old = delivery(), delivery(NOW - timedelta(minutes=10))
    assert signed(headers(body), body, secrets, NOW)
    assert not signed(headers(body, b"falsch"), body, secrets, NOW)
    assert not signed(headers(body), body + b" ", secrets, NOW)
    assert not signed(headers(old), old, secrets, NOW)
    assert not signed({}, body, secrets, NOW)
    assert not signed(headers(body, b""), body, {}, NOW)
    assert not signed(headers(b"oops"), b"oops", secrets, NOW)


def test_a_delivery_is_what_a_pull_would_have_heard_and_a_ping_is_nothing():
    assert LISTENER.push
    page = LISTENER.push.read(source("http://i", region="eu"), delivery(), NOW)
    assert page.cursor is None
    assert list(page.mentions) == heard(conversation(part()))
    ping = json.dumps({"type": "notification_event", "topic": "ping", "data": {"item": {"type": "ping"}}}).encode()
    assert LISTENER.push.read(source("http://i"), ping, NOW).mentions == ()


def test_each_region_is_asked_at_its_own_address_with_the_version():
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"id": "9", "app": {}, "conversations": []})

    access = LISTENER.access(source("http://x", region="eu"), {"token": "t"}) if LISTENER.access else None
    transport = httpx.MockTransport(respond)
    with Client("https://api.intercom.io", platform="intercom", token="t", access=access, transport=transport) as client:
        listening = Source(name="c", platform="intercom", token_env="T", options={"region": "eu"})
        list(LISTENER.pull(client, listening, None, Window(NOW, NOW - timedelta(days=1))))
    assert {request.url.host for request in asked} == {"api.eu.intercom.io"}
    assert {request.headers["intercom-version"] for request in asked} == {"2.14"}
    assert {request.headers["authorization"] for request in asked} == {"Bearer t"}
    query = json.loads(asked[-1].content)
    assert query["query"] == {"field": "updated_at", "operator": ">", "value": int(NOW.timestamp()) - 86_401}
    assert query["sort"] == {"field": "updated_at", "order": "ascending"}


def test_the_check_names_the_teammate_and_the_workspace(world, url):
    assert LISTENER.verify
    listening = desk(url, world)
    with listening.client() as client:
        assert LISTENER.verify(client, listening.stage.source) == "Anna von Kastanie (anna@kastanie.example) at Kastanie Möbel"


def test_a_source_without_token_or_with_an_unknown_region_is_refused():
    with pytest.raises(ConfigurationError, match="token_env"):
        listeners.connect(Source(name="x", platform="intercom"), {})
    with pytest.raises(ConfigurationError, match="region"):
        listeners.check(source("http://i", region="mars"))


def example(name: str) -> Any:
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


@needs_recordings
def test_the_documented_conversations_are_heard_and_each_part_is_a_mention_or_an_event():
    names = sorted(path.name for path in RECORDED.glob("*_200_*.json") if not path.name.startswith(("list", "search")))
    assert len(names) == 5
    counted: dict[str, tuple[int, int]] = {}
    for name in names:
        whole = example(name)
        batch = mentions_of(whole, HERE)
        said = {one.native_id: one for one in batch.found if isinstance(one, Mention)}
        assert len(said) == len(batch.found)
        parts = whole["conversation_parts"]["conversation_parts"]
        wanted = [one for one in parts if one["body"] and one["part_type"] != "note"]
        assert said.keys() == {f"{whole['id']}/source", *(f"{whole['id']}/{one['id']}" for one in wanted)}
        for one in wanted:
            mention = said[f"{whole['id']}/{one['id']}"]
            assert mention.said_at == datetime.fromtimestamp(one["created_at"], UTC)
            assert mention.ours == (one["author"]["type"] == "admin")
            assert mention.author is not None
            assert mention.author.native_id == one["author"]["id"]
            assert "<p>" not in mention.text
        counted[name] = (len(parts), len(wanted))
    assert (
        sum(parts for parts, _ in counted.values()) - sum(wanted for _, wanted in counted.values()) == 5
    )  # 4 events or empty, 1 note


@needs_recordings
def test_the_documented_search_is_walked_and_each_conversation_read_whole():
    found, whole = example("search_post_200_successful.json"), example("get_get_200_conversation_found.json")

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/me":
            return httpx.Response(200, json={"id": "9", "app": {"id_code": "kast1"}})
        searched = request.url.path.endswith("search")
        return httpx.Response(200, json=found if searched else whole | {"id": request.url.path.rpartition("/")[2]})

    with Client("http://i", platform="intercom", overridden=True, transport=httpx.MockTransport(respond)) as client:
        pages = list(LISTENER.pull(client, source("http://i"), None, Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))))
    assert [mention.conversation for page in pages for mention in page.mentions] == ["515", "515"]
    assert not any(page.broken for page in pages)


@needs_recordings
@pytest.mark.parametrize("name", sorted(path.name for path in RECORDED.glob("*_4*.json")))
def test_the_documented_refusals_end_the_pull_with_what_to_do(name):
    status = int(name.split("_")[2])
    with Client("http://i", platform="intercom", token="t", overridden=True, refusal=refusal,
                transport=httpx.MockTransport(lambda _: httpx.Response(status, json=example(name)))) as client, \
            pytest.raises(SourceError) as caught:  # fmt: skip
        list(LISTENER.pull(client, source("http://i"), None, Window(NOW, NOW)))
    assert caught.value.advice
