"""Who we are on Bluesky: a session is opened rarely (a server may allow ten a day), renewed at its end, and kept between runs."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from httpx import Response

from desk.errors import SourceDenied, SourceError, SourceGone
from desk.source import Source
from listeners.access import needed
from listeners.http import Client
from listeners.paging import pick
from listeners.times import instant

Json = dict[str, Any]
KEPT = "session"
CHAT = {"atproto-proxy": "did:web:api.bsky.chat#bsky_chat"}
"""The header that sends a request on to the direct messages (docs.bsky.app, "Service Proxying"; recorded 2025)."""
_EARLY = timedelta(minutes=2)
_LIVES = timedelta(hours=1)
"""How long a token is trusted that does not say when it ends."""


@dataclass
class Session:
    """Access by the tokens that an account and its app password open."""

    account: str
    password: str
    kept: Json = field(default_factory=dict)

    def headers(self, client: Client) -> Mapping[str, str]:
        """Return the headers, with a token that lives for a while yet."""
        self._recall(client)
        if not self.kept:
            self._open(client)
        ends = instant(self.kept["ends"])
        if ends is None or client.now() >= ends - _EARLY:
            self.renew(client)
        return {"Authorization": f"Bearer {self.kept['access']}"}

    def query(self) -> Mapping[str, str]:
        """Nothing goes into the address."""
        return {}

    def renew(self, client: Client) -> bool:
        """Renew the session, or open another where it has been closed."""
        shown = {"Authorization": f"Bearer {self.kept.get('refresh', '')}"}
        try:
            answer = client.grant("/xrpc/com.atproto.server.refreshSession", {}, shown)
        except (SourceDenied, SourceGone):
            self._open(client)
        else:
            self._keep(client, answer)
        return True

    def _recall(self, client: Client) -> None:
        """Take up what an earlier run kept, if it is of this account on this server."""
        if self.kept or not client.secrets.get(KEPT):
            return
        try:
            before = json.loads(client.secrets[KEPT])
            self.kept = before if (before["of"], before["on"]) == (self.account, client.base_url) else {}
        except (ValueError, TypeError, KeyError):  # somebody else's words: open a new one
            self.kept = {}

    def _open(self, client: Client) -> None:
        asked = {"identifier": self.account, "password": self.password}
        self._keep(client, client.grant("/xrpc/com.atproto.server.createSession", asked, {}, as_json=True))
        # the few sessions that are left are no limit for anything else
        client.limits.learn(
            client.platform, client.credential, {"ratelimit-remaining": "1", "ratelimit-reset": "0"}, client.now()
        )

    def _keep(self, client: Client, answer: Json) -> None:
        services = pick(answer, "didDoc.service", [])
        homes = [one["serviceEndpoint"] for one in services if str(one.get("id", "")).endswith("#atproto_pds")]
        self.kept = {
            "of": self.account,
            "on": client.base_url,
            "access": answer["accessJwt"],
            "refresh": answer["refreshJwt"],
            "ends": (_ends(answer["accessJwt"]) or client.now() + _LIVES).isoformat(),
            "did": answer["did"],
            "handle": answer.get("handle", ""),
            "home": homes[0] if homes else self.kept.get("home", client.base_url),
        }
        client.keep_secret(KEPT, json.dumps(self.kept))


def _ends(token: str) -> datetime | None:
    """Return when a JSON web token ends, as it says itself (RFC 7519, 4.1.4)."""
    try:
        middle = token.split(".")[1]
        return instant(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))).get("exp"))
    except (IndexError, ValueError, binascii.Error, AttributeError):
        return None


@dataclass(frozen=True)
class Me:
    """Our own account: its lasting id, its name, and the server where it lives (which passes direct messages on)."""

    did: str
    handle: str
    home: str


def me(client: Client) -> Me:
    """Return who we are, opening a session where there is none."""
    answer = client.get_json("/xrpc/com.atproto.server.getSession")
    kept = json.loads(client.secrets.get(KEPT, "{}"))
    return Me(answer["did"], answer.get("handle", ""), kept.get("home", client.base_url))


def access(source: Source, secrets: Mapping[str, str]) -> Session:
    """Return access for a source's account; raises ConfigurationError where its app password is missing."""
    (password,) = needed(secrets, "token")
    return Session(str(source.options.get("account", "")).lstrip("@"), password)


def refusal(response: Response, _now: datetime) -> SourceError | None:
    """Say what Bluesky means by a 400: tokens that ended and things that are gone are told by name (recorded 2025)."""
    if response.status_code not in (400, 401, 403):
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    name, said = str(pick(body, "error", "")), str(pick(body, "message", ""))
    where = response.request.url.path.rpartition("/")[2]
    if any(words in said.lower() for words in ("token scope", "token method")):  # the second is a PDS's word
        return SourceDenied(
            f"Bluesky answers {where}: {said}",
            advice="make an app password with access to direct messages, or set direct = false",
            partly=True,
        )
    if name in ("ExpiredToken", "InvalidToken"):  # told as 400; a renewal helps with both (seen with PDS 0.5)
        return SourceDenied(f"Bluesky answers {where}: {said or name} (as good as 401)", advice="make a new app password")
    if name in ("NotFound", "RecordNotFound", "InvalidConvo", "RepoNotFound"):
        return SourceGone(f"Bluesky answers {where}: {name} {said}", advice="it was deleted, or its author left")
    if response.status_code == 400:
        return SourceError(f"Bluesky answers {where}: {name} {said}", advice="look at what the source asks for, or at the answer")
    return None
