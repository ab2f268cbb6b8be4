"""Mentions per second of `kummerkasten tag` over several processes: ``python -m bench.tagging_flow PROCESSES THREADS MENTIONS``.

A desk of its own (SQLite) is filled with mentions that wait. A flow whose task runner has so many processes then does in each of
them what `kummerkasten tag` and the flow `read` do, `flows.work.read.read`: claim, tag and store until nothing waits. THREADS is
per process, 0 a thread per core, as the product has it. Start and loading are not counted; that every mention was read once is
checked.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import func, select

from bench.common import say
from bench.tagging import texts
from desk.config import template
from flows.settings import FILE, load
from flows.work.read import BATCH, read
from nlp.tagger import OnnxTagger
from store.tables import Reading

PATIENCE = 120.0
"""Seconds in which all processes must have loaded their tagger."""


def fill(folder: Path, mentions: int) -> Path:
    """Make a desk in *folder* with so many mentions that wait; return its configuration."""
    config, export = folder / FILE, folder / "reviews.csv"
    config.write_text(template("en"), encoding="utf-8")
    with export.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Review ID", "Created at", "Name", "Stars", "Text"])
        said_at = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
        out.writerows([f"r{number}", said_at, "Kunde", 3, text] for number, text in enumerate(texts(mentions)))
    command = [sys.executable, "-m", "flows.cli", "import", str(export), "--config", str(config), "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return config


def take_part(config: Path, place: int, processes: int, threads: int, batch: int) -> tuple[float, float, int]:
    """Load a tagger, wait until all have one, and read what waits; return begin, end, and how many mentions that were."""
    tagger = OnnxTagger.load(threads=threads or None)
    tagger.tag(list(texts(5)))
    settings = load(config)
    (config.parent / f"{place}.ready").touch()
    until = time.monotonic() + PATIENCE
    while len(list(config.parent.glob("*.ready"))) < processes:
        if time.monotonic() > until:
            raise TimeoutError(f"only {len(list(config.parent.glob('*.ready')))} of {processes} processes have come")
        time.sleep(0.01)
    began = time.time()
    done = read(settings, tagger, batch=batch)
    return began, time.time(), done


def spread(config: Path, processes: int, threads: int, batch: int) -> list[tuple[float, float, int]]:
    """Let so many processes of Prefect's task runner read a desk at once; return when each began and ended, and what it read."""
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE
    from prefect.task_runners import ProcessPoolTaskRunner

    part = task(take_part, cache_policy=NO_CACHE)

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=processes))  # type: ignore[arg-type]
    def read_together() -> list[Any]:
        turns = [part.submit(config, place, processes, threads, batch) for place in range(processes)]
        return [turn.result() for turn in turns]

    return read_together()


def readings(config: Path) -> int:
    """Return how many readings a desk has stored."""
    settings = load(config)
    with settings.session(write=False) as session:
        found = session.exec(select(func.count()).select_from(Reading)).one()
    settings.close()
    return found


def main() -> None:
    processes, threads, mentions = map(int, sys.argv[1:4])
    with tempfile.TemporaryDirectory(prefix="kummerkasten-bench-") as folder:
        config = fill(Path(folder), mentions)
        os.environ |= {"PREFECT_HOME": folder, "PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        parts = spread(config, processes, threads, min(BATCH, mentions // processes // 4 + 1))
        stored = readings(config)
    shares = [done for _, _, done in parts]
    if not (sum(shares) == stored == mentions and all(shares)):
        sys.exit(f"{mentions} mentions waited; the processes read {shares}, and {stored} readings are stored")
    say(f"{mentions / (max(ended for _, ended, _ in parts) - min(began for began, _, _ in parts)):6.1f}")


if __name__ == "__main__":
    main()
