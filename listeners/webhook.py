"""Hear what other systems send by themselves: Standard Webhooks, or any HMAC over the body; payloads mapped by dotted paths.

A delivery that is not signed, or too old where its time is signed too, is never read. The same item delivered again is the same
mention, and what cannot be read is kept (guarantees 2 and 6).
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, Self
from urllib.parse import parse_qsl

from pydantic import Field, model_validator

from desk.errors import ConfigurationError
from desk.mention import Mention
from desk.source import Source
from listeners.access import needed
from listeners.batches import understood
from listeners.contract import Ask, Broken, Cursor, Listener, Page, Push, Window
from listeners.fields import Mapped
from listeners.http import Client
from listeners.mapping import mentions_of
from listeners.paths import found
from listeners.signatures import REPLAY_WINDOW, Encoding, fresh, matches

PLATFORM = "webhook"
Headers = Mapping[str, str]
Secrets = Mapping[str, str]
_OURS = ("token", "previous")
"""Names of the secrets that a delivery may be signed with: the one of today, and the one before while it is being replaced."""


class Options(Mapped):
    """What a webhook source may say, beside the mapping."""

    items: str = ""
    """Where in the body the list, or the one item, stands; empty where the body is it."""
    scheme: Literal["standard", "hmac"] = "standard"
    """``standard`` is Standard Webhooks (standardwebhooks.com); ``hmac`` is described by what follows."""
    signature_header: str = "x-signature"
    signature_prefix: str = ""
    """What stands before the signature in its header ("sha256=")."""
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Encoding = "hex"
    timestamp_header: str = ""
    """The header with the time that is signed too, in seconds since 1970 or ISO."""
    signed_text: str = ""
    """What is signed: ``{timestamp}``, ``{body}`` and what stands between them; the body alone where empty."""
    replay_minutes: float = Field(default=REPLAY_WINDOW / timedelta(minutes=1), gt=0, le=60 * 24)

    @model_validator(mode="after")
    def _signed_whole(self) -> Self:
        if self.signed_text and not self.signed_text.endswith("{body}"):
            raise ValueError('signed_text must end with {body}: signed_text = "{timestamp}.{body}"')
        if self.timestamp_header and "{timestamp}" not in self.signed_text:
            raise ValueError('a time that is not signed protects nothing: signed_text = "{timestamp}.{body}"')
        if "{timestamp}" in self.signed_text and not self.timestamp_header:
            raise ValueError("signed_text names {timestamp}: say in timestamp_header which header holds it")
        return self

    @property
    def window(self) -> timedelta:
        """How old a delivery may be."""
        return timedelta(minutes=self.replay_minutes)


def pull(_client: Client, _source: Source, _cursor: Cursor | None, _window: Window) -> Iterator[Page]:
    """Nothing is asked for: the other system delivers."""
    return iter(())


def standard(headers: Headers, body: bytes, secrets: Secrets, now: datetime, window: timedelta = REPLAY_WINDOW) -> bool:
    """Say whether a delivery is genuine by Standard Webhooks: one of the ``v1`` signatures fits ``id.timestamp.body``.

    The secret is ``whsec_`` and its bytes in base64 (standard-webhooks specification, "Signature scheme").
    """
    named, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not named or not stamp.isdigit() or not fresh(stamp, now, window):
        return False
    message = f"{named}.{stamp}.".encode() + body
    given = [one.removeprefix("v1,") for one in headers.get("webhook-signature", "").split() if one.startswith("v1,")]
    keys = [key for name in _OURS if (key := standard_key(secrets.get(name, "")))]
    return any(matches(one, key, message, encoding="base64") for one in given for key in keys)


def standard_key(secret: str) -> bytes:
    """Return the bytes of a ``whsec_`` secret; none where it is none."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def hmac(options: Options, headers: Headers, body: bytes, secrets: Secrets, now: datetime) -> bool:
    """Say whether a delivery is genuine by an HMAC in a header, as the options describe it."""
    stamp = headers.get(options.timestamp_header.lower(), "") if options.timestamp_header else ""
    if options.timestamp_header and not fresh(stamp, now, options.window):
        return False
    before = options.signed_text.removesuffix("{body}").replace("{timestamp}", stamp)
    given = headers.get(options.signature_header.lower(), "").strip()
    if not given.startswith(options.signature_prefix):
        return False
    given = given.removeprefix(options.signature_prefix)
    given = given.lower() if options.encoding == "hex" else given
    keys = [secrets[name].encode() for name in _OURS if secrets.get(name)]
    fits = partial(matches, given, message=before.encode() + body, digest=options.algorithm, encoding=options.encoding)
    return any(fits(secret=key) for key in keys)


