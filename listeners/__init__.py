"""The only room that knows HTTP and the platforms' JSON: one module per platform, each turns payloads into mentions."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import entry_points

from pydantic import BaseModel, ValidationError

from desk import problems
from desk.errors import ConfigurationError
from desk.source import Source
from listeners import appstore, files, mastodon
from listeners.contract import Listener
from listeners.http import Client, utc_now
from listeners.limits import Limits

GROUP = "kummerkasten.listeners"
"""Entry point group in which other packages name their own listeners."""

LISTENERS: Mapping[str, Listener] = {
    "appstore": appstore.LISTENER,
    "files": files.LISTENER,
    "mastodon": mastodon.LISTENER,
}


def listener(platform: str) -> Listener:
    """Return the listener for *platform*; raises ConfigurationError naming those that exist."""
    if platform in LISTENERS:
        return LISTENERS[platform]
    for entry in entry_points(group=GROUP, name=platform):
        found = entry.load()
        if isinstance(found, Listener):
            return found
        raise ConfigurationError(f'the package that brings "{platform}" names something else than a Listener: {entry.value}')
    known = sorted({*LISTENERS, *(entry.name for entry in entry_points(group=GROUP))})
    raise ConfigurationError(f'there is no listener for the platform "{platform}". Platforms: {", ".join(known)}')


def check(source: Source) -> BaseModel:
    """Return the checked options of *source*; raises ConfigurationError that lists what is wrong with them."""
    found = listener(source.platform)
    try:
        return found.options.model_validate(source.options)
    except ValidationError as error:
        wrong = (f"{problems.place(one.path)}: {one.said}" for one in problems.of(error, found.options, source.options))
        raise ConfigurationError(f'source "{source.name}": ' + "; ".join(wrong)) from error


def connect(
    source: Source,
    environ: Mapping[str, str],
    limits: Limits | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> Client:
    """Return a client for *source*; raises ConfigurationError where its credential is not in the environment."""
    found = listener(source.platform)
    token = environ.get(source.token_env, "") if source.token_env else ""
    if source.token_env and not token:
        raise ConfigurationError(
            f'source "{source.name}" needs the environment variable {source.token_env}, and it is not set. '
            f"Set it where Kummerkasten runs: export {source.token_env}=..."
        )
    return Client(
        source.base_url or found.base_url or "http://localhost",
        platform=source.platform,
        credential=source.credential,
        token=token or None,
        limits=limits,
        proxy=source.proxy,
        clock=clock,
        sleep=sleep,
    )
