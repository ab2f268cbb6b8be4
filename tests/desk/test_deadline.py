"""Deadlines run in office hours, around public holidays, and never move backwards."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from desk.deadline import Allowance, Calendar, due, working_minutes_between

BERLIN = ZoneInfo("Europe/Berlin")
HAMBURG = Calendar(state="HH")
BAVARIA = Calendar(state="BY")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("heard", "allowance", "calendar", "expected"),
    [
        pytest.param("2026-11-24 10:00", "4 h", HAMBURG, "2026-11-24 14:00", id="within a day"),
        pytest.param("2026-11-24 15:00", "4 h", HAMBURG, "2026-11-25 11:00", id="over night"),
        pytest.param("2026-11-27 16:30", "1 h", HAMBURG, "2026-11-30 09:30", id="over the weekend"),
        pytest.param("2026-11-28 23:00", "30 min", HAMBURG, "2026-11-30 09:30", id="heard on a Saturday night"),
        pytest.param("2026-11-24 10:00", "1 d", HAMBURG, "2026-11-25 17:00", id="a working day ends when the team goes home"),
        pytest.param("2026-11-27 10:00", "2 d", HAMBURG, "2026-12-01 17:00", id="two working days over a weekend"),
        pytest.param("2026-12-24 16:30", "1 h", HAMBURG, "2026-12-28 09:30", id="Christmas"),
        pytest.param("2024-10-31 10:00", "1 h", HAMBURG, "2024-11-01 10:00", id="Reformationstag is free in Hamburg"),
        pytest.param("2024-10-31 10:00", "1 h", BAVARIA, "2024-10-31 11:00", id="Reformationstag is not free in Bavaria"),
        pytest.param("2024-11-01 10:00", "1 h", BAVARIA, "2024-11-04 10:00", id="Allerheiligen is free in Bavaria"),
        pytest.param("2024-11-01 10:00", "1 h", HAMBURG, "2024-11-01 11:00", id="Allerheiligen is not free in Hamburg"),
        pytest.param("2026-10-26 12:00", "1 h", Calendar(country="AT"), "2026-10-27 10:00", id="Austria's national day"),
        pytest.param("2026-10-26 12:00", "1 h", Calendar(country=None), "2026-10-26 13:00", id="no public holidays at all"),
        pytest.param(
            "2026-12-23 16:30", "1 h", Calendar(closed=(date(2026, 12, 24),)), "2026-12-28 09:30", id="Heiligabend, closed by the desk"
        ),
        pytest.param(
            "2026-11-24 12:00",
            "1 h",
            Calendar(hours={"tue": "09:00-12:30, 13:30-17:00"}),
            "2026-11-24 14:00",
            id="a lunch break",
        ),
        pytest.param(
            "2026-10-23 23:30", "2 h", Calendar(hours={"sun": "00:00-05:00"}, country=None), "2026-10-25 02:00", id="the clock goes back"
        ),
    ],
)
def test_a_deadline_runs_in_office_hours_only(heard, allowance, calendar, expected):
    # fold=0: in the hour that comes twice, the first one
    assert due(at(heard), Allowance.model_validate(allowance), calendar) == at(expected)


moments = st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
allowances = st.one_of(
    st.builds(Allowance, minutes=st.integers(0, 3000)),
    st.builds(Allowance, days=st.integers(1, 5)),
)
calendars = st.sampled_from([HAMBURG, BAVARIA, Calendar(country="CH", state="ZH"), Calendar(hours={"wed": "22:00-24:00"}, country=None)])


@given(moments, allowances, calendars, st.timedeltas(timedelta(0), timedelta(days=10)))
def test_later_hearing_never_gives_an_earlier_deadline(heard, allowance, calendar, later):
    assert due(heard, allowance, calendar) <= due(heard + later, allowance, calendar)


@given(moments, allowances, calendars)
def test_a_deadline_is_never_before_the_hearing(heard, allowance, calendar):
    assert due(heard, allowance, calendar) >= heard


@given(moments, st.integers(0, 3000), calendars)
def test_the_working_time_until_a_deadline_is_the_allowance(heard, minutes, calendar):
    assert abs(working_minutes_between(heard, due(heard, Allowance(minutes=minutes), calendar), calendar) - minutes) <= 1


@pytest.mark.parametrize("text", ["soon", "4", "h", "-1 h", "4 weeks"])
def test_an_allowance_that_says_nothing_is_refused(text):
    with pytest.raises(ValidationError, match="not an allowance"):
        Allowance.model_validate(text)


def test_a_year_of_closed_dates_is_refused_instead_of_searched_for_ever():
    closed = tuple(date(2026, 1, 1) + timedelta(days=days) for days in range(500))
    with pytest.raises(ValueError, match="closed dates"):
        due(at("2026-01-02 10:00"), Allowance(minutes=5), Calendar(closed=closed))


@pytest.mark.parametrize("text", ["30 min", "4 h", "2 d"])
def test_an_allowance_reads_what_it_writes(text):
    assert str(Allowance.model_validate(text)) == text
