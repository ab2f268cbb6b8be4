"""Hear what people answer in Typeform surveys, as soon as it is delivered or by asking.

Responses are asked for from the newest back, between two dates that both count; all that is new is read before the oldest of it
is kept (guarantee 1). A response cannot be edited; one that is deleted is missed in the look back.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from operator import itemgetter
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from desk.mention import Mention
from desk.source import Source
from listeners.batches import Batch, understood
from listeners.contract import Ask, Broken, Cursor, Listener, Page, Push, Window
from listeners.http import Client
from listeners.paging import listed
from listeners.signatures import matches
from listeners.times import instant
from listeners.typeform.answers import PLATFORM, Json, form_of, to_mention
from listeners.walks import gathered

__all__ = ["LISTENER", "Options", "pull"]

_PAGE = 200
_BETWEEN = 0.5
"""Seconds between two requests: Typeform allows two in a second ("Rate limits")."""
_SETTLES = timedelta(minutes=5)
"""What was delivered may appear in the Responses API a little later ("Storage for webhook responses"): it is not gone."""
_EU = "https://api.eu.typeform.com"


class Options(BaseModel):
    """What a Typeform source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    forms: tuple[str, ...] = Field(min_length=1)
    """Ids of the forms, as their addresses end ("u6nXL7")."""
    data_center: Literal["us", "eu"] = "us"
    """Where the account's responses are kept."""
    stars_from: str = ""
    """Id or ref of the question whose scale gives the stars; else the first one of the form."""
    author_field: str = ""
    """The hidden field that says who answers (a customer number); else the e-mail address that was given."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the responses of each form that were submitted since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    settled = {key: said for key, said in window.known.items() if said < window.now - _SETTLES}
    streams = {form: partial(_responses, client, options, form) for form in options.forms}
    return gathered(streams, cursor, replace(window, known=settled))


def _responses(client: Client, options: Options, form_id: str, since: datetime) -> Iterator[Batch]:
    """Yield pages of responses, the newest first."""
    form = form_of(client.get_json(_at(client, options, f"/forms/{form_id}")))
    form = replace(form, form_id=form_id)
    read = partial(to_mention, form=form, stars_from=options.stars_from, author_field=options.author_field)
    asked = {"page_size": _PAGE, "response_type": "completed", "since": _date(since)}
    until: datetime | None = None
    for number in count(1):
        client.pause(_BETWEEN)
        body = client.get_json(_at(client, options, f"/forms/{form_id}/responses"), asked)
        items = listed(client, body, "items")
        yield understood(items, read, f"responses of {form_id}, page {number}", itemgetter("submitted_at"))
        oldest = min((said for item in items if (said := instant(item.get("submitted_at")))), default=None)
        if len(items) < _PAGE or oldest is None or oldest == until:
            return
        until = oldest
        asked["until"] = _date(until)


def _date(moment: datetime) -> str:
    """Write a moment as Typeform reads it: in UTC, to the second; both ends of a span count."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _at(client: Client, options: Options, path: str) -> str:
    return client.at(_EU + path) if options.data_center == "eu" else path


def verify(client: Client, source: Source) -> str:
    """Return the title of the first form, and how many more there are."""
    options = Options.model_validate(source.options)
    form = form_of(client.get_json(_at(client, options, f"/forms/{options.forms[0]}")))
    more = len(options.forms) - 1
    return f'"{form.title}"' + (f" and {more} more" if more else "")


def _signed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], _now: datetime) -> bool:
    """Compare Typeform-Signature ("Secure your webhooks"). No age is refused: what failed is delivered again for ten hours."""
    scheme, _, given = headers.get("typeform-signature", "").partition("=")
    return scheme == "sha256" and matches(given, secrets.get("webhook_secret", "").encode(), body, encoding="base64")


def _delivery(source: Source, body: bytes, _now: datetime) -> Page:
    """Return the response of a delivery, nothing for partial ones and for forms that this source does not name."""
    options = Options.model_validate(source.options)
    event: Json = json.loads(body)
    said: Json = event.get("form_response") or {}
    if event.get("event_type") != "form_response" or said.get("form_id") not in options.forms:
        return Page()
    form = replace(form_of(said.get("definition") or {}), form_id=said["form_id"])
    read = partial(to_mention, form=form, stars_from=options.stars_from, author_field=options.author_field)
    found = understood([said], read, "delivery").found
    return Page(
        tuple(one for one in found if isinstance(one, Mention)), broken=tuple(one for one in found if isinstance(one, Broken))
    )


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    base_url="https://api.typeform.com",
    asks=(
        Ask(
            "forms",
            {
                "de": "Kennungen der Formulare: das Ende ihrer Adresse, bei https://firma.typeform.com/to/u6nXL7 also u6nXL7",
                "en": "Ids of the forms: how their addresses end, for https://company.typeform.com/to/u6nXL7 it is u6nXL7",
            },
            many=True,
            example="u6nXL7",
        ),
        Ask(
            "token",
            {
                "de": "Persönliches Zugangstoken: oben rechts Ihr Bild → Einstellungen → Personal tokens",
                "en": "Personal token: your picture in the upper right corner → Settings → Personal tokens",
            },
            secret=True,
        ),
        Ask(
            "webhook_secret",
            {
                "de": "Nur für die sofortige Zustellung: das Secret, das Sie beim Webhook eingetragen haben (Connect → Webhooks)",
                "en": "Only for delivery at once: the secret that you entered with the webhook (Connect → Webhooks)",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "data_center",
            {
                "de": "Wo die Antworten liegen: us, oder eu bei Konten im europäischen Rechenzentrum",
                "en": "Where the responses are kept: us, or eu for accounts in the European data centre",
            },
            optional=True,
            example="us",
        ),
    ),
    setup={
        "de": "In Typeform oben rechts: Einstellungen → Personal tokens → Generate a new token, mit den Berechtigungen "
        "„Forms: Read“ "
        "und „Responses: Read“. Für die sofortige Zustellung je Formular unter Connect → Webhooks die Adresse von Kummerkasten "
        "und ein selbst gewähltes Secret eintragen.",
        "en": "In Typeform, upper right corner: Settings → Personal tokens → Generate a new token, with the scopes Forms: Read "
        "and Responses: Read. For delivery at once, enter Kummerkasten's address and a secret of your choice under Connect → "
        "Webhooks of each form.",
    },
    verify=verify,
    push=Push(signed=_signed, read=_delivery),
    blind_spots={
        "de": "Abgebrochene Umfragen; Videoantworten; antworten kann man über Typeform nicht. Löschungen, die älter als "
        "look_back sind. Sterne aus zugestellten Antworten fehlen, wenn die Zustellung nicht sagt, wie lang die Skala ist.",
        "en": "Surveys that were abandoned; video answers; Typeform takes no replies. Deletions older than look_back. "
        "Delivered responses have no stars where the delivery does not say how long the scale is.",
    },
)
