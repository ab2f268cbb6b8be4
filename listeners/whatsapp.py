"""Hear what customers write by WhatsApp, as Meta's Cloud API delivers it, and answer within 24 hours of their last word.

There is no history to read: a pull hears nothing, it only asks whether the number and its token live. What was not delivered
comes again for 7 days; the same message is the same mention (guarantee 2).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from desk.answering import ReplyRules
from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from desk.source import Source
from listeners import graph, meta_push
from listeners.access import NOTHING, Access
from listeners.contract import Ask, Cursor, Listener, Page, Push, Receipt, ReplyTo, Window
from listeners.graph import VERSION, when
from listeners.http import Client
from listeners.meta_push import COMES_AGAIN_WHATSAPP, Delivery, changes, entries, handshake, signed_within
from listeners.paging import Json, body_of, pick

PLATFORM = "whatsapp"
_CHARACTERS = 4096
_WINDOW = timedelta(hours=24)
_FIELDS = ("messages", "smb_message_echoes")
_NOTHING_SAID = ("reaction", "system", "request_welcome", "revoke")
"""A thumb, a new number, the first tap on a chat: nobody waits for an answer to them."""
_MEDIA = ("image", "video", "audio", "document", "sticker")


class Options(BaseModel):
    """What a WhatsApp source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone_number: str = Field(pattern=r"^\d{5,30}$")
    """The id of our number (not the number itself); what is delivered for another is not ours."""


def pull(client: Client, source: Source, _cursor: Cursor | None, _window: Window) -> Iterator[Page]:
    """Hear nothing; raise where the token is dead or the number is not ours any more."""
    if client.has_token:
        _number(client, source)
    yield from ()


def _number(client: Client, source: Source) -> Json:
    number = Options.model_validate(source.options).phone_number
    asked = {"fields": "display_phone_number,verified_name"}
    found: Json = client.get_json(f"/{VERSION}/{number}", asked) if client.secrets.get("token") else {}
    return found


def read(source: Source, body: bytes, _now: datetime) -> Page:
    """Return what a delivery holds for our number; what became of our own messages (statuses) is nothing that anybody said."""
    number, delivery = Options.model_validate(source.options).phone_number, Delivery()
    for entry in entries(body, "whatsapp_business_account"):
        for _field, value in changes(entry, _FIELDS):
            if str(pick(value, "metadata.phone_number_id")) != number:
                continue
            people = [who for who in value.get("contacts") or () if isinstance(who, dict)]
            for message in (*(value.get("messages") or ()), *(value.get("message_echoes") or ())):
                delivery.gone(pick(message, "revoke.original_message_id"))
                delivery.read(message, partial(to_mention, people=people), "delivered message")
    return delivery.page()


def to_mention(message: Json, people: list[Json]) -> Mention | None:
    """Turn a message into a Mention; None for what is none. An echo is what we wrote in the WhatsApp Business app.

    Since 2026 customers may hide their number: then only their id for our business is given (docs "Business-scoped user IDs").
    """
    if message["type"] in _NOTHING_SAID:
        return None
    ours = "to" in message or "to_user_id" in message
    other = _other(message, "to" if ours else "from", people)
    said, original = _edited(message)
    words, attached = _said(said)
    moment = when(message["timestamp"])
    group = message.get("group_id")
    return Mention(
        platform=PLATFORM,
        native_id=original,
        conversation=f"group/{group}" if group else f"dm/{other.native_id}",
        kind="dm",
        text=words,
        author=None if ours else other,
        parent=pick(said, "context.id"),
        said_at=moment,
        edited_at=moment if message["type"] == "edit" else None,
        ours=ours,
        attachments=attached,
    )


def _other(message: Json, side: str, people: list[Json]) -> Author:
    """Return the customer: known by their id for our business where there is one, reached by their number while they show it."""
    phone, scoped = str(message.get(side) or ""), str(message.get(f"{side}_user_id") or "")
    known = (who for who in people if scoped in (who.get("user_id"), "") and phone in (who.get("wa_id"), ""))
    who = next(known, people[0] if len(people) == 1 else {})
    native_id = scoped or who.get("user_id") or phone
    if not native_id:
        raise NotUnderstood("a message without anybody whom we speak with")
    name = pick(who, "profile.name") or pick(who, "profile.username") or ""
    return Author(native_id=native_id, handle=phone or pick(who, "profile.username") or "", name=name)


def _edited(message: Json) -> tuple[Json, str]:
    """Return what is said, and the id under which it was said first."""
    if message["type"] != "edit":
        return message, str(message["id"])
    return pick(message, "edit.message", {}), str(message["edit"]["original_message_id"])


def _said(message: Json) -> tuple[str, tuple[str, ...]]:
    """Return words and files. A file is named by its id: its address would want our token, and lives five minutes."""
    kind = str(message.get("type"))
    content = message.get(kind) or {}
    words = _WORDS.get(kind, _none)(content).strip()
    attached = [f"whatsapp:{kind}/{content.get('id')}"] if kind in _MEDIA else []
    attached += [link for link in [pick(message, "referral.source_url")] if link]
    if not words and not attached:  # a poll, an order without words: somebody wrote, and we cannot see what
        attached = [f"whatsapp:{pick(content, 'type') or kind}"]
    return words, tuple(attached)


