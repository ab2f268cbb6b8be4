"""Hear what customers write to a Zendesk desk, whichever way it came, and answer it there as a public comment.

Zendesk exports tickets in the order in which they changed, with a token that says where to go on (Incremental Exports, "cursor
based"); each changed ticket's comments are read, and the token is kept with them, so nothing is skipped (guarantee 1).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from httpx import Response
from pydantic import BaseModel, ConfigDict, Field

from desk.answering import ReplyRules
from desk.errors import ConfigurationError, NotUnderstood, SourceDenied, SourceError, SourceGone
from desk.mention import Author, Kind, Mention
from desk.source import Source
from listeners.access import Access, basic, needed
from listeners.batches import Batch, Found, moment, understood
from listeners.contract import Ask, Cursor, Listener, Page, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import body_of, listed, pick
from listeners.plain import plain
from listeners.times import instant
from listeners.walks import onward

PLATFORM = "zendesk"
Json = dict[str, Any]
_TICKETS, _COMMENTS = 100, 100
_CHARACTERS = 65_000
"""A comment holds 64 kB (Ticket Comments)."""
_STAFF = ("agent", "admin")
_TALK = (
    "chat",
    "chat_transcript",
    "native_messaging",
    "sms",
    "whatsapp",
    "facebook",
    "twitter",
    "instagram_dm",
    "line",
    "any_channel",
)
"""Ways by which people talk to and fro; what came by any other (mail, form, API) reads like a letter (Via object)."""


class Options(BaseModel):
    """What a Zendesk source may say. Its ``base_url`` is the desk's own address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: str = Field(pattern=r"^\S+@\S+$")
    """The address of the admin whose API token is used."""
    channels: tuple[str, ...] = ()
    """Only tickets that came this way ("email", "web", "chat", ...); all where none is named."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the comments of the tickets that changed since *cursor*, and those of deleted tickets as gone."""
    options = Options.model_validate(source.options)
    return onward({"tickets": partial(_changed, client, options, window)}, cursor, window)


def _changed(client: Client, options: Options, window: Window, token: str) -> Iterator[Batch]:
    while True:
        here: Json = {"cursor": token} if token else {"start_time": int(window.since.timestamp())}
        body = client.get_json("/api/v2/incremental/tickets/cursor.json", {"per_page": _TICKETS, **here})
        tickets = [ticket for ticket in listed(client, body, "tickets") if _wanted(ticket, options)]
        gone = {str(ticket.get("id")) for ticket in tickets if ticket.get("status") == "deleted"}
        found = [one for ticket in tickets if str(ticket.get("id")) not in gone for one in _said(client, ticket)]
        deleted = tuple(sorted(key for key in window.known if key.partition("/")[0] in gone))
        token = str(body.get("after_cursor") or token)
        yield Batch(tuple(sorted(found, key=_order)), token=token, more=body.get("end_of_stream") is False, deleted=deleted)


def _order(one: Found) -> float:
    return moment(one).timestamp() if isinstance(one, Mention) else 0.0


def _wanted(ticket: Json, options: Options) -> bool:
    return not options.channels or pick(ticket, "via.channel") in options.channels


def _said(client: Client, ticket: Json) -> tuple[Found, ...]:
    """Return what was said in a ticket; one that is gone meanwhile says nothing (believed when it is said twice)."""
    if "id" not in ticket:
        return understood([ticket], lambda one: one["id"], "export").found
    for _ in range(2):
        try:
            found: list[Found] = []
            for comments, users in _comments(client, ticket["id"]):
                read = partial(to_mention, ticket=ticket, users=users, host=client.base_url)
                found += understood(comments, read, f"comments of ticket {ticket['id']}").found
            return tuple(found)
        except SourceGone:
            continue
    return ()


def _comments(client: Client, ticket: object, **asked: str) -> Iterator[tuple[list[Json], dict[str, Json]]]:
    """Yield pages of a ticket's comments, each with the people who wrote them, by id."""
    after = ""
    while True:
        page = {"page[size]": _COMMENTS, "include": "users", **asked, **({"page[after]": after} if after else {})}
        body = client.get_json(f"/api/v2/tickets/{ticket}/comments.json", page)
        yield listed(client, body, "comments"), {str(user.get("id")): user for user in listed(client, body, "users")}
        following = str(pick(body, "meta.after_cursor", ""))
        if not pick(body, "meta.has_more") or following in ("", after):
            return
        after = following


def to_mention(comment: Json, ticket: Json, users: Mapping[str, Json], host: str) -> Mention | None:
    """Turn a comment into a Mention; None for what the staff notes among themselves. Raises NotUnderstood."""
    who = users.get(str(comment["author_id"]), {})
    ours = who.get("role") in _STAFF
    if not comment.get("public", True) and (ours or who.get("role") != "end-user"):
        return None
    said_at = instant(comment.get("created_at"))
    if said_at is None:
        raise NotUnderstood(f"a comment of {comment.get('created_at')!r}")
    html = comment.get("html_body")
    return Mention(
        platform=PLATFORM,
        native_id=native(ticket["id"], comment["id"]),
        conversation=ticket["id"],
        kind=_kind(ticket),
        title=ticket.get("subject") or "" if said_at == instant(ticket.get("created_at")) else "",
        text=plain(html) if html else (comment.get("body") or "").strip(),
        author=Author(native_id=comment["author_id"], handle=who.get("email") or "", name=who.get("name") or ""),
        url=f"{host}/agent/tickets/{ticket['id']}",
        said_at=said_at,
        ours=ours,
        attachments=tuple(one["content_url"] for one in comment.get("attachments") or () if one.get("content_url")),
    )


