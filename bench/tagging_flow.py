"""Texts per second over the processes of Prefect's task runner: ``python -m bench.tagging_flow PROCESSES TEXTS``."""

import os
import sys
import tempfile
import time
from typing import Any

from bench.tagging import texts


def main() -> None:
    processes, number = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"PREFECT_HOME": home, "PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        from prefect import flow, task
        from prefect.cache_policies import NO_CACHE
        from prefect.task_runners import ProcessPoolTaskRunner

        part = task(read, cache_policy=NO_CACHE)

        @flow(task_runner=ProcessPoolTaskRunner(max_workers=processes))  # type: ignore[arg-type]
        def spread() -> list[Any]:
            turns = [part.submit(place, number // processes) for place in range(processes)]
            return [turn.result() for turn in turns]

        times = spread()
    print(number / (max(ended for _, ended in times) - min(began for began, _ in times)))


def read(place: int, number: int) -> tuple[float, float]:
    """Tag so many texts with one thread; return when that began, the model once loaded, and when it ended."""
    from nlp.tagger import OnnxTagger

    tagger, some = OnnxTagger.load(threads=1), [f"{place} {text}" for text in texts(number)]
    tagger.tag(some[:5])
    began = time.time()
    tagger.tag(some)
    return began, time.time()


if __name__ == "__main__":
    main()
