import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from flows.children import answers, free_port

MODEL = Path(__file__).parents[2] / "nlp" / "model" / "encoder.onnx"
pytestmark = pytest.mark.skipif(not MODEL.is_file(), reason="the tagger's model is not here")
UP = [sys.executable, "-m", "flows.cli", "up", "--demo", "--no-browser"]


def wait_for(process: "subprocess.Popen[bytes]", log: Path, words: str, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while words not in log.read_text("utf-8"):
        assert process.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < deadline, log.read_text("utf-8")
        time.sleep(0.2)


def ports() -> list[int]:
    found: list[int] = []
    for start in (28_501, 24_200, 28_787):
        found.append(free_port(start, taken=found))
    return found


def started(tmp_path: Path, log: Path, *more: str) -> "tuple[subprocess.Popen[bytes], list[int]]":
    dashboard, prefect, sandbox = given = ports()
    words = ["--port", str(dashboard), "--prefect-port", str(prefect), "--sandbox-port", str(sandbox)]
    environ = {**os.environ, "COLUMNS": "120"}
    with log.open("wb") as out:
        return subprocess.Popen([*UP, *words, *more], cwd=tmp_path, env=environ, stdout=out, stderr=out), given


def test_everything_comes_up_shows_something_and_goes_away_again(tmp_path: Path) -> None:
    log = tmp_path / "up.log"
    process, (dashboard, _, sandbox) = started(tmp_path, log, "--no-prefect")
    try:
        wait_for(process, log, "Ctrl-C stops everything")
        assert answers(dashboard, "/_stcore/health")
        assert answers(sandbox, "/_sandbox/state")
        config = tmp_path / ".kummerkasten" / "demo" / "kummerkasten.toml"
        said = [sys.executable, "-m", "flows.cli", "queue", "payments", "--json", "--config", str(config)]
        waiting = json.loads(subprocess.run(said, capture_output=True, check=True).stdout)
        assert waiting
        assert {ticket["team"] for ticket in waiting} == {"payments"}
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not answers(dashboard, "/_stcore/health")
    assert not answers(sandbox, "/_sandbox/state")


def test_with_prefect_the_schedule_hears_what_is_said_next(tmp_path: Path) -> None:
    log = tmp_path / "up.log"
    process, (_, prefect, _) = started(tmp_path, log)
    try:
        wait_for(process, log, "Ctrl-C stops everything")
        assert answers(prefect, "/api/health")
        more_often(f"http://127.0.0.1:{prefect}/api/deployments")
        wait_for(
            process,
            tmp_path / ".kummerkasten" / "demo" / "logs" / "worker.log",
            "Finished in state Completed('Heard 4 sources",
            240,
        )
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not answers(prefect, "/api/health")


def more_often(deployments: str) -> None:
    """Schedule the pipeline every few seconds too: nobody wants to wait two minutes for the next run."""
    (pipeline,) = (one["id"] for one in httpx.post(f"{deployments}/filter", json={}).json() if one["name"] == "pipeline")
    every = [{"active": True, "schedule": {"interval": 10}}]
    httpx.post(f"{deployments}/{pipeline}/schedules", json=every).raise_for_status()


def test_when_a_service_dies_the_rest_is_stopped_and_it_is_named(tmp_path: Path) -> None:
    log = tmp_path / "up.log"
    process, (dashboard, _, _) = started(tmp_path, log, "--no-prefect")
    try:
        wait_for(process, log, "Listening for the first time")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        victim = next(pid for pid in children if b"sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(int(victim), signal.SIGKILL)
        assert process.wait(60) == 1
    finally:
        process.kill()
        process.wait()
    assert "sandbox ended by itself" in log.read_text("utf-8")
    assert not answers(dashboard, "/_stcore/health")
