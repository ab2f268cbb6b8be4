"""Hear a shop's product reviews in Judge.me, answer them in public or by e-mail, and take what Judge.me delivers by itself.

Reviews are listed by when they were written, the newest first; what was edited lately may stand further down, so the last days
are read again each time. All that is new is read before the oldest of it is kept (guarantee 1).

From Judge.me's API description (judge.me/api/docs.yaml, 2026), its help page "Verifying webhooks" and two recorded reviews.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from desk.answering import ReplyRules
from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from desk.source import Source
from listeners.access import Access, Fixed, needed
from listeners.batches import Batch, understood
from listeners.contract import Ask, Broken, Cursor, Listener, Page, Push, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import Json, by_number, pick
from listeners.reviews import answer_id, bare, rated, reviews
from listeners.signatures import fresh, matches
from listeners.times import instant

PLATFORM = "judge_me"
_PAGE = 100
_PRIVATE = frozenset({"email", "phone", "ip_address", "tags", "external_id", "accepts_marketing", "unsubscribed_at"})
"""What the shop knows of a customer beside the name: told with every review, and nobody's business here."""
_DELIVERED_WITHIN = timedelta(days=1)
"""How long after a change its delivery is believed; a pull hears what comes later."""


class Options(BaseModel):
    """What a Judge.me source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shop_domain: str = Field(pattern=r"^[\w-]+(\.[\w-]+)+$")
    hidden: bool = True
    """Whether reviews that the shop does not show are heard too; what Judge.me holds for spam never is."""
    answers: Literal["public", "private"] = "public"
    """Whether an answer is shown below the review, or goes to the reviewer by e-mail."""
    notify: bool = False
    """Whether Judge.me tells the reviewer by e-mail that there is a public answer."""
    subject: str = ""
    """What private answers have as their subject."""
    days_back: int = Field(default=7, ge=0, le=365)
    """How old a review may be for its edits and its removal to be heard."""

    @model_validator(mode="after")
    def _a_subject(self) -> "Options":
        if self.answers == "private" and not self.subject:
            raise ValueError('private answers are e-mails: give them a subject, for example subject = "Your review"')
        return self


def access(source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by the shop's private token; every address carries the shop's domain."""
    (token,) = needed(secrets, "token")
    return Fixed({"X-Api-Token": token}, {"shop_domain": Options.model_validate(source.options).shop_domain})


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews written or edited since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)

    def stream(_since: datetime) -> Iterator[Batch]:
        for page in by_number(client, "/reviews", {"per_page": _PAGE}, items="reviews"):
            yield _batch(page, options)

    back = timedelta(days=options.days_back)
    return reviews(stream, cursor, window, back=back, answers_complete=False)


def _batch(page: list[Json], options: Options) -> Batch:
    """Return a page understood; what is spam, or hidden and not asked for, is as good as gone."""
    gone = tuple(str(review.get("id")) for review in page if _unseen(review, options))
    batch = understood([bare(review, _PRIVATE) for review in page], lambda review: _seen(review, options), "reviews", _written)
    return replace(batch, deleted=gone)


def _written(review: Json) -> object:
    return review["created_at"]


def _unseen(review: Json, options: Options) -> bool:
    return review.get("curated") == "spam" or (bool(review.get("hidden")) and not options.hidden)


def _seen(review: Json, options: Options) -> Mention | None:
    return None if _unseen(review, options) else to_mention(review, options.shop_domain)


