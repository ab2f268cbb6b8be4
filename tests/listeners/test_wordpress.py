"""WordPress: what waits for approval, late approvals, threads, answers, and refusals in WordPress's own words."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from desk.source import Source
from listeners import wordpress, wordpress_refusals, wordpress_rest
from listeners.contract import Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "wordpress" / "comments_collection.json"
SIGNED_IN = {"user": BRAND}


def source(url: str, token: bool = True, **options: object) -> Source:
    return Source(
        name="blog", platform="wordpress", base_url=f"{url}/wordpress", token_env="T" if token else None, options=options
    )


class TestWordPressComments(ListenerContract):
    hears_replies = True
    whole_texts = False

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, token=False), {}, "wordpress")


class TestWordPressCommentsThatWait(ListenerContract):
    hears_replies = True
    whole_texts = False

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, **SIGNED_IN, held=True), {"T": TOKEN}, "wordpress.held")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, token: bool = True, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, token, **options), {"T": TOKEN} if token else {}, "wordpress"), world.clock)


def test_a_thread_is_one_conversation_however_old_its_beginning(world, url):
    world.say("Wann kommt mein Sofa?", channel="wordpress", key="root", author="jule", ago=timedelta(days=60))
    world.say("Frage ich mich auch", channel="wordpress", key="second", author="tom", parent="root", ago=timedelta(days=50))
    world.say("Immer noch nichts", channel="wordpress", author="jule", parent="second")
    heard = desk(url, world, token=False)
    heard.run()
    [mention] = heard.order
    site = heard.stage.source.base_url.removeprefix("http://")
    assert (mention.conversation, mention.parent) == (f"{site}/1", f"{site}/2")
    assert mention.kind == "comment"
    assert mention.url == "https://kastanie.example/?p=7#comment-3"


def test_paragraphs_and_line_breaks_come_as_they_were_written(world, url):
    world.say("eins\nzwei\n\ndrei & vier", channel="wordpress")
    heard = desk(url, world, token=False)
    heard.run()
    assert heard.texts() == ["eins\nzwei\n\ndrei & vier"]


def test_what_waits_for_approval_is_heard_only_where_asked_for_and_once(world, url):
    item = world.say("Ist das echtes Holz?", channel="wordpress.held", author="jule")
    public, signed_in = desk(url, world, token=False), desk(url, world, **SIGNED_IN, held=True)
    public.run()
    signed_in.run()
    assert (public.texts(), signed_in.texts()) == ([], ["Ist das echtes Holz?"])
    world.clock.sleep(2 * 86_400)
    item.channel = "wordpress"  # approved two days later, with the date it was written
    public.run()
    signed_in.run()
    assert public.texts() == signed_in.texts() == ["Ist das echtes Holz?"]
    assert len(signed_in.heard) == 1


def test_a_late_approval_is_heard_as_long_as_the_setting_says(world, url):
    item = world.say("zu spät", channel="wordpress.held")
    heard = desk(url, world, token=False, approved_within="1 day")
    world.say("Anker", channel="wordpress", ago=timedelta(minutes=1))
    heard.run()
    world.clock.sleep(5 * 86_400)
    world.say("neuer Anker", channel="wordpress")
    heard.run()
    item.channel = "wordpress"
    heard.run()
    assert heard.texts() == ["Anker", "neuer Anker"]


def test_held_without_a_user_says_what_is_missing():
    with pytest.raises(ConfigurationError, match="held = true needs user and token_env"):
        listeners.check(Source(name="x", platform="wordpress", options={"held": True}))
    with pytest.raises(ConfigurationError, match='user = "kim"'):
        listeners.connect(source("http://blog.example"), {"T": TOKEN})


def test_a_user_who_is_not_shown_what_waits_is_no_silent_listener():
    def respond(request: httpx.Request) -> httpx.Response:
        me = {"id": 3, "name": "Kim", "capabilities": {"edit_posts": True}}
        return httpx.Response(200, json=me if request.url.path.endswith("/me") else [])

    asked = source("https://b.example", **SIGNED_IN, held=True)
    window = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    transport = httpx.MockTransport(respond)
    with Client("https://b.example", platform="wordpress", token="t", transport=transport) as client:
        with pytest.raises(SourceDenied, match="does not show Kim what waits") as caught:
            list(wordpress.pull(client, asked, None, window))
        assert "role Editor" in caught.value.advice
        assert list(wordpress.pull(client, source("https://b.example", **SIGNED_IN), None, window)) == []


def test_a_source_without_an_address_says_what_is_missing():
    with pytest.raises(ConfigurationError, match="base_url"):
        listeners.connect(Source(name="x", platform="wordpress"), {})


def test_guests_are_told_apart_by_their_pictures_and_own_users_are_ours(world, url):
    world.say("ich", channel="wordpress", author="jule")
    world.say("wir", channel="wordpress", author=BRAND, ours=True)
    by_token, by_number = desk(url, world, **SIGNED_IN), desk(url, world, token=False, team=["3"])
    for heard in (by_token, by_number):
        heard.run()
        assert [mention.ours for mention in heard.order] == [False, True]
    guest, user = (mention.author for mention in by_number.order)
    assert guest.native_id.startswith("gravatar/")
    assert user.native_id.endswith("/user/3")
    assert (guest.name, guest.handle) == ("jule", "jule")


def answered(heard: Desk, text: str, number: int = 0) -> tuple[Receipt, ReplyTo]:
    mention = heard.order[number]
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind, "jule")
    with heard.client() as client:
        return wordpress.reply(client, heard.stage.source, to, text, "key"), to


@pytest.mark.parametrize("channel", ["wordpress", "wordpress.held"])
def test_an_answer_is_sent_and_heard_back_under_the_same_id(world, url, channel):
    world.say("Geht PayPal?", channel=channel, author="jule")
    heard = desk(url, world, **SIGNED_IN, held=True)
    heard.run()
    receipt, to = answered(heard, 'Ja, "ab 20 €" & <sofort>!\nGruß')
    assert [sent["text"] for sent in world.sent] == ['Ja, "ab 20 €" & <sofort>!\nGruß']
    world.clock.sleep(60)
    heard.run()
    ours = heard.heard[receipt.native_id]
    assert (ours.text, ours.ours, ours.kind) == ('Ja, "ab 20 €" & <sofort>!\nGruß', True, "comment")
    assert (ours.parent, ours.conversation) == (to.native_id, to.conversation)
    assert receipt.url == ours.url


def test_a_sent_answer_is_found_again_and_nothing_else(world, url):
    item = world.say("Geht PayPal?", channel="wordpress", author="jule")
    world.say("Ja", channel="wordpress", author="tom", parent=item.key)
    heard = desk(url, world, **SIGNED_IN)
    heard.run()
    before = world.clock() + timedelta(microseconds=500)
    world.clock.sleep(0.0)
    with heard.client() as client:
        to = ReplyTo(heard.order[0].native_id, heard.order[0].conversation, "comment")
        assert wordpress.look(client, heard.stage.source, to, "Ja", before) is None
        sent = wordpress.reply(client, heard.stage.source, to, "Ja", "key")
        assert wordpress.look(client, heard.stage.source, to, "Ja", before) == sent
        assert wordpress.look(client, heard.stage.source, to, "Nein", before) is None
        assert wordpress.look(client, heard.stage.source, to, "Ja", before + timedelta(seconds=5)) is None


def test_the_same_words_twice_are_refused_with_what_to_do(world, url):
    world.say("Geht PayPal?", channel="wordpress", author="jule")
    heard = desk(url, world, **SIGNED_IN)
    heard.run()
    answered(heard, "Ja")
    with pytest.raises(SourceError, match="already said that") as caught:
        answered(heard, "Ja")
    assert "write it in others" in caught.value.advice


def test_verify_says_where_and_as_whom(world, url):
    for heard, said in (
        (desk(url, world, **SIGNED_IN), "as Kastanie Möbel"),
        (desk(url, world, token=False), "Kastanie Möbel ("),
    ):
        with heard.client() as client:
            assert said in wordpress.verify(client, heard.stage.source)


def refused(status: int, body: object, headers: dict[str, str] | None = None) -> SourceError:
    """Return the error of a site that answers everything so."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=content, headers=headers))
    client = Client(
        "https://b.example", platform="wordpress", refusal=wordpress_refusals.refusal, transport=transport, sleep=lambda _: None
    )
    with client, pytest.raises(SourceError) as caught:
        client.get_json("/wp-json/wp/v2/comments")
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "error", "advice"),
    [
        pytest.param(401, "rest_forbidden_param", SourceDenied, "Editor", id="no right to see what waits"),
        pytest.param(403, "rest_forbidden_context", SourceDenied, "Editor", id="no right to see raw texts"),
        pytest.param(401, "incorrect_password", SourceDenied, "Application Passwords", id="wrong application password"),
        pytest.param(401, "rest_not_logged_in", SourceDenied, "Authorization header", id="wrong or swallowed password"),
        pytest.param(403, "rest_comment_closed", SourceDenied, "closed", id="comments closed"),
        pytest.param(404, "rest_no_route", SourceGone, "Permalinks", id="no such route"),
        pytest.param(409, "comment_duplicate", SourceError, "in others", id="said before"),
    ],
)
def test_refusals_in_wordpress_words_say_what_to_do(status, code, error, advice):
    caught = refused(status, {"code": code, "message": "Sorry &amp; no.", "data": {"status": status}})
    assert type(caught) is error
    assert f"b.example answered {status}: Sorry & no." in str(caught)
    assert advice in caught.advice


