"""What the friction report compares and counts: people once, and only with a time in which somebody listened."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session
from things import DAY, NOW, kept, read, said

from desk.source import Source
from store.friction import Scope, friction, stages

WEEK = Scope(NOW - 7 * DAY, NOW)


def heard(session: Session, native_id: str, ago: timedelta, topics: tuple[str, ...], by: str) -> None:
    kept(session, said(native_id, said_at=NOW - ago, by=by))
    read(session, native_id, friction=topics)


def test_nothing_is_compared_with_a_time_in_which_nobody_listened(session: Session) -> None:
    heard(session, "1", 2 * DAY, ("payment",), "mira")
    (row,) = friction(session, WEEK)
    assert (row.people, row.people_before, row.new) == (1, None, False)


def test_a_platform_that_nobody_listened_to_is_not_compared_either(session: Session) -> None:
    heard(session, "1", 30 * DAY, ("payment",), "mira")
    assert friction(session, replace(WEEK, platform="mastodon")) == []
    heard(session, "2", 2 * DAY, ("payment",), "jan")
    (row,) = friction(session, replace(WEEK, platform="mastodon"))
    assert row.people_before == 0
    kept(session, said("3", said_at=NOW - DAY, platform="appstore"), source=Source(name="app", platform="appstore"))
    read(session, "3", friction=("payment",))
    (row,) = friction(session, replace(WEEK, platform="appstore"))
    assert (row.people, row.people_before) == (1, None)


def test_new_is_what_never_came_up_before(session: Session) -> None:
    heard(session, "1", 30 * DAY, ("delivery",), "mira")
    heard(session, "2", 2 * DAY, ("delivery",), "jan")
    heard(session, "3", 2 * DAY, ("payment",), "ute")
    found = {row.topic: (row.people_before, row.new) for row in friction(session, WEEK)}
    assert found == {"delivery": (0, False), "payment": (0, True)}


@pytest.mark.parametrize("stage_of", [{"payment": "purchase", "checkout": "purchase", "delivery": "after"}, {}])
def test_a_stage_counts_each_person_once(session: Session, stage_of: dict[str, str]) -> None:
    heard(session, "1", DAY, ("payment", "checkout"), "mira")
    heard(session, "2", DAY, ("checkout", "delivery"), "jan")
    assert stages(session, WEEK, stage_of) == ({"purchase": 2, "after": 1} if stage_of else {"": 2})
