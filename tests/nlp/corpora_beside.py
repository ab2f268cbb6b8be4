"""Licensed corpora that lie beside the project, as tests make them: with invented texts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES = (
    "xlmt_sentiment_de", "xlmt_sentiment_en", "tweeteval_sentiment_en", "sb10k", "potts", "mobasa", "guhr_emotions_de",
    "m_absa_de", "m_absa_en", "womens_clothing_subset_en", "banking77",
)  # fmt: skip


@dataclass(frozen=True)
class Corpora:
    """Corpora that hold nothing until something is said in them."""

    folder: Path

    def say(self, name: str, text: str, sentiment: str | None, split: str = "train", lang: str = "de", **labels: Any) -> None:
        """Write one more text into a corpus."""
        given = {"sentiment": sentiment, **labels}
        row = {"text": text, "lang": lang, "split": split, "labels": given, "mapped": {"sentiment": sentiment}}
        with (self.folder / name / "data.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
