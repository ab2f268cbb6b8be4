"""The words that speak for and against a tag, by occlusion (Zeiler and Fergus, 2014).

Each word is read **alone**, as it stands and in small letters, and the text is read again with the word **left out**. Its
weight is what it adds to the tag's log-odds, as the only word and as the last one (the first and the last term of its Shapley
value): so of two words that say the same ("pay", "PayPal") neither hides the other. What a word adds alone counts almost six
times as much, because what is lost without it shifts with each small change of the text, in part by int8 arithmetic only. A
weight is a measured effect, not an estimate. The same readings answer for every tag, so that all tags cost what one costs, and
which words are tried does not depend on the tags that are asked about. Of a long text those words are left out that weigh most
when alone.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from nlp.encoder import INVISIBLE, cut, quiet
from nlp.heads import COLUMNS, Numbers
from nlp.tagger import OnnxTagger
from nlp.topics import OwnTopics

_WORD = re.compile(rf"\w+(?:[{INVISIBLE}]*[-'’.][{INVISIBLE}]*\w+|[{INVISIBLE}]+\w+)*|[\u2600-\u27bf\U0001f300-\U0001faff]")
_READ = 900
"""Words that leaving out may cost to read: each word of a text of up to 30 is left out once, 15 words of a text of 60."""
_FEWEST = 8
_ALONE = 0.85
"""The share of what a word adds alone in its weight. At a half, one strongest word in eight changes with a greeting."""
_FLOOR = 0.1
"""Log-odds. What moves a tag by less is within what int8 arithmetic does to it, and is no reason."""
_ALWAYS = [COLUMNS.index(key) for key in ("needs_reply", "urgent")]
"""Questions whose "no" is shown too: the words for them count whatever the answer is."""

Places = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class WordWeight:
    """One word of a text, where it stands, and by how much it moves a tag's log-odds (positive: speaks for it)."""

    start: int
    end: int
    word: str
    weight: float


def explain(
    tagger: OnnxTagger, text: str, keys: Sequence[str], limit: int = 8, own: OwnTopics | None = None
) -> dict[str, list[WordWeight]]:
    """Return for each of *keys* (``"friction:payment"``, ``"sentiment:negative"`` ...) its words, the strongest first.

    Topics of a desk's *own* are told from the same readings. Places are those in *text* itself. Only what the encoder reads (its
    first 256 tokens) can speak.
    """
    columns = [*COLUMNS, *(f"friction:{key}" for key in own.topics)] if own else list(COLUMNS)
    asked = {key: columns.index(key) for key in keys if key in columns}
    words = _words(tagger, text)
    if not asked or not words:
        return {key: [] for key in keys}
    tried, weights = _weighed(partial(_log_odds, tagger, own), quiet(text), words)
    return {key: _strongest(text, tried, weights[:, asked[key]], limit) if key in asked else [] for key in keys}


def _words(tagger: OnnxTagger, text: str) -> Places:
    """Return where the words stand that the encoder reads."""
    end = max((end for _, end in tagger.encoder.places(text)), default=0)
    read = sum(match.start() < end for match in _WORD.finditer(cut(text)))  # the same words, where cut() puts them
    return [match.span() for match in islice(_WORD.finditer(text.replace("\x00", " ")), read)]


def _log_odds(tagger: OnnxTagger, own: OwnTopics | None, texts: Sequence[str]) -> Numbers:
    """Return the log-odds of each text and column, those of own topics last."""
    vectors = tagger.encoder.encode(texts)
    inside = np.clip(tagger.heads.probabilities(vectors), 1e-6, 1 - 1e-6)
    odds = np.log(inside / (1 - inside))
    return np.asarray(np.hstack([odds, own.log_odds(vectors)]) if own else odds, np.float32)


def _weighed(read: Callable[[Sequence[str]], Numbers], text: str, words: Places) -> tuple[Places, Numbers]:
    """Return the words that were tried, and a weight for each of them and each column."""
    spoken = [text[start:end] for start, end in words]
    forms = list(dict.fromkeys(form for word in spoken for form in (word, word.lower())))
    whole, nothing, *alone = read([text, "", *forms])
    adds = dict(zip(forms, np.stack(alone) - nothing, strict=True))
    first = np.stack([(adds[word] + adds[word.lower()]) / 2 for word in spoken])
    again = np.array([spoken[:index].count(word) for index, word in enumerate(spoken)])
    tried = _weightiest(first / (1 + again[:, None]), whole, max(_FEWEST, _READ // len(words)))
    last = whole - read([text[:start] + text[end:] for start, end in (words[index] for index in tried)])
    return [words[index] for index in tried], _ALONE * first[tried] + (1 - _ALONE) * last


def _weightiest(effects: Numbers, whole: Numbers, most: int) -> NDArray[np.intp]:
    """Return which words to try, in the order of the text: those with the largest share in what the text is likely to say."""
    likely = 1 / (1 + np.exp(-np.clip(whole, -30, 30)))
    likely[_ALWAYS] = 1
    sizes = np.abs(effects)
    shares = (sizes / np.maximum(sizes.max(axis=0), _FLOOR) * likely).max(axis=1)
    return np.sort(np.argsort(-shares, kind="stable")[:most])


def _strongest(text: str, places: Places, weights: Numbers, limit: int) -> list[WordWeight]:
    order = np.argsort(-np.abs(weights), kind="stable")[:limit]
    return [_word(text, places[index], weights[index]) for index in order if abs(weights[index]) >= _FLOOR]


def _word(text: str, place: tuple[int, int], weight: np.float32) -> WordWeight:
    start, end = place
    return WordWeight(start, end, text[start:end], round(float(weight), 3))


def spoken_for(why: Mapping[str, Sequence[WordWeight]], key: str) -> list[str]:
    """Return the words that speak for *key*, the strongest first."""
    return [word.word for word in why.get(key, ()) if word.weight > 0]
