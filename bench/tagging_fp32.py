"""The tagger against transformers in fp32: ``python -m bench.tagging_fp32 FOLDER TEXTS``.

- The same weights: FOLDER is refused unless its heads are, up to their calibration, those that ship.
- The same batches: BATCH texts of like length, the same ones for every side, in the same order. Within a batch ours reads texts
  of equal length together, a core for each such run; transformers reads the batch at once, on all cores.
- Every side is warmed up, and they take turns, ROUNDS times. transformers reads with each of its attentions, and the faster one
  counts.
- transformers does the tokenising, the encoder and the heads; ours also names the language and makes readings.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.common import say
from bench.tagging import texts
from nlp.encoder import PREFIX
from nlp.heads import CHOSEN, COLUMNS, FIRST, YES_OR_NO, Heads, Numbers
from nlp.tagger import SHIPPED, OnnxTagger

BATCH = 32
ROUNDS = 5
ATTENTIONS = ("sdpa", "eager")
ALIKE = 0.99999
"""Cosine of columns that point the same way: calibration makes them longer or shorter, and float16 rounds them by some 1e-8. What
was trained further from the model that ships has columns of 0.9999 and less."""
Read = Callable[[Sequence[str]], object]
OURS = "the tagger (int8)"


def check(folder: Path) -> None:
    """Raise ValueError unless *folder* holds the fp32 weights of the model that ships."""
    from nlp.lessons import saved_probe

    taught, shipped = saved_probe(folder).folded()[0], Heads.load(SHIPPED).weights
    if taught.shape != shipped.shape:
        raise ValueError(f"{folder} is no folder of the model that ships: its heads have the shape {taught.shape}")
    cosines = (taught * shipped).sum(axis=0) / (np.linalg.norm(taught, axis=0) * np.linalg.norm(shipped, axis=0))
    worst = int(cosines.argmin())
    if not cosines[worst] > ALIKE:
        said = f"its head for {COLUMNS[worst]} points elsewhere (cosine {cosines[worst]:.3f})"
        raise ValueError(f"{folder} is not the model that ships: {said}. Name the folder that nlp/model was exported from")


def of_transformers(folder: str, attention: str) -> Callable[[Sequence[str]], Numbers]:
    """Return what reads a batch with the same model in transformers and fp32: tokens, encoder, probabilities."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from nlp.finetune import LAYERS

    torch.set_num_threads(os.cpu_count() or 1)
    heads, tokenizer = Heads.load(SHIPPED), AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation=attention).float().eval()

    def read(batch: Sequence[str]) -> Numbers:
        given = tokenizer([PREFIX + text for text in batch], padding=True, truncation=True, return_tensors="pt")
        fed = {name: given[name] for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            states = model(**fed, output_hidden_states=True).hidden_states
            mask = fed["attention_mask"].unsqueeze(-1).float()
            means = torch.cat([(states[layer] * mask).sum(1) / mask.sum(1) for layer in LAYERS], dim=1)
        return heads.probabilities(means.numpy())

    return read


def in_turns(sides: Mapping[str, Read], batches: Sequence[Sequence[str]]) -> dict[str, list[float]]:
    """Return texts per second of each side, one number per round, after each has been warmed up."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for read in sides.values():
        for batch in batches[::8]:
            read(batch)
    for _ in range(ROUNDS):
        for name, read in sides.items():
            before = time.perf_counter()
            for batch in batches:
                read(batch)
            rates[name].append(sum(map(len, batches)) / (time.perf_counter() - before))
    return rates


def alike(tagger: OnnxTagger, other: Callable[[Sequence[str]], Numbers], batches: Sequence[Sequence[str]]) -> float:
    """Return how many of all answers are the same on both sides, from 0 to 1."""
    int8 = [[reading.probabilities[key] for key in COLUMNS] for batch in batches for reading in tagger.tag(batch)]
    fp32 = np.concatenate([other(batch) for batch in batches])
    return float(np.mean(_answers(np.array(int8), tagger.heads) == _answers(fp32, tagger.heads)))


def _answers(odds: Any, heads: Heads) -> Any:
    """Return one number per text and question: which answer was chosen, or whether it is yes."""
    found = [odds[:, chosen].argmax(axis=1) for chosen in CHOSEN.values()]
    limits = [heads.thresholds[key] for key in YES_OR_NO]
    return np.column_stack([*found, odds[:, FIRST:] >= limits])


def spread(values: Sequence[float], digits: int = 1) -> str:
    return f"{statistics.median(values):6.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    folder, number = sys.argv[1], int(sys.argv[2])
    try:
        check(Path(folder))
    except (OSError, ValueError) as wrong:
        sys.exit(str(wrong))
    tagger = OnnxTagger.load()
    some = sorted(texts(number), key=len)
    batches = [some[start : start + BATCH] for start in range(0, number, BATCH)]
    fp32 = {f"transformers fp32, {name}": of_transformers(folder, name) for name in ATTENTIONS}
    rates = in_turns({OURS: tagger.tag, **fp32}, batches)
    say(f"the same weights and the same {len(batches)} batches of {BATCH} texts, sorted by length, for each side; in turns,")
    say(f"{ROUNDS} rounds after a warm-up; texts/s as median (lowest to highest):")
    for name, measured in rates.items():
        say(f"  {name + ':':<38} {spread(measured)}")
    best = max(fp32, key=lambda name: statistics.median(rates[name]))
    ratios = [one / other for one, other in zip(rates[OURS], rates[best], strict=True)]
    say(f"  {'times as fast as the faster of the two:':<38}{spread(ratios, 2)}")
    say(f"  {alike(tagger, fp32[best], batches[::4]):.1%} of all answers are the same on both sides")


if __name__ == "__main__":
    main()
