"""Zendesk: every customer's comment is heard, notes stay inside, and an answer is one public comment."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceDenied, SourceError, SourceGone
from desk.mention import Kind, Mention
from desk.source import Source
from listeners.contract import Page, ReplyTo, Window
from listeners.http import Client
from listeners.limits import read_headers
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.sandbox.zendesk import EMAIL
from listeners.testing import Clock, Desk, ListenerContract, Stage
from listeners.zendesk import LISTENER, refusal, to_mention

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "_replay" / "zendesk.jsonl"
needs_recordings = pytest.mark.skipif(not RECORDED.exists(), reason="the recordings of real servers are not here")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TICKET = {"id": 7, "subject": "Sofa", "created_at": "2026-11-20T10:00:00Z", "via": {"channel": "email"}}
USERS = {
    "1": {"id": 1, "name": "Jule Kern", "email": "jule@mail.example", "role": "end-user"},
    "2": {"id": 2, "name": "Anna", "role": "agent"},
    "3": {"id": 3, "name": "Chefin", "role": "admin"},
}


def source(url: str, **options: object) -> Source:
    return Source(name="desk", platform="zendesk", base_url=url, token_env="T", options={"email": EMAIL} | options)


class TestZendesk(ListenerContract):
    hears_replies = True
    late_ones = False
    below = "/comments"
    busy_pages = 2

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/zendesk"), {"T": TOKEN}, "zendesk")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield f"{address}/zendesk"


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"T": TOKEN}, "zendesk"), world.clock)


def comment(**more: object) -> dict[str, Any]:
    return {"id": 70, "author_id": 1, "body": "Wo ist es?", "public": True, "created_at": "2026-11-20T10:00:00Z"} | more


def heard(said: dict[str, Any], ticket: dict[str, Any] = TICKET) -> Mention | None:
    return to_mention(said, ticket, USERS, "https://k.zendesk.com")


def asked(respond: Any, **options: object) -> list[Page]:
    window = Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))
    with Client("https://k.zendesk.com", platform="zendesk", token="t", transport=httpx.MockTransport(respond)) as client:
        return list(LISTENER.pull(client, source("https://k.zendesk.com", **options), None, window))


def test_a_comment_tells_who_where_and_of_which_ticket():
    mention = heard(
        comment(html_body="<div><p>Wo ist es?<br>Grüße</p></div>", attachments=[{"content_url": "https://k/bild.png"}])
    )
    assert mention is not None
    assert (mention.native_id, mention.conversation, mention.title) == ("7/70", "7", "Sofa")
    assert (mention.text, mention.kind, mention.ours) == ("Wo ist es?\nGrüße", "email", False)
    assert mention.url == "https://k.zendesk.com/agent/tickets/7"
    assert mention.attachments == ("https://k/bild.png",)
    assert mention.author is not None
    assert (mention.author.native_id, mention.author.handle, mention.author.name) == ("1", "jule@mail.example", "Jule Kern")


@pytest.mark.parametrize(
    ("channel", "kind"), [("email", "email"), ("web", "email"), ("api", "email"), ("native_messaging", "dm"), ("whatsapp", "dm")]
)
def test_what_came_by_talk_is_a_direct_message_and_the_rest_a_letter(channel, kind):
    mention = heard(comment(), TICKET | {"via": {"channel": channel}})
    assert mention is not None
    assert mention.kind == kind


@pytest.mark.parametrize(
    ("author", "public", "ours"),
    [
        pytest.param(1, True, False, id="a customer"),
        pytest.param(2, True, True, id="an agent"),
        pytest.param(3, True, True, id="an admin"),
        pytest.param(1, False, False, id="a customer from another address: kept by Zendesk as private"),
        pytest.param(2, False, None, id="an agent's note"),
        pytest.param(9, False, None, id="a note of nobody known"),
        pytest.param(9, True, False, id="somebody who was deleted"),
    ],
)
def test_notes_stay_inside_and_all_else_is_heard(author, public, ours):
    mention = heard(comment(author_id=author, public=public))
    assert (mention.ours if mention else None) == ours


def test_only_the_first_comment_carries_the_subject():
    first, second = heard(comment()), heard(comment(id=71, created_at="2026-11-20T10:05:00Z"))
    assert first is not None
    assert second is not None
    assert (first.title, second.title) == ("Sofa", "")


def test_a_whole_ticket_is_heard_with_both_sides_in_order(world, url):
    first = world.say("Meine Zahlung ging zweimal ab", channel="zendesk", author="jule", title="Zahlung")
    world.answer(first, "Schicken Sie uns bitte die Bestellnummer", "")
    world.say("4711", channel="zendesk", author="jule", parent=first.key)
    listening = desk(url, world)
    listening.run()
    assert [(mention.text, mention.ours) for mention in listening.order] == [
        ("Meine Zahlung ging zweimal ab", False),
        ("Schicken Sie uns bitte die Bestellnummer", True),
        ("4711", False),
    ]
    assert len({mention.conversation for mention in listening.order}) == 1


def test_a_ticket_with_more_comments_than_a_page_holds_is_heard_whole(world, url):
    first = world.say("0", channel="zendesk")
    for number in range(1, 230):
        world.say(str(number), channel="zendesk", parent=first.key)
    listening = desk(url, world)
    listening.run()
    assert len(listening.order) == 230


def test_a_deleted_ticket_takes_its_comments_with_it(world, url):
    first = world.say("nehme ich zurück", channel="zendesk")
    world.say("alles", channel="zendesk", parent=first.key)
    world.say("bleibt", channel="zendesk")
    listening = desk(url, world)
    listening.run()
    world.clock.now += timedelta(minutes=5)
    world.delete(first.key)
    listening.run()
    assert listening.texts() == ["bleibt"]


def test_only_the_channels_asked_for_are_heard(world, url):
    world.say("per Mail", channel="zendesk")
    world.say("im Chat", channel="zendesk.dm")
    listening = desk(url, world, channels=["native_messaging"])
    listening.run()
    assert [(mention.text, mention.kind) for mention in listening.order] == [("im Chat", "dm")]


@pytest.mark.parametrize(("channel", "kind"), [("zendesk", "email"), ("zendesk.dm", "dm")])
def test_an_answer_is_heard_back_under_the_id_of_its_receipt(world, url, channel: str, kind: Kind):
    world.say("Hilfe!", channel=channel, author="jule")
    listening = desk(url, world)
    listening.run()
    mention = listening.order[0]
    assert mention.kind == kind
    assert LISTENER.reply
    with listening.client() as client:
        to = ReplyTo(mention.native_id, mention.conversation, mention.kind)
        receipt = LISTENER.reply(client, listening.stage.source, to, "Wir kümmern uns.", "k")
    listening.run()
    answer = listening.heard[receipt.native_id]
    assert answer.ours
    assert (answer.text, answer.conversation, answer.url) == ("Wir kümmern uns.", mention.conversation, receipt.url)


def test_an_answer_that_was_sent_is_found_and_only_that_one(world, url):
    world.say("Hilfe!", channel="zendesk", author="jule")
    world.say("Und ich?", channel="zendesk", author="tom")
    listening = desk(url, world)
    listening.run()
    first, second = (ReplyTo(mention.native_id, mention.conversation, mention.kind) for mention in listening.order)
    assert LISTENER.reply
    assert LISTENER.look
    since, at = world.clock(), listening.stage.source
    with listening.client() as client:
        assert LISTENER.look(client, at, first, "Ja.", since) is None
        receipt = LISTENER.reply(client, at, first, "Ja.", "k")
        assert LISTENER.look(client, at, first, "Ja.", since) == receipt
        assert LISTENER.look(client, at, first, "Nein.", since) is None
        assert LISTENER.look(client, at, second, "Ja.", since) is None
        assert LISTENER.look(client, at, first, "Ja.", since + timedelta(minutes=1)) is None
        assert LISTENER.look(client, at, first, "Hilfe!", since) is None  # the customer's own words


def test_a_closed_ticket_says_that_it_takes_no_answer():
    details = {"status": [{"description": "Status: closed prevents ticket update"}]}
    body = {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    found = refusal(httpx.Response(422, json=body), NOW)
    assert found
    assert "closed prevents ticket update" in str(found)
    assert "closed ticket" in found.advice


def test_a_ticket_that_cannot_be_understood_is_kept_for_later_and_the_rest_is_heard():
    def respond(request: httpx.Request) -> httpx.Response:
        if "comments" in request.url.path:
            comments = [{"id": 1}, comment()]
            return httpx.Response(200, json={"comments": comments, "users": list(USERS.values()), "meta": {"has_more": False}})
        return httpx.Response(200, json={"tickets": [{"subject": "?"}, TICKET], "after_cursor": "x", "end_of_stream": True})

    pages = asked(respond)
    assert [one.reason for page in pages for one in page.broken] == ["id is missing", "author_id is missing"]
    assert [one.text for page in pages for one in page.mentions] == ["Wo ist es?"]


def test_a_ticket_that_is_gone_before_its_comments_are_read_silences_nothing():
    def respond(request: httpx.Request) -> httpx.Response:
        if "/tickets/8/" in request.url.path:
            return httpx.Response(404, json={"error": "RecordNotFound", "description": "Not found"})
        if "comments" in request.url.path:
            return httpx.Response(200, json={"comments": [comment()], "users": [], "meta": {}})
        return httpx.Response(200, json={"tickets": [TICKET | {"id": 8}, TICKET], "after_cursor": "x", "end_of_stream": True})

    assert [one.native_id for page in asked(respond) for one in page.mentions] == ["7/70"]


def test_the_check_names_the_account_and_finds_a_stranger_out(world, url):
    assert LISTENER.verify
    listening = desk(url, world)
    with listening.client() as client:
        assert LISTENER.verify(client, listening.stage.source) == f"Anna von Kastanie (admin, {EMAIL})"
    listening.environ["T"] = "wrong"
    with listening.client() as client, pytest.raises(SourceDenied, match="does not know"):
        LISTENER.verify(client, listening.stage.source)


def test_a_source_without_its_address_or_token_is_refused():
    with pytest.raises(ConfigurationError, match=r"yourshop\.zendesk\.com"):
        listeners.connect(Source(name="x", platform="zendesk", options={"email": EMAIL}), {})
    with pytest.raises(ConfigurationError, match="token_env"):
        listeners.connect(Source(name="x", platform="zendesk", base_url="https://k.zendesk.com", options={"email": EMAIL}), {})
    with pytest.raises(ConfigurationError, match="email"):
        listeners.check(Source(name="x", platform="zendesk", base_url="https://k.zendesk.com"))


def recorded(part: str, where: str = "") -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if part in line["source"] and where in line["url"]]


@needs_recordings
def test_every_recorded_comment_is_heard_with_its_words_author_time_and_ticket():
    tickets = {one["id"]: one for one in json.loads(recorded("Pagination", "size%5D=100")[0]["body"])["tickets"]}
    audits = json.loads(recorded("TestTicketAudits", "size%5D=100")[0]["body"])["audits"]
    said: dict[int, list[dict[str, Any]]] = {}
    for audit in audits:
        spoken = [event | {"created_at": audit["created_at"]} for event in audit["events"] if event["type"] == "Comment"]
        said.setdefault(audit["ticket_id"], []).extend(spoken)
        tickets.setdefault(audit["ticket_id"], {"id": audit["ticket_id"], "via": audit["via"], "created_at": audit["created_at"]})

    def respond(request: httpx.Request) -> httpx.Response:
        if "comments" not in request.url.path:
            return httpx.Response(200, json={"tickets": list(tickets.values()), "after_cursor": "x", "end_of_stream": True})
        spoken = said.get(int(request.url.path.split("/")[-2]))
        if spoken is None:
            return httpx.Response(404, json={"error": "RecordNotFound", "description": "Not found"})
        return httpx.Response(200, json={"comments": spoken, "users": [], "meta": {"has_more": False}})

    pages = asked(respond)
    mentions = {mention.native_id: mention for page in pages for mention in page.mentions}
    assert not any(page.broken for page in pages)
    events = {f"{ticket}/{event['id']}": event for ticket, spoken in said.items() for event in spoken}
    notes = {native_id for native_id, event in events.items() if not event["public"]}
    assert (len(events), len(notes)) == (88, 1)
    assert mentions.keys() == events.keys() - notes
    for native_id, mention in mentions.items():
        event = events[native_id]
        assert mention.text.split() == event["body"].split()
        assert mention.said_at == datetime.fromisoformat(event["created_at"])
        assert mention.author is not None
        assert mention.author.native_id == str(event["author_id"])
        assert mention.url == f"https://k.zendesk.com/agent/tickets/{mention.conversation}"


@needs_recordings
def test_a_recorded_update_names_the_comment_that_is_heard_later():
    created = json.loads(recorded("update-single")[0]["body"])

    def respond(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"ticket": {"comment": {"body": "test", "public": True}}}
        return httpx.Response(200, json=created)

    assert LISTENER.reply
    with Client("https://k.zendesk.com", platform="zendesk", token="t", transport=httpx.MockTransport(respond)) as client:
        receipt = LISTENER.reply(client, source("https://k.zendesk.com"), ReplyTo("4016/1", "4016", "email"), "test", "k")
    event = next(event for event in created["audit"]["events"] if event["type"] == "Comment")
    assert receipt.native_id == f"4016/{event['id']}"


@needs_recordings
def test_recorded_refusals_are_said_plainly():
    many, gone = recorded("delete-many")[0], recorded("recordnotfound")[0]
    found = refusal(httpx.Response(many["status"], text=many["body"]), NOW)
    assert isinstance(found, SourceError)
    assert json.loads(many["body"])["description"] in str(found)
    with pytest.raises(SourceGone):
        asked(lambda _: httpx.Response(gone["status"], text=gone["body"]))


@needs_recordings
@pytest.mark.parametrize("part", ["TestTicketsPagination", "TestTicketAudits"])
def test_recorded_limits_are_understood_under_either_name(part):
    headers = recorded(part)[0]["headers"]
    remaining, resets_at = read_headers(headers, NOW)
    assert remaining == int(headers["x-rate-limit-remaining"])
    assert resets_at == NOW + timedelta(seconds=int(headers.get("rate-limit-reset") or headers["ratelimit-reset"]))
