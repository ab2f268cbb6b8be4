"""Texts per second of the whole tagger, tokenising and language included, against transformers in fp32; and its memory.

The comparison with transformers needs torch (extra ``train``) and the encoder's fp32 weights (``--base FOLDER``); without
them it is left out.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.common import machine, say
from nlp.tagger import OnnxTagger
from nlp.train_data import AUTHORED

WORDS = 24
"""A text of 24 words has about 30 tokens."""


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


def of_transformers(base: str, some: Sequence[str]) -> float:
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(os.cpu_count() or 1)
    tokenizer, model = (
        AutoTokenizer.from_pretrained(base),
        AutoModel.from_pretrained(base, add_pooling_layer=False).float().eval(),
    )
    before = time.perf_counter()
    with torch.no_grad():
        for start in range(0, len(some), 32):
            batch = tokenizer([f"query: {text}" for text in some[start : start + 32]], padding=True, return_tensors="pt")
            model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    return len(some) / (time.perf_counter() - before)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--texts", type=int, default=1_000)
    asked.add_argument("--count", type=int, default=0, help="also read this many texts as a stream and watch the memory")
    asked.add_argument("--base", help="a folder or hub name with the encoder's fp32 weights, for the comparison")
    given = asked.parse_args()
    say(machine())
    before = time.perf_counter()
    tagger = OnnxTagger.load()
    tagger.tag(["PayPal geht nicht"])
    say(f"first reading after {time.perf_counter() - before:.2f} s (imports not counted)")
    some = list(texts(given.texts))
    before = time.perf_counter()
    tagger.tag(some)
    rate = len(some) / (time.perf_counter() - before)
    say(f"the tagger (int8, every question): {rate:6.1f} texts/s, peak memory {peak():.0f} MiB")
    if given.base and Path(given.base).exists():
        other = of_transformers(given.base, some)
        say(f"transformers fp32, encoder alone:   {other:6.1f} texts/s (ours is {rate / other:.1f} times as fast)")
    if given.count:
        start = peak()
        for _ in tagger.tag_stream(texts(given.count)):
            pass
        say(f"{given.count:,} texts as a stream: peak memory {start:.0f} -> {peak():.0f} MiB")


if __name__ == "__main__":
    main()
