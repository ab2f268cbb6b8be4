"""LinkedIn: changed numbers lead to new comments, notifications name posts and comments alike, and deliveries are proven."""

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
from listeners import linkedin
from listeners.contract import ReplyTo, Window
from listeners.http import Client
from listeners.linkedin import comments, urns
from listeners.sandbox.linkedin import ACTIVITY, ORGANIZATION, PAGE, SHARE
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.signatures import signature
from listeners.testing import Clock, Desk, ListenerContract, Stage

ENVIRON = {"T": TOKEN, "I": "id"}
BEARER = {"token_env": "T"}
OAUTH = {"client_id_env": "I", "client_secret_env": "T", "refresh_token_env": "T"}
RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "linkedin"


def source(url: str, credential: dict[str, str] = BEARER, **options: object) -> Source:
    given = {"name": "in", "platform": "linkedin", "base_url": f"{url}/linkedin", "organization": ORGANIZATION}
    return Source.model_validate(given | credential | options)


class TestLinkedInComments(ListenerContract):
    hears_replies = True
    below = "/comments"

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), ENVIRON, "linkedin")


class TestLinkedInMentionsByRefreshToken(ListenerContract):
    notices_edits = False
    notices_deletions = False

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, OAUTH, comments=False, mentions=True), ENVIRON, "linkedin.post")


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
    return Desk(Stage(heard, environ, "linkedin"), world.clock)


def say(world: World, text: str, channel: str = "linkedin", **more: object) -> str:
    world.clock.sleep(1)
    return world.say(text, channel=channel, **more).key


def to(mention: Mention) -> ReplyTo:
    return ReplyTo(mention.native_id, mention.conversation, mention.kind)


def test_a_comment_and_its_replies_are_one_conversation_and_the_page_is_ours(world, url):
    first = say(world, "Gibt es den Tisch in Eiche?", author="jule")
    say(world, "Ja, ab Mai.", parent=first, ours=True)
    heard = desk(world, source(url))
    heard.run()
    assert [(one.kind, one.ours) for one in heard.order] == [("comment", False), ("comment", True)]
    assert {one.conversation for one in heard.order} == {heard.order[0].native_id}
    assert heard.order[1].parent == heard.order[0].native_id
    assert heard.order[0].author.native_id == "urn:li:person:jule"
    assert heard.order[1].author.url == f"https://www.linkedin.com/company/{ORGANIZATION}"
    assert heard.order[0].url.startswith(
        f"https://www.linkedin.com/feed/update/{ACTIVITY}?commentUrn=urn%3Ali%3Acomment%3A%28activity"
    )


def test_comments_are_read_again_only_where_their_number_has_changed_or_somebody_spoke_lately(world, url):
    old = say(world, "alt", ago=timedelta(days=9))
    say(world, "alte Antwort", parent=old, ago=timedelta(days=8))
    heard = desk(world, source(url))
    heard.run()
    assert heard.requests == 4
    heard.run()
    assert heard.requests == 2
    say(world, "neu")
    heard.run()
    assert heard.requests == 3
    world.clock.sleep(600)
    heard.run()
    assert heard.requests == 3
    assert heard.texts() == ["alt", "alte Antwort", "neu"]


def test_apps_that_may_not_ask_for_several_at_once_ask_one_by_one(world, url, mischief):
    """The development tier has no BATCH_GET."""
    first, second = say(world, "gut"), say(world, "schlecht")
    mischief.order("403", path="/socialActions")
    heard = desk(world, source(url))
    heard.run()
    assert heard.texts() == ["gut", "schlecht"]
    world.clock.sleep(600)
    world.edit(first, "gut (bearbeitet)")
    heard.run()
    assert heard.texts() == ["gut (bearbeitet)", "schlecht"]
    world.delete(second)
    mischief.order("403", path=f"{ACTIVITY}/comments")
    heard.run()
    assert heard.texts() == ["gut (bearbeitet)"]


def test_a_comment_that_takes_the_place_of_a_deleted_one_is_heard(world, url):
    first = say(world, "nehme ich zurück")
    heard = desk(world, source(url))
    heard.run()
    world.clock.sleep(600)
    world.delete(first)
    say(world, "bleibt")
    heard.run()
    assert [heard.heard[one].text for one in heard.deleted] == ["nehme ich zurück"]
    heard.run()
    assert heard.texts() == ["bleibt"]


