"""Hear the reviews of your own app in the App Store, of all countries, with the developer's responses, and respond.

Reviews are listed by their date, the newest first; an edited review keeps its id and gets a new date. A response may be younger
than its review, so the last days are read again each time. All that is new is read before the oldest of it is kept (guarantee 1).

From Apple's OpenAPI description of the App Store Connect API and its pages "Generating Tokens for API Requests" and "Identifying
Rate Limits".
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import jwt
from httpx import Response
from pydantic import BaseModel, ConfigDict, Field

from desk.answering import ReplyRules
from desk.errors import ConfigurationError, NotUnderstood, SourceBusy, SourceError, SourceGone
from desk.mention import Author, Mention
from desk.source import Source
from listeners.access import Access, Minted, needed
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import Json, listed, pick
from listeners.reviews import answer, answer_id, rated, reviews, sent
from listeners.times import instant

PLATFORM = "appstore_connect"
_PAGE = 200
_MOST = 500
_LIVES = timedelta(minutes=15)
"""A token may live for 20 minutes at most."""
_CHARACTERS = 5_970
"""The longest response that App Store Connect takes in its own form."""
_PAUSE = timedelta(minutes=5)
"""Limits count a rolling hour: after a while some requests are free again, and no header says when."""


class Options(BaseModel):
    """What an App Store Connect source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_id: str = Field(pattern=r"^\d{5,15}$")
    key_id: str = Field(pattern=r"^[A-Za-z0-9]{4,20}$")
    issuer_id: str = ""
    """Empty where the key is one person's own ("individual key")."""
    territories: tuple[str, ...] = ()
    """Three-letter codes of countries ("DEU"); empty for all."""
    days_back: int = Field(default=14, ge=0, le=365)
    """How old a review may be for its response and its removal to be heard."""


