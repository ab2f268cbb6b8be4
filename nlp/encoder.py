"""The multilingual encoder as ONNX int8: texts to vectors, one pass each.

The vector of a text is the mean over its tokens of the last layer, followed by the mean of layer 9: the two together carry topics
better than the last alone (see MODEL_CARD.md).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")  # torch is not missing here: only the tokenizer is wanted
from transformers import PreTrainedTokenizerFast

Vectors = NDArray[np.float32]

PREFIX = "query: "
"""E5 models are trained with it (Wang et al., "Multilingual E5 Text Embeddings", 2024)."""
WIDTH = 384
_TOKENS = 256
_CHARACTERS = 4_000
"""More than _TOKENS tokens can cover: a text of a megabyte is cut before it is tokenised."""


def cut(text: str, characters: int = _CHARACTERS) -> str:
    """Return what the encoder reads of *text*: its beginning, on one line, without null bytes."""
    return " ".join(text[:characters].replace("\x00", " ").split())


@dataclass(frozen=True)
class Encoder:
    """An encoder in a folder that holds ``encoder.onnx`` and ``tokenizer.json``."""

    folder: Path
    threads: int | None = None

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads or os.cpu_count() or 1
        options.log_severity_level = 3
        path = str(self.folder / "encoder.onnx")
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

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
            model_max_length=_TOKENS,
        )
        return tokenizer

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of ``2 * WIDTH`` numbers for each text, in the same order."""
        # One text at a time: activations are quantised by the largest number in sight, so in a batch a text's vector would depend
        # on its neighbours. With the session's threads at work inside each text, batches were not faster either.
        vectors = np.zeros((len(texts), 2 * WIDTH), np.float32)
        for index, text in enumerate(texts):
            vectors[index] = np.concatenate(self._session.run(["last", "middle"], self._feed(text)), axis=1)
        return vectors

    def together(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts that are read in one batch: faster where they are much alike, and alike in length.

        Activations are quantised together here, so a vector differs a little from the one that `encode` gives; compare only
        vectors of one batch with each other.
        """
        encoded = self._tokenizer([PREFIX + cut(text) for text in texts], truncation=True, padding=True, return_tensors="np")
        given = {name: encoded[name].astype(np.int64) for name in ("input_ids", "attention_mask")}
        return np.concatenate(self._session.run(["last", "middle"], given), axis=1)

    def tokens(self, text: str) -> tuple[Vectors, list[tuple[int, int]]]:
        """Return a vector for each token of *text*, and where in ``cut(text)`` each stands (start, end)."""
        parts = self._session.run(["last_tokens", "middle_tokens"], self._feed(text))
        offsets = self._tokenizer(PREFIX + cut(text), truncation=True, return_offsets_mapping=True)["offset_mapping"]
        shift = len(PREFIX)
        kept = [index for index, (start, end) in enumerate(offsets) if end > max(start, shift)]  # the first begins with the blank
        vectors = np.concatenate([part[0] for part in parts], axis=1)
        return vectors[kept], [(max(offsets[index][0] - shift, 0), offsets[index][1] - shift) for index in kept]

    def _feed(self, text: str) -> dict[str, NDArray[np.int64]]:
        encoded = self._tokenizer([PREFIX + cut(text)], truncation=True, return_tensors="np")
        return {name: encoded[name].astype(np.int64) for name in ("input_ids", "attention_mask")}
