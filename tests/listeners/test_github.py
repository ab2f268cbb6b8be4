"""GitHub: issues and pull requests are told apart, discussions keep their shape, answers are found, deliveries are checked."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceBusy, SourceDenied, SourceError, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners.contract import ReplyTo, Window
from listeners.github import LISTENER
from listeners.github.answers import refusal
from listeners.github.discussions import graphql
from listeners.github.discussions import to_mention as from_discussion
from listeners.github.issues import is_pull_request, to_mention
from listeners.http import Client
from listeners.sandbox.github import PULL_REQUEST, REPOSITORY
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from listeners.signatures import signature
from listeners.testing import Clock, Desk, ListenerContract, Stage

REPLAY = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "_replay" / "github.jsonl"
needs_recordings = pytest.mark.skipif(not REPLAY.exists(), reason="the recordings of real servers are not here")
DISCUSSED = {"discussions": True, "issues": False}


def source(url: str, **options: object) -> Source:
    given = {"repositories": [REPOSITORY]} | options
    return Source(name="gh", platform="github", base_url=f"{url}/github", token_env="T", options=given)


class TestGitHubIssues(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url).model_copy(update={"token_env": None}), {}, "github")


class TestGitHubDiscussions(ListenerContract):
    hears_replies = True

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url, **DISCUSSED), {"T": TOKEN}, "github.discussion")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, token: str = TOKEN, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), {"T": token}, "github"), world.clock)


def a_thread(world: World, channel: str = "github", title: str = "") -> None:
    first = world.say("Die App stürzt ab", channel=channel, title=title, author="jule")
    second = world.say("Bei mir auch", channel=channel, parent=first.key, author="tom")
    world.say("Seit gestern", channel=channel, parent=second.key, author="mia")


def test_an_issue_and_its_comments_are_one_conversation(world, url):
    a_thread(world)
    heard = desk(url, world)
    heard.run()
    issue, *comments = heard.order
    assert issue.native_id == f"{REPOSITORY}#1"
    assert (issue.kind, issue.title, issue.url) == ("post", "Es geht nicht", f"https://github.com/{REPOSITORY}/issues/1")
    assert {(one.kind, one.conversation, one.parent) for one in comments} == {("comment", issue.native_id, issue.native_id)}
    assert comments[0].native_id == f"{REPOSITORY}/comment/1300001"
    assert comments[0].author
    assert comments[0].author.url == "https://github.com/tom"
    assert issue.edited_at is None


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({}, ["ein Fehler", "und ein Wort dazu"]),
        ({"issues": False, "pull_requests": True}, ["eine Änderung", "und ein Wort zu ihr"]),
        ({"pull_requests": True}, ["ein Fehler", "eine Änderung", "und ein Wort dazu", "und ein Wort zu ihr"]),
    ],
    ids=["issues", "pull requests", "both"],
)
def test_issues_and_pull_requests_are_told_apart_with_what_is_said_below_them(world, url, options, texts):
    issue = world.say("ein Fehler", channel="github")
    world.say("und ein Wort dazu", channel="github", parent=issue.key)
    change = world.say("eine Änderung", channel="github", title=PULL_REQUEST)
    world.say("und ein Wort zu ihr", channel="github", parent=change.key)
    heard = desk(url, world, **options)
    heard.run()
    assert heard.texts() == texts


def test_a_discussion_keeps_comments_and_replies_apart(world, url):
    a_thread(world, "github.discussion", "Absturz")
    heard = desk(url, world, **DISCUSSED)
    heard.run()
    first, second, third = heard.order
    assert [one.kind for one in heard.order] == ["post", "comment", "comment"]
    assert (first.title, second.title) == ("Absturz", "")
    assert (first.parent, second.parent, third.parent) == (None, first.native_id, second.native_id)
    assert {one.conversation for one in heard.order} == {first.native_id}


def test_a_long_discussion_is_heard_whole(world, url):
    first = world.say("Was wünscht ihr euch?", channel="github.discussion")
    for number in range(17):  # the sandbox shows five at a time
        world.say(f"Wunsch {number:02d}", channel="github.discussion", parent=first.key)
    heard = desk(url, world, **DISCUSSED)
    heard.run()
    assert len(heard.texts()) == 18


def test_programs_are_heard_only_where_wanted(world, url):
    world.say("Bump lodash", channel="github", author="dependabot[bot]")
    for wanted, texts in ((False, []), (True, ["Bump lodash"])):
        heard = desk(url, world, bots=wanted)
        heard.run()
        assert heard.texts() == texts


def test_our_words_are_known_by_the_token_by_name_and_where_wanted_by_office(world, url):
    first = world.say("Frage", channel="github", author="jule")
    world.answer(first, "Antwort", "")
    world.say("Ich helfe", channel="github", parent=first.key, author="Paul")
    assert ours(url, world) == {"Antwort"}
    assert ours(url, world, accounts=["paul"]) == {"Ich helfe"}
    assert ours(url, world, accounts=["paul"], staff=True) == {"Antwort", "Ich helfe"}


def ours(url: str, world: World, **options: object) -> set[str]:
    heard = desk(url, world, **options)
    heard.run()
    return {one.text for one in heard.order if one.ours}


def test_what_a_template_hides_is_not_said_and_pictures_are_attached():
    body = "<!-- Please fill in -->Kaputt!\r\n\r\n![bild](https://x.example/a.png) <img src='https://x.example/b.png'>"
    mention = to_mention({"id": 1, "number": 2, "body": body, "created_at": "2026-01-01T00:00:00Z"}, "A/b")
    assert mention.text.startswith("Kaputt!\n\n")
    assert mention.attachments == ("https://x.example/a.png", "https://x.example/b.png")


def sent(world: World, url: str, channel: str, which: str) -> tuple[Desk, Mention, ReplyTo, str]:
    a_thread(world, channel)
    heard = desk(url, world, discussions=True)
    heard.run()
    mention = next(one for one in heard.order if one.text == which)
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind, parent=mention.parent or "")
    assert LISTENER.reply
    with heard.client() as client:
        return heard, mention, to, LISTENER.reply(client, heard.stage.source, to, "Wir **kümmern** uns.", "k").native_id


@pytest.mark.parametrize("channel", ["github", "github.discussion"])
@pytest.mark.parametrize("which", ["Die App stürzt ab", "Bei mir auch", "Seit gestern"])
def test_an_answer_is_heard_back_under_the_same_id_in_the_same_conversation(world, url, channel, which):
    heard, mention, _, native_id = sent(world, url, channel, which)
    world.clock.sleep(60)
    heard.run()
    answer = heard.heard[native_id]
    assert (answer.text, answer.ours, answer.conversation) == ("Wir **kümmern** uns.", True, mention.conversation)
    assert [one["text"] for one in world.sent] == ["Wir **kümmern** uns."]


@pytest.mark.parametrize("channel", ["github", "github.discussion"])
def test_look_finds_what_was_sent_and_only_that(world, url, channel):
    heard, _, to, native_id = sent(world, url, channel, "Seit gestern")
    assert LISTENER.look
    since, us = world.clock() - timedelta(minutes=1), heard.stage.source
    with heard.client() as client:
        found = LISTENER.look(client, us, to, "Wir **kümmern** uns.", since)
        assert found
        assert found.native_id == native_id
        assert LISTENER.look(client, us, to, "Wir kümmern uns nicht.", since) is None
        assert LISTENER.look(client, us, to, "Bei mir auch", since) is None
        assert LISTENER.look(client, us, to, "Wir **kümmern** uns.", world.clock() + timedelta(seconds=1)) is None


def test_an_empty_answer_comes_back_with_githubs_reason(world, url):
    a_thread(world)
    us = source(url)
    to = ReplyTo(f"{REPOSITORY}#1", f"{REPOSITORY}#1", "post")
    assert LISTENER.reply
    with listeners.connect(us, {"T": TOKEN}) as client, pytest.raises(SourceError, match="Validation Failed"):
        LISTENER.reply(client, us, to, " ", "k")


def test_verify_says_which_repository_and_expires_when_the_token_ends(world, url):
    a_thread(world)
    heard = desk(url, world)
    assert LISTENER.verify
    assert LISTENER.expires
    with heard.client() as client:
        assert LISTENER.verify(client, heard.stage.source) == f"{REPOSITORY}: 1 open issues and pull requests"
        assert LISTENER.expires(client, heard.stage.source) == datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repositories": []}, "repositories"),
        ({"repositories": ["app"]}, 'write "owner/name"'),
        ({"repositories": ["a/b"], "issues": False}, "name what to hear"),
    ],
    ids=["none", "no owner", "nothing"],
)
def test_a_source_that_cannot_hear_is_refused(options, said):
    with pytest.raises(ConfigurationError, match=said):
        listeners.check(Source(name="x", platform="github", options=options))


def test_discussions_need_a_token(world, url):
    guest = source(url, discussions=True).model_copy(update={"token_env": None})
    with listeners.connect(guest, {}) as client, pytest.raises(ConfigurationError, match="token_env"):
        list(LISTENER.pull(client, guest, None, Window(world.clock(), world.clock())))


def test_a_repository_that_is_not_there_is_said_and_the_issues_of_the_other_are_heard(world, url):
    a_thread(world)
    heard = desk(url, world, repositories=["nobody/nothing", REPOSITORY], discussions=True)
    with pytest.raises(SourceGone):
        heard.run()
    assert len(heard.texts()) == 3


def test_a_wrong_token_is_denied_and_named(world, url):
    with pytest.raises(SourceDenied) as caught:
        desk(url, world, token="wrong").run()
    assert "token in T" in caught.value.advice


def answering(status: int, body: Any, headers: dict[str, str], clock: Clock) -> Client:
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, json=body, headers=headers))
    return Client("http://gh", platform="github", transport=transport, clock=clock, sleep=clock.sleep, refusal=refusal, token="t")


LIMITED = {"message": "API rate limit exceeded for user ID 1."}
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
FORBIDDEN = {"message": "Resource not accessible by personal access token"}


@pytest.mark.parametrize(
    ("body", "headers", "minutes"),
    [
        (LIMITED, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000000"}, 20),
        (SECONDARY, {"retry-after": "300"}, 5),
    ],
    ids=["primary", "secondary"],
)
def test_a_limit_comes_as_403_and_names_when_to_come_back(body, headers, minutes):
    clock = Clock(datetime.fromtimestamp(1800000000, UTC) - timedelta(minutes=20))
    with answering(403, body, headers, clock) as client, pytest.raises(SourceBusy, match="limit") as caught:
        client.get("/repos/a/b")
    assert caught.value.retry_at == clock() + timedelta(minutes=minutes)


def test_a_secondary_limit_without_a_time_is_given_a_minute():
    clock = Clock()
    with answering(403, SECONDARY, {}, clock) as client, pytest.raises(SourceBusy):
        client.get("/repos/a/b")
    assert clock.slept >= 60


def test_a_missing_permission_is_no_limit():
    with answering(403, FORBIDDEN, {"x-ratelimit-remaining": "4000"}, Clock()) as client, pytest.raises(SourceDenied):
        client.get("/repos/a/b")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("RATE_LIMITED", SourceBusy),
        ("FORBIDDEN", SourceDenied),
        ("NOT_FOUND", SourceGone),
        ("UNPROCESSABLE", SourceError),
        (None, SourceBusy),
    ],
)
def test_graphql_refuses_with_status_200(kind, error):
    body = {"data": None, "errors": [{"message": "no"} | ({"type": kind} if kind else {})]}
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4000000000"} if kind == "RATE_LIMITED" else {}
    with answering(200, body, headers, Clock()) as client, pytest.raises(error, match="GitHub says: no"):
        client.ask_json(graphql(client), {"query": "{}"})


def test_a_companys_own_server_has_graphql_beside_the_rest_api():
    with Client("https://git.example/api/v3", platform="github") as client:
        assert graphql(client) == "https://git.example/api/graphql"


def delivery(**more: Any) -> bytes:
    issue = {"id": 1, "number": 7, "title": "Absturz", "body": "Hilfe", "user": {"login": "jule", "id": 5}}
    issue |= {"created_at": "2026-01-01T10:00:00Z", "updated_at": "2026-01-01T10:00:00Z"}
    return json.dumps({"action": "opened", "issue": issue, "repository": {"full_name": "Kastanie/App"}} | more).encode()


NOW = datetime(2026, 1, 1, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("secret", "hours", "genuine"),
    [("s", 0, True), ("other", 0, False), ("", 0, False), ("s", 2, False)],
    ids=["genuine", "wrong secret", "no secret", "old"],
)
def test_a_delivery_is_taken_when_it_is_signed_and_fresh(secret, hours, genuine):
    body = delivery()
    headers = {"x-hub-signature-256": f"sha256={signature(b's', body)}"}
    assert LISTENER.push
    secrets = {"webhook": secret} if secret else {}
    assert LISTENER.push.signed(headers, body, secrets, NOW + timedelta(hours=hours)) is genuine


def comment(**more: Any) -> dict[str, Any]:
    said = {
        "id": 9,
        "node_id": "DC_1",
        "body": "auch hier",
        "user": {"login": "tom", "id": 6},
        "created_at": "2026-01-01T10:01:00Z",
    }
    where = {"issue_url": "https://api.github.com/repos/Kastanie/App/issues/7", "updated_at": "2026-01-01T10:01:00Z"}
    return said | where | {"html_url": "https://github.com/Kastanie/App/issues/7#issuecomment-9"} | more


@pytest.mark.parametrize(
    ("body", "heard", "deleted"),
    [
        (delivery(), ["kastanie/app#7"], ()),
        (delivery(comment=comment(), action="created"), ["kastanie/app/comment/9"], ()),
        (delivery(comment=comment(), action="deleted"), [], ("kastanie/app/comment/9",)),
        (delivery(issue=None, discussion={"node_id": "D_1"}, comment=comment()), ["DC_1"], ()),
        (delivery(repository={"full_name": "some/where"}), [], ()),
        (json.dumps({"zen": "Keep it logically awesome."}).encode(), [], ()),
    ],
    ids=["issue", "comment", "deleted", "discussion", "another repository", "ping"],
)
def test_a_delivery_becomes_what_a_pull_would_bring(body, heard, deleted):
    us = Source(name="x", platform="github", options={"repositories": [REPOSITORY], "discussions": True})
    assert LISTENER.push
    page = LISTENER.push.read(us, body, NOW)
    assert [one.native_id for one in page.mentions] == heard
    assert page.deleted == deleted
    assert page.cursor is None


def answers(part: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in REPLAY.read_text("utf-8").splitlines()]
    return [answer for answer in found if part in answer["source"]]


@needs_recordings
@pytest.mark.parametrize(
    ("part", "path", "repository", "count"),
    [
        ("Issue.testGetComments", "/issues/28/comments", "PyGithub/PyGithub", 2),
        ("testGetIssuesComments", "/issues/comments", "PyGithub/PyGithub", 180),
        ("testGetIssues.txt", "/issues", "PyGithub/PyGithub", 16),
        ("testCreateComment", "/issues/28/comments", "PyGithub/PyGithub", 1),
        ("paginate-issues", "/issues", "octokit-fixture-org/x", 26),
        ("search-issues", "/issues", "octokit-fixture-org/x", 4),
    ],
)
def test_every_recorded_issue_and_comment_becomes_a_mention_with_its_words_author_and_time(part, path, repository, count):
    items: list[dict[str, Any]] = []
    for answer in answers(part):
        if answer["url"].split("?")[0].endswith(path) and answer["status"] in (200, 201):
            body = json.loads(answer["body"])
            items += body if isinstance(body, list) else body.get("items", [body])
    assert len(items) == count
    for item in items:
        below = {} if "number" in item else {"issue_url": f"/repos/{repository}/issues/28"}  # some of 2012 named none
        mention = to_mention(below | item, repository)
        assert mention.text.split() == (item["body"] or "").split()
        assert mention.author
        assert mention.author.native_id == str(item["user"]["id"])
        assert mention.said_at == datetime.fromisoformat(item["created_at"])
        assert mention.url
        assert not is_pull_request(item)  # those of 2012 carry a "pull_request" that holds nothing


@needs_recordings
def test_recorded_comments_go_through_the_walk():
    items = {item["id"]: item for answer in answers("testGetIssuesComments") for item in json.loads(answer["body"])}
    every = sorted(items.values(), key=lambda item: item["updated_at"])

    def respond(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/comments"):
            return httpx.Response(200, json=[])
        found = [item for item in every if item["updated_at"] >= request.url.params["since"]]
        size, page = int(request.url.params["per_page"]), int(request.url.params["page"])
        below = {"issue_url": "https://api.github.com/repos/PyGithub/PyGithub/issues/1"}
        return httpx.Response(200, json=[below | item for item in found[(page - 1) * size : page * size]])

    us = Source(name="x", platform="github", options={"repositories": ["PyGithub/PyGithub"]})
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))
    with Client("http://gh", platform="github", transport=httpx.MockTransport(respond)) as client:
        pages = list(LISTENER.pull(client, us, None, window))
    assert {one.native_id for page in pages for one in page.mentions} == {
        f"pygithub/pygithub/comment/{number}" for number in items
    }
    assert not any(page.broken for page in pages)


@needs_recordings
def test_recorded_discussions_name_who_and_what_but_were_not_asked_for_their_words():
    """PyGithub asked for title, number and author only; the words, the id and the time are ours to ask for."""
    pages = [pick for answer in answers("testGetDiscussions") if (pick := json.loads(answer["body"]).get("data"))]
    nodes = [node for page in pages for node in page["repository"]["discussions"]["nodes"]]
    assert len(nodes) == 65
    asked = {"id": "D_1", "root": "D_1", "createdAt": "2024-09-13T19:23:09Z", "body": ""}
    for node in nodes:
        mention = from_discussion(node | asked)
        assert mention.title == node["title"]
        assert (mention.author.handle if mention.author else None) == (node["author"] or {}).get("login")


@needs_recordings
def test_a_recorded_answer_in_a_discussion_is_sent_as_we_send_it():
    answer = next(one for one in answers("testAddAndDeleteComment") if "replyToId" in one["request_body"])
    given = json.loads(answer["request_body"])["variables"]["input"]

    def respond(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content)["variables"]["input"] == given
        return httpx.Response(200, content=answer["body"])

    us = Source(name="x", platform="github", token_env="T", options={"repositories": ["a/b"]})
    with Client("http://gh", platform="github", token="t", transport=httpx.MockTransport(respond)) as client:
        assert LISTENER.reply
        to = ReplyTo(given["discussionId"], given["discussionId"], "post")
        assert LISTENER.reply(client, us, to, given["body"], "k").native_id == "DC_kwDOADYVqs4AovYk"


@needs_recordings
@pytest.mark.parametrize(
    ("part", "error"),
    [("testBadCredentials", SourceDenied), ("testUnknownObject", SourceGone), ("errors.raw", SourceError)],
)
def test_a_recorded_refusal_is_understood(part, error):
    answer = next(one for one in answers(part) if one["status"] >= 400)
    with answering(answer["status"], json.loads(answer["body"]), {}, Clock()) as client, pytest.raises(error):
        client.get("/x")


@needs_recordings
def test_a_recorded_failure_is_asked_for_again():
    both = [httpx.Response(one["status"], content=one["body"]) for one in answers("testReturnsRepoAfter1Retry")]
    transport = httpx.MockTransport(lambda _request: both.pop(0))
    with Client("http://gh", platform="github", transport=transport, sleep=lambda _: None) as client:
        assert client.get_json("/repos/PyGithub/PyGithub")["full_name"] == "PyGithub/PyGithub"
