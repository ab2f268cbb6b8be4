"""Kill senders at random moments, many times, then let one finish: every answer must be sent, and none twice.

    python -m bench.sending                       # 30 kills each on two platforms
    python -m bench.sending --platforms discourse # only one of them

Mastodon takes the same idempotency key once; on Discourse a sender must look before it sends again.

Senders live on a clock that runs 600 times as fast, so that a dead sender's claim expires after a second instead of ten minutes.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import select

import listeners
from flows.settings import Settings, load
from flows.work.deliver import deliver
from flows.work.hear import Ear
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World
from store import outbox
from store.tables import Delivery, Mention

SPEED = 600
LATENCY = 0.03
"""Seconds that the platform takes to answer: so that senders are killed while they wait, too."""
_CONFIG = """
database = "{database}"
[[teams]]
key = "support"
name = "Support"
[[rules]]
name = "Rest"
team = "support"
[[sources]]
name = "answered"
base_url = "{url}"
{source}
"""
SOURCES = {
    "mastodon": ("tag", "mastodon", 'platform = "mastodon"\nhashtags = ["kastanie"]\ntoken_env = "T"'),
    "discourse": ("discourse", "discourse", 'platform = "discourse"\ntoken_env = "T"\nusername = "kastanie"\neverything = true'),
}
"""Channel, part of the sandbox, and source: Mastodon takes the same key once, Discourse must be looked at."""


@dataclass(frozen=True)
class Result:
    """What a trial found."""

    kills: int
    answers: int
    sent: int
    twice: int
    missing: int
    doubtful: int
    """Answers that a killed sender had in hand."""
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether every answer was sent once."""
        return self.sent == self.answers and not self.twice and not self.missing


def trial(folder: Path, platform: str, *, answers: int, kills: int, seed: int = 0, say: Callable[[str], None] = print) -> Result:
    """Send *answers* answers while *kills* senders are killed, then to the end; return what the platform has of them."""
    chance, began = random.Random(seed), time.time()
    channel, part, source = SOURCES[platform]
    world = World(_fast(began))
    for number in range(answers):
        world.say(f"Frage {number} #kastanie", channel=channel, key=f"q{number}", ago=timedelta(hours=2), author=f"kunde{number}")
    mischief = Mischief()
    mischief.order("slow", times=10**9, seconds=LATENCY)
    with running(world, mischief) as url:
        path = folder / "kummerkasten.toml"
        path.write_text(_CONFIG.format(database=f"sqlite:///{folder / 'sending.db'}", url=f"{url}/{part}", source=source))
        settings = load(path, environ={})
        _write(settings, answers, _fast(began))
        command = [sys.executable, __file__, "--work", str(path), "--began", str(began)]
        for _ in range(kills):
            with subprocess.Popen(command, stdout=subprocess.PIPE) as sender:
                assert sender.stdout
                sender.stdout.readline()  # it has begun
                time.sleep(chance.uniform(0, 0.6))
                sender.send_signal(signal.SIGKILL)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        result = _compare(settings, world, answers, kills, time.time() - began)
        settings.close()
    said = f"{result.sent} of {answers} sent, {result.twice} twice, {result.missing} missing"
    say(f"{platform}: {kills} kills, {result.doubtful} answers in a killed sender's hand, {said}, {result.seconds:.0f} s")
    return result


def _fast(began: float) -> Callable[[], datetime]:
    """Return the clock on which senders and platform live."""
    return lambda: datetime.fromtimestamp(began + (time.time() - began) * SPEED, UTC)


def _write(settings: Settings, answers: int, clock: Callable[[], datetime]) -> None:
    """Hear what is asked, and put an answer to each into the outbox."""
    now = clock()
    Ear(settings, clock=lambda: now, environ={"T": TOKEN}).hear(settings.desk.source("answered"))
    with settings.session() as session:
        heard = session.exec(select(Mention.id).where(Mention.ours.is_(False))).all()  # type: ignore[attr-defined]
        if len(heard) != answers:
            raise RuntimeError(f"{len(heard)} of {answers} questions were heard")
        for number in heard:
            outbox.write(session, number or 0, f"Antwort auf {number}", by="Mira", now=now)


def _compare(settings: Settings, world: World, answers: int, kills: int, seconds: float) -> Result:
    there = Counter(one["text"].rpartition("Antwort")[2] for one in world.sent)
    with settings.session(write=False) as session:
        states = Counter(session.exec(select(Delivery.state)).all())
        doubtful = len(session.exec(select(Delivery.id).where(Delivery.tries > 1)).all())
    twice, missing = sum(there.values()) - len(there), answers - len(there)
    return Result(kills, answers, states["sent"], twice, missing, doubtful, seconds)


def work(path: Path, began: float) -> None:
    """Send until nothing is left, on the fast clock."""
    settings, clock = load(path, environ={}), _fast(began)
    _ = settings.engine, listeners.listener(settings.desk.sources[0].platform)
    print("begun", flush=True)
    while True:
        deliver(settings, clock=clock, environ={"T": TOKEN})
        with settings.session(write=False) as session:
            states = outbox.counts(session)
        if not (states.get("waiting") or states.get("sending")):
            break
        time.sleep(0.1)
    settings.close()


def main() -> None:
    """Run the trials; exit code 1 if an answer was sent twice or not at all."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=30)
    options.add_argument("--answers", type=int, default=400)
    options.add_argument("--platforms", nargs="+", choices=SOURCES, default=[*SOURCES])
    options.add_argument("--work", type=Path)
    options.add_argument("--began", type=float)
    given = options.parse_args()
    if given.work:
        work(given.work, given.began)
        return
    whole = True
    for platform in given.platforms:
        with tempfile.TemporaryDirectory() as folder:
            result = trial(Path(folder), platform, answers=given.answers, kills=given.kills)
        print(f"{platform}: {'every answer once' if result.whole else 'NOT WHOLE'}")
        whole = whole and result.whole
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
