"""The contract suite that every listener must pass, importable for listeners of other packages (needs pytest).

    from listeners.testing import ListenerContract, Stage

    class TestMine(ListenerContract):
        def stage(self, url, world): return Stage(Source(...), environ, channel)

Each case runs against a real server on loopback that speaks like the platform; the desk beside it keeps pages as the store
does: by native id, the cursor together with the page.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

import listeners
from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners.contract import Page, Window
from listeners.http import Client
from listeners.limits import Limits
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
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
        source, environ = self.stage.source, self.stage.environ
        with Client(
            source.base_url or "",
            platform=source.platform,
            credential=source.credential,
            token=environ.get(source.token_env or ""),
            limits=self.limits,
            clock=self.clock,
            sleep=self.clock.sleep,
        ) as client:
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
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def say(self, text: str = "", *, ago: timedelta = timedelta(0), **more: object) -> str:
        """Say something; return its key. Each time is a second later than the last, unless it was said *ago*."""
        text = text or f"Nummer {next(self.numbers)}"
        return self.world.say(text, channel=self.channel, ago=ago, **more).key  # type: ignore[arg-type]

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.clock.now += timedelta(**span)


class ListenerContract:
    """Subclass it and say how your listener is set up; see the module's docstring."""

    busy_pages = 5
    notices_silence = True
    """Whether a deleted item can be told from one that is only out of sight."""

    def stage(self, url: str, world: World) -> Stage:
        """Return the source under test, listening to *url*."""
        raise NotImplementedError

    @pytest.fixture
    def scene(self) -> Iterator[Scene]:
        """A world with nothing said yet, and a desk that has heard nothing."""
        clock, mischief = Clock(), Mischief()
        world = World(clock)
        with running(world, mischief) as url:
            stage = self.stage(url, world)
            yield Scene(world, mischief, Desk(stage, clock), clock, stage.channel)

    def speak(self, scene: Scene, amount: int, seconds: float = 1) -> list[str]:
        """Let *amount* things be said, some seconds apart; return their texts."""
        texts = []
        for number in range(amount):
            scene.later(seconds=seconds)
            texts.append(f"Nachricht {number:04d}")
            scene.say(texts[-1])
        return texts

    def test_everything_comes_once_and_the_oldest_first(self, scene: Scene) -> None:
        texts = self.speak(scene, 95)
        scene.desk.run_until_whole()
        assert [mention.text for mention in scene.desk.order] == texts
        assert scene.desk.broken == []

    def test_hearing_again_brings_nothing_new(self, scene: Scene) -> None:
        self.speak(scene, 12)
        scene.desk.run_until_whole()
        heard = dict(scene.desk.heard)
        scene.desk.run()
        assert scene.desk.heard == heard
        assert scene.desk.edits == 0

    def test_a_second_one_in_the_same_second_is_heard(self, scene: Scene) -> None:
        scene.say("eins")
        scene.desk.run()
        scene.say("zwei")
        scene.desk.run()
        assert scene.desk.texts() == ["eins", "zwei"]

    def test_a_late_arrival_with_an_earlier_time_is_heard(self, scene: Scene) -> None:
        self.speak(scene, 3)
        scene.desk.run_until_whole()
        scene.later(minutes=30)
        scene.say("kam spät", ago=timedelta(minutes=20))
        scene.say("kam pünktlich")
        scene.desk.run_until_whole()
        assert {"kam spät", "kam pünktlich"} <= set(scene.desk.texts())

    def test_an_edit_is_noticed(self, scene: Scene) -> None:
        key = scene.say("PayPal geht nicht")
        scene.desk.run()
        scene.later(minutes=10)
        scene.world.edit(key, "PayPal geht wieder")
        scene.desk.run()
        assert scene.desk.texts() == ["PayPal geht wieder"]
        assert scene.desk.edits == 1

    def test_a_deletion_is_noticed(self, scene: Scene) -> None:
        self.speak(scene, 3)
        key = scene.say("nehme ich zurück")
        scene.desk.run()
        scene.later(minutes=10)
        scene.world.delete(key)
        scene.desk.run()
        assert "nehme ich zurück" not in scene.desk.texts()
        assert len(scene.desk.deleted) == 1

    def test_a_backlog_larger_than_the_budget_is_heard_in_the_next_runs(self, scene: Scene) -> None:
        texts = self.speak(scene, self.backlog)
        runs = scene.desk.run_until_whole(budget=self.busy_pages)
        assert scene.desk.texts() == texts
        assert runs > 1

    backlog = 900

    def test_what_is_said_during_a_walk_is_heard(self, scene: Scene) -> None:
        self.speak(scene, 120)
        source, window = scene.desk.stage.source, Window(scene.clock(), scene.clock() - timedelta(days=31))
        with scene.desk.client() as client:
            for page in listeners.listener(source.platform).pull(client, source, None, window):
                scene.desk._keep(page)
                if scene.desk.pages < 20:
                    scene.later(seconds=1)
                    scene.say(f"dazwischen {scene.desk.pages}")
        scene.desk.run_until_whole()
        assert len(scene.desk.texts()) == len(scene.world.items)

    def test_a_crash_after_any_page_loses_nothing(self, scene: Scene) -> None:
        texts = self.speak(scene, 130)
        for _ in range(8):
            scene.desk.run(crash_after=1)
        scene.desk.run_until_whole()
        assert scene.desk.texts() == texts

    def test_it_waits_as_long_as_retry_after_says_and_goes_on(self, scene: Scene) -> None:
        self.speak(scene, 3)
        scene.mischief.order("429", seconds=7)
        scene.desk.run()
        assert len(scene.desk.texts()) == 3
        assert scene.clock.slept >= 7

    def test_it_leaves_a_platform_alone_that_asks_for_an_hour(self, scene: Scene) -> None:
        self.speak(scene, 3)
        scene.mischief.order("429", seconds=3600)
        with pytest.raises(SourceBusy) as caught:
            scene.desk.run()
        assert caught.value.retry_at == scene.clock() + timedelta(hours=1)
        assert scene.desk.requests == 1
        with pytest.raises(SourceBusy):  # another source of the same credential does not even ask
            scene.desk.run()
        assert scene.desk.requests == 0

    @pytest.mark.parametrize("kind", ["429_silent", "500", "503", "drop", "truncated", "html", "empty"])
    def test_one_bad_answer_is_asked_for_again(self, scene: Scene, kind: str) -> None:
        texts = self.speak(scene, 3)
        scene.mischief.order(kind)
        scene.desk.run()
        assert scene.desk.texts() == texts

    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            ("429_silent", SourceBusy),
            ("503", SourceBusy),
            ("drop", SourceBusy),
            ("truncated", SourceGarbled),
            ("html", SourceGarbled),
            ("empty", SourceGarbled),
            ("garbage", SourceGarbled),
        ],
    )
    def test_a_bad_day_ends_the_run_clearly_and_the_next_makes_it_whole(
        self, scene: Scene, kind: str, error: type[SourceError]
    ) -> None:
        texts = self.speak(scene, 3)
        scene.mischief.order(kind, times=1000)
        with pytest.raises(error):
            scene.desk.run()
        assert scene.desk.requests <= 8
        scene.mischief.lift()
        scene.desk.run_until_whole()
        assert scene.desk.texts() == texts

    @pytest.mark.parametrize("kind", ["401", "403"])
    def test_a_refused_credential_is_named_and_not_tried_again(self, scene: Scene, kind: str) -> None:
        scene.mischief.order(kind, times=1000)
        with pytest.raises((SourceDenied, SourceBusy)) as caught:
            scene.desk.run()
        assert self.about_refusal(caught.value)
        assert scene.desk.requests <= self.asks_when_refused

    asks_when_refused = 1

    def about_refusal(self, error: SourceError) -> bool:
        """Say whether the error tells what to do."""
        return bool(error.advice)

    def test_what_is_gone_is_said(self, scene: Scene) -> None:
        scene.mischief.order("404", times=1000)
        with pytest.raises(SourceGone):
            scene.desk.run()

    @pytest.mark.parametrize("kind", ["overlap", "unknown_fields", "endless"])
    def test_odd_pages_do_no_harm(self, scene: Scene, kind: str) -> None:
        texts = self.speak(scene, 100)
        scene.desk.run()
        scene.mischief.order(kind)
        scene.desk.run()
        scene.mischief.lift()
        scene.desk.run_until_whole()
        assert scene.desk.texts() == texts
        assert scene.desk.edits == 0

    def test_a_wrong_clock_loses_nothing(self, scene: Scene) -> None:
        scene.mischief.order("clock_skew", seconds=5400)
        texts = self.speak(scene, 5)
        scene.desk.run()
        scene.mischief.lift()
        scene.later(minutes=5)
        texts.append("danach")
        scene.say("danach")
        scene.desk.run_until_whole()
        assert scene.desk.texts() == sorted(texts)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("😡🔥", id="emoji"),
            pytest.param("لا يعمل الدفع", id="right to left"),
            pytest.param("a\u202eb\u2066c", id="bidi controls"),
            pytest.param('<script>alert(1)</script> & "quotes"', id="markup"),
            pytest.param('=HYPERLINK("https://x.example")', id="formula"),
            pytest.param("lang " * 20_000, id="100,000 characters"),
        ],
    )
    def test_odd_texts_come_as_they_are(self, scene: Scene, text: str) -> None:
        scene.say(text)
        scene.desk.run()
        assert scene.desk.texts() == [text.strip()]
