"""Hear the posts of a Discourse forum, all or by category or word, and private messages to one of its users, and answer them.

All that is new is read before the oldest of it is kept, so nothing is skipped (guarantee 1).
"""

from collections.abc import Mapping

from desk.answering import ReplyRules
from desk.errors import ConfigurationError
from desk.source import Source
from listeners.access import Fixed
from listeners.contract import Ask, Listener
from listeners.discourse.answers import CHARACTERS, look, refusal, reply
from listeners.discourse.forum import pull
from listeners.discourse.posts import PLATFORM, Options
from listeners.http import Client
from listeners.paging import pick


def verify(client: Client, source: Source) -> str:
    """Say which forum it is, and who we are there."""
    options = Options.model_validate(source.options)
    title = pick(client.get_json("/site/basic-info.json"), "title", client.host)
    if not client.has_token:
        return f"{title}, as a guest"
    return f"{title}, as @{pick(client.get_json('/session/current.json'), 'current_user.username', options.username)}"


def _access(source: Source, secrets: Mapping[str, str]) -> Fixed:
    """Show the API key and the user it acts as; a guest shows nothing."""
    if not secrets.get("token"):
        return Fixed()
    if not source.options.get("username"):
        raise ConfigurationError("token_env needs username: the user that the API key acts as, else answers come from nobody")
    return Fixed({"Api-Key": secrets["token"], "Api-Username": str(source.options["username"])})


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={kind: ReplyRules(characters=CHARACTERS) for kind in ("post", "comment", "dm")},
    access=_access,
    refusal=refusal,
    verify=verify,
    asks=(
        Ask(
            "base_url",
            {"de": "Die Adresse des Forums", "en": "The address of the forum"},
            example="https://forum.yourshop.com",
        ),
        Ask(
            "everything",
            {
                "de": "Alle öffentlichen Beiträge hören (true), oder nur solche mit bestimmten Wörtern (false)?",
                "en": "Hear every public post (true), or only those with certain words (false)?",
            },
            optional=True,
            example="true",
        ),
        Ask(
            "queries",
            {
                "de": "Beiträge mit welchen Wörtern? Mit Komma getrennt; leer, wenn alles gehört wird",
                "en": "Posts with which words? With commas between; empty where everything is heard",
            },
            optional=True,
            many=True,
        ),
        Ask(
            "username",
            {
                "de": "Der Benutzername, unter dem gelesen und geantwortet wird (leer: als Gast, nur lesen)",
                "en": "The user name to read and answer as (empty: as a guest, reading only)",
            },
            optional=True,
        ),
        Ask(
            "token",
            {
                "de": "Der API-Schlüssel: im Forum unter Admin → API → Neuer API-Schlüssel (leer: als Gast)",
                "en": "The API key: in the forum under Admin → API → New API key (empty: as a guest)",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Öffentliche Foren kann man als Gast lesen. Für private Nachrichten und Antworten legt ein Admin unter Admin → "
        "API → Neuer API-Schlüssel einen Schlüssel an: Benutzerebene „Einzelner Benutzer“ mit dem Benutzer, der antworten soll, "
        "Bereich „Global“ (der Schlüssel darf dann, was dieser Benutzer darf).",
        "en": "Public forums can be read as a guest. For private messages and answers an admin makes a key, under Admin → API → "
        'New API key: user level "Single user" with the user that shall answer, scope "Global" (the key may then do what this '
        "user may).",
    },
    blind_spots={
        "de": "Beiträge, die der Benutzer (oder ein Gast) nicht sehen darf; der Chat; Änderungen und Löschungen außerhalb von "
        "look_back. Bei queries hört es ein Thema nur weiter, solange dort in den letzten 30 Tagen eines der Wörter vorkam.",
        "en": "Posts that the user (or a guest) may not see; the chat; edits and deletions outside look_back. With queries a "
        "topic is followed only while one of the words was found in it during the last 30 days.",
    },
)
