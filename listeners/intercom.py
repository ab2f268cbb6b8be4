"""Hear what customers write in Intercom's messenger, by mail and by rating, and answer them there as a teammate.

Conversations are searched in the order in which they last changed, from the cursor on and once more through the look back; each
is then read whole, for a list holds only its first message (guarantees 1 and 3).
"""

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from httpx import Response
from pydantic import BaseModel, ConfigDict

from desk.answering import ReplyRules
from desk.errors import NotUnderstood, SourceDenied, SourceError, SourceGone
from desk.mention import Author, Kind, Mention
from desk.source import Source
from listeners.access import Access, bearer, needed
from listeners.contract import Ask, Broken, Cursor, Listener, Page, Push, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import body_of, listed, pick
from listeners.plain import plain
from listeners.signatures import fresh, matches
from listeners.times import instant
from listeners.walks import Batch, forward, understood

PLATFORM = "intercom"
Json = dict[str, Any]
_VERSION = "2.14"
_PAGE = 50
_HOSTS = {"us": "https://api.intercom.io", "eu": "https://api.eu.intercom.io", "au": "https://api.au.intercom.io"}
_PEOPLE = ("user", "lead", "contact")
"""Kinds of authors that are customers; the others (admin, bot, team) speak for the company."""


class Options(BaseModel):
    """What an Intercom source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: Literal["us", "eu", "au"] = "us"
    """Where the workspace's data lie."""
    ratings: bool = True
    """Whether what customers say when they rate a conversation is heard too."""


