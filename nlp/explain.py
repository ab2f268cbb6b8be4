"""The words that speak for and against a tag.

Candidates are proposed by their share in the pooled vector (the heads are linear in the mean of the tokens, so each share is
exact), then each is **left out** and the text read again: the weight of a word is by how much the tag's log-odds fall without
it (occlusion; Zeiler and Fergus, 2014). So a weight is a measured effect, not an estimate.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.encoder import cut
from nlp.heads import COLUMNS, Numbers
from nlp.tagger import OnnxTagger

_WORD = re.compile(r"\w+(?:[-'’.]\w+)*|[\u2600-\u27bf\U0001f300-\U0001faff]")
_CANDIDATES = 6
"""Words that are tried per tag, and at most four times as many for all tags together."""
_TRIED = 20


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
    tried = _proposed(tagger, text, words, columns)
    without = [text[: words[index][0]] + text[words[index][1] :] for index in tried]
    odds = _log_odds(tagger.heads.probabilities(tagger.encoder.encode([text, *without])))[:, columns]
    weights = odds[0] - odds[1:]
    return {key: [] for key in keys} | {
        key: _strongest(text, [words[index] for index in tried], weights[:, place], limit) for place, key in enumerate(asked)
    }


def _proposed(tagger: OnnxTagger, text: str, words: Sequence[tuple[int, int]], columns: Sequence[int]) -> list[int]:
    """Return the indices of the words whose tokens weigh most in any of the columns."""
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
    ranked = np.argsort(-np.abs(of_word), axis=0)[:_CANDIDATES]
    return list(dict.fromkeys(int(index) for index in ranked.ravel()))[:_TRIED]


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
