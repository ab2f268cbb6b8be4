"""Hear a shop's reviews on Trusted Shops with its answers to them, and answer them, through the eTrusted API.

Reviews are listed by when they last changed, the latest first, so edits, answers and rejections of old reviews are heard too. All
that is new is read before the oldest of it is kept (guarantee 1).

From Trusted Shops' OpenAPI descriptions "Reviews API" 1.0.1 and "Authentication" 1.0.0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from desk.answering import ReplyRules
from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from desk.source import Source
from listeners.access import Access, granted, needed
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import Json, by_token, pick
from listeners.reviews import answer, answer_id, bare, rated, reviews, sent
from listeners.times import instant

PLATFORM = "trusted_shops"
_TOKENS = "https://login.etrusted.com/oauth/token"
_PAGE = 1_000
_PRIVATE = frozenset({"email", "mobile", "fullName", "transaction", "metadata", "event", "inviteRef", "veto", "surveyData"})
"""Who ordered what: told with every review, and nobody's business here."""
_GONE = frozenset({"REJECTED", "DISCARDED"})


class Options(BaseModel):
    """What a Trusted Shops source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[str, ...] = ()
    """Ids of the channels (shops) that are heard; empty for all of the account."""
    kinds: tuple[Literal["service", "product"], ...] = Field(default=("service", "product"), min_length=1)
    notify: bool = False
    """Whether Trusted Shops tells the reviewer by e-mail that there is an answer."""


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by client credentials; the audience is what the description of the API asks for."""
    client_id, secret = needed(secrets, "client_id", "token")
    form = {"client_id": client_id, "client_secret": secret, "audience": "https://api.etrusted.com"}
    return granted(_TOKENS, form | {"grant_type": "client_credentials"})


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews and answers that came or changed since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    question: Json = {"orderBy": "updatedAt", "count": _PAGE, "additionalInformation": "ATTACHMENTS"}
    question |= {"channels": ",".join(options.channels)} if options.channels else {}
    question |= {"type": f"{options.kinds[0].upper()}_REVIEW"} if len(options.kinds) == 1 else {}

    def stream(_since: datetime) -> Iterator[Batch]:
        # "after" is the platform's word for what comes further down the list: older reviews
        for page in by_token(client, "/reviews", question, items="items", token="paging.cursor.after", param="after"):  # noqa: S106
            shown = [_bare(item) for item in page if item.get("state") not in _GONE]
            gone = tuple(str(item.get("id")) for item in page if item.get("state") in _GONE)
            batch = understood(shown, to_mentions, "reviews", _changed)
            yield replace(batch, last=_last(page), deleted=gone)

    return reviews(stream, cursor, window, back=timedelta(0))


def _bare(review: Json) -> Json:
    """Return a review without order data, and with no more of a surname than Trusted Shops shows."""
    kept: Json = bare(review, _PRIVATE)
    if last := pick(kept, "customer.lastName"):
        kept["customer"] = kept["customer"] | {"lastName": str(last).strip()[:1]}
    return kept


def _changed(review: Json) -> object:
    return review["updatedAt"]


def _last(page: list[Json]) -> datetime | None:
    return instant(page[-1].get("updatedAt")) if page else None


def to_mentions(review: Json) -> list[Mention]:
    """Turn a review into a Mention, and into a second one the shop's answer; raises NotUnderstood."""
    if not review.get("id"):
        raise NotUnderstood("a review without an id")
    images = ((review.get("additionalInformation") or {}).get("attachments") or {}).get("images") or ()
    mention = Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": review["id"],
            "conversation": review["id"],
            "kind": "review",
            "title": (review.get("title") or "").strip(),
            "text": (review.get("comment") or "").strip(),
            "author": _author(review),
            "said_at": instant(review.get("submittedAt")),
            "edited_at": instant(review.get("editedAt")),
            "language": ((review.get("questionnaire") or {}).get("locale") or "").partition("_")[0] or None,
            "attachments": tuple(image["urlOriginal"] for image in images if image.get("urlOriginal")),
            **rated(review.get("rating")),
        }
    )
    reply = review.get("reply")
    return [mention, _answer(mention, reply)] if reply else [mention]


