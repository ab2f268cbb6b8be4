"""The friction report: what hurt customers in the last days, by stage of their journey, with their words, in Markdown.

It leaves the house: what points to a person is hidden in the quotes, and nothing that strangers wrote is markup.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from desk.config import Desk
from desk.errors import ConfigurationError
from desk.problems import did_you_mean
from desk.taxonomy import Language
from flows.plain import plain as printable
from flows.settings import Settings
from nlp.redact import redact
from store import friction
from store.friction import FrictionRow, Quote, Scope

_MARKUP = re.compile(r"[\\`*_\[\]<>|~^]|^[#+-]|(?<=\w):(?=//)|(?<=www)\.|&(?=#?\w+;)")
"""What Markdown would obey, what would make an address a link, and what would stand for another sign."""
_SHOWN = 280
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "de": {
        "title": "Reibung vom {first} bis {last}",
        "nothing": "In dieser Zeit hat sich niemand über etwas geärgert, das ein Thema hätte.",
        "silence": "In dieser Zeit wurde nichts gehört. Sind die Quellen in Ordnung? `kummerkasten status` sagt es.",
        "sum": "Menschen, die sich über etwas ärgerten: **{people}**. Themen: **{topics}**. Gehört: {heard}.",
        "unread": "Davon noch nicht gelesen: **{unread}**. Der Bericht ist erst danach vollständig.",
        "head": "| Thema | Menschen | zuvor | Erwähnungen | eilig | Team |",
        "new": "neu",
        "voices": "Was sie sagen",
        "no_stage": "Ohne Abschnitt",
        "how": "Jeder Mensch zählt je Thema und Abschnitt einmal, ohne Namen jede Erwähnung. „Zuvor“ sind die {days} Tage davor. "
        "Was auf eine Person hinweist, ist in den Zitaten verborgen, so gut ein Programm das kann: vor dem Weitergeben lesen.",
    },
    "en": {
        "title": "Friction from {first} to {last}",
        "nothing": "Nobody was annoyed about anything that has a topic in this time.",
        "silence": "Nothing was heard in this time. Are the sources well? `kummerkasten status` tells.",
        "sum": "People who were annoyed: **{people}**. Topics: **{topics}**. Mentions heard: {heard}.",
        "unread": "Not read yet: **{unread}** of them. The report is complete only then.",
        "head": "| Topic | People | before | Mentions | urgent | Team |",
        "new": "new",
        "voices": "What they say",
        "no_stage": "Without a stage",
        "how": "Each person counts once per topic and stage, without a name each mention does. “Before” are the {days} days "
        "before. What points to a person is hidden in the quotes as well as a program can: read them before you pass them on.",
    },
}


@dataclass(frozen=True)
class Report:
    """What hurt in a period: people per stage of the journey and in all, topics by people, and words about the first of them."""

    scope: Scope
    people: int
    stages: Mapping[str, int]
    rows: Sequence[FrictionRow]
    quotes: Mapping[str, Sequence[Quote]] = field(default_factory=dict)
    heard: int = 0
    unread: int = 0

    @property
    def days(self) -> int:
        """How many days it is about."""
        return (self.scope.until - self.scope.since).days


@dataclass(frozen=True)
class Wanted:
    """How many whole days back, on which platform, and how many voices about how many topics."""

    days: int = 7
    platform: str | None = None
    topics: int = 5
    voices: int = 3


def report(settings: Settings, wanted: Wanted, now: datetime) -> Report:
    """Return what hurt in the last whole days of the desk's time zone, yesterday the last of them.

    Raises ConfigurationError where nothing was ever heard from the platform that is asked for.
    """
    today = now.astimezone(settings.desk.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    scope = Scope(today - timedelta(days=wanted.days), today, wanted.platform)
    stage_of = {topic.key: topic.stage for topic in settings.desk.topics.topics}
    with settings.session(write=False) as session:
        if wanted.platform and wanted.platform not in (known := friction.platforms(session)):
            raise ConfigurationError(f'Nothing was heard from "{wanted.platform}"{did_you_mean(wanted.platform, known)}')
        heard, unread = friction.heard(session, scope)
        rows = friction.friction(session, scope)
        stages = friction.stages(session, scope, stage_of)
        people = friction.stages(session, scope, {}).get("", 0)
        quotes = {row.topic: friction.quotes(session, scope, row.topic, wanted.voices) for row in rows[: wanted.topics]}
    return Report(scope, people, stages, rows, quotes, heard, unread)


def as_json(found: Report) -> dict[str, Any]:
    """Return the numbers of a report for scripts: no words of anybody."""
    last = found.scope.until - timedelta(days=1)
    return {
        "first": str(found.scope.since.date()),
        "last": str(last.date()),
        "heard": found.heard,
        "unread": found.unread,
        "people": found.people,
        "stages": dict(found.stages),
        "topics": [asdict(row) for row in found.rows],
    }


def markdown(found: Report, desk: Desk, language: Language | None = None) -> str:
    """Return a report in Markdown, in the desk's language unless another is asked for."""
    return "\n\n".join(_parts(found, desk, language or desk.language)) + "\n"


