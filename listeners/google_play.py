"""Hear the reviews of an app on Google Play, with the developer's answers, and answer them.

Google lists the reviews that were written or changed within the last seven days, without promising an order: each run reads all
of them, so nothing is skipped as long as a run succeeds once a week (guarantee 1).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from desk.answering import ReplyRules
from desk.mention import Author, Mention
from desk.source import Source
from listeners import google
from listeners.access import Access, needed
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.paging import Json, body_of, by_token, pick
from listeners.reviews import answer, answer_id, rated, reviews, sent
from listeners.times import instant

PLATFORM = "google_play"
_SCOPE = "https://www.googleapis.com/auth/androidpublisher"
_SHOWN = timedelta(days=7)


class Options(BaseModel):
    """What a Google Play source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str = Field(pattern=r"^[A-Za-z]\w*(\.[A-Za-z]\w*)+$")
    """The app's package name ("com.yourshop.app"): what follows id= in its address on Google Play."""


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by the key of a service account."""
    return google.service_account(needed(secrets, "service_account")[0], _SCOPE)


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the reviews and answers that were written or changed since *cursor*, oldest first, then what is gone."""
    package = Options.model_validate(source.options).package
    return reviews(partial(_pages, client, package), cursor, window, back=_SHOWN)


def _pages(client: Client, package: str, _since: datetime) -> Iterator[Batch]:
    pages = by_token(
        client,
        _path(package),
        {"maxResults": 100},
        items="reviews",
        token="tokenPagination.nextPageToken",  # noqa: S106
        param="token",
    )
    for number, found in enumerate(pages, 1):
        yield understood(found, partial(to_mentions, package=package), f"reviews of {package}, page {number}")


def _path(package: str, review_id: str = "") -> str:
    reviews = f"/androidpublisher/v3/applications/{package}/reviews"
    return f"{reviews}/{quote(review_id, safe=':')}" if review_id else reviews


def to_mentions(item: Json, package: str) -> list[Mention]:
    """Turn a review into its Mention, and that of its answer. Nothing else here knows its shape."""
    said = {part: about for comment in item["comments"] for part, about in comment.items()}
    review = _review(str(item["reviewId"]), item.get("authorName") or "", package, said["userComment"])
    ours = said.get("developerComment")
    return [review, answer(review, (ours.get("text") or "").strip(), _changed(ours))] if ours else [review]


def _review(review_id: str, name: str, package: str, said: Json) -> Mention:
    """Google names no accounts: one account writes one review of an app, so the review's id stands for it."""
    title, _, text = (said.get("text") or "").rpartition("\t")  # the title, which Google has given up, stands before a tab
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": review_id,
            "conversation": review_id,
            "kind": "review",
            "title": title.strip(),
            "text": text.strip(),
            "said_at": _changed(said),
            "author": Author(native_id=review_id, name=name) if name else None,
            "url": f"https://play.google.com/store/apps/details?id={package}&reviewId={quote(review_id, safe='')}",
            "language": (said.get("reviewerLanguage") or "").partition("_")[0][:16] or None,
            **rated(said.get("starRating")),
        }
    )


def _changed(said: Json) -> datetime | None:
    """Return when something was last changed: Google does not say when it was first written."""
    moment = instant(pick(said, "lastModified.seconds"))
    return moment + timedelta(microseconds=int(pick(said, "lastModified.nanos", 0)) // 1000) if moment else None


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer a review; an answer that is there already is replaced."""
    package = Options.model_validate(source.options).package
    taken = client.send("POST", f"{_path(package, to.conversation)}:reply", json={"replyText": text})
    shown = pick(body_of(client, taken, sent=True), "result.replyText", text)
    return Receipt(answer_id(to.conversation), text=shown if shown != text else "")


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look whether the review has our answer."""
    package = Options.model_validate(source.options).package
    _, *ours = to_mentions(client.get_json(_path(package, to.conversation)), package)
    return sent(ours[0] if ours else None, text, since)


def verify(client: Client, source: Source) -> str:
    """Return which app's reviews are heard."""
    package = Options.model_validate(source.options).package
    client.get_json(_path(package), {"maxResults": 1})
    return f"the reviews of {package}"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={"review": ReplyRules(characters=350, once=True)},
    base_url="https://androidpublisher.googleapis.com",
    access=access,
    refusal=google.refusal,
    verify=verify,
    asks=(
        Ask(
            "package",
            {
                "de": "Paketname der App: was in ihrer Adresse bei Google Play hinter id= steht",
                "en": "The app's package name: what follows id= in its address on Google Play",
            },
            example="com.yourshop.app",
        ),
        Ask(
            "service_account",
            {
                "de": "Der ganze Inhalt der JSON-Datei des Dienstkontos, auch als Base64 (Google-Cloud-Konsole → IAM → "
                "Dienstkonten → Schlüssel → JSON)",
                "en": "The whole content of the service account's JSON file, as it is or in base64 (Google Cloud console → "
                "IAM → Service accounts → Keys → JSON)",
            },
            secret=True,
        ),
    ),
    setup={
        "de": "In der Google-Cloud-Konsole die „Google Play Android Developer API“ einschalten und ein Dienstkonto mit "
        "JSON-Schlüssel anlegen. In der Play Console dessen E-Mail-Adresse unter „Nutzer und Berechtigungen“ einladen, mit "
        "„App-Informationen ansehen“ und „Auf Rezensionen antworten“. Es kann einen Tag dauern, bis das gilt.",
        "en": "In the Google Cloud console switch on the Google Play Android Developer API and create a service account with a "
        "JSON key. In the Play Console invite its e-mail address under Users and permissions, with View app information and "
        "Reply to reviews. It can take a day until that works.",
    },
    blind_spots={
        "de": "Bewertungen ohne Worte; was älter als sieben Tage ist; Ihre Antworten auf ältere Rezensionen, wenn sie anderswo "
        "gegeben wurden; wann eine geänderte Rezension zuerst geschrieben wurde.",
        "en": "Ratings without words; what is older than seven days; your answers to older reviews when given elsewhere; when an "
        "edited review was first written.",
    },
)
