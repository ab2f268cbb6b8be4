"""Import a CSV of 100,000 mentions and watch the memory: it must not grow with the file."""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.common import Customers, machine, say
from desk.config import template


def write_csv(path: Path, rows: int) -> None:
    said_at = datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(["Review ID", "Created at", "Name", "Stars", "Text"])
        for number, (_, text) in enumerate(Customers().texts(rows)):
            moment = said_at + timedelta(minutes=number)
            out.writerow([f"r{number}", moment.isoformat(), f"Kunde {number % 5000}", number % 5 + 1, text])


def import_it(folder: Path, rows: int) -> tuple[float, float]:
    """Return seconds and the peak of memory (MiB) of `kummerkasten import` in a process of its own."""
    write_csv(folder / "reviews.csv", rows)
    (folder / "kummerkasten.toml").write_text(template("en"), encoding="utf-8")
    before = time.perf_counter()
    command = [sys.executable, "-m", "flows.cli", "import", str(folder / "reviews.csv"), "--quiet"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"the import failed with {process.returncode}")
    return time.perf_counter() - before, usage.ru_maxrss / 1024


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    say(machine())
    for rows in asked.parse_args().rows:
        with tempfile.TemporaryDirectory(prefix="kummerkasten-import-") as folder:
            seconds, peak = import_it(Path(folder), rows)
        say(f"{rows:>8,} rows: {seconds:6.1f} s, {rows / seconds:8,.0f} mentions/s, peak memory {peak:5.0f} MiB")


if __name__ == "__main__":
    main()
