import threading
from datetime import timedelta

import pytest
from sqlalchemy import text
from staging import Clock, WordTagger

from desk.errors import ConfigurationError
from flows.settings import Settings
from flows.work.hear import Ear
from flows.work.listen import due, listen
from flows.work.pipeline import pipeline
from listeners.limits import Limits
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import World
from store import ledger


def outcomes(settings: Settings, clock: Clock, *names: str) -> dict[str, str]:
    return {heard.source: heard.outcome for heard in listen(settings, names, clock=clock)}


def test_all_sources_have_their_turn(settings: Settings, clock: Clock, world: World) -> None:
    world.say("Schönes Sofa #kastanie", ago=timedelta(hours=1))
    world.say("Gute App", channel="review", stars=5, ago=timedelta(hours=1))
    heard = listen(settings, clock=clock)
    assert [(one.source, one.outcome, one.kept.new) for one in heard] == [("tag", "done", 1), ("reviews", "done", 1)]


def test_one_deaf_source_silences_nobody(settings: Settings, clock: Clock, world: World, mischief: Mischief) -> None:
    mischief.order("401", platform="mastodon", times=100)
    world.say("Gute App", channel="review", stars=5, ago=timedelta(hours=1))
    assert outcomes(settings, clock) == {"tag": "denied", "reviews": "done"}


def test_a_ledger_that_fails_for_one_source_silences_no_other(settings: Settings, clock: Clock, world: World) -> None:
    world.say("Schönes Sofa #kastanie", ago=timedelta(hours=1))
    world.say("Gute App", channel="review", stars=5, ago=timedelta(hours=1))
    with settings.session() as session:
        session.execute(text("DROP TABLE quota"))  # only Mastodon tells a quota
        session.commit()
    limits = Limits()
    ear = Ear(settings, limits, clock=clock, environ={}, sleep=clock.sleep)
    first, second = (ear.hear(settings.desk.source(name)) for name in ("tag", "reviews"))
    assert first.outcome == "failed"
    assert "quota" in first.error
    assert (second.outcome, second.kept.new) == ("done", 1)


def test_a_source_is_due_when_its_time_has_passed(settings: Settings, clock: Clock) -> None:
    assert len(outcomes(settings, clock)) == 2
    assert outcomes(settings, clock) == {}
    clock.move(minutes=16)
    assert len(outcomes(settings, clock)) == 2


def test_after_a_pause_one_run_catches_up(settings: Settings, clock: Clock, world: World) -> None:
    listen(settings, clock=clock)
    clock.move(hours=3)
    world.say("In der Pause gesagt #kastanie", ago=timedelta(hours=1))
    runs = [listen(settings, clock=clock) for _ in range(12)]
    assert [len(run) for run in runs] == [2] + [0] * 11
    assert sum(one.kept.new for one in runs[0]) == 1


def test_a_named_source_is_heard_whether_it_is_due_or_not(settings: Settings, clock: Clock) -> None:
    listen(settings, clock=clock)
    assert outcomes(settings, clock, "tag") == {"tag": "done"}


def test_an_unknown_name_is_answered_with_the_one_that_was_meant(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match='did you mean "reviews"'):
        due(settings, ["review"])


def test_two_runs_at_once_keep_everything_once(settings: Settings, world: World, clock: Clock) -> None:
    for number in range(150):
        world.say(f"Ding {number} #kastanie", ago=timedelta(hours=5, seconds=-number))
    runs = [threading.Thread(target=listen, args=(settings, ["tag"]), kwargs={"clock": clock}) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    with settings.session(write=False) as session:
        assert sum(pull.new for pull in ledger.pulls(session, "tag")) == 150


def test_a_pipeline_brings_what_was_said_to_its_team(settings: Settings, clock: Clock, world: World, tagger: WordTagger) -> None:
    world.say("PayPal geht nicht #kastanie", ago=timedelta(hours=1))
    world.say("Schönes Sofa #kastanie", ago=timedelta(hours=1))
    done = pipeline(settings, tagger=tagger, clock=clock)
    assert (len(done.heard), done.read, done.routed) == (2, 2, 2)


def test_what_the_others_brought_reaches_its_team_though_one_is_deaf(
    settings: Settings, clock: Clock, world: World, tagger: WordTagger, mischief: Mischief
) -> None:
    mischief.order("404", platform="mastodon", times=100)
    world.say("PayPal in der App geht nicht", channel="review", stars=1, ago=timedelta(hours=1))
    done = pipeline(settings, tagger=tagger, clock=clock)
    assert [one.outcome for one in done.heard] == ["gone", "done"]
    assert (done.read, done.routed) == (1, 1)
