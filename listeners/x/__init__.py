"""Hear mentions, searches, conversations and direct messages on X, and answer them."""

from desk.answering import Replies, ReplyRules
from desk.source import Source
from listeners.contract import Ask, Listener
from listeners.http import Client
from listeners.paging import pick
from listeners.x.access import KEPT, access, refusal
from listeners.x.posts import PLATFORM
from listeners.x.reply import CHARACTERS, CHARACTERS_DIRECT, look, reply
from listeners.x.streams import Options, pull, who_we_are


def verify(client: Client, source: Source) -> str:
    """Return whose account is heard, and how far the credential goes."""
    if client.secrets.get("refresh_token"):
        me = pick(client.get_json("/2/users/me"), "data", {})
        return f"{me.get('name', '')} (@{me.get('username', '')})"
    account = str(source.options.get("account", ""))
    if account:
        return f"@{account.lstrip('@')} ({who_we_are(client, account)}), by an app that reads only"
    client.get(
        "/2/tweets/search/recent", {"query": next(iter(Options.model_validate(source.options).search), "x"), "max_results": 10}
    )
    return "an app that reads only"


_REPLIES: Replies = {
    "post": ReplyRules(characters=CHARACTERS),
    "comment": ReplyRules(characters=CHARACTERS),
    "dm": ReplyRules(characters=CHARACTERS_DIRECT),
}


def _replies_of(source: Source) -> Replies:
    """Return what may be answered on a source: nothing where its credential or its settings only let it read."""
    return _REPLIES if "refresh_token" in source.secrets else {}


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies=_REPLIES,
    replies_of=_replies_of,
    base_url="https://api.x.com",
    access=access,
    refusal=refusal,
    verify=verify,
    keeps=(KEPT,),
    asks=(
        Ask(
            "account",
            {"de": "Ihr Konto bei X, ohne @.", "en": "Your account on X, without @."},
            optional=True,
            example="yourshop",
        ),
        Ask(
            "search",
            {
                "de": "Suchanfragen in der Suchsprache von X, mit Kommas getrennt.",
                "en": "Queries in X's search language, with commas between.",
            },
            optional=True,
            many=True,
            example="yourshop -is:retweet",
        ),
        Ask(
            "token",
            {
                "de": "Nur lesen: das Bearer Token der App (console.x.com → App → Keys and tokens).",
                "en": "Reading only: the app's bearer token (console.x.com → app → Keys and tokens).",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "client_id",
            {
                "de": "Für Antworten und Direktnachrichten: OAuth 2.0 Client ID (console.x.com → App → Keys and tokens).",
                "en": "For answers and direct messages: OAuth 2.0 client ID (console.x.com → app → Keys and tokens).",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "client_secret",
            {
                "de": "Das Client Secret daneben, wenn die App „confidential“ ist (Web App, Bot).",
                "en": "The client secret beside it, if the app is “confidential” (web app, bot).",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "refresh_token",
            {
                "de": "Das Aktualisierungstoken (Refresh Token), das nach der Zustimmung des Kontos kommt (Scope "
                "offline.access). Es wird bei jedem "
                "Gebrauch ersetzt; Kummerkasten bewahrt das neue auf.",
                "en": "The refresh token that comes after the account has consented (scope offline.access). Each use replaces "
                "it; Kummerkasten keeps the new one.",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Unter console.x.com ein Projekt mit einer App anlegen (Lesen kostet, siehe Preisseite). Nur lesen: Bearer "
        "Token. Für Antworten und Direktnachrichten: User authentication settings → OAuth 2.0, und mit dem Konto diesen "
        "Berechtigungen (Scopes) zustimmen: tweet.read tweet.write users.read dm.read dm.write offline.access.",
        "en": "At console.x.com make a project with an app (reading costs, see the price page). Reading only: bearer token. "
        "For answers and direct messages: User authentication settings → OAuth 2.0, and let the account grant these scopes: "
        "tweet.read tweet.write users.read dm.read dm.write offline.access.",
    },
    blind_spots={
        "de": "Die Suche reicht sieben Tage zurück, Direktnachrichten dreißig, Erwähnungen 800 Beiträge; geschützte Konten; "
        "bloße Reposts; neue Antworten in Gesprächen, die älter als replies_back sind oder nicht zu den letzten 120 gehören; "
        "gelöschte Direktnachrichten.",
        "en": "The search goes back seven days, direct messages thirty, mentions 800 posts; protected accounts; mere reposts; "
        "new answers in conversations older than replies_back or not among the latest 120; deleted direct messages.",
    },
)
