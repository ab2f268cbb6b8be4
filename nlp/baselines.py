"""What a user could pick instead of the shipped tagger, measured in the same run on the same texts (extra ``train`` for most).

- keyword rules: the words of the taxonomy and the commonest words for each topic, as one would write them down in an hour;
- TF-IDF with linear heads, trained on what the tagger was trained on (scikit-learn);
- the frozen encoder with linear heads, likewise;
- the frozen encoder without any training: how close a text lies to the description of a topic (zero-shot).
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from desk.taxonomy import DEFAULT
from nlp import evaluate
from nlp.calibrate import FIRST, calibrate
from nlp.evaluate import Judged
from nlp.heads import COLUMNS, TOPICS, YES_OR_NO, Numbers, squash
from nlp.train_data import Row, targets

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

    truth, _ = targets(train)
    on_dev, on_rows = turned(dev), turned(rows)
    logits = [np.full((len(some), len(COLUMNS)), -6.0, np.float32) for some in (dev, rows)]
    for column in range(len(COLUMNS)):
        if not 5 < truth[:, column].sum() < len(truth):
            continue
        model = LogisticRegression(C=4.0, solver="liblinear", class_weight=None).fit(given, truth[:, column] > 0.5)
        for place, some in enumerate((on_dev, on_rows)):
            logits[place][:, column] = model.decision_function(some)
    return _fitted(logits[0], dev, logits[1], rows)


def frozen(base: str) -> Callable[[Sequence[Row], Sequence[Row], Sequence[Row]], Judged]:
    """Return the comparison with linear heads on the frozen encoder in *base*."""

    def read(train: Sequence[Row], dev: Sequence[Row], rows: Sequence[Row]) -> Judged:
        from nlp.finetune import features, load, regress, tokenised

        encoder = load(base)
        vectors = [features(encoder, tokenised(base, [row["text"] for row in some])) for some in (train, dev, rows)]
        weights, bias = regress(vectors[0], *targets(train), np.ones(len(train), np.float32)).folded()
        return _fitted(vectors[1] @ weights + bias, dev, vectors[2] @ weights + bias, rows)

    return read


def zero_shot(base: str) -> Callable[[Sequence[Row], Sequence[Row], Sequence[Row]], Judged]:
    """Return the comparison with the frozen encoder's likeness to each topic's description; no label trains it."""

    def read(train: Sequence[Row], dev: Sequence[Row], rows: Sequence[Row]) -> Judged:
        from nlp.finetune import features, load, tokenised

        encoder = load(base)
        width = encoder.config.hidden_size
        asked = [f"Problem: {topic.name['de']}. {topic.description['de']}" for topic in map(DEFAULT.topic, TOPICS)]

        def near(texts: Sequence[str]) -> Numbers:
            vectors = features(encoder, tokenised(base, texts))[:, :width]
            return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

        anchors, logits = near(asked), []
        for some in (dev, rows):
            likeness = near([row["text"] for row in some]) @ anchors.T
            likeness = (likeness - likeness.mean(axis=1, keepdims=True)) * 40 - 2
            table = np.full((len(some), len(COLUMNS)), -6.0, np.float32)
            table[:, FIRST + 2 : FIRST + 2 + len(TOPICS)] = likeness
            logits.append(table)
        return _fitted(logits[0], dev, logits[1], rows)

    return read


def _fitted(on_dev: Numbers, dev: Sequence[Row], logits: Numbers, rows: Sequence[Row]) -> Judged:
    fitted = calibrate(on_dev, *targets(dev))
    return evaluate.of_odds(rows, squash(logits * fitted.slope + fitted.offset), fitted.thresholds)


def all_of(base: Path | None) -> dict[str, Callable[[Sequence[Row], Sequence[Row], Sequence[Row]], Judged]]:
    """Return every comparison there is; those of the encoder need its fp32 weights in *base*."""
    found = {"keyword rules": keywords, "TF-IDF, linear heads": tfidf}
    return found | (
        {"frozen encoder, linear heads": frozen(str(base)), "zero-shot: likeness to topic descriptions": zero_shot(str(base))}
        if base
        else {}
    )
