"""Kill workers at random moments of a pull, many times, then let one finish: nothing may be lost, and nothing may come twice.

    python -m bench.kill                     # 30 kills during pulls of 5,000 mentions, then 30 with two workers at once
    python -m bench.kill --workers 2         # only two workers at once, one of which is killed each time

A worker is killed at a random moment after it has kept a page. Workers live on a clock that runs 100 times as fast, so that
a dead worker's lease expires after a second instead of two minutes.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from select import select as select_readable

from sqlmodel import col, func, select

from flows.settings import Settings, load
from flows.work.hear import HELD, LOST, Ear
from listeners.sandbox.serve import running
from listeners.sandbox.world import World
from store.tables import Mention, MentionVersion, Pull

SOURCE = "killed"
SPEED = 100
_CONFIG = """
database = "{database}"
[[teams]]
key = "support"
name = "Support"
[[rules]]
name = "Rest"
team = "support"
[[sources]]
name = "{source}"
platform = "mastodon"
base_url = "{url}/mastodon"
hashtags = ["kastanie"]
since = "300 d"
pages = 10000
"""


@dataclass(frozen=True)
class Result:
    """What a trial found."""

    kills: int
    pulls: int
    rows: int
    lost: int
    foreign: int
    """Rows that say what nobody said, or what another row says already."""
    edited: int
    counted: int
    """New mentions as the ledger's rows add them up, those of killed workers included."""
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether nothing was lost and nothing came twice, by the rows and by the ledger."""
        return not (self.lost or self.foreign or self.edited) and self.counted == self.rows


def world_of(size: int) -> World:
    """Return a world in which *size* things have been said; every tenth answers another, hundreds share a second."""
    world, answered = World(), ""
    for number in range(size):
        more = {"parent": answered, "root": answered} if number % 10 == 9 else {}
        ago = timedelta(days=20, seconds=-(number // 7))
        item = world.say(f"Ding {number} #kastanie", key=f"item-{number}", ago=ago, author=f"kunde{number % 900}", **more)
        answered = item.key if number % 10 == 0 else answered
    return world


def trial(folder: Path, *, size: int, kills: int, workers: int = 1, seed: int = 0, say: Callable[[str], None] = print) -> Result:
    """Pull *size* mentions while *kills* workers are killed, then to the end; return what the store holds of them."""
    chance, began, done = random.Random(seed), time.time(), 0
    world = world_of(size)
    with running(world) as url:
        path = folder / "kummerkasten.toml"
        database = f"sqlite:///{folder / 'killed.db'}"
        path.write_text(_CONFIG.format(database=database, source=SOURCE, url=url))
        settings = load(path, environ={})
        _ = settings.engine
        with _Team(path, began, workers) as team:
            while done < kills and team.kill_one(chance):
                done += 1
            team.finish()
        result = _compare(settings, world, done, time.time() - began)
        settings.close()
    say(f"{done} kills, {result.pulls} pulls, {result.rows} rows, {result.lost} lost, {result.seconds:.0f} s")
    return result


class _Team:
    """So many workers at once, who write their process's number into one pipe whenever they have kept a page."""

    def __init__(self, path: Path, began: float, workers: int) -> None:
        self.command = [sys.executable, __file__, "--work", str(path), "--began", str(began)]
        self.reading, self.writing = os.pipe()
        self.workers = [self._start() for _ in range(workers)]

    def __enter__(self) -> "_Team":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        os.close(self.reading)
        os.close(self.writing)

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self.command, stdout=self.writing)

    def kill_one(self, chance: random.Random) -> bool:
        """Kill the one who hears (now and then another) and send in the next; False where the work is done already."""
        hearing = self._who_hears()
        if hearing is None:
            return False
        time.sleep(chance.uniform(0, 0.4))
        victim = hearing if chance.random() < 0.8 else chance.choice(self.workers)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self.workers.remove(victim)
        self.workers.append(self._start())
        return True

    def _who_hears(self) -> "subprocess.Popen[bytes] | None":
        while all(worker.poll() is None for worker in self.workers):
            if select_readable([self.reading], [], [], 0.1)[0]:
                last = os.read(self.reading, 65_536).split()[-1:]
                if found := [worker for worker in self.workers if [str(worker.pid).encode()] == last]:
                    return found[0]
        self._expect_no_failure()
        return None

    def _expect_no_failure(self) -> None:
        if failed := [worker.returncode for worker in self.workers if worker.poll()]:
            raise RuntimeError(f"a worker ended by itself with {failed[0]}")

    def finish(self) -> None:
        """Let those who are there do the rest."""
        while any(worker.poll() is None for worker in self.workers):
            if select_readable([self.reading], [], [], 0.1)[0]:
                os.read(self.reading, 65_536)
        self._expect_no_failure()


def work(path: Path, began: float) -> None:
    """Hear the source until there is nothing more, on the fast clock."""
    settings = load(path, environ={})
    ear = Ear(
        settings,
        clock=lambda: datetime.fromtimestamp(began + (time.time() - began) * SPEED, UTC),
        tell=lambda _source, _kept: print(os.getpid(), flush=True),
    )
    source = settings.desk.source(SOURCE)
    while (heard := ear.hear(source)).outcome != "done":
        if heard.outcome not in (HELD, LOST, "more"):
            print(heard.error, file=sys.stderr)
        time.sleep(0.2)
    settings.close()


def _compare(settings: Settings, world: World, kills: int, seconds: float) -> Result:
    said = sorted(item.text for item in world.seen("tag"))
    with settings.session(write=False) as session:
        kept = sorted(session.exec(select(Mention.text)).all())
        edited = session.exec(select(func.count()).select_from(MentionVersion)).one()
        pulls, counted = session.exec(select(func.count(), func.coalesce(func.sum(col(Pull.new)), 0))).one()
    return Result(
        kills=kills,
        pulls=pulls,
        rows=len(kept),
        lost=len(set(said) - set(kept)),
        foreign=len(kept) - len(set(said) & set(kept)),
        edited=edited,
        counted=int(counted),
        seconds=seconds,
    )


def main() -> None:
    """Run trials until enough workers were killed; exit code 1 if anything was lost or came twice."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=30)
    options.add_argument("--size", type=int, default=5000)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--work", type=Path)
    options.add_argument("--began", type=float)
    given = options.parse_args()
    if given.work:
        work(given.work, given.began)
        return
    sys.exit(0 if all(kill(given.kills, given.size, workers, given.seed) for workers in given.workers) else 1)


def kill(kills: int, size: int, workers: int, seed: int) -> bool:
    """Run trials until *kills* workers were killed; say and return whether nothing was lost and nothing came twice."""
    done, whole = 0, True
    while done < kills:
        with tempfile.TemporaryDirectory() as folder:
            result = trial(Path(folder), size=size, kills=kills - done, workers=workers, seed=seed)
        done, whole, seed = done + result.kills, whole and result.whole, seed + 1
    print(f"{done} kills, {workers} workers at once: {'nothing lost, nothing twice' if whole else 'NOT WHOLE'}")
    return whole


if __name__ == "__main__":
    main()