def _parts(found: Report, desk: Desk, language: Language) -> Iterator[str]:
    said = _WORDS[language]
    last = found.scope.until - timedelta(days=1)
    title = said["title"].format(first=_day(found.scope.since, language), last=_day(last, language))
    where = f" ({plain(_platform(found.scope.platform))})" if found.scope.platform else ""
    yield f"# {plain(desk.name)}: {title}{where}"
    if found.unread:
        yield said["unread"].format(unread=found.unread)
    if not found.rows:
        yield said["nothing" if found.heard else "silence"]
        return
    yield said["sum"].format(people=found.people, topics=len(found.rows), heard=found.heard)
    for stage, people in sorted(found.stages.items(), key=lambda one: -one[1]):
        rows = [row for row in found.rows if _stage(row, desk) == stage]
        name = desk.topics.stage_name(stage, language) if stage else said["no_stage"]
        yield f"## {plain(name)} ({people})"
        table = [said["head"], "|---|--:|--:|--:|--:|---|", *(_row(row, desk, language) for row in rows)]
        yield "\n".join(table)
    yield f"## {said['voices']}"
    for topic, quotes in found.quotes.items():
        yield f"### {plain(desk.topics.name(topic, language))}"
        yield from (_quote(quote, desk, language) for quote in quotes)
    yield f"*{said['how'].format(days=found.days)}*"


def _stage(row: FrictionRow, desk: Desk) -> str:
    return next((topic.stage for topic in desk.topics.topics if topic.key == row.topic), "")


def _row(row: FrictionRow, desk: Desk, language: Language) -> str:
    topic = next((one for one in desk.topics.topics if one.key == row.topic), None)
    team = next((one.name[language] for one in desk.teams if topic and one.key == topic.team), "")
    before = _WORDS[language]["new"] if row.new else "" if row.people_before is None else str(row.people_before)
    cells = (plain(desk.topics.name(row.topic, language)), row.people, before, row.mentions, row.urgent or "", plain(team))
    return f"| {' | '.join(map(str, cells))} |"


def _quote(quote: Quote, desk: Desk, language: Language) -> str:
    mention = quote.mention
    words = " ".join(redact(f"{mention.title}\n{mention.text}".strip()).text.split())  # a line each, as they are read elsewhere
    cut = words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1].rstrip()}…"
    return f"> {plain(cut)}  \n> *{plain(_platform(mention.platform))}, {_day(mention.said_at.astimezone(desk.tz), language)}*"


def _platform(key: str) -> str:
    return key.replace("_", " ").title()


def _day(moment: datetime, language: Language) -> str:
    return f"{moment:%d.%m.%Y}" if language == "de" else f"{moment.day} {moment:%b %Y}"


def plain(text: str) -> str:
    """Return *text* as Markdown that shows it, on one line, and obeys nothing in it."""
    shown = _MARKUP.sub(lambda found: f"\\{found[0]}", printable(text))
    return re.sub(r"^(\d{1,9})([.)])", r"\1\\\2", shown)  # or a year at the beginning is a list
