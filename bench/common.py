"""What the store's benchmarks share: the machine they ran on, the databases they run against, and words that customers write."""

import json
import os
import platform
import random
import re
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from store.engine import connect
from store.migrate import migrate
from tests.databases import NoPostgres, postgres_database, postgres_server

ROOT = Path(__file__).parent.parent
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "512MB"}
"""PostgreSQL as it comes, but for the memory that any team would give it."""


def say(line: str = "") -> None:
    print(line, flush=True)


def machine() -> str:
    """Return what the numbers were measured on, in one line."""
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.machine()
    )
    memory = next((int(line.split()[1]) // 1_048_576 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return (
        f"{model}, {os.cpu_count()} cores, {memory} GiB; load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


@contextmanager
def databases(wanted: Sequence[str] = ("sqlite", "postgres")) -> Iterator[dict[str, str]]:
    """Yield addresses of empty, migrated databases by kind; PostgreSQL is left out, with the reason, where there is none."""
    with tempfile.TemporaryDirectory(prefix="kummerkasten-bench-") as folder:
        found = {"sqlite": f"sqlite:///{folder}/bench.db"} if "sqlite" in wanted else {}
        if "postgres" not in wanted:
            yield _migrated(found)
            return
        try:
            with postgres_server(**DURABLE) as server, postgres_database(server) as url:
                with psycopg.connect(url) as connection:
                    say(f"PostgreSQL {connection.info.parameter_status('server_version')}, durable")
                yield _migrated(found | {"postgres": url})
        except NoPostgres as missing:
            say(f"PostgreSQL is left out: {missing}")
            yield _migrated(found)


def _migrated(urls: dict[str, str]) -> dict[str, str]:
    for url in urls.values():
        engine = connect(url)
        migrate(engine)
        engine.dispose()
    return urls


def p(values: Sequence[float], percent: int) -> float:
    """Return a percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


class Customers:
    """Texts as customers write them: sentences of the authored corpus, put together anew, with a rare word here and there."""

    def __init__(self, seed: int = 20_261_124) -> None:
        self.chance = random.Random(seed)
        self.sentences: dict[str, list[str]] = {"de": [], "en": []}
        for path in sorted((ROOT / "nlp/corpus/authored").glob("*.jsonl")):
            for line in path.read_text("utf-8").splitlines():
                said = json.loads(line)
                if said["lang"] in self.sentences:
                    self.sentences[said["lang"]] += re.split(r"(?<=[.!?])\s+", said["text"])
        syllables = [one + two for one in "bdfgklmnprstw" for two in "aeio"]
        self.names = sorted({"".join(self.chance.choices(syllables, k=self.chance.randint(2, 5))) for _ in range(40_000)})
        self.weights = [1 / (rank + 10) for rank in range(len(self.names))]

    def texts(self, number: int) -> Iterator[tuple[str, str]]:
        """Yield languages and texts."""
        names = iter(self.chance.choices(self.names, self.weights, k=2 * number + 2))
        for _ in range(number):
            language = "de" if self.chance.random() < 0.6 else "en"
            said = self.chance.choices(self.sentences[language], k=self.chance.choice((1, 1, 2, 2, 3, 4)))
            yield language, " ".join([*said, f"{next(names).capitalize()} {next(names)} {self.chance.randint(1000, 99999)}"])


if __name__ == "__main__":
    sys.exit("run bench.keeping or bench.inbox")
