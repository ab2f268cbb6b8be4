"""Texts per second of the whole tagger, tokenising and language included; transformers in fp32 beside it; start, memory, cores.

    python -m bench.tagging                          # ours alone
    python -m bench.tagging --weights FOLDER         # and transformers with the same weights in fp32 (needs torch, extra `train`)

FOLDER is what `python -m nlp.train` leaves in ``--work`` as ``student``: a transformers folder with the fp32 weights of the model
that ships. What is compared how: `bench.tagging_fp32`. Memory: `bench.tagging_memory`. Processes: `bench.tagging_flow`. Each of
them is measured in processes of its own, so that none finds what another has left behind.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bench.common import machine, say
from nlp.tagger import OnnxTagger
from nlp.train_data import authored

WORDS = 18
"""A text of 18 words has about 30 tokens."""
ENCODER = 12 * (4 * 384 * 384 + 2 * 384 * 1536)
"""Weights that every token is multiplied with: 12 layers of attention and feed-forward matrices."""
STARTS = 5
SIDES = (1024, 2048, 4096)
"""Square products that int8's peak is looked for with."""
COLD = "from nlp.tagger import tagger; tagger().tag(['PayPal geht nicht'])"
SHARE = (
    "import sys, time; from bench.tagging import texts; from nlp.tagger import OnnxTagger; t = OnnxTagger.load(threads=1); "
    "some = list(texts(int(sys.argv[1]))); t.tag(some[:5]); b = time.perf_counter(); t.tag(some); print(time.perf_counter() - b)"
)


def texts(number: int) -> Iterator[str]:
    """Yield authored texts, cut or put together to WORDS words, each with a number of its own so that none is read twice."""
    words = " ".join(row["text"] for row in authored()).split()
    for place in range(number):
        start = place * WORDS % (len(words) - WORDS)
        yield " ".join([*words[start : start + WORDS - 1], str(place)])


def peak() -> float:
    """Return the peak of this process's memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def cold_starts() -> list[float]:
    """Return how long fresh processes take from their start to their end, one reading between."""
    return [seconds(lambda: subprocess.run([sys.executable, "-c", COLD], check=True)) for _ in range(STARTS)]


def ours(number: int, threads: int | None = None) -> float:
    """Return texts per second of the tagger."""
    tagger, some = OnnxTagger.load(threads=threads), list(texts(number))
    tagger.tag(some[:10])
    return number / seconds(lambda: tagger.tag(some))


def processes(count: int, number: int) -> float:
    """Return texts per second of so many processes of one thread each, their start not counted."""
    some = [subprocess.Popen([sys.executable, "-c", SHARE, str(number)], stdout=subprocess.PIPE, text=True) for _ in range(count)]
    return count * number / max(float(one.communicate()[0]) for one in some)


def of(module: str, *words: object) -> str:
    """Return what another benchmark prints in a process of its own; where it fails, so does this one, with its reason."""
    command = [sys.executable, "-m", f"bench.{module}", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench.{module} failed")
    return done.stdout.rstrip()


def unmeasured(weights: str | None) -> str:
    """Say why transformers cannot be compared with; an empty string if they can."""
    if not weights:
        return "no --weights FOLDER is given"
    if not Path(weights).is_dir():
        return f"there is no {weights}, which `python -m nlp.train` leaves"
    return "" if find_spec("torch") else "torch is not installed (extra `train`)"


def int8_peak() -> tuple[float, int]:
    """Return what one square int8 product reaches at best in onnxruntime, in 10^9 multiply-adds per second, and its side."""
    return max((_of_product(side), side) for side in SIDES)


def _of_product(size: int) -> float:
    import onnxruntime
    from onnx import TensorProto, helper

    given = [
        helper.make_tensor_value_info(name, kind, [size, size])
        for name, kind in (("a", TensorProto.UINT8), ("b", TensorProto.INT8))
    ]
    out = helper.make_tensor_value_info("c", TensorProto.INT32, [size, size])
    graph = helper.make_graph([helper.make_node("MatMulInteger", ["a", "b"], ["c"])], "peak", given, [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    chance = np.random.default_rng(1)
    fed = {"a": chance.integers(0, 255, (size, size), np.uint8), "b": chance.integers(-127, 127, (size, size), np.int8)}
    return size**3 / min(seconds(lambda: session.run(None, fed)) for _ in range(8)) / 1e9


def say_share(multiplied: float) -> None:
    """Print how *multiplied*, in 10^9 multiply-adds per second, stands to what one large product reaches."""
    if not find_spec("onnx"):
        say("share of the int8 peak: not measured: needs the package onnx (extra `train`)")
        return
    best, side = int8_peak()
    say(f"{multiplied:.0f} G multiply-adds/s in the encoder's matrices, {multiplied / best:.0%} of the {best:.0f} G/s that one")
    say(f"  large int8 product reaches in onnxruntime on all cores (MatMulInteger, {side} x {side}, the best of {SIDES});")
    say("  that is no figure of the processor's maker, and attention and normalising are not counted as work")


def say_scaling(number: int) -> None:
    """Print how reading scales: over threads and processes alone, then in the product, over a desk's waiting mentions."""
    say(f"  with one thread:                       {ours(number // 2, 1):6.1f} texts/s")
    say(f"  two processes of one thread:           {processes(2, number // 2):6.1f} texts/s")
    say("a desk's waiting mentions (SQLite; claimed, tagged, stored), over the processes of Prefect's task runner:")
    for count, threads in ((1, 1), (2, 1), (1, 0), (2, 0)):
        who = f"{count} process{'es' if count > 1 else ''} of {'one thread' if threads else 'a thread per core'}:"
        mentions = number * (2 if count == threads == 1 else 4)  # a quarter of a minute, and many batches for each
        say(f"  {who:<38} {of('tagging_flow', count, threads, mentions)} mentions/s")


