"""The multilingual encoder as ONNX int8: texts to vectors, one pass each.

The vector of a text is the mean over its tokens of the last layer, followed by the mean of layer 9: the two together carry topics
better than the last alone (see MODEL_CARD.md).
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")  # torch is not missing here: only the tokenizer is wanted
from transformers import PreTrainedTokenizerFast

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]

PREFIX = "query: "
"""E5 models are trained with it (Wang et al., "Multilingual E5 Text Embeddings", 2024)."""
WIDTH = 384
"""Numbers per layer in the vectors of the encoder that ships."""
TOKENS = 256
_CHARACTERS = 4_000
"""More than TOKENS tokens can cover: a text of a megabyte is cut before it is tokenised."""
_NOTHING = " \t\n\r\x0b\x0c\x00\x85\xa0\u2028\u2029\u3000\ufffd"


def cut(text: str, characters: int = _CHARACTERS) -> str:
    """Return what the encoder reads of *text*: its first words, on one line, without null bytes, however it is spaced."""
    words = text[begins(text) :].replace("\x00", " ").split(None, characters)
    return " ".join(words[:characters])[:characters].rstrip()


def begins(text: str) -> int:
    """Return where the words of *text* begin: behind blanks, null bytes, and what is kept in a null byte's place."""
    return len(text) - len(text.lstrip(_NOTHING))


@dataclass(frozen=True)
class Encoder:
    """An encoder in a folder that holds ``encoder.onnx`` and ``tokenizer.json``; ``threads`` texts are read at once."""

    folder: Path
    threads: int | None = None

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        path = str(self.folder / "encoder.onnx")
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads or os.cpu_count() or 1, thread_name_prefix="read")

    @cached_property
    def _tokenizer(self) -> PreTrainedTokenizerFast:
        tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
            tokenizer_file=str(self.folder / "tokenizer.json"),
            bos_token="<s>",  # noqa: S106
            cls_token="<s>",  # noqa: S106
            eos_token="</s>",  # noqa: S106
            sep_token="</s>",  # noqa: S106
            pad_token="<pad>",  # noqa: S106
            unk_token="<unk>",  # noqa: S106
            model_max_length=TOKENS,
        )
        return tokenizer

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector for each text: the means of both layers, side by side, in the same order."""
        # One text at a time: activations are quantised by the largest number in sight, so in a batch a text's vector would depend
        # on its neighbours. A core per text, and not all cores inside each: the matrices are too small to share.
        fed = [self._feed(ids) for ids in self._ids(texts)]  # by this thread alone: the tokenizer is not made for several
        read = self._pool.map(self._read, fed) if len(fed) > 1 else map(self._read, fed)
        return np.stack(list(read)) if fed else np.zeros((0, 0), np.float32)

    def _read(self, fed: Mapping[str, Ids]) -> Vectors:
        last, middle = self._session.run(["last", "middle"], fed)
        return np.asarray(np.concatenate([last[0], middle[0]]), np.float32)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where in ``cut(text)`` each token that is read stands (start, end)."""
        offsets = self._tokenizer(PREFIX + cut(text), truncation=True, return_offsets_mapping=True)["offset_mapping"]
        shift = len(PREFIX)  # the first begins with the blank
        return [(max(start - shift, 0), end - shift) for start, end in offsets if end > max(start, shift)]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        ids: list[list[int]] = self._tokenizer([PREFIX + cut(text) for text in texts], truncation=True)["input_ids"]
        return ids

    @staticmethod
    def _feed(ids: Sequence[int]) -> dict[str, Ids]:
        return {"input_ids": np.array([ids], np.int64), "attention_mask": np.ones((1, len(ids)), np.int64)}
