"""What a user could pick instead of the shipped tagger, measured in the same run on the same texts (extra ``train`` for most).

- keyword rules: the words of the taxonomy and the commonest words for each topic, as one would write them down in an hour;
- TF-IDF with linear heads, trained on the labelled texts that the tagger was trained on (scikit-learn), each counting alike;
- the frozen encoder with linear heads, likewise;
- the frozen encoder without any training: how close a text lies to the description of a topic (zero-shot).

What a text does not answer is masked here too: a tweet that says its sentiment alone teaches nothing about topics.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from desk.taxonomy import DEFAULT
from nlp import evaluate
from nlp.calibrate import calibrate
from nlp.evaluate import Judged
from nlp.heads import COLUMNS, FIRST, TOPICS, YES_OR_NO, Numbers, squash
from nlp.licensed import licensed
from nlp.metrics import Interval
from nlp.train_data import Row, authored, part_of, real, targets

Read = Callable[[Sequence[Row], Sequence[Row], Sequence[Row]], Judged]
"""Learns from the first rows, chooses thresholds by the second, and says what the third are about."""
Encode = Callable[[Sequence[Row]], Numbers]
"""Returns the features of each row's text: the means of the encoder's layers, side by side."""


@dataclass(frozen=True)
class Choice:
    """Something that could be used instead, and the aspects that it has answers for."""

    read: Read
    answers: tuple[str, ...] = ("sentiment", "intent", "needs_reply", "urgent", "friction", "praise")


KEYWORDS: dict[str, str] = {
    "findability": r"find\w* nicht|nicht zu finden|suche\b|filter|menü|can'?t find|search|navigat",
    "product_info": r"beschreibung|irreführend|größentabelle|falsche angabe|description|misleading|size chart",
    "availability": r"ausverkauft|nicht verfügbar|nicht lieferbar|sold out|out of stock|unavailable",
    "price": r"teuer|preis|gutschein|rabatt|expensive|price|voucher|discount|coupon",
    "account": r"einloggen|anmeld|login|log in|passwort|password|konto gesperrt|registr|sign in|verif",
    "checkout": r"warenkorb|kasse\b|checkout|basket|cart\b|bestellung abschließen|place (the|my) order",
    "payment": r"bezahl|zahlung|paypal|klarna|kreditkarte|überweis|payment|pay\b|card (was )?declined|credit card",
    "technical": r"absturz|stürzt|fehler|bug|lädt nicht|funktioniert nicht|crash|error|freez|doesn'?t work|not working",
    "usability": r"umständlich|kompliziert|unübersichtlich|confusing|complicated|user.?friendly|werbung|ads\b",
    "delivery": r"liefer|paket|versand|zustell|verspätung|deliver|parcel|shipping|late\b|delay",
    "order": r"falsch\w* (artikel|geliefert)|bestellstatus|storniert|wrong item|missing item|order status",
    "quality": r"kaputt|defekt|qualität|billig verarbeitet|broken|defect|quality|faulty",
    "returns": r"rückerstattung|erstattung|retoure|zurückschick|umtausch|garantie|refund|return|exchange|warranty",
    "billing": r"rechnung|gebühr|abgebucht|mahnung|invoice|fee\b|charged|bill\b",
    "service": r"kundenservice|hotline|support|kundendienst|antwortet nicht|customer service|no reply|rude",
    "cancellation": r"kündig|abo beenden|cancel (my )?(subscription|membership|contract)|unsubscribe",
    "privacy": r"datenschutz|betrug|spam|gehackt|privacy|scam|fraud|hacked|phishing",
    "onsite": r"filiale|laden\b|personal\b|schlange|restaurant|zimmer|store\b|staff|queue",
}
_BAD = re.compile(
    r"schlecht|nicht|kein|nie wieder|ärger|unverschämt|mies|katastroph|enttäusch|never|not|bad|worst|terrible|awful|poor|hate",
    re.I,
)
_GOOD = re.compile(r"super|toll|gut\b|klasse|danke|perfekt|zufrieden|schnell|great|good|love|excellent|thank|perfect|easy", re.I)
_ASKS = re.compile(r"\?|kann mir|wie kann|how (do|can)|can (you|i)|wann|where|wo\b", re.I)
_PRESSING = re.compile(r"sofort|dringend|heute noch|anwalt|gesperrt|betrug|urgent|asap|immediately|lawyer|locked out|fraud", re.I)


def keywords(train: Sequence[Row], dev: Sequence[Row], rows: Sequence[Row]) -> Judged:
    """Return what plain rules say: a topic is a friction where bad words are heard, a praise where good ones are."""
    odds = np.zeros((len(rows), len(COLUMNS)), np.float32)
    place = {key: index for index, key in enumerate(COLUMNS)}
    topics = {topic: re.compile(pattern, re.I) for topic, pattern in KEYWORDS.items()}
    for index, row in enumerate(rows):
        text = row["text"]
        bad, good = len(_BAD.findall(text)), len(_GOOD.findall(text))
        found = [topic for topic, pattern in topics.items() if pattern.search(text)]
        mood = "negative" if bad > good or (found and not good) else "positive" if good > bad else "neutral"
        asks = bool(_ASKS.search(text))
        intent = "question" if asks and not bad else {"negative": "complaint", "positive": "praise"}.get(mood, "other")
        aspect = "praise" if mood == "positive" else "friction"
        said = {f"sentiment:{mood}", f"intent:{intent}", *(f"{aspect}:{topic}" for topic in found)}
        said |= {"needs_reply"} if asks or intent == "complaint" else set()
        said |= {"urgent"} if _PRESSING.search(text) else set()
        odds[index, [place[key] for key in said]] = 1
    return evaluate.of_odds(rows, odds, dict.fromkeys(YES_OR_NO, 0.5))


def tfidf(train: Sequence[Row], dev: Sequence[Row], rows: Sequence[Row]) -> Judged:
    """Return what linear heads on TF-IDF of words and of letters say."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=4, sublinear_tf=True, max_features=60_000)
    texts = [row["text"] for row in train]
    given = hstack([words.fit_transform(texts), letters.fit_transform(texts)]).tocsr()

    def turned(some: Sequence[Row]) -> Any:
        said = [row["text"] for row in some]
        return hstack([words.transform(said), letters.transform(said)]).tocsr()

    return _linear(given, train, turned, dev, rows)


