"""What customers stumble over or praise: topics, each with a stage of the customer journey and a team that usually answers."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

Language = Literal["de", "en"]
LANGUAGES: tuple[Language, ...] = ("de", "en")


def _in_both(given: Any) -> Any:
    """Read one name for both languages, or fill the language that is missing with the one that is there."""
    if isinstance(given, str):
        return dict.fromkeys(LANGUAGES, given)
    if isinstance(given, Mapping) and (known := [given[language] for language in LANGUAGES if language in given]):
        return dict.fromkeys(LANGUAGES, known[0]) | dict(given)
    return given


def _worded(name: str) -> str:
    if not any(sign.isalnum() for sign in name):
        raise ValueError("a name needs a letter or a digit")
    return name


Named = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_worded)]
Names = Annotated[dict[Language, Named], BeforeValidator(_in_both), Field(min_length=1)]
"""What people read, in German and in English; ``"Kasse"`` stands for both, ``{ de = "Kasse" }`` too."""


class Stage(BaseModel):
    """One stretch of the customer journey."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: Names


class Topic(BaseModel):
    """A friction or praise subject, the stage in which it is met and the team that usually answers.

    A retired topic gets no new tags, and one that is merged into another counts as that one; what they were called stays known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: Names
    description: Names
    stage: str
    team: str
    retired: StrictBool = False
    merged_into: str | None = None


FEWEST = 5
"""Examples without which nothing is known of an own topic."""


_LONGEST = 100
"""Characters in a key: databases keep keys in their indexes, and refuse those of some thousand only when a tag is stored."""


def _key(key: str) -> str:
    if len(key) > _LONGEST:
        raise ValueError(f"a key takes {_LONGEST} characters at most; what people read stands in `name`")
    if not key.isascii() or not key.replace("-", "_").isidentifier() or key != key.lower():
        raise ValueError(f'"{key}" cannot be a key; keys are small letters, digits, "_" and "-", beginning with a letter')
    return key


def _said(text: str) -> str:
    if not any(sign.isalpha() for sign in text):
        raise ValueError("an example without a word in it shows nothing; write what a customer would write")
    return text


Key = Annotated[str, AfterValidator(_key)]
Example = Annotated[str, AfterValidator(_said)]


class OwnTopic(Topic):
    """A topic of a desk's own: it is recognised by examples of what customers write about it.

    Mentions that people mark with it are examples too; where they shall be enough, ``marked`` is true and fewer texts are given.
    """

    key: Key
    examples: tuple[Example, ...] = ()
    counter_examples: tuple[Example, ...] = ()
    """What sounds like it and is about something else."""
    marked: StrictBool = False


class TopicChange(BaseModel):
    """What a desk calls a topic, places it in or hands it to, where that differs; whether it is retired or merged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Names | None = None
    description: Names | None = None
    stage: str | None = None
    team: str | None = None
    retired: StrictBool = False
    merged_into: str | None = None


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

    @cached_property
    def offered(self) -> tuple[Topic, ...]:
        """The topics that may be chosen: those that are neither retired nor merged into others."""
        return tuple(topic for topic in self.topics if not topic.retired and not topic.merged_into)

    @cached_property
    def merged(self) -> Mapping[str, str]:
        """The keys of the topics that are merged into others, and of which."""
        return {topic.key: topic.merged_into for topic in self.topics if topic.merged_into}

    def counts_as(self, key: str) -> str | None:
        """Return the key under which a new tag with *key* stands: another's where it is merged, None where it is retired."""
        topic = self._by_key.get(key)
        if topic is None:
            return key
        return None if topic.retired else topic.merged_into or key

    def topic(self, key: str) -> Topic:
        """Return the topic; raises KeyError where there is none (`name` is the forgiving one)."""
        return self._by_key[key]

    def name(self, key: str, language: Language = "de") -> str:
        """Return a topic's name as people read it; a key that is unknown here (an older taxonomy's) stands for itself.

        Where several topics have one name, as a retired one and its successor may, the key follows it: a choice tells its
        options apart by what they are called, and a person's word must not land on the other topic.
        """
        topic = self._by_key.get(key)
        if topic is None:
            return key
        name = topic.name[language]
        return f"{name} ({key})" if self._names[language, _folded(name)] > 1 else name

    @cached_property
    def _names(self) -> Mapping[tuple[Language, str], int]:
        """How many topics have a name, in each language; capitals and spaces make no difference to people."""
        return Counter((language, _folded(name)) for topic in self.topics for language, name in topic.name.items())

    def stage_name(self, key: str, language: Language = "de") -> str:
        """Return a stage's name as people read it; an unknown key stands for itself."""
        return next((stage.name[language] for stage in self.stages if stage.key == key), key)

    def of_stage(self, key: str) -> tuple[Topic, ...]:
        """Return the topics of one stage of the journey."""
        return tuple(topic for topic in self.topics if topic.stage == key)

    def changed(
        self, changes: Mapping[str, TopicChange], stages: tuple[Stage, ...] = (), own: tuple[OwnTopic, ...] = ()
    ) -> "Taxonomy":
        """Return the taxonomy as a desk wants it: with its *own* topics, other names, stages and teams; keys stay."""
        topics = tuple(_changed(topic, changes.get(topic.key)) for topic in (*self.topics, *own))
        return Taxonomy(stages=stages or self.stages, topics=topics)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _changed(topic: Topic, change: TopicChange | None) -> Topic:
    return topic.model_copy(update=change.model_dump(exclude_none=True, exclude_unset=True)) if change else topic


DEFAULT = Taxonomy.model_validate(tomllib.loads(files("desk").joinpath("taxonomy.toml").read_text(encoding="utf-8")))
"""The taxonomy that ships with the product."""
