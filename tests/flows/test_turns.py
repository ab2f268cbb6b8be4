"""One platform's limits starve no other."""

import threading
from datetime import UTC, datetime, timedelta

from desk.source import Source
from flows.work.turns import OF_ONE, Turns, spread
from listeners.limits import Limits

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def source(name: str, platform: str = "mastodon", token: str = "A") -> Source:
    return Source(name=name, platform=platform, token_env=token)


def names(sources: list[Source]) -> list[str]:
    return [one.name for one in sources]


def test_every_account_has_its_turn_before_any_has_its_second() -> None:
    mine = [source(f"a{number}") for number in range(3)]
    others = [source("b0", token="B"), source("c0", "reddit"), source("b1", token="B")]
    assert names(spread([*mine, *others])) == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_one_account_holds_some_of_the_threads_at_most() -> None:
    turns = Turns([*(source(f"a{number}") for number in range(9)), source("z", "reddit")], Limits(), lambda: NOW)
    taken = [turns.take() for _ in range(OF_ONE + 1)]
    assert "z" in [one.name for one in taken if one]
    waiting = threading.Thread(target=lambda: taken.append(turns.take()))
    waiting.start()
    assert len(taken) == OF_ONE + 1
    first = taken[0]
    assert first is not None
    turns.done(first)
    waiting.join(timeout=10)
    assert len(taken) == OF_ONE + 2


def test_who_wants_peace_comes_last() -> None:
    limits = Limits()
    limits.block("mastodon", "A", NOW + timedelta(seconds=30))
    turns = Turns([source("a"), source("b", token="B"), source("c", "reddit")], limits, lambda: NOW)
    assert [one.name for _ in range(3) if (one := turns.take())] == ["b", "c", "a"]


def test_after_the_last_turn_there_is_none_and_after_a_stop_neither() -> None:
    turns = Turns([source("a")], Limits(), lambda: NOW)
    assert turns.take() is not None
    assert turns.take() is None
    stopped = Turns([source("a")], Limits(), lambda: NOW)
    stopped.stop()
    assert stopped.take() is None
