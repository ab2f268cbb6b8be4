"""By when an answer is owed: working time in a team's office hours, around its public holidays; never moves backwards."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_ALLOWANCE = re.compile(r"(\d+)\s*(min|m|h|d)", re.I)
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})")


class Allowance(BaseModel):
    """How much working time a team has for the first answer: ``"30 min"``, ``"4 h"``, or ``"2 d"`` (working days).

    A working day ends when the team goes home: "1 d" is due at the close of the next working day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes: int = Field(default=0, ge=0, le=60 * 24 * 90)
    days: int = Field(default=0, ge=0, le=90)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if not (match := _ALLOWANCE.fullmatch(given.strip())):
            raise ValueError(f'"{given}" is not an allowance; write for example "30 min", "4 h" or "2 d" (working time)')
        amount, unit = int(match[1]), match[2].lower()
        return {"days": amount} if unit == "d" else {"minutes": amount * (60 if unit == "h" else 1)}

    def __str__(self) -> str:
        if self.days:
            return f"{self.days} d"
        return f"{self.minutes // 60} h" if self.minutes % 60 == 0 else f"{self.minutes} min"

    @model_serializer
    def _write(self) -> str:
        return str(self)
