"""The whole of ``kummerkasten.toml``: read once at a front door, checked whole, loud when wrong.

Secrets never stand in it: a credential is the name of an environment variable.
"""

from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from desk import taxonomy
from desk.deadline import Calendar
from desk.errors import ConfigurationError
from desk.routing import Rule, total
from desk.source import Source
from desk.taxonomy import Language, Names, Taxonomy

T = TypeVar("T")


def _in_both(name: object) -> object:
    return {"de": name, "en": name} if isinstance(name, str) else name


class Team(BaseModel):
    """Who answers: a key that rules name, a name that people read, its members, and its own calendar where it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")
    name: Annotated[Names, BeforeValidator(_in_both)]
    members: tuple[str, ...] = ()
    calendar: Calendar | None = None


class Desk(BaseModel):
    """One listening company: what it hears, who answers, by which rules, in which hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "Kummerkasten"
    database: str = "sqlite:///kummerkasten.db"
    language: Language = "de"
    timezone: str = "Europe/Berlin"
    calendar: Calendar = Calendar()
    teams: tuple[Team, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = ()
    topics: dict[str, Annotated[Names, BeforeValidator(_in_both)]] = {}
    """Other names for topics of the taxonomy."""
    model: str | None = None
    """Folder of another tagger than the one that ships with the product."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return Calendar(timezone=name).timezone

    @model_validator(mode="after")
    def _whole(self) -> "Desk":
        if wrong := [*self._twice(), *self._unknown(), *self._untotal()]:
            raise ValueError("; ".join(wrong))
        return self

    def _twice(self) -> list[str]:
        kinds = {
            "team": [t.key for t in self.teams],
            "source": [s.name for s in self.sources],
            "rule": [r.name for r in self.rules],
        }
        return [
            f'two {kind}s are called "{name}"; give one of them another name'
            for kind, names in kinds.items()
            for name in sorted({name for name in names if names.count(name) > 1})
        ]

    def _unknown(self) -> list[str]:
        teams, topics = {team.key for team in self.teams}, taxonomy.default().by_key
        named = [(f'rule "{rule.name}"', topic) for rule in self.rules for topic in (*rule.when.topic, *rule.when.praise)]
        named += [("[topics]", topic) for topic in self.topics]
        sources = {source.name for source in self.sources}
        return [
            *(
                f'rule "{rule.name}" sends to team "{rule.team}", which is not among the teams ({", ".join(sorted(teams))})'
                for rule in self.rules
                if rule.team not in teams
            ),
            *(
                f'{where} names topic "{topic}", which is none of {", ".join(topics)}'
                for where, topic in named
                if topic not in topics
            ),
            *(
                f'rule "{rule.name}" names source "{source}", which is not among the sources'
                for rule in self.rules
                for source in rule.when.source
                if source not in sources
            ),
        ]

    def _untotal(self) -> list[str]:
        if total(self.rules):
            return []
        return ["the last rule must match everything: add a rule without conditions at the end, so that no mention is left over"]

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The topics, under the names that this desk gave them."""
        return taxonomy.default().renamed(self.topics)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which people read times."""
        return ZoneInfo(self.timezone)

    def team(self, key: str) -> Team:
        """Return a team; raises ConfigurationError naming those that exist."""
        return _named(key, {team.key: team for team in self.teams}, "team")

    def source(self, name: str) -> Source:
        """Return a source; raises ConfigurationError naming those that exist."""
        return _named(name, {source.name: source for source in self.sources}, "source")

    def calendar_of(self, team: str) -> Calendar:
        """Return a team's calendar, or the desk's."""
        return next((t.calendar for t in self.teams if t.key == team and t.calendar), self.calendar)

    def people(self) -> tuple[str, ...]:
        """Return every member of every team, once, in the order of the file."""
        return tuple(dict.fromkeys(member for team in self.teams for member in team.members))


def _named(key: str, known: Mapping[str, T], what: str) -> T:
    if key not in known:
        raise ConfigurationError(f'There is no {what} "{key}". {what.capitalize()}s: {", ".join(known) or "none yet"}.')
    return known[key]


def template(language: Language) -> str:
    """Return the ``kummerkasten.toml`` that ``init`` writes: teams and rules for a web shop, each setting explained."""
    return files("desk").joinpath("templates", f"init.{language}.toml").read_text(encoding="utf-8")


def demo(base_url: str, exports: str, language: Language = "de") -> str:
    """Return the template with the sources of a sandbox at *base_url* that writes its exports to the folder *exports*."""
    sources = files("desk").joinpath("templates", "demo-sources.toml").read_text(encoding="utf-8")
    return template(language) + sources.replace("{base_url}", base_url).replace("{exports}", exports)