def read(source: Source, body: bytes, now: datetime) -> Page:
    """Turn a genuine delivery into a page; what has no time of its own was said now."""
    options = Options.model_validate(source.options)
    try:
        payload = _payload(body)
    except ValueError as error:
        return Page(broken=(Broken(body, f"neither JSON nor a form: {error}", "the body"),))
    items = found(payload, options.items) if options.items else payload
    if items is None:
        there = ", ".join(sorted(payload)[:20]) if isinstance(payload, Mapping) else type(payload).__name__
        return Page(broken=(Broken(body, f'items: there is nothing at "{options.items}"; the body has: {there}', "the body"),))

    def to_mentions(item: Any) -> list[Mention]:
        return mentions_of(item, options, PLATFORM, source.name, now)

    batch = understood(items if isinstance(items, list) else [items], to_mentions, "the delivery")
    return Page(
        tuple(one for one in batch.found if isinstance(one, Mention)),
        broken=tuple(one for one in batch.found if isinstance(one, Broken)),
    )


def _payload(body: bytes) -> Any:
    """Return the JSON of a body, or the fields of a form."""
    try:
        return json.loads(body)
    except ValueError:
        form = dict(parse_qsl(body.decode("utf-8"), strict_parsing=True))
        return json.loads(form["payload"]) if set(form) == {"payload"} else form


def _of(source: Source) -> Push:
    """Return how deliveries for one source are signed."""
    options = Options.model_validate(source.options)
    if options.scheme == "hmac":
        return Push(partial(hmac, options), read)
    return Push(partial(standard, window=options.window), read)


def verify(client: Client, source: Source) -> str:
    """Say what deliveries are checked by; raises ConfigurationError where the secret is of another kind."""
    options, secret = Options.model_validate(source.options), needed(client.secrets, "token")[0]
    if options.scheme == "hmac":
        return f"HMAC {options.algorithm} in {options.signature_header}"
    if not standard_key(secret):
        raise ConfigurationError(
            f"the secret in {client.credential} is none of Standard Webhooks (whsec_ and base64): copy it again, or describe the "
            'signature with scheme = "hmac"'
        )
    return "Standard Webhooks"


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    verify=verify,
    push=Push(standard, read, of=_of),
    asks=(
        Ask(
            "token",
            {
                "de": "Das Secret, mit dem der Absender signiert. Es steht bei ihm in der Einstellung des Webhooks; bei "
                "Standard Webhooks beginnt es mit whsec_.",
                "en": "The secret that the sender signs with. It stands in the sender's settings of the webhook, and begins with "
                "whsec_ where it speaks Standard Webhooks.",
            },
            secret=True,
        ),
        Ask(
            "previous",
            {
                "de": "Das vorige Secret, solange es noch gilt.",
                "en": "The secret before, as long as it is still used.",
            },
            secret=True,
            optional=True,
        ),
        Ask(
            "fields",
            {
                "de": "Was wo in einer Lieferung steht: mindestens text, besser auch id, time und author.",
                "en": "What stands where in a delivery: text at least, better id, time and author too.",
            },
            example='{ text = "data.message", id = "data.id", time = "timestamp", author = "data.user" }',
        ),
    ),
    setup={
        "de": "Tragen Sie beim Absender die Adresse ein, unter der Kummerkasten Lieferungen dieser Quelle annimmt, und "
        "übernehmen Sie das Secret von dort. Signiert er nicht nach Standard Webhooks, beschreiben Sie seine "
        'Signatur (scheme = "hmac", signature_header ...).',
        "en": "Enter at the sender's the address at which Kummerkasten takes deliveries for this source, and take the secret "
        'over from there. Where it does not sign as Standard Webhooks have it, describe its signature (scheme = "hmac", '
        "signature_header ...).",
    },
    blind_spots={
        "de": "Was geschah, bevor der Webhook eingerichtet war, und was der Absender nicht mehr zustellt, weil wir zu lange "
        "nicht erreichbar waren. Löschungen. Antworten werden nicht gesendet.",
        "en": "What happened before the webhook was set up, and what the sender no longer delivers because we were out of "
        "reach for too long. Deletions. Answers are not sent.",
    },
)