def test_a_comment_that_linkedin_fails_to_find_today_does_not_pass_for_deleted():
    known = {f"urn:li:comment:({ACTIVITY},{number})": NOW - timedelta(minutes=30) for number in (1, 2)}
    errors = {"1": {"status": 404}, "2": {"status": 500}}

    def respond(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"elements": [], "results": {}, "errors": errors})

    heard = Source(name="in", platform="linkedin", options={"organization": ORGANIZATION})
    with Client("http://recorded", platform="linkedin", transport=httpx.MockTransport(respond)) as client:
        pages = list(linkedin.pull(client, heard, None, Window(NOW, NOW - timedelta(days=31), known=known)))
    assert [page.deleted for page in pages] == [(f"urn:li:comment:({ACTIVITY},1)",)]


def test_replies_below_a_comment_that_is_gone_silence_nothing(world, url, mischief):
    first = say(world, "Frage")
    say(world, "Antwort", parent=first)
    say(world, "Lob")
    mischief.order("404", path="urn:li:comment")
    heard = desk(world, source(url))
    heard.run()
    assert heard.texts() == ["Frage", "Lob"]
    heard.run()
    assert heard.texts() == ["Antwort", "Frage", "Lob"]


@pytest.mark.parametrize("channel", ["linkedin", "linkedin.post"])
def test_an_answer_is_sent_heard_again_under_its_id_and_found_by_a_look(world, url, channel):
    say(world, "Wo bleibt mein Tisch?", channel)
    heard = desk(world, source(url, mentions=True))
    heard.run()
    asked, since = heard.order[0], world.clock()
    with heard.client() as client:
        assert linkedin.look(client, heard.stage.source, to(asked), "Morgen!", since) is None
        receipt = linkedin.reply(client, heard.stage.source, to(asked), "Morgen!", "key")
        assert linkedin.look(client, heard.stage.source, to(asked), "Morgen!", since) == receipt
        assert linkedin.look(client, heard.stage.source, to(asked), "Gestern!", since) is None
        assert linkedin.look(client, heard.stage.source, to(asked), "Morgen!", since + timedelta(minutes=1)) is None
    assert [sent["text"] for sent in world.sent] == ["Morgen!"]
    if channel == "linkedin":
        heard.run()
        ours = heard.heard[receipt.native_id]
        assert (ours.text, ours.ours, ours.conversation) == ("Morgen!", True, asked.native_id)


def test_what_a_bare_notification_leaves_out_is_asked_for(world, url):
    say(world, "Danke an @Kastanie Möbel!", "linkedin.post", title="bare")
    heard = desk(world, source(url, comments=False, mentions=True))
    heard.run()
    assert [(one.kind, one.text, one.author.native_id) for one in heard.order] == [
        ("post", "Danke an @Kastanie Möbel!", "urn:li:person:kunde")
    ]
    assert heard.order[0].conversation == heard.order[0].native_id


def test_lists_in_addresses_are_written_as_linkedin_wants_them():
    """Rest.li 2.0: names are encoded, the parentheses and commas of a list are not."""
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        posts = {"elements": [{"id": SHARE}, {"id": "urn:li:ugcPost:7304968765245411329"}]}
        return httpx.Response(200, json=posts if request.url.path == "/posts" else {})

    known = Source(name="in", platform="linkedin", options={"organization": ORGANIZATION, "mentions": True})
    with Client("http://recorded", platform="linkedin", transport=httpx.MockTransport(respond)) as client:
        list(linkedin.pull(client, known, None, Window(NOW, NOW - timedelta(days=31))))
    posts, summaries, notifications = (one.url.raw_path.decode() for one in asked)
    page, share = PAGE.replace(":", "%3A"), SHARE.replace(":", "%3A")
    assert posts == f"/posts?q=author&author={page}&sortBy=CREATED&start=0&count=100"
    assert asked[0].headers["x-restli-method"] == "FINDER"
    assert summaries == f"/socialActions?ids=List({share},urn%3Ali%3AugcPost%3A7304968765245411329)"
    assert f"actions=List(SHARE_MENTION,SHARE)&organizationalEntity={page}&timeRange=(start:" in notifications


def test_a_version_that_is_not_spoken_any_more_says_what_to_write(world, url):
    with pytest.raises(SourceError, match="202301") as caught:
        desk(world, source(url, version="202301")).run()
    assert "version =" in caught.value.advice


def test_a_spent_day_is_left_alone_until_midnight_utc():
    now = datetime(2026, 7, 1, 20, tzinfo=UTC)
    said = {"status": 429, "message": "Resource level throttle APPLICATION DAY limit for calls to this resource is reached."}
    error = linkedin.refusal(httpx.Response(429, json=said), now)
    assert isinstance(error, SourceBusy)
    assert error.retry_at == datetime(2026, 7, 2, tzinfo=UTC)
    assert linkedin.refusal(httpx.Response(429, json={"message": "creation rate limit exceeded for member"}), now) is None


