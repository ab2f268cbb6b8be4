"""How long `make run` takes until the dashboard is up and has something to show (the environment being installed already)."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from sqlmodel import func, select

from bench.common import machine, say
from store.engine import connect, session
from store.tables import Ticket

PATIENCE = 180


def tickets(folder: Path) -> int:
    """Return how many tickets the demo's store holds."""
    found = list(folder.rglob("*.db"))
    stores = [path for path in found if "prefect" not in path.name]
    if not stores:
        return 0
    engine = connect(f"sqlite:///{stores[0]}")
    try:
        with session(engine, write=False) as opened:
            return opened.exec(select(func.count()).select_from(Ticket)).one()
    except Exception:
        return 0  # not migrated yet
    finally:
        engine.dispose()


def alive(address: str) -> bool:
    """Say whether the dashboard answers."""
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def main() -> None:
    say(machine())
    with tempfile.TemporaryDirectory(prefix="kummerkasten-startup-") as folder, open(Path(folder) / "out", "w+") as out:
        before = time.perf_counter()
        command = [sys.executable, "-m", "flows.cli", "up", "--demo", "--no-browser", "--port", "8871"]
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, env=os.environ | {"NO_COLOR": "1"})
        try:
            marks: dict[str, float] = {}
            while time.perf_counter() - before < PATIENCE and len(marks) < 3:
                seen = time.perf_counter() - before
                if "dashboard" not in marks and alive("http://127.0.0.1:8871"):
                    marks["dashboard"] = seen
                if "filled" not in marks and tickets(Path(folder)) > 50:
                    marks["filled"] = seen
                if "everything" not in marks and re.search(r"https?://127\.0\.0\.1:\d+\S*", (Path(folder) / "out").read_text()):
                    marks["everything"] = seen
                if process.poll() is not None:
                    sys.exit((Path(folder) / "out").read_text())
                time.sleep(0.2)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    say(f"dashboard answers after   {marks.get('dashboard', float('nan')):5.1f} s")
    say(f"it has something to show  {marks.get('filled', float('nan')):5.1f} s")
    say(f"addresses are printed     {marks.get('everything', float('nan')):5.1f} s")


if __name__ == "__main__":
    main()