def _linear(
    given: Any, train: Sequence[Row], turned: Callable[[Sequence[Row]], Any], dev: Sequence[Row], rows: Sequence[Row]
) -> Judged:
    """Fit a logistic regression per column, choose thresholds on the development part, and read *rows*."""
    from sklearn.linear_model import LogisticRegression

    truth, mask = targets(train)
    on_dev, on_rows = turned(dev), turned(rows)
    logits = [np.full((len(some), len(COLUMNS)), -6.0, np.float32) for some in (dev, rows)]
    for column in range(len(COLUMNS)):
        known = np.flatnonzero(mask[:, column])
        if not 5 < truth[known, column].sum() < len(known):
            continue
        model = LogisticRegression(C=4.0, solver="liblinear", class_weight=None).fit(given[known], truth[known, column] > 0.5)
        for place, some in enumerate((on_dev, on_rows)):
            logits[place][:, column] = model.decision_function(some)
    return _fitted(logits[0], dev, logits[1], rows)


def encoded_by(base: str) -> Encode:
    """Return what reads rows by the frozen encoder in *base*; it keeps the last few lists, for reading them takes minutes."""

    @lru_cache(maxsize=3)
    def vectors(texts: tuple[str, ...]) -> Numbers:
        from nlp.finetune import features, load
        from nlp.lessons import tokenised

        return features(load(base), tokenised(base, texts))

    return lambda rows: vectors(tuple(row["text"] for row in rows))


def frozen(encode: Encode) -> Read:
    """Return the comparison with linear heads on a frozen encoder."""

    def read(train: Sequence[Row], dev: Sequence[Row], rows: Sequence[Row]) -> Judged:
        from nlp.finetune import regress

        weights, bias = regress(encode(train), *targets(train), np.ones(len(train), np.float32)).folded()
        return _fitted(encode(dev) @ weights + bias, dev, encode(rows) @ weights + bias, rows)

    return read


def zero_shot(encode: Encode) -> Read:
    """Return the comparison with a frozen encoder's likeness to each topic's description; no label trains it.

    A topic is described in German and in English, and the nearer of both counts.
    """

    def near(rows: Sequence[Row]) -> Numbers:
        vectors = encode(rows)
        vectors = vectors[:, : vectors.shape[1] // 2]  # the means of the last layer
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def read(train: Sequence[Row], dev: Sequence[Row], rows: Sequence[Row]) -> Judged:
        anchors, logits = near(_descriptions()), []
        for some in (dev, rows):
            likeness = (near(some) @ anchors.T).reshape(len(some), 2, len(TOPICS)).max(axis=1)
            likeness = (likeness - likeness.mean(axis=1, keepdims=True)) * 40 - 2
            table = np.full((len(some), len(COLUMNS)), -6.0, np.float32)
            table[:, FIRST + 2 : FIRST + 2 + len(TOPICS)] = likeness
            logits.append(table)
        return _fitted(logits[0], dev, logits[1], rows)

    return read


def _descriptions() -> list[Row]:
    """Return what each topic is, in German and then in English."""
    topics = [DEFAULT.topic(topic) for topic in TOPICS]
    german = [f"Problem: {topic.name['de']}. {topic.description['de']}" for topic in topics]
    english = [f"Problem: {topic.name['en']}. {topic.description['en']}" for topic in topics]
    return [{"text": text} for text in german + english]


def _fitted(on_dev: Numbers, dev: Sequence[Row], logits: Numbers, rows: Sequence[Row]) -> Judged:
    fitted = calibrate(on_dev, *targets(dev))
    return evaluate.of_odds(rows, squash(logits * fitted.slope + fitted.offset), fitted.thresholds)


def all_of(base: Path | None) -> dict[str, Choice]:
    """Return every comparison there is; those of the encoder need its fp32 weights in *base*."""
    found = {"keyword rules": Choice(keywords), "TF-IDF, linear heads": Choice(tfidf)}
    if base:
        encode = encoded_by(str(base))
        found["frozen encoder, linear heads"] = Choice(frozen(encode))
        found["zero-shot: likeness to topic descriptions"] = Choice(zero_shot(encode), ("friction",))
    return found


def lessons(real_texts: Path | None, corpora: Path | None) -> tuple[list[Row], list[Row]]:
    """Return what the tagger is trained on, licensed corpora among it, and the development part."""
    rows = authored() + (real(real_texts) if real_texts else [])
    train, dev = ([row for row in rows if part_of(row) == part] for part in ("train", "dev"))
    return train + (licensed(corpora) if corpora else []), dev


def figures(choice: Choice, train: Sequence[Row], dev: Sequence[Row], rows: Sequence[Row]) -> dict[str, Interval]:
    """Return the figures of a comparison on *rows*, without those of questions that it does not answer."""
    found = evaluate.figures(choice.read(train, dev, rows))
    return {name: one for name, one in found.items() if name.split()[0] in choice.answers}
