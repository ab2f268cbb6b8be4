"""Hear a shop's reviews in Yotpo with the shop's public answers to them, and answer them.

Yotpo lists what was written or changed since a moment, in no order that it promises: the whole list is read before the oldest of
it is kept, so nothing is skipped (guarantee 1). Answers are not in that list; the list that product pages show has them.

From Yotpo's pages "UGC API: Retrieve all reviews", "Retrieve reviews for a product" and "Authentication", the singer tap for
Yotpo (2026), and recordings of 2013-2018 (a review, a comment).
"""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from desk.answering import ReplyRules
from desk.errors import NotUnderstood, SourceGone
from desk.mention import Author, Mention
from desk.source import Source
from listeners.access import Access, Minted, needed, token_answer
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import Json, by_number, listed, pick
from listeners.reviews import answer, answer_id, bare, rated, reviews
from listeners.times import instant

PLATFORM = "yotpo"
_TOKENS = "https://api.yotpo.com/oauth/token"
_WIDGET = "https://api-cdn.yotpo.com/v1/widget"
_PAGE = 100
_LIVES = 3_600
"""Seconds for which a token is used; Yotpo lets it live for 14 days."""
_PRIVATE = frozenset({"email", "user_reference", "order_id", "orders", "customer_properties"})
"""Who ordered what: told with every review, and nobody's business here."""


class Options(BaseModel):
    """What a Yotpo source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_key: str = Field(pattern=r"^\w{8,100}$")
    answers: bool = True
    """Whether the shop's public answers are heard: one more request for each product that was reviewed lately."""
    days_back: int = Field(default=7, ge=0, le=365)
    """How long ago a review may have been changed for its answer and its removal to be heard."""


@dataclass
class _Utoken(Minted):
    """Access by a token that the address carries."""

    def headers(self, client: Client) -> Mapping[str, str]:
        """See that there is a token; no header carries it."""
        super().headers(client)
        return {}

    def query(self) -> Mapping[str, str]:
        """Return the token."""
        return {"utoken": self.token}


def access(source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by the app key and its secret."""
    (secret,) = needed(secrets, "token")
    app_key = Options.model_validate(source.options).app_key
    return _Utoken(lambda client: (_token(client, app_key, secret), _LIVES))


def _token(client: Client, app_key: str, secret: str) -> str:
    form = {"client_id": app_key, "client_secret": secret, "grant_type": "client_credentials"}
    return str(token_answer(client, _TOKENS, form)["access_token"])


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews and answers that came or changed since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    answers = _Answers(client, options)

    def stream(since: datetime) -> Iterator[Batch]:
        question = {"count": _PAGE, "since_updated_at": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
        for page in by_number(client, f"/v1/apps/{options.app_key}/reviews", question, items="reviews"):
            shown = [bare(review, _PRIVATE) for review in page if not review.get("deleted")]
            batch = understood(shown, partial(to_mentions, answers=answers.of(shown)), "reviews")
            yield replace(batch, deleted=tuple(str(review.get("id")) for review in page if review.get("deleted")))

    back = timedelta(days=options.days_back)
    return reviews(stream, cursor, window, back=back, answers_complete=False)


@dataclass
class _Answers:
    """The shop's answers, asked for once per product and run: its newest reviews as product pages show them."""

    client: Client
    options: Options

    def __post_init__(self) -> None:
        self._found: dict[str, Mapping[str, Json]] = {}

    def of(self, page: list[Json]) -> Mapping[str, Json]:
        """Return the answers to the reviews of a page, by the review's id."""
        products = {str(review["sku"]) for review in page if review.get("sku")} if self.options.answers else set()
        for product in sorted(products - self._found.keys()):
            self._found[product] = self._asked(product)
        return {review: comment for found in self._found.values() for review, comment in found.items()}

    def _asked(self, product: str) -> Mapping[str, Json]:
        address = self.client.at(f"{_WIDGET}/{self.options.app_key}/products/{quote(product, safe='')}/reviews.json")
        try:
            body = self.client.get_json(address, {"per_page": _PAGE, "page": 1, "sort": "date"})
        except SourceGone:  # a product that the shop no longer has
            return {}
        return {str(one.get("id")): one["comment"] for one in listed(self.client, body, "response.reviews") if one.get("comment")}


def to_mentions(review: Json, *, answers: Mapping[str, Json]) -> list[Mention]:
    """Turn a review into a Mention, and into a second one the answer that *answers* holds; raises NotUnderstood."""
    if not review.get("id"):
        raise NotUnderstood("a review without an id")
    written, changed = instant(review.get("created_at")), instant(review.get("updated_at"))
    product = pick(review, "products_apps.0.product_url") or pick(review, "products.0.Product.product_url")
    mention = Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": review["id"],
            "conversation": review["id"],
            "kind": "review",
            "title": _words(review.get("title")),
            "text": _words(review.get("content")),
            "author": _author(review),
            "url": product or None,
            "said_at": written,
            "edited_at": changed if written and changed and changed > written else None,
            **rated(review.get("score")),
        }
    )
    comment = answers.get(mention.native_id)
    return [mention, answer(mention, _words(comment.get("content")), comment.get("created_at"))] if comment else [mention]


