"""How Intercom is asked: where the workspace lies, who we are in it, and what its refusals mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from httpx import Response
from pydantic import BaseModel, ConfigDict

from desk.errors import SourceDenied, SourceError
from desk.source import Source
from listeners.access import Access, bearer, needed
from listeners.http import Client
from listeners.paging import pick

HOSTS = {"us": "https://api.intercom.io", "eu": "https://api.eu.intercom.io", "au": "https://api.au.intercom.io"}
_VERSION = "2.14"


class Options(BaseModel):
    """What an Intercom source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: Literal["us", "eu", "au"] = "us"
    """Where the workspace's data lie."""
    ratings: bool = True
    """Whether what customers say when they rate a conversation is heard too."""


@dataclass(frozen=True)
class Here:
    """The workspace that is asked, and who we are in it."""

    admin: str = ""
    workspace: str = ""
    region: str = "us"
    ratings: bool = True

    def link(self, conversation: object) -> str:
        """Return a conversation's permalink in the inbox."""
        app = "app" if self.region == "us" else f"app.{self.region}"
        return f"https://{app}.intercom.com/a/inbox/{self.workspace}/inbox/conversation/{conversation}"


def here_of(client: Client, source: Source) -> Here:
    """Return who we are in which workspace."""
    options = Options.model_validate(source.options)
    me = client.get_json(at(client, options.region, "/me"))
    return Here(str(me.get("id", "")), str(pick(me, "app.id_code", "")), options.region, options.ratings)


def at(client: Client, region: str, path: str) -> str:
    """Return the address of *path* where the workspace lies."""
    return client.at(f"{HOSTS[region]}{path}")


def access(_source: Source, secrets: Mapping[str, str]) -> Access:
    """Return access by the app's token, for one version of the API; raises ConfigurationError where it is missing."""
    (token,) = needed(secrets, "token")
    return bearer(token, Intercom_Version=_VERSION)


def refusal(response: Response, _now: datetime) -> SourceError | None:
    """Say Intercom's own reason for a refusal that the status alone does not explain ("error.list")."""
    if response.status_code not in (400, 403, 422):
        return None
    try:
        first = pick(response.json(), "errors.0", {})
    except ValueError:
        return None
    if not first:
        return None
    said = f"Intercom refuses: {first.get('message') or first.get('code')} ({first.get('code')})"
    if response.status_code == 403:
        return SourceDenied(
            said, advice="see which permissions the app has in the Developer Hub, and what your plan allows", partly=True
        )
    return SourceError(said, advice="look at the conversation in Intercom: can it still be answered?")
