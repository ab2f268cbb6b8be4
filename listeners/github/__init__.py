"""Hear issues, pull requests, the comments below them and discussions of GitHub repositories, and answer them.

Each page is kept as it comes and each goes on from the last change before it, so nothing is skipped (guarantee 1).
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from desk.answering import ReplyRules
from desk.mention import Mention
from desk.source import Source
from listeners.access import bearer, needed
from listeners.batches import Batch
from listeners.contract import Ask, Cursor, Listener, Page, Window
from listeners.github import discussions, issues
from listeners.github.answers import CHARACTERS, look, refusal, reply, us
from listeners.github.issues import PLATFORM, Options
from listeners.github.push import PUSH
from listeners.http import Client
from listeners.paging import Json, pick
from listeners.walks import forward

_EXPIRES = "github-authentication-token-expiration"
"""The header that tells when a token ends (docs "Managing your personal access tokens")."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said or changed since *cursor*, oldest first, then once more what lies within the look back."""
    options = Options.model_validate(source.options)
    if options.discussions:
        needed(client.secrets, "token")
    ours = us(client, options)
    streams: dict[str, Callable[[datetime], Iterator[Batch]]] = {}
    for name in options.repositories:
        said = partial(_said, repository=name, options=options, ours=ours)
        if options.issues or options.pull_requests:
            streams[f"{name} issues"] = partial(issues.changed, client, name, "issues", said)
            streams[f"{name} comments"] = partial(issues.changed, client, name, "issues/comments", said)
        if options.discussions:
            streams[f"{name} discussions"] = partial(
                discussions.discussed, client, name, partial(_discussed, options=options, ours=ours)
            )
    return forward(streams, cursor, window)


def _said(item: Json, repository: str, options: Options, ours: frozenset[str]) -> Mention | None:
    """Return an issue, a pull request or a comment, where it is wanted."""
    wanted = options.pull_requests if issues.is_pull_request(item) else options.issues
    if not wanted or (issues.is_bot(item) and not options.bots):
        return None
    return issues.to_mention(item, repository, ours, staff=options.staff)


def _discussed(said: Json, options: Options, ours: frozenset[str]) -> Mention | None:
    if discussions.is_bot(said) and not options.bots:
        return None
    return discussions.to_mention(said, ours, staff=options.staff)


def verify(client: Client, source: Source) -> str:
    """Say which repository is reached first, and what is open there."""
    options = Options.model_validate(source.options)
    found = client.get_json(f"/repos/{options.repositories[0]}")
    return f"{pick(found, 'full_name')}: {pick(found, 'open_issues_count', 0)} open issues and pull requests"


def expires(client: Client, _source: Source) -> datetime | None:
    """Return when the token ends; asking for the limits costs nothing."""
    given = client.get("/rate_limit").headers.get(_EXPIRES, "").replace(" UTC", " +00:00")
    try:
        return datetime.strptime(given, "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={kind: ReplyRules(characters=CHARACTERS) for kind in ("post", "comment")},
    base_url="https://api.github.com",
    access=lambda _source, secrets: bearer(
        secrets.get("token"), Accept="application/vnd.github+json", X_GitHub_Api_Version="2022-11-28"
    ),
    refusal=refusal,
    verify=verify,
    expires=expires,
    push=PUSH,
    asks=(
        Ask(
            "repositories",
            {
                "de": "Welche Repositorys, so wie sie in der Adresse stehen (besitzer/name)? Mit Komma getrennt",
                "en": "Which repositories, as they stand in the address (owner/name)? With commas between",
            },
            example="yourshop/app",
            many=True,
        ),
        Ask(
            "token",
            {
                "de": "Das Zugangstoken: auf GitHub unter Settings → Developer settings → Fine-grained tokens (leer: nur "
                "Öffentliches)",
                "en": "The token: on GitHub under Settings → Developer settings → Fine-grained tokens (empty: public only)",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "webhook",
            {
                "de": "Das Secret des Webhooks, falls GitHub von selbst liefern soll (frei gewählt, dasselbe wie im Webhook)",
                "en": "The secret of the webhook, if GitHub shall deliver by itself (of your choice, the same as in the webhook)",
            },
            secret=True,
            optional=True,
        ),
    ),
    setup={
        "de": "Auf github.com/settings/personal-access-tokens/new ein Fine-grained Token für Ihre Repositorys anlegen, mit "
        "den Berechtigungen Issues, Pull requests und Discussions: „Read-only“, zum Antworten „Read and write“. Ohne Token "
        "lassen sich nur öffentliche Issues hören, mit 60 Anfragen in der Stunde.",
        "en": "Make a fine-grained token for your repositories on github.com/settings/personal-access-tokens/new, with the "
        'permissions Issues, Pull requests and Discussions: "Read-only", to answer "Read and write". Without a token only public '
        "issues are heard, with 60 requests an hour.",
    },
    blind_spots={
        "de": "Anmerkungen zu einzelnen Zeilen eines Pull Requests; Commit-Kommentare; Erwähnungen in fremden Repositorys; mehr "
        "als 50 neue Antworten unter einem Kommentar einer Diskussion zwischen zwei Läufen.",
        "en": "Remarks on single lines of a pull request; comments on commits; mentions in other repositories; more than 50 new "
        "replies below one comment of a discussion between two runs.",
    },
)
