"""Hear any JSON that a server gives over HTTP: pages of it walked in any of the usual ways, items mapped by dotted paths.

Newest-first lists are read back to the cursor before the oldest of them is kept; oldest-first lists are walked on from it
(guarantees 1 and 3). An answer without the list that was named is an error, never "nothing new".
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import httpx

from desk.errors import SourceGarbled
from desk.source import Source
from listeners.access import Access, Fixed, basic, needed
from listeners.batches import understood
from listeners.contract import Ask, Broken, Listener
from listeners.http import Client
from listeners.json_api.reading import PLATFORM, Options, options_of, pages, pull
from listeners.mapping import mentions_of


def access(source: Source, secrets: Mapping[str, str]) -> Access:
    """Return what the server wants to see, as the options say; without a secret, only the headers that they name."""
    options = Options.model_validate(source.options)
    if options.auth == "basic":
        return Fixed({**options.headers, **basic(*needed(secrets, "user", "password")).carried})
    if not secrets.get("token"):
        return Fixed(options.headers)
    if options.auth == "query":
        return Fixed(options.headers, {options.auth_name: secrets["token"]})
    if options.auth == "header":
        return Fixed({**options.headers, options.auth_name: secrets["token"]})
    return Fixed({**options.headers, "Authorization": f"Bearer {secrets['token']}"})


def refusal(answer: httpx.Response, _now: datetime) -> SourceGarbled | None:
    """Return an error where something else than JSON came; it is asked for again."""
    if answer.status_code >= 400:
        return None
    try:
        answer.json()
    except ValueError:
        return SourceGarbled(f"{answer.request.url.host} sent something else than JSON")
    return None


def verify(client: Client, source: Source) -> str:
    """Read one page; return how many items it has. Raises SourceGarbled where none of them can be read."""
    options = options_of(source)
    items = next(pages(client, options, client.now() - source.since), [])
    batch = understood(items, partial(mentions_of, mapped=options, platform=PLATFORM, source=source.name), "the first page")
    failed = [one for one in batch.found if isinstance(one, Broken)]
    if items and len(failed) == len(items):
        raise SourceGarbled(f"{client.host} gives {len(items)} items, and none can be read", advice=failed[0].reason)
    return f"{client.host}: {len(items)} items"


_SECRETS = (
    Ask(
        "token",
        {
            "de": "Token oder API-Schlüssel, falls der Server einen verlangt. Meist unter „API“ oder „Integrationen“.",
            "en": "Token or API key, where the server wants one. Mostly below API or Integrations.",
        },
        secret=True,
        optional=True,
    ),
    Ask(
        "user",
        {"de": 'Benutzername, bei auth = "basic".', "en": 'User name, with auth = "basic".'},
        secret=True,
        optional=True,
    ),
    Ask(
        "password",
        {"de": 'Passwort, bei auth = "basic".', "en": 'Password, with auth = "basic".'},
        secret=True,
        optional=True,
    ),
)

LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    access=access,
    refusal=refusal,
    verify=verify,
    asks=(
        Ask(
            "base_url",
            {"de": "Adresse des Servers, ohne Pfad.", "en": "Address of the server, without the path."},
            example="https://api.example.com",
        ),
        Ask(
            "path",
            {
                "de": "Pfad der Liste, aus der Dokumentation der Schnittstelle.",
                "en": "Path of the list, from the interface's documentation.",
            },
            example="/v1/feedback",
        ),
        Ask(
            "items",
            {
                "de": "Wo in der Antwort die Liste steht, etwa data.items; leer, wenn die Antwort selbst die Liste ist.",
                "en": "Where in the answer the list stands, say data.items; empty where the answer is the list.",
            },
            optional=True,
        ),
        Ask(
            "fields",
            {
                "de": "Was wo in einem Eintrag steht: mindestens text und time, besser auch id und author.",
                "en": "What stands where in an item: text and time at least, better id and author too.",
            },
            example='{ text = "body", time = "created_at", id = "id", author = "user.name" }',
        ),
        *_SECRETS,
    ),
    setup={
        "de": "Sie brauchen die Dokumentation der Schnittstelle: Adresse, Pfad, Aufbau der Antwort, Art der Anmeldung. Legen Sie "
        "dort einen Schlüssel an, der nur lesen darf. „kummerkasten try NAME“ zeigt, was gespeichert würde.",
        "en": "You need the interface's documentation: address, path, shape of the answer, way of signing in. Make a key there "
        "that may only read. `kummerkasten try NAME` shows what would be stored.",
    },
    blind_spots={
        "de": "Was die Schnittstelle nicht zeigt. Antworten werden nicht gesendet. Änderungen an älteren Einträgen nur, wenn die "
        'Liste nach Änderung sortiert ist (sorted_by = "edited"). Löschungen nur innerhalb von look_back.',
        "en": "What the interface does not show. Answers are not sent. Edits of older items only where the list is sorted by "
        'change (sorted_by = "edited"). Deletions within look_back only.',
    },
)
