"""Hear the comments below a LinkedIn page's posts and the posts that mention it, and answer them in the page's name."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx

from desk.answering import ReplyRules
from desk.errors import SourceBusy, SourceError
from desk.source import Source
from listeners.access import Access, bearer, granted, needed
from listeners.contract import Ask, Listener
from listeners.http import Client
from listeners.linkedin.answers import CHARACTERS, look, reply, verify
from listeners.linkedin.comments import PLATFORM
from listeners.linkedin.push import PUSH
from listeners.linkedin.streams import Options, pull
from listeners.paging import pick
from listeners.times import instant

_OAUTH = "https://www.linkedin.com/oauth/v2"


def access(source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by a refresh token where there is one (LinkedIn gives it to approved partners), else by the token itself."""
    spoken = {"LinkedIn_Version": Options.model_validate(source.options).version, "X_Restli_Protocol_Version": "2.0.0"}
    if "refresh_token" not in secrets:
        return bearer(needed(secrets, "token")[0], **spoken)
    client_id, client_secret, refresh_token = needed(secrets, "client_id", "client_secret", "refresh_token")
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return granted(f"{_OAUTH}/accessToken", form | {"client_id": client_id, "client_secret": client_secret}, **spoken)


def refusal(response: httpx.Response, now: datetime) -> SourceError | None:
    """Return what LinkedIn's own refusals mean: a day's quota that is spent, a version that is not spoken any more."""
    if response.status_code == 429 and "DAY limit" in _message(response):
        tomorrow = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return SourceBusy("LinkedIn's limit for today is spent: it counts anew at midnight UTC", retry_at=tomorrow)
    if response.status_code == 426:  # NONEXISTENT_VERSION ("Versioning")
        version = response.request.headers.get("LinkedIn-Version", "")
        advice = 'write a month of the last year into the source, for example version = "202607"'
        return SourceError(f"LinkedIn does not speak the version {version} of its interface (any more)", advice=advice)
    return None


def _message(response: httpx.Response) -> str:
    try:
        return str(pick(json.loads(response.content), "message", ""))
    except ValueError:
        return ""


def expires(client: Client, _source: Source) -> datetime | None:
    """Return when the token dies, 60 days after it was made ("Token Introspection"); None where nothing tells."""
    secrets = client.secrets
    if "refresh_token" in secrets or not {"token", "client_id", "client_secret"} <= secrets.keys():
        return None
    form = {"client_id": secrets["client_id"], "client_secret": secrets["client_secret"], "token": secrets["token"]}
    return instant(pick(client.grant(client.at(f"{_OAUTH}/introspectToken"), form, {}), "expires_at"))


_AUTH = {"de": "linkedin.com/developers → Ihre App → Auth", "en": "linkedin.com/developers → your app → Auth"}

LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={kind: ReplyRules(characters=CHARACTERS) for kind in ("comment", "post")},
    base_url="https://api.linkedin.com/rest",
    access=access,
    refusal=refusal,
    verify=verify,
    expires=expires,
    push=PUSH,
    asks=(
        Ask(
            "organization",
            {
                "de": "Nummer Ihrer Seite: als Administrator öffnen, die Zahl in linkedin.com/company/12345/admin",
                "en": "Number of your page: open it as its administrator, the number in linkedin.com/company/12345/admin",
            },
            example="12345",
        ),
        Ask(
            "token",
            {
                "de": "Zugangstoken, 60 Tage gültig: linkedin.com/developers/tools/oauth → Create token, mit "
                "r_organization_social_feed, w_organization_social_feed und rw_organization_admin; leer, wenn Sie ein "
                "Aktualisierungstoken haben",
                "en": "Access token, valid for 60 days: linkedin.com/developers/tools/oauth → Create token, with "
                "r_organization_social_feed, w_organization_social_feed and rw_organization_admin; empty if you have a "
                "refresh token",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "client_id",
            {
                "de": f"Client-ID der App, damit Kummerkasten den Ablauf des Tokens melden kann: {_AUTH['de']}",
                "en": f"Client ID of the app, to see when the token expires: {_AUTH['en']}",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "client_secret",
            {
                "de": "Client-Secret, an derselben Stelle; auch für Webhooks",
                "en": "Client secret, in the same place; for webhooks as well",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "refresh_token",
            {
                "de": "Aktualisierungstoken, ein Jahr gültig; LinkedIn gibt es nur zugelassenen Partnern",
                "en": "Refresh token, valid for a year; LinkedIn gives it to approved partners only",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Unter linkedin.com/developers eine App anlegen, mit Ihrer Seite bestätigen und das Produkt „Community Management "
        "API“ beantragen: Nur eingetragene Unternehmen bekommen es, nach einer Prüfung. Das Token muss ein Administrator der "
        "Seite erteilen. In der Entwicklungsstufe (Development Tier) sind 500 Abfragen am Tag erlaubt; Webhooks gibt es dort "
        "nicht.",
        "en": "Create an app at linkedin.com/developers, verify it with your page, and request the product Community Management "
        "API: only registered companies get it, after a review. The token must be granted by an administrator of the page. In "
        "the development tier there are 500 requests a day and no webhooks.",
    },
    blind_spots={
        "de": "Die Namen der Personen; Nachrichten an die Seite; Kommentare unter Beiträgen anderer; was unter Beiträgen gesagt "
        "wird, die älter als posts_back sind; Änderungen, die später als look_back kommen; ob ein Beitrag, der Sie nennt, "
        "geändert oder gelöscht wurde.",
        "en": "People's names; messages to the page; comments below other people's posts; what is said below posts older than "
        "posts_back; edits that come later than look_back; whether a post that mentions you was edited or deleted.",
    },
)
