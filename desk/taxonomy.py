"""What customers stumble over or praise: topics, each with a stage of the customer journey and a team that usually answers."""

import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Language = Literal["de", "en"]
LANGUAGES: tuple[Language, ...] = ("de", "en")


def _in_both(given: Any) -> Any:
    """Read one name for both languages, or fill the language that is missing with the one that is there."""
    if isinstance(given, str):
        return dict.fromkeys(LANGUAGES, given)
    if isinstance(given, Mapping) and (known := [given[language] for language in LANGUAGES if language in given]):
        return dict.fromkeys(LANGUAGES, known[0]) | dict(given)
    return given


Named = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[dict[Language, Named], BeforeValidator(_in_both), Field(min_length=1)]
"""What people read, in German and in English; ``"Kasse"`` stands for both, ``{ de = "Kasse" }`` too."""


class Stage(BaseModel):
    """One stretch of the customer journey."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: Names


class Topic(BaseModel):
    """A friction or praise subject, the stage in which it is met and the team that usually answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: Names
    description: Names
    stage: str
    team: str


class TopicChange(BaseModel):
    """What a desk calls a topic, places it in or hands it to, where that differs from the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Names | None = None
    description: Names | None = None
    stage: str | None = None
    team: str | None = None


class Taxonomy(BaseModel):
    """All topics and stages of a desk, in the order in which people read them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stages: tuple[Stage, ...]
    topics: tuple[Topic, ...]

    @cached_property
    def _by_key(self) -> Mapping[str, Topic]:
        return {topic.key: topic for topic in self.topics}

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the topics, in order."""
        return tuple(self._by_key)

    def topic(self, key: str) -> Topic:
        """Return the topic; raises KeyError where there is none (`name` is the forgiving one)."""
        return self._by_key[key]

    def name(self, key: str, language: Language = "de") -> str:
        """Return a topic's name as people read it; a key that is unknown here (an older taxonomy's) stands for itself."""
        topic = self._by_key.get(key)
        return topic.name[language] if topic else key

    def stage_name(self, key: str, language: Language = "de") -> str:
        """Return a stage's name as people read it; an unknown key stands for itself."""
        return next((stage.name[language] for stage in self.stages if stage.key == key), key)

    def of_stage(self, key: str) -> tuple[Topic, ...]:
        """Return the topics of one stage of the journey."""
        return tuple(topic for topic in self.topics if topic.stage == key)

    def changed(self, changes: Mapping[str, TopicChange], stages: tuple[Stage, ...] = ()) -> "Taxonomy":
        """Return the taxonomy as a desk wants it: other names, stages and teams; keys stay what the tagger answers with."""
        topics = tuple(_changed(topic, changes.get(topic.key)) for topic in self.topics)
        return Taxonomy(stages=stages or self.stages, topics=topics)


def _changed(topic: Topic, change: TopicChange | None) -> Topic:
    return topic.model_copy(update=change.model_dump(exclude_none=True)) if change else topic


DEFAULT = Taxonomy.model_validate(tomllib.loads(files("desk").joinpath("taxonomy.toml").read_text(encoding="utf-8")))
"""The taxonomy that ships with the product."""
