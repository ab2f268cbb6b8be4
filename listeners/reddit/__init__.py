"""Hear subreddits, a search, an account's inbox and modmail on Reddit, and answer, with PRAW over our own client.

All that is new is read before the oldest of it is kept, so nothing is skipped (guarantee 1).
"""

from collections.abc import Mapping

from desk.answering import Replies, ReplyRules
from desk.errors import ConfigurationError
from desk.source import Source
from listeners.access import Minted, granted, needed
from listeners.contract import Ask, Listener
from listeners.http import Client
from listeners.reddit.answers import CHARACTERS, look, reply
from listeners.reddit.said import PLATFORM, Options
from listeners.reddit.streams import pull
from listeners.reddit.through import reddit, translated

_TOKENS = "https://www.reddit.com/api/v1/access_token"


def _access(source: Source, secrets: Mapping[str, str]) -> Minted:
    """Get tokens as the account (by refresh token or password), else as the application alone, which may read in public only."""
    client_id, client_secret = needed(secrets, "client_id", "client_secret")
    form = {"grant_type": "client_credentials"}
    if secrets.get("refresh_token"):
        form = {"grant_type": "refresh_token", "refresh_token": secrets["refresh_token"]}
    elif secrets.get("password"):
        if not source.options.get("username"):
            raise ConfigurationError("a password needs username: the account it belongs to")
        form = {"grant_type": "password", "username": str(source.options["username"]), "password": secrets["password"]}
    return granted(_TOKENS, form, user=client_id, password=client_secret)


def verify(client: Client, source: Source) -> str:
    """Say who we are there, or how many read a subreddit."""
    found, options = reddit(client), Options.model_validate(source.options)
    with translated(client):
        if "refresh_token" in client.secrets or "password" in client.secrets:
            return f"u/{found.user.me()}"
        name = options.subreddits[0] if options.subreddits else "all"
        newest = next(iter(found.subreddit(name).new(limit=1)), None)
    return f"r/{name}, reading only" + (f", last post: {newest.title[:60]}" if newest else "")


_REPLIES: Replies = {kind: ReplyRules(characters=CHARACTERS) for kind in ("post", "comment", "dm")}


def _replies_of(source: Source) -> Replies:
    """Return what may be answered on a source: nothing where its credential or its settings only let it read."""
    return _REPLIES if "refresh_token" in source.secrets or "password" in source.secrets else {}


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies=_REPLIES,
    replies_of=_replies_of,
    base_url="https://oauth.reddit.com",
    access=_access,
    verify=verify,
    asks=(
        Ask(
            "subreddits",
            {
                "de": "Welche Subreddits vollständig hören? Ohne r/, mit Komma getrennt; leer, wenn nur gesucht wird",
                "en": "Which subreddits to hear in full? Without r/, with commas between; empty to search only",
            },
            optional=True,
            many=True,
        ),
        Ask(
            "queries",
            {
                "de": "Nach welchen Wörtern in ganz Reddit suchen? Mit Komma getrennt",
                "en": "Which words to search all of Reddit for? With commas between",
            },
            optional=True,
            many=True,
        ),
        Ask(
            "username",
            {
                "de": "Der Name Ihres Kontos, ohne u/ (leer: nur öffentlich lesen)",
                "en": "The name of your account, without u/ (empty: read in public only)",
            },
            optional=True,
        ),
        Ask(
            "client_id",
            {
                "de": "Die Client-ID der App: auf reddit.com/prefs/apps unter ihrem Namen",
                "en": "The app's id: on reddit.com/prefs/apps below its name",
            },
            secret=True,
        ),
        Ask(
            "client_secret",
            {"de": "Das Secret der App: dort in der Zeile „secret“", "en": 'The app\'s secret: there in the row "secret"'},
            secret=True,
        ),
        Ask(
            "refresh_token",
            {
                "de": "Das Aktualisierungstoken (Refresh Token) Ihres Kontos (leer: nur öffentlich lesen, oder mit Passwort)",
                "en": "Your account's refresh token (empty: read in public only, or by password)",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "password",
            {
                "de": "Stattdessen das Passwort des Kontos; nur mit einer App vom Typ „script“, ohne Zwei-Faktor-Anmeldung",
                "en": 'Instead the account\'s password; only with an app of the type "script" and without two-factor sign-in',
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Reddit verlangt für neue Apps eine Freigabe (Formular „API access“ im Hilfebereich) und für gewerbliche Nutzung "
        "einen Vertrag. Danach auf reddit.com/prefs/apps eine App vom Typ „script“ oder „web app“ anlegen. Für Posteingang, "
        "Antworten und Modmail braucht sie die Berechtigungen (Scopes) read, history, identity, privatemessages, submit und "
        "modmail.",
        "en": 'Reddit wants to approve new apps (the form "API access" in its help pages), and a contract for commercial use. '
        'Then make an app of the type "script" or "web app" on reddit.com/prefs/apps. For the inbox, answers and modmail it '
        "needs the scopes read, history, identity, privatemessages, submit and modmail.",
    },
    blind_spots={
        "de": "Der Chat, in den Reddit seit 2025 private Nachrichten verlegt; mehr als 1.000 neue Einträge je Liste zwischen "
        "zwei "
        "Läufen; bei der Suche Kommentare, die das Wort nur selbst enthalten, und was unter einem Beitrag nach threads_for oder "
        "jenseits der 500 neuesten Kommentare steht; Änderungen und Löschungen außerhalb von look_back.",
        "en": "The chat, into which Reddit has been moving private messages since 2025; more than 1,000 new entries per list "
        "between two runs; with a search, comments that hold the word only themselves, and what stands below a post after "
        "threads_for or beyond its 500 newest comments; edits and deletions outside look_back.",
    },
)
