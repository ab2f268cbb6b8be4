"""Each misbehaviour of a platform: what the ledger then says, and that the next runs make it whole."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlmodel import select
from staging import Clock

from desk.source import Source
from flows.settings import Settings
from flows.work.hear import Ear, Heard
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import World
from store import ledger
from store.tables import Mention, MentionVersion

ALWAYS = 1000


@dataclass(frozen=True)
class Case:
    """A misbehaviour, and what the ledger says of the run that meets it."""

    kind: str
    outcome: str
    says: str = ""
    order: dict[str, float] = field(default_factory=dict)
    advises: str = ""

    def __str__(self) -> str:
        return f"{self.kind}-{'passing' if self.order.get('times', 1) < ALWAYS else 'lasting'}"


CASES = [
    Case("429", "done", order={"seconds": 5}),
    Case("429", "busy", "too many requests", {"times": ALWAYS, "seconds": 900}),
    Case("429_silent", "done"),
    Case("429_silent", "busy", "too many requests", {"times": ALWAYS}),
    Case("429_reset", "done", order={"seconds": 5}),
    Case("429_reset", "busy", "", {"times": ALWAYS, "seconds": 900}),
    Case("500", "done"),
    Case("502", "done"),
    Case("503", "busy", "out of order (503)", {"times": ALWAYS}),
    Case("401", "denied", "401", {"times": ALWAYS}, "credential"),
    Case("403", "denied", "403", {"times": ALWAYS}, "credential"),
    Case("404", "gone", "404", {"times": ALWAYS}, "settings"),
    Case("truncated", "done"),
    Case("truncated", "garbled", "broken", {"times": ALWAYS}),
    Case("html", "done"),
    Case("html", "garbled", "HTML", {"times": ALWAYS}),
    Case("empty", "done"),
    Case("empty", "garbled", "empty", {"times": ALWAYS}),
    Case("garbage", "garbled", "broken", {"times": ALWAYS}),
    Case("drop", "done"),
    Case("drop", "busy", "connection", {"times": ALWAYS}),
    Case("slow", "done", order={"seconds": 0.2, "times": 3}),
    Case("overlap", "done"),
    Case("clock_skew", "done", order={"seconds": 3600}),
    Case("unknown_fields", "done"),
]


@pytest.fixture
def tag(settings: Settings) -> Source:
    return settings.desk.source("tag").model_copy(update={"look_back": timedelta(days=3)})


@pytest.fixture
def said(world: World) -> list[str]:
    texts = [f"Ding {number} #kastanie" for number in range(100)]
    for number, text in enumerate(texts):
        world.say(text, ago=timedelta(hours=5, seconds=-number))
    return sorted(texts)


def kept(settings: Settings) -> list[str]:
    with settings.session(write=False) as session:
        return sorted(session.exec(select(Mention.text)).all())


def hear(ear: Ear, source: Source, clock: Clock) -> Heard:
    heard = ear.hear(source)
    assert heard.next_run_at is not None
    assert clock.ahead < timedelta(days=2)
    clock.ahead += max(heard.next_run_at - clock(), timedelta(seconds=1))
    return heard


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_ledger_says_what_happened_and_the_next_run_makes_it_whole(
    case: Case, ear: Ear, tag: Source, said: list[str], mischief: Mischief, settings: Settings, clock: Clock
) -> None:
    mischief.order(case.kind, **case.order)
    heard = hear(ear, tag, clock)
    with settings.session(write=False) as session:
        [pull] = ledger.pulls(session, "tag")
        [status] = [one for one in ledger.sources(session, settings.desk.sources, clock()) if one.name == "tag"]
    assert (pull.outcome, pull.error, pull.advice) == (heard.outcome, heard.error, heard.advice)
    assert pull.outcome == case.outcome, pull.error
    assert case.says in pull.error
    assert case.advises in pull.advice
    assert status.last is not None
    assert status.last.id == pull.id
    mischief.lift()
    while (heard := hear(ear, tag, clock)).outcome == "more":
        pass
    assert heard.outcome == "done"
    assert kept(settings) == said


@pytest.mark.parametrize("kind", ["truncated", "html", "503", "drop", "429_silent"])
def test_a_bad_moment_in_the_middle_costs_nothing(
    kind: str, ear: Ear, tag: Source, said: list[str], mischief: Mischief, settings: Settings, clock: Clock
) -> None:
    short = tag.model_copy(update={"pages": 1})
    hear(ear, short, clock)
    mischief.order(kind, times=ALWAYS)
    assert hear(ear, tag, clock).outcome in ("busy", "garbled")
    mischief.lift()
    while hear(ear, tag, clock).outcome != "done":
        pass
    assert kept(settings) == said


@pytest.mark.usefixtures("said")
def test_an_edit_is_seen_and_the_earlier_words_are_kept(
    ear: Ear, tag: Source, settings: Settings, world: World, clock: Clock
) -> None:
    hear(ear, tag, clock)
    key = next(iter(world.items))
    world.edit(key, "Ding 0, nachgetragen #kastanie")
    clock.move(seconds=5)
    heard = hear(ear, tag, clock)
    assert heard.kept.changed == 1
    assert "Ding 0, nachgetragen #kastanie" in kept(settings)
    with settings.session(write=False) as session:
        assert [version.text for version in session.exec(select(MentionVersion)).all()] == ["Ding 0 #kastanie"]


@pytest.mark.usefixtures("said")
def test_a_deletion_is_noted_and_counted(ear: Ear, tag: Source, settings: Settings, world: World, clock: Clock) -> None:
    hear(ear, tag, clock)
    world.delete(next(iter(world.items)))
    clock.move(seconds=5)
    heard = hear(ear, tag, clock)
    assert heard.kept.deleted == 1
    with settings.session(write=False) as session:
        gone = session.exec(select(Mention).where(Mention.deleted_at != None)).all()  # noqa: E711
    assert [mention.text for mention in gone] == ["Ding 0 #kastanie"]
