"""Hear what people write to a Telegram bot, privately and in its groups, and answer them there."""

from desk.answering import ReplyRules
from desk.source import Source
from listeners.contract import Ask, Listener, Receipt, ReplyTo
from listeners.http import Client
from listeners.paging import body_of, pick
from listeners.telegram.api import access, method, refusal
from listeners.telegram.messages import PLATFORM, Options, link
from listeners.telegram.updates import PUSH, pull

CHARACTERS = 4096


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text* below the message, in its chat."""
    chat, _, number = to.native_id.rpartition("/")
    below = {"message_id": int(number), "allow_sending_without_reply": True}
    answer = client.send("POST", method(client, "sendMessage"), json={"chat_id": chat, "text": text, "reply_parameters": below})
    sent = pick(body_of(client, answer), "result", {})
    return Receipt(f"{sent['chat']['id']}/{sent['message_id']}", link(sent["chat"], sent["message_id"]))


def verify(client: Client, _source: Source) -> str:
    """Return the bot's name, and whether groups are closed to it."""
    bot = pick(client.get_json(method(client, "getMe")), "result", {})
    privacy = "" if bot.get("can_read_all_group_messages") else ", in groups only what is meant for it: its privacy mode is on"
    return f"{bot.get('first_name', '')} (@{bot.get('username', '')}){privacy}"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    replies={kind: ReplyRules(characters=CHARACTERS) for kind in ("dm", "comment", "post")},
    base_url="https://api.telegram.org",
    access=access,
    refusal=refusal,
    verify=verify,
    push=PUSH,
    asks=(
        Ask(
            "token",
            {
                "de": "Token des Bots: in Telegram @BotFather öffnen, /newbot (oder /mybots → API Token).",
                "en": "The bot's token: open @BotFather in Telegram, /newbot (or /mybots → API Token).",
            },
            secret=True,
            example="123456789:AAE…",
        ),
        Ask(
            "webhook_secret",
            {
                "de": "Nur für Zustellung per Webhook: das secret_token, das setWebhook bekommen hat (1–256 Zeichen A–Z, a–z, "
                "0–9, _, -).",
                "en": "Only for delivery by webhook: the secret_token that setWebhook was given (1–256 of A–Z, a–z, 0–9, _, -).",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "In Telegram @BotFather öffnen und mit /newbot einen Bot anlegen. Soll er in Gruppen alles hören: /setprivacy → "
        "Disable, danach den Bot in die Gruppe aufnehmen. Kein anderes Programm darf denselben Bot lesen.",
        "en": "Open @BotFather in Telegram and make a bot with /newbot. To let it hear all that is said in groups: /setprivacy → "
        "Disable, then add the bot to the group. No other program may read the same bot.",
    },
    blind_spots={
        "de": "Was vor dem Bot gesagt wurde; was länger als 24 Stunden nicht abgeholt wurde; Gelöschtes; die Antworten des "
        "Bots selbst und die anderer Bots; Chats, in denen der Bot nicht ist, und die eines Telegram-Business-Kontos. In "
        "einfachen Gruppen zählt die Antwort auf eine Antwort als eigenes Gespräch.",
        "en": "What was said before the bot came; what was not fetched for more than 24 hours; deletions; what the bot itself "
        "and other bots say; chats that the bot is not in, and those of a Telegram Business account. In basic groups an "
        "answer to an answer counts as a conversation of its own.",
    },
)