def say_memory(number: int) -> None:
    """Print how much memory a process has while it reads so many texts."""
    if not Path("/proc/self/statm").exists():
        say("memory over a stream: not measured: needs Linux (/proc/self/statm)")
        return
    sizes = [float(one) for one in of("tagging_memory", number).split()]
    say(f"{number:,} texts as a stream, in a process of its own that reads and does nothing else (resident memory now, MiB):")
    say(f"  first {sizes[0]:.0f}, highest {max(sizes):.0f}, last {sizes[-1]:.0f}; measured at equal steps:")
    say(f"  {' '.join(f'{size:.0f}' for size in sizes)}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--texts", type=int, default=1_000)
    asked.add_argument("--count", type=int, default=0, help="also read this many texts as a stream and watch the memory")
    asked.add_argument("--weights", help="a transformers folder with the shipped model's fp32 weights, for the comparison")
    given = asked.parse_args()
    say(machine())
    tagger = OnnxTagger.load()
    tokens = float(np.mean([len(ids) for ids in tagger.encoder._ids(list(texts(200)))]))
    say(f"{tagger.model}; texts of {tokens:.0f} tokens on average")
    if reason := unmeasured(given.weights):
        say(f"transformers fp32, same weights: not measured: {reason}")
    else:
        say(of("tagging_fp32", given.weights, given.texts))
    starts = cold_starts()
    say(f"a fresh process from its start to its end, one reading between: {statistics.median(starts):.2f} s")
    say(f"  (median of {STARTS}, {min(starts):.2f} to {max(starts):.2f}; files in the system's cache)")
    rate = ours(given.texts)
    say(f"the tagger alone (int8, every question), {os.cpu_count()} threads: {rate:6.1f} texts/s, peak memory {peak():.0f} MiB")
    say_scaling(given.texts)
    say_share(rate * tokens * ENCODER / 1e9)
    if given.count:
        say_memory(given.count)


if __name__ == "__main__":
    main()
