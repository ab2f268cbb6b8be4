"""The whole of ``kummerkasten.toml``: read once at a front door, checked whole, loud when wrong.

Secrets never stand in it: a credential is the name of an environment variable.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import PurePath
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from desk import checks, problems, secrecy
from desk.classifier import Classifier
from desk.deadline import Calendar, TimeZone
from desk.errors import ConfigurationError
from desk.problems import Problem
from desk.routing import Rule
from desk.sign_in import Person, SignIn
from desk.source import Retention, Source
from desk.taxonomy import DEFAULT, Key, Language, Names, OwnTopic, Stage, Taxonomy, TopicChange

T = TypeVar("T")


class Team(BaseModel):
    """Who answers: a key that rules name, a name that people read, its members, and where its office hours differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Key
    name: Names
    members: tuple[str, ...] = ()
    calendar: Calendar | None = None


class Desk(BaseModel):
    """One listening company: what it hears, who answers, by which rules, in which hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "Kummerkasten"
    invented: bool = False
    """Whether all that is heard here is invented, as in a demonstration; the dashboard says so."""
    database: str = "sqlite:///kummerkasten.db"
    """A relative SQLite path counts from the folder of the configuration file (see `at`)."""
    language: Language = "de"
    timezone: TimeZone = "Europe/Berlin"
    """In which people read times; inside, everything is UTC."""
    calendar: Calendar = Calendar()
    teams: tuple[Team, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = ()
    retention: Retention | None = None
    """How long what customers said is kept, unless their source says otherwise; without it, until somebody erases it."""
    stages: tuple[Stage, ...] = ()
    """Another customer journey than the default one (a B2B desk's, say)."""
    own_topics: tuple[OwnTopic, ...] = Field(default=(), alias="topics")
    """Topics that the default taxonomy has not: ``[[topics]]`` in the file."""
    taxonomy: dict[str, TopicChange] = {}
    """What differs from the default taxonomy; `topics` is the taxonomy with these changes and the desk's own topics."""
    sign_in: SignIn | None = None
    """Where people sign in; without it, whoever reaches the dashboard may see it."""
    staff: tuple[Person, ...] = Field(default=(), alias="people")
    """Who may sign in: ``[[people]]`` in the file."""
    model: str | None = None
    """Folder of another tagger than the one that ships with the product."""
    classifiers: tuple[Classifier, ...] = ()
    """Classifiers of others that answer in the tagger's place what they are there for."""

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, given: Any) -> Any:
        return _with_calendars(given) if isinstance(given, dict) else given

    @cached_property
    def topics(self) -> Taxonomy:
        """The topics and stages, as this desk names and places them."""
        return DEFAULT.changed(self.taxonomy, self.stages, self.own_topics)

    @cached_property
    def tz(self) -> ZoneInfo:
        """The time zone in which people read times."""
        return ZoneInfo(self.timezone)

    @cached_property
    def _calendars(self) -> Mapping[str, Calendar]:
        return {team.key: team.calendar or self.calendar for team in self.teams}

    def team(self, key: str) -> Team:
        """Return a team; raises ConfigurationError naming those that exist."""
        return _named(key, {team.key: team for team in self.teams}, "team")

    def source(self, name: str) -> Source:
        """Return a source; raises ConfigurationError naming those that exist."""
        return _named(name, {source.name: source for source in self.sources}, "source")

    def retention_of(self, source: str) -> timedelta | None:
        """Return how long what *source* heard is kept; None where for as long as nobody erases it."""
        own = next((one.retention for one in self.sources if one.name == source), None)
        return own or self.retention

    def calendar_of(self, team_key: str) -> Calendar:
        """Return a team's calendar; the desk's where it has none, or where there is no such team any more."""
        return self._calendars.get(team_key, self.calendar)

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who may own a ticket, once: members of teams in the order of the file, then who else may sign in and work."""
        readers = {one.name for one in self.staff if one.role == "reader"}
        members = [member for team in self.teams for member in team.members]
        everybody = dict.fromkeys([*members, *(one.name for one in self.staff)])
        return tuple(name for name in everybody if name not in readers)

    def at(self, folder: PurePath) -> "Desk":
        """Return the desk with what is relative (SQLite file, models, folders of exports) counted from *folder*."""
        return self.model_copy(
            update={
                "database": database_at(self.database, folder),
                "model": str(folder / self.model) if self.model else None,
                "classifiers": tuple(classifier.at(folder) for classifier in self.classifiers),
                "sources": tuple(_source_at(source, folder) for source in self.sources),
            }
        )


def _with_calendars(given: dict[str, Any]) -> dict[str, Any]:
    """Let a team's calendar say only what differs from the desk's, and the desk's take the desk's time zone."""
    zone = {"timezone": given["timezone"]} if "timezone" in given else {}
    common = given.get("calendar", {})
    if not isinstance(common, dict):
        return given
    common = zone | common
    teams = given.get("teams")
    if isinstance(teams, list):
        teams = [_with_calendar(team, common) for team in teams]
    return given | {"calendar": common} | ({"teams": teams} if teams is not None else {})


def _with_calendar(team: Any, common: dict[str, Any]) -> Any:
    own = team.get("calendar") if isinstance(team, dict) else None
    if not isinstance(own, dict):
        return team
    if "country" in own:  # another country's states are others
        common = {key: value for key, value in common.items() if key != "state"}
    return team | {"calendar": common | own}


def database_at(url: str, folder: PurePath) -> str:
    """Return the address of a database; a relative path to a SQLite file counts from *folder*."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path or path.startswith((":memory:", "file:")) or PurePath(path).is_absolute():
        return url
    return f"sqlite:///{(folder / path).as_posix()}"


