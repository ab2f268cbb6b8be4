"""One thing one person said, as every room of the house knows it; no platform's JSON travels past this type."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

Kind = Literal["comment", "review", "dm", "post", "email", "survey"]
KINDS: tuple[Kind, ...] = ("comment", "review", "dm", "post", "email", "survey")

_SURROGATES = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Return *text* with what no database takes (null bytes, halves of surrogate pairs) replaced by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text.replace("\x00", "\ufffd"))


def _as_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, AfterValidator(storable)]
NativeId = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(storable), Field(min_length=1, max_length=500)]
"""An id as the platform gives it; a number today and a string tomorrow are the same id."""
Moment = Annotated[AwareDatetime, AfterValidator(_as_utc)]
"""A point in time: read with any offset, kept in UTC, refused without one."""


class Author(BaseModel):
    """An account on one platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    native_id: NativeId
    handle: Text = ""
    name: Text = ""
    url: Text | None = None
    followers: int | None = None


class Mention(BaseModel):
    """One thing one person said: a comment, review, direct message, post, e-mail or survey answer.

    ``(platform, native_id)`` is its identity. ``conversation`` is the platform's id of the thread it belongs to (its own
    id where it starts one). ``stars`` is normalised to 1-5, ``rating`` keeps the original ("8/10"). ``ours`` marks what
    the listening company itself said. ``reach`` is how many people may have seen it, where the platform tells.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    platform: str = Field(min_length=1, max_length=50)
    native_id: NativeId
    conversation: NativeId
    kind: Kind
    text: Text
    said_at: Moment
    title: Text = ""
    author: Author | None = None
    url: Text | None = None
    parent: NativeId | None = None
    edited_at: Moment | None = None
    language: str | None = Field(default=None, max_length=16)
    stars: float | None = Field(default=None, ge=1, le=5)
    rating: Text | None = None
    reach: int | None = None
    ours: bool = False
    attachments: tuple[Text, ...] = ()

    @property
    def words(self) -> str:
        """What a reader reads: title and text."""
        return f"{self.title}\n{self.text}" if self.title else self.text
