"""Hear the comments below a channel's videos, or below named videos, on YouTube, and answer them."""

from collections.abc import Mapping

from desk.answering import Replies, ReplyRules
from desk.source import Source
from listeners import google
from listeners.access import Access, Fixed, needed
from listeners.contract import Ask, Listener
from listeners.youtube.answers import CHARACTERS, look, reply, verify
from listeners.youtube.comments import PLATFORM
from listeners.youtube.streams import Options, pull


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by OAuth where there is a refresh token, else by an API key, which can only read.

    The key goes into a header: addresses end up in logs ("Use API keys to access APIs", Google Cloud).
    """
    if "refresh_token" in secrets:
        return google.renewed(secrets)
    return Fixed({"X-Goog-Api-Key": needed(secrets, "token")[0]})


_WHERE = {
    "de": "Google-Cloud-Konsole → APIs & Dienste → Anmeldedaten",
    "en": "Google Cloud console → APIs & Services → Credentials",
}

_REPLIES: Replies = {"comment": ReplyRules(characters=CHARACTERS)}

LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies=_REPLIES,
    replies_of=lambda source: _REPLIES if "refresh_token" in source.secrets else {},
    base_url="https://www.googleapis.com/youtube/v3",
    access=access,
    refusal=google.refusal,
    verify=verify,
    asks=(
        Ask(
            "channel",
            {
                "de": "Ihr Kanal: das Handle mit @ oder die Kanal-ID (YouTube Studio → Einstellungen → Kanal → Erweitert)",
                "en": "Your channel: its handle with @, or its id (YouTube Studio → Settings → Channel → Advanced)",
            },
            optional=True,
            example="@yourshop",
        ),
        Ask(
            "videos",
            {
                "de": "Einzelne Videos: was in ihrer Adresse hinter v= steht",
                "en": "Single videos: what follows v= in their address",
            },
            optional=True,
            many=True,
            example="dQw4w9WgXcQ",
        ),
        Ask(
            "token",
            {
                "de": f"API-Schlüssel, wenn nur gelesen wird: {_WHERE['de']} → API-Schlüssel erstellen",
                "en": f"API key, if you only read: {_WHERE['en']} → Create API key",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "client_id",
            {"de": f"Für Antworten: Client-ID, {_WHERE['de']} → OAuth-Client", "en": f"To answer: client ID, {_WHERE['en']}"},
            secret=True,
            optional=True,
        ),
        Ask(
            "client_secret",
            {"de": "Für Antworten: Clientschlüssel, an derselben Stelle", "en": "To answer: client secret, in the same place"},
            secret=True,
            optional=True,
        ),
        Ask(
            "refresh_token",
            {
                "de": "Für Antworten: Aktualisierungstoken mit der Berechtigung (Scope) youtube.force-ssl, aus Googles OAuth "
                "2.0 Playground",
                "en": "To answer: refresh token with the scope youtube.force-ssl, say from Google's OAuth 2.0 Playground",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "In der Google-Cloud-Konsole ein Projekt anlegen und unter „Bibliothek“ die „YouTube Data API v3“ einschalten. Zum "
        "Lesen genügt ein API-Schlüssel. Zum Antworten einen OAuth-Client anlegen und den Zugriff auf Ihren Kanal mit der "
        "Berechtigung (Scope) youtube.force-ssl einmal erlauben; die App im Zustimmungsbildschirm auf „In Produktion“ "
        "stellen, sonst "
        "läuft das Token nach sieben Tagen ab.",
        "en": "Create a project in the Google Cloud console and switch on the YouTube Data API v3 under Library. An API key is "
        "enough to read. To answer, create an OAuth client and grant access once for your channel with the scope "
        "youtube.force-ssl; set the app to In production on the consent screen, or the token expires after seven days.",
    },
    blind_spots={
        "de": "Private Nachrichten gibt es nicht. Nicht zu sehen sind Live-Chat, gesperrte und nicht freigegebene Kommentare "
        "sowie Antworten auf Kommentare, die älter als replies_back sind; Änderungen nur, solange der Kommentar jünger ist.",
        "en": "There are no direct messages. Live chat and comments that are held back or blocked are not shown; nor are answers "
        "below comments older than replies_back; edits only while the comment is younger than that.",
    },
)
