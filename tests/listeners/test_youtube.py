"""YouTube: answers below old comments, what is ours, switched-off comments, a spent quota, and answering by OAuth only."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceDenied, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners import google, youtube
from listeners.contract import ReplyTo, Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.sandbox.youtube import CHANNEL, SILENT, VIDEO
from listeners.testing import Clock, Desk, ListenerContract, Stage
from listeners.youtube.comments import to_mention

KEY = {"token_env": "T"}
OAUTH = {"client_id_env": "I", "client_secret_env": "T", "refresh_token_env": "T"}
ENVIRON = {"T": TOKEN, "I": "id"}
RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "youtube"


def source(url: str, credential: dict[str, str] = KEY, **options: object) -> Source:
    given = {"name": "tube", "platform": "youtube", "base_url": f"{url}/youtube"}
    return Source.model_validate(given | credential | (options or {"channel": CHANNEL}))


class TestYouTubeByKey(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), ENVIRON, "youtube")


class TestYouTubeVideosByOAuth(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, OAUTH, videos=[VIDEO]), ENVIRON, "youtube")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(world: World, heard: Source) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(heard, ENVIRON, "youtube"), world.clock)


def say(world: World, text: str, **more: object) -> str:
    world.clock.sleep(1)
    return world.say(text, channel="youtube", **more).key


def to(mention: Mention, handle: str = "") -> ReplyTo:
    return ReplyTo(mention.native_id, mention.conversation, mention.kind, handle)


def test_all_answers_of_a_long_thread_are_heard_and_only_changed_threads_are_asked_for_again(world, url):
    first = say(world, "Wie hoch ist der Tisch?", ago=timedelta(days=9))
    for number in range(8):
        say(world, f"Antwort {number}", parent=first, ago=timedelta(days=8))
    heard = desk(world, source(url))
    heard.run()
    assert len(heard.order) == 9
    assert {mention.conversation for mention in heard.order} == {heard.order[0].native_id}
    assert {mention.parent for mention in heard.order[1:]} == {heard.order[0].native_id}
    heard.run()
    assert heard.requests == 1
    say(world, "75 Zentimeter", parent=first)
    heard.run()
    assert heard.order[-1].text == "75 Zentimeter"
    assert heard.requests == 2


def test_new_answers_are_not_lost_when_the_budget_ends_before_them(world, url):
    old = say(world, "alt", ago=timedelta(days=9))
    for number in range(7):
        say(world, f"alte Antwort {number}", parent=old, ago=timedelta(days=8))
    heard = desk(world, source(url))
    heard.run()
    for number in range(120):
        say(world, f"neu {number}")
    say(world, "neue Antwort", parent=old)
    for _ in range(6):
        heard.run(budget=1)
    assert "neue Antwort" in heard.texts()
    assert len(heard.texts()) == len(world.items)


def test_a_thread_that_vanishes_while_it_is_read_silences_nothing(world, url):
    first = say(world, "Frage")
    for number in range(7):
        say(world, f"Antwort {number}", parent=first)
    mischief = Mischief()
    with running(world, mischief) as address:
        mischief.order("404", path="/comments")
        heard = desk(world, source(address))
        heard.run()
        assert len(heard.texts()) == 6
        heard.run()
        assert len(heard.texts()) == 8


def test_a_deleted_answer_is_noticed_even_below_a_thread_that_nobody_lists_any_more(world, url):
    first = say(world, "alt", ago=timedelta(days=9))
    heard = desk(world, source(url, replies_back="8 days", channel=CHANNEL))
    heard.run()
    answer = say(world, "nehme ich zurück", parent=first)
    say(world, "heute")
    heard.run()
    world.clock.sleep(600)
    heard.run()
    assert heard.deleted == set()
    world.delete(answer)
    heard.run()
    assert [heard.heard[one].text for one in heard.deleted] == ["nehme ich zurück"]


@pytest.mark.parametrize("by", [{"channel": CHANNEL}, {"channel": f"@{BRAND}"}, {"videos": [VIDEO], "account": f"@{BRAND}"}])
def test_what_our_channel_says_is_ours(world, url, by):
    first = say(world, "Gibt es den Tisch in Eiche?", author="jule")
    say(world, "Ja, ab Mai.", author=BRAND, parent=first, ours=True)
    heard = desk(world, source(url, **by))
    heard.run()
    assert [(mention.ours, mention.author.handle) for mention in heard.order] == [(False, "@jule"), (True, f"@{BRAND}")]
    assert heard.order[1].url == f"https://www.youtube.com/watch?v={VIDEO}&lc={heard.order[1].native_id}"


def test_answers_can_be_left_out(world, url):
    first = say(world, "Frage")
    say(world, "Antwort", parent=first)
    heard = desk(world, source(url, channel=CHANNEL, replies=False))
    heard.run()
    assert heard.texts() == ["Frage"]


def test_a_video_without_comments_silences_no_other_and_is_named_where_it_is_alone(world, url):
    say(world, "gut")
    both = desk(world, source(url, videos=[SILENT, VIDEO]))
    both.run()
    assert both.texts() == ["gut"]
    with pytest.raises(google.CommentsOff, match="commentsDisabled") as caught:
        desk(world, source(url, videos=[SILENT])).run()
    assert "allow them" in caught.value.advice


def test_an_answer_is_sent_heard_again_under_its_id_and_found_by_a_look(world, url):
    first = say(world, "Wann kommt mein Regal?", author="jule")
    say(world, "bei mir auch nicht da", author="tom", parent=first)
    heard = desk(world, source(url, OAUTH))
    heard.run()
    tom = heard.order[1]
    since = world.clock()
    listener = listeners.listener("youtube")
    with heard.client() as client:
        assert listener.look(client, heard.stage.source, to(tom, "@tom"), "Morgen!", since) is None
        receipt = listener.reply(client, heard.stage.source, to(tom, "@tom"), "Morgen!", "key")
        assert listener.look(client, heard.stage.source, to(tom, "@tom"), "Morgen!", since) == receipt
        assert receipt.text == "@tom Morgen!"
        assert listener.look(client, heard.stage.source, to(tom, "@tom"), "bei mir auch nicht da", since) is None
        world.clock.sleep(60)
        assert listener.look(client, heard.stage.source, to(tom, "@tom"), "Morgen!", world.clock()) is None
    heard.run()
    ours = heard.heard[receipt.native_id]
    assert (ours.text, ours.ours, ours.conversation) == ("@tom Morgen!", True, tom.conversation)
    assert [sent["text"] for sent in world.sent] == ["@tom Morgen!"]


def test_an_api_key_cannot_answer_and_the_error_says_what_can(world, url):
    say(world, "Hallo")
    heard = desk(world, source(url))
    heard.run()
    with heard.client() as client, pytest.raises(SourceDenied, match="only with OAuth") as caught:
        youtube.reply(client, heard.stage.source, to(heard.order[0]), "Hallo", "key")
    assert "refresh_token_env" in caught.value.advice
    assert world.sent == []


@pytest.mark.parametrize(
    ("credential", "environ", "error", "says"),
    [
        ({"token_env": "BAD"}, {"BAD": "x"}, SourceDenied, "keyInvalid"),
        (OAUTH | {"refresh_token_env": "BAD"}, ENVIRON | {"BAD": "x"}, SourceDenied, "gives no token"),
        ({}, {}, ConfigurationError, "token_env"),
        ({"refresh_token_env": "T"}, ENVIRON, ConfigurationError, "client_id_env, client_secret_env"),
    ],
)
def test_a_bad_credential_is_named_and_never_shown(world, url, credential, environ, error, says):
    heard = Desk(Stage(source(url, credential), environ, "youtube"), world.clock)
    with pytest.raises(error, match=says) as caught:
        heard.run()
    assert "sandbox" not in str(caught.value)


def test_verify_says_which_channel_or_videos_are_heard(world, url):
    for where, says in [
        ({"channel": f"@{BRAND}"}, f"Kastanie Möbel (@{BRAND})"),
        ({"videos": [VIDEO]}, f"Der Tisch Kastanie ({VIDEO})"),
    ]:
        with desk(world, source(url, **where)).client() as client:
            assert youtube.verify(client, source(url, **where)) == says
    with desk(world, source(url, channel="@niemand")).client() as client, pytest.raises(SourceGone):
        youtube.verify(client, source(url, channel="@niemand"))
    with pytest.raises(SourceGone, match="no channel @niemand"):
        desk(world, source(url, channel="@niemand")).run()


def test_a_source_that_hears_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="name what to hear"):
        listeners.check(Source(name="x", platform="youtube"))


def refused(status: int, reason: str) -> Exception:
    error = {"error": {"code": status, "message": "no", "errors": [{"reason": reason}]}}
    now = datetime(2026, 7, 1, 20, tzinfo=UTC)
    answer = httpx.Response(status, json=error, request=httpx.Request("GET", "https://www.googleapis.com/youtube/v3/x"))
    found = google.refusal(answer, now)
    assert found is not None
    return found


def test_a_spent_quota_is_left_alone_until_midnight_in_california():
    error = refused(403, "quotaExceeded")
    assert isinstance(error, SourceBusy)
    assert error.retry_at == datetime(2026, 7, 2, 7, tzinfo=UTC)


def test_too_many_requests_are_tried_again_soon():
    error = refused(403, "rateLimitExceeded")
    assert isinstance(error, SourceBusy)
    assert error.retry_at is None


@pytest.mark.parametrize(
    ("status", "reason", "advice"),
    [
        (401, "authError", "make a new one"),
        (403, "insufficientPermissions", "permission"),
        (403, "accessNotConfigured", "switch"),
    ],
)
def test_other_refusals_say_what_to_do(status, reason, advice):
    error = refused(status, reason)
    assert isinstance(error, SourceDenied)
    assert advice in error.advice


def test_the_newer_form_of_a_refusal_is_understood_too():
    error = {"error": {"code": 400, "errors": [{"reason": "badRequest"}], "details": [{}, {"reason": "API_KEY_INVALID"}]}}
    answer = httpx.Response(400, json=error, request=httpx.Request("GET", "https://g.example/x"))
    assert isinstance(google.refusal(answer, datetime.now(UTC)), SourceDenied)


needs_recordings = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of real servers are not here")


def recorded(name: str) -> dict[str, object]:
    return json.loads((RECORDINGS / name).read_text(encoding="utf-8"))


def comments(thing: object) -> Iterator[dict[str, object]]:
    if isinstance(thing, dict):
        if thing.get("kind") == "youtube#comment":
            yield thing
        for value in thing.values():
            yield from comments(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from comments(value)


@needs_recordings
def test_every_recorded_comment_is_a_mention_with_its_words_author_time_and_link():
    files = sorted(RECORDINGS.glob("comment*.json"))
    found = [comment for path in files for comment in comments(json.loads(path.read_text(encoding="utf-8")))]
    assert len(files) == 8
    assert len(found) == 14
    for comment in found:
        mention, said = to_mention(comment), comment["snippet"]
        assert mention.native_id == comment["id"]
        assert mention.text == said["textOriginal"]
        assert mention.author.native_id == said["authorChannelId"]["value"]
        assert mention.author.name == said["authorDisplayName"]
        assert mention.said_at == datetime.fromisoformat(said["publishedAt"])
        assert mention.edited_at is None
        assert mention.parent == said.get("parentId")
        assert bool(mention.url) == bool(said.get("videoId") or said.get("channelId"))


@needs_recordings
@pytest.mark.parametrize(
    "name", ["by_channel", "all_to_me", "with_search", "multi"], ids=["by channel", "all to me", "with search", "several"]
)
def test_recorded_lists_are_heard_whole(name):
    body = recorded(f"comment_threads.comment_threads_{name}.json")
    items = body["items"]

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=body if request.url.path.endswith("Threads") else {"items": []})

    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))
    where = Source(name="x", platform="youtube", options={"channel": "UCa-vrCLQHviTOVnEKDOdetQ"})
    with Client("http://recorded", platform="youtube", transport=httpx.MockTransport(respond)) as client:
        pages = list(youtube.pull(client, where, None, window))
    assert {one.native_id for page in pages for one in page.mentions} == {item["id"] for item in items}
    assert not any(page.broken for page in pages)


@needs_recordings
def test_recorded_errors_are_understood_or_left_to_their_status():
    now = datetime.now(UTC)
    request = httpx.Request("GET", "https://www.googleapis.com/youtube/v3/videos")
    assert isinstance(
        google.refusal(httpx.Response(400, json=recorded("error_response.json"), request=request), now), SourceDenied
    )
    assert google.refusal(httpx.Response(400, json=recorded("error_response_simple.json"), request=request), now) is None


@needs_recordings
def test_recorded_channels_and_videos_are_named():
    for name, where in [("channels.info.json", {"channel": "@x"}), ("videos.videos_info_single.json", {"videos": ["x"]})]:
        body = recorded(name)
        with Client(
            "http://r", platform="youtube", transport=httpx.MockTransport(lambda _, b=body: httpx.Response(200, json=b))
        ) as c:
            assert body["items"][0]["snippet"]["title"] in youtube.verify(c, Source(name="x", platform="youtube", options=where))


@needs_recordings
def test_the_receipt_of_a_recorded_answer_names_it():
    body = recorded("comments.insert_response.json")
    respond = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    with Client("http://r", platform="youtube", secrets={"refresh_token": "x"}, transport=respond) as client:
        receipt = youtube.reply(client, Source(name="x", platform="youtube"), ReplyTo("a", "a", "comment"), "wow", "k")
    assert receipt.native_id == body["id"]


@needs_recordings
def test_recorded_searches_hold_videos_and_no_comments():
    for name in ("search.search_by_keywords_p1.json", "search.search_by_keywords_p2.json"):
        body = recorded(name)
        assert {item["id"]["kind"] for item in body["items"]} == {"youtube#video"}
        assert list(comments(body)) == []
