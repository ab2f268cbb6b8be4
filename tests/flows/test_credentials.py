"""Credentials that die are told of before they do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from staging import Clock, Run

import listeners
from desk.source import Source
from flows.settings import Settings
from flows.work.hear import Ear
from listeners.http import Client
from listeners.sandbox.world import TOKEN
from store import credentials, ledger

SOON = timedelta(days=5)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[list[str]]:
    """A platform that tells when a credential dies, and how often it was asked."""
    times: list[str] = []

    def expires(_client: Client, source: Source) -> datetime:
        times.append(source.name)
        return clock() + SOON

    telling = replace(listeners.listener("mastodon"), expires=expires)
    monkeypatch.setattr(listeners, "listener", lambda _platform: telling)
    return times


def with_token(settings: Settings) -> Source:
    return settings.desk.source("tag").model_copy(update={"token_env": "T"})


def test_a_pull_asks_when_the_credential_dies_and_the_ledger_knows(settings: Settings, clock: Clock, asked: list[str]) -> None:
    source = with_token(settings)
    ear = Ear(settings, clock=clock, environ={"T": TOKEN}, sleep=clock.sleep)
    assert ear.hear(source).outcome == "done"
    with settings.session(write=False) as session:
        (status,) = ledger.sources(session, [source], clock())
    assert status.dies_at is not None
    assert abs(status.dies_at - clock() - SOON) < timedelta(minutes=1)


def test_the_platform_is_asked_twice_a_day_at_most(settings: Settings, clock: Clock, asked: list[str]) -> None:
    ear = Ear(settings, clock=clock, environ={"T": TOKEN}, sleep=clock.sleep)
    for _ in range(3):
        ear.hear(with_token(settings))
    assert asked == ["tag"]
    clock.move(hours=13)
    ear.hear(with_token(settings))
    assert asked == ["tag", "tag"]


@pytest.mark.parametrize(("left", "said", "code"), [(5, "WARNING: it ends on", 0), (-1, "make a new one", 2), (40, "", 0)])
def test_check_warns_before_a_credential_dies(
    kk: Run,
    config: Path,
    settings: Settings,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    left: int,
    said: str,
    code: int,
) -> None:
    config.write_text(config.read_text().replace('hashtags = ["kastanie"]', 'hashtags = ["kastanie"]\ntoken_env = "T"'))
    monkeypatch.setenv("T", TOKEN)
    with settings.session() as session:
        credentials.learn(session, "mastodon", "T", clock() + timedelta(days=left), clock())
    output = kk("check", code=code).output
    assert said in output
    assert ("ends on" in output) == bool(said)


def test_check_can_ask_each_platform_who_we_are(kk: Run, config: Path) -> None:
    assert "mastodon: Kastanie" in kk("check", "--reach").output