@dataclass(frozen=True)
class Here:
    """The workspace that is asked, and who we are in it."""

    admin: str = ""
    workspace: str = ""
    region: str = "us"
    ratings: bool = True

    def link(self, conversation: object) -> str:
        """Return a conversation's permalink in the inbox."""
        app = "app" if self.region == "us" else f"app.{self.region}"
        return f"https://{app}.intercom.com/a/inbox/{self.workspace}/inbox/conversation/{conversation}"


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said in the conversations that changed since *cursor*, then once more through the look back."""
    here = _here(client, source)
    return forward({"conversations": partial(_changed, client, here)}, cursor, window)


def _here(client: Client, source: Source) -> Here:
    options = Options.model_validate(source.options)
    me = client.get_json(_at(client, options.region, "/me"))
    return Here(str(me.get("id", "")), str(pick(me, "app.id_code", "")), options.region, options.ratings)


def _at(client: Client, region: str, path: str) -> str:
    return client.at(f"{_HOSTS[region]}{path}")


def _changed(client: Client, here: Here, since: datetime) -> Iterator[Batch]:
    """Yield pages of conversations in the order in which they changed; the search asks for "later than"."""
    changed = {"field": "updated_at", "operator": ">", "value": int(since.timestamp()) - 1}
    after, before = "", list[Json]()
    while True:
        paging = {"per_page": _PAGE, **({"starting_after": after} if after else {})}
        asked = {"query": changed, "sort": {"field": "updated_at", "order": "ascending"}, "pagination": paging}
        body = client.ask_json(_at(client, here.region, "/conversations/search"), asked)
        items = listed(client, body, "conversations")
        if not items or items == before:
            return
        batches = [mentions_of(whole, here) for whole in (_whole(client, here, item) for item in items) if whole]
        yield Batch(
            found=tuple(one for batch in batches for one in batch.found),
            deleted=tuple(one for batch in batches for one in batch.deleted),
            last=instant(items[-1].get("updated_at")),
        )
        following = str(pick(body, "pages.next.starting_after", ""))
        if following in ("", after):
            return
        after, before = following, items


def _whole(client: Client, here: Here, item: Json) -> Json | None:
    """Return a conversation with its parts; None where it is gone, itself where it has no id to ask for."""
    if "id" not in item:
        return item
    try:
        whole: Json = client.get_json(_at(client, here.region, f"/conversations/{item['id']}"))
    except SourceGone:  # deleted between the list and the question
        return None
    return whole


def mentions_of(conversation: Json, here: Here) -> Batch:
    """Return what was said in a conversation, and which of its parts have been taken back ("redacted")."""
    place = f"conversation {conversation.get('id')}"
    parts = pick(conversation, "conversation_parts.conversation_parts", [])
    first = [{**(conversation.get("source") or {}), "created_at": conversation.get("created_at"), "part_type": "source"}]
    rating = [conversation["conversation_rating"]] if here.ratings and pick(conversation, "conversation_rating.rating") else []
    said = understood([*first, *parts], partial(to_mention, conversation=conversation, here=here), place)
    rated = understood(rating, partial(rating_to_mention, conversation=conversation, here=here), place)
    gone = tuple(native(conversation.get("id"), part.get("id")) for part in parts if part.get("redacted"))
    return Batch(found=said.found + rated.found, deleted=gone)


def to_mention(part: Json, conversation: Json, here: Here) -> Mention | None:
    """Turn a part (or the first message) into a Mention; None for notes, events and what was taken back. Raises NotUnderstood."""
    begins, note = part["part_type"] == "source", part["part_type"].startswith("note")
    text = plain(part.get("body") or "")
    attached = tuple(one["url"] for one in part.get("attachments") or () if one.get("url"))
    if note or part.get("redacted") or not (text or attached or begins):
        return None
    said_at = instant(part["created_at"])
    if said_at is None:
        raise NotUnderstood(f"a part of {part['created_at']!r}")
    who = part.get("author") or {}
    return Mention(
        platform=PLATFORM,
        native_id=native(conversation["id"], "source" if begins else part["id"]),
        conversation=conversation["id"],
        kind=_kind(conversation),
        title=plain(part.get("subject") or ""),
        text=text,
        author=Author(native_id=who["id"], handle=who.get("email") or "", name=who.get("name") or "") if who.get("id") else None,
        url=here.link(conversation["id"]),
        said_at=said_at,
        ours=bool(who) and who.get("type") not in _PEOPLE,
        attachments=attached,
    )


def rating_to_mention(rating: Json, conversation: Json, here: Here) -> Mention:
    """Turn the rating of a conversation (1 to 5, with or without a remark) into a Mention; raises NotUnderstood."""
    said_at = instant(rating.get("created_at"))
    if said_at is None:
        raise NotUnderstood("a rating without a time")
    who = pick(rating, "contact.id")
    return Mention(
        platform=PLATFORM,
        native_id=native(conversation["id"], "rating"),
        conversation=conversation["id"],
        kind="survey",
        text=(rating.get("remark") or "").strip(),
        author=Author(native_id=who) if who else None,
        url=here.link(conversation["id"]),
        said_at=said_at,
        stars=float(rating["rating"]),
        rating=f"{rating['rating']}/5",
    )


def native(conversation: object, part: object) -> str:
    """Return a part's native id, which tells its conversation too."""
    return f"{conversation}/{part}"


def _kind(conversation: Json) -> Kind:
    return "email" if pick(conversation, "source.type") == "email" else "dm"


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text* to the customer, in the name of the teammate whose token it is."""
    here = _here(client, source)
    body = {"message_type": "comment", "type": "admin", "admin_id": here.admin, "body": _as_html(text)}
    address = _at(client, here.region, f"/conversations/{to.conversation}/reply")
    sent = body_of(client, client.send("POST", address, json=body))
    return Receipt(native(to.conversation, _ours(sent, here)[-1]["id"]), here.link(to.conversation))


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Return our own answer *text* of *since* or later, None where there is none."""
    here = _here(client, source)
    whole = _whole(client, here, {"id": to.conversation}) or {}
    for part in reversed(_ours(whole, here)):
        said_at = instant(part.get("created_at"))
        if said_at and said_at >= since.replace(microsecond=0) and plain(part.get("body") or "").split() == text.split():
            return Receipt(native(to.conversation, part["id"]), here.link(to.conversation))
    return None


def _ours(conversation: Json, here: Here) -> list[Json]:
    parts = pick(conversation, "conversation_parts.conversation_parts", [])
    return [part for part in parts if str(pick(part, "author.id")) == here.admin and not part["part_type"].startswith("note")]


