"""WhatsApp: what is delivered is heard once, statuses are nobody's words, answers go out within 24 hours."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceDenied, SourceError
from desk.mention import Mention
from desk.source import Source
from listeners.contract import Page, ReplyTo
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.whatsapp import NUMBER, Part
from listeners.sandbox.world import TOKEN, World
from listeners.signatures import signature
from listeners.testing import Clock, Desk, Stage

LISTENER = listeners.listener("whatsapp")
SECRETS = {"app_secret": "geheim", "verify_token": "losung", "token": TOKEN}
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def source(url: str = "https://graph.example", number: str = NUMBER, **more: Any) -> Source:
    given = {"token_env": "T"} | more
    return Source(name="wa", platform="whatsapp", base_url=f"{url}/whatsapp", options={"phone_number": number}, **given)


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def mischief(world: World) -> Mischief:
    return Mischief(clock=world.clock)


@pytest.fixture
def url(world: World, mischief: Mischief) -> Iterator[str]:
    with running(world, mischief) as address:
        yield address


def desk(url: str, world: World) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url), {"T": TOKEN}, "whatsapp"), world.clock)


def deliver(heard: Desk, world: World, *items: Any, hidden: bool = False) -> Page:
    assert LISTENER.push
    headers, body = Part(world, Mischief()).delivery(items, "geheim", hidden=hidden)
    assert LISTENER.push.signed(headers, body, SECRETS, world.clock())
    page = LISTENER.push.read(heard.stage.source, body, world.clock())
    heard._keep(page)
    return page


def answered(mention: Mention) -> ReplyTo:
    who = mention.author
    assert who
    return ReplyTo(
        mention.native_id, mention.conversation, mention.kind, handle=who.handle, author=who.native_id, said_at=mention.said_at
    )


# pulls


def test_a_pull_hears_nothing_and_asks_whether_the_number_lives(world, url):
    world.say("Hallo?", channel="whatsapp", author="jule")
    heard = desk(url, world)
    heard.run()
    assert (heard.order, heard.cursor, heard.pages, heard.requests) == ([], None, 0, 1)


def test_a_pull_without_a_token_asks_nothing():
    heard = Desk(Stage(source(token_env=None), {}, "whatsapp"), Clock())
    heard.run()
    assert heard.requests == 0


def test_a_pull_takes_nothing_delivered_for_deleted(world, url):
    heard = desk(url, world)
    deliver(heard, world, world.say("Hallo?", channel="whatsapp", author="jule"))
    heard.run()
    assert heard.deleted == set()


@pytest.mark.parametrize(
    ("kind", "error"), [("401", SourceDenied), ("403", SourceDenied), ("503", SourceBusy), ("429_silent", SourceBusy)]
)
def test_a_bad_day_is_said_clearly(world, url, mischief, kind, error):
    mischief.order(kind, times=1000)
    with pytest.raises(error):
        desk(url, world).run()


def test_a_dead_token_says_what_to_do(world, url):
    heard = desk(url, world)
    heard.environ["T"] = "tot"
    with pytest.raises(SourceDenied) as caught:
        heard.run()
    assert "make a new one" in caught.value.advice
    assert heard.requests == 1


def test_verify_says_which_number_it_reaches_and_a_system_users_token_does_not_die(world, url):
    heard = desk(url, world)
    assert LISTENER.verify
    assert LISTENER.expires
    with heard.client() as client:
        assert LISTENER.verify(client, heard.stage.source) == "Kastanie Möbel (+49 30 901820)"
        assert LISTENER.expires(client, heard.stage.source) is None


# deliveries


def test_what_is_delivered_is_heard_once_however_often_it_comes(world, url):
    heard = desk(url, world)
    first = world.say("Wo ist mein Sofa?", channel="whatsapp", author="jule", name="Jule K.")
    second = world.say("Meins auch?", channel="whatsapp", author="tom")
    for _ in range(3):
        deliver(heard, world, first, second)
    assert [mention.text for mention in heard.order] == ["Wo ist mein Sofa?", "Meins auch?"]
    assert heard.edits == 0
    one, other = heard.order
    assert one.conversation != other.conversation
    assert (one.kind, one.ours, one.said_at) == ("dm", False, first.said_at)
    assert one.author
    assert one.author.name == "Jule K."


def test_who_hides_the_number_stays_in_the_same_conversation_and_can_be_answered(world, url):
    heard = desk(url, world)
    shown = deliver(heard, world, world.say("Hallo?", channel="whatsapp", author="jule")).mentions[0]
    hidden = deliver(heard, world, world.say("Noch da?", channel="whatsapp", author="jule"), hidden=True).mentions[0]
    assert shown.conversation == hidden.conversation
    assert shown.author
    assert hidden.author
    assert (shown.author.native_id, shown.author.handle.isdigit()) == (hidden.author.native_id, True)
    assert hidden.author.handle == ""
    assert LISTENER.reply
    with heard.client() as client:
        for mention in (shown, hidden):
            LISTENER.reply(client, heard.stage.source, answered(mention), "Guten Tag", "key")
    assert [sent["text"] for sent in world.sent] == ["Guten Tag", "Guten Tag"]


def test_who_hides_the_number_is_known_among_others_in_the_same_delivery(world, url):
    items = [world.say(f"von {name}", channel="whatsapp", author=name) for name in ("jule", "tom")]
    page = deliver(desk(url, world), world, *items, hidden=True)
    assert [(one.text, one.author.name) for one in page.mentions if one.author] == [("von jule", "jule"), ("von tom", "tom")]


def test_a_delivery_is_genuine_by_the_apps_secret_and_not_older_than_meta_repeats_it(world):
    item = world.say("Hallo?", channel="whatsapp", author="jule")
    headers, body = Part(world, Mischief()).delivery([item], "geheim")
    assert LISTENER.push
    check = LISTENER.push.signed
    assert check(headers, body, SECRETS, world.clock())
    assert check(headers, body, SECRETS, world.clock() + timedelta(days=6))
    assert not check(headers, body, SECRETS, world.clock() + timedelta(days=8))
    assert not check(headers, body + b" ", SECRETS, world.clock())
    assert not check(headers, body, {"app_secret": "anders"}, world.clock())
    assert not check({}, body, SECRETS, world.clock())


def test_metas_question_is_answered_with_the_challenge_where_it_knows_the_token():
    assert LISTENER.push
    assert LISTENER.push.handshake
    asked = {"hub.mode": "subscribe", "hub.verify_token": "losung", "hub.challenge": "1158201444"}
    assert LISTENER.push.handshake(asked, b"", SECRETS) == "1158201444"
    assert LISTENER.push.handshake(asked | {"hub.verify_token": "falsch"}, b"", SECRETS) is None


def envelope(*messages: dict[str, Any], field: str = "messages", number: str = NUMBER, people: Any = ()) -> bytes:
    part = "message_echoes" if field == "smb_message_echoes" else "messages"
    value = {"metadata": {"phone_number_id": number}, part: list(messages), "contacts": list(people)}
    entry = {"id": "1", "changes": [{"field": field, "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def read(body: bytes, number: str = NUMBER) -> Page:
    assert LISTENER.push
    return LISTENER.push.read(source(number=number), body, NOW)


MOMENT = {"from": "491701", "id": "wamid.1", "timestamp": str(int(NOW.timestamp()))}


def test_what_is_delivered_for_another_number_is_not_ours():
    assert read(envelope(MOMENT | {"type": "text", "text": {"body": "x"}}, number="999")).mentions == ()


def test_what_we_wrote_on_the_phone_is_ours_and_joins_the_conversation():
    echo = {"from": "4930901820", "to": "491701", "id": "wamid.2", "timestamp": MOMENT["timestamp"], "type": "text"}
    page = read(envelope(echo | {"text": {"body": "Guten Tag"}}, field="smb_message_echoes"))
    (ours,) = page.mentions
    assert (ours.ours, ours.author, ours.conversation, ours.text) == (True, None, "dm/491701", "Guten Tag")
    (theirs,) = read(envelope(MOMENT | {"type": "text", "text": {"body": "Hallo"}})).mentions
    assert theirs.conversation == ours.conversation


def test_edited_and_revoked_messages_are_noticed():
    edit = {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "besser so"}, "context": {"id": "w"}}}
    page = read(
        envelope(
            MOMENT | {"type": "edit", "edit": edit}, MOMENT | {"type": "revoke", "revoke": {"original_message_id": "wamid.9"}}
        )
    )
    assert [(one.native_id, one.text, one.edited_at, one.parent) for one in page.mentions] == [("wamid.0", "besser so", NOW, "w")]
    assert page.deleted == ("wamid.9",)


def test_what_nobody_understands_is_kept_and_silences_nothing():
    page = read(envelope({"type": "text"}, MOMENT | {"type": "text", "text": {"body": "x"}}))
    assert (len(page.mentions), len(page.broken)) == (1, 1)


def test_a_group_is_a_conversation():
    page = read(envelope(MOMENT | {"type": "text", "text": {"body": "x"}, "group_id": "G1"}))
    assert page.mentions[0].conversation == "group/G1"


# answers


def test_an_answer_quotes_the_message_and_is_sent_once(world, url):
    heard = desk(url, world)
    world.say("Älteres", channel="whatsapp", author="jule")
    item = world.say("Hilfe!", channel="whatsapp", author="jule")
    world.say("Neueres", channel="whatsapp", author="jule")
    mention = deliver(heard, world, item).mentions[0]
    assert LISTENER.reply
    with heard.client() as client:
        receipt = LISTENER.reply(client, heard.stage.source, answered(mention), "Wir kümmern uns.", "key")
    assert receipt.native_id.startswith("wamid.")
    assert [(sent["to"], sent["text"]) for sent in world.sent] == [(item.key, "Wir kümmern uns.")]
    assert LISTENER.look is None  # WhatsApp does not show what was sent: what is doubtful is left to a person
    assert not LISTENER.same_key_once


def test_after_24_hours_no_answer_is_taken_and_it_is_not_the_credentials_fault(world, url):
    heard = desk(url, world)
    mention = deliver(heard, world, world.say("Hilfe!", channel="whatsapp", author="jule", ago=timedelta(hours=25))).mentions[0]
    assert LISTENER.reply
    with heard.client() as client, pytest.raises(SourceError) as caught:
        LISTENER.reply(client, heard.stage.source, answered(mention), "Guten Tag", "key")
    assert not isinstance(caught.value, SourceDenied)
    assert "writes again" in caught.value.advice
    assert LISTENER.replies["dm"].within == timedelta(hours=24)


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ConfigurationError, match="phone_number"):
        listeners.check(Source(name="wa", platform="whatsapp", options={"phone_number": "+49 30"}))


# recordings


RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "whatsapp"
needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings are not here")
RECORDED_NUMBER = "1122334455667"


def recordings(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def said_in(delivery: dict[str, Any]) -> dict[str, Any]:
    return delivery["entry"][0]["changes"][0]["value"]["messages"][0]  # type: ignore[no-any-return]


@needs_recordings
def test_every_recorded_message_is_a_mention_but_reactions():
    found = recordings("message")
    assert len(found) == 23
    nothing = []
    for name, delivery in found.items():
        page = read(json.dumps(delivery).encode(), RECORDED_NUMBER)
        assert page.broken == (), name
        if not page.mentions:
            nothing.append(name)
            continue
        (mention,) = page.mentions
        message = said_in(delivery)
        assert mention.native_id == message["id"], name
        assert mention.said_at == datetime.fromtimestamp(int(message["timestamp"]), UTC), name
        assert mention.text or mention.attachments, name
        assert mention.author
        assert mention.author.native_id == "US.13491208655302741918"
        assert mention.author.handle == message["from"]
        assert mention.parent == message.get("context", {}).get("id")
        words = message.get("text", {}).get("body") or message.get(message["type"], {})
        words = words if isinstance(words, str) else words.get("caption", "") if isinstance(words, dict) else ""
        assert words in mention.text, name
    assert nothing == ["reaction", "unreaction_empty", "unreaction_no_emoji"]


@needs_recordings
@pytest.mark.parametrize(
    ("name", "attached"),
    [
        ("image", "whatsapp:image/65463453"),
        ("video", "whatsapp:video/765756756"),
        ("voice", "whatsapp:audio/1234567890987654321"),
        ("static_sticker", "whatsapp:sticker/1234567890987654321"),
        ("unsupported", "whatsapp:unsupported"),
        ("unsupported_with_type", "whatsapp:pool"),
        ("interactive_message_with_err", "whatsapp:interactive"),
        ("referral", "AD_OR_POST_FB_URL"),
    ],
)
def test_recorded_files_are_named_by_their_ids(name, attached):
    page = read(json.dumps(recordings("message")[name]).encode(), RECORDED_NUMBER)
    assert page.mentions[0].attachments == (attached,)


@needs_recordings
@pytest.mark.parametrize(("name", "lines"), [("current_location", 1), ("chosen_location", 3), ("contacts", 3), ("order", 3)])
def test_recorded_places_contacts_and_orders_are_words(name, lines):
    page = read(json.dumps(recordings("message")[name]).encode(), RECORDED_NUMBER)
    assert len(page.mentions[0].text.splitlines()) == lines


@needs_recordings
@pytest.mark.parametrize(("name", "amount"), [("callback_button", 3), ("callback_selection", 2)])
def test_every_recorded_choice_is_a_mention_with_the_words_that_were_chosen(name, amount):
    found = recordings(name)
    assert len(found) == amount
    for delivery in found.values():
        (mention,) = read(json.dumps(delivery).encode(), RECORDED_NUMBER).mentions
        assert mention.text.startswith("title")


@needs_recordings
@pytest.mark.parametrize(("name", "amount"), [("message_status", 7), ("system", 2)])
def test_recorded_statuses_and_changes_of_number_are_nobodys_words(name, amount):
    found = recordings(name)
    assert len(found) == amount
    for delivery in found.values():
        page = read(json.dumps(delivery).encode(), RECORDED_NUMBER)
        assert (page.mentions, page.broken, page.deleted) == ((), (), ())


@needs_recordings
def test_recorded_deliveries_are_dated_by_what_is_in_them():
    sent = (recordings("message")["text"], datetime(2023, 10, 12, tzinfo=UTC))
    status = (recordings("message_status")["sent"], datetime(2023, 10, 26, tzinfo=UTC))
    for delivery, soon in (sent, status):
        body = json.dumps(delivery).encode()
        headers = {"x-hub-signature-256": f"sha256={signature(b'geheim', body)}"}
        assert LISTENER.push
        assert LISTENER.push.signed(headers, body, SECRETS, soon)
        assert not LISTENER.push.signed(headers, body, SECRETS, NOW)
