"""What a contract case plays on: a clock that stands still, a desk that keeps pages as the store does, and what is said."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import listeners
from desk.mention import Mention
from desk.source import Source
from listeners.contract import Page, Window
from listeners.http import Client
from listeners.limits import Limits
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import Channel, World


@dataclass(frozen=True)
class Stage:
    """A source that listens to the sandbox, the environment with its credential, and the channel the suite speaks on."""

    source: Source
    environ: Mapping[str, str]
    channel: Channel


@dataclass
class Clock:
    """A clock that stands until it is moved; sleeping moves it."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1))
    slept: float = 0.0

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept += seconds
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class _Memory:
    """A vault that forgets when the test ends."""

    environ: dict[str, str]

    def keep(self, name: str, value: str) -> None:
        self.environ[name] = value

    @contextmanager
    def renewing(self) -> Iterator[dict[str, str]]:
        yield self.environ


@dataclass
class Desk:
    """Keeps what a listener yields, as the store does."""

    stage: Stage
    clock: Clock
    heard: dict[str, Mention] = field(default_factory=dict)
    order: list[Mention] = field(default_factory=list)
    """Mentions in the order in which they were new."""
    edits: int = 0
    deleted: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    cursor: str | None = None
    pages: int = 0
    requests: int = 0
    behind: bool = False
    limits: Limits = field(default_factory=Limits)
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environ = dict(self.stage.environ)

    def run(self, budget: int = 50, crash_after: int | None = None, look_back: timedelta = timedelta(hours=2)) -> None:
        """Hear the source once; with *crash_after*, die after that many kept pages."""
        since = self.clock() - timedelta(days=31)
        known = {
            key: one.said_at
            for key, one in self.heard.items()
            if key not in self.deleted and one.said_at > self.clock() - look_back
        }
        window = Window(self.clock(), since, look_back, budget, known)
        with self.client() as client:
            try:
                for number, page in enumerate(
                    listeners.listener(self.stage.source.platform).pull(client, self.stage.source, self.cursor, window), 1
                ):
                    self._keep(page)
                    if number == crash_after:
                        return
            finally:
                self.requests = client.requests

    def run_until_whole(self, budget: int = 50, runs: int = 400) -> int:
        """Hear the source until nothing new comes; return how many runs it took."""
        for number in range(1, runs + 1):
            before = len(self.heard)
            self.run(budget)
            if len(self.heard) == before and not self.behind:
                return number
        raise AssertionError(f"still behind after {runs} runs")

    def texts(self) -> list[str]:
        """Return what stands now, sorted."""
        return sorted(one.text for key, one in self.heard.items() if key not in self.deleted)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Connect as the flows do, but with this clock."""
        connected = listeners.connect(
            self.stage.source,
            self.environ,
            self.limits,
            vault=_Memory(self.environ),
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        with connected as client:
            yield client

    def _keep(self, page: Page) -> None:
        self.pages += 1
        for mention in page.mentions:
            before = self.heard.get(mention.native_id)
            if before is None:
                self.order.append(mention)
            elif before.text != mention.text:
                self.edits += 1
            self.heard[mention.native_id] = mention
            self.deleted.discard(mention.native_id)
        self.deleted |= set(page.deleted)
        self.broken += [one.reason for one in page.broken]
        self.cursor = page.cursor if page.cursor is not None else self.cursor
        self.behind = page.more


@dataclass
class Scene:
    """One case: what is said, who listens, and the server's orders to misbehave."""

    world: World
    mischief: Mischief
    desk: Desk
    clock: Clock
    channel: Channel

    def say(self, text: str, *, ago: timedelta = timedelta(0), **more: object) -> str:
        """Say something; return its key. Each time is a second later than the last, unless it was said *ago*."""
        return self.world.say(text, channel=self.channel, ago=ago, **more).key  # type: ignore[arg-type]

    def answer(self, key: str, text: str) -> str:
        """Let somebody answer what was said; return the answer's key."""
        return self.say(text, parent=key)

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.clock.now += timedelta(**span)