def test_the_day_a_token_dies_is_known_where_the_app_is(world, url):
    known = source(url, {"token_env": "T", "client_id_env": "I", "client_secret_env": "T"})
    with desk(world, known).client() as client:
        assert linkedin.expires(client, known) == world.clock() + timedelta(days=60)
    with desk(world, source(url)).client() as client:
        assert linkedin.expires(client, source(url)) is None


@pytest.mark.parametrize(
    ("credential", "environ", "error", "says"),
    [
        ({"token_env": "BAD"}, {"BAD": "geheim"}, SourceDenied, "401"),
        (OAUTH | {"refresh_token_env": "BAD"}, ENVIRON | {"BAD": "geheim"}, SourceDenied, "gives no token"),
        ({}, {}, ConfigurationError, "token_env"),
    ],
)
def test_a_bad_credential_is_named_and_never_shown(world, url, credential, environ, error, says):
    with pytest.raises(error, match=says) as caught:
        desk(world, source(url, credential), environ).run()
    assert "geheim" not in str(caught.value)


def test_verify_says_which_page_is_heard(world, url):
    with desk(world, source(url)).client() as client:
        assert linkedin.verify(client, source(url)) == "Kastanie Möbel (linkedin.com/company/kastanie)"


@pytest.mark.parametrize(
    "options", [{}, {"organization": "kastanie"}, {"organization": "1", "comments": False}, {"organization": "1", "version": "7"}]
)
def test_a_source_that_cannot_hear_is_refused(options):
    with pytest.raises(ConfigurationError, match=r"organization|what to hear|version"):
        listeners.check(Source(name="x", platform="linkedin", options=options))


def test_a_page_may_be_written_as_linkedin_writes_it():
    assert linkedin.Options(organization=PAGE).urn == PAGE


# deliveries

NOW = datetime(2023, 8, 9, 10, tzinfo=UTC)
COMMENT = f"urn:li:comment:({ACTIVITY},7094977717598625792)"


def notification(action: str, **more: Any) -> dict[str, Any]:
    part = {"owner": "urn:li:person:a", "text": "Wo bleibt mein Tisch?", "entity": COMMENT, "object": ACTIVITY}
    told = {"action": action, "lastModifiedAt": 1691574506310, "organizationalEntity": PAGE, "sourcePost": ACTIVITY}
    told |= {"generatedActivity": COMMENT.replace("(urn:li:", "("), "decoratedGeneratedActivity": {"comment": part}}
    return told | more


def delivery(*notifications: dict[str, Any]) -> bytes:
    return json.dumps({"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": list(notifications)}).encode()


def signed(body: bytes, secret: str = "s", now: datetime = NOW, over: bytes = b"hmacsha256=", prefix: str = "") -> bool:
    headers = {"x-li-signature": prefix + signature(b"s", over + body)}
    return linkedin.PUSH.signed(headers, body, {"client_secret": secret}, now)


def test_a_genuine_delivery_is_told_from_a_forged_and_an_old_one():
    body = delivery(notification("COMMENT"))
    assert signed(body)
    assert signed(body, prefix="hmacsha256=")
    assert not signed(body, secret="other")
    assert not signed(body, over=b"")
    assert not signed(body, secret="")
    assert not linkedin.PUSH.signed({}, body, {"client_secret": "s"}, NOW)
    assert signed(body, now=NOW + timedelta(hours=7))
    assert not signed(body, now=NOW + timedelta(hours=10))


def test_a_challenge_is_answered_with_its_hmac_and_only_where_there_is_a_secret():
    answer = linkedin.PUSH.handshake({"challengeCode": "890e4665"}, b"", {"client_secret": "s"})
    assert json.loads(answer) == {"challengeCode": "890e4665", "challengeResponse": signature(b"s", b"890e4665")}
    assert linkedin.PUSH.handshake({"challengeCode": "890e4665"}, b"", {}) is None
    assert linkedin.PUSH.handshake({}, b"", {"client_secret": "s"}) is None


def test_nobody_has_a_forged_delivery_signed_by_asking_whether_the_address_is_ours():
    forged = delivery(notification("COMMENT"))
    asked = {"challengeCode": "hmacsha256=" + forged.decode()}
    assert linkedin.PUSH.handshake(asked, b"", {"client_secret": "s"}) is None


