"""Answers leave the outbox once each: with patience where the platform asks for it, and after a look where nobody knows."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select
from staging import Clock, WordTagger

import listeners
from desk.answering import ReplyRules
from desk.errors import SourceBusy
from desk.source import Source
from flows.settings import Settings, load
from flows.work.deliver import MOST_TRIES, Delivered, deliver
from flows.work.hear import Ear
from flows.work.pipeline import pipeline
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.limits import Limits
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, World
from store import outbox
from store.tables import Delivery, Mention, Ticket

TOKENS = {"T": TOKEN}


@pytest.fixture
def settings(config: Path, world: World) -> Iterator[Settings]:
    """A desk with a token, that has heard a complaint and owes an answer."""
    config.write_text(config.read_text().replace('hashtags = ["kastanie"]', 'hashtags = ["kastanie"]\ntoken_env = "T"'))
    found = load(config, environ={})
    world.say("PayPal geht nicht", ago=timedelta(hours=1), author="kundin")
    yield found
    found.close()


@pytest.fixture
def waiting(settings: Settings, clock: Clock) -> int:
    """The number of an answer that waits in the outbox."""
    Ear(settings, Limits(), clock=clock, environ=TOKENS, sleep=clock.sleep).hear(settings.desk.source("tag"))
    pipeline(settings, ["reviews"], WordTagger(), clock=clock)
    with settings.session() as session:
        ticket = session.exec(select(Ticket)).one()
        return outbox.write(session, ticket.mention_id, "Wir sehen nach.", by="Mira", now=clock(), version=ticket.version)


def send(settings: Settings, clock: Clock) -> Delivered:
    return deliver(settings, clock=clock, environ=TOKENS, sleep=clock.sleep)


def stored(settings: Settings) -> Delivery:
    with settings.session(write=False) as session:
        return session.exec(select(Delivery)).one()


def ours(session: Session) -> list[str]:
    return list(session.exec(select(Mention.text).where(col(Mention.ours))))


def test_an_answer_reaches_the_platform_and_the_ticket_is_answered(
    settings: Settings, clock: Clock, world: World, waiting: int
) -> None:
    assert send(settings, clock) == Delivered(sent=1)
    assert [one["text"] for one in world.sent] == ["@kundin Wir sehen nach."]
    with settings.session(write=False) as session:
        assert session.exec(select(Ticket.status)).one() == "answered"
        assert ours(session) == ["@kundin Wir sehen nach."]


def test_our_answer_is_not_heard_a_second_time(settings: Settings, clock: Clock, waiting: int) -> None:
    send(settings, clock)
    heard = Ear(settings, Limits(), clock=clock, environ=TOKENS, sleep=clock.sleep).hear(settings.desk.source("tag"))
    assert heard.kept.new == heard.kept.changed == 0
    with settings.session(write=False) as session:
        assert len(ours(session)) == 1


@pytest.mark.parametrize("kind", ["429", "503", "drop"])
def test_a_platform_that_wants_peace_gets_it_and_the_answer_later(
    settings: Settings, clock: Clock, world: World, mischief: Mischief, waiting: int, kind: str
) -> None:
    mischief.order(kind, times=1000, seconds=300)
    assert send(settings, clock) == Delivered(later=1)
    assert send(settings, clock) == Delivered()
    mischief.lift()
    clock.move(minutes=6)
    assert send(settings, clock) == Delivered(sent=1)
    assert len(world.sent) == 1


def test_a_refused_credential_leaves_the_answer_to_a_person_who_sends_it_again(
    settings: Settings, clock: Clock, world: World, mischief: Mischief, waiting: int
) -> None:
    mischief.order("401", times=1000)
    assert send(settings, clock) == Delivered(dead=1)
    dead = stored(settings)
    assert "401" in dead.error
    assert "kummerkasten check" in dead.advice
    mischief.lift()
    with settings.session() as session:
        outbox.resend(session, waiting, by="Mira", now=clock())
    assert send(settings, clock) == Delivered(sent=1)
    assert len(world.sent) == 1


def test_patience_ends_and_says_so(settings: Settings, clock: Clock, mischief: Mischief, waiting: int) -> None:
    mischief.order("503", times=100_000)
    for _ in range(MOST_TRIES):
        send(settings, clock)
        clock.move(hours=7)
    dead = stored(settings)
    assert dead.state == "dead"
    assert f"tried {MOST_TRIES} times" in dead.error


def test_what_the_platform_does_not_allow_is_not_tried(settings: Settings, clock: Clock, world: World, waiting: int) -> None:
    with settings.session() as session:
        session.get_one(Delivery, waiting).text = "x" * 501
        session.commit()
    assert send(settings, clock) == Delivered(dead=1)
    assert "longer than the platform allows" in stored(settings).error
    assert world.sent == []


def test_a_source_that_is_gone_from_the_configuration_is_said(settings: Settings, clock: Clock, waiting: int) -> None:
    fewer = replace(settings, desk=settings.desk.model_copy(update={"sources": ()}))
    assert deliver(fewer, clock=clock, environ=TOKENS) == Delivered(dead=1)
    assert 'source "tag"' in stored(settings).error or "no source" in stored(settings).error


class Platform:
    """A platform that takes what it is sent and, as told, dies over it; with or without a way to look."""

    def __init__(self, *, look: bool, dies: bool = True) -> None:
        self.texts: list[str] = []
        self.dies = dies
        self.looks = 0
        original = listeners.listener("mastodon")
        self.listener = replace(
            original,
            reply=self.reply,
            look=self.look if look else None,
            same_key_once=False,
            replies={"post": ReplyRules()},
        )

    def reply(self, _client: Client, _source: Source, _to: ReplyTo, text: str, _key: str) -> Receipt:
        self.texts.append(text)
        if self.dies:
            self.dies = False
            raise SourceBusy("no answer came", uncertain=True)
        return Receipt(f"ours/{len(self.texts)}")

    def look(self, _client: Client, _source: Source, _to: ReplyTo, text: str, _since: object) -> Receipt | None:
        self.looks += 1
        return Receipt("ours/1") if text in self.texts else None


@pytest.fixture
def platform(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Platform:
    made = Platform(**request.param)
    monkeypatch.setattr(listeners, "listener", lambda _name: made.listener)
    return made


@pytest.mark.parametrize("platform", [{"look": True}], indirect=True)
def test_where_nobody_knows_the_platform_is_looked_at_before_anything_is_sent_again(
    settings: Settings, clock: Clock, waiting: int, platform: Platform
) -> None:
    assert send(settings, clock) == Delivered(later=1)
    clock.move(minutes=2)
    assert send(settings, clock) == Delivered(sent=1)
    assert (platform.texts, platform.looks) == (["Wir sehen nach."], 1)


@pytest.mark.parametrize("platform", [{"look": False}], indirect=True)
def test_where_nobody_can_look_a_person_decides(settings: Settings, clock: Clock, waiting: int, platform: Platform) -> None:
    send(settings, clock)
    clock.move(minutes=2)
    assert send(settings, clock) == Delivered(dead=1)
    assert platform.texts == ["Wir sehen nach."]
    assert "not known whether" in stored(settings).error
    with settings.session() as session:
        outbox.resend(session, waiting, by="Mira", now=clock())
    assert send(settings, clock) == Delivered(sent=1)
    assert len(platform.texts) == 2  # because Mira said so


@pytest.mark.parametrize("platform", [{"look": True}], indirect=True)
def test_a_doubt_outlives_a_credential_that_is_missing_for_a_while(
    settings: Settings, clock: Clock, waiting: int, platform: Platform
) -> None:
    send(settings, clock)
    clock.move(minutes=2)
    assert deliver(settings, clock=clock, environ={}, sleep=clock.sleep) == Delivered(dead=1)
    assert "look on the platform" in stored(settings).advice
    with settings.session() as session:
        outbox.resend(session, waiting, by="Mira", now=clock())
    assert send(settings, clock) == Delivered(sent=1)
    assert (platform.texts, platform.looks) == (["Wir sehen nach."], 1)


@pytest.mark.parametrize("platform", [{"look": True}], indirect=True)
def test_a_doubt_outlives_a_platform_that_cannot_be_looked_at_until_patience_ends(
    settings: Settings, clock: Clock, waiting: int, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(settings, clock)
    with monkeypatch.context() as down:
        down.setattr(platform, "listener", replace(platform.listener, look=busy))
        for _ in range(MOST_TRIES):
            clock.move(hours=7)
            send(settings, clock)
    assert stored(settings).state == "dead"
    with settings.session() as session:
        outbox.resend(session, waiting, by="Mira", now=clock())
    assert send(settings, clock) == Delivered(sent=1)
    assert platform.texts == ["Wir sehen nach."]


def busy(*_asked: object) -> Receipt | None:
    """Look at a platform that wants peace."""
    raise SourceBusy("too many requests")


@pytest.mark.parametrize("platform", [{"look": True}], indirect=True)
def test_what_arrived_in_time_is_found_after_the_time_for_answers_has_passed(
    settings: Settings, clock: Clock, waiting: int, platform: Platform
) -> None:
    send(settings, clock)
    platform.listener = replace(platform.listener, replies={"post": ReplyRules(within=timedelta(hours=24))})
    clock.move(days=2)
    assert send(settings, clock) == Delivered(sent=1)
    assert platform.texts == ["Wir sehen nach."]


@pytest.mark.parametrize("platform", [{"look": False}], indirect=True)
@pytest.mark.parametrize(("minutes", "copies"), [(45, 2), (90, 1)])
def test_a_platform_is_not_trusted_to_know_a_key_for_longer_than_an_hour(
    settings: Settings, clock: Clock, waiting: int, platform: Platform, minutes: int, copies: int
) -> None:
    platform.listener = replace(platform.listener, same_key_once=True)
    send(settings, clock)
    clock.move(minutes=minutes)
    send(settings, clock)
    assert len(platform.texts) == copies  # the platform makes one of those with the same key
    assert stored(settings).state == ("sent" if copies == 2 else "dead")


def test_two_senders_at_once_send_one_copy(settings: Settings, clock: Clock, world: World, waiting: int) -> None:
    done: list[Delivered] = []
    threads = [threading.Thread(target=lambda: done.append(send(settings, clock))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.sent for one in done) == 1
    assert len(world.sent) == 1
