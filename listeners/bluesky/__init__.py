"""Hear posts, mentions, answers and direct messages on Bluesky, and answer them."""

from desk.answering import ReplyRules
from desk.source import Source
from listeners.bluesky.posts import PLATFORM
from listeners.bluesky.reply import CHARACTERS, CHARACTERS_DIRECT, look, reply
from listeners.bluesky.session import KEPT, access, me, refusal
from listeners.bluesky.streams import Options, pull
from listeners.contract import Ask, Listener
from listeners.http import Client


def verify(client: Client, _source: Source) -> str:
    """Return whose session this is."""
    who = me(client)
    return f"@{who.handle} ({who.did})"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={
        "post": ReplyRules(characters=CHARACTERS),
        "comment": ReplyRules(characters=CHARACTERS),
        "dm": ReplyRules(characters=CHARACTERS_DIRECT),
    },
    base_url="https://bsky.social",
    access=access,
    refusal=refusal,
    verify=verify,
    keeps=(KEPT,),
    asks=(
        Ask(
            "account",
            {"de": "Ihr Konto bei Bluesky, ohne @.", "en": "Your account on Bluesky, without @."},
            example="yourshop.bsky.social",
        ),
        Ask(
            "token",
            {
                "de": "Ein App-Passwort (nicht das Ihres Kontos): Einstellungen → Privatsphäre und Sicherheit → App-Passwörter.",
                "en": "An app password (not your own): Settings → Privacy and security → App passwords.",
            },
            secret=True,
            example="xxxx-xxxx-xxxx-xxxx",
        ),
        Ask(
            "search",
            {"de": "Wörter, nach denen gesucht wird, mit Kommas getrennt.", "en": "Words to look for, with commas between."},
            optional=True,
            many=True,
            example="yourshop",
        ),
    ),
    setup={
        "de": "In der App oder auf bsky.app: Einstellungen → Privatsphäre und Sicherheit → App-Passwörter → hinzufügen. Sollen "
        "Direktnachrichten gehört werden, dort „Zugriff auf Direktnachrichten erlauben“ ankreuzen.",
        "en": "In the app or on bsky.app: Settings → Privacy and security → App passwords → add. To hear direct messages, tick "
        "“Allow access to your direct messages” there.",
    },
    blind_spots={
        "de": "Beiträge von Konten, die uns blockieren; was die Suche nicht findet; neue Antworten unter Beiträgen, die älter "
        "als replies_back sind und nicht uns gelten; Reaktionen. Beiträge lassen sich bei Bluesky nicht bearbeiten.",
        "en": "Posts of accounts that block us; what the search does not find; new answers below posts older than "
        "replies_back that are not to us; reactions. Bluesky has no editing.",
    },
)
