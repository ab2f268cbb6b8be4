"""Hear what customers write in Intercom's messenger, by mail and by rating, and answer them there as a teammate."""

from desk.answering import ReplyRules
from desk.source import Source
from listeners.contract import Ask, Listener
from listeners.http import Client
from listeners.intercom.api import HOSTS, Options, access, at, refusal
from listeners.intercom.conversations import PLATFORM
from listeners.intercom.push import PUSH
from listeners.intercom.reply import look, reply
from listeners.intercom.streams import pull
from listeners.paging import pick


def verify(client: Client, source: Source) -> str:
    """Return who we are in which workspace."""
    me = client.get_json(at(client, Options.model_validate(source.options).region, "/me"))
    return f"{me.get('name', '')} ({me.get('email', '')}) at {pick(me, 'app.name', 'an unnamed workspace')}"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={kind: ReplyRules() for kind in ("dm", "email", "survey")},
    base_url=HOSTS["us"],
    access=access,
    refusal=refusal,
    verify=verify,
    push=PUSH,
    asks=(
        Ask(
            "token",
            {
                "de": "Das Zugangstoken Ihrer App: Developer Hub → App → Configure → Authentication → Access token.",
                "en": "Your app's access token: Developer Hub → app → Configure → Authentication → Access token.",
            },
            secret=True,
        ),
        Ask(
            "region",
            {
                "de": "Wo Ihre Daten liegen: us, eu oder au (Einstellungen → Workspace).",
                "en": "Where your data is kept: us, eu or au (Settings → Workspace).",
            },
            optional=True,
            example="us",
        ),
        Ask(
            "client_secret",
            {
                "de": "Nur für Zustellung per Webhook: Developer Hub → App → Basic information → Client secret.",
                "en": "Only for delivery by webhook: Developer Hub → app → Basic information → Client secret.",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Unter developers.intercom.com (Developer Hub) eine App für den eigenen Workspace anlegen. Berechtigungen unter "
        "Authentication: Read conversations, Write conversations, Read admins. Das Token gehört der Person, die die App "
        "angelegt hat; in ihrem Namen wird geantwortet.",
        "en": "At developers.intercom.com (Developer Hub) make an app for your own workspace. Permissions under "
        "Authentication: Read conversations, Write conversations, Read admins. The token belongs to the person who made the "
        "app; answers go out in that name.",
    },
    blind_spots={
        "de": "Interne Notizen; aus sehr langen Gesprächen alles vor den letzten 500 Beiträgen; Löschungen von Gesprächen, "
        "die älter als look_back sind.",
        "en": "Internal notes; of very long conversations all before the last 500 parts; deletions of conversations older "
        "than look_back.",
    },
)
