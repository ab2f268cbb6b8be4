"""X: whole conversations are heard, replaced tokens are kept, answers are found again, recorded posts are heard whole."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceDenied, SourceError, SourceGone
from desk.mention import Kind, Mention
from desk.source import Source
from listeners.contract import Page, ReplyTo, Window
from listeners.http import Client
from listeners.limits import read_headers
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.sandbox.x import CLIENT, SECRET
from listeners.testing import Clock, Desk, ListenerContract, Stage
from listeners.x import LISTENER
from listeners.x.access import refusal
from listeners.x.posts import id_at, joined, message_to_mention, time_of, to_mention, words

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings"
RECORDED = RECORDINGS / "_replay" / "x_twitter.jsonl"
needs_recordings = pytest.mark.skipif(not RECORDED.exists(), reason="the recordings of real servers are not here")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PERSON = {"client_id": "ID", "client_secret": "SECRET", "refresh_token": "REFRESH"}
ENVIRON = {"T": TOKEN, "ID": CLIENT, "SECRET": SECRET, "REFRESH": TOKEN}
JULE = {"id": "8", "username": "jule", "name": "Jule Kern", "public_metrics": {"followers_count": 77}}


def source(url: str, *, person: bool = True, **options: object) -> Source:
    shown: dict[str, Any] = {"secrets": PERSON} if person else {"token_env": "T"}
    return Source(name="x", platform="x", base_url=url, options=options, **shown)


class TestXMentions(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/x", mentions=True, replies_back="14 days"), ENVIRON, "x.mention")


class TestXSearch(ListenerContract):
    """What was said ten days ago is not found: the search goes back seven days."""

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/x", person=False, search=["kastanie"], account=BRAND), ENVIRON, "x")


class TestXDirect(ListenerContract):
    hears_replies = True
    notices_edits = False
    notices_deletions = False

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/x", direct=True), ENVIRON, "x.dm")


@pytest.fixture
def mischief() -> Mischief:
    return Mischief()


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World, mischief: Mischief) -> Iterator[str]:
    with running(world, mischief) as address:
        yield f"{address}/x"


def desk(url: str, world: World, *, person: bool = True, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, person=person, **options), ENVIRON, "x"), world.clock)


def post(**more: object) -> dict[str, Any]:
    made = {"id": str(id_at(NOW)), "author_id": "8", "author": JULE, "text": "Wo ist mein Sofa?", "created_at": NOW.isoformat()}
    return made | more


def asked_with(answers: dict[str, Any], asked: list[httpx.Request] | None = None, **options: object) -> list[Page]:
    """Pull from a server that gives these answers by path; note in *asked* what was asked."""

    def respond(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        found = answers.get(request.url.path, {"meta": {"result_count": 0}})
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    window = Window(NOW, datetime(2000, 1, 1, tzinfo=UTC))
    transport = httpx.MockTransport(respond)
    with Client(
        "http://x", platform="x", token="t", refusal=refusal, transport=transport, clock=lambda: NOW, sleep=lambda _: None
    ) as client:
        return list(LISTENER.pull(client, source("http://x", person=False, **options), None, window))


def test_a_post_tells_who_where_and_below_what():
    above = [{"type": "replied_to", "id": "5"}, {"type": "quoted", "id": "6"}]
    mention = to_mention(post(referenced_tweets=above, conversation_id="3", lang="de"), "9")
    assert mention is not None
    assert (mention.native_id, mention.conversation, mention.parent) == (str(id_at(NOW)), "3", "5")
    assert (mention.kind, mention.language, mention.reach, mention.ours) == ("comment", "de", 77, False)
    assert mention.url == f"https://x.com/jule/status/{id_at(NOW)}"
    assert mention.author is not None
    assert (mention.author.native_id, mention.author.handle, mention.author.name) == ("8", "jule", "Jule Kern")
    assert mention.said_at == NOW


def test_a_repost_says_nothing_new():
    assert to_mention(post(referenced_tweets=[{"type": "retweeted", "id": "5"}]), "") is None


def test_our_own_words_are_ours():
    ours, nobodys = to_mention(post(), "8"), to_mention(post(author_id=None), "")
    assert ours is not None
    assert nobodys is not None
    assert (ours.ours, nobodys.ours, nobodys.author) == (True, False, None)


def test_an_edited_post_is_the_same_with_other_words():
    first, last = str(id_at(NOW)), str(id_at(NOW + timedelta(minutes=9)))
    mention = to_mention(post(id=last, edit_history_tweet_ids=[first, last]), "")
    assert mention is not None
    assert (mention.native_id, mention.said_at, mention.edited_at) == (first, NOW, NOW + timedelta(minutes=9))


@pytest.mark.parametrize("code", ["und", "zxx", "qme", None])
def test_what_is_no_language_is_none(code):
    mention = to_mention(post(lang=code), "")
    assert mention is not None
    assert mention.language is None


def test_words_come_as_they_were_typed():
    address = {"url": "https://t.co/abc", "expanded_url": "https://kastanie.example/sofa?a=1"}
    assert words({"text": "Gut &amp; &lt;b&gt; https://t.co/abc", "entities": {"urls": [address]}}) == (
        "Gut & <b> https://kastanie.example/sofa?a=1"
    )
    assert words({"text": "kurz…", "note_tweet": {"text": "lang und länger"}}) == "lang und länger"


def test_authors_and_pictures_are_put_where_they_belong():
    body = {"includes": {"users": [JULE], "media": [{"media_key": "3_1", "url": "https://pbs/bild.jpg"}, {"media_key": "3_2"}]}}
    item = {"id": "1", "author_id": "8", "text": "?", "attachments": {"media_keys": ["3_1", "3_2", "3_9"]}}
    mention = to_mention(joined(body, [item])[0], "")
    assert mention is not None
    assert mention.author is not None
    assert (mention.author.handle, mention.attachments) == ("jule", ("https://pbs/bild.jpg",))


def test_one_post_that_cannot_be_understood_leaves_the_others():
    body = {"data": [post(), {"text": "ohne Nummer"}, post(id="7", created_at="gestern")], "meta": {}}
    pages = asked_with({"/2/tweets/search/recent": body}, search=["x"], replies=False)
    assert [one.reason for page in pages for one in page.broken] == ["id is missing", "a post of 'gestern'"]
    assert [one.text for page in pages for one in page.mentions] == ["Wo ist mein Sofa?"]


def test_answers_in_the_conversations_of_what_a_search_found_are_heard(world, url):
    first = world.say("Wo ist mein Sofa?", channel="x", author="jule", ago=timedelta(days=5))
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    world.clock.now += timedelta(hours=5)
    second = world.say("bei mir auch", channel="x", author="tom", parent=first.key)
    world.say("Wir schauen nach!", channel="x", author=BRAND, parent=second.key, ours=True)
    listening.run()
    assert [(one.text, one.ours) for one in listening.order] == [
        ("Wo ist mein Sofa?", False),
        ("bei mir auch", False),
        ("Wir schauen nach!", True),
    ]
    assert len({one.conversation for one in listening.order}) == 1
    assert listening.order[2].parent == listening.order[1].native_id


def test_many_conversations_are_watched_in_few_questions(world, url):
    posts = [world.say(f"{number}", channel="x", author="jule") for number in range(30)]
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    world.clock.now += timedelta(hours=1)
    for number, item in enumerate(posts):
        world.say(f"Antwort {number}", channel="x", author="tom", parent=item.key)
    listening.run()
    assert len(listening.order) == 60
    assert listening.requests == 4  # the search, and three with twelve conversations each


def test_conversations_that_are_too_old_or_not_wanted_are_not_watched(world, url):
    first = world.say("alt", channel="x.mention", author="jule", ago=timedelta(days=9))
    old, deaf = desk(url, world, mentions=True), desk(url, world, mentions=True, replies=False, replies_back="30 days")
    old.run()
    deaf.environ |= old.environ
    deaf.run()
    world.say("neu", channel="x.mention", author="tom", parent=first.key)
    for listening in (old, deaf):
        listening.run()
        assert listening.texts() == ["alt"]


def test_a_search_after_a_long_silence_asks_no_further_back_than_it_may(world, url):
    world.say("vorher", channel="x", author="jule")
    listening = desk(url, world, search=["kastanie"])
    listening.run()
    world.clock.now += timedelta(days=20)
    world.say("nachher", channel="x", author="jule")
    listening.run()
    assert listening.texts() == ["nachher", "vorher"]


def test_who_we_are_is_asked_once_for_asking_is_counted():
    asked: list[httpx.Request] = []
    pages = asked_with({"/2/users/by/username/kastanie": {"data": {"id": "9"}}}, asked, mentions=True, account="@kastanie")
    assert [request.url.path for request in asked] == ["/2/users/by/username/kastanie", "/2/users/9/mentions"]
    assert json.loads(pages[0].cursor or "{}")["me"] == "9"


def test_an_account_that_x_does_not_know_is_said():
    missing = {"errors": [{"title": "Not Found Error"}]}
    with pytest.raises(SourceGone, match="no account @nobody"):
        asked_with({"/2/users/by/username/nobody": missing}, mentions=True, account="nobody")


def test_a_refresh_token_that_is_replaced_is_kept_and_the_access_token_too(world, url):
    listening = desk(url, world, direct=True)
    listening.run()
    assert listening.environ["REFRESH"] == "refresh-1"
    assert json.loads(listening.environ["ID_ACCESS"])["token"] == "access-1"
    listening.run()
    assert listening.environ["REFRESH"] == "refresh-1"
    world.clock.now += timedelta(hours=3)
    listening.run()
    assert listening.environ["REFRESH"] == "refresh-2"


def test_an_access_token_that_is_refused_is_renewed_once(world, url, mischief):
    listening = desk(url, world, direct=True)
    listening.run()
    mischief.order("401", path="dm_events")
    world.say("hallo", channel="x.dm", author="jule")
    listening.run()
    assert listening.texts() == ["hallo"]
    assert listening.environ["REFRESH"] == "refresh-2"


def test_a_refresh_token_that_is_used_up_names_the_way_out(world, url):
    listening = desk(url, world, direct=True)
    listening.environ["REFRESH"] = "used"
    with pytest.raises(SourceDenied) as caught:
        listening.run()
    assert "kummerkasten.env" in caught.value.advice
    assert "used" not in str(caught.value)


def test_a_whole_dialogue_is_heard_with_both_sides(world, url):
    first = world.say("Meine Zahlung ging zweimal ab", channel="x.dm", author="jule")
    world.answer(first, "Schicken Sie uns bitte die Bestellnummer", "")
    world.clock.now += timedelta(minutes=1)
    world.say("4711", channel="x.dm", author="jule", parent=first.key)
    listening = desk(url, world, direct=True)
    listening.run()
    assert [(mention.text, mention.ours) for mention in listening.order] == [
        ("Meine Zahlung ging zweimal ab", False),
        ("Schicken Sie uns bitte die Bestellnummer", True),
        ("4711", False),
    ]
    assert {mention.kind for mention in listening.order} == {"dm"}
    assert len({mention.conversation for mention in listening.order}) == 1


OPTIONS: dict[str, dict[str, Any]] = {"x": {"search": ["kastanie"]}, "x.mention": {"mentions": True}, "x.dm": {"direct": True}}


@pytest.mark.parametrize(("channel", "kind"), [("x", "post"), ("x.mention", "post"), ("x.dm", "dm")])
def test_an_answer_is_heard_back_under_the_id_of_its_receipt(world, url, channel: str, kind: Kind):
    world.say("Hilfe!", channel=channel, author="jule")
    listening = desk(url, world, **OPTIONS[channel])
    listening.run()
    mention = listening.order[0]
    assert mention.kind == kind
    assert LISTENER.reply
    with listening.client() as client:
        to = ReplyTo(mention.native_id, mention.conversation, mention.kind)
        receipt = LISTENER.reply(client, listening.stage.source, to, "Wir kümmern uns.", "k")
    world.clock.now += timedelta(minutes=1)
    listening.run()
    answer = listening.heard[receipt.native_id]
    assert answer.ours
    assert (answer.text, answer.conversation) == ("Wir kümmern uns.", mention.conversation)


@pytest.mark.parametrize("channel", ["x", "x.dm"])
def test_an_answer_that_was_sent_is_found_and_only_that_one(world, url, channel):
    world.say("Hilfe!", channel=channel, author="jule")
    world.say("Und ich?", channel=channel, author="tom")
    listening = desk(url, world, **OPTIONS[channel])
    listening.run()
    ordered = sorted(listening.order, key=lambda one: one.text)
    first, second = (ReplyTo(mention.native_id, mention.conversation, mention.kind) for mention in ordered)
    assert LISTENER.reply
    assert LISTENER.look
    since, at = world.clock(), listening.stage.source
    with listening.client() as client:
        assert LISTENER.look(client, at, first, "Ja.", since) is None
        receipt = LISTENER.reply(client, at, first, "Ja.", "k")
        assert LISTENER.look(client, at, first, "Ja.", since) == receipt
        assert LISTENER.look(client, at, first, "Nein.", since) is None
        assert LISTENER.look(client, at, second, "Ja.", since) is None
    assert len(world.sent) == 1


def test_an_answer_is_found_below_the_names_that_x_puts_before_it():
    ours = {"id": "77", "text": "@jule @tom Ja &amp; bald.", "referenced_tweets": [{"type": "replied_to", "id": "5"}]}
    answers = {"/2/users/by/username/kastanie": {"data": {"id": "9"}}, "/2/users/9/tweets": {"data": [ours]}}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answers[request.url.path]))
    assert LISTENER.look
    with Client("http://x", platform="x", token="t", transport=transport) as client:
        at = source("http://x", person=False, search=["x"], account="kastanie")
        receipt = LISTENER.look(client, at, ReplyTo("5", "5", "post"), "Ja & bald.", NOW)
    assert receipt
    assert (receipt.native_id, receipt.url) == ("77", "https://x.com/i/web/status/77")


def test_an_app_without_a_person_is_told_that_messages_need_one(world, url):
    with pytest.raises(SourceDenied, match="Application-Only is forbidden") as caught:
        desk(url, world, person=False, direct=True).run()
    assert "scopes" in caught.value.advice


def test_messages_that_are_refused_silence_no_posts():
    forbidden = problem(403, title="Forbidden", detail="You are not permitted to perform this action")
    answers = {"/2/dm_events": forbidden, "/2/tweets/search/recent": {"data": [post()]}}
    heard: list[httpx.Request] = []
    with pytest.raises(SourceDenied, match="not permitted"):
        asked_with(answers, heard, direct=True, search=["x"], replies=False)
    assert [request.url.path for request in heard] == ["/2/tweets/search/recent", "/2/dm_events"]


def problem(status: int, **body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


@pytest.mark.parametrize(
    ("response", "error", "advice"),
    [
        (problem(429, title="UsageCapExceeded", detail="Usage cap exceeded: Monthly product cap"), SourceBusy, "this month"),
        (problem(402, title="CreditsDepleted", detail="Your account does not have any credits"), SourceDenied, "credits"),
        (problem(403, title="Client Forbidden", detail="Use an app in a project"), SourceDenied, "access level"),
        (problem(400, title="Invalid Request", errors=[{"message": "Invalid query"}]), SourceError, "search language"),
    ],
)
def test_a_refusal_says_what_to_do(response, error, advice):
    found = refusal(response, NOW)
    assert isinstance(found, error)
    assert advice in found.advice


def test_a_usual_limit_is_left_to_its_headers():
    assert refusal(problem(429, title="Too Many Requests", detail="Too Many Requests"), NOW) is None


def test_the_check_names_the_account(world, url):
    assert LISTENER.verify
    listening = desk(url, world, mentions=True)
    with listening.client() as client:
        assert LISTENER.verify(client, listening.stage.source) == f"Kastanie Möbel (@{BRAND})"
    reading = desk(url, world, person=False, search=["x"], account=BRAND)
    with reading.client() as client:
        assert LISTENER.verify(client, reading.stage.source).startswith(f"@{BRAND} (")
    nameless = desk(url, world, person=False, search=["x"])
    with nameless.client() as client:
        assert LISTENER.verify(client, nameless.stage.source) == "an app that reads only"


def test_a_source_that_hears_nothing_or_has_no_credential_is_refused():
    with pytest.raises(ConfigurationError, match="name what to hear"):
        listeners.check(source("http://x"))
    with pytest.raises(ConfigurationError, match="token_env"):
        listeners.connect(Source(name="x", platform="x", options={"search": ["x"]}), {})
    with pytest.raises(ConfigurationError, match="client_id_env"):
        listeners.connect(
            Source(name="x", platform="x", options={"direct": True}, secrets={"refresh_token": "R"}), {"R": "something"}
        )


def test_mentions_without_an_account_are_refused():
    with pytest.raises(SourceError, match="whose mentions"):
        asked_with({}, mentions=True)


def answers() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


def recorded_lists() -> dict[str, dict[str, Any]]:
    """Return every recorded list of posts, by where it was recorded."""
    found = {
        f"{one['source']} {one['seq']}": json.loads(one["body"])
        for one in answers()
        if one["method"] == "GET" and "/2/" in one["url"] and "/dm_" not in one["url"]
    }
    names = (
        "searches.search_tweets_query",
        "searches.search_tweets_for_nyc",
        "timeline.timeline_mentions",
        "timeline.timeline_tweets",
    )
    names += ("tweet.tweets_resp", "tweet.tweet_quote_tweets_resp")
    files = {name: RECORDINGS / "x_twitter" / f"pytwitter.{name}.json" for name in names}
    return found | {name: json.loads(path.read_text(encoding="utf-8")) for name, path in files.items()}


def spoken(text: str) -> list[str]:
    """The words of a text without its addresses."""
    return [word for word in text.split() if "http" not in word]


@needs_recordings
def test_every_recorded_post_becomes_a_mention_with_its_words_author_time_and_link():
    heard, reposts = 0, 0
    for body in recorded_lists().values():
        users = {user["id"]: user for user in body.get("includes", {}).get("users", [])}
        for item in joined(body, body["data"]):
            mention = to_mention(item, "")
            if mention is None:
                assert any(one["type"] == "retweeted" for one in item["referenced_tweets"])
                reposts += 1
                continue
            heard += 1
            assert mention.native_id == item["id"]
            assert mention.url
            assert mention.url.endswith(f"/status/{item['id']}")
            wanted = datetime.fromisoformat(item["created_at"]) if "created_at" in item else time_of(item["id"])
            assert mention.said_at == wanted
            assert abs(time_of(item["id"]) - wanted) < timedelta(seconds=2)  # ids do hold the time
            assert (mention.author.native_id if mention.author else None) == item.get("author_id")
            if item.get("author_id") in users:
                assert mention.author
                assert mention.author.handle == users[item["author_id"]]["username"]
            assert spoken(mention.text) == spoken(item["text"].replace("&amp;", "&").replace("&gt;", ">"))
    assert (heard, reposts) == (67, 7)


@needs_recordings
def test_recorded_direct_messages_become_mentions():
    lists = [json.loads(one["body"]) for one in answers() if one["method"] == "GET" and "/dm_" in one["url"]]
    for name in ("events_by_conversation", "events_by_participant"):
        lists.append(json.loads((RECORDINGS / "x_twitter" / f"pytwitter.dm_events.{name}.json").read_text(encoding="utf-8")))
    events = [event for body in lists for event in body.get("data", [])]
    assert len(events) == 10
    for event in events:
        mention = message_to_mention(event, "")
        assert mention is not None
        assert mention.text.split()[0] == event["text"].split()[0]
        assert abs(mention.said_at - time_of(event["id"])) < timedelta(seconds=2)
        assert mention.native_id == f"dm/{event['id']}"
        assert (mention.author.native_id if mention.author else None) == event.get("sender_id")


@needs_recordings
@pytest.mark.parametrize(
    ("part", "path"), [("search_recent", "/2/tweets/search/recent"), ("get_users_mentions", "/2/users/9/mentions")]
)
def test_recorded_lists_are_heard_oldest_first(part, path):
    body = next(json.loads(one["body"]) for one in answers() if part in one["source"])
    body["meta"].pop("next_token", None)
    given = {path: body, "/2/users/by/username/kastanie": {"data": {"id": "9"}}}
    options: dict[str, Any] = {"mentions": True} if "mentions" in path else {"search": ["x"]}
    pages = asked_with(given, account="kastanie", replies=False, **options)
    mentions: list[Mention] = [mention for page in pages for mention in page.mentions]
    assert {mention.native_id for mention in mentions} == {item["id"] for item in body["data"]}
    assert [mention.said_at for mention in mentions] == sorted(mention.said_at for mention in mentions)


@needs_recordings
def test_recorded_answers_name_the_id_that_is_heard_later():
    sent = {one["url"].partition("/2/")[2]: json.loads(one["body"]) for one in answers() if one["method"] == "POST"}
    convo = next(path.split("/")[1] for path in sent if path.startswith("dm_conversations/") and "with" not in path)

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json=sent[request.url.path.partition("/2/")[2]])

    assert LISTENER.reply
    with Client("http://x", platform="x", token="t", transport=httpx.MockTransport(respond)) as client:
        public = LISTENER.reply(client, source("http://x"), ReplyTo("1", "1", "post"), "Test Tweet", "k")
        direct = LISTENER.reply(client, source("http://x"), ReplyTo("dm/1", f"dm/{convo}", "dm"), "Testing 2", "k")
    assert public.native_id == sent["tweets"]["data"]["id"]
    assert direct.native_id == f"dm/{sent[f'dm_conversations/{convo}/messages']['data']['dm_event_id']}"


@needs_recordings
def test_recorded_limits_are_understood():
    for one in answers():
        if "/2/" in one["url"]:
            remaining, resets_at = read_headers(one["headers"], NOW)
            assert remaining == int(one["headers"]["x-rate-limit-remaining"])
            assert resets_at == datetime.fromtimestamp(int(one["headers"]["x-rate-limit-reset"]), UTC)
