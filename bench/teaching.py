"""How long teaching takes on a desk whose people have spoken about 5,000 mentions, and what it brings on texts it has not seen.

The 5,000 mentions are authored texts of the training part, which the tagger gets right already: good for time alone. What
teaching brings is measured on the development part, which no tagger has learned. People are simulated: each is of the corpus'
opinion about sentiment, reply, urgency and topics, so that they confirm what the tagger had right and correct what it had wrong.
The desk teaches as `kummerkasten teach` does: the whole rehearsal, the whole frozen test part.
"""

import argparse
import resource
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from sqlmodel import Session, col, select, update

from bench.common import machine, say
from desk.config import template
from desk.mention import Mention
from desk.reading import TOPICAL, Tags
from desk.source import Source
from flows.settings import FILE, Settings, load
from flows.work.read import read
from flows.work.teach import Outcome, teach
from nlp.train_data import Row, authored, digest, part_of
from store.mentions import keep
from store.tables import Mention as Stored
from store.tables import Reading
from store.tags import Word, decide, decide_all, tags_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = Source(name="reviews", platform="files")
SIZE = 500
"""Mentions in a page."""


@dataclass(frozen=True)
class Page:
    """What a listener would hand over."""

    mentions: Sequence[Mention]
    cursor: None = None
    deleted: Sequence[str] = ()
    broken: Sequence[object] = ()
    oldest_unread: None = None


@dataclass
class Heard:
    """Counts of what `teach` tells about its progress, by what is counted."""

    counts: dict[str, int] = field(default_factory=dict)

    def __call__(self, what: str, number: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + number


def rows_of(part: str, number: int | None = None) -> list[Row]:
    """Return so many authored texts of a part, always the same."""
    return sorted((row for row in authored() if part_of(row) == part), key=lambda row: digest(row["text"]))[:number]


def fill(settings: Settings, rows: Sequence[Row]) -> None:
    """Let a desk hear the texts and read them."""
    for start in range(0, len(rows), SIZE):
        page = [
            Mention(platform="files", native_id=name, conversation=name, kind="review", text=row["text"], said_at=NOW)
            for row in rows[start : start + SIZE]
            for name in [digest(row["text"])]
        ]
        with settings.session() as session:
            keep(session, SOURCE, Page(page), now=NOW)
    read(settings)


def words(row: Row, stands: Tags) -> Iterator[Word]:
    """Yield what somebody of the corpus' opinion says about a text of which the tagger says what *stands*."""
    yield "sentiment", row["sentiment"], True
    for aspect in ("needs_reply", "urgent"):
        yield aspect, "yes" if row[aspect] else "no", True
    for aspect in TOPICAL:
        for topic in dict.fromkeys([*row[aspect], *getattr(stands, aspect)]):
            yield aspect, topic, topic in row[aspect]


def is_confirmed(word: Word, stands: Tags) -> bool:
    """Say whether somebody says what stands already."""
    aspect, value, holds = word
    if aspect in TOPICAL:
        return (value in getattr(stands, aspect)) is holds
    return value == {True: "yes", False: "no"}.get(getattr(stands, aspect), getattr(stands, aspect))


def speak(settings: Settings, rows: Sequence[Row]) -> tuple[int, int]:
    """Let people confirm and correct every mention; return how many words that were, and how many of them were corrections."""
    by_name, said, wrong = {digest(row["text"]): row for row in rows}, 0, 0
    with settings.session() as session:
        names = dict(session.exec(select(Stored.id, Stored.native_id)).all())
        tags = tags_of(session, [mention_id for mention_id in names if mention_id])
        session.commit()
        for mention_id, stands in tags.items():
            spoken = list(words(by_name[names[mention_id]], stands))
            decide_all(session, mention_id, spoken, "bench", NOW)
            said += len(spoken)
            wrong += sum(not is_confirmed(word, stands) for word in spoken)
    return said, wrong


def one_word_more(session: Session, intent: str) -> None:
    """Let somebody say something new, without which there would be nothing to teach."""
    mention_id = session.exec(select(Stored.id).order_by(col(Stored.id)).limit(1)).one() or 0
    decide(session, mention_id, "intent", intent, True, "bench", NOW)


def measured(settings: Settings, name: str, cache: Path) -> Outcome:
    """Teach, and say how long that took."""
    heard = Heard()
    before, busy = perf_counter(), process_time()
    done = teach(settings, "bench", cache=cache, tell=heard)
    seconds, busy = perf_counter() - before, process_time() - busy
    say(f"  {name:<64} {seconds:6.1f} s, {busy:6.1f} s of processor time")
    counted = ", ".join(f"{number:,} {what}" for what, number in heard.counts.items())
    say(f"    {counted}; {done.version.rpartition('@')[2]}: {done.state}")
    return done


def spoken_about(folder: Path, rows: Sequence[Row]) -> Settings:
    """Return a desk that has heard and read the texts, and whose people have confirmed and corrected all of them."""
    folder.mkdir()
    (folder / FILE).write_text(template("en"), encoding="utf-8")
    settings = load(folder / FILE)
    fill(settings, rows)
    said, wrong = speak(settings, rows)
    say(f"{len(rows):,} mentions about which people have spoken: {said:,} words, {wrong:,} of them corrections")
    return settings


def timed(folder: Path, number: int) -> None:
    """Measure how long teaching takes: the first time, every other time, and after a release."""
    settings = spoken_about(folder / "many", rows_of("train", number))
    measured(settings, "the first time: rehearsal and test part are read", folder / "first")
    with settings.session() as session:
        one_word_more(session, "other")
    measured(settings, "every other time: all vectors are there", folder / "first")
    with settings.session() as session:
        session.execute(update(Reading).values(model="older@1"))
        one_word_more(session, "question")
    measured(settings, "after a release with another encoder: corrections are read too", folder / "second")
    settings.close()
    say(f"Peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, reading the mentions included")


def brought(folder: Path) -> None:
    """Measure what teaching brings on texts that the tagger has not learned."""
    settings = spoken_about(folder / "new", rows_of("dev"))
    done = measured(settings, "texts that the tagger has not learned", folder / "first")
    settings.close()
    if done.report and (agreed := done.report.agreement):
        say(f"    {done.report.taught:,} texts taught, {done.report.held_back:,} held back")
        say(f"    agreement on these: {agreed.before} before, {agreed.after} after (simulated people: no figure for yours)")
    else:
        say(f"    {done.said}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--mentions", type=int, default=5_000)
    number = asked.parse_args().mentions
    say(machine())
    with tempfile.TemporaryDirectory(prefix="kummerkasten-bench-") as folder:
        timed(Path(folder), number)
        brought(Path(folder))


if __name__ == "__main__":
    main()
