"""Answer below an issue, a pull request or in a discussion, look whether an answer is there, and read GitHub's refusals."""

from datetime import UTC, datetime, timedelta

import httpx

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from desk.source import Source
from listeners.access import needed
from listeners.contract import Receipt, ReplyTo
from listeners.github.discussions import graphql
from listeners.github.issues import Options, readable
from listeners.http import Client
from listeners.limits import read_headers
from listeners.paging import body_of, listed, pick
from listeners.times import instant

CHARACTERS = 65_536
_PEACE = timedelta(minutes=1)
"""How long to leave GitHub alone after a secondary limit that names no time (docs "Rate limits for the REST API")."""
_ADD = (
    "mutation($input: AddDiscussionCommentInput!) { addDiscussionComment(input: $input) { comment { id url } } }"  # recorded 2024
)
_LAST = """query($id: ID!) { node(id: $id) { ... on Discussion { comments(last: 50) { nodes {
  id url body createdAt viewerDidAuthor replies(last: 50) { nodes { id url body createdAt viewerDidAuthor } } } } } } }"""


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text* below what it answers; in a discussion a reply is answered below its comment, for there is one level only."""
    needed(client.secrets, "token")
    if "#" in to.conversation:
        repository, _, number = to.conversation.partition("#")
        answer = client.send("POST", f"/repos/{repository}/issues/{number}/comments", json={"body": text})
        made = body_of(client, answer, sent=True)
        return Receipt(f"{repository}/comment/{_id(client, made.get('id'))}", made.get("html_url"))
    below = None if to.native_id == to.conversation else to.parent if to.parent not in ("", to.conversation) else to.native_id
    variables = {"input": {"discussionId": to.conversation, "replyToId": below, "body": text}}
    answer = client.send("POST", graphql(client), json={"query": _ADD, "variables": variables})
    made = pick(body_of(client, answer, sent=True), "data.addDiscussionComment.comment", {})
    return Receipt(_id(client, made.get("id")), made.get("url"))


def _id(client: Client, given: object) -> str:
    if not given:
        raise SourceGarbled(f"{client.host} did not say which comment it made", uncertain=True)
    return str(given)


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look for our answer among what was said lately in the conversation."""
    if "#" not in to.conversation:
        return _looked(client, to, text, since)
    repository, _, number = to.conversation.partition("#")
    ours = us(client, Options.model_validate(source.options))
    asked = {"since": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "per_page": 100}
    for item in listed(client, client.get_json(f"/repos/{repository}/issues/{number}/comments", asked)):
        said, who = instant(item.get("created_at")), str(pick(item, "user.login")).lower()
        if who in ours and said and said >= since and readable(item.get("body") or "") == readable(text):
            return Receipt(f"{repository}/comment/{item['id']}", item.get("html_url"))
    return None


def _looked(client: Client, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    body = client.ask_json(graphql(client), {"query": _LAST, "variables": {"id": to.conversation}})
    comments = listed(client, body, "data.node.comments.nodes")
    for one in (*comments, *(answer for comment in comments for answer in pick(comment, "replies.nodes", []))):
        said = instant(one.get("createdAt"))
        if one.get("viewerDidAuthor") and said and said >= since and readable(one.get("body") or "") == readable(text):
            return Receipt(one["id"], one.get("url"))
    return None


def us(client: Client, options: Options) -> frozenset[str]:
    """Return our accounts: those that are named, else the one the token belongs to."""
    if options.accounts or "token" not in client.secrets:
        return frozenset(name.lower() for name in options.accounts)
    return frozenset({str(pick(client.get_json("/user"), "login", "")).lower()})


def refusal(response: httpx.Response, now: datetime) -> SourceError | None:
    """Tell a limit (403 or 429, docs "Rate limits for the REST API") from a lack of rights; GraphQL's errors come with 200."""
    try:
        body = response.json() if response.status_code in (200, 403, 422, 429) else None
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    if response.status_code == 200:
        return _graphql_error(response, body, now) if response.request.url.path.endswith("/graphql") else None
    said = f"GitHub says: {body.get('message')}"
    if response.status_code == 422:
        return SourceError(said, advice="change the answer, or answer on GitHub itself")
    remaining, resets_at = read_headers(response.headers, now)
    if remaining == 0 and resets_at:
        return SourceBusy(said, retry_at=resets_at)
    if "secondary rate limit" in said or "abuse" in said:
        wait = response.headers.get("retry-after", "")
        return SourceBusy(said, retry_at=now + (timedelta(seconds=int(wait)) if wait.isdigit() else _PEACE))
    return None


def _graphql_error(response: httpx.Response, body: dict[str, object], now: datetime) -> SourceError | None:
    if not body.get("errors"):
        return None
    kind, said = pick(body, "errors.0.type", ""), f"GitHub says: {pick(body, 'errors.0.message', 'something went wrong')}"
    if kind == "RATE_LIMITED":
        return SourceBusy(said, retry_at=read_headers(response.headers, now)[1])
    if kind in ("FORBIDDEN", "INSUFFICIENT_SCOPES"):
        return SourceDenied(
            said, advice="the token lacks a permission: see the platform's page in the documentation", partly=True
        )
    if kind == "NOT_FOUND":
        return SourceGone(said, advice="check the source's settings: is the repository's name right, has it discussions?")
    return SourceBusy(said, uncertain=True) if not kind else SourceError(said, advice="look at the platform's status page")
