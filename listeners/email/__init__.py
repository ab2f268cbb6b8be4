"""Hear a mailbox (IMAP) without marking anything as read, and answer in the thread (SMTP).

Mails are kept in the order of arrival; the cursor is the number of the last one (UIDVALIDITY and UID), so none is passed over
(guarantee 1). What machines send (bounces, newsletters, automatic answers) is left out, and the log says why.
"""

from desk.answering import Replies, ReplyRules
from desk.source import Source
from listeners.access import NOTHING
from listeners.contract import Ask, Listener
from listeners.email.letters import PLATFORM
from listeners.email.mailbox import mailbox, sent_folder, translated
from listeners.email.options import Options
from listeners.email.reading import pull
from listeners.email.sending import look, reply
from listeners.http import Client


def verify(client: Client, source: Source) -> str:
    """Open the mailbox; return whose it is, how many mails lie in each folder, and where sent mail is kept."""
    options = Options.model_validate(source.options)
    with mailbox(client, options) as box, translated(options.imap, client.credential):
        counted = [f"{folder}: {box.folder.status(folder, ['MESSAGES'])['MESSAGES']}" for folder in options.folders]
        sent = sent_folder(box, options)
        return f"{client.secrets['user']} ({', '.join([*counted, *([f'sent mail in {sent}'] if sent else [])])})"


_REPLIES: Replies = {"email": ReplyRules()}


def _replies_of(source: Source) -> Replies:
    """Return what may be answered on a source: nothing where its credential or its settings only let it read."""
    return _REPLIES if Options.model_validate(source.options).smtp else {}


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies=_REPLIES,
    replies_of=_replies_of,
    access=lambda _source, _secrets: NOTHING,
    verify=verify,
    asks=(
        Ask(
            "imap",
            {
                "de": "Server für eingehende Post (IMAP). Er steht in der Hilfe Ihres Anbieters, oft imap.anbieter.de.",
                "en": "Server of incoming mail (IMAP). Your provider's help names it, often imap.provider.com.",
            },
            example="imap.example.com",
        ),
        Ask(
            "smtp",
            {
                "de": "Server für ausgehende Post (SMTP). Leer, wenn nicht geantwortet werden soll.",
                "en": "Server of outgoing mail (SMTP). Empty where nothing shall be answered.",
            },
            optional=True,
        ),
        Ask(
            "user",
            {
                "de": "Benutzername des Postfachs, meist die Adresse.",
                "en": "User name of the mailbox, mostly the address.",
            },
            secret=True,
        ),
        Ask(
            "password",
            {
                "de": "Passwort. Viele Anbieter verlangen ein App-Passwort, das Sie in den Sicherheitseinstellungen anlegen.",
                "en": "Password. Many providers want an app password, which is made in the security settings.",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "token",
            {
                "de": "Statt des Passworts: ein OAuth-Zugangstoken (XOAUTH2).",
                "en": "Instead of the password: an OAuth access token (XOAUTH2).",
            },
            secret=True,
            optional=True,
        ),
        *(
            Ask(
                name,
                {
                    "de": f"Für OAuth mit Erneuerung (token_url): {name} von Google oder Microsoft (App registrieren).",
                    "en": f"For OAuth with renewal (token_url): {name} of Google or Microsoft (register an app).",
                },
                secret=True,
                optional=True,
            )
            for name in ("refresh_token", "client_id", "client_secret")
        ),
    ),
    setup={
        "de": "Schalten Sie beim Anbieter IMAP ein und legen Sie ein App-Passwort an. Am besten bekommt Kummerkasten ein eigenes "
        "Postfach oder eine eigene Adresse, an die Kundenpost geht. Kummerkasten liest nur und markiert nichts als gelesen.",
        "en": "Switch IMAP on at the provider and make an app password. Best give Kummerkasten a mailbox or an address of its "
        "own that customers write to. It only reads; nothing is marked as read.",
    },
    blind_spots={
        "de": "Was gelöscht oder verschoben wurde, bevor es gehört war. Anhänge nur mit Namen, von sehr großen Mails nur der "
        "Anfang. Newsletter, Listen, Bounces und automatische Antworten, außer mit automatic = true. Löschungen.",
        "en": "What was deleted or moved before it was heard. Attachments by name only, of very large mails only the beginning. "
        "Newsletters, lists, bounces and automatic answers, unless automatic = true. Deletions.",
    },
)
