"""Hear what is said on and to a Facebook page, and answer as the page: comments, visitors' posts, recommendations, Messenger.

All that is new is read before the oldest of it is kept (guarantee 1); the newest comments come along with the feed, below old
posts too, and what is missing of the last hours is asked for before it is called deleted.
"""

from desk.source import Source
from listeners import meta_push
from listeners.contract import Ask, Listener
from listeners.facebook.answers import REPLIES, look, replies_of, reply
from listeners.facebook.push import PUSH
from listeners.facebook.said import PLATFORM
from listeners.facebook.streams import Options, pull
from listeners.graph import VERSION, access, expires, refusal
from listeners.http import Client


def verify(client: Client, source: Source) -> str:
    """Return the name of the page that the token reaches."""
    page = Options.model_validate(source.options).page
    found = client.get_json(f"/{VERSION}/{page}", {"fields": "id,name,username"})
    handle = f" (@{found['username']})" if found.get("username") else ""
    return f"{found.get('name') or page}{handle}"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies=REPLIES,
    replies_of=replies_of,
    base_url="https://graph.facebook.com",
    access=access,
    refusal=refusal,
    verify=verify,
    expires=expires,
    push=PUSH,
    asks=(
        Ask(
            "page",
            {
                "de": "Nummer der Seite: auf der Facebook-Seite unter Info → Seitentransparenz → Seiten-ID.",
                "en": "The page's number: on the Facebook page under About → Page transparency → Page ID.",
            },
            example="104512345678901",
        ),
        Ask(
            "token",
            {
                "de": "Zugangstoken der Seite: business.facebook.com → Einstellungen → Systemnutzer → Token generieren (App "
                "und Berechtigungen wählen); dann GET /me/accounts im Graph API Explorer, access_token der Seite.",
                "en": "Page token: business.facebook.com → Settings → System users → Generate token (choose the app and the "
                "permissions); then GET /me/accounts in the Graph API Explorer, access_token of the page.",
            },
            secret=True,
            example="EAAB…",
        ),
        *meta_push.ASKS,
    ),
    setup={
        "de": "Auf developers.facebook.com eine App vom Typ „Business“ anlegen und die Berechtigungen pages_show_list, "
        "pages_read_engagement, pages_read_user_content, pages_manage_engagement (Antworten), pages_messaging (Messenger) und "
        "pages_manage_metadata (Webhooks) beantragen. In der Business-Suite einen Systemnutzer mit der Seite verbinden; sein "
        "Token läuft nicht ab. Für fremde Seiten prüft Meta die App (App Review).",
        "en": "On developers.facebook.com make an app of the type “Business” and ask for the permissions pages_show_list, "
        "pages_read_engagement, pages_read_user_content, pages_manage_engagement (answers), pages_messaging (Messenger) and "
        "pages_manage_metadata (webhooks). In the Business Suite connect a system user with the page; its token does not expire. "
        "For pages that are not yours Meta reviews the app.",
    },
    blind_spots={
        "de": "Namen, die Facebook der App nicht zeigt; Kommentare unter Anzeigen (nur per Webhook); Kommentare unter "
        "Beiträgen, die älter als die letzten posts_back sind; Änderungen, die älter als look_back sind; Verborgenes; ältere "
        "Nachrichten als die letzten 20 eines Gesprächs, wenn sie zwischen zwei Läufen kamen; Empfehlungen gibt Facebook nur "
        "noch über die alte API-Version v21.0 heraus.",
        "en": "Names of people whom Facebook does not show to the app; comments below advertisements (only by webhook); comments "
        "below posts older than the last posts_back; edits older than look_back; what is hidden; messages before the last 20 of "
        "a dialogue, where they came between two runs; recommendations are given by the old version v21.0 only.",
    },
)