def test_a_flood_is_waited_out():
    caught = refused(400, {"code": "comment_flood", "message": "Slow down.", "data": {"status": 400}})
    assert isinstance(caught, SourceBusy)
    assert caught.retry_at


def test_a_site_without_pretty_addresses_is_told_about_permalinks():
    caught = refused(404, b"<html><title>Nothing found</title></html>")
    assert isinstance(caught, SourceGone)
    assert "anything but Plain" in caught.advice


def test_an_answer_whose_receipt_is_unreadable_may_have_arrived():
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"post": 4})
        return httpx.Response(201, content=b'<b>Warning</b>: Undefined index in plugin.php {"id": 5}')

    with (
        Client("https://b.example", platform="wordpress", transport=httpx.MockTransport(respond)) as client,
        pytest.raises(SourceGarbled) as caught,
    ):
        wordpress_rest.send(client, ReplyTo("b.example/4", "b.example/4", "comment"), "Ja")
    assert caught.value.uncertain


def test_pages_shortened_by_what_we_may_not_see_do_not_end_the_walk():
    said = datetime(2026, 3, 1, tzinfo=UTC)
    full = [
        {"id": n + 1, "date_gmt": f"{said + timedelta(seconds=n):%Y-%m-%dT%H:%M:%S}", "content": {"rendered": f"<p>{n}</p>"}}
        for n in range(300)
    ]

    def respond(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["offset"])
        seen = [one for one in full[start : start + 100] if not 90 <= one["id"] < 200]  # comments below a private post
        return httpx.Response(200, json=seen, headers={"X-WP-Total": "300"})

    window = Window(said + timedelta(days=1), said - timedelta(days=1))
    with Client("https://b.example", platform="wordpress", transport=httpx.MockTransport(respond)) as client:
        pages = list(wordpress.pull(client, source("https://b.example", token=False), None, window))
    assert len({one.native_id for page in pages for one in page.mentions}) == 300 - 110


