"""The cases of the contract suite."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

import listeners
from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from listeners.contract import Window
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.server import Parts
from listeners.sandbox.world import World
from listeners.testing.stage import Clock, Desk, Scene, Stage


class ListenerContract:
    """Subclass it and say how your listener is set up; see the module's docstring."""

    parts: Parts | None = None
    """The sandbox's part for a platform of another package: ``{"name": Part}``."""
    busy_pages = 5
    backlog = 900
    notices_deletions = True
    """Whether the platform lets anybody see that something was deleted."""
    notices_edits = True
    """Whether the platform lets anybody see that something was edited."""
    hears_replies = False
    """Whether answers below what was heard are heard too, however old it is."""
    late_ones = True
    """Whether the platform may show something later than it was said (not where a token says where to go on)."""
    below = ""
    """Part of the path by which what lies below a mention is asked for, where that is asked for one by one."""
    whole_texts = True
    """Whether the platform gives texts of 100,000 characters as they are."""
    refuses_with: type[SourceError] = SourceDenied

    def stage(self, url: str, world: World) -> Stage:
        """Return the source under test, listening to *url*."""
        raise NotImplementedError

    @pytest.fixture
    def scene(self) -> Iterator[Scene]:
        """A world with nothing said yet, and a desk that has heard nothing."""
        clock = Clock()
        mischief = Mischief(clock=clock)
        world = World(clock)
        with running(world, mischief, self.parts) as url:
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
        if not self.late_ones:
            pytest.skip("this platform gives a token that says where to go on: nothing comes before it")
        self.speak(scene, 3)
        scene.desk.run_until_whole()
        scene.later(minutes=30)
        scene.say("kam spät", ago=timedelta(minutes=20))
        scene.say("kam pünktlich")
        scene.desk.run_until_whole()
        assert {"kam spät", "kam pünktlich"} <= set(scene.desk.texts())

    def test_an_edit_is_noticed(self, scene: Scene) -> None:
        if not self.notices_edits:
            pytest.skip("this platform does not show edits; its page says so")
        key = scene.say("PayPal geht nicht")
        scene.desk.run()
        scene.later(minutes=10)
        scene.world.edit(key, "PayPal geht wieder")
        scene.desk.run()
        assert scene.desk.texts() == ["PayPal geht wieder"]
        assert scene.desk.edits == 1

    def test_a_deletion_is_noticed(self, scene: Scene) -> None:
        if not self.notices_deletions:
            pytest.skip("this platform does not show deletions; its page says so")
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

    def test_a_reply_to_something_old_is_heard(self, scene: Scene) -> None:
        if not self.hears_replies:
            pytest.skip("nothing is said below mentions of this kind")
        key = scene.say("Wo bleibt mein Paket?", ago=timedelta(days=10))
        scene.desk.run_until_whole()
        scene.later(minutes=30)
        scene.answer(key, "Bei mir auch nicht da!")
        scene.desk.run_until_whole()
        assert scene.desk.texts() == sorted(["Wo bleibt mein Paket?", "Bei mir auch nicht da!"])
        assert len({mention.conversation for mention in scene.desk.heard.values()}) == 1

    def test_what_lies_below_something_that_is_gone_silences_nothing(self, scene: Scene) -> None:
        if not self.below:
            pytest.skip("nothing is asked for one by one")
        texts = self.speak(scene, 3)
        scene.mischief.order("404", path=self.below)
        scene.desk.run()
        scene.mischief.lift()
        scene.desk.run_until_whole()
        assert scene.desk.texts() == texts

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

    def test_it_waits_as_long_as_its_headers_say_and_goes_on(self, scene: Scene) -> None:
        self.speak(scene, 3)
        scene.mischief.order("429_reset", seconds=9)
        scene.desk.run()
        assert len(scene.desk.texts()) == 3
        assert scene.clock.slept >= 8

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
        with pytest.raises(self.refuses_with) as caught:
            scene.desk.run()
        assert self.about_refusal(caught.value)
        assert scene.desk.requests <= (self.asks_when_refused if kind == "401" else self.asks_when_forbidden)

    asks_when_refused = 1
    asks_when_forbidden = 4
    """Requests after a permission was refused: each stream asks once, for it may have the permission that another lacks."""

    def about_refusal(self, error: SourceError) -> bool:
        """Say whether the error tells what to do."""
        return bool(error.advice)

    def test_what_is_gone_is_said(self, scene: Scene) -> None:
        scene.mischief.order("404", times=1000)
        with pytest.raises(SourceGone):
            scene.desk.run()

    @pytest.mark.parametrize("kind", ["overlap", "unknown_fields", "endless", "string_ids", "other_zone"])
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

    def test_somebody_who_left_is_heard_all_the_same(self, scene: Scene) -> None:
        """The sandbox gives an item without an author as the platform gives what a deleted account said."""
        scene.say("hier stand mal ein Name", author="")
        scene.say("und hier steht einer")
        scene.desk.run_until_whole()
        assert scene.desk.texts() == ["hier stand mal ein Name", "und hier steht einer"]

    def test_something_without_words_silences_nobody(self, scene: Scene) -> None:
        """The sandbox gives an item without a text as the platform does: null, absent or empty."""
        scene.say("davor")
        scene.say("")
        scene.say("danach")
        scene.desk.run_until_whole()
        assert {"davor", "danach"} <= set(scene.desk.texts())
        assert scene.desk.broken == []

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
        if len(text) > 1_000 and not self.whole_texts:
            pytest.skip("this platform takes no texts of this length")
        scene.say(text)
        scene.desk.run()
        assert scene.desk.texts() == [text.strip()]