def _words(text: str | None) -> str:
    """Return words as they were typed: Yotpo gives them escaped for a page ("it&#x27;s")."""
    return html.unescape(text or "").strip()


def _author(review: Json) -> Author | None:
    """Return who wrote: an account where there is one, else somebody who has a name on this review only."""
    who: Any = review.get("user") or {}
    name = who.get("display_name") or review.get("name") or ""
    account = who.get("id") or who.get("user_id")
    return Author(native_id=str(account or f"{review['id']}/author"), handle=name, name=name) if name or account else None


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer a review in public. The token goes into the body here (recorded 2015)."""
    app_key = Options.model_validate(source.options).app_key
    utoken = _token(client, app_key, *needed(client.secrets, "token"))
    body = {"utoken": utoken, "app_key": app_key, "comment": {"content": text, "public": True}}
    client.send("POST", f"/reviews/{to.native_id}/comments", json=body)
    return Receipt(answer_id(to.native_id))


def verify(client: Client, source: Source) -> str:
    """Ask for one review."""
    app_key = Options.model_validate(source.options).app_key
    client.get_json(f"/v1/apps/{app_key}/reviews", {"count": 1, "page": 1})
    return f"the store {app_key}"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    replies={"review": ReplyRules(once=True)},
    base_url="https://api.yotpo.com",
    access=access,
    asks=(
        Ask(
            "app_key",
            {
                "de": "App-Key (Store-ID): in Yotpo oben rechts unter dem Profil → Store-Einstellungen.",
                "en": "App key (store id): in Yotpo at the top right under the profile → Store settings.",
            },
            example="3ovRYNIb6OIAI0ddS7EfpYkHpi0oTKl6bj82Vjiy",
        ),
        Ask(
            "token",
            {
                "de": "Secret Key: ebenda „Get secret key“; Yotpo schickt dazu einen Code per E-Mail.",
                "en": "Secret key: there, “Get secret key”; Yotpo sends a code by e-mail for it.",
            },
            secret=True,
        ),
    ),
    setup={
        "de": "In Yotpo oben rechts das Profil öffnen → Store-Einstellungen; App-Key kopieren und den Secret Key anfordern. "
        "Berechtigungen müssen Sie nicht auswählen.",
        "en": "In Yotpo, open the profile at the top right → Store settings; copy the app key and ask for the secret key. There "
        "are no permissions to tick.",
    },
    verify=verify,
    blind_spots={
        "de": "Antworten zu Bewertungen, die nicht unter den 100 neuesten ihres Produkts sind, die nicht veröffentlicht oder "
        "seit mehr als days_back Tagen unverändert sind; zurückgenommene Antworten; Fragen und Antworten zu Produkten. Weil "
        "Yotpo Antworten verspätet zeigt, wird eine, von der unklar ist, ob sie ankam, nicht von selbst noch einmal gesendet. "
        "E-Mail-Adressen und Kundennummern werden verworfen.",
        "en": "Answers to reviews that are not among the newest 100 of their product, not published, or unchanged for more than "
        "days_back days; answers that were taken back; questions and answers about products. As Yotpo shows answers late, one "
        "of which it is not known whether it arrived is never sent again by itself. E-mail addresses and customer numbers are "
        "thrown away.",
    },
)
