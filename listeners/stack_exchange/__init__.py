"""Hear questions with a tag or a word on a Stack Exchange site, with the answers and comments below them, and comment there.

All that is new is read before the oldest of it is kept, so nothing is skipped (guarantee 1).
"""

from desk.answering import Replies, ReplyRules
from desk.source import Source
from listeners.access import Fixed
from listeners.contract import Ask, Listener
from listeners.http import Client
from listeners.paging import pick
from listeners.stack_exchange.answers import CHARACTERS, look, reply
from listeners.stack_exchange.asking import ask, refusal
from listeners.stack_exchange.posts import PLATFORM
from listeners.stack_exchange.threads import Options, pull


def verify(client: Client, source: Source) -> str:
    """Say who we are there, and how much of the day's quota is left."""
    options = Options.model_validate(source.options)
    body = ask(client, options.site, "/me" if "token" in client.secrets else "/info", {})
    name = pick(body, "items.0.display_name", options.site)
    return f"{name}: {body.get('quota_remaining')} of {body.get('quota_max')} questions left today"


_REPLIES: Replies = {kind: ReplyRules(characters=CHARACTERS) for kind in ("post", "comment")}


def _replies_of(source: Source) -> Replies:
    """Return what may be answered on a source: nothing where its credential or its settings only let it read."""
    return _REPLIES if source.token_env is not None else {}


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies=_REPLIES,
    replies_of=_replies_of,
    base_url="https://api.stackexchange.com",
    access=lambda _source, secrets: Fixed(
        parameters={name: secrets[secret] for name, secret in (("key", "key"), ("access_token", "token")) if secrets.get(secret)}
    ),
    refusal=refusal,
    verify=verify,
    asks=(
        Ask(
            "site",
            {
                "de": "Welche Seite, so wie ihre Schnittstelle sie nennt (stackoverflow, superuser, askubuntu ...)?",
                "en": "Which site, as its API names it (stackoverflow, superuser, askubuntu ...)?",
            },
            optional=True,
            example="stackoverflow",
        ),
        Ask(
            "tags",
            {
                "de": "Fragen mit welchen Schlagwörtern? Mit Komma getrennt; leer, wenn nur nach Wörtern gesucht wird",
                "en": "Questions with which tags? With commas between; empty to search for words only",
            },
            optional=True,
            many=True,
        ),
        Ask(
            "queries",
            {
                "de": "Fragen mit welchen Wörtern? Mit Komma getrennt; leer, wenn Schlagwörter genügen",
                "en": "Questions with which words? With commas between; empty where tags are enough",
            },
            optional=True,
            many=True,
        ),
        Ask(
            "key",
            {
                "de": "Der API-Schlüssel von stackapps.com/apps/oauth/register (Zeile „Key“): 10.000 statt 300 Anfragen am Tag",
                "en": 'The API key from stackapps.com/apps/oauth/register (row "Key"): 10,000 instead of 300 requests a day',
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "token",
            {
                "de": "Nur zum Antworten: das Zugangstoken mit den Berechtigungen write_access und no_expiry",
                "en": "For answers only: the access token with the scopes write_access and no_expiry",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Lesen geht ohne Konto, mit 300 Anfragen am Tag. Mit einem kostenlosen Schlüssel sind es 10.000: auf "
        "stackapps.com/apps/oauth/register eine Anwendung eintragen und den „Key“ kopieren. Zum Antworten dazu ein Token mit "
        "write_access und no_expiry holen (api.stackexchange.com/docs/authentication).",
        "en": "Reading needs no account and allows 300 requests a day. A free key allows 10,000: register an application on "
        'stackapps.com/apps/oauth/register and copy its "Key". For answers get a token with write_access and no_expiry as well '
        "(api.stackexchange.com/docs/authentication).",
    },
    blind_spots={
        "de": "Kommentare unter Fragen, bei denen länger als threads_for nichts geschah; Chats; gelöschte Beiträge nur innerhalb "
        "von look_back. Geantwortet wird als Kommentar, das erfordert auf der Seite genug Reputation.",
        "en": "Comments below questions that nothing happened to for longer than threads_for; chats; deleted posts only within "
        "look_back. Answers are sent as comments, which needs enough reputation on the site.",
    },
)
