"""Hear hashtags, mentions and direct messages on any Mastodon server, and answer them."""

from desk.answering import ReplyRules
from listeners.contract import Listener
from listeners.mastodon.reply import CHARACTERS, reply
from listeners.mastodon.statuses import PLATFORM
from listeners.mastodon.streams import Options, pull

LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    base_url="https://mastodon.social",
    same_key_once=True,
    replies={kind: ReplyRules(characters=CHARACTERS) for kind in ("post", "comment", "dm")},
    blind_spots={
        "de": "Beiträge von Servern, die dieser Server nicht kennt; Antworten auf Beiträge, die älter als look_back sind und "
        "uns nicht nennen; manche Server zeigen Hashtags nur mit Token.",
        "en": "Posts of servers this server does not know; answers below posts older than look_back that do not mention us; "
        "some servers show hashtags only to those with a token.",
    },
)
