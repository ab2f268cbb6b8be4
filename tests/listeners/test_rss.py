"""Feeds: everything a feed shows is heard once, versions are asked for, Google's wrapping and odd XML are undone."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceGarbled, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners.batches import moment
from listeners.contract import Page, Window
from listeners.http import Client
from listeners.rss.entries import native_id_of, unwrapped
from listeners.rss.reading import Memory
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import World
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "rss_atom"
SITE = "https://blog.kastanie.example"
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


def source(url: str | None = None, **options: object) -> Source:
    return Source(name="feed", platform="rss", base_url=url, options={"feeds": [f"{SITE}/feed.xml"]} | options)


class TestFeed(ListenerContract):
    notices_deletions = False

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/rss"), {}, "rss")


class TestFeedWithComments(ListenerContract):
    notices_deletions = False
    hears_replies = True
    backlog = 300

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/rss", comments=True), {}, "rss")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def mischief() -> Mischief:
    return Mischief()


@pytest.fixture
def url(world: World, mischief: Mischief) -> Iterator[str]:
    with running(world, mischief) as address:
        yield f"{address}/rss"


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {}, "rss"), world.clock)


def heard(
    respond: Any, cursor: str | None = None, since: datetime = datetime(2000, 1, 1, tzinfo=UTC), **options: Any
) -> list[Page]:
    window = Window(NOW, since)
    found = listeners.listener("rss")
    with Client(
        SITE, platform="rss", refusal=found.refusal, transport=httpx.MockTransport(respond), sleep=lambda _: None
    ) as client:
        return list(found.pull(client, source(**options), cursor, window))


def atom(*entries: str, head: str = "") -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{"".join(entries)}</feed>'.encode()


def mentions(pages: list[Page]) -> list[Mention]:
    return [one for page in pages for one in page.mentions]


def test_a_feed_that_has_not_changed_is_not_sent_again(url, world):
    world.say("neu", channel="rss")
    listening = desk(url, world)
    listening.run()
    pages = listening.pages
    listening.run()
    assert listening.pages == pages
    assert listening.requests == 1


def test_the_version_is_forgotten_as_long_as_not_all_of_it_was_kept(url, world):
    for number in range(120):
        world.say(f"{number}", channel="rss")
        world.clock.sleep(1)
    listening = desk(url, world)
    listening.run(budget=1)
    assert listening.behind
    assert Memory.model_validate_json(listening.cursor).versions == {}
    listening.run_until_whole()
    assert len(listening.heard) == 120
    assert Memory.model_validate_json(listening.cursor).versions


@pytest.mark.parametrize("header", ["etag", "last-modified"])
def test_etag_and_last_modified_are_given_back_as_they_came(header):
    asked: list[dict[str, str]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.headers))
        again = request.headers.get("if-none-match") or request.headers.get("if-modified-since")
        value = 'W/"x"' if header == "etag" else "Tue, 01 Sep 2026 10:00:00 GMT"
        if again:
            return httpx.Response(304 if again == value else 500)
        return httpx.Response(200, content=atom("<entry><id>a:1</id><title>t</title></entry>"), headers={header: value})

    first = heard(respond)
    assert len(mentions(first)) == 1
    assert heard(respond, first[-1].cursor) == []
    assert len(asked) == 2


def test_comments_below_an_entry_join_its_conversation(url, world):
    post = world.say("Unser neues Sofa", channel="rss", author="Redaktion")
    first = world.say("zu teuer", channel="rss", author="jule", parent=post.key)
    world.say("finde ich auch", channel="rss", author="tom", parent=first.key)
    listening = desk(url, world, comments=True, ours=["redaktion"])
    listening.run()
    by_text = {mention.text: mention for mention in listening.order}
    root = by_text["Unser neues Sofa"]
    assert {mention.conversation for mention in listening.order} == {root.native_id}
    assert [(one.kind, one.ours) for one in (root, by_text["zu teuer"])] == [("post", True), ("comment", False)]
    assert by_text["zu teuer"].parent == root.native_id
    assert by_text["finde ich auch"].parent == by_text["zu teuer"].native_id


def test_comments_are_asked_for_again_only_where_their_number_changed(url, world):
    posts = [world.say(f"Beitrag {number}", channel="rss") for number in range(5)]
    world.say("erster", channel="rss", parent=posts[0].key)
    listening = desk(url, world, comments=True)
    listening.run()
    assert listening.requests == 2
    listening.run()
    assert listening.requests == 1
    world.say("zweiter", channel="rss", parent=posts[0].key)
    listening.run()
    assert listening.requests == 2
    assert "zweiter" in listening.texts()


def test_a_comment_feed_that_is_gone_silences_no_other(url, world, mischief):
    for number in range(2):
        post = world.say(f"Beitrag {number}", channel="rss")
        world.say(f"Kommentar {number}", channel="rss", parent=post.key)
    mischief.order("404", path="/comments")
    listening = desk(url, world, comments=True)
    listening.run()
    assert sum("Kommentar" in text for text in listening.texts()) == 1
    listening.run()
    assert sum("Kommentar" in text for text in listening.texts()) == 2


def test_the_credential_is_not_shown_to_a_comment_feed_of_another_server():
    hosts = []

    def respond(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        talk = '<c:commentRss xmlns:c="http://wellformedweb.org/CommentAPI/">https://evil.example/x</c:commentRss>'
        return httpx.Response(200, content=atom(f"<entry><id>a:1</id><title>t</title>{talk}</entry>"))

    heard(respond, comments=True)
    assert hosts == ["blog.kastanie.example"]


def test_plain_rss_without_ids_is_known_by_its_links(url, world):
    world.say("Das Regal wackelt\nsehr", channel="rss", title="Regal & Co")
    listening = desk(url, world, feeds=[f"{SITE}/feed.rss"], kind="comment")
    listening.run()
    listening.run()
    (mention,) = listening.order
    assert mention.native_id == mention.url == f"{SITE}/said-000001"
    assert (mention.title, mention.text, mention.language) == ("Regal & Co", "Das Regal wackelt\nsehr", "de")
    assert mention.kind == "comment"
    assert mention.said_at == world.items["said-000001"].said_at


def test_a_google_alert_is_unwrapped():
    entry = (
        "<entry><id>tag:google.com,2013:googlealerts/feed:1</id>"
        '<title type="html">&lt;b&gt;Kastanie&lt;/b&gt; Möbel im Test</title>'
        '<link href="https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://news.example/a%3Fb%3D1&amp;ct=ga"/>'
        "<published>2026-08-30T10:00:00Z</published><updated>2026-08-30T10:00:00Z</updated>"
        '<content type="html">Die &lt;b&gt;Kastanie&lt;/b&gt; überzeugt&amp;nbsp;...</content></entry>'
    )
    (mention,) = mentions(heard(lambda _: httpx.Response(200, content=atom(entry))))
    assert mention.title == "Kastanie Möbel im Test"
    assert mention.text.startswith("Die Kastanie überzeugt")
    assert mention.url == "https://news.example/a?b=1"
    assert mention.edited_at is None


def test_an_older_page_of_another_server_is_not_asked_for():
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        head = '<link rel="next" href="https://evil.example/feed"/>'
        return httpx.Response(200, content=atom("<entry><id>a:1</id><title>t</title></entry>", head=head))

    assert len(mentions(heard(respond))) == 1
    assert asked == ["blog.kastanie.example"]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://www.google.de/url?url=https://a.example/&x=1", "https://a.example/"),
        ("https://google.co.uk/url?q=https://a.example/", "https://a.example/"),
        ("https://evil.example/url?url=https://a.example/", "https://evil.example/url?url=https://a.example/"),
        ("https://www.google.com/url?x=1", "https://www.google.com/url?x=1"),
    ],
)
def test_only_google_is_unwrapped(link, target):
    assert unwrapped(link) == target


@pytest.mark.parametrize(
    ("entry", "native_id"),
    [
        pytest.param({"id": "tag:x,1:2", "link": "https://x.example/1"}, "tag:x,1:2", id="an id of its own"),
        pytest.param({"id": "4711"}, "x.example/4711", id="a number that another feed may use too"),
        pytest.param({"link": "https://x.example/1"}, "https://x.example/1", id="the link"),
    ],
)
def test_an_entry_is_known_by_id_then_link(entry, native_id):
    assert native_id_of(entry, "x.example") == native_id


def test_an_entry_with_neither_id_nor_link_is_known_by_its_words():
    one, other = ({"title": title, "published": "1 Jan"} for title in ("a", "b"))
    assert native_id_of(one, "x") == native_id_of(dict(one, summary="longer today"), "x") != native_id_of(other, "x")
    assert len(native_id_of({"id": "x:" + "y" * 2_000}, "x")) <= 500


def test_an_entry_without_a_date_keeps_the_time_it_was_first_seen():
    feed = atom("<entry><id>a:1</id><title>ohne Datum</title></entry>")
    pages = heard(lambda _: httpx.Response(200, content=feed))
    (mention,) = mentions(pages)
    assert mention.said_at == NOW
    later = Window(NOW + timedelta(days=2), NOW - timedelta(days=30))
    with Client(SITE, platform="rss", transport=httpx.MockTransport(lambda _: httpx.Response(200, content=feed))) as client:
        again = mentions(list(listeners.listener("rss").pull(client, source(), pages[-1].cursor, later)))
    assert [one.said_at for one in again] == [NOW]


def test_what_is_older_than_the_source_wants_stays_unheard_in_every_run():
    feed = atom(
        "<entry><id>a:1</id><title>alt</title><updated>2020-01-01T00:00:00Z</updated></entry>",
        "<entry><id>a:2</id><title>neu</title><updated>2026-08-31T00:00:00Z</updated></entry>",
    )
    pages = heard(lambda _: httpx.Response(200, content=feed), since=NOW - timedelta(days=31))
    again = heard(lambda _: httpx.Response(200, content=feed), pages[-1].cursor, since=NOW - timedelta(days=31))
    assert [one.title for one in mentions(pages)] == [one.title for one in mentions(again)] == ["neu"]


def test_a_date_that_cannot_be_read_is_no_date():
    feed = atom("<entry><id>a:1</id><title>gut</title><updated>gestern</updated></entry>")
    assert [(one.title, one.said_at) for one in mentions(heard(lambda _: httpx.Response(200, content=feed)))] == [("gut", NOW)]


def test_a_feed_in_another_encoding_is_read():
    head = '<?xml version="1.0" encoding="iso-8859-1"?><rss version="2.0"><channel>'
    feed = f"{head}<item><title>Schön</title><link>a:b</link></item></channel></rss>".encode("latin-1")
    assert [one.title for one in mentions(heard(lambda _: httpx.Response(200, content=feed)))] == ["Schön"]


def test_what_is_no_feed_is_refused():
    with pytest.raises(SourceGarbled, match="cannot be read"):
        heard(lambda _: httpx.Response(200, content=b"<html></feed>"))


def test_one_feed_that_fails_silences_no_other():
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/bad":
            return httpx.Response(404)
        return httpx.Response(200, content=atom("<entry><id>a:1</id><title>gut</title></entry>"))

    pages: list[Page] = []
    two = source(feeds=[f"{SITE}/bad", f"{SITE}/good"])
    with Client(SITE, platform="rss", transport=httpx.MockTransport(respond), sleep=lambda _: None) as client:
        walk = listeners.listener("rss").pull(client, two, None, Window(NOW, NOW - timedelta(days=31)))
        with pytest.raises(SourceGone, match="/bad"):
            pages.extend(walk)
    assert [one.title for one in mentions(pages)] == ["gut"]


def test_a_protected_feed_is_asked_with_name_and_password():
    protected = source().model_copy(update={"secrets": {"user": "U", "password": "P"}})
    made = listeners.listener("rss").access
    assert made
    assert made(protected, {"user": "a", "password": "b"}).headers(None) == {"Authorization": "Basic YTpi"}  # type: ignore[arg-type]
    assert made(protected, {"token": "t"}).headers(None) == {"Authorization": "Bearer t"}  # type: ignore[arg-type]


def test_verify_says_which_feed_it_reaches(url, world):
    world.say("hallo", channel="rss")
    with desk(url, world).client() as client:
        verify = listeners.listener("rss").verify
        assert verify
        assert verify(client, source(url)) == "Kastanie (1)"


@pytest.mark.parametrize("feeds", [[], ["blog.example/feed"]])
def test_a_source_without_an_address_is_refused(feeds):
    with pytest.raises(ConfigurationError, match="feeds"):
        listeners.check(source(feeds=feeds))


needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of real servers are not here")


@needs_recordings
@pytest.mark.parametrize(
    ("name", "entries", "authors", "texts"),
    [
        ("AtomEscapedHTMLInPreTag.xml", 1, 0, 1),
        ("AtomFeedWithSpacesAroundEquals.xml", 1, 1, 1),
        ("DuplicateContentAtomFeed.xml", 10, 10, 10),
        ("FeedBurnerXHTML.xml", 10, 10, 10),
        ("RSSWithComments.xml", 30, 0, 30),
        ("TypePadNews.xml", 10, 10, 10),
        ("a10.xml", 5, 5, 5),
        ("cdata_rss.atom", 10, 10, 10),
        ("github_rss.atom", 20, 20, 20),
        ("rss_entries.xml", 30, 30, 12),
        ("slickdeals.atom", 79, 0, 0),
        ("youtube_atom.xml", 15, 15, 15),
    ],
)
def test_every_recorded_entry_becomes_a_mention_with_its_words_author_time_and_link(name, entries, authors, texts):
    body = (RECORDINGS / name).read_bytes()
    pages = heard(lambda _: httpx.Response(200, content=body))
    found = mentions(pages)
    assert not any(page.broken for page in pages)
    assert len({mention.native_id for mention in found}) == entries
    assert sum(mention.author is not None for mention in found) == authors
    assert sum(bool(mention.text) for mention in found) == texts
    assert all(mention.title for mention in found)
    assert all(mention.url for mention in found) or name == "AtomEscapedHTMLInPreTag.xml"
    assert not any("</p>" in mention.text for mention in found)
    times = Counter(mention.said_at == NOW for mention in found)
    assert times[True] == (1 if name == "AtomEscapedHTMLInPreTag.xml" else 0)
    moments = [moment(mention) for mention in found]
    assert moments == sorted(moments)
