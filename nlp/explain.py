"""The words that speak for and against a tag.

Each word is **left out** and the text read again: its weight is by how much the tag's log-odds fall without it (occlusion; Zeiler
and Fergus, 2014). In a short text each word is also read **alone**, and the weight is the mean of both, the first and the last
term of its Shapley value: so that of two words that say the same ("pay", "PayPal") neither hides the other. A weight is a
measured effect, not an estimate. Of a long text only those words are tried whose tokens weigh most in its vector.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.encoder import cut
from nlp.heads import COLUMNS, Numbers
from nlp.tagger import OnnxTagger

_WORD = re.compile(r"\w+(?:[-'’.]\w+)*|[\u2600-\u27bf\U0001f300-\U0001faff]")
_TRIED = 16
"""Words of a text that are tried, the weightiest first; a text with no more than these is short."""


@dataclass(frozen=True)
class WordWeight:
    """One word of a text, where it stands, and by how much it moves a tag's log-odds (positive: speaks for it)."""

    start: int
    end: int
    word: str
    weight: float


def explain(tagger: OnnxTagger, text: str, keys: Sequence[str], limit: int = 8) -> dict[str, list[WordWeight]]:
    """Return for each of *keys* (``"friction:payment"``, ``"sentiment:negative"`` ...) its words, the strongest first.

    Places are those in *text* itself. Only what the encoder reads (its first 256 tokens) can speak.
    """
    asked = [key for key in keys if key in COLUMNS]
    words = [match.span() for match in _WORD.finditer(text[:4_000].replace("\x00", " "))]
    if not asked or not cut(text):
        return {key: [] for key in keys}
    columns = [COLUMNS.index(key) for key in asked]
    tried = words if len(words) <= _TRIED else _proposed(tagger, text, words, columns)
    without = [text[:start] + text[end:] for start, end in tried]
    alone = ["", *(text[start:end] for start, end in tried)] if len(words) <= _TRIED else []
    odds = _log_odds(tagger.heads.probabilities(tagger.encoder.encode([text, *without, *alone])))[:, columns]
    weights = odds[0] - odds[1 : 1 + len(tried)]
    if alone:
        weights = (weights + odds[2 + len(tried) :] - odds[1 + len(tried)]) / 2
    return {key: [] for key in keys} | {key: _strongest(text, tried, weights[:, place], limit) for place, key in enumerate(asked)}


def _proposed(tagger: OnnxTagger, text: str, words: Sequence[tuple[int, int]], columns: Sequence[int]) -> list[tuple[int, int]]:
    """Return the words whose tokens weigh most in any of the columns, in the order of the text."""
    vectors, places = tagger.encoder.tokens(text)
    shares = vectors @ tagger.heads.weights[:, columns]
    shares -= shares.mean(axis=0, keepdims=True)
    flat = [match.span() for match in _WORD.finditer(cut(text))]  # the same words, where cut() has put them
    of_word = np.zeros((len(words), len(columns)), np.float32)
    starts = np.array([start for start, _ in flat] or [0])
    for share, (_, end) in zip(shares, places, strict=True):  # a token may begin with the blank before its word
        index = int(np.searchsorted(starts, end - 1, side="right")) - 1
        if 0 <= index < len(words):
            of_word[index] += share
    ranked = np.argsort(-np.abs(of_word).max(axis=1))[:_TRIED]
    return [words[index] for index in sorted(ranked)]


def _log_odds(probabilities: Numbers) -> Numbers:
    inside = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)), np.float32)


def _strongest(text: str, places: Sequence[tuple[int, int]], weights: Numbers, limit: int) -> list[WordWeight]:
    order = np.argsort(-np.abs(weights))[:limit]
    found = [_weighed(text, places[index], weights[index]) for index in order]
    return [word for word in found if abs(word.weight) >= 0.02]


def _weighed(text: str, place: tuple[int, int], weight: np.float32) -> WordWeight:
    start, end = place
    return WordWeight(start, end, text[start:end], round(float(weight), 3))


def spoken_for(why: Mapping[str, Sequence[WordWeight]], key: str) -> list[str]:
    """Return the words that speak for *key*, the strongest first."""
    return [word.word for word in why.get(key, ()) if word.weight > 0]
