"""Telegram's JSON: an update becomes a Mention here, and nothing past this file knows a message's shape."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from desk.errors import NotUnderstood
from desk.mention import Author, Kind, Mention
from listeners.paging import pick
from listeners.times import instant

PLATFORM = "telegram"
CARRIED = ("message", "edited_message", "channel_post", "edited_channel_post")
"""The updates that hold what somebody said; no others are asked for."""
Json = dict[str, Any]
_MEDIA = ("photo", "video", "animation", "voice", "video_note", "audio", "document", "sticker")


class Options(BaseModel):
    """What a Telegram source may say. A bot's updates can be read once only: one source per bot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    private: bool = True
    """What people write to the bot."""
    groups: bool = True
    """What is said in groups and channels that the bot is in."""
    team: tuple[str, ...] = ()
    """Names or numbers of our own people: what they say is ours."""
    webhook: bool = False
    """Whether Telegram delivers by itself: then it is only asked whether it can."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.private or self.groups):
            raise ValueError("nothing would be heard: set private = true or groups = true")
        return self


def to_mention(update: Json, bot: str, options: Options) -> Mention | None:
    """Turn an update into a Mention; None for what is none: joining, pinning, /start. Raises NotUnderstood."""
    message = next((update[kind] for kind in CARRIED if kind in update), None)
    if message is None:
        return None
    chat, private = message["chat"], message["chat"]["type"] == "private"
    words = (message.get("text") or message.get("caption") or pick(message, "sticker.emoji", "")).strip()
    attached = tuple(f"telegram:{kind}/{_file(message[kind])}" for kind in _MEDIA if kind in message)
    begins = private and words.startswith("/start")
    if not (words or attached) or begins or not (options.private if private else options.groups):
        return None
    said_at = instant(message["date"])
    if said_at is None:
        raise NotUnderstood(f"a message of {message['date']!r}")
    parent = _above(message)
    return Mention(
        platform=PLATFORM,
        native_id=f"{chat['id']}/{message['message_id']}",
        conversation=_conversation(message, private, parent),
        kind=_kind(private, parent),
        text=words,
        author=_author(message),
        url=link(chat, message["message_id"]),
        parent=f"{chat['id']}/{parent}" if parent else None,
        said_at=said_at,
        edited_at=instant(message.get("edit_date")),
        ours=_is_ours(message, bot, options.team),
        attachments=attached,
    )


def _above(message: Json) -> str:
    """Return the number of the message that this one answers; the message that opens a topic is not answered by all in it."""
    above = pick(message, "reply_to_message.message_id", "")
    topic = message.get("is_topic_message") and str(above) == str(message.get("message_thread_id"))
    return "" if topic else str(above)


def _conversation(message: Json, private: bool, parent: str) -> str:
    """Return the dialogue, or the message that began the thread, as far as Telegram tells (only supergroups do)."""
    chat = message["chat"]["id"]
    if private:
        return str(chat)
    thread = None if message.get("is_topic_message") else message.get("message_thread_id")
    return f"{chat}/{thread or pick(message, 'reply_to_message.message_thread_id') or parent or message['message_id']}"


def _kind(private: bool, parent: str) -> Kind:
    if private:
        return "dm"
    return "comment" if parent else "post"


def _author(message: Json) -> Author | None:
    """Return who speaks: a channel or group may speak in place of a person."""
    who = message.get("sender_chat") or message.get("from")
    if not who:
        return None
    handle = who.get("username") or ""
    name = who.get("title") or f"{who.get('first_name') or ''} {who.get('last_name') or ''}".strip()
    return Author(native_id=who["id"], handle=handle, name=name, url=f"https://t.me/{handle}" if handle else None)


def _is_ours(message: Json, bot: str, team: tuple[str, ...]) -> bool:
    """Say whether the company speaks: the bot, its people, an admin in the group's name, the channel of the group."""
    who, group = message.get("from") or {}, message.get("sender_chat") or {}
    names = {str(one).lower() for one in (who.get("id"), who.get("username"), group.get("username")) if one}
    ours = {bot, *(name.lstrip("@").lower() for name in team)}
    in_its_name = bool(group) and str(group.get("id")) == str(message["chat"]["id"])
    return bool(names & ours) or in_its_name or bool(message.get("is_automatic_forward"))


def link(chat: Json, number: object) -> str | None:
    """Return the permalink of what is said in a public group, or (for its members) in a private supergroup."""
    if chat.get("username") and chat["type"] != "private":
        return f"https://t.me/{chat['username']}/{number}"
    inner = str(chat["id"]).removeprefix("-100")
    return f"https://t.me/c/{inner}/{number}" if inner != str(chat["id"]) else None


def _file(media: Any) -> str:
    """Return the file id, of a photo that of its largest size: a link would hold the bot's token."""
    return str((media[-1] if isinstance(media, list) else media).get("file_id", ""))