def _source_at(source: Source, folder: PurePath) -> Source:
    inside = source.options.get("folder")
    if not isinstance(inside, str):
        return source
    return source.model_copy(update={"options": source.options | {"folder": str(folder / inside)}})


def _named(key: str, known: Mapping[str, T], what: str) -> T:
    if key not in known:
        raise ConfigurationError(f'There is no {what} "{key}"{problems.did_you_mean(key, list(known)) or " (there is none yet)"}')
    return known[key]


def read(text: str, where: str = "kummerkasten.toml") -> Desk:
    """Return the desk that *text* describes; raises ConfigurationError that lists everything wrong with it, and where."""
    try:
        doc = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{where} is not TOML: {error}. Is a quotation mark, a comma or a bracket missing?") from error
    wrong = [Problem(path, advice) for path, advice in secrecy.secrets(doc)]
    secret = {problem.path for problem in wrong}
    wrong += checks.whole(doc)
    try:
        desk = Desk.model_validate(doc)
    except ValidationError as error:
        wrong += [problem for problem in problems.of(error, Desk, doc) if problem.path not in secret]
    if wrong:
        raise problems.report(wrong, doc, text.removeprefix("\ufeff"), where)
    return desk


def template(language: Language, name: str = "") -> str:
    """Return the ``kummerkasten.toml`` that ``init`` writes: teams and rules for a web shop, each setting explained."""
    text = files("desk").joinpath("templates", f"init.{language}.toml").read_text(encoding="utf-8")
    return text.replace('"@NAME@"', json.dumps(name or {"de": "Mein Shop", "en": "My shop"}[language], ensure_ascii=False))


def demo(base_url: str, exports: str = "exports", language: Language | None = None) -> str:
    """Return the template with the sources of a sandbox at *base_url* that writes its exports to the folder *exports*.

    Without *language* it names none: each visitor's browser decides.
    """
    sources = files("desk").joinpath("templates", "demo.toml").read_text(encoding="utf-8")
    quoted = {"@BASE_URL@": base_url.rstrip("/"), "@EXPORTS@": json.dumps(exports, ensure_ascii=False)[1:-1]}
    for marker, value in quoted.items():
        sources = sources.replace(marker, value)
    desk = template(language or "de", "Kastanie").replace("# invented = true  ", "invented = true    ")
    return (desk if language else re.sub(r"^language = .*\n", "", desk, flags=re.MULTILINE)) + sources
