"""Hear RSS and Atom feeds (blogs, forums, podcasts, Google Alerts), and the comments below what they list.

A feed is short and begins with the newest: each run reads all that it shows, so late arrivals and edits are seen; older pages
(RFC 5005) are read back to the cursor. The version of a feed (ETag, Last-Modified) is remembered only once all of it was kept.
"""

from collections.abc import Mapping

from desk.source import Source
from listeners.access import NOTHING, Access, basic, bearer
from listeners.contract import Ask, Listener
from listeners.http import Client
from listeners.rss.entries import PLATFORM, parsed, refusal
from listeners.rss.reading import Options, pull


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return what a protected feed wants: name and password, or a token."""
    if secrets.get("password"):
        return basic(secrets.get("user", ""), secrets["password"])
    return bearer(secrets["token"]) if secrets.get("token") else NOTHING


def verify(client: Client, source: Source) -> str:
    """Read the first feed; return its title and how many entries it shows."""
    feed = parsed(client.get(client.at(Options.model_validate(source.options).feeds[0])))
    return f"{feed['feed'].get('title', '') or 'a feed without a title'} ({len(feed['entries'])})"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    access=access,
    refusal=refusal,
    verify=verify,
    asks=(
        Ask(
            "feeds",
            {
                "de": "Adressen der Feeds, mit Kommas getrennt. Oft hinter dem orangefarbenen Symbol der Seite oder unter "
                "/feed; ein Google "
                "Alert nennt seine, wenn man „Senden an: RSS-Feed“ wählt.",
                "en": "Addresses of the feeds, with commas between. Often behind a site's orange symbol or at /feed; a Google "
                'Alert shows its own once "Deliver to: RSS feed" is chosen.',
            },
            many=True,
            example="https://blog.example/feed",
        ),
        Ask(
            "user",
            {"de": "Benutzername, falls der Feed geschützt ist.", "en": "User name, where the feed is protected."},
            secret=True,
            optional=True,
        ),
        Ask(
            "password",
            {"de": "Passwort, falls der Feed geschützt ist.", "en": "Password, where the feed is protected."},
            secret=True,
            optional=True,
        ),
        Ask(
            "token",
            {
                "de": "Token, falls der Feed eines statt Name und Passwort verlangt.",
                "en": "Token, where the feed asks for one instead of name and password.",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Ein öffentlicher Feed braucht keine Zugangsdaten. Für Google Alerts: google.com/alerts, Suchbegriff eingeben, "
        "„Optionen anzeigen“, bei „Senden an“ „RSS-Feed“ wählen und die Adresse des Feed-Symbols kopieren.",
        "en": "A public feed needs no credential. For Google Alerts: google.com/alerts, enter what to look for, Show options, "
        "choose RSS feed at Deliver to, and copy the address behind the feed symbol.",
    },
    blind_spots={
        "de": "Was zwischen zwei Abrufen aus dem Feed gefallen ist; Löschungen; oft nur der Anfang eines Textes; Kommentare "
        "nur, wo der Eintrag einen Kommentar-Feed nennt, und nur, solange der Feed den Eintrag zeigt. Feeds nehmen "
        "keine Antworten an.",
        "en": "What has dropped out of the feed between two runs; deletions; often only the beginning of a text; comments only "
        "where an entry names its comment feed, and as long as the feed shows the entry. Feeds take no answers.",
    },
)
