"""Hear hashtags, mentions and direct messages on any Mastodon server, and answer them."""

from desk.answering import ReplyRules
from desk.source import Source
from listeners.contract import Ask, Listener
from listeners.http import Client
from listeners.mastodon.reply import CHARACTERS, look, reply
from listeners.mastodon.statuses import PLATFORM
from listeners.mastodon.streams import Options, pull


def verify(client: Client, _source: Source) -> str:
    """Ask the server who we are, or who it is."""
    if client.has_token:
        account = client.get_json("/api/v1/accounts/verify_credentials")
        return f"{account.get('display_name') or account['username']} (@{account['acct']} on {client.host})"
    return str(client.get_json("/api/v2/instance").get("title") or client.host)


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    base_url="https://mastodon.social",
    verify=verify,
    setup={
        "de": "Auf dem Server Ihres Kontos: Einstellungen, Entwicklung, Neue Anwendung. Ankreuzen: read:notifications, "
        "read:statuses, read:accounts und für Antworten write:statuses. Dann die Anwendung öffnen: „Dein Zugangstoken“.",
        "en": "On your account's server: Preferences, Development, New application. Tick read:notifications, read:statuses, "
        'read:accounts and, for answers, write:statuses. Then open the application: "Your access token".',
    },
    asks=(
        Ask(
            "base_url",
            {"de": "Adresse des Servers Ihres Kontos", "en": "Address of your account's server"},
            example="https://mastodon.social",
        ),
        Ask(
            "hashtags",
            {"de": "Hashtags, ohne #, mit Kommas getrennt", "en": "Hashtags, without #, with commas between"},
            optional=True,
            many=True,
        ),
        Ask("mentions", {"de": "Erwähnungen hören? true oder false", "en": "Hear mentions? true or false"}, optional=True),
        Ask(
            "direct",
            {"de": "Direktnachrichten hören? true oder false", "en": "Hear direct messages? true or false"},
            optional=True,
        ),
        Ask(
            "token",
            {
                "de": "Zugangstoken (leer, wenn nur Hashtags gehört werden)",
                "en": "Access token (empty where only hashtags are heard)",
            },
            secret=True,
            optional=True,
        ),
    ),
    same_key_once=True,
    replies={kind: ReplyRules(characters=CHARACTERS) for kind in ("post", "comment", "dm")},
    blind_spots={
        "de": "Beiträge von Servern, die dieser Server nicht kennt; Antworten auf Beiträge, die älter als look_back sind und "
        "uns nicht nennen; manche Server zeigen Hashtags nur mit Token.",
        "en": "Posts of servers this server does not know; answers below posts older than look_back that do not mention us; "
        "some servers show hashtags only to those with a token.",
    },
)