def test_a_delivery_brings_comments_edits_posts_and_deletions_and_no_likes():
    share = {"owner": "urn:li:person:b", "text": "Danke @Kastanie", "entity": "urn:li:share:7094978106997846016"}
    page = linkedin.PUSH.read(
        source("http://x"),
        delivery(
            notification("COMMENT"),
            notification("LIKE", decoratedGeneratedActivity={}),
            notification("SHARE_MENTION", decoratedGeneratedActivity={"share": share}),
            notification("SHARE", decoratedGeneratedActivity={"share": share | {"text": ""}}),
            notification("COMMENT_DELETE"),
            notification("COMMENT", organizationalEntity="urn:li:organization:1"),
            notification("COMMENT", decoratedGeneratedActivity={}),
        ),
        NOW,
    )
    assert [(one.kind, one.native_id, one.text) for one in page.mentions] == [
        ("comment", COMMENT, "Wo bleibt mein Tisch?"),
        ("post", "urn:li:share:7094978106997846016", "Danke @Kastanie"),
    ]
    assert page.deleted == (COMMENT,)
    assert [one.reason for one in page.broken] == ["a notification without its comment"]
    assert page.cursor is None


def test_an_edit_keeps_when_a_comment_was_said_and_a_reply_knows_its_comment():
    reply = {"owner": PAGE, "text": "Morgen!", "entity": f"urn:li:comment:({ACTIVITY},7094978106997846016)", "object": COMMENT}
    edit = notification("COMMENT_EDIT", lastModifiedAt=1691574599151)
    page = linkedin.PUSH.read(
        source("http://x"),
        delivery(edit, notification("ADMIN_COMMENT", decoratedGeneratedActivity={"comment": reply})),
        NOW,
    )
    first, second = page.mentions
    assert (first.said_at, first.edited_at) == (urns.time_of(COMMENT), datetime.fromtimestamp(1691574599.151, UTC))
    assert (second.ours, second.parent, second.conversation) == (True, COMMENT, COMMENT)


def test_a_delivery_that_is_no_json_is_not_understood():
    with pytest.raises(NotUnderstood):
        linkedin.PUSH.read(source("http://x"), b"<html>", NOW)


# recordings

needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of real servers are not here")


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / name).read_text(encoding="utf-8"))
    return found


@needs_recordings
def test_the_recorded_comment_is_a_mention_with_its_words_author_time_and_link():
    elements = recorded("socialActions.comments.docs_reconstructed.json")["elements"]
    assert len(elements) == 1
    mention = comments.to_mention(elements[0], PAGE)
    assert mention.native_id == elements[0]["commentUrn"]
    assert mention.text == elements[0]["message"]["text"]
    assert mention.author.native_id == elements[0]["actor"]
    assert mention.said_at == datetime.fromtimestamp(elements[0]["created"]["time"] / 1000, UTC)
    assert mention.edited_at is None
    assert mention.url


@needs_recordings
def test_recorded_notifications_are_mentions_or_likes():
    files = sorted(RECORDINGS.glob("webhook.*.json"))
    told = [recorded(path.name) for path in files]
    notifications = [one for thing in told for one in thing.get("notifications", [thing])]
    assert len(notifications) == 4
    mentions = [comments.noted(one, PAGE) for one in notifications]
    assert [mention is None for mention in mentions] == [one["action"] == "LIKE" for one in notifications]
    for mention, one in zip(mentions, notifications, strict=True):
        if mention is None:
            continue
        part = next(iter(one["decoratedGeneratedActivity"].values()))
        assert mention.native_id == part["entity"] == urns.whole(one["generatedActivity"])
        assert mention.text == part["text"]
        assert mention.author.native_id == part["owner"]
        assert abs(mention.said_at - datetime.fromtimestamp(one["lastModifiedAt"] / 1000, UTC)) < timedelta(seconds=1)
        assert mention.kind == ("comment" if one["action"] == "COMMENT" else "post")


@needs_recordings
def test_the_recorded_summary_says_that_nothing_has_to_be_read():
    summary = recorded("socialActions.summary.real.json")
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path == "/posts":
            post = {"id": summary["target"], "createdAt": int(NOW.timestamp() * 1000)}
            return httpx.Response(200, json={"elements": [post]})
        return httpx.Response(200, json={"results": {summary["target"]: summary}})

    known = Source(name="in", platform="linkedin", options={"organization": ORGANIZATION})
    window = Window(NOW, NOW - timedelta(days=31))
    with Client("http://recorded", platform="linkedin", transport=httpx.MockTransport(respond)) as client:
        assert list(linkedin.pull(client, known, None, window)) == []
    assert asked == ["/posts", "/socialActions"]
