"""One configured place to listen."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

_SPAN = re.compile(r"\s*(\d{1,6}(?:[.,]\d+)?)\s*([a-z]+)\s*", re.I)
_UNITS: tuple[tuple[str, timedelta], ...] = (
    (r"s|sec|seconds?|sek|sekunden?", timedelta(seconds=1)),
    (r"m|min|minutes?|minuten?", timedelta(minutes=1)),
    (r"h|hours?|std|stunden?", timedelta(hours=1)),
    (r"d|days?|tage?", timedelta(days=1)),
    (r"w|weeks?|wochen?", timedelta(days=7)),
    (r"months?|monate?", timedelta(days=30)),
    (r"y|years?|jahre?", timedelta(days=365)),
)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_CENTURY = timedelta(days=36_525)
"""What anybody who writes more must mean; the calendar has room for it."""


def span(value: object) -> object:
    """Read ``"15 min"``, ``"2h"``, ``"90 s"``, ``"1 day"``, ``"2 Jahre"``; anything else is left to pydantic to refuse.

    A month is 30 days, a year 365.
    """
    if not isinstance(value, str):
        return value
    match = _SPAN.fullmatch(value)
    unit = match and next((length for names, length in _UNITS if re.fullmatch(names, match[2], re.I)), None)
    if not match or not unit:
        raise ValueError(f'"{value}" is not a span of time; write for example "15 min", "2 h" or "1 day"')
    return min(float(match[1].replace(",", ".")), _CENTURY / unit) * unit


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta():
        raise ValueError("a span of time must be longer than nothing")
    return value


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f'"{name}" cannot be a name; write small letters, digits, ".", "_" and "-", at most 63')
    return name


def _address(url: str) -> str:
    if not re.match(r"https?://[^/\s]+", url):
        raise ValueError(f'"{url}" is no address; write for example "https://mastodon.social"')
    return url.rstrip("/")


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise ValueError("this is the name of an environment variable, for example MASTODON_TOKEN, not the secret itself")
    return name


Variable = Annotated[str, AfterValidator(_variable)]
Address = Annotated[str, AfterValidator(_address)]


Span = Annotated[timedelta, BeforeValidator(span)]


def _kept(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError(f'{value} of what? Write for example "90 days" or "2 years"')
    return value


def _long(value: timedelta) -> timedelta:
    if value < timedelta(days=1):
        raise ValueError('a retention is a day or longer ("m" is minutes; write "6 months")')
    return value


Retention = Annotated[timedelta, BeforeValidator(span), BeforeValidator(_kept), AfterValidator(_long)]


class Source(BaseModel):
    """One configured place to listen: a hashtag, an app's reviews, a folder of exports.

    What every source has is named here; everything else in its table is ``options``, checked by the platform's listener.
    ``token_env`` names the environment variable that holds the credential; the credential itself is never written down. Where
    a credential has several parts, each other setting that ends in ``_env`` names the variable of one (``secrets``).
    ``base_url`` points to another server that speaks like the platform (a sandbox, a proxy).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(_name)]
    platform: str = Field(min_length=1, max_length=50)
    every: Annotated[Span, AfterValidator(_positive)] = timedelta(minutes=15)
    look_back: Span = timedelta(hours=2)
    since: Span = timedelta(days=31)
    """How far back the very first pull reads."""
    retention: Retention | None = None
    """How long what was said is kept, from when it was last worded; the desk's where it is not set (`Desk`)."""
    pages: int = Field(default=50, ge=1, le=10_000)
    """How many pages one run may read; a larger backlog goes on in the next."""
    base_url: Address | None = None
    token_env: Variable | None = None
    secrets: dict[str, Variable] = {}
    proxy: str | None = None
    enabled: bool = True
    options: dict[str, JsonValue] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "options" in given:
            return given
        ours = {key: value for key, value in given.items() if key in cls.model_fields}
        more = {key: value for key, value in given.items() if key not in cls.model_fields}
        secrets = {key.removesuffix("_env"): value for key, value in more.items() if key.endswith("_env")}
        options = {key: value for key, value in more.items() if not key.endswith("_env")}
        return ours | {"options": options, "secrets": secrets | dict(ours.get("secrets", {}))}

    @property
    def credential(self) -> str:
        """What rate limits are shared by, beside the platform: the name (never the value) of the credential."""
        return "+".join(self.variables.values()) or "anonymous"

    @property
    def variables(self) -> dict[str, str]:
        """The names of the environment variables that hold its credential, by what each of them is."""
        return ({"token": self.token_env} if self.token_env else {}) | dict(sorted(self.secrets.items()))
