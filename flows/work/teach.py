"""Teach the tagger what people corrected: fit, judge, store, and go live only where it is no worse (guarantee 8)."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from desk.errors import ConfigurationError
from desk.reading import TOPICAL
from flows.settings import Settings
from flows.work.common import Clock, Tell, silent, utc_now
from nlp.encoder import Vectors
from nlp.heads import Heads
from nlp.judge import Report, judge
from nlp.tagger import OnnxTagger, tagger
from nlp.teach import Texts, corrected, fit, lesson, split
from nlp.train_data import Row, authored, digest, part_of
from nlp.vectors import cache_folder, completed, remembered, stored
from nlp.versions import base_of, named, on, packed
from store import models
from store.corrections import Corrected, corrections

_TAKEN_BACK = "Nothing is left of what {name} was taught (taken back, or erased): the tagger reads again as it came."
_TOO_FEW = (
    "What people have corrected so far is held back to judge by, as a fifth of the texts is, chosen by what is said in them. "
    "There is nothing to learn from yet: correct some more"
)
_ALL_RIGHT = "People have found right what the tagger says, wherever they have spoken; there is nothing to teach."


@dataclass(frozen=True)
class Outcome:
    """What one teaching came to. ``state`` is live, refused, dry-run, or nothing (``said`` says why)."""

    state: str
    said: str
    version: str = ""
    against: str = ""
    corrections: int = 0
    left_out: int = 0
    report: Report | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as ``kummerkasten teach --json`` prints it."""
        return {
            "state": self.state,
            "said": self.said,
            "version": self.version,
            "against": self.against,
            "corrections": self.corrections,
            "left_out": self.left_out,
            "report": self.report.as_json() if self.report else None,
        }


@dataclass(frozen=True)
class Lesson:
    """What people said, text by text; ``vectors`` are as the shipped encoder makes them."""

    rows: Sequence[Row]
    vectors: Vectors
    left_out: int

    @property
    def fingerprint(self) -> str:
        """The same as long as people have said the same."""
        said = sorted(json.dumps(row | {"text": digest(row["text"])}, sort_keys=True) for row in self.rows)
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


def teach(
    settings: Settings,
    by: str,
    *,
    dry_run: bool = False,
    clock: Clock = utc_now,
    tell: Tell = silent,
    cache: Path | None = None,
) -> Outcome:
    """Teach what people have corrected and say what came of it; with *dry_run* nothing is stored.

    Each version is fitted anew from the shipped heads with all corrections that stand, so taking a correction back is taking it
    back, and weeks do not add up to a drift. Raises ConfigurationError where the desk has a model of its own.
    """
    if settings.desk.model:
        said = (
            "kummerkasten.toml names a `model` of its own; only the tagger that ships can be taught. Leave `model` out for that"
        )
        raise ConfigurationError(said)
    shipped = tagger()
    with settings.session(write=False) as session:
        found = corrections(session)
        name, live = models.next_name(session, shipped.model), models.live_for(session, shipped.model)
        newest = next((one for one in models.versions(session) if one.encoder == shipped.model), None)
    learned = lesson_of(found, shipped, partial(tell, "corrections"), settings.desk.topics.merged)
    if not learned.rows:
        if live and not dry_run:
            with settings.session() as session:
                models.back_to_shipped(session)
            return Outcome("nothing", _TAKEN_BACK.format(name=live.name), shipped.model, live.name, left_out=learned.left_out)
        return Outcome("nothing", _nothing_said(learned), left_out=learned.left_out)
    if newest and newest.card.get("lesson") == learned.fingerprint and not dry_run:
        return Outcome(
            "nothing", f"Nobody has corrected or confirmed anything since {newest.name} ({newest.state}).", newest.name
        )
    before = (on(shipped, live.heads, live.card) if live else shipped).heads
    heads, report = _fitted(shipped, before, learned, tell, cache or cache_folder())
    if heads is before:
        said = _TOO_FEW if corrected(shipped.heads, Texts(learned.rows, learned.vectors)) else _ALL_RIGHT
        return Outcome("nothing", said, corrections=len(learned.rows), left_out=learned.left_out)
    done = Outcome(
        state="dry-run",
        said=report.reason,
        version=name,
        against=before.model,
        corrections=len(learned.rows),
        left_out=learned.left_out,
        report=report,
    )
    return done if dry_run else _stored(settings, done, named(heads, name), learned, by, live.name if live else "", clock)


