"""Deadlines run in office hours, around public holidays, and never move backwards."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from desk.deadline import WEEKDAYS, Allowance, Calendar, due, working_minutes_between

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
        pytest.param(
            "2026-08-03 09:00", "1 h", Calendar(timezone="Europe/Zurich", country="CH"), "2026-08-03 10:00", id="a Swiss Monday"
        ),
        pytest.param(
            "2025-08-01 09:00",
            "1 h",
            Calendar(timezone="Europe/Zurich", country="CH"),
            "2025-08-04 10:00",
            id="the Swiss national day",
        ),
        pytest.param("2026-01-06 10:00", "1 h", BAVARIA, "2026-01-07 10:00", id="Heilige Drei Könige is free in Bavaria"),
        pytest.param(
            "2026-06-04 10:00", "1 d", BAVARIA, "2026-06-05 17:00", id="heard on Fronleichnam, due the working day after"
        ),
        pytest.param("2026-06-03 10:00", "1 d", BAVARIA, "2026-06-05 17:00", id="a working day is no holiday"),
        pytest.param("2026-11-24 17:00", "0 min", HAMBURG, "2026-11-25 09:00", id="at once is when somebody is there again"),
        pytest.param("2026-11-24 16:00", "1 h", HAMBURG, "2026-11-24 17:00", id="until closing time"),
        pytest.param(
            "2026-03-28 23:30",
            "2 h",
            Calendar(hours={"sun": "00:00-05:00"}, country=None),
            "2026-03-29 03:00",
            id="the clock goes forward",
        ),
        pytest.param(
            "2026-11-24 23:30",
            "2 h",
            Calendar(hours={"tue": "22:00-24:00", "wed": "00:00-06:00"}),
            "2026-11-25 01:30",
            id="a night shift",
        ),
        pytest.param("2026-10-26 12:00", "1 h", Calendar(country=None), "2026-10-26 13:00", id="no public holidays at all"),
        pytest.param(
            "2026-12-23 16:30",
            "1 h",
            Calendar(closed=(date(2026, 12, 24),)),
            "2026-12-28 09:30",
            id="Heiligabend, closed by the desk",
        ),
        pytest.param(
            "2026-11-24 12:00",
            "1 h",
            Calendar(hours={"tue": "09:00-12:30, 13:30-17:00"}),
            "2026-11-24 14:00",
            id="a lunch break",
        ),
        pytest.param(
            "2026-10-23 23:30",
            "2 h",
            Calendar(hours={"sun": "00:00-05:00"}, country=None),
            "2026-10-25 02:00",
            id="the clock goes back",
        ),
    ],
)
def test_a_deadline_runs_in_office_hours_only(heard, allowance, calendar, expected):
    # in the hour that comes twice, the first one is meant; Python never calls moments in it equal across time zones
    assert due(at(heard), Allowance.model_validate(allowance), calendar) == at(expected).astimezone(UTC)


moments = st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
allowances = st.one_of(
    st.builds(Allowance, minutes=st.integers(0, 3000)),
    st.builds(Allowance, days=st.integers(1, 5)),
)
calendars = st.sampled_from(
    [
        HAMBURG,
        BAVARIA,
        Calendar(country="CH", state="ZH", hours={"mon": "09:00-12:30, 13:30-17:00", "thu": "10:00-20:00"}),
        Calendar(country="AT", state="9", closed=tuple(date(2026, 1, 1) + timedelta(days=day) for day in range(0, 700, 3))),
        Calendar(hours={"wed": "22:00-24:00", "thu": "00:00-01:00"}, country=None),
        Calendar(hours=dict.fromkeys(WEEKDAYS, "00:00-24:00"), country=None),
        Calendar(hours={"sun": "02:10-02:50, 02:55-04:00"}, country=""),
        Calendar(timezone="America/St_Johns", country="CA", state="NL"),
        Calendar(timezone="Pacific/Apia", country=None),
    ]
)


@given(moments, allowances, calendars, st.timedeltas(timedelta(0), timedelta(days=10)))
def test_later_hearing_never_gives_an_earlier_deadline(heard, allowance, calendar, later):
    assert due(heard, allowance, calendar) <= due(heard + later, allowance, calendar)


@given(moments, allowances, calendars)
def test_a_deadline_is_never_before_the_hearing(heard, allowance, calendar):
    assert due(heard, allowance, calendar) >= heard


@given(moments, st.integers(0, 3000), st.integers(0, 600), calendars)
def test_more_allowance_never_gives_an_earlier_deadline(heard, minutes, more, calendar):
    assert due(heard, Allowance(minutes=minutes), calendar) <= due(heard, Allowance(minutes=minutes + more), calendar)


@given(moments, allowances, calendars)
def test_a_deadline_is_never_on_a_day_off_nor_outside_the_hours(heard, allowance, calendar):
    owed = due(heard, allowance, calendar)
    on_the_wall = (owed - timedelta(microseconds=1)).astimezone(ZoneInfo(calendar.timezone))  # closing time still counts
    if owed.astimezone(ZoneInfo(calendar.timezone)).strftime("%H:%M") in calendar.hours.get(
        WEEKDAYS[owed.astimezone(ZoneInfo(calendar.timezone)).weekday()], ""
    ):
        on_the_wall = owed.astimezone(ZoneInfo(calendar.timezone))  # and so does opening time, where nothing is allowed
    assert on_the_wall.date() not in calendar.closed
    if calendar.country:
        assert on_the_wall.date() not in holidays.country_holidays(
            calendar.country, subdiv=calendar.state, years=on_the_wall.year
        )
    assert calendar.hours.get(WEEKDAYS[on_the_wall.weekday()])


@given(moments, st.integers(0, 3000), calendars)
def test_the_working_time_until_a_deadline_is_the_allowance(heard, minutes, calendar):
    assert abs(working_minutes_between(heard, due(heard, Allowance(minutes=minutes), calendar), calendar) - minutes) <= 1


@given(moments, moments, moments, calendars)
def test_working_time_adds_up(first, second, third, calendar):
    a, b, c = sorted((first, second, third))
    parts = working_minutes_between(a, b, calendar) + working_minutes_between(b, c, calendar)
    assert parts <= working_minutes_between(a, c, calendar) <= parts + 1
    assert working_minutes_between(c, a, calendar) == 0


@given(st.datetimes(timezones=st.sampled_from([UTC, BERLIN])), allowances, calendars)
def test_every_moment_that_a_platform_can_send_gets_a_deadline(heard, allowance, calendar):
    try:
        expected = heard.astimezone(UTC)
    except OverflowError:  # there is no such moment in UTC
        return
    assert due(heard, allowance, calendar) >= expected


def test_the_silliest_calendar_gets_its_deadline_too():
    once_a_week = Calendar(
        hours={"sun": "05:00-06:00"}, closed=tuple(date(2026, 1, 1) + timedelta(days=day) for day in range(1500))
    )
    assert due(at("2026-01-02 10:00"), Allowance(minutes=5), once_a_week) == at("2030-02-10 05:05")
    assert due(at("2026-01-02 10:00"), Allowance(minutes=60 * 24 * 90), once_a_week) > at("2070-01-01 00:00")


@pytest.mark.parametrize("hours", [{}, {"mon": ""}, {"mon": "09:00-09:30"}])
def test_a_calendar_with_hardly_an_open_hour_is_refused(hours):
    with pytest.raises(ValidationError, match="hardly an open hour"):
        Calendar(hours=hours)


@pytest.mark.parametrize(
    "hours",
    ["9-5", "17:00-09:00", "09:00-09:00", "09:00-12:00, 11:00-13:00", "25:00-26:00", "09:60-10:00", "09:00-24:01", "all day"],
)
def test_office_hours_that_make_no_sense_are_refused(hours):
    with pytest.raises(ValidationError, match="office hours"):
        Calendar(hours={"mon": hours})


@pytest.mark.parametrize("text", ["soon", "4", "h", "-1 h", "4 weeks"])
def test_an_allowance_that_says_nothing_is_refused(text):
    with pytest.raises(ValidationError, match="not an allowance"):
        Allowance.model_validate(text)


@pytest.mark.parametrize("text", ["0 min", "30 min", "4 h", "2 d"])
def test_an_allowance_reads_what_it_writes(text):
    assert str(Allowance.model_validate(text)) == text
