import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from desk.errors import ConfigurationError, KummerkastenError
from flows.children import Child, ChildDied, Family, answers, free_port
from flows.up import alone, demo_config

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
SUPERVISOR = """
import sys, time
from pathlib import Path
from flows.children import Child, Family
family = Family()
child = family.start(Child("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], Path(sys.argv[1])))
print(child.process.pid, flush=True)
time.sleep(60)
"""


def until(true: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def child(tmp_path: Path, code: str) -> Child:
    return Child("service", [sys.executable, "-c", code], tmp_path / "logs" / "service.log")


def test_a_child_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    with Family() as family:
        family.start(child(tmp_path, "print('port is taken'); raise SystemExit(3)"))
        with pytest.raises(ChildDied, match=r"service ended by itself \(exit code 3\)[\s\S]*port is taken"):
            family.until(lambda: False, "The service", seconds=20)


def test_an_errand_may_end(tmp_path: Path) -> None:
    with Family() as family:
        errand = family.start(child(tmp_path, "pass"), errand=True)
        family.until(lambda: errand.code == 0, "The errand", seconds=20)
        family.check()


def test_what_does_not_come_up_in_time_is_named(tmp_path: Path) -> None:
    with Family() as family:
        family.start(child(tmp_path, "import time; time.sleep(60)"))
        with pytest.raises(KummerkastenError, match="The service did not come up"):
            family.until(lambda: False, "The service", seconds=0.1)


def test_a_child_that_does_not_listen_is_ended_all_the_same(tmp_path: Path) -> None:
    with Family(patience=0.5) as family:
        stubborn = family.start(child(tmp_path, STUBBORN))
        family.until(lambda: "up" in stubborn.last_words(), "The service", seconds=20)
    assert stubborn.code == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        assert until(lambda: Path(f"/proc/{pid}/cmdline").read_bytes().startswith(sys.executable.encode()))
        time.sleep(0.3)  # the leash is on once the command runs
        supervisor.kill()
    assert until(lambda: not alive(pid))


def test_a_port_that_is_taken_gives_way_to_the_next(tmp_path: Path) -> None:
    port = free_port(20_000)
    assert free_port(port, taken=[port]) > port
    server = child(
        tmp_path,
        f"import http.server as h; h.ThreadingHTTPServer(('127.0.0.1', {port}), h.SimpleHTTPRequestHandler).serve_forever()",
    )
    with Family() as family:
        family.start(server)
        family.until(lambda: answers(port, "/"), "The server", seconds=20)
        assert free_port(port) > port
        assert not answers(port, "/no-such-page")


def test_a_folder_is_supervised_once(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(ConfigurationError, match="already runs"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_a_demonstration_keeps_its_rules_when_its_port_changes(tmp_path: Path) -> None:
    path = demo_config(tmp_path, 8787, "de")
    path.write_text(path.read_text("utf-8").replace("Kastanie", "Eiche"), "utf-8")
    text = demo_config(tmp_path, 9999, "de").read_text("utf-8")
    assert "http://127.0.0.1:9999/mastodon" in text
    assert ":8787/" not in text
    assert "Eiche" in text
