"""Texts per second of the whole tagger, tokenising and language included, against transformers in fp32; start, memory, cores.

    python -m bench.tagging                          # ours alone
    python -m bench.tagging --weights FOLDER         # and transformers with the same weights in fp32 (needs torch, extra `train`)

FOLDER is what `python -m nlp.train` leaves in ``--work`` as ``student``: a transformers folder with the fp32 weights of the model
that ships. Both read the same texts in the same run. Ours reads text by text, a core per text; transformers reads batches of 32
of like length.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bench.common import machine, say
from nlp.heads import Heads
from nlp.tagger import SHIPPED, OnnxTagger
from nlp.train_data import AUTHORED

WORDS = 18
"""A text of 18 words has about 30 tokens."""
ENCODER = 12 * (4 * 384 * 384 + 2 * 384 * 1536)
"""Weights that every token is multiplied with: 12 layers of attention and feed-forward matrices."""
COLD = (
    "import time; b = time.perf_counter(); from nlp.tagger import tagger; tagger().tag(['PayPal geht nicht']); "
    "print(time.perf_counter() - b)"
)
SHARE = (
    "import sys, time; from bench.tagging import texts; from nlp.tagger import OnnxTagger; t = OnnxTagger.load(threads=1); "
    "some = list(texts(int(sys.argv[1]))); t.tag(some[:5]); b = time.perf_counter(); t.tag(some); print(time.perf_counter() - b)"
)


def texts(number: int) -> Iterator[str]:
    """Yield authored texts, cut or put together to WORDS words, each with a number of its own so that none is read twice."""
    rows = [
        json.loads(line)["text"] for path in sorted(AUTHORED.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]
    words = " ".join(rows).split()
    for place in range(number):
        start = place * WORDS % (len(words) - WORDS)
        yield " ".join([*words[start : start + WORDS - 1], str(place)])


def peak() -> float:
    """Return the peak of this process's memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def of_transformers(folder: str, some: Sequence[str]) -> float:
    """Return texts per second of the same model in transformers and fp32: tokenising, encoder, heads."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(os.cpu_count() or 1)
    heads = Heads.load(SHIPPED)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, add_pooling_layer=False).float().eval()
    before = time.perf_counter()
    order = sorted(some, key=len)
    with torch.no_grad():
        for start in range(0, len(order), 32):
            batch = tokenizer([f"query: {text}" for text in order[start : start + 32]], padding=True, return_tensors="pt")
            given = {name: batch[name] for name in ("input_ids", "attention_mask")}
            states = model(**given, output_hidden_states=True).hidden_states
            mask = given["attention_mask"].unsqueeze(-1).float()
            means = [(states[layer] * mask).sum(1) / mask.sum(1) for layer in (-1, 9)]
            heads.probabilities(torch.cat(means, dim=1).numpy())
    return len(some) / (time.perf_counter() - before)


def int8_peak() -> float:
    """Return what this machine's int8 matrix product reaches at best in onnxruntime, in 10^9 multiply-adds per second."""
    import onnxruntime
    from onnx import TensorProto, helper

    size = 2048
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
    best = min(_timed(lambda: session.run(None, fed)) for _ in range(8))
    return size**3 / best / 1e9


def _timed(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def ask(code: str, *words: str) -> float:
    """Return what a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return float(done.stdout)


def processes(count: int, number: int) -> float:
    """Return texts per second of so many processes of one thread each, their start not counted."""
    some = [subprocess.Popen([sys.executable, "-c", SHARE, str(number)], stdout=subprocess.PIPE, text=True) for _ in range(count)]
    return count * number / max(float(one.communicate()[0]) for one in some)


def through_prefect(count: int, number: int) -> float:
    """Return texts per second of a flow whose task runner has so many processes, their start not counted."""
    command = [sys.executable, "-m", "bench.tagging_flow", str(count), str(number)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def ours(number: int, threads: int | None = None) -> float:
    """Return texts per second of the tagger."""
    tagger, some = OnnxTagger.load(threads=threads), list(texts(number))
    tagger.tag(some[:10])
    before = time.perf_counter()
    tagger.tag(some)
    return number / (time.perf_counter() - before)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--texts", type=int, default=1_000)
    asked.add_argument("--count", type=int, default=0, help="also read this many texts as a stream and watch the memory")
    asked.add_argument("--weights", help="a transformers folder with the shipped model's fp32 weights, for the comparison")
    given = asked.parse_args()
    say(machine())
    tokens = np.mean([len(ids) for ids in OnnxTagger.load().encoder._ids(list(texts(200)))])
    say(f"texts of {tokens:.0f} tokens on average")
    say(f"first reading of a fresh process, imports included: {ask(COLD):.2f} s")
    rate = ours(given.texts)
    say(f"the tagger (int8, every question): {rate:6.1f} texts/s, peak memory {peak():.0f} MiB")
    say(f"  with one thread:                 {ours(given.texts // 2, 1):6.1f} texts/s")
    say(f"  two processes of one thread:     {processes(2, given.texts // 2):6.1f} texts/s")
    for count in (1, 2):
        said = f"{count} process{'es' if count > 1 else ''} of Prefect's task runner:"
        say(f"  {said:<33}{through_prefect(count, given.texts // 2 * count):6.1f} texts/s")
    try:
        best = int8_peak()
        done = rate * tokens * ENCODER / 1e9
        say(f"  {done:.0f} of the {best:.0f} G multiply-adds/s that one large int8 product reaches: {done / best:.0%}")
    except ImportError:
        say("  the share of the int8 peak needs the package onnx (extra `train`)")
    if given.weights:
        other = of_transformers(given.weights, list(texts(given.texts)))
        say(f"transformers fp32, same weights:   {other:6.1f} texts/s (ours is {rate / other:.1f} times as fast)")
    if given.count:
        tagger, start = OnnxTagger.load(), peak()
        for _ in tagger.tag_stream(texts(given.count)):
            pass
        say(f"{given.count:,} texts as a stream: peak memory {start:.0f} -> {peak():.0f} MiB")


if __name__ == "__main__":
    main()
