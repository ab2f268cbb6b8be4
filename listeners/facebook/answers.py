"""Answer as the page: below a comment, a post or a recommendation, or in Messenger; and look whether an answer is there."""

from datetime import datetime

from desk.answering import Replies, ReplyRules
from desk.errors import SourceError
from desk.mention import Kind
from desk.source import Source
from listeners import meta_messages
from listeners.contract import Receipt, ReplyTo
from listeners.facebook.said import COMMENT
from listeners.facebook.streams import Options
from listeners.graph import VERSION, when
from listeners.http import Client
from listeners.meta_messages import is_us
from listeners.paging import body_of, listed

REPLIES: dict[Kind, ReplyRules] = {
    "comment": ReplyRules(characters=8000),
    "post": ReplyRules(characters=8000),
    "review": ReplyRules(characters=8000),
    "dm": ReplyRules(characters=2000, within=meta_messages.WINDOW),
}
"""A message holds 2000 characters ("Send API", text); the longest comment that Facebook takes is 8000."""


def replies_of(source: Source) -> Replies:
    """Return what may be answered on a source: its option ``human_agent`` decides for how long messages may be."""
    return meta_messages.rules(REPLIES, Options.model_validate(source.options).human_agent)


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text*: a recommendation is answered by a comment on its story."""
    options = Options.model_validate(source.options)
    if to.kind == "dm":
        return meta_messages.send(client, f"/{VERSION}/{options.page}/messages", to, text, as_person=options.human_agent)
    answer = client.send("POST", f"/{VERSION}/{_story(to)}/comments", json={"message": text, "fields": "id,permalink_url"})
    sent = body_of(client, answer)
    return Receipt(str(sent["id"]), sent.get("permalink_url") or f"https://www.facebook.com/{sent['id']}")


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Return our answer where Facebook has it since a moment."""
    page = Options.model_validate(source.options).page
    if to.kind == "dm":
        path = f"/{VERSION}/{page}/conversations"
        return meta_messages.look(client, path, {"platform": "messenger"}, to, text, since, {page})
    asked = {"filter": "stream", "order": "reverse_chronological", "limit": "100", "fields": COMMENT}
    for comment in listed(client, client.get_json(f"/{VERSION}/{_story(to)}/comments", asked), "data"):
        same = (comment.get("message") or "").strip() == text.strip()
        if same and is_us(comment.get("from") or {}, {page}) and when(comment.get("created_time")) >= since:
            return Receipt(str(comment["id"]), comment.get("permalink_url"))
    return None


def _story(to: ReplyTo) -> str:
    if to.native_id.startswith("rating/"):
        raise SourceError(
            "Facebook gives no way to answer this recommendation: it has no story", advice="answer it on Facebook, as the page"
        )
    return to.native_id
