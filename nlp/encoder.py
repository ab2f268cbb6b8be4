"""The multilingual encoder as ONNX int8: texts to vectors, one pass each.

The vector of a text is the mean over its tokens of the last layer, followed by the mean of layer 9: the two together carry topics
better than the last alone (see MODEL_CARD.md).
"""

import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")  # torch is not missing here: only the tokenizer is wanted
from transformers import PreTrainedTokenizerFast

from desk.errors import ConfigurationError
from nlp.opening import opening

Vectors = NDArray[np.float32]

PREFIX = "query: "
"""E5 models are trained with it (Wang et al., "Multilingual E5 Text Embeddings", 2024)."""
WIDTH = 384
"""Numbers per layer in the vectors of the encoder that ships."""
TOKENS = 256
_CHARACTERS = 4_000
"""More than TOKENS tokens can cover: a text of a megabyte is cut before it is tokenised."""
_AT_ONCE = 8
"""Texts in one run; more of them are not faster."""
_SLOW_FUSION = "SkipLayerNormFusion"
"""Of onnxruntime (1.32): what it makes of a sum and its normalisation takes three times as long as the two."""
INVISIBLE = (
    "\xad\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
"""Signs that nobody sees, among them the soft hyphens of web pages and mails: within a word they would make two of it."""
_SEEN = dict.fromkeys(map(ord, INVISIBLE))
_NOTHING = f"{INVISIBLE} \t\n\r\x0b\x0c\x00\x85\xa0\u2028\u2029\u3000\ufffd\u115f\u1160\u200c\u200d\u2800\u3164\ufe0e\ufe0f\uffa0"
"""Blanks, and what looks like one or like nothing where it stands before all words."""

_WORDS = re.compile(r"[^\W\d_]{2,}")
_THRICE = re.compile(r"([^\W\d_])\1{2,}")
"""One letter three times in a row: a word is drawn out there, or a compound such as "Schifffahrt"."""
_A_WORD = 60
"""Letters of the longest word that the vocabulary is asked about."""
_LOUD = 0.15
"""The share of a text's letters in words of capitals alone, above which somebody shouts; below, they are DHL and IBAN."""


def cut(text: str, characters: int = _CHARACTERS) -> str:
    """Return what the encoder reads of *text*: its first words, on one line, without null bytes and what nobody sees."""
    words = text[begins(text) :].replace("\x00", " ").translate(_SEEN).split(None, characters)
    return " ".join(words[:characters])[:characters].rstrip()


def words_of(text: str) -> str:
    """Return the words of *text* as our encoder reads them: its beginning, and quietly."""
    return quiet(cut(text))


def plain(text: str, pieces: Callable[[str], Sequence[str]]) -> str:
    """Return *text* with drawn-out words as the vocabulary knows them best, which cuts a word into *pieces*.

    "gooood" is "good", "niiicht" is "nicht", and "Schifffahrt" stays what it is.
    """

    def best(word: re.Match[str]) -> str:
        if not _THRICE.search(word[0]):
            return word[0]
        ways = (word[0], _THRICE.sub(r"\1\1", word[0]), _THRICE.sub(r"\1", word[0]))
        return min((way for way in ways if len(way) <= _A_WORD), key=lambda way: len(pieces(way)), default=ways[-1])

    return _WORDS.sub(best, text) if _THRICE.search(text) else text


def begins(text: str) -> int:
    """Return where the words of *text* begin: behind blanks, null bytes, and what is kept in a null byte's place."""
    return len(text) - len(text.lstrip(_NOTHING))


def quiet(text: str) -> str:
    """Return *text* in its own length, with words of capitals in small letters where somebody shouts.

    The vocabulary cuts ZAHLUNG into pieces that mean nothing: read as they stand, such texts lose three topics in four.
    """
    loud = sum(len(word) for word in _WORDS.findall(text) if word.isupper())
    if loud <= _LOUD * sum(map(str.isalpha, text)):
        return text
    return _WORDS.sub(lambda word: _small(word[0]) if word[0].isupper() else word[0], text)


def _small(word: str) -> str:
    return word.replace("\u0130", "i").lower()  # lower() alone makes two letters of the Turkish one


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
        path = self.folder / "encoder.onnx"
        with opening(path):
            session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"], disabled_optimizers=[_SLOW_FUSION])
        if [one.name for one in session.get_inputs()] != ["input_ids"]:
            raise ConfigurationError(f"{path} was exported by another version; export it again with this one")
        return session

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads or os.cpu_count() or 1, thread_name_prefix="read")

    @cached_property
    def _tokenizer(self) -> PreTrainedTokenizerFast:
        path = self.folder / "tokenizer.json"
        with opening(path):
            tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
                tokenizer_file=str(path),
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
        ids = self._ids(texts)  # by this thread alone: the tokenizer is not made for several
        if not ids:
            return np.zeros((0, 0), np.float32)
        runs = alike([len(some) for some in ids])
        read = self._pool.map(self._read, ([ids[place] for place in run] for run in runs))
        order = [place for run in runs for place in run]
        return np.asarray(np.concatenate(list(read))[np.argsort(order)], np.float32)

    def _read(self, ids: Sequence[Sequence[int]]) -> Vectors:
        last, middle = self._session.run(["last", "middle"], {"input_ids": np.array(ids, np.int64)})
        return np.asarray(np.concatenate([last, middle], axis=1), np.float32)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where in ``cut(text)`` each token that is read stands (start, end)."""
        offsets = self._tokenizer(PREFIX + words_of(text), truncation=True, return_offsets_mapping=True)["offset_mapping"]
        shift = len(PREFIX)  # the first begins with the blank
        return [(max(start - shift, 0), end - shift) for start, end in offsets if end > max(start, shift)]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        read = [PREFIX + plain(words_of(text), self._tokenizer.tokenize) for text in texts]
        ids: list[list[int]] = self._tokenizer(read, truncation=True)["input_ids"] if read else []
        return ids


def alike(lengths: Sequence[int]) -> list[list[int]]:
    """Return the places of texts of equal length, no more than _AT_ONCE together, the longest first.

    Nothing is padded then, and many short texts are one large product. A core for each of these, and not all cores inside one:
    the matrices are too small to share.
    """
    places: dict[int, list[int]] = {}
    for place, length in enumerate(lengths):
        places.setdefault(length, []).append(place)
    some = [places[length] for length in sorted(places, reverse=True)]
    return [one[start : start + _AT_ONCE] for one in some for start in range(0, len(one), _AT_ONCE)]
