"""What the model in use says of itself: its name, its thresholds and how good it was measured, from the card beside it."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

CARD, TEXT = "card.json", "MODEL_CARD.md"


def _figure(given: Any) -> Any:
    """Read a number without an interval as one that lies where it is."""
    return (given, given, given) if isinstance(given, int | float) else given


Figure = Annotated[tuple[float, float, float], BeforeValidator(_figure)]
"""A value, and the range in which it lies with 95 % confidence: value, low, high."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class Label(_Said):
    """How good one label is, a topic or an answer; ``texts`` is how many texts truly have it."""

    key: str
    texts: int
    precision: Figure
    recall: Figure
    f1: Figure

    @property
    def topic(self) -> str:
        """The topic, without its aspect."""
        return self.key.partition(":")[2] or self.key


class Unsure(_Said):
    """What the model itself calls unsure in a task, as shares of texts and of questions.

    ``all`` and ``sure`` say how good all its answers are, and those that are not unsure.
    """

    texts: float
    questions: float
    all: Figure
    sure: Figure


class Doubts(_Said):
    """What the model itself calls unsure, in all and by task."""

    texts: float
    questions: float
    tasks: Mapping[str, Unsure] = {}


class Measured(_Said):
    """Figures on one set of texts. ``abstention`` holds (share answered, share of these right) for each task.

    ``calibration_likely`` counts only topics that were found likelier than one in ten; ``by_training`` groups texts by whether
    the model learned from others of their sector or dataset.
    """

    name: str
    texts: int
    figures: Mapping[str, Figure]
    labels: Mapping[str, Sequence[Label]] = {}
    by_language: Mapping[str, Mapping[str, Figure]] = {}
    by_kind: Mapping[str, Mapping[str, Figure]] = {}
    by_training: Mapping[str, Mapping[str, Figure]] = {}
    calibration: Mapping[str, float] = {}
    calibration_likely: Mapping[str, float] = {}
    abstention: Mapping[str, Sequence[tuple[float, float]]] = {}
    unsure: Doubts | None = None


class Choice(_Said):
    """What one could use instead, on the same texts."""

    name: str
    figures: Mapping[str, Figure]


class Evaluation(_Said):
    """All that was measured."""

    made_at: str = ""
    machine: str = ""
    sets: Sequence[Measured] = ()
    choices: Sequence[Choice] = ()


class Card(_Said):
    """A model's card; ``text`` is the card for readers, in Markdown."""

    name: str
    version: str
    columns: Sequence[str] = ()
    thresholds: Mapping[str, float] = {}
    evaluation: Evaluation | None = None
    text: str = ""

    @property
    def model(self) -> str:
        """Name and version, as tags are signed with it."""
        return f"{self.name}@{self.version}"

    def made(self, reading: str) -> bool:
        """Say whether a reading of this signature was made by this model, or by what it was taught since (``name@version+1``)."""
        return reading.partition("+")[0] == self.model

    @property
    def topics(self) -> int:
        """How many topics of friction it knows."""
        return sum(column.startswith("friction:") for column in self.columns)


def folder(configured: str | None) -> Path:
    """Return where the model in use lies: what the desk names, or what ships with the product."""
    return Path(configured) if configured else Path(str(files("nlp"))) / "model"


def changed(where: Path) -> int:
    """Return when the card was last written; 0 where there is none."""
    try:
        return (where / CARD).stat().st_mtime_ns
    except OSError:
        return 0


def read(where: Path) -> Card | None:
    """Return the card of the model in *where*, None where it cannot be read; figures that make no sense are left out."""
    try:
        said = json.loads((where / CARD).read_text(encoding="utf-8"))
        card = Card.model_validate(said | {"evaluation": None, "text": _text(where)})
    except (OSError, ValueError, TypeError):
        return None
    try:
        return card.model_copy(update={"evaluation": Evaluation.model_validate(said["evaluation"])})
    except (KeyError, ValidationError):
        return card


def _text(where: Path) -> str:
    """Return the card for readers: beside the model, or one folder up, where the product keeps its own."""
    for place in (where / TEXT, where.parent / TEXT):
        try:
            return place.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return ""
