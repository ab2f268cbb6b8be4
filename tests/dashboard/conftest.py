"""Desks with a story for the dashboard's tests, and the dashboard as AppTest and as Chromium see it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import seed
import streamlit as st
from desks import APP, Home, new_home
from looking import CHROMIUM, QUIET
from playwright.sync_api import Browser, sync_playwright

from store.engine import connect
from store.engine import session as open_session


@pytest.fixture(scope="session")
def story_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A desk with the shop's month and everything hostile; copies of it may be written to."""
    home = new_home(tmp_path_factory.mktemp("story"))
    engine = connect(home.url)
    now = datetime.now(UTC)
    with open_session(engine) as session:
        seed.fill(session, home.desk, now)
        angry = seed.reading("negative", "complaint", needs_reply=True, urgent=True, friction=("payment",))
        seed.hear(session, home.desk, [(mention, angry) for mention in seed.hostile()], now)
    engine.dispose()
    return home


@pytest.fixture
def home(story_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the story's desk, which the dashboard under test looks at."""
    copied = Home(Path(shutil.copytree(story_home.folder, tmp_path / "home")))
    looks_at(copied, monkeypatch)
    return copied


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A desk that has heard nothing."""
    found = new_home(tmp_path)
    looks_at(found, monkeypatch)
    return found


def looks_at(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the dashboard look at this desk."""
    monkeypatch.setenv("KUMMERKASTEN_CONFIG", str(home.config))
    monkeypatch.delenv("KUMMERKASTEN_DATABASE", raising=False)


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Two tests never share what the dashboard keeps for some seconds."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Start the real dashboard on a free port for a desk, with more options of its server; return its address."""
    started: list[subprocess.Popen[bytes]] = []

    def start(home: Home, *options: str, port: int = 0) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", port))
            port = free.getsockname()[1]
        server = ["--server.headless", "true", "--server.address", "127.0.0.1", "--server.port", str(port)]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", *server, "--server.fileWatcherType", "none", *options]
        env = os.environ | {"KUMMERKASTEN_CONFIG": str(home.config), "HF_HUB_OFFLINE": "1"}
        with (home.folder / "dashboard.log").open("wb") as log:
            started.append(subprocess.Popen(command, cwd=APP.parent, env=env, stdout=log, stderr=log))
        _until_healthy(f"http://127.0.0.1:{port}/_stcore/health")
        return f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def _until_healthy(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()
