"""What real servers once answered goes through the listeners: every item is a mention with the right words, or is explained."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from desk.mention import Mention
from desk.source import Source
from listeners import listener
from listeners.contract import Page, Window
from listeners.http import Client
from listeners.mastodon.statuses import Here, to_mention

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings"
MASTODON = RECORDINGS / "_replay" / "mastodon.jsonl"
APPLE = RECORDINGS / "apple_app_store" / "itunes_rss_customerreviews_jp_page1.xml"

needs_recordings = pytest.mark.skipif(not MASTODON.exists(), reason="the recordings of real servers are not here")
pytestmark = needs_recordings


def answers() -> list[dict[str, Any]]:
    return [json.loads(line) for line in MASTODON.read_text(encoding="utf-8").splitlines()]


def statuses(thing: object) -> Iterator[dict[str, Any]]:
    """Yield every status in a recorded answer, however deep."""
    if isinstance(thing, dict):
        if {"content", "account", "visibility", "created_at"} <= thing.keys():
            yield thing
        for value in thing.values():
            yield from statuses(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from statuses(value)


def recorded_statuses() -> list[dict[str, Any]]:
    found = []
    for answer in answers():
        try:
            found += list(statuses(json.loads(answer["body"])))
        except ValueError:
            continue
    return found


def heard(platform: str, source: Source, respond: Any, since: datetime) -> list[Page]:
    window = Window(datetime(2026, 9, 1, tzinfo=UTC), since, timedelta(hours=2), 50)
    with Client("http://recorded", platform=platform, transport=httpx.MockTransport(respond), sleep=lambda _: None) as client:
        return list(listener(platform).pull(client, source, None, window))


def test_every_recorded_status_becomes_a_mention_with_its_words_author_time_and_link():
    found = recorded_statuses()
    assert len(found) > 200
    for status in found:
        mention = to_mention(status, Here("recorded"), str(status["id"]))
        said = status["reblog"] or status
        assert mention.native_id == f"recorded/{said['id']}"
        assert mention.author is not None
        assert mention.author.handle == said["account"]["acct"]
        assert mention.said_at == datetime.fromisoformat(said["created_at"])
        assert mention.url == (said["url"] or said["uri"])
        assert "<p>" not in mention.text
        words = set(re.findall(r"[a-zäöü]{4,}", re.sub(r"<[^>]+>", " ", said["content"]).lower()))
        assert len(words - set(re.findall(r"[a-zäöü]{4,}", mention.text.lower()))) <= len(words) * 0.5
        assert mention.kind == ("dm" if said["visibility"] == "direct" else "comment" if said["in_reply_to_id"] else "post")


def test_a_recorded_hashtag_timeline_is_heard_whole():
    pages = [
        json.loads(answer["body"])
        for answer in answers()
        if "test_pagination_iterator" in answer["source"] and "/timelines/tag/" in answer["url"] and answer["status"] == 200
    ]
    items = {item["id"]: item for page in pages for item in page}
    assert items

    def respond(request: httpx.Request) -> httpx.Response:
        if "/timelines/tag/" in request.url.path:
            low = int(request.url.params.get("min_id", 0))
            newer = sorted((item for item in items.values() if int(item["id"]) > low), key=lambda item: int(item["id"]))
            return httpx.Response(200, json=newer[: int(request.url.params["limit"])][::-1])
        if request.url.path.endswith("/context"):
            return httpx.Response(200, json={"ancestors": [], "descendants": []})
        return httpx.Response(404, json={"error": "Record not found"})

    source = Source(name="tag", platform="mastodon", options={"hashtags": ["hoot"]})
    first = min(datetime.fromisoformat(item["created_at"]) for item in items.values())
    mentions = [one for page in heard("mastodon", source, respond, first - timedelta(days=1)) for one in page.mentions]
    assert {mention.native_id for mention in mentions} == {f"recorded/{item}" for item in items}


@pytest.mark.parametrize(
    ("part", "path"), [("test_entity_notification", "/api/v1/notifications"), ("test_notifications.", "/api/v1/notifications")]
)
def test_recorded_notifications_bring_the_mentions_among_them(part, path):
    lists = [
        json.loads(a["body"])
        for a in answers()
        if part in a["source"] and a["url"].split("?")[0].endswith(path) and a["status"] == 200
    ]
    items = [item for page in lists for item in page if item["type"] == "mention"]

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == path:
            low = int(request.url.params.get("min_id", 0))
            return httpx.Response(200, json=[item for item in items if int(item["id"]) > low])
        if request.url.path.endswith("/context"):
            return httpx.Response(200, json={"ancestors": [], "descendants": []})
        return httpx.Response(404, json={"error": "Record not found"})

    source = Source(name="us", platform="mastodon", options={"mentions": True})
    mentions = [one for page in heard("mastodon", source, respond, datetime(2000, 1, 1, tzinfo=UTC)) for one in page.mentions]
    assert {mention.native_id for mention in mentions} == {f"recorded/{item['status']['id']}" for item in items if item["status"]}


def test_recorded_conversations_become_direct_messages():
    page = next(json.loads(a["body"]) for a in answers() if "/api/v1/conversations" in a["url"] and a["status"] == 200)
    items = [item for item in page if item["last_status"]]
    assert len(items) > 10

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/conversations":
            return httpx.Response(200, json=page if "max_id" not in request.url.params else [])
        if request.url.path.endswith("/context"):
            return httpx.Response(200, json={"ancestors": [], "descendants": []})
        return httpx.Response(404, json={"error": "Record not found"})

    source = Source(name="dm", platform="mastodon", options={"direct": True})
    mentions = [one for page in heard("mastodon", source, respond, datetime(2000, 1, 1, tzinfo=UTC)) for one in page.mentions]
    assert {mention.native_id for mention in mentions} == {f"recorded/{item['last_status']['id']}" for item in items}
    assert [mention.said_at for mention in mentions] == sorted(mention.said_at for mention in mentions)


def test_an_edited_status_keeps_its_id_and_says_when_it_was_edited():
    edited = [status for status in recorded_statuses() if status["edited_at"]]
    assert edited
    assert all(to_mention(status, Here("recorded"), "1").edited_at for status in edited)


def apple_reviews() -> list[Mention]:
    raw = APPLE.read_bytes()

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=raw)

    source = Source(name="app", platform="appstore", options={"app_id": "1404176564", "countries": ["jp"]})
    pages = heard("appstore", source, respond, datetime(2000, 1, 1, tzinfo=UTC))
    assert not any(page.broken for page in pages)
    return [one for page in pages for one in page.mentions]


def test_every_recorded_review_becomes_a_mention_with_its_words_stars_author_time_and_link():
    atom, im = "{http://www.w3.org/2005/Atom}", "{http://itunes.apple.com/rss}"
    entries = {entry.findtext(f"{atom}id"): entry for entry in fromstring(APPLE.read_bytes()).iter(f"{atom}entry")}
    mentions = apple_reviews()
    assert {mention.native_id for mention in mentions} == set(entries)
    for mention in mentions:
        entry = entries[mention.native_id]
        assert mention.title == (entry.findtext(f"{atom}title") or "").strip()
        assert mention.text
        assert mention.stars == float(entry.findtext(f"{im}rating") or 0)
        assert mention.author is not None
        assert mention.author.name == entry.findtext(f"{atom}author/{atom}name")
        assert mention.said_at == datetime.fromisoformat(entry.findtext(f"{atom}updated") or "")
        assert mention.url
        assert mention.url.startswith("https://itunes.apple.com/jp/review?id=1404176564")


def test_recorded_reviews_come_oldest_first():
    times = [mention.said_at for mention in apple_reviews()]
    assert times == sorted(times)
