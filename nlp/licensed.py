"""The licensed corpora: which texts are read, which answers are ours; and the benchmark, of which no test text trains."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from desk.errors import KummerkastenError
from nlp.heads import CHOICES
from nlp.train_data import Row, bare, digest, lines

_BENCHMARKS = {
    "xlmt_sentiment_de": ("test", "val"),
    "xlmt_sentiment_en": ("test", "val"),
    "tweeteval_sentiment_en": ("test",),
}
"""What of each benchmark is for measuring alone."""
_SENTIMENT: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("xlmt_sentiment_de", ("train",), 1_000),
    ("xlmt_sentiment_en", ("train",), 1_000),
    ("sb10k", ("train", "dev", "test"), 5_000),
    ("tweeteval_sentiment_en", ("val",), 1_000),
    ("potts", ("train", "dev", "test"), 5_000),
    ("mobasa", ("train", "dev", "test"), 5_000),
    ("mobasa", ("dev_xml", "test_xml"), 1_500),
    ("guhr_emotions_de", ("train",), 200),
    ("m_absa_de", ("train", "dev", "test"), 1_500),
    ("m_absa_en", ("train", "dev", "test"), 2_500),
    ("womens_clothing_subset_en", ("raw",), 2_000),
)
"""Corpora whose sentiment is read: which splits, and at most how many of their texts with each answer."""
_LEAK = "sb10k/leak_into_xlmt_test.txt"
"""Tweets of SB10k that stand in the benchmark."""
_TWEETS = ("xlmt_sentiment_de", "xlmt_sentiment_en", "sb10k", "tweeteval_sentiment_en", "potts", "mobasa")
_PLAIN_TWEETS = ("potts", "mobasa")
"""Corpora of tweets that hold some without a sentiment that is ours: mixed ones, and what was not read for it."""
_BANKING = {
    "payment": "declined_card_payment top_up_failed top_up_reverted failed_transfer declined_transfer transaction_charged_twice "
    "pending_top_up card_not_working contactless_not_working virtual_card_not_working topping_up_by_card",
    "billing": "card_payment_fee_charged extra_charge_on_statement cash_withdrawal_charge transfer_fee_charged "
    "top_up_by_card_charge card_payment_not_recognised direct_debit_payment_not_recognised",
    "returns": "Refund_not_showing_up",
    "delivery": "card_arrival lost_or_stolen_card",
    "account": "passcode_forgotten pin_blocked unable_to_verify_identity",
    "privacy": "compromised_card",
}
"""Intents of banking77 in which a customer reports this trouble; whatever else such a text says stays masked."""


def licensed(folder: Path) -> list[Row]:
    """Return rows of the licensed corpora in *folder* (one folder each), with no answers but those that are theirs to give.

    A text that stands in several corpora is taken from the first; what is kept aside for measuring is taken from none.
    """
    seen = kept_aside(folder)
    leaked = {line.strip() for line in _file(folder, _LEAK).read_text("utf-8").splitlines()}
    rows: list[Row] = []
    for name, splits, most in _SENTIMENT:
        count: Counter[str] = Counter()
        for row in sorted(_of(folder, name), key=lambda row: digest(row["text"])):
            answer = row.get("mapped", {}).get("sentiment")
            if row["split"] not in splits or row["labels"].get("tweet_id") in leaked or answer not in CHOICES["sentiment"]:
                continue
            count[answer] += 1
            if count[answer] <= most and _new(row["text"], seen):
                rows.append({"text": row["text"], "lang": row["lang"], "origin": name, "sentiment": answer})
    return rows + [row for row in _banking(folder) if _new(row["text"], seen)]


def plain_tweets(folder: Path) -> list[Row]:
    """Return tweets of the licensed corpora of which nothing is known."""
    seen = kept_aside(folder) | {bare(row["text"]) for row in licensed(folder)}
    rows = ((name, row) for name in _PLAIN_TWEETS for row in _of(folder, name))
    return [{"text": row["text"], "lang": row["lang"], "origin": name} for name, row in rows if _new(row["text"], seen)]


def check_corpora(folder: Path) -> None:
    """Raise KummerkastenError unless *folder* holds all corpora."""
    for name in [*(name for name, *_ in _SENTIMENT), "banking77"]:
        _file(folder, f"{name}/data.jsonl")
    _file(folder, _LEAK)


def kept_aside(folder: Path) -> set[str]:
    """Return what is for measuring alone (letters and digits of each text), however it came into another corpus."""
    return {bare(row["text"]) for name, splits in _BENCHMARKS.items() for row in _of(folder, name) if row["split"] in splits}


def benchmark(folder: Path, language: str) -> list[Row]:
    """Return the test part of the XLM-T sentiment benchmark (Barbieri et al. 2022) in German or English, word for word."""
    rows = (row for row in lines(_file(folder, f"xlmt_sentiment_{language}/data.jsonl")) if row["split"] == "test")
    return [{"text": row["text"], "lang": language, "origin": "xlmt", "sentiment": row["labels"]["sentiment"]} for row in rows]


def _of(folder: Path, name: str) -> Iterator[Row]:
    """Yield the rows of one corpus; its tweets as the benchmark writes them: ``@user`` for a name, ``http`` for an address."""
    for row in lines(_file(folder, f"{name}/data.jsonl")):
        yield row | {"text": _nameless(row["text"])} if name in _TWEETS else row


def _file(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise KummerkastenError(f"{folder} lacks {name}: it must hold a folder for each licensed corpus (docs/training.md)")
    return folder / name


def _banking(folder: Path) -> list[Row]:
    """Return requests of banking77 that report a trouble of ours."""
    topics = {intent: topic for topic, intents in _BANKING.items() for intent in intents.split()}
    rows = [row for row in _of(folder, "banking77") if row["split"] == "train" and row["labels"]["intent77"] in topics]
    rows = sorted(rows, key=lambda row: digest(row["text"]))[:900]
    return [
        {
            "text": row["text"],
            "lang": "en",
            "origin": "banking77",
            "known": {f"friction:{topics[row['labels']['intent77']]}": 1.0},
        }
        for row in rows
    ]


def _new(text: str, seen: set[str]) -> bool:
    """Say whether a text has words and is none of those *seen*, and note it there."""
    key = bare(text)
    if len(key) < 2 or key in seen:
        return False
    seen.add(key)
    return True


def _nameless(text: str) -> str:
    return re.sub(r"https?://\S+", "http", re.sub(r"@\w+", "@user", text))
