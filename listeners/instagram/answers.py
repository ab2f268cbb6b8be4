"""Answer as the account: below a comment, to a mention, or by direct message; and look whether an answer is there."""

from datetime import datetime

from desk.answering import Replies, ReplyRules
from desk.errors import FateUnknown, SourceError
from desk.mention import Kind
from desk.source import Source
from listeners import meta_messages
from listeners.contract import Receipt, ReplyTo
from listeners.graph import when
from listeners.http import Client
from listeners.instagram.options import Options
from listeners.instagram.said import COMMENT, MENTION, root, us
from listeners.meta_messages import is_us
from listeners.paging import Json, body_of, listed

_BYTES = 1000
REPLIES: dict[Kind, ReplyRules] = {
    "comment": ReplyRules(characters=300),
    "post": ReplyRules(characters=300),
    "dm": ReplyRules(characters=1000, within=meta_messages.WINDOW),
}
"""A comment holds 300 characters ("IG Media: Comments"), a message 1000 bytes ("Send API" for Instagram)."""


def replies_of(source: Source) -> Replies:
    """Return what may be answered on a source: its option ``human_agent`` decides for how long messages may be."""
    return meta_messages.rules(REPLIES, Options.model_validate(source.options).human_agent)


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text*. Answers to answers stand below the first comment, so they name whom they answer."""
    options = Options.model_validate(source.options)
    base = root(client, options)
    if to.kind == "dm":
        if len(text.encode()) > _BYTES:
            raise SourceError(
                f"Instagram takes messages of {_BYTES} bytes; umlauts count as two, emoji as four", advice="shorten it"
            )
        path = f"{base}/{options.page or options.account}/messages"
        return meta_messages.send(client, path, to, text, as_person=options.human_agent)
    if to.conversation.startswith(MENTION):
        return _to_a_mention(client, f"{base}/{options.account}/mentions", to, text)
    said = _naming(to, text)
    sent = _body(client, f"{base}/{to.conversation}/replies", {"message": said})
    return Receipt(str(sent["id"]), text=said if said != text else "")


def _to_a_mention(client: Client, path: str, to: ReplyTo, text: str) -> Receipt:
    media = to.conversation.removeprefix(MENTION)
    comment = {"comment_id": to.native_id} if to.native_id != media else {}
    return Receipt(str(_body(client, path, {"message": text, "media_id": media, **comment})["id"]))


def _body(client: Client, path: str, said: Json) -> Json:
    found: Json = body_of(client, client.send("POST", path, json=said))
    return found


def _naming(to: ReplyTo, text: str) -> str:
    below = to.native_id != to.conversation and to.handle
    return f"@{to.handle} {text}" if below and not text.startswith(f"@{to.handle}") else text


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Return our answer where Instagram has it since a moment; below other people's posts it cannot be looked for."""
    options = Options.model_validate(source.options)
    base, ours = root(client, options), us(options)
    if to.kind == "dm":
        path = f"{base}/{options.page or options.account}/conversations"
        return meta_messages.look(client, path, {"platform": "instagram"}, to, text, since, ours)
    if to.conversation.startswith(MENTION):
        raise FateUnknown("Instagram does not show what is said below other people's posts", advice="look there yourself")
    wanted = {text.strip(), _naming(to, text).strip()}
    for answer in listed(
        client, client.get_json(f"{base}/{to.conversation}/replies", {"fields": COMMENT, "limit": "50"}), "data"
    ):
        who = {"username": answer.get("username"), **(answer.get("from") or {})}
        if (answer.get("text") or "").strip() in wanted and is_us(who, ours) and when(answer.get("timestamp")) >= since:
            return Receipt(str(answer["id"]), text=str(answer["text"]))
    return None