def test_the_recorded_comment_becomes_a_mention_with_its_words_author_time_and_link():
    if not RECORDED.exists():
        pytest.skip("the recordings of real servers are not here")
    items = json.loads(RECORDED.read_text(encoding="utf-8"))
    respond = httpx.MockTransport(lambda request: httpx.Response(200, json=items, headers={"X-WP-Total": str(len(items))}))
    window = Window(datetime(2017, 3, 1, tzinfo=UTC), datetime(2017, 1, 1, tzinfo=UTC))
    with Client("https://b.example", platform="wordpress", transport=respond) as client:
        pages = list(wordpress.pull(client, source("https://b.example", token=False), None, window))
    mentions = [one for page in pages for one in page.mentions]
    assert len(mentions) == len(items) == 1
    assert not any(page.broken for page in pages)
    [mention], [item] = mentions, items
    assert mention.native_id == f"b.example/{item['id']}"
    assert mention.text == item["content"]["rendered"].strip().removeprefix("<p>").removesuffix("</p>")
    assert mention.author is not None
    assert (mention.author.name, mention.author.url) == (item["author_name"], item["author_url"])
    assert mention.author.native_id.removeprefix("gravatar/") in item["author_avatar_urls"]["24"]
    assert mention.said_at == datetime.fromisoformat(item["date_gmt"] + "+00:00")
    assert mention.url == item["link"]
    assert mention.conversation == mention.native_id