def native(ticket: object, comment: object) -> str:
    """Return a comment's native id, which tells its ticket too."""
    return f"{ticket}/{comment}"


def _kind(ticket: Json) -> Kind:
    return "dm" if pick(ticket, "via.channel") in _TALK else "email"


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Add *text* to the ticket as a public comment; Zendesk sends it the way the ticket came."""
    body = {"ticket": {"comment": {"body": text, "public": True}}}
    sent = body_of(client, client.send("PUT", f"/api/v2/tickets/{to.conversation}.json", json=body))
    events = [event for event in pick(sent, "audit.events", []) if event.get("type") == "Comment"]
    return Receipt(native(to.conversation, events[0]["id"]), f"{client.base_url}/agent/tickets/{to.conversation}")


def look(client: Client, _source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Return our own public comment *text* of *since* or later, None where there is none."""
    us = str(_me(client)["id"])
    for comments, _ in _comments(client, to.conversation, sort="-created_at"):
        for comment in comments:
            said_at = instant(comment.get("created_at"))
            ours = str(comment.get("author_id")) == us and comment.get("public", True)
            if (
                ours
                and said_at
                and said_at >= since.replace(microsecond=0)
                and (comment.get("body") or "").strip() == text.strip()
            ):
                return Receipt(native(to.conversation, comment["id"]), f"{client.base_url}/agent/tickets/{to.conversation}")
    return None


def _me(client: Client) -> Json:
    """Return whose token it is; Zendesk answers a stranger with an anonymous user (Users, "Show Self")."""
    user: Json = pick(client.get_json("/api/v2/users/me.json"), "user", {})
    if not user.get("id"):
        raise SourceDenied(
            "Zendesk does not know this address and token", advice="check email and the API token, then run: check"
        )
    return user


def verify(client: Client, _source: Source) -> str:
    """Return who we are there; tickets are exported to admins only."""
    user = _me(client)
    return f"{user.get('name', '')} ({user.get('role', 'unknown role')}, {user.get('email', '')})"


def refusal(response: Response, _now: datetime) -> SourceError | None:
    """Say what Zendesk means by a 422 (a closed ticket takes no comments) or a 400."""
    if response.status_code not in (400, 422):
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    details = [one.get("description", "") for some in pick(body, "details", {}).values() for one in some if isinstance(one, dict)]
    said = "; ".join(map(str, details)) or pick(body, "description") or pick(body, "error") or "no reason given"
    return SourceError(f"Zendesk refuses: {said}", advice="a closed ticket takes no answer: write a new one in Zendesk")


def _access(source: Source, secrets: Mapping[str, str]) -> Access:
    if source.base_url is None:
        raise ConfigurationError(
            f'source "{source.name}" needs the address of its desk: base_url = "https://yourshop.zendesk.com"'
        )
    (token,) = needed(secrets, "token")
    return basic(f"{source.options.get('email', '')}/token", token)


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={kind: ReplyRules(characters=_CHARACTERS) for kind in ("email", "dm")},
    access=_access,
    refusal=refusal,
    verify=verify,
    asks=(
        Ask(
            "base_url",
            {"de": "Die Adresse Ihres Zendesk.", "en": "The address of your Zendesk."},
            example="https://yourshop.zendesk.com",
        ),
        Ask(
            "email",
            {
                "de": "Die E-Mail-Adresse des Admins, dem das Token gehört.",
                "en": "The e-mail address of the admin who owns the token.",
            },
            example="anna@yourshop.example",
        ),
        Ask(
            "token",
            {
                "de": "Ein API-Token: Admin Center → Apps und Integrationen → APIs → API-Token → hinzufügen.",
                "en": "An API token: Admin Center → Apps and integrations → APIs → API tokens → Add API token.",
            },
            secret=True,
        ),
    ),
    setup={
        "de": "Im Admin Center unter Apps und Integrationen → APIs den Zugriff per Token erlauben und ein API-Token anlegen. "
        "Das Konto, mit dessen Adresse es benutzt wird, muss Admin sein: Nur Admins dürfen Tickets exportieren. Antworten "
        "erscheinen unter seinem Namen; am besten ein eigenes Konto dafür anlegen.",
        "en": "In Admin Center under Apps and integrations → APIs allow access by token and add an API token. The account "
        "whose address goes with it must be an admin: only admins may export tickets. Answers appear under its name; best "
        "make an account of its own for this.",
    },
    blind_spots={
        "de": "Was in der letzten Minute geschah (Zendesk hält es so lange zurück); interne Notizen; Löschungen von Tickets, "
        "die älter als look_back sind; archivierte Tickets, an denen sich nichts ändert.",
        "en": "What happened within the last minute (Zendesk holds it back that long); internal notes; deletions of tickets "
        "older than look_back; archived tickets in which nothing changes.",
    },
)
