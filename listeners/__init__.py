"""The only room that knows HTTP and the platforms' JSON: one module per platform, each turns payloads into mentions."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol

from pydantic import BaseModel, ValidationError

from desk import problems
from desk.errors import ConfigurationError
from desk.source import Source
from listeners.contract import Listener
from listeners.http import Client, utc_now
from listeners.limits import Limits

GROUP = "kummerkasten.listeners"
"""Entry point group in which other packages name their own listeners."""

_MODULES: Mapping[str, str] = {
    "appstore": "appstore",
    "appstore_connect": "appstore_connect",
    "bluesky": "bluesky",
    "discourse": "discourse",
    "email": "email",
    "facebook": "facebook",
    "files": "files",
    "github": "github",
    "google_business": "google_business",
    "google_play": "google_play",
    "hacker_news": "hacker_news",
    "instagram": "instagram",
    "intercom": "intercom",
    "json": "json_api",
    "judge_me": "judge_me",
    "linkedin": "linkedin",
    "mastodon": "mastodon",
    "reddit": "reddit",
    "rss": "rss",
    "sql": "sql",
    "stack_exchange": "stack_exchange",
    "steam": "steam",
    "telegram": "telegram",
    "threads": "threads",
    "tiktok": "tiktok",
    "tripadvisor": "tripadvisor",
    "trusted_shops": "trusted_shops",
    "trustpilot": "trustpilot",
    "typeform": "typeform",
    "webhook": "webhook",
    "whatsapp": "whatsapp",
    "woocommerce": "woocommerce",
    "wordpress": "wordpress",
    "x": "x",
    "yelp": "yelp",
    "yotpo": "yotpo",
    "youtube": "youtube",
    "zendesk": "zendesk",
}
"""The module of each platform: it is imported when a source needs it, for some bring large libraries."""
PLATFORMS = tuple(_MODULES)


def listener(platform: str) -> Listener:
    """Return the listener for *platform*; raises ConfigurationError naming those that exist."""
    if platform in _MODULES:
        ours: Listener = import_module(f"listeners.{_MODULES[platform]}").LISTENER
        return ours
    for entry in entry_points(group=GROUP, name=platform):
        found = entry.load()
        if isinstance(found, Listener):
            return found
        raise ConfigurationError(f'the package that brings "{platform}" names something else than a Listener: {entry.value}')
    known = sorted({*PLATFORMS, *(entry.name for entry in entry_points(group=GROUP))})
    raise ConfigurationError(f'there is no listener for the platform "{platform}". Platforms: {", ".join(known)}')


def check(source: Source) -> BaseModel:
    """Return the checked options of *source*; raises ConfigurationError that lists what is wrong with them."""
    found = listener(source.platform)
    try:
        return found.options.model_validate(source.options)
    except ValidationError as error:
        found_wrong = problems.of(error, found.options, source.options)
        wrong = (f"{problems.place(one.path)}: {one.said}" if one.path else one.said for one in found_wrong)
        raise ConfigurationError(f'source "{source.name}": ' + "; ".join(wrong)) from error


class Vault(Protocol):
    """Where secrets are kept by the names of their environment variables."""

    def keep(self, name: str, value: str) -> None:
        """Keep what stands in a variable from now on."""
        ...

    def renewing(self) -> AbstractContextManager[Mapping[str, str]]:
        """Give out the variables as they stand now, to one worker at a time."""
        ...


@contextmanager
def _fresh(source: Source, vault: Vault) -> Iterator[dict[str, str]]:
    """Give out the secrets of a source as they stand now."""
    with vault.renewing() as environ:
        names = {name: _variable(source, name) for name in (*source.variables, *listener(source.platform).keeps)}
        yield {name: environ[variable] for name, variable in names.items() if environ.get(variable)}


def connect(
    source: Source,
    environ: Mapping[str, str],
    limits: Limits | None = None,
    *,
    vault: Vault | None = None,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> Client:
    """Return a client for *source*; raises ConfigurationError where its credential is not in the environment.

    *vault* keeps what a platform replaces of the credential.
    """
    found = listener(source.platform)
    secrets = secrets_of(source, environ)
    return Client(
        source.base_url or found.base_url or "http://localhost",
        platform=source.platform,
        credential=source.credential,
        token=secrets.get("token"),
        secrets=secrets,
        access=found.access(source, secrets) if found.access else None,
        refusal=found.refusal,
        keep=(lambda name, value: vault.keep(_variable(source, name), value)) if vault else None,
        fresh=(lambda: _fresh(source, vault)) if vault else None,
        overridden=source.base_url is not None,
        limits=limits,
        proxy=source.proxy,
        clock=clock,
        sleep=sleep,
    )


def secrets_of(source: Source, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the parts of a source's credential by name; raises ConfigurationError where one is not in the environment."""
    missing = [variable for variable in source.variables.values() if not environ.get(variable)]
    if missing:
        many = len(missing) > 1
        raise ConfigurationError(
            f'source "{source.name}" needs the environment variable{"s" if many else ""} {", ".join(missing)}, and '
            f"{'they are' if many else 'it is'} not set. Set {'them' if many else 'it'} where Kummerkasten runs: "
            f"export {missing[0]}=..., or run: kummerkasten add {source.platform}"
        )
    given = {name: environ[variable] for name, variable in source.variables.items()}
    lent = {name: environ.get(_variable(source, name), "") for name in listener(source.platform).keeps}
    return {name: value for name, value in lent.items() if value} | given


def _variable(source: Source, name: str) -> str:
    """Return the environment variable of a secret; what the platform lends is named after the credential (X_TOKEN_SESSION)."""
    credential = next(iter(source.variables.values()), source.platform.upper())
    return source.variables.get(name) or f"{credential}_{name.upper()}"