def to_mention(review: Json, shop_domain: str) -> Mention:
    """Turn a review into a Mention; raises NotUnderstood. The text is what the customer typed: Judge.me has not cleaned it."""
    if not review.get("id"):
        raise NotUnderstood("a review without an id")
    written, changed = instant(review.get("created_at")), instant(review.get("updated_at"))
    who, handle = review.get("reviewer") or {}, review.get("product_handle")
    name = who.get("name") or ""
    pictures = [pick(picture, "urls.original") for picture in review.get("pictures") or () if not picture.get("hidden")]
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": review["id"],
            "conversation": review["id"],
            "kind": "review",
            "title": (review.get("title") or "").strip(),
            "text": (review.get("body") or "").strip(),
            "author": Author(native_id=who["id"], handle=name, name=name) if who.get("id") else None,
            "url": f"https://{shop_domain}/products/{handle}" if handle else None,
            "said_at": written,
            "edited_at": changed if written and changed and changed > written else None,
            "attachments": tuple(picture for picture in pictures if picture),
            **rated(review.get("rating")),
        }
    )


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer a review, below it or by e-mail. Judge.me lists no answers, so nobody can look whether one has arrived."""
    options, review = Options.model_validate(source.options), int(to.native_id)
    if options.answers == "private":
        letter = {"email_subject": options.subject, "email_body": text}
        client.send("POST", "/private_replies", json={"review_id": review, "send_private_email": True, "private_reply": letter})
        return Receipt(answer_id(f"{to.native_id}/private"))
    body = {"review_id": review, "send_reply_email": options.notify, "reply": {"content": text}}
    client.send("POST", "/replies", json=body)
    return Receipt(answer_id(to.native_id))


def verify(client: Client, source: Source) -> str:
    """Ask for the shop's name."""
    body, domain = client.get_json("/shops/info"), Options.model_validate(source.options).shop_domain
    return f"{pick(body, 'shop.name') or pick(body, 'name') or 'Judge.me'} ({domain})"


def signed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    """Say whether Judge.me signed *body* lately: HMAC-SHA256 in hex, by the app's secret or the private token.

    Some web servers put "X-" before the header's name. The signature covers no time of its own, but that of the review's last
    change.
    """
    given = headers.get("judgeme-hmac-sha256") or headers.get("x-judgeme-hmac-sha256") or ""
    secret = secrets.get("webhook_secret") or secrets.get("token") or ""
    return matches(given, secret.encode(), body) and fresh(pick(json.loads(body), "review.updated_at"), now, _DELIVERED_WITHIN)


def read(source: Source, body: bytes, _now: datetime) -> Page:
    """Turn a delivery ("review/created", "review/updated") into a page; other events are none of ours."""
    said = json.loads(body)
    if said.get("event") not in ("review/created", "review/updated"):
        return Page()
    batch = _batch([said.get("review") or {}], Options.model_validate(source.options))
    mentions = tuple(one for one in batch.found if isinstance(one, Mention))
    return Page(mentions, deleted=batch.deleted, broken=tuple(one for one in batch.found if isinstance(one, Broken)))


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    replies={"review": ReplyRules(once=True)},
    base_url="https://api.judge.me/api/v1",
    access=access,
    asks=(
        Ask(
            "shop_domain",
            {
                "de": "Domain des Shops, wie Judge.me sie kennt (bei Shopify NAME.myshopify.com).",
                "en": "The shop's domain as Judge.me knows it (with Shopify NAME.myshopify.com).",
            },
            example="kastanie.myshopify.com",
        ),
        Ask(
            "token",
            {
                "de": "Privates API-Token: in Judge.me unter Einstellungen → Integrationen → Judge.me API (View API tokens).",
                "en": "Private API token: in Judge.me under Settings → Integrations → Judge.me API (View API tokens).",
            },
            secret=True,
        ),
        Ask(
            "webhook_secret",
            {
                "de": "Nur für Zustellung per Webhook einer OAuth-App: deren Secret. Webhooks, die mit dem privaten Token "
                "angelegt sind, brauchen keines.",
                "en": "Only for delivery by a webhook of an OAuth app: the app's secret. Webhooks made with the private token "
                "need none.",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "In Judge.me unter Einstellungen → Integrationen → Judge.me API das private Token kopieren (nicht das "
        "öffentliche). Es darf lesen und antworten; Berechtigungen müssen Sie nicht auswählen.",
        "en": "In Judge.me, under Settings → Integrations → Judge.me API, copy the private token (not the public one). It may "
        "read and answer; there are no permissions to tick.",
    },
    verify=verify,
    push=Push(signed, read),
    blind_spots={
        "de": "Antworten, die in Judge.me selbst gegeben wurden: die Schnittstelle nennt keine. Ist unklar, ob eine Antwort "
        "ankam, wird sie deshalb nicht von selbst noch einmal gesendet. Änderungen und Löschungen bei Bewertungen, die "
        "älter als days_back sind (außer per Webhook). E-Mail-Adressen, Telefonnummern und IP-Adressen werden verworfen.",
        "en": "Answers given in Judge.me itself: its API lists none; so an answer of which it is not known whether it arrived "
        "is never sent again by itself. Edits and removals of reviews older than days_back (unless delivered by webhook). "
        "E-mail addresses, telephone numbers and IP addresses are thrown away.",
    },
)
