"""Hear the comments on a WordPress site, those that wait for approval too, and answer them.

Comments are walked by their GMT dates, the oldest first, and those of the last days are read again: a comment that is approved
late keeps the date it was written (guarantee 3).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from desk.answering import ReplyRules
from desk.errors import ConfigurationError
from desk.mention import Mention
from desk.source import Source, Span
from listeners import wordpress_rest as rest
from listeners.access import NOTHING, Access, basic
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Receipt, ReplyTo, Window
from listeners.http import Client
from listeners.walks import forward
from listeners.wordpress_refusals import refusal

PLATFORM = "wordpress"


class Options(BaseModel):
    """What a WordPress source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str = ""
    """The user of the site whose application password ``token_env`` names."""
    held: bool = False
    """Whether comments that wait for approval are heard too."""
    posts: tuple[int, ...] = ()
    """Numbers of the posts and pages that are listened to; none means all."""
    team: tuple[str, ...] = ()
    """Numbers of the site's users who speak for the company, beside ``user``."""
    approved_within: Span = timedelta(days=3)
    """How long the approval of a comment may take: so far back is read again."""

    @model_validator(mode="after")
    def _signed_in(self) -> "Options":
        if self.held and not self.user:
            raise ValueError("held = true needs user and token_env: only who is signed in sees what waits for approval")
        return self


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the comments written since *cursor*, oldest first, then what changed or is gone of the last days."""
    options = Options.model_validate(source.options)
    user = rest.me(client) if client.has_token else None
    if user and options.held:
        rest.must_moderate(client, user)
    team = {*options.team, *([user.number] if user else [])}
    yield from forward({"comments": partial(_comments, client, options, team)}, cursor, window, back=options.approved_within)


def _comments(client: Client, options: Options, team: set[str], since: datetime) -> Iterator[Batch]:
    asked: dict[str, Any] = {"status": "all"} if options.held else {}  # "all" is what is approved and what waits
    roots = rest.Roots(client, asked)
    posts = {"post": ",".join(map(str, options.posts))} if options.posts else {}
    for items in rest.oldest_first(client, rest.COMMENTS, asked | posts | {"_fields": rest.FIELDS}, since, "date_gmt"):
        roots.learn(items)
        yield understood(items, partial(_read, client=client, roots=roots, team=team), "comments", itemgetter("date_gmt"))


def _read(item: dict[str, Any], client: Client, roots: rest.Roots, team: set[str]) -> Mention:
    return rest.to_mention(item, client, PLATFORM, roots.of(item["id"]), "comment", str(item.get("author") or 0) in team)


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text* below the comment, as the user who is signed in."""
    return rest.send(client, to, text)


def look(client: Client, _source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look whether the user who is signed in has answered with this text since that moment."""
    return rest.find(client, to, text, since)


def verify(client: Client, _source: Source) -> str:
    """Return the site, and who is signed in there."""
    if client.has_token:
        return f"{rest.site(client)} as {rest.me(client).name}"
    name = client.get_json("/wp-json/", {"_fields": "name"}).get("name")
    return f"{name or rest.site(client)} (public comments)"


def _access(source: Source, secrets: Mapping[str, str]) -> Access:
    user = rest.named(source).options.get("user")
    if not secrets.get("token"):
        return NOTHING
    if not user:
        raise ConfigurationError(f'source "{source.name}": name the user of the application password: user = "kim"')
    return basic(str(user), secrets["token"])


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={"comment": ReplyRules(characters=rest.CHARACTERS)},
    access=_access,
    refusal=refusal,
    asks=(
        Ask(
            "base_url",
            {
                "de": "Adresse der Website, wie sie im Browser steht",
                "en": "Address of the site, as the browser shows it",
            },
            example="https://blog.example",
        ),
        Ask(
            "user",
            {
                "de": "Benutzername bei WordPress; für Antworten und für Kommentare, die auf Freigabe warten",
                "en": "User name in WordPress; for answers, and for comments that wait for approval",
            },
            optional=True,
        ),
        Ask(
            "token",
            {
                "de": "Anwendungspasswort dieses Benutzers: Benutzer → Profil → Anwendungspasswörter",
                "en": "Application password of this user: Users → Profile → Application Passwords",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Freigegebene Kommentare hört man ohne Zugang. Für Antworten und wartende Kommentare legen Sie in WordPress einen "
        "Benutzer mit der Rolle Redakteur an und erzeugen unter Benutzer → Profil → Anwendungspasswörter ein Passwort namens "
        "Kummerkasten. Unter Einstellungen → Permalinks darf nicht „Einfach“ gewählt sein.",
        "en": "Approved comments are heard without a credential. For answers and comments that wait, create a user with the role "
        "Editor in WordPress and make a password named Kummerkasten under Users → Profile → Application Passwords. Under "
        "Settings → Permalinks anything but Plain must be chosen.",
    },
    verify=verify,
    blind_spots={
        "de": "Ohne Zugang: Kommentare, die auf Freigabe warten. Kommentare, deren Freigabe länger dauert als approved_within; "
        "Änderungen und Löschungen, die älter als look_back sind; Kommentare von Diensten wie Disqus; E-Mail-Adressen.",
        "en": "Without a credential: comments that wait for approval. Comments approved later than approved_within; edits and "
        "deletions older than look_back; comments of services such as Disqus; e-mail addresses.",
    },
)
