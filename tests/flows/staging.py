"""What the tests of the flows stage: a configuration, a clock that can be moved, and a tagger that knows a few words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from typer.testing import Result

from desk.reading import Reading

Run = Callable[..., Result]
"""Calls a command: its words, what it is given on stdin, and the exit code that is expected."""

CONFIG = """
name = "Testladen"
language = "en"

[[teams]]
key = "payments"
name = "Payments"
members = ["Mira"]

[[teams]]
key = "support"
name = "Support"

[[rules]]
name = "Payment"
when = {{ topic = ["payment"], needs_reply = true }}
team = "payments"
priority = 1
allowance = "1 h"

[[rules]]
name = "Rest"
team = "support"
answer = false

[[sources]]
name = "tag"
platform = "mastodon"
base_url = "{url}/mastodon"
hashtags = ["kastanie"]
every = "15 min"

[[sources]]
name = "reviews"
platform = "appstore"
base_url = "{url}/appstore"
app_id = "1234567890"
countries = ["de"]
every = "15 min"
"""


@dataclass
class Clock:
    """A clock that runs as ours does, a little ahead where a test has moved it; sleeping moves it instead of waiting."""

    ahead: timedelta = timedelta()
    slept: float = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.ahead += timedelta(seconds=seconds)

    def move(self, **span: float) -> None:
        self.ahead += timedelta(**span)


@dataclass
class WordTagger:
    """A tagger that looks for the word PayPal."""

    model: str = "words@1"
    seen: list[str] = field(default_factory=list)

    def tag(self, texts: Sequence[str]) -> list[Reading]:
        self.seen += texts
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> Reading:
        if "Gift" in text:
            raise ValueError("this text is poison")
        payment = "PayPal" in text
        chance = 0.9 if payment else 0.1
        odds = {"friction:payment": chance, "sentiment:negative": chance, "needs_reply": chance}
        about, mood, wish = (("payment",), "negative", "complaint") if payment else ((), "neutral", "other")
        return Reading(mood, wish, payment, False, about, (), "de", (), odds, self.model)  # type: ignore[arg-type]
