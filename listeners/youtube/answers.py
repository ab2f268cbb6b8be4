"""Answer a comment, look whether that was done, and say who is heard."""

from datetime import datetime

from desk.errors import SourceDenied, SourceGone
from desk.source import Source
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.paging import body_of, listed, pick
from listeners.youtube.comments import below, to_mention
from listeners.youtube.streams import Options, channel_id, mine, ours_of

CHARACTERS = 10_000


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer in the comment's thread. It needs OAuth: an API key only reads. YouTube has one level of answers below a comment."""
    if "refresh_token" not in client.secrets:
        advice = "give the source client_id_env, client_secret_env and refresh_token_env: kummerkasten add youtube asks for them"
        raise SourceDenied("YouTube takes answers only with OAuth, not with an API key", advice=advice)
    worded = _worded(to, text)
    body = {"snippet": {"parentId": to.conversation, "textOriginal": worded}}
    sent = body_of(client, client.send("POST", "/comments", params={"part": "snippet"}, json=body), sent=True)
    return Receipt(str(sent["id"]), text=worded)


def _worded(to: ReplyTo, text: str) -> str:
    """Name whom an answer to an answer is meant for, as YouTube itself does."""
    named = to.native_id != to.conversation and to.handle.startswith("@") and not text.startswith(to.handle)
    return f"{to.handle} {text}" if named else text


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look for our answer in the thread."""
    options = Options.model_validate(source.options)
    ours = ours_of(client, options, channel_id(client, options.channel)) | {str(one.get("id")) for one in mine(client)}
    for answer in below(client, to.conversation):
        said = to_mention(answer, ours)
        if said.ours and said.said_at >= since and said.text == _worded(to, text).strip():
            return Receipt(said.native_id, text=said.text)
    return None


def verify(client: Client, source: Source) -> str:
    """Return which channel or videos are heard."""
    options = Options.model_validate(source.options)
    if options.channel:
        by = "forHandle" if options.channel.startswith("@") else "id"
        found = listed(client, client.get_json("/channels", {"part": "snippet", by: options.channel}), "items")
    else:
        found = listed(client, client.get_json("/videos", {"part": "snippet", "id": ",".join(options.videos)}), "items")
    if not found:
        raise SourceGone("YouTube knows nothing under this name", advice="check the source's channel and videos")
    return ", ".join(f"{pick(one, 'snippet.title')} ({pick(one, 'snippet.customUrl') or one.get('id')})" for one in found)
