"""Hear a company's reviews on Trustpilot with its answers to them, answer them, and take what Trustpilot delivers by itself.

Reviews are listed by when they were written, the newest first; what was edited or answered lately may stand further down, so the
last days are read again each time. All that is new is read before the oldest of it is kept (guarantee 1).

From Trustpilot's developer pages "Business Units API", "Service Reviews API", "Client credentials" and "Rate limiting" (2026).
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from desk.answering import Replies, ReplyRules
from desk.errors import ConfigurationError, NotUnderstood, SourceGone
from desk.mention import Author, Mention
from desk.source import Source
from listeners.access import Access, Fixed, granted, needed
from listeners.batches import Batch, understood
from listeners.contract import Ask, Broken, Cursor, Listener, Page, Push, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import Json, by_number, pick
from listeners.reviews import answer, answer_id, bare, rated, reviews, sent
from listeners.signatures import matches
from listeners.times import instant

PLATFORM = "trustpilot"
_REPLIES: Replies = {"review": ReplyRules(once=True)}
_SITE = "https://www.trustpilot.com"
_TOKENS = "https://api.trustpilot.com/v1/oauth/oauth-business-users-for-applications/accesstoken"
_PAGE = 100
_PRIVATE = frozenset({"referralEmail", "email", "referenceId", "invitation", "findReviewer", "tags"})
"""Who was invited to review which order: only the private API tells it, and it is nobody's business here."""


class Options(BaseModel):
    """What a Trustpilot source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    business_unit: str = Field(pattern=r"^[0-9a-f]{24}$|^[\w-]+(\.[\w-]+)+$")
    """The company on Trustpilot: its id, or its domain, which costs one more request each time."""
    business_user: str = ""
    """The id of the Trustpilot user in whose name answers are given."""
    days_back: int = Field(default=7, ge=0, le=365)
    """How old a review may be for its edits, its answer and its removal to be heard."""


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access to the private API where there is a secret, else to the public one by the API key alone."""
    (key,) = needed(secrets, "token")
    if secret := secrets.get("secret"):
        return granted(_TOKENS, {"grant_type": "client_credentials"}, user=key, password=secret, apikey=key)
    return Fixed({"apikey": key})


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews and answers written or edited since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)

    def stream(since: datetime) -> Iterator[Batch]:
        scope = "private/" if client.secrets.get("secret") else ""
        question: Json = {"perPage": _PAGE, "orderBy": "createdat.desc"}
        question |= {"startDateTime": f"{since:%Y-%m-%dT%H:%M:%S}"} if scope else {}
        path = f"/v1/{scope}business-units/{_unit(client, options)}/reviews"
        for page in by_number(client, path, question, items="reviews"):
            yield understood(bare(page, _PRIVATE), to_mentions, "reviews", _written)

    return reviews(stream, cursor, window, back=timedelta(days=options.days_back))


def _written(review: Json) -> object:
    return review["createdAt"]


def _unit(client: Client, options: Options) -> str:
    """Return the id of the business unit; looks it up where only the domain is known."""
    if "." not in options.business_unit:
        return options.business_unit
    found = client.get_json("/v1/business-units/find", {"name": options.business_unit})
    if not (unit := pick(found, "id")):
        raise SourceGone(f"Trustpilot knows no company {options.business_unit}", advice="check business_unit")
    return str(unit)


def to_mentions(review: Json) -> list[Mention]:
    """Turn a review into a Mention, and into a second one the company's answer; raises NotUnderstood."""
    if not review.get("id"):
        raise NotUnderstood("a review without an id")
    written, changed = instant(review.get("createdAt")), instant(review.get("updatedAt"))
    who = review.get("consumer") or {}
    name = who.get("displayName") or who.get("name") or ""  # a webhook says "name"
    mention = Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": review["id"],
            "conversation": review["id"],
            "kind": "review",
            "title": (review.get("title") or "").strip(),
            "text": (review.get("text") or "").strip(),
            "author": _author(who["id"], name) if who.get("id") else None,
            "url": f"{_SITE}/reviews/{review['id']}",
            "said_at": written,
            "edited_at": changed if written and changed and changed > written else None,
            "language": (review.get("language") or "")[:16] or None,
            **rated(review.get("stars")),
        }
    )
    reply = review.get("companyReply")
    return [mention, _answer(mention, reply)] if reply else [mention]


def _author(native_id: object, name: str) -> Author:
    return Author(native_id=str(native_id), handle=name, name=name, url=f"{_SITE}/users/{native_id}")


def _answer(review: Mention, reply: Json) -> Mention:
    who, name = reply.get("authorBusinessUserId"), reply.get("authorBusinessUserName") or ""
    by = Author(native_id=who, handle=name, name=name) if who else None
    return answer(review, (reply.get("text") or "").strip(), reply.get("createdAt"), changed=reply.get("updatedAt"), by=by)


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer a review in the company's name; Trustpilot keeps one answer per review and says nothing about it in return."""
    needed(client.secrets, "secret")
    user = Options.model_validate(source.options).business_user
    if not user:
        raise ConfigurationError(
            f'source "{source.name}" answers on Trustpilot in the name of a user: set business_user to the user\'s id, which '
            "stands on their profile page in Trustpilot Business"
        )
    client.send("POST", f"/v1/private/reviews/{to.native_id}/reply", json={"authorBusinessUserId": user, "message": text})
    return Receipt(answer_id(to.native_id), f"{_SITE}/reviews/{to.native_id}")


