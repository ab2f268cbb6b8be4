"""TikTok: refusals with status 200, long lists that repeat themselves, tokens of a day, and deliveries that are proven."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, NotUnderstood, SourceBusy, SourceDenied, SourceError, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners import tiktok
from listeners.contract import ReplyTo
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.tiktok import BUSINESS, VIDEO
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.signatures import signature
from listeners.testing import Clock, Desk, ListenerContract, Stage
from listeners.tiktok.comments import to_mention

ENVIRON = {"T": TOKEN, "I": "id", "R": TOKEN}
FOR_A_DAY = {"token_env": "T"}
OAUTH = {"client_id_env": "I", "client_secret_env": "T", "refresh_token_env": "R"}
RECORDING = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "tiktok" / "research_video_comment_list.docs.json"


def source(url: str, credential: dict[str, str] = FOR_A_DAY, **options: object) -> Source:
    given = {"name": "tok", "platform": "tiktok", "base_url": f"{url}/tiktok", "business_id": BUSINESS}
    return Source.model_validate(given | credential | options)


class TestTikTok(ListenerContract):
    hears_replies = True
    notices_edits = False
    """Comments cannot be edited on TikTok."""
    below = "/comment/list/"

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), ENVIRON, "tiktok")


class TestTikTokOneVideoByRefreshToken(ListenerContract):
    hears_replies = True
    notices_edits = False

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, OAUTH, videos=[VIDEO]), ENVIRON, "tiktok")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def mischief() -> Mischief:
    return Mischief()


@pytest.fixture
def url(world: World, mischief: Mischief) -> Iterator[str]:
    with running(world, mischief) as address:
        yield address


def desk(world: World, heard: Source, environ: dict[str, str] = ENVIRON) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(heard, environ, "tiktok"), world.clock)


def say(world: World, text: str, **more: object) -> str:
    world.clock.sleep(1)
    return world.say(text, channel="tiktok", **more).key


def to(mention: Mention, handle: str = "") -> ReplyTo:
    return ReplyTo(mention.native_id, mention.conversation, mention.kind, handle)


def test_a_comment_and_its_replies_are_one_conversation_and_the_account_is_ours(world, url):
    first = say(world, "Gibt es den Tisch in Eiche?", author="jule", name="Jule")
    say(world, "Ja, ab Mai.", author=BRAND, parent=first, ours=True)
    heard = desk(world, source(url))
    heard.run()
    question, answer = heard.order
    assert (question.ours, answer.ours) == (False, True)
    assert {one.conversation for one in heard.order} == {question.native_id}
    assert answer.parent == question.native_id
    assert (question.author.native_id, question.author.handle, question.author.name) == ("uid-jule", "jule", "Jule")
    assert question.url == f"https://www.tiktok.com/@{BRAND}/video/{VIDEO}"


def test_comments_are_read_again_only_where_a_number_has_changed_or_somebody_spoke_lately(world, url):
    old = say(world, "alt", ago=timedelta(days=9))
    say(world, "alte Antwort", parent=old, ago=timedelta(days=8))
    heard = desk(world, source(url))
    heard.run()
    assert heard.requests == 3
    heard.run()
    assert heard.requests == 1
    say(world, "neu")
    heard.run()
    assert heard.texts() == ["alt", "alte Antwort", "neu"]
    assert heard.requests == 2


def test_long_lists_are_read_slowly_and_what_comes_twice_is_heard_once(world, url):
    for number in range(930):
        say(world, f"Kommentar {number}")
    heard = desk(world, source(url))
    slept = world.clock.slept
    heard.run()
    assert len(heard.texts()) == 930
    assert len(heard.order) == 930
    assert world.clock.slept - slept >= 1.6


def test_a_deleted_reply_is_noticed_below_a_comment_whose_number_has_not_changed(world, url):
    first = say(world, "Frage")
    answer = say(world, "nehme ich zurück", parent=first)
    heard = desk(world, source(url))
    heard.run()
    world.clock.sleep(600)
    world.delete(answer)
    say(world, "bleibt", parent=first)
    heard.run()
    assert [heard.heard[one].text for one in heard.deleted] == ["nehme ich zurück"]
    heard.run()
    assert heard.texts() == ["Frage", "bleibt"]


def test_replies_that_cannot_be_read_are_read_the_next_time(world, url, mischief):
    first = say(world, "Frage")
    say(world, "Antwort", parent=first)
    mischief.order("404", path="/reply/list/")
    heard = desk(world, source(url))
    heard.run()
    assert heard.texts() == ["Frage"]
    heard.run()
    assert heard.texts() == ["Antwort", "Frage"]


def test_replies_are_left_out_where_nobody_wants_them(world, url):
    first = say(world, "Frage")
    say(world, "Antwort", parent=first)
    heard = desk(world, source(url, replies=False))
    heard.run()
    assert heard.texts() == ["Frage"]


def test_a_reply_does_not_pass_for_deleted_when_its_comment_grows_too_old(world, url):
    first = say(world, "alt", ago=timedelta(days=14) - timedelta(minutes=90))
    heard = desk(world, source(url))
    heard.run()
    say(world, "neu")
    heard.run()
    say(world, "Antwort", parent=first)
    heard.run()
    for _ in range(4):
        world.clock.sleep(1_500)
        say(world, "wieder neu")
        heard.run()
    assert heard.deleted == set()
    assert "Antwort" in heard.texts()


def test_an_answer_is_sent_heard_again_under_its_id_and_found_by_a_look(world, url):
    first = say(world, "Wo bleibt mein Tisch?", author="jule")
    say(world, "meiner auch", author="tom", parent=first)
    heard = desk(world, source(url))
    heard.run()
    tom, since = heard.order[1], world.clock()
    with heard.client() as client:
        assert tiktok.look(client, heard.stage.source, to(tom, "tom"), "Morgen!", since) is None
        receipt = tiktok.reply(client, heard.stage.source, to(tom, "tom"), "Morgen!", "key")
        assert receipt.text == "@tom Morgen!"
        assert tiktok.look(client, heard.stage.source, to(tom, "tom"), "Morgen!", since) == receipt
        assert tiktok.look(client, heard.stage.source, to(tom, "tom"), "Gestern!", since) is None
        assert tiktok.look(client, heard.stage.source, to(tom, "tom"), "Morgen!", since + timedelta(minutes=1)) is None
    heard.run()
    ours = heard.heard[receipt.native_id]
    assert (ours.text, ours.ours, ours.conversation) == ("@tom Morgen!", True, tom.conversation)
    assert [sent["text"] for sent in world.sent] == ["@tom Morgen!"]


def test_a_refresh_token_that_is_replaced_is_kept(world, url):
    say(world, "gut")
    heard = desk(world, source(url, OAUTH))
    heard.run()
    assert heard.texts() == ["gut"]
    assert heard.environ["R"] == f"{TOKEN}-1"
    heard.run()
    assert heard.environ["R"] == f"{TOKEN}-2"


def test_a_token_lives_as_long_as_tiktok_says(world, url):
    known = source(url, OAUTH)
    with desk(world, known).client() as client:
        tiktok.verify(client, known)
        tiktok.verify(client, known)
        assert client.requests == 3
        world.clock.sleep(86_400)
        tiktok.verify(client, known)
        assert client.requests == 5


def refused(code: int, message: str = "no") -> SourceError | None:
    answer = httpx.Response(200, json={"code": code, "message": message}, request=httpx.Request("GET", "https://t.example/x"))
    return tiktok.refusal(answer, datetime(2026, 7, 1, tzinfo=UTC))


def test_too_many_requests_are_left_alone_for_five_minutes():
    error = refused(40100)
    assert isinstance(error, SourceBusy)
    assert error.retry_at == datetime(2026, 7, 1, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (40105, "revoked", SourceDenied),
        (40001, "no permission", SourceDenied),
        (40002, "The video does not exist.", SourceGone),
        (40002, "text is too long", SourceError),
        (50000, "system error", SourceBusy),
    ],
)
def test_a_refusal_with_status_200_is_a_refusal(code, message, kind):
    error = refused(code, message)
    assert type(error) is kind
    assert str(code) in str(error)
    assert error.advice or isinstance(error, SourceBusy)


def test_a_good_answer_is_no_refusal():
    assert refused(0) is None
    assert tiktok.refusal(httpx.Response(200, text="<html>"), datetime.now(UTC)) is None


@pytest.mark.parametrize(
    ("credential", "environ", "error", "says"),
    [
        ({"token_env": "BAD"}, {"BAD": "geheim"}, SourceDenied, "40105"),
        (OAUTH | {"refresh_token_env": "BAD"}, ENVIRON | {"BAD": "geheim"}, SourceDenied, "gives no token"),
        ({}, {}, ConfigurationError, "token_env"),
    ],
)
def test_a_bad_credential_is_named_and_never_shown(world, url, credential, environ, error, says):
    with pytest.raises(error, match=says) as caught:
        desk(world, source(url, credential), environ).run()
    assert "geheim" not in str(caught.value)


def test_verify_says_which_account_is_heard(world, url):
    with desk(world, source(url)).client() as client:
        assert tiktok.verify(client, source(url)) == f"Kastanie Möbel (@{BRAND})"


def test_a_source_without_its_account_is_refused():
    with pytest.raises(ConfigurationError, match="business_id"):
        listeners.check(Source(name="x", platform="tiktok"))


# deliveries

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def delivery(action: str = "insert", kind: str = "comment", by: str = BUSINESS, **more: Any) -> bytes:
    about = {"comment_id": 7247303576418566913, "video_id": 7203946942097902849, "comment_type": kind, "comment_action": action}
    about |= {"unique_identifier": "uid-jule", "timestamp": 1687394416109, "text": "Wo bleibt mein Tisch?"} | more
    told = {"client_key": "1", "event": "comment.update", "create_time": 1687394416, "user_openid": by}
    return json.dumps(told | {"content": json.dumps(about)}).encode()


def signed(body: bytes, secret: str = "s", said: datetime = NOW, now: datetime = NOW, over: bytes | None = None) -> bool:
    seconds = str(int(said.timestamp()))
    given = signature(b"s", f"{seconds}.".encode() + (body if over is None else over))
    return tiktok.PUSH.signed({"tiktok-signature": f"t={seconds},s={given}"}, body, {"client_secret": secret}, now)


def test_a_genuine_delivery_is_told_from_a_forged_and_an_old_one():
    body = delivery()
    assert signed(body)
    assert not signed(body, secret="other")
    assert not signed(body, secret="")
    assert not signed(body, over=b"{}")
    assert not signed(body, now=NOW + timedelta(minutes=6))
    assert not tiktok.PUSH.signed({}, body, {"client_secret": "s"}, NOW)
    assert not tiktok.PUSH.signed({"tiktok-signature": "t=,s="}, body, {"client_secret": "s"}, NOW)


def test_a_delivery_brings_a_comment_under_the_id_by_which_it_is_read():
    page = tiktok.PUSH.read(source("http://x"), delivery(), NOW)
    (mention,) = page.mentions
    assert mention.native_id == "7203946942097902849/7247303576418566913"
    assert (mention.text, mention.author.native_id) == ("Wo bleibt mein Tisch?", "uid-jule")
    assert mention.said_at == datetime.fromtimestamp(1687394416, UTC)
    assert page.cursor is None


def test_a_delivery_brings_a_deletion():
    page = tiktok.PUSH.read(source("http://x"), delivery("delete", "reply", parent_comment_id=7235861947622916866), NOW)
    assert page.deleted == ("7203946942097902849/7247303576418566913",)
    assert page.mentions == ()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(delivery(kind="reply", parent_comment_id=7235861947622916866), id="a reply, perhaps ours"),
        pytest.param(delivery("set_to_hidden"), id="hidden"),
        pytest.param(delivery(text=""), id="without words"),
        pytest.param(delivery(by="somebody else"), id="another account's"),
        pytest.param(b'{"event": "authorization.removed"}', id="another event"),
    ],
)
def test_what_waits_for_the_next_reading_brings_nothing(body):
    page = tiktok.PUSH.read(source("http://x"), body, NOW)
    assert (page.mentions, page.deleted, page.broken) == ((), (), ())


def test_a_delivery_that_cannot_be_understood_is_kept_or_refused():
    assert len(tiktok.PUSH.read(source("http://x"), delivery(timestamp=None), NOW).broken) == 1
    with pytest.raises(NotUnderstood):
        tiktok.PUSH.read(source("http://x"), b"<html>", NOW)


@pytest.mark.skipif(not RECORDING.exists(), reason="the recordings of real servers are not here")
def test_the_recorded_comment_of_the_research_interface_has_other_names_and_the_same_ids():
    """It is the only recording there is, of an interface for scholars: its fields are given the names of ours."""
    items = json.loads(RECORDING.read_text(encoding="utf-8"))["data"]["comments"]
    assert len(items) == 1
    with pytest.raises(KeyError, match="comment_id"):
        to_mention(items[0])
    mention = to_mention(items[0] | {"comment_id": items[0]["id"]})
    assert mention.native_id == f"{items[0]['video_id']}/{items[0]['id']}"
    assert mention.parent == f"{items[0]['video_id']}/{items[0]['parent_comment_id']}"
    assert mention.text == items[0]["text"]
    assert mention.said_at == datetime.fromtimestamp(items[0]["create_time"], UTC)
    assert mention.author is None
    assert mention.url
