"""A desk with sources on a sandbox that really answers, and a database of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from staging import CONFIG, Clock, Run, WordTagger
from typer.testing import CliRunner, Result

from desk import mention as heard
from flows.cli import app
from flows.settings import Settings, load
from flows.work.hear import Ear
from listeners.contract import Page
from listeners.limits import Limits
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import World
from store.mentions import keep


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(clock)


@pytest.fixture
def mischief() -> Mischief:
    return Mischief()


@pytest.fixture
def sandbox(world: World, mischief: Mischief) -> Iterator[str]:
    """The address of a sandbox that serves `world` and misbehaves as `mischief` orders."""
    with running(world, mischief) as url:
        yield url


@pytest.fixture
def config(tmp_path: Path, sandbox: str, sqlite_url: str) -> Path:
    """A configuration with two sources on the sandbox, and a migrated database."""
    path = tmp_path / "kummerkasten.toml"
    path.write_text(f'database = "{sqlite_url}"\n' + CONFIG.format(url=sandbox), encoding="utf-8")
    return path


@pytest.fixture
def settings(config: Path) -> Iterator[Settings]:
    found = load(config, environ={})
    yield found
    found.close()


@pytest.fixture
def kk(config: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call a command on the test's desk."""
    monkeypatch.setenv("KUMMERKASTEN_CONFIG", str(config))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("KUMMERKASTEN_DATABASE", raising=False)

    def call(*words: object, given: str | bytes | None = None, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words], input=given)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return call


@pytest.fixture
def tagger() -> WordTagger:
    return WordTagger()


@pytest.fixture
def ear(settings: Settings, clock: Clock) -> Ear:
    """What hears a source, on a clock that a test may move."""
    return Ear(settings, Limits(), clock=clock, environ={}, sleep=clock.sleep)


@pytest.fixture
def say(settings: Settings, clock: Clock) -> Callable[..., None]:
    """Let the desk hear texts, each under its name."""

    def hear(texts: dict[str, str]) -> None:
        said = tuple(
            heard.Mention(platform="mastodon", native_id=name, conversation=name, kind="comment", text=text, said_at=clock())
            for name, text in texts.items()
        )
        with settings.session() as session:
            keep(session, settings.desk.source("tag"), Page(said), now=clock())

    return hear
