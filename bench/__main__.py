"""Run the benchmarks one after the other and print what they measured; ``--write`` also puts it into docs/benchmarks.md.

python -m bench                # all of them, about half an hour on two cores
python -m bench keeping kill   # some of them
"""

import argparse
import subprocess
import sys
from datetime import UTC, datetime

from bench.common import ROOT, machine, say

ALL: dict[str, tuple[str, ...]] = {
    "keeping": (),
    "inbox": ("--mentions", "1000000"),
    "importing": (),
    "tagging": ("--count", "100000", "--weights", "training/student"),
    "typed": (),
    "why": (),
    "topics": (),
    "teaching": (),
    "redacting": (),
    "kill": (),
    "sending": (),
    "listening": (),
    "startup": (),
}
TITLES = {
    "keeping": "Keeping pages against a bare executemany of the same rows",
    "inbox": "Inbox and full-text search at 1,000,000 mentions",
    "importing": "Importing 100,000 mentions: time and memory",
    "tagging": "Tagging: texts per second and memory",
    "typed": "What is still found where people shout, draw words out, or type without capitals",
    "why": "Why: time for a text of 60 words, and whether the answer holds still",
    "topics": "A desk's own topics: F1 with 5, 10, 20 and 50 examples",
    "teaching": "Teaching what people said about 5,000 mentions",
    "redacting": "Redaction: what is found, what is missed, and characters per second",
    "kill": "Kill -9 at random moments of a pull of 5,000 mentions, 30 times: one worker, then two",
    "sending": "Kill -9 at random moments of sending, 30 times on each of two platforms",
    "listening": "Mentions a second through each listener; 500 sources of twelve platforms at once",
    "startup": "From `make run` to a filled dashboard",
}
PAGE = ROOT / "docs" / "benchmarks.md"


def run(name: str, *arguments: str) -> str:
    """Run one benchmark, show what it prints, and return it."""
    say(f"\n== {TITLES[name]}")
    command = [sys.executable, "-m", f"bench.{name}", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            say(line.rstrip())
            lines.append(line)
    if process.returncode:
        sys.exit(f"bench.{name} failed")
    names_it = any(" cores, " in line for line in lines[:1])
    return "".join(lines if names_it else [f"{machine()}\n", *lines])


def section(name: str, output: str, arguments: tuple[str, ...]) -> str:
    """Return one part of docs/benchmarks.md."""
    return f"## {TITLES[name]}\n\n`{' '.join(['python -m', f'bench.{name}', *arguments])}`\n\n```\n{output.strip()}\n```\n"


def main() -> None:
    """Run what is asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("names", nargs="*", choices=[*ALL, []], help="which; all without a name")
    asked.add_argument("--write", action="store_true", help="write docs/benchmarks.md (its sections that were run)")
    given = asked.parse_args()
    say(machine())
    for name in given.names or ALL:
        said = run(name, *ALL[name])
        if given.write:
            write({name: said})


def write(said: dict[str, str]) -> None:
    """Put new sections into docs/benchmarks.md, keeping those that were not run."""
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = {name: part for name in ALL for part in old.split("\n## ") if part.startswith(TITLES[name])}
    parts = [
        section(name, said[name], ALL[name]) if name in said else f"## {kept[name]}"
        for name in ALL
        if name in said or name in kept
    ]
    head = (
        "# Benchmarks\n\nWritten by `python -m bench --write`; anybody can run it (the comparison with transformers needs "
        "the weights of a training of your own).\n"
        "Each section names its machine, and each comparison was made in one run on one machine.\n\n"
        f"Last written: {datetime.now(UTC):%Y-%m-%d}.\n\n"
    )
    PAGE.write_text(head + "\n".join(part.rstrip() + "\n" for part in parts), encoding="utf-8")


if __name__ == "__main__":
    main()