def _stored(settings: Settings, done: Outcome, heads: Heads, learned: Lesson, by: str, against: str, clock: Clock) -> Outcome:
    """Store the version that was taught, live where it is good."""
    assert done.report  # noqa: S101
    data, card = packed(heads)
    card |= {"lesson": learned.fingerprint, "against": done.against, "report": done.report.as_json()}
    taught = models.Taught(
        name=done.version,
        encoder=base_of(done.version),
        by=by,
        heads=data,
        card=card,
        corrections=done.corrections,
        good=done.report.good,
        against=against,
    )
    with settings.session() as session:
        return replace(done, state=models.add(session, taught, clock()).state)


def lesson_of(
    found: Sequence[Corrected], shipped: OnnxTagger, tell: Callable[[int], None], merged: Mapping[str, str] | None = None
) -> Lesson:
    """Return what can be taught of corrections. The same text twice is one example, for which the latest word counts.

    *merged* says which topics count as which others, and so what a no about one of those denies.
    """
    rows: dict[str, Row] = {}
    vectors: dict[str, Vectors | None] = {}
    left_out = 0
    for one in found:
        row = lesson(one.text, one.language or "und", _answers(one, merged or {})) if one.text.strip() else None
        if row is None:
            left_out += 1
            continue
        key = digest(one.text)
        older = rows.get(key, {})
        rows[key] = older | row | {"known": older.get("known", {}) | row["known"]}
        ours = base_of(one.model) == shipped.model  # or else another encoder made the vector
        vectors[key] = stored(one.embedding) if ours and vectors.get(key) is None else vectors.get(key)
    texts = [row["text"] for row in rows.values()]
    return Lesson(list(rows.values()), completed(shipped.encoder, texts, list(vectors.values()), tell), left_out)


def _answers(one: Corrected, merged: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    """Return what people said about a text. Who denies a topic denies what is merged into it: either would bring it back."""
    said = {(answer.aspect, answer.value): answer.holds for answer in one.answers}
    denied = [(aspect, topic) for (aspect, topic), holds in said.items() if aspect in TOPICAL and not holds]
    parts = [(aspect, old) for aspect, topic in denied for old, into in merged.items() if into == topic]
    return [(aspect, value, holds) for (aspect, value), holds in (dict.fromkeys(parts, False) | said).items()]


def _fitted(shipped: OnnxTagger, before: Heads, learned: Lesson, tell: Tell, cache: Path | None) -> tuple[Heads, Report]:
    """Return the taught heads, and how they compare with those that read until now."""
    corpus = authored()
    old, asked = ([row for row in corpus if part_of(row) == part] for part in ("train", "test"))
    texts = [row["text"] for row in (*old, *asked)]
    vectors = remembered(shipped.encoder, texts, cache, partial(tell, "texts to compare with"))
    rehearsal, exam = Texts(old, vectors[: len(old)]), Texts(asked, vectors[len(old) :])
    taught, held_back = split(Texts(learned.rows, learned.vectors), exam)
    heads = fit(shipped.heads, taught, rehearsal)
    return heads, judge(before, heads, exam, held_back, len(taught))


def _nothing_said(learned: Lesson) -> str:
    if learned.left_out:
        return f"What people said ({learned.left_out} mentions) is nothing that the tagger answers; there is nothing to teach."
    return (
        "Nobody has corrected a tag yet, or confirmed one, so there is nothing to teach. Open a conversation in the dashboard "
        "and choose “Right as it is” or “Correct it” below the tags; what is said there is taught next time."
    )


def markdown(done: Outcome) -> str:
    """Return a teaching in Markdown, for whoever looks at the run in Prefect."""
    if done.report is None:
        return done.said
    rows = [*done.report.figures.items()]
    rows += [("agreement with people", done.report.agreement)] if done.report.agreement else []
    lines = [f"| {name} | {one.before} | {one.after} | {one.difference.value:+.3f} |" for name, one in rows]
    head = [f"| figure | {done.against} | {done.version} | difference |", "|---|---|---|---|"]
    counts = f"{done.report.taught} texts taught, {done.report.held_back} held back."
    return "\n\n".join([f"**{done.version}: {done.state}.** {done.said}", "\n".join(head + lines), counts])
