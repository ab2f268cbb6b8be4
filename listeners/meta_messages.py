"""Direct messages as Messenger and Instagram share them: the same dialogues, the same messages, the same way to answer.

A dialogue is known by whom we speak with, for that is all that a delivery names: pulled and delivered messages belong together.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from desk.answering import Replies
from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from listeners.batches import Batch, understood
from listeners.contract import Receipt, ReplyTo
from listeners.graph import older_than, pages, rest, when
from listeners.http import Client
from listeners.paging import Json, body_of, listed, pick
from listeners.times import instant

WINDOW = timedelta(days=7)
"""Within 24 hours of the customer's last word anything may be said; with HUMAN_AGENT a person may answer for 7 days."""
_AT_ONCE = timedelta(hours=24)
_DIALOGUES, _MESSAGES = 25, 25
_MESSAGE = "id,created_time,from,to,message,attachments{id,name,mime_type,image_data,video_data,file_url},shares{link}"
_FIELDS = f"id,updated_time,messages.limit({_MESSAGES}){{{_MESSAGE}}}"
_LINKS = ("image_data.url", "video_data.url", "file_url", "payload.url")


def rules(replies: Replies, human_agent: bool) -> Replies:
    """Return what may be answered: messages for 24 hours, with HUMAN_AGENT for 7 days."""
    within = WINDOW if human_agent else _AT_ONCE
    return {kind: one.model_copy(update={"within": within}) if kind == "dm" else one for kind, one in replies.items()}


def dialogues(
    client: Client, base: str, path: str, params: Mapping[str, str], platform: str, us: Collection[str], since: datetime
) -> Iterator[Batch]:
    """Yield what was said in dialogues since a moment, both sides; the last to change is listed first ("Conversations API")."""
    read = partial(to_mention, platform=platform, us=us)
    asked = {**params, "fields": _FIELDS, "limit": str(_DIALOGUES)}
    for some in pages(client, f"{base}{path}", asked):
        for dialogue in some:
            for messages in rest(client, f"{base}/{dialogue.get('id')}/messages", dialogue.get("messages")):
                yield understood(messages, read, f"messages of {dialogue.get('id')}")
                if older_than(since, messages, "created_time"):
                    break
        if older_than(since, some, "updated_time"):
            return


def one(client: Client, base: str, native_id: str, platform: str, us: Collection[str]) -> Mention | None:
    """Return one message as it is now; raises SourceGone where it is no more."""
    return to_mention(client.get_json(f"{base}/{native_id}", {"fields": _MESSAGE}), platform, us)


def to_mention(message: Json, platform: str, us: Collection[str]) -> Mention | None:
    """Turn a message into a Mention; None for one without words and files, or too old for the platform to show more than its id.

    Raises NotUnderstood where nobody is named with whom we speak.
    """
    words, attached = (message.get("message") or "").strip(), _attached(message)
    if not message.get("created_time") or not (words or attached):
        return None
    who, to = message.get("from") or {}, pick(message, "to.data.0", {})
    ours = bool(message.get("is_echo")) or is_us(who, us)
    other = to if ours else who
    if not other.get("id"):
        raise NotUnderstood("a message without anybody whom we speak with")
    return Mention(
        platform=platform,
        native_id=message["id"],
        conversation=f"dm/{other['id']}",
        kind="dm",
        text=words,
        author=author(who),
        parent=pick(message, "reply_to.mid"),
        said_at=when(message["created_time"]),
        edited_at=instant(message.get("edited_at")),
        ours=ours,
        attachments=attached,
    )


def is_us(who: Json, us: Collection[str]) -> bool:
    """Say whether it is us who spoke: our account's id or name is among *us*."""
    return bool({str(who.get("id") or "-"), str(who.get("username") or "-").lower()} & set(us))


def author(who: Json) -> Author | None:
    """Return who spoke; deliveries hold no more than an id."""
    if not who.get("id") and not who.get("username"):
        return None
    handle = who.get("username") or ""
    return Author(native_id=who.get("id") or handle, handle=handle, name=who.get("name") or handle)


def _attached(message: Json) -> tuple[str, ...]:
    files = [*pick(message, "attachments.data", []), *pick(message, "shares.data", [])]
    links = (next((link for path in (*_LINKS, "link") if (link := pick(file, path))), None) for file in files)
    return tuple(link for link in links if link)


def send(client: Client, path: str, to: ReplyTo, text: str, *, as_person: bool) -> Receipt:
    """Say *text* to the customer; once the 24 hours are over, as a person of ours where the account may ("Human Agent")."""
    late = to.said_at is not None and client.now() - to.said_at > _AT_ONCE
    how = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if late and as_person else {"messaging_type": "RESPONSE"}
    body: dict[str, Any] = {"recipient": {"id": _other(to)}, "message": {"text": text}, **how}
    sent = body_of(client, client.send("POST", path, json=body))
    return Receipt(str(sent["message_id"]))


def look(
    client: Client, path: str, params: Mapping[str, str], to: ReplyTo, text: str, since: datetime, us: Collection[str]
) -> Receipt | None:
    """Return our answer where the dialogue holds it since a moment."""
    fields = f"messages.limit({_MESSAGES}){{{_MESSAGE}}}"
    found = listed(client, client.get_json(path, {**params, "user_id": _other(to), "fields": fields}), "data")
    for message in (message for dialogue in found for message in pick(dialogue, "messages.data", [])):
        said_at = instant(message.get("created_time"))
        same = (message.get("message") or "").strip() == text.strip()
        if said_at and said_at >= since and same and is_us(message.get("from") or {}, us):
            return Receipt(str(message["id"]))
    return None


def _other(to: ReplyTo) -> str:
    return to.conversation.removeprefix("dm/")


def delivered(event: Json) -> Json | None:
    """Return the message of a delivery as a pull would give it; None for what is none (read, delivered, a reaction).

    An edit tells the new words and its own time only (docs "message_edits").
    """
    message, edit = event.get("message") or {}, event.get("message_edit") or {}
    mid, moment = message.get("mid") or edit.get("mid"), event.get("timestamp")
    if not mid or message.get("is_deleted"):
        return None
    return {
        "id": mid,
        "created_time": moment,
        "edited_at": moment if edit else None,
        "from": event.get("sender"),
        "to": {"data": [event.get("recipient")]},
        "message": message.get("text") or edit.get("text"),
        "is_echo": message.get("is_echo"),
        "attachments": {"data": message.get("attachments") or []},
        "reply_to": message.get("reply_to"),
    }


def taken_back(event: Json) -> str:
    """Return the id of a message that was taken back, empty for any other event."""
    message = event.get("message") or {}
    return str(message.get("mid") or "") if message.get("is_deleted") else ""
