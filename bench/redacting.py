"""What redaction finds in the authored strings: those it was written with, those kept apart, those of later; its speed."""

import json
import time
from collections.abc import Callable
from functools import partial

from bench.common import machine, say
from nlp.redact import PLACEHOLDERS, redact
from nlp.redact.score import Part, corpus, false_alarms, score
from nlp.train_data import AUTHORED

LONG = 100_000
HOSTILE = {
    "digits": "1",
    "digits with spaces": "0 1 ",
    "half an e-mail address": "a.at[at]a.",
    "half an IBAN": "DE89 3704 ",
    "words of numbers": "null eins x ",
    "half an address": "Am Aa Aa 1 ",
    "salutations": "Frau Dr. Aa ",
    "noble names": "Frau von der Aa van den ",
    "numbers of customers": "Kunden 0 1 ",
    "letters of an IBAN": "D E 8 9 3 ",
    "months": "01/20 ",
    "zero-width signs": "a\u200b",
    "control signs": "a\x00",
}


def main() -> None:
    say(machine())
    _parts()
    _speed()


def _parts() -> None:
    for part in ("dev", "test", "later"):
        _part(part)


def _part(part: Part) -> None:
    strings = corpus(part)
    got = score(strings)
    harmless = sum(one.harmless for one in strings)
    say(f"{part}: {len(strings)} strings, {harmless} of them with nothing to hide")
    say(f"  {'kind':12} {'marked':>6} {'precision':>9} {'recall':>7}")
    for kind in PLACEHOLDERS:
        marked = got.found[kind] + got.missed[kind]
        say(f"  {kind:12} {marked:6} {got.precision(kind):9.3f} {got.recall(kind):7.3f}")
    marked = got.found.total() + got.missed.total()
    say(f"  {'all':12} {marked:6} {got.precision():9.3f} {got.recall():7.3f}")
    say(f"  false alarms per 100 strings with nothing to hide: {false_alarms(strings):.1f}")


def _speed() -> None:
    paths = sorted(AUTHORED.glob("*.jsonl"))
    texts = [json.loads(line)["text"] for path in paths for line in path.read_text("utf-8").splitlines()]
    some = texts[:: max(1, len(texts) // 1000)][:1000]
    signs = sum(len(text) for text in some)
    took = _timed(lambda: [redact(text) for text in some])
    each = 1000 * took / len(some)
    say("of processor time, in one thread:")
    say(f"{len(some)} authored texts, {signs:,} characters: {signs / took:,.0f} characters/s, {each:.2f} ms each")
    for name, piece in HOSTILE.items():
        text = (piece * (LONG // len(piece) + 1))[:LONG]
        took, half = _timed(partial(redact, text)), _timed(partial(redact, text[: LONG // 2]))
        say(f"hostile, {LONG:,} characters of {name}: {took:.2f} s (half of it: {half:.2f} s)")


def _timed(work: Callable[[], object]) -> float:
    """Return seconds of processor time, which others on the machine do not lengthen; all the work is in one thread."""
    before = time.process_time()
    work()
    return time.process_time() - before


if __name__ == "__main__":
    main()