def look(client: Client, _source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Find our answer on the review itself."""
    said = to_mentions(bare(client.get_json(f"/v1/private/reviews/{to.native_id}"), _PRIVATE))
    return sent(said[1], text, since) if len(said) > 1 else None


def replies_of(source: Source) -> Replies:
    """Return what may be answered: nothing without the API secret and the user in whose name answers are given."""
    return _REPLIES if "secret" in source.secrets and Options.model_validate(source.options).business_user else {}


def verify(client: Client, source: Source) -> str:
    """Ask for the company's name."""
    company = client.get_json(f"/v1/business-units/{_unit(client, Options.model_validate(source.options))}")
    return f"{pick(company, 'displayName', '')} ({pick(company, 'name.identifying', '')})"


def signed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], _now: datetime) -> bool:
    """Say whether Trustpilot signed *body*: HMAC-SHA256 of it, as hex or base64 (the sources differ).

    The signature covers no time. What is delivered again changes nothing: the same words are the same mention, and words from
    before an edit do not replace later ones.
    """
    secret, given = secrets.get("webhook_secret", "").encode(), headers.get("x-trustpilot-signature", "")
    return any([matches(given, secret, body, encoding="hex"), matches(given, secret, body, encoding="base64")])


def read(_source: Source, body: bytes, now: datetime) -> Page:
    """Turn a delivery ("service-review-created", "-updated", "-deleted") into a page; other events are none of ours."""
    mentions: list[Mention] = []
    failed: list[Broken] = []
    deleted: list[str] = []
    for number, event in enumerate(json.loads(body).get("events") or (), 1):
        name, review = event.get("eventName"), bare(event.get("eventData") or {}, _PRIVATE)
        if name == "service-review-deleted":
            deleted += [str(review["id"])] if review.get("id") else []
        elif name in ("service-review-created", "service-review-updated"):
            when = {"updatedAt": now.isoformat()} if name == "service-review-updated" else {}
            found = understood([when | review], to_mentions, f"event {number}").found
            mentions += [one for one in found if isinstance(one, Mention)]
            failed += [one for one in found if isinstance(one, Broken)]
    return Page(tuple(mentions), deleted=tuple(deleted), broken=tuple(failed))


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies=_REPLIES,
    replies_of=replies_of,
    base_url="https://api.trustpilot.com",
    access=access,
    asks=(
        Ask(
            "business_unit",
            {
                "de": "Ihre Firma auf Trustpilot: die Domain aus der Adresse Ihrer Profilseite (trustpilot.com/review/DOMAIN) "
                "oder die ID der Business Unit.",
                "en": "Your company on Trustpilot: the domain from the address of your profile page "
                "(trustpilot.com/review/DOMAIN), or the id of the business unit.",
            },
            example="kastanie.example",
        ),
        Ask(
            "token",
            {
                "de": "API-Schlüssel: in Trustpilot Business unter Integrationen → Entwickler → APIs → Ihre Anwendung.",
                "en": "API key: in Trustpilot Business under Integrations → Developers → APIs → your application.",
            },
            secret=True,
        ),
        Ask(
            "secret",
            {
                "de": "API-Secret derselben Anwendung: für die private API und für Antworten. Ohne es wird nur gehört, was "
                "öffentlich ist.",
                "en": "API secret of the same application: for the private API and for answers. Without it only what is "
                "public is heard.",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "business_user",
            {
                "de": "Nur für Antworten: die Benutzer-ID (User ID) der antwortenden Person, auf ihrer Profilseite in Trustpilot "
                "Business.",
                "en": "Only for answers: the user id of the person who answers, on their profile page in Trustpilot Business.",
            },
            optional=True,
        ),
        Ask(
            "webhook_secret",
            {
                "de": "Nur für Zustellung per Webhook: das Secret aus Integrationen → Entwickler → Webhooks.",
                "en": "Only for delivery by webhook: the secret from Integrations → Developers → Webhooks.",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "In Trustpilot Business (mit dem Zusatz „API“) unter Integrationen → Entwickler → APIs eine Anwendung anlegen und "
        "API-Schlüssel und API-Secret kopieren. Berechtigungen müssen Sie nicht auswählen.",
        "en": "In Trustpilot Business (with the API module) make an application under Integrations → Developers → APIs and copy "
        "its API key and API secret. There are no permissions to tick.",
    },
    verify=verify,
    push=Push(signed, read),
    blind_spots={
        "de": "Änderungen, Antworten und Löschungen bei Bewertungen, die älter als days_back sind (außer per Webhook); "
        "Produktbewertungen. Direktnachrichten gibt es nicht. Auftragsnummern und E-Mail-Adressen werden verworfen.",
        "en": "Edits, answers and deletions of reviews older than days_back (unless delivered by webhook); product reviews. "
        "There are no direct messages. Order numbers and e-mail addresses are thrown away.",
    },
)
