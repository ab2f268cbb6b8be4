"""Any JSON over HTTP: every way of paging, both orders, dotted paths, and options refused with words that help."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceGarbled
from desk.mention import Mention
from desk.source import Source
from listeners.contract import Broken, Page, Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "rss_atom" / "json_feed.json"
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
FIELDS = {
    "text": "content.text",
    "title": "content.headline",
    "id": "id",
    "time": "created",
    "edited": "changed",
    "author": "user.name",
    "author_id": "user.id",
    "stars": "rating",
    "parent": "in_reply_to",
    "ours": "staff",
    "language": "lang",
}
NEWEST_BY_PAGE = {"paging": "page", "size_param": "size", "query": {"order": "desc"}}
OLDEST_BY_CURSOR = {"paging": "cursor", "page_param": "after", "next": "meta.after", "order": "oldest", "query": {"order": "asc"}}
WAYS: dict[str, dict[str, Any]] = {
    "page": NEWEST_BY_PAGE,
    "offset": {"paging": "offset"},
    "cursor": {"paging": "cursor", "page_param": "after", "next": "meta.after"},
    "link": {"paging": "link"},
    "next url": {"paging": "next_url", "next": "meta.next"},
    "since": {"paging": "cursor", "page_param": "after", "next": "meta.after", "since_param": "since"},
    "oldest": OLDEST_BY_CURSOR,
    "oldest since": OLDEST_BY_CURSOR | {"since_param": "since"},
    "post": {
        "path": "/search",
        "body": {"filter": {"order": "desc"}},
        "paging": "cursor",
        "page_param": "filter.after",
        "next": "meta.after",
        "size_param": "filter.size",
    },
}


def source(url: str, **options: object) -> Source:
    options = {"path": "/feedback", "items": "data.items", "fields": FIELDS} | options
    return Source(name="feedback", platform="json", base_url=url, token_env="T", options=options)


class TestNewestFirst(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/json_api", **NEWEST_BY_PAGE), {"T": TOKEN}, "json")


class TestOldestFirst(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/json_api", **OLDEST_BY_CURSOR, size_param="size"), {"T": TOKEN}, "json")


class TestByPost(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/json_api", **WAYS["post"]), {"T": TOKEN}, "json")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield f"{address}/json_api"


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"T": TOKEN}, "json"), world.clock)


def pages(body: Any, since: datetime = datetime(2000, 1, 1, tzinfo=UTC), **options: object) -> list[Page]:
    found = listeners.listener("json")
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    with Client("http://api.example", platform="json", transport=transport, sleep=lambda _: None) as client:
        return list(found.pull(client, source("http://api.example", **options), None, Window(NOW, since)))


def mention(item: dict[str, Any], fields: dict[str, Any], **options: object) -> Mention:
    (one,) = (one for page in pages([item], items="", fields=fields, **options) for one in page.mentions)
    return one


def refused(item: dict[str, Any], fields: dict[str, Any], **options: object) -> Broken:
    (one,) = (one for page in pages([item], items="", fields=fields, **options) for one in page.broken)
    return one


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_paging_brings_everything_once(url, world, way):
    texts = []
    for number in range(130):
        world.clock.sleep(1)
        texts.append(world.say(f"Nachricht {number:03d}", channel="json").text)
    listening = desk(url, world, **WAYS[way])
    listening.run_until_whole()
    assert [one.text for one in listening.order] == texts
    world.clock.sleep(60)
    world.say("danach", channel="json")
    listening.run()
    assert [one.text for one in listening.order] == [*texts, "danach"]


def test_pages_before_the_cursor_cost_no_budget(url, world):
    for number in range(200):
        world.clock.sleep(300)
        world.say(f"{number}", channel="json")
    listening = desk(url, world, **OLDEST_BY_CURSOR)
    listening.run_until_whole(budget=2)
    assert len(listening.heard) == 200


def test_an_item_is_mapped_whole(url, world):
    first = world.say(
        "Das Sofa quietscht", channel="json", author="jule", name="Jule K.", stars=2, title="Sofa", language="de-DE"
    )
    world.say("Das tut uns leid", channel="json", author="kastanie", parent=first.key, ours=True)
    listening = desk(url, world)
    listening.run()
    review, answer = listening.order
    assert (review.title, review.text, review.stars, review.rating) == ("Sofa", "Das Sofa quietscht", 2.0, "2/5")
    assert review.author is not None
    assert (review.author.native_id, review.author.handle, review.author.name) == ("feedback/jule", "jule", "Jule K.")
    assert (review.native_id, review.conversation, review.language, review.ours) == ("feedback/1", "feedback/1", "de", False)
    assert (answer.parent, answer.conversation, answer.ours) == ("feedback/1", "feedback/1", True)


MINIMAL = {"text": "t", "time": "at"}
AT = "2026-08-30T10:00:00Z"


@pytest.mark.parametrize(
    ("given", "scale", "stars", "rating"),
    [
        (10, [0, 10], 5.0, "10/10"),
        (0, [0, 10], 1.0, "0/10"),
        ("7,5", [0, 10], 4.0, "7.5/10"),
        (1, [6, 1], 5.0, "1/1"),
        (4, [1, 5], 4.0, "4/5"),
        ("★★★☆☆", [1, 5], 3.0, "★★★☆☆"),
        ("8/10", [1, 5], 4.0, "8/10"),
    ],
)
def test_stars_come_from_any_scale(given, scale, stars, rating):
    one = mention({"t": "x", "at": AT, "s": given}, MINIMAL | {"stars": "s"}, scale=scale)
    assert (one.stars, one.rating) == (stars, rating)


def test_a_rating_outside_the_scale_is_refused_with_what_to_do():
    assert "set scale" in refused({"t": "x", "at": AT, "s": 9}, MINIMAL | {"stars": "s"}).reason


@pytest.mark.parametrize(
    ("written", "options", "meant"),
    [
        ("2026-08-30T12:00:00+02:00", {}, "2026-08-30T10:00:00+00:00"),
        ("2026-08-30 12:00:00", {"time_zone": "Europe/Berlin"}, "2026-08-30T10:00:00+00:00"),
        ("30.08.2026 12:00", {"time_zone": "Europe/Berlin"}, "2026-08-30T10:00:00+00:00"),
        ("08/09/2026 10:00", {"month_first": True}, "2026-08-09T10:00:00+00:00"),
        (1788084000, {}, "2026-08-30T10:00:00+00:00"),
        (1788084000000, {}, "2026-08-30T10:00:00+00:00"),
        ("Sun, 30 Aug 2026 10:00:00 GMT", {}, "2026-08-30T10:00:00+00:00"),
    ],
)
def test_times_are_read_as_they_are_written(written, options, meant):
    assert mention({"t": "x", "at": written}, MINIMAL, **options).said_at == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    ("item", "fields", "reason"),
    [
        pytest.param({"a": "x", "at": AT}, MINIMAL, 'fields.text: there is nothing at "t"; the item has: a, at', id="no text"),
        pytest.param({"t": "x"}, MINIMAL, 'fields.time: there is nothing at "at"; the item has: t', id="no time"),
        pytest.param({"t": "x", "at": "gestern"}, MINIMAL, '"gestern" is not a date', id="no date"),
        pytest.param({"t": {"de": "x"}, "at": AT}, MINIMAL, "fields.text leads to a table with de", id="a table"),
    ],
)
def test_an_item_that_cannot_be_read_is_kept_with_what_to_do(item, fields, reason):
    assert reason in refused(item, fields).reason


def test_a_rating_without_words_is_no_mention():
    assert pages([{"at": AT, "s": 5}, {"t": None, "at": AT}], items="", fields=MINIMAL | {"stars": "s"}) == []


def test_words_may_come_from_several_places_and_lists():
    item = {"good": "Lieferung", "bad": None, "answers": [{"a": "eins"}, {"b": 2}, {"a": "drei"}], "at": AT, "k": "Bug"}
    one = mention(item, MINIMAL | {"text": ["good", "bad", "answers.*.a"], "kind": "k"}, kinds={"Bug": "post"})
    assert (one.text, one.kind) == ("Lieferung\neins\ndrei", "post")
    assert mention({"t": "x", "at": AT, "k": "Bewertung"}, MINIMAL | {"kind": "k"}).kind == "review"
    assert mention({"a.b": {"c": 1}, "t": "x", "at": AT}, MINIMAL | {"id": "a.b.c"}, ids="z").native_id.startswith("z/")


def test_html_links_attachments_and_our_authors_are_understood():
    item = {"t": "<p>Hallo&nbsp;<b>du</b></p>", "at": AT, "n": 7, "who": "Team", "files": ["https://a.example/1.png", 3]}
    fields = MINIMAL | {"id": "n", "author": "who", "attachments": "files"}
    one = mention(item, fields, html=True, link="https://app.example/{id}", our_authors=["team"])
    assert one.text.split() == ["Hallo", "du"]
    assert (one.url, one.ours, one.attachments) == ("https://app.example/7", True, ("https://a.example/1.png",))


def test_an_answer_in_the_item_is_a_mention_of_ours():
    item = {"t": "schlecht", "at": AT, "n": 7, "reply": {"text": "schade", "at": "2026-08-31T10:00:00Z"}}
    fields = MINIMAL | {"id": "n", "answer": "reply.text", "answer_time": "reply.at"}
    review, answer = (one for page in pages([item], items="", fields=fields, kind="review") for one in page.mentions)
    assert (answer.native_id, answer.parent, answer.ours, answer.kind) == ("feedback/7/answer", review.native_id, True, "review")
    assert answer.said_at == datetime(2026, 8, 31, 10, tzinfo=UTC)


def test_an_item_without_an_id_is_the_same_one_each_time():
    item, changed = ({"t": "x", "at": AT, "likes": likes} for likes in (1, 2))
    assert mention(item, MINIMAL).native_id == mention(changed, MINIMAL).native_id
    assert mention(item, MINIMAL).native_id != mention(item | {"t": "y"}, MINIMAL).native_id


@pytest.mark.parametrize(
    "body",
    [pytest.param({"rows": []}, id="another name"), pytest.param({"data": None, "errors": [{"message": "x"}]}, id="GraphQL")],
)
def test_an_answer_without_the_list_is_an_error_that_names_what_is_there(body):
    with pytest.raises(SourceGarbled, match=r'no list at "data.items"') as caught:
        pages(body)
    assert sorted(body)[0] in caught.value.advice


def test_an_empty_list_is_nothing_new():
    assert pages({"data": {"items": []}}) == pages({"data": {"items": None}}) == []


def test_a_short_list_without_pages_is_no_proof_of_deletions():
    window = Window(NOW, NOW - timedelta(days=31), known={"feedback/0": NOW - timedelta(minutes=5)})
    body = [{"n": 1, "t": "x", "at": NOW.isoformat()}]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    heard = {}
    for deletions in (None, True):
        one = source("http://a.example", items="", fields=MINIMAL | {"id": "n"}, deletions=deletions)
        with Client("http://a.example", platform="json", transport=transport) as client:
            found = list(listeners.listener("json").pull(client, one, None, window))
            heard[deletions] = [gone for page in found for gone in page.deleted]
    assert heard == {None: [], True: ["feedback/0"]}


@pytest.mark.parametrize(
    ("options", "secrets", "header", "value"),
    [
        ({}, {"token": "t"}, "authorization", "Bearer t"),
        ({"auth": "header", "auth_name": "X-Api-Key", "headers": {"X-Shop": "1"}}, {"token": "t"}, "x-api-key", "t"),
        ({"auth": "basic"}, {"user": "a", "password": "b"}, "authorization", "Basic YTpi"),
        ({"auth": "query", "auth_name": "key"}, {"token": "t"}, "?", "key=t"),
        ({"headers": {"X-Shop": "1"}}, {}, "x-shop", "1"),
    ],
)
def test_the_credential_is_shown_as_the_server_wants_it(options, secrets, header, value):
    def respond(request: httpx.Request) -> httpx.Response:
        assert value in (request.url.query.decode() if header == "?" else request.headers[header])
        return httpx.Response(200, json=[])

    found = listeners.listener("json")
    one = source("http://a.example", items="", **options)
    assert found.access
    access = found.access(one, secrets)
    with Client("http://a.example", platform="json", access=access, transport=httpx.MockTransport(respond)) as client:
        assert list(found.pull(client, one, None, Window(NOW, NOW - timedelta(days=1)))) == []


def test_basic_without_a_password_names_what_is_missing():
    access = listeners.listener("json").access
    assert access
    with pytest.raises(ConfigurationError, match="password_env"):
        access(source("http://a.example", auth="basic"), {"user": "a"})


def test_since_is_written_as_the_server_wants_it():
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["from"])
        return httpx.Response(200, json=[])

    for form in ("iso", "date", "seconds", "milliseconds", "plain"):
        one = source("http://a.example", items="", since_param="from", since_format=form, time_zone="Europe/Berlin")
        with Client("http://a.example", platform="json", transport=httpx.MockTransport(respond)) as client:
            list(listeners.listener("json").pull(client, one, None, Window(NOW, NOW)))
    assert asked == ["2026-09-01T14:00:00+02:00", "2026-09-01", "1788264000", "1788264000000", "2026-09-01 14:00:00"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fields": {"text": "t"}}, "fields.time"),
        ({"fields": {"text": "", "time": "at"}}, "fields.text"),
        ({"fields": MINIMAL | {"txt": "t"}}, "fields"),
        ({"paging": "cursor"}, "page_param"),
        ({"paging": "next_url"}, "next"),
        ({"paging": "link", "body": {}}, "leave body out"),
        ({"auth": "header"}, "auth_name"),
        ({"fields": MINIMAL, "sorted_by": "edited"}, "fields.edited"),
        ({"scale": [1, 1]}, "scale"),
        ({"link": "https://a.example"}, "{id}"),
        ({"time_zone": "Berlin"}, "Europe/Berlin"),
        ({"kind": "tweet"}, "kind"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_what_to_write(options, said):
    with pytest.raises(ConfigurationError) as caught:
        listeners.check(source("http://a.example", **options))
    assert said in str(caught.value)


def test_a_source_without_a_server_is_refused():
    one = source("http://a.example").model_copy(update={"base_url": None})
    with Client("http://localhost", platform="json") as client, pytest.raises(ConfigurationError, match="base_url is missing"):
        list(listeners.listener("json").pull(client, one, None, Window(NOW, NOW)))


def test_verify_counts_the_items_or_says_what_is_wrong_with_them(url, world):
    world.say("hallo", channel="json")
    verify = listeners.listener("json").verify
    assert verify
    with desk(url, world).client() as client:
        assert verify(client, source(url)).endswith(": 1 items")
        with pytest.raises(SourceGarbled, match="none can be read") as caught:
            verify(client, source(url, fields={"text": "body", "time": "created"}))
    assert 'there is nothing at "body"' in caught.value.advice


@pytest.mark.skipif(not RECORDED.exists(), reason="the recordings of real servers are not here")
def test_a_recorded_json_feed_is_heard_whole():
    feed = json.loads(RECORDED.read_text(encoding="utf-8"))
    fields = {"text": "content_html", "title": "title", "id": "id", "time": "date_published", "url": "url"}
    found = pages(feed, items="items", fields=fields, html=True, kind="post", paging="next_url", next="next_url")
    mentions = [one for page in found for one in page.mentions]
    assert not any(page.broken for page in found)
    assert {one.native_id for one in mentions} == {f"feedback/{item['id']}" for item in feed["items"]}
    by_id = {f"feedback/{item['id']}": item for item in feed["items"]}
    for one in mentions:
        item = by_id[one.native_id]
        assert one.said_at == datetime.fromisoformat(item["date_published"])
        assert (one.url, one.title) == (item["url"], item.get("title") or "")
        assert one.text
        assert "</p>" not in one.text
