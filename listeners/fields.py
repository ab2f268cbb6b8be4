"""What sources say whose items are mapped: where in an item each thing stands, and how it is written."""

from datetime import tzinfo
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from desk.mention import Kind

Path = Annotated[str, AfterValidator(str.strip)]


def _several(given: object) -> object:
    return (given,) if isinstance(given, str) else given


Paths = Annotated[tuple[Path, ...], BeforeValidator(_several)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f'"{name}" is no time zone; write for example "Europe/Berlin"') from error
    return name


class Fields(BaseModel):
    """Where in an item each thing stands: ``"body.text"``, ``"answers.0.text"``, ``"answers.*.text"`` (all of a list)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Paths
    """One path, or several whose words are put below each other."""
    id: Path = ""
    time: Path = ""
    edited: Path = ""
    title: Path = ""
    author: Path = ""
    author_id: Path = ""
    url: Path = ""
    parent: Path = ""
    conversation: Path = ""
    stars: Path = ""
    language: Path = ""
    kind: Path = ""
    ours: Path = ""
    """Stands for the company's own words where it says true, "agent", "staff", "outbound" or the like."""
    attachments: Path = ""
    answer: Path = ""
    """The company's answer, where it stands in the item it answers."""
    answer_time: Path = ""


class Mapped(BaseModel):
    """What sources say whose items are mapped: where things stand, and how they are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: Fields
    kind: Kind = "comment"
    kinds: dict[str, Kind] = {}
    """What the words at ``fields.kind`` mean, where they are not Kummerkasten's own."""
    scale: tuple[float, float] = (1, 5)
    """The worst and the best rating: ``[0, 10]``, or ``[6, 1]`` for German school grades."""
    html: bool = False
    """Whether texts are HTML."""
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Of times that are written without one."""
    month_first: bool = False
    """Whether dates like 02/03/2026 are American."""
    link: str = ""
    """An address with ``{id}`` in it, where the items bring none."""
    our_authors: tuple[str, ...] = ()
    """Names or ids of authors who speak for the company."""
    ids: str = ""
    """What stands before every id, so that two systems never share one; the source's name where empty."""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if not any(self.fields.text):
            raise ValueError('fields.text says where the words stand: fields = { text = "body" }')
        if self.scale[0] == self.scale[1]:
            raise ValueError("scale names the worst and the best rating: scale = [0, 10]")
        if self.link and "{id}" not in self.link:
            raise ValueError('link must hold {id}: link = "https://example.com/reviews/{id}"')
        return self

    @property
    def zone(self) -> tzinfo:
        """The time zone of times without one."""
        return ZoneInfo(self.time_zone)
