"""Mentions a second through each listener, from the platform's answer to the store; and 500 sources of twelve platforms at once.

    python -m bench.listening                 # all of it
    python -m bench.listening --only sources  # the 500 sources alone

Listeners are set up as their contract tests set them up, against their part of the sandbox, which runs in a process of its own.
"""

import argparse
import importlib
import multiprocessing
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import listeners
from bench.common import ROOT, machine, say
from desk import config
from desk.source import Source
from flows.settings import Settings
from flows.work.listen import listen
from listeners.contract import Window
from listeners.limits import Limits
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import World
from listeners.testing import ListenerContract, Stage
from store import engine, mentions
from store.migrate import migrate

TWELVE = (
    "appstore",
    "discourse",
    "facebook",
    "github",
    "google_play",
    "hacker_news",
    "mastodon",
    "reddit",
    "trustpilot",
    "wordpress",
    "youtube",
    "zendesk",
)
SOURCES = 500
LATENCY = 0.2
_DESK = """
[[teams]]
key = "support"
name = "Support"
[[rules]]
name = "Rest"
team = "support"
"""


def contracts() -> dict[str, type[ListenerContract]]:
    """Return the contract tests that run against the sandbox, by ``module.Class``."""
    sys.path[:0] = [str(ROOT / "tests" / "listeners"), str(ROOT / "tests")]
    found = {}
    for path in sorted((ROOT / "tests" / "listeners").glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, one in vars(module).items():
            mine = isinstance(one, type) and issubclass(one, ListenerContract) and one.__module__ == path.stem
            if mine and not name.startswith("_") and one.stage is not ListenerContract.stage:
                found[f"{path.stem.removeprefix('test_')}.{name.removeprefix('Test')}"] = one
    return found


def _serve(said: dict[str, tuple[str, int]], latency: float, pipe: Connection) -> None:
    """Serve a world in a process of its own: per channel a text and how often it is said."""
    world, mischief = World(), Mischief()
    for channel, (text, count) in said.items():
        for number in range(count):
            ago = timedelta(seconds=30 + (count - number))
            world.say(f"{text} {number}", channel=channel, ago=ago, author=f"kunde{number % 90}")
    if latency:
        mischief.order("slow", times=10**9, seconds=latency)
    with running(world, mischief) as url:
        pipe.send(url)
        while order := pipe.recv():
            mischief.orders.insert(0, mischief.order(**order))
            pipe.send("ordered")


@contextmanager
def sandbox(said: dict[str, tuple[str, int]], latency: float = 0) -> Iterator[tuple[str, Callable[[dict[str, Any]], None]]]:
    """Yield the address of a sandbox in a process of its own, and how to order misbehaviour."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(said, latency, theirs), daemon=True)
    process.start()
    url = ours.recv()

    def order(wanted: dict[str, Any]) -> None:
        ours.send(wanted)
        ours.recv()

    try:
        yield url, order
    finally:
        ours.send(None)
        process.join(10)


def staged(contract: type[ListenerContract], url: str = "http://127.0.0.1:9") -> Stage:
    """Return the source, credential and channel of a contract test."""
    return contract().stage(url, World())


def through(name: str, contract: type[ListenerContract], count: int) -> str:
    """Return how fast *count* mentions go through one listener into an empty database."""
    count = min(count, contract.backlog)
    with sandbox({staged(contract).channel: ("Die Kasse nimmt meine Karte nicht, was soll ich tun?", count)}) as (url, _):
        stage = staged(contract, url)
        with tempfile.TemporaryDirectory() as folder:
            kept, requests, seconds = _pull(stage, f"sqlite:///{folder}/bench.db")
    return f"{name:<42} {kept:>5} mentions  {kept / seconds:>7,.0f}/s  {requests:>4} requests  {seconds:>5.1f} s"


def _pull(stage: Stage, database: str) -> tuple[int, int, float]:
    opened = engine.connect(database)
    migrate(opened)
    now = datetime.now(UTC)
    window = Window(now, now - timedelta(days=2), pages=10_000)
    began, kept = time.perf_counter(), 0
    with listeners.connect(stage.source, stage.environ, Limits()) as client:
        for page in listeners.listener(stage.source.platform).pull(client, stage.source, None, window):
            with engine.session(opened) as session:
                kept += mentions.keep(session, stage.source, page, now=now).new
        requests = client.requests
    opened.dispose()
    return kept, requests, time.perf_counter() - began


def many(found: dict[str, type[ListenerContract]]) -> None:
    """Print how fast 500 sources of twelve platforms are heard, and what one platform's bad day does to the others."""
    modules = {"appstore": "contract.AppStore", "mastodon": "contract.MastodonHashtags"}
    chosen = {one: found[modules.get(one) or next(name for name in found if name.startswith(f"{one}."))] for one in TWELVE}
    said = {staged(one).channel: ("Wo ist mein Paket?", 5) for one in chosen.values()}
    with sandbox(said, LATENCY) as (url, order):
        first = _hear_all(chosen, url)
        say(f"{SOURCES} sources of {len(chosen)} platforms, {LATENCY * 1000:.0f} ms a request: {first}")
        order({"kind": "429", "times": 10**9, "platform": "mastodon", "seconds": 20})
        second = _hear_all(chosen, url, without="mastodon")
        say(f"the same while Mastodon asks for 20 s of patience each time, the others: {second}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"peak memory {peak:,.0f} MiB")


def _variable(platform: str, name: str) -> str:
    return f"{platform}_{name}".upper()


def _named(source: Source, name: str) -> Source:
    """Return a source of another name, with variables of its platform's own."""
    token = _variable(source.platform, source.token_env) if source.token_env else None
    secrets = {key: _variable(source.platform, variable) for key, variable in source.secrets.items()}
    return source.model_copy(update={"name": name, "token_env": token, "secrets": secrets})


def _hear_all(chosen: dict[str, type[ListenerContract]], url: str, without: str = "") -> str:
    sources: list[Source] = []
    environ: dict[str, str] = {}
    stages = {platform: staged(one, url) for platform, one in chosen.items()}
    for number in range(SOURCES):
        platform = TWELVE[number % len(TWELVE)]
        sources.append(_named(stages[platform].source, f"{platform}-{number}".replace("_", "-")))
        environ |= {_variable(platform, name): value for name, value in stages[platform].environ.items()}
    done: dict[str, float] = {}
    others = {source.name for source in sources if source.platform != without}
    with tempfile.TemporaryDirectory() as folder:
        desk = config.read(_DESK).model_copy(update={"sources": tuple(sources)})
        settings = Settings(desk, Path(folder) / "kummerkasten.toml", f"sqlite:///{folder}/bench.db")
        for variable, value in environ.items():
            settings.vault.keep(variable, value)
        _ = settings.engine
        began, stop = time.perf_counter(), threading.Event()

        def tell(name: str, _fetched: int) -> None:
            done.setdefault(name, time.perf_counter() - began)
            if without and others <= done.keys():
                stop.set()

        heard = listen(settings, tell=tell, stop=stop)
        settings.close()
    for one in {one.platform: one for one in heard if not one.good and one.source in others}.values():
        say(f"  {one.platform}: {one.error}")
    good, last = sum(one.good and one.source in others for one in heard), max(done[name] for name in others & done.keys())
    return f"{good} of {len(others)} heard in {last:.0f} s, {60 * len(others) / last:,.0f} a minute"


def main() -> None:
    """Print what was measured."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=1000)
    options.add_argument("--only", choices=("listeners", "sources"))
    given = options.parse_args()
    say(machine())
    found = contracts()
    if given.only != "sources":
        for name, contract in found.items():
            try:
                say(through(name, contract, given.count))
            except (AssertionError, AttributeError):
                say(f"{name:<42} needs more than the sandbox (a mailbox, a database): not measured here")
    if given.only != "listeners":
        many(found)


if __name__ == "__main__":
    main()