def _author(review: Json) -> Author | None:
    """Return who wrote, as Trusted Shops shows it ("Jule K."); it names no account, so each review has an author of its own."""
    who = review.get("customer") or {}
    first, last = (str(who.get(name) or "").strip() for name in ("firstName", "lastName"))
    name = f"{first} {last[:1]}." if first and last else first
    return Author(native_id=f"{review['id']}/author", handle=name, name=name) if name else None


def _answer(review: Mention, reply: Json) -> Mention:
    return answer(review, (reply.get("comment") or "").strip(), reply.get("createdAt"), changed=reply.get("updatedAt"))


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer a review in the shop's name; Trusted Shops keeps one answer per review and says nothing about it in return."""
    notify = Options.model_validate(source.options).notify
    client.send("POST", f"/reviews/{to.native_id}/reply", json={"comment": text, "sendNotification": notify})
    return Receipt(answer_id(to.native_id))


def look(client: Client, _source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Find our answer on the review itself."""
    said = to_mentions(_bare(client.get_json(f"/reviews/{to.native_id}")))
    return sent(said[1], text, since) if len(said) > 1 else None


def verify(client: Client, source: Source) -> str:
    """Ask how many reviews there are."""
    channels = Options.model_validate(source.options).channels
    counted = client.get_json("/reviews/count", {"channels": ",".join(channels)} if channels else None)
    return f"{', '.join(channels) or counted.get('accountId', '')} (reviews: {counted.get('totalElements', 0)})"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={"review": ReplyRules(once=True)},
    base_url="https://api.etrusted.com",
    access=access,
    asks=(
        Ask(
            "client_id",
            {
                "de": "Client-ID: im eTrusted Control Centre unter Einstellungen → API-Zugangsdaten.",
                "en": "Client id: in the eTrusted Control Centre under Settings → API credentials.",
            },
            secret=True,
        ),
        Ask(
            "token",
            {
                "de": "Client-Secret: steht bei der Client-ID.",
                "en": "Client secret: beside the client id.",
            },
            secret=True,
        ),
        Ask(
            "channels",
            {
                "de": "IDs der Kanäle (chl-…), durch Kommas getrennt; leer lassen für alle Ihres Kontos. Sie stehen im Control "
                "Centre in der Adresse des Kanals.",
                "en": "Ids of the channels (chl-…), with commas between; leave empty for all of your account. They stand in the "
                "address of a channel in the Control Centre.",
            },
            optional=True,
            many=True,
        ),
    ),
    setup={
        "de": "Im eTrusted Control Centre (app.etrusted.com) unter Einstellungen → API-Zugangsdaten einen Zugang anlegen; "
        "Client-ID und Client-Secret kopieren. Berechtigungen müssen Sie nicht auswählen.",
        "en": "In the eTrusted Control Centre (app.etrusted.com) make credentials under Settings → API credentials; copy client "
        "id and client secret. There are no permissions to tick.",
    },
    verify=verify,
    blind_spots={
        "de": "Bewertungen ohne Worte; der erste Wortlaut einer Bewertung, die geändert wurde, bevor sie gehört wurde; ein Link "
        "zur Bewertung; ob zwei Bewertungen von derselben Person sind. E-Mail-Adressen, Nachnamen und Bestelldaten werden "
        "verworfen. Melden (Veto) können Sie Bewertungen nur im Control Centre.",
        "en": "Ratings without words; the first words of a review that was edited before it was heard; a link to the review; "
        "whether two reviews are by the same person. E-mail addresses, surnames and order data are thrown away. Reviews can be "
        "reported (vetoed) in the Control Centre only.",
    },
)
