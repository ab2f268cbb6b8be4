"""Hear what is said to an Instagram account, and answer as the account: comments, mentions, tagged posts, direct messages.

All that is new is read before the oldest of it is kept (guarantee 1), answers below old comments too, and what is missing of the
last hours is asked for before it is called deleted.
"""

from collections.abc import Mapping
from datetime import datetime

from desk.source import Source
from listeners import graph, meta_push
from listeners.access import Access
from listeners.contract import Ask, Listener
from listeners.http import Client
from listeners.instagram.answers import REPLIES, look, replies_of, reply
from listeners.instagram.options import Options
from listeners.instagram.push import PUSH
from listeners.instagram.said import PLATFORM, root
from listeners.instagram.streams import pull


def access(source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by a page's token, or by the account's own, which is renewed."""
    by_page = bool(source.options.get("page"))
    return graph.access(source, secrets) if by_page else graph.lasting(source, secrets)


def verify(client: Client, source: Source) -> str:
    """Return the name of the account that the token reaches."""
    options = Options.model_validate(source.options)
    found = client.get_json(f"{root(client, options)}/{options.account}", {"fields": "username,name"})
    name = str(found.get("username") or "")
    other = "" if name.lower() == options.handle.lower() else f", not @{options.handle}: mend handle"
    return f"{found.get('name') or name} (@{name}){other}"


def expires(client: Client, source: Source) -> datetime | None:
    """Return when the token dies: the account's own is renewed first, for another 60 days (docs "Refresh a long-lived token")."""
    options = Options.model_validate(source.options)
    if options.page:
        return graph.ends(client, root(client, options))
    return graph.renewed(client, client.at("https://graph.instagram.com/refresh_access_token"), "ig_refresh_token")


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies=REPLIES,
    replies_of=replies_of,
    base_url="https://graph.instagram.com",
    access=access,
    refusal=graph.refusal,
    verify=verify,
    expires=expires,
    push=PUSH,
    asks=(
        Ask(
            "handle",
            {
                "de": "Name des Instagram-Kontos, ohne @ (ein Business- oder Creator-Konto).",
                "en": "Name of the Instagram account, without @ (a business or creator account).",
            },
            example="kastanie_moebel",
        ),
        Ask(
            "token",
            {
                "de": "Zugangstoken des Kontos: developers.facebook.com → App → Instagram → API-Einrichtung mit "
                "Instagram-Login → "
                "Zugriffsschlüssel generieren. Es gilt 60 Tage; Kummerkasten erneuert es.",
                "en": "The account's token: developers.facebook.com → app → Instagram → API setup with Instagram login → "
                "Generate access tokens. It is valid for 60 days; Kummerkasten renews it.",
            },
            secret=True,
            example="IGAA…",
        ),
        *meta_push.ASKS,
    ),
    setup={
        "de": "Das Konto muss ein Business- oder Creator-Konto sein. Auf developers.facebook.com eine App anlegen, das Produkt "
        "Instagram hinzufügen und die Berechtigungen instagram_business_basic, instagram_business_manage_comments und (für "
        "Nachrichten) "
        "instagram_business_manage_messages wählen. In Instagram unter Einstellungen → Nachrichten den Zugriff auf Nachrichten "
        "erlauben. Für markierte Beiträge braucht es stattdessen das Zugangstoken einer Seite (page und account).",
        "en": "The account must be a business or creator account. On developers.facebook.com make an app, add the product "
        "Instagram and choose the permissions instagram_business_basic, instagram_business_manage_comments and (for messages) "
        "instagram_business_manage_messages. In Instagram, under Settings → Messages, allow access to messages. Tagged posts "
        "need a page's token instead (page and account).",
    },
    blind_spots={
        "de": "Erwähnungen in fremden Kommentaren und Bildtexten kommen nur per Webhook, zuerst ohne Worte und ohne Namen; "
        "unsere Antworten darauf; Änderungen, die älter als look_back sind; Kommentare unter Beiträgen vor den letzten "
        "posts_back; Beiträge privater Konten, Hashtags und Storys; ältere Nachrichten als die letzten 20 eines "
        "Gesprächs, wenn sie zwischen zwei Läufen kamen.",
        "en": "Mentions in other people's comments and captions come by webhook only, first without words and without a name; "
        "our answers to them; edits older than look_back; comments below posts older than the last posts_back; posts of private "
        "accounts, hashtags and stories; messages before the last 20 of a dialogue, where they came between two "
        "runs.",
    },
)
