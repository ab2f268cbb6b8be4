"""Teachers of sentiment alone, whose opinion of tweets and licensed reviews students learn (extra ``train``).

Each corpus has its own idea of what is neutral: one calls an offer that pleases neutral, another positive. A model that must
answer for all with one head learns none of them well. So these teachers share the encoder and have a head per `Group` of corpora
that were judged alike; students hear what the head of the public benchmark's group says of every tweet.

- How often an answer is given differs from corpus to corpus too. Each corpus' own shares are added to the logits in training
  (Menon et al. 2021), so that heads say what a text speaks for, as if all answers were equally frequent.
- Labels of short tweets are doubtful. Each tweet of the benchmark's kind lies in one of three folds, and students hear of it only
  from teachers which never saw its label.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from desk.errors import KummerkastenError
from nlp.finetune import features, finetune, load, regress
from nlp.heads import CHOICES, CHOSEN, Numbers
from nlp.lessons import Lessons, Plan, tokenised
from nlp.train_data import Row, digest
from nlp.whole import whole

ANSWERS = CHOICES["sentiment"]
FOLDS = 3
_OTHERS = -1e4
"""What is added to the logits of other groups' heads: their answers are none."""


@dataclass(frozen=True)
class Group:
    """Corpora that were judged alike, and how students read them.

    ``weight``: how much a text counts; ``share``: how likely it is read in an epoch; ``trust``: how much its label counts beside
    what the teachers say. ``phases`` are how likely a teacher reads a text in an epoch of each phase: all corpora, mostly tweets,
    hardly anything but the benchmark's own.
    """

    origins: tuple[str, ...]
    phases: tuple[float, float, float]
    weight: float = 1.0
    share: float = 1.0
    trust: float = 1.0


TWEETS = Group(("xlmt_sentiment_de", "xlmt_sentiment_en", "sb10k", "tweeteval_sentiment_en"), (1, 1, 0.75), trust=0.25)
"""The public benchmark's: SB10k in German, SemEval-2017 in English."""
OTHER_TWEETS = Group(("potts", "mobasa", "guhr_emotions_de"), (0.7, 0.35, 0.1), weight=0.7, share=0.5, trust=0)
OURS = Group(("authored", "real"), (0.6, 0.12, 0.05))
REVIEWS = Group(("m_absa_de", "m_absa_en", "womens_clothing_subset_en"), (0.6, 0.05, 0), weight=0.4, share=0.25, trust=0.4)
GROUPS = (TWEETS, OTHER_TWEETS, OURS, REVIEWS)
COURSES = ((2, 3, 0), (2, 1, 4), (3, 2, 2))
"""Epochs of each phase; teachers take turns, three folds each: those who learned differently err differently."""
PLAN = Plan(rate=3e-4, head_rate=3e-4, batch=128, dropout=0.1, average=0.996)


def group_of(row: Row) -> Group | None:
    """Return which group a row belongs to; none where its corpus says nothing of sentiment."""
    return next((group for group in GROUPS if row["origin"] in group.origins), None)