def _none(_content: Any) -> str:
    return ""


def _place(place: Json) -> str:
    where = f"geo:{place.get('latitude')},{place.get('longitude')}"
    return "\n".join(str(part) for part in (place.get("name"), place.get("address"), where) if part)


def _contacts(contacts: list[Json]) -> str:
    lines = (
        f"{pick(one, 'name.formatted_name', '')} {', '.join(str(phone.get('phone')) for phone in one.get('phones') or ())}"
        for one in contacts
    )
    return "\n".join(line.strip() for line in lines)


def _order(order: Json) -> str:
    items = [f"{item.get('quantity')} × {item.get('product_retailer_id')}" for item in order.get("product_items") or ()]
    return "\n".join(filter(None, [order.get("text"), *items]))


def _choice(choice: Json) -> str:
    chosen = choice.get("button_reply") or choice.get("list_reply") or choice.get("nfm_reply") or {}
    return "\n".join(str(part) for part in (chosen.get("title") or chosen.get("body"), chosen.get("description")) if part)


_WORDS: dict[str, Callable[[Any], str]] = {
    "text": lambda text: str(text.get("body") or ""),
    "button": lambda button: str(button.get("text") or ""),
    "interactive": _choice,
    "location": _place,
    "contacts": _contacts,
    "order": _order,
    **dict.fromkeys(_MEDIA, lambda media: str(media.get("caption") or "")),
}


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text* as an answer to the message: to the customer's number while they show it, as Meta advises, else to their id."""
    number = Options.model_validate(source.options).phone_number
    whom = {"to": to.handle} if to.handle.isdigit() else {"recipient": to.author or to.conversation.removeprefix("dm/")}
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **whom,
        "context": {"message_id": to.native_id},
        "type": "text",
        "text": {"body": text},
    }
    sent = body_of(client, client.send("POST", f"/{VERSION}/{number}/messages", json=body))
    return Receipt(str(pick(sent, "messages.0.id")))


def verify(client: Client, source: Source) -> str:
    """Return the number and the name that customers see."""
    found = _number(client, source)
    return f"{found.get('verified_name') or 'WhatsApp'} ({found.get('display_phone_number') or 'no token: hears, cannot answer'})"


def expires(client: Client, source: Source) -> datetime | None:
    """Return when the token dies; one that only hears needs none."""
    return graph.expires(client, source) if client.secrets.get("token") else None


def access(source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by token; whoever only hears needs none."""
    return graph.access(source, secrets) if secrets.get("token") else NOTHING


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    replies={"dm": ReplyRules(characters=_CHARACTERS, within=_WINDOW)},
    base_url="https://graph.facebook.com",
    access=access,
    refusal=graph.refusal,
    verify=verify,
    expires=expires,
    push=Push(signed=signed_within(COMES_AGAIN_WHATSAPP), read=read, handshake=handshake),
    asks=(
        Ask(
            "phone_number",
            {
                "de": "ID der Telefonnummer (nicht die Nummer selbst): developers.facebook.com → App → WhatsApp → "
                "API-Einrichtung.",
                "en": "Id of the phone number (not the number itself): developers.facebook.com → app → WhatsApp → API Setup.",
            },
            example="106540352242922",
        ),
        Ask(
            "token",
            {
                "de": "Zugangstoken zum Antworten: business.facebook.com → Einstellungen → Systemnutzer → Token generieren, "
                "Berechtigungen whatsapp_business_messaging und whatsapp_business_management.",
                "en": "Token for answers: business.facebook.com → Settings → System users → Generate token, permissions "
                "whatsapp_business_messaging and whatsapp_business_management.",
            },
            secret=True,
            optional=True,
            example="EAAB…",
        ),
        *(replace(ask, optional=False) for ask in meta_push.ASKS),
    ),
    setup={
        "de": "Auf developers.facebook.com eine App mit dem Produkt WhatsApp anlegen und die Nummer verbinden. Unter WhatsApp → "
        "Konfiguration die Adresse des Webhooks und das Verifizierungstoken eintragen und das Feld messages abonnieren, für "
        "Nummern mit WhatsApp-Business-App auch smb_message_echoes. App-Geheimcode und Verifizierungstoken sind nötig: ohne "
        "Webhook wird nichts gehört.",
        "en": "On developers.facebook.com make an app with the product WhatsApp and connect the number. Under WhatsApp → "
        "Configuration enter the address of the webhook and the verify token, and subscribe to the field messages, for numbers "
        "with the WhatsApp Business app also to smb_message_echoes. App secret and verify token are needed: without a webhook "
        "nothing is heard.",
    },
    blind_spots={
        "de": "Alles, was vor dem Webhook geschrieben wurde, und was 7 Tage lang nicht zugestellt werden konnte; unsere eigenen "
        "Antworten (nur die aus der WhatsApp-Business-App); ob eine Antwort ankam; Inhalte von Dateien (nur ihre Kennung); "
        "Umfragen; Änderungen und Löschungen außer bei Nummern mit WhatsApp-Business-App.",
        "en": "All that was written before the webhook, and what could not be delivered for 7 days; our own answers (only those "
        "from the WhatsApp Business app); whether an answer arrived; the contents of files (only their ids); polls; edits and "
        "deletions but for numbers with the WhatsApp Business app.",
    },
)
