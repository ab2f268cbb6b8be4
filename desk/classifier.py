"""A classifier of somebody else's, plugged in: which one, what it answers here, and what its labels mean to us.

It is named so exactly that it cannot change unseen: a model of the Hugging Face hub by the commit, a folder by what it holds.
"""

import re
from collections.abc import Iterable
from pathlib import PurePath, PureWindowsPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from desk.problems import did_you_mean
from desk.reading import INTENTS, SENTIMENTS, TOPICAL
from desk.taxonomy import DEFAULT

Answered = Literal["sentiment", "intent", "needs_reply", "urgent", "friction", "praise"]
CHOICES = ("sentiment", "intent")
"""What has one answer of several; everything else is answered with yes or no."""
ANSWERS: dict[str, tuple[str, ...]] = {
    "sentiment": SENTIMENTS,
    "intent": INTENTS,
    "needs_reply": ("yes", "no"),
    "urgent": ("yes", "no"),
    **dict.fromkeys(TOPICAL, DEFAULT.keys),
}
"""The words of ours that a label may mean, by what is answered."""
WHY_PINNED = "what answers today must answer tomorrow, and a branch or a tag can move"
_HUB = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT = 7


def _commit(given: str) -> str:
    if not _COMMIT.fullmatch(given):
        raise ValueError(
            f"write the full commit, 40 digits and letters a-f: {WHY_PINNED}. It stands on the model's page under Files, History"
        )
    return given


def _language(given: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}", given):
        raise ValueError(f'"{given}" is no language here; write its code, for example "de" or "en"')
    return given


class Classifier(BaseModel):
    """One sequence classifier: it answers ``answers`` in place of the tagger, in texts of ``languages`` (all where empty).

    ``labels`` says what the model's labels mean: ``{"LABEL_0": "negative"}``; labels that are not named are ignored. From
    ``threshold`` on, a yes-or-no question or a topic is a yes. ``revision`` is the hub's commit; None for a folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1)
    revision: Annotated[str, AfterValidator(_commit)] | None = None
    answers: Answered
    labels: dict[str, str] = Field(min_length=1)
    threshold: float = Field(default=0.5, gt=0, lt=1)
    languages: tuple[Annotated[str, AfterValidator(_language)], ...] = ()

    @field_validator("labels")
    @classmethod
    def _ours(cls, labels: dict[str, str], given: ValidationInfo) -> dict[str, str]:
        answers = given.data.get("answers")
        if wrong := _wrong(labels, answers) if answers else "":
            raise ValueError(wrong)
        return labels

    @property
    def name(self) -> str:
        """What it signs as, before the "@": the hub's name, or that of the folder."""
        plain = self.model if self.revision else PureWindowsPath(self.model).name
        return re.sub(r"[^\w./-]", "-", plain) or "folder"

    @property
    def questions(self) -> frozenset[str]:
        """What it answers, as a reading's ``unsure`` names it: ``sentiment``, ``urgent``, ``friction:payment``."""
        return frozenset(questions(self.answers, self.labels.values()))

    def reads(self, language: str) -> bool:
        """Say whether texts of this language are its business."""
        return not self.languages or language in self.languages

    def signs(self, model: str) -> bool:
        """Say whether a reading that is signed *model* has its answers."""
        mine = f"{self.name}@{self.revision[:_SHORT]}" if self.revision else f"{self.name}@"
        return any(part.startswith(mine) for part in model.split("+")[1:])

    def signature(self, content: str = "") -> str:
        """Return ``name@commit``; for a folder, ``name@`` and the beginning of *content*, a hash of what it holds."""
        return f"{self.name}@{(self.revision or content)[:_SHORT]}"

    def at(self, folder: PurePath) -> "Classifier":
        """Return it with its folder, where it is one, counted from *folder*."""
        return self if self.revision else self.model_copy(update={"model": str(folder / self.model)})


def _wrong(labels: dict[str, str], answers: str) -> str:
    """Return what cannot be meant, empty where all is well."""
    known = ANSWERS[answers]
    for label, word in labels.items():
        if word not in known:
            return f'"{word}", for the label "{label}", is nothing that {answers} can be{did_you_mean(word, known)}'
    if answers in CHOICES and len(set(labels.values())) == 1:
        return (
            f"all labels mean the same, so there is nothing to choose; name those for the other answers too: {', '.join(known)}"
        )
    if "yes" in known and "yes" not in labels.values():
        return 'no label means "yes"; name at least one that does'
    return ""


def questions(answers: str, words: Iterable[str]) -> set[str]:
    """Return which questions labels answer that mean *words*."""
    return {f"{answers}:{word}" for word in words} if answers in TOPICAL else {answers}


def is_folder(model: str) -> bool:
    """Say whether *model* is a folder, and not a name on the hub: ``./mine``, ``/srv/mine``, ``C:\\mine``."""
    return not _HUB.fullmatch(model)


def without_plugged(model: str) -> str:
    """Return the part of a signature that names the tagger itself: ``a@1+2`` of ``a@1+2+owner/name@1a2b3c4``."""
    first, *more = model.split("+")
    return "+".join([first, *(part for part in more if "@" not in part)])


def answering(classifiers: Iterable[Classifier], model: str, key: str) -> Classifier | None:
    """Return which of *classifiers* has answered *key* (``urgent``, ``sentiment:negative``) in a reading signed *model*."""
    asked = {key, key.partition(":")[0]}
    return next((one for one in classifiers if one.signs(model) and asked & one.questions), None)
