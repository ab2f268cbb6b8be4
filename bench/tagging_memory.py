"""Resident memory (MiB) of a process that tags a stream and does nothing else: ``python -m bench.tagging_memory TEXTS``.

It is what the process has at that moment (/proc/self/statm), not the most it ever had: so growth shows, whatever came before.
"""

import os
import sys
from pathlib import Path

from bench.common import say
from bench.tagging import texts
from nlp.tagger import OnnxTagger

STEPS = 10
"""How often the memory is looked at: with 100,000 texts, after every 10,000."""


def resident() -> float:
    """Return this process's resident memory in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    number = int(sys.argv[1])
    step = max(number // STEPS, 1)
    for place, _ in enumerate(OnnxTagger.load().tag_stream(texts(number)), start=1):
        if place % step == 0:
            say(f"{resident():.1f}")
    if "torch" in sys.modules:
        sys.exit("torch was loaded: these are not the figures of what ships")


if __name__ == "__main__":
    main()