def teach(base: str, rows: Sequence[Row], number: int, out: Path, most: int = 16_000) -> Numbers:
    """Let teacher *number* learn from the labelled *rows*, leave what its heads say of each row in *out*, and return that.

    Returns (rows, groups, answers): logits. Where *out* is there already, it is read.
    Raises KummerkastenError where that was said of other rows.
    """
    of = hashlib.sha256("".join(digest(row["text"]) for row in rows).encode()).hexdigest()
    if not out.exists():
        tokens = tokenised(base, [row["text"] for row in rows])
        given = lessons_of(rows, tokens, number)
        sample = np.flatnonzero(given.weight)[:: max(1, len(rows) // most)]
        frozen = features(load(base), [tokens[place] for place in sample])
        probe = regress(frozen, given.truth[sample], given.mask[sample], given.weight[sample], cost=cost)
        plan = replace(PLAN, epochs=len(given.share) if given.share is not None else 0, seed=PLAN.seed + number)
        taught = finetune(base, given, probe, plan, cost=cost)
        weights, bias = taught.probe().folded()
        said = features(taught.encoder, tokens) @ weights + bias
        with whole(out.parent) as folder:
            np.savez(folder / out.name, said=said.reshape(len(rows), len(GROUPS), len(ANSWERS)).astype(np.float32), of=of)
    with np.load(out) as kept:
        if kept["of"] != of:
            raise KummerkastenError(
                f"{out} speaks of other texts: the corpora have changed since. Delete it, or name another --work"
            )
        return np.asarray(kept["said"], np.float32)


def lessons_of(rows: Sequence[Row], tokens: list[list[int]], number: int) -> Lessons:
    """Return what teacher *number* learns from: all rows with a sentiment but those of the fold that it must not know.

    ``mask`` is what is added to the logits (see `cost`), ``weight`` is 0 where nothing is learned, ``share`` has a row per epoch.
    """
    truth = np.zeros((len(rows), len(GROUPS) * len(ANSWERS)), np.float32)
    added = np.full_like(truth, _OTHERS)
    usual = _usual(rows)
    taught = np.array([fold_of(row) != number % FOLDS and "sentiment" in row for row in rows])
    phases = np.zeros((len(rows), 3), np.float32)
    for place, row in enumerate(rows):
        if (group := group_of(row)) and "sentiment" in row:
            first = GROUPS.index(group) * len(ANSWERS)
            truth[place, first + ANSWERS.index(row["sentiment"])] = 1
            added[place, first : first + len(ANSWERS)] = usual[row["origin"]]
            phases[place] = group.phases
    phases[~taught] = 0
    epochs = COURSES[number // FOLDS % len(COURSES)]
    share = np.repeat(phases.T, epochs, axis=0)
    return Lessons(tokens, truth, added, (phases.max(axis=1) > 0).astype(np.float32), share)


def cost(logits: torch.Tensor, truth: torch.Tensor, added: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return cross entropy over the answers of each text's own group, mean over texts."""
    return (functional.cross_entropy(logits + added, truth, reduction="none") * weight).sum() / weight.sum()


def opinions(rows: Sequence[Row], said: Sequence[Numbers]) -> Numbers:
    """Return what teachers say of each row (rows, answers), teacher *n* having said *said[n]*.

    Of tweets that is what the benchmark's head says, of reviews what ours says, with how often our customers give each answer.
    Of a tweet in a fold only those speak who never saw its label.
    """
    usual = np.log(
        _shares([row for row in rows if row["origin"] == "real"] or [row for row in rows if row["origin"] in OURS.origins])
    )
    fold = np.array([fold_of(row) for row in rows])
    review = np.array([group_of(row) is REVIEWS for row in rows])
    total, heard = np.zeros((len(rows), len(ANSWERS)), np.float32), np.zeros((len(rows), 1), np.float32)
    for number, logits in enumerate(said):
        odds = np.where(review[:, None], logits[:, GROUPS.index(OURS)] + usual, logits[:, GROUPS.index(TWEETS)])
        powers = np.exp(odds - odds.max(axis=1, keepdims=True))
        speaks = ((fold < 0) | (fold == number % FOLDS))[:, None]
        total += speaks * powers / powers.sum(axis=1, keepdims=True)
        heard += speaks
    return np.asarray(total / np.maximum(heard, 1), np.float32)


def told(rows: Sequence[Row], truth: Numbers, said: Numbers) -> Numbers:
    """Return students' targets with the sentiment of tweets and reviews as teachers have *said*; their labels count a little.

    What our own texts say of sentiment stays.
    """
    found = truth.copy()
    for place, row in enumerate(rows):
        group = group_of(row)
        if group is None or group is OURS:
            continue
        trust = group.trust if "sentiment" in row else 0.0
        label = np.array([answer == row.get("sentiment") for answer in ANSWERS], np.float32)
        found[place, CHOSEN["sentiment"]] = trust * label + (1 - trust) * said[place]
    return found


def fold_of(row: Row) -> int:
    """Return the fold of a text whose label is doubtful; -1 where it is none of the benchmark's kind."""
    return int(digest(row["text"]), 16) // 7 % FOLDS if row["origin"] in TWEETS.origins else -1


def _usual(rows: Sequence[Row]) -> Mapping[str, Numbers]:
    """Return the logarithms of how often each answer is given, by corpus."""
    return {
        origin: np.log(_shares([row for row in rows if row["origin"] == origin])) for origin in {row["origin"] for row in rows}
    }


def _shares(rows: Sequence[Row]) -> Numbers:
    """Return how often each answer is given; one more of each, so that none is never."""
    count = np.array([sum(row.get("sentiment") == answer for row in rows) + 1 for answer in ANSWERS], np.float32)
    return np.asarray(count / count.sum(), np.float32)
