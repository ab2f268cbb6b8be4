import re
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboard import times
from dashboard.words import Words, texts

DASHBOARD = Path(__file__).parents[2] / "dashboard"
NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    german, english = texts("de"), texts("en")
    assert german.keys() == english.keys()
    assert {key for key in german if fields(german[key]) != fields(english[key]) and not key.endswith(".one")} == set()


def test_every_text_that_the_pages_ask_for_exists() -> None:
    known = {key.removesuffix(".one").removesuffix(".many") for key in texts("de")} | set(texts("de"))
    asked = re.compile(r'\b(?:words|w|german|english)\(\s*"([^"]+)"')
    missing = {key for file in DASHBOARD.rglob("*.py") for key in asked.findall(file.read_text("utf-8")) if key not in known}
    assert missing == set()


@pytest.mark.parametrize(
    ("left", "german", "english"),
    [
        (timedelta(hours=2, minutes=5), "noch 2 Std.", "2 h left"),
        (timedelta(minutes=1), "noch 1 Min.", "1 min left"),
        (timedelta(hours=20), "bis morgen, 10:05", "by tomorrow, 10:05"),
        (timedelta(days=3), "bis Freitag, 14:05", "by Friday, 14:05"),
        (timedelta(days=9), "bis 3.12.2026", "by 3 Dec 2026"),
        (timedelta(0), "noch 1 Min.", "1 min left"),
        (-timedelta(hours=3), "seit 3 Std. überfällig", "3 h late"),
        (-timedelta(days=5), "seit 5 Tagen überfällig", "5 days late"),
    ],
)
def test_a_deadline_is_said_as_time_left_today_and_as_a_time_on_another_day(left: timedelta, german: str, english: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert times.deadline(NOW + left, NOW, berlin, Words("de")) == german
    assert times.deadline(NOW + left, NOW, berlin, Words("en")) == english


def test_times_are_written_in_the_zone_and_manner_of_their_readers() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert times.moment(NOW, berlin, Words("de")) == "24.11.2026, 14:05"
    assert times.moment(NOW, berlin, Words("en")) == "24 Nov 2026, 14:05"
    assert [times.short_day(NOW.date(), Words("de")), times.short_day(NOW.date(), Words("en"))] == ["24.11.", "24 Nov"]


def test_numbers_are_written_as_readers_of_the_language_write_them() -> None:
    assert [Words("de").value(1234), Words("de").value(3.25), Words("de").value(3.0)] == ["1.234", "3,2", "3"]
    assert Words("en").value(1234) == "1,234"


def test_german_pages_address_nobody_as_du_or_sie() -> None:
    addressed = re.compile(r"\b(?:[Dd]u|[Dd]ich|[Dd]ir|[Dd]ein\w*|Ihnen|Ihre[nmrs]?)\b")
    assert [said for said in texts("de").values() if addressed.search(said)] == []