def access(source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by short-lived tokens that are signed with the private key, given as the text of the .p8 file or its path."""
    options, (given,) = Options.model_validate(source.options), needed(secrets, "token")
    return Minted(partial(_token, options, _private_key(given)))


def _private_key(given: str) -> str:
    if "PRIVATE KEY" in given:
        return given.replace("\\n", "\n")  # environment files often hold it on one line
    try:
        return Path(given).expanduser().read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "the variable that token_env names must hold the private key from App Store Connect: the text of the .p8 file, or "
            "the "
            f"path of a file that can be read ({type(error).__name__})"
        ) from error


def _token(options: Options, key: str, client: Client) -> tuple[str, float]:
    now = client.now()
    whose = {"iss": options.issuer_id} if options.issuer_id else {"sub": "user"}
    claims = whose | {"iat": int(now.timestamp()), "exp": int((now + _LIVES).timestamp()), "aud": "appstoreconnect-v1"}
    try:
        token = jwt.encode(claims, key, algorithm="ES256", headers={"kid": options.key_id})
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ConfigurationError(
            "the private key for App Store Connect cannot be read: it must be the .p8 file as Apple gave it"
        ) from error
    return token, _LIVES.total_seconds()


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews and responses written or edited since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)

    def stream(_since: datetime) -> Iterator[Batch]:
        for body in _bodies(client, options):
            responses = {
                one["id"]: one for one in listed(client, body, "included") if one.get("type") == "customerReviewResponses"
            }
            read = partial(to_mentions, app_id=options.app_id, responses=responses)
            yield understood(listed(client, body, "data"), read, "reviews", _dated)

    return reviews(stream, cursor, window, back=timedelta(days=options.days_back))


def _bodies(client: Client, options: Options) -> Iterator[Json]:
    """Yield whole answers, for responses come beside the reviews; each names the address of the next one."""
    params: Json = {"sort": "-createdDate", "limit": _PAGE, "include": "response"}
    params |= {"filter[territory]": ",".join(options.territories)} if options.territories else {}
    body, seen = client.get_json(f"/v1/apps/{options.app_id}/customerReviews", params), set[str]()
    for _ in range(_MOST):
        yield body
        following = pick(body, "links.next")
        if not following or following in seen:
            return
        seen.add(following)
        body = client.get_json(client.at(str(following)))


def _dated(review: Json) -> object:
    return review["attributes"]["createdDate"]


def to_mentions(review: Json, *, app_id: str, responses: Mapping[str, Json]) -> list[Mention]:
    """Turn a review into a Mention, and into a second one the response that *responses* holds; raises NotUnderstood."""
    if not review.get("id"):
        raise NotUnderstood("a review without an id")
    said = review.get("attributes") or {}
    name = said.get("reviewerNickname") or ""
    mention = Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": review["id"],
            "conversation": review["id"],
            "kind": "review",
            "title": (said.get("title") or "").strip(),
            "text": (said.get("body") or "").strip(),
            "author": Author(native_id=name, handle=name, name=name) if name else None,
            "url": f"https://apps.apple.com/app/id{app_id}?see-all=reviews",
            "said_at": instant(said.get("createdDate")),
            **rated(said.get("rating")),
        }
    )
    response = responses.get(pick(review, "relationships.response.data.id", ""))
    return [mention, _answer(mention, response)] if response else [mention]


def _answer(review: Mention, response: Json) -> Mention:
    """Return the response; Apple tells when it was last changed, and nothing else."""
    return answer(
        review, (pick(response, "attributes.responseBody") or "").strip(), pick(response, "attributes.lastModifiedDate")
    )


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Respond to a review; Apple keeps one response per review and shows it within a day."""
    review = {"data": {"type": "customerReviews", "id": to.native_id}}
    data = {"type": "customerReviewResponses", "attributes": {"responseBody": text}, "relationships": {"review": review}}
    client.send("POST", "/v1/customerReviewResponses", json={"data": data})
    app_id = Options.model_validate(source.options).app_id
    return Receipt(answer_id(to.native_id), f"https://apps.apple.com/app/id{app_id}?see-all=reviews")


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Find our response on the review itself, be it shown already or not."""
    try:
        body = client.get_json(f"/v1/customerReviews/{to.native_id}", {"include": "response"})
    except SourceGone:
        return None
    responses = {one["id"]: one for one in listed(client, body, "included") if one.get("type") == "customerReviewResponses"}
    said = to_mentions(body["data"], app_id=Options.model_validate(source.options).app_id, responses=responses)
    return sent(said[1], text, since) if len(said) > 1 else None


def verify(client: Client, source: Source) -> str:
    """Ask for the app's name."""
    app = client.get_json(f"/v1/apps/{Options.model_validate(source.options).app_id}")
    return f"{pick(app, 'data.attributes.name', '')} ({pick(app, 'data.attributes.bundleId', '')})"


def refusal(response: Response, now: datetime) -> SourceError | None:
    """Translate a spent allowance: Apple tells what is left of the hour in a header of its own, and not when there is more."""
    if response.status_code != 429 or "user-hour-rem:0;" not in response.headers.get("x-rate-limit", "").replace(" ", ""):
        return None
    return SourceBusy("Apple allows this key no more requests within the hour", retry_at=now + _PAUSE)


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={"review": ReplyRules(characters=_CHARACTERS, once=True)},
    base_url="https://api.appstoreconnect.apple.com",
    access=access,
    refusal=refusal,
    asks=(
        Ask(
            "app_id",
            {
                "de": "Apple-ID der App: die Zahl in ihrer Store-Adresse nach „id“.",
                "en": "The app's Apple ID: the number after “id” in its store address.",
            },
            example="1234567890",
        ),
        Ask(
            "key_id",
            {
                "de": "Schlüssel-ID: App Store Connect → Benutzer und Zugriff → Integrationen → App Store Connect API.",
                "en": "Key id: App Store Connect → Users and Access → Integrations → App Store Connect API.",
            },
            example="2X9R4HXF34",
        ),
        Ask(
            "issuer_id",
            {
                "de": "Issuer-ID: steht dort über der Liste der Schlüssel; leer lassen bei einem persönlichen Schlüssel.",
                "en": "Issuer id: stands there above the list of keys; leave empty for an individual key.",
            },
            optional=True,
        ),
        Ask(
            "token",
            {
                "de": "Privater Schlüssel: der Text der Datei AuthKey_….p8 (einmal herunterladbar) oder ihr Pfad.",
                "en": "Private key: the text of the file AuthKey_….p8 (it can be downloaded once), or its path.",
            },
            secret=True,
        ),
        Ask(
            "territories",
            {
                "de": "Länder mit drei Buchstaben (DEU, AUT), durch Kommas getrennt; leer lassen für alle.",
                "en": "Countries by three letters (DEU, AUT), with commas between; leave empty for all.",
            },
            optional=True,
            many=True,
        ),
    ),
    setup={
        "de": "In App Store Connect unter Benutzer und Zugriff → Integrationen → App Store Connect API einen Schlüssel mit der "
        "Rolle „Kundensupport“ anlegen (sie darf Bewertungen lesen und beantworten), die .p8-Datei herunterladen und "
        "Schlüssel-ID und Issuer-ID notieren.",
        "en": "In App Store Connect, under Users and Access → Integrations → App Store Connect API, make a key with the role "
        "“Customer Support” (it may read and answer reviews), download the .p8 file and note key id and issuer id.",
    },
    verify=verify,
    blind_spots={
        "de": "Reine Sterne ohne Text; Antworten und Löschungen bei Bewertungen, die älter als days_back sind; der alte "
        "Wortlaut einer geänderten Bewertung, wenn er nicht gehört wurde; ein Link zu einer einzelnen Bewertung; die Sprache.",
        "en": "Ratings without text; responses to and removals of reviews older than days_back; the former words of an edited "
        "review, where they were not heard; a link to a single review; the language.",
    },
)
