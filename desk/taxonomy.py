"""What customers stumble over or praise: topics, each with a stage of the customer journey and a team that usually answers."""

import tomllib
from collections.abc import Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["de", "en"]
Names = dict[Language, str]


class Stage(BaseModel):
    """One stretch of the customer journey."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: Names


class Topic(BaseModel):
    """A friction or praise subject."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")
    name: Names
    description: Names
    stage: str
    team: str


class Taxonomy(BaseModel):
    """All topics and stages of a desk, in the order in which people read them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stages: tuple[Stage, ...]
    topics: tuple[Topic, ...]

    @cached_property
    def by_key(self) -> Mapping[str, Topic]:
        """The topics by their keys."""
        return {topic.key: topic for topic in self.topics}

    def name(self, key: str, language: Language) -> str:
        """Return a topic's name as people read it; a key that is unknown here (an older taxonomy's) stands for itself."""
        topic = self.by_key.get(key)
        return topic.name[language] if topic else key

    def stage_name(self, key: str, language: Language) -> str:
        """Return a stage's name as people read it."""
        return next((stage.name[language] for stage in self.stages if stage.key == key), key)

    def renamed(self, names: Mapping[str, Names]) -> "Taxonomy":
        """Return the taxonomy with other names for some topics."""
        topics = tuple(
            topic.model_copy(update={"name": topic.name | names[topic.key]}) if topic.key in names else topic
            for topic in self.topics
        )
        return self.model_copy(update={"topics": topics})


@lru_cache(maxsize=1)
def default() -> Taxonomy:
    """Return the taxonomy that ships with the product (``desk/taxonomy.toml``)."""
    return Taxonomy.model_validate(tomllib.loads(files("desk").joinpath("taxonomy.toml").read_text(encoding="utf-8")))