def _as_html(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>")


def verify(client: Client, source: Source) -> str:
    """Return who we are in which workspace."""
    me = client.get_json(_at(client, Options.model_validate(source.options).region, "/me"))
    return f"{me.get('name', '')} ({me.get('email', '')}) at {pick(me, 'app.name', 'an unnamed workspace')}"


def refusal(response: Response, _now: datetime) -> SourceError | None:
    """Say Intercom's own reason for a refusal that the status alone does not explain ("error.list")."""
    if response.status_code not in (400, 403, 422):
        return None
    try:
        first = pick(response.json(), "errors.0", {})
    except ValueError:
        return None
    if not first:
        return None
    said = f"Intercom refuses: {first.get('message') or first.get('code')} ({first.get('code')})"
    if response.status_code == 403:
        return SourceDenied(
            said, advice="see which permissions the app has in the Developer Hub, and what your plan allows", partly=True
        )
    return SourceError(said, advice="look at the conversation in Intercom: can it still be answered?")


def _access(_source: Source, secrets: Mapping[str, str]) -> Access:
    (token,) = needed(secrets, "token")
    return bearer(token, Intercom_Version=_VERSION)


def _signed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    """Check X-Hub-Signature, the HMAC-SHA1 of the body under the app's client secret ("Webhook notifications")."""
    given = headers.get("x-hub-signature", "").removeprefix("sha1=")
    if not matches(given, secrets.get("client_secret", "").encode(), body, digest="sha1"):
        return False
    try:
        return fresh(json.loads(body).get("created_at"), now)
    except (ValueError, AttributeError):
        return False


def _delivery(source: Source, body: bytes, _now: datetime) -> Page:
    """Return what was said in the conversation of a delivery; a ping says nothing."""
    options = Options.model_validate(source.options)
    event = json.loads(body)
    item = pick(event, "data.item", {})
    if item.get("type") != "conversation":
        return Page()
    here = Here(workspace=str(event.get("app_id", "")), region=options.region, ratings=options.ratings)
    batch = mentions_of(item, here)
    broken = tuple(one for one in batch.found if isinstance(one, Broken))
    return Page(tuple(one for one in batch.found if isinstance(one, Mention)), deleted=batch.deleted, broken=broken)


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={kind: ReplyRules() for kind in ("dm", "email", "survey")},
    base_url=_HOSTS["us"],
    access=_access,
    refusal=refusal,
    verify=verify,
    push=Push(signed=_signed, read=_delivery),
    asks=(
        Ask(
            "token",
            {
                "de": "Das Zugriffstoken Ihrer App: Developer Hub → App → Configure → Authentication → Access token.",
                "en": "Your app's access token: Developer Hub → app → Configure → Authentication → Access token.",
            },
            secret=True,
        ),
        Ask(
            "region",
            {
                "de": "Wo Ihre Daten liegen: us, eu oder au (Einstellungen → Workspace).",
                "en": "Where your data lie: us, eu or au (Settings → Workspace).",
            },
            optional=True,
            example="us",
        ),
        Ask(
            "client_secret",
            {
                "de": "Nur für Zustellung per Webhook: Developer Hub → App → Basic information → Client secret.",
                "en": "Only for delivery by webhook: Developer Hub → app → Basic information → Client secret.",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Unter developers.intercom.com (Developer Hub) eine App für den eigenen Workspace anlegen. Rechte unter "
        "Authentication: Read conversations, Write conversations, Read admins. Das Token gilt für den Menschen, der die App "
        "angelegt hat; in seinem Namen wird geantwortet.",
        "en": "At developers.intercom.com (Developer Hub) make an app for your own workspace. Permissions under "
        "Authentication: Read conversations, Write conversations, Read admins. The token belongs to the person who made the "
        "app; answers go out in that name.",
    },
    blind_spots={
        "de": "Interne Notizen; aus sehr langen Gesprächen alles vor den letzten 500 Beiträgen; gelöschte Gespräche, die "
        "länger als look_back her sind.",
        "en": "Internal notes; of very long conversations all before the last 500 parts; deletions of conversations older "
        "than look_back.",
    },
)
