"""The ledger says what each reading brought; a lease keeps two readings apart and a dead one from holding anything."""

import pytest
from sqlmodel import Session
from things import DAY, HOUR, MINUTE, NOW, SOURCE, Broken, kept, said

from desk.source import Source
from store import ledger, quotas
from store.leases import Held, give_back, of_source, renew, take
from store.tables import Quota

HELD = Held(of_source("garten"), "w1")
OTHER = Source(name="balkon", platform="appstore")


def test_a_lease_is_taken_by_one(session: Session) -> None:
    assert take(session, HELD.name, "w1", NOW)
    assert take(session, HELD.name, "w1", NOW)
    assert not take(session, HELD.name, "w2", NOW)


def test_a_lease_that_expired_holds_nothing(session: Session) -> None:
    take(session, HELD.name, "w1", NOW)
    assert take(session, HELD.name, "w2", NOW + 2 * MINUTE)
    assert not renew(session, HELD, NOW + 2 * MINUTE)


def test_a_lease_that_is_given_back_is_free(session: Session) -> None:
    take(session, HELD.name, "w1", NOW)
    give_back(session, Held(HELD.name, "w2"))
    assert not take(session, HELD.name, "w2", NOW)
    give_back(session, HELD)
    assert take(session, HELD.name, "w2", NOW)


def test_a_source_is_due_when_its_time_has_come_and_once_after_a_long_pause(session: Session) -> None:
    sources = [SOURCE, OTHER, Source(name="aus", platform="mastodon", enabled=False)]
    assert ledger.due_sources(session, sources, NOW) == [SOURCE, OTHER]
    pull = ledger.start_pull(session, SOURCE, "w", NOW)
    ledger.end_pull(session, pull, outcome="done", now=NOW, next_run_at=NOW + 15 * MINUTE)
    assert ledger.due_sources(session, sources, NOW + 14 * MINUTE) == [OTHER]
    assert ledger.due_sources(session, sources, NOW + 30 * DAY) == [OTHER, SOURCE]


def test_failures_in_a_row_are_counted_until_one_run_is_good(session: Session) -> None:
    for outcome, so_far in (("busy", 1), ("garbled", 2), ("more", 0), ("denied", 1)):
        pull = ledger.start_pull(session, SOURCE, "w", NOW)
        ended = ledger.end_pull(
            session,
            pull,
            outcome=outcome,
            now=NOW + MINUTE,
            next_run_at=NOW + HOUR,
            error="null\x00",
            advice="warten",
            quota_left=3,
        )
        assert ledger.failures(session, "garten") == so_far
        assert (ended.error, ended.advice, ended.quota_left, ended.ended_at) == ("null\ufffd", "warten", 3, NOW + MINUTE)


def test_a_pull_whose_worker_died_is_lost(session: Session) -> None:
    take(session, HELD.name, HELD.holder, NOW)
    ledger.start_pull(session, SOURCE, "w1", NOW)
    assert ledger.lost_pulls(session, NOW + MINUTE) == 0
    assert ledger.lost_pulls(session, NOW + HOUR) == 1
    assert [one.outcome for one in ledger.pulls(session, "garten")] == ["lost"]


def test_the_next_pull_closes_the_lost_one(session: Session) -> None:
    ledger.start_pull(session, SOURCE, "w1", NOW)
    ledger.start_pull(session, SOURCE, "w2", NOW + HOUR)
    assert [one.outcome for one in ledger.pulls(session, "garten")] == ["running", "lost"]


def test_the_state_of_each_source_is_told_also_of_those_no_longer_configured(session: Session) -> None:
    kept(session, said("1"), said("2"), cursor="2", broken=[Broken(b"?")])
    pull = ledger.start_pull(session, SOURCE, "w", NOW)
    ledger.end_pull(session, pull, outcome="done", now=NOW, next_run_at=NOW + HOUR)
    pull = ledger.start_pull(session, SOURCE, "w", NOW)
    ledger.end_pull(session, pull, outcome="busy", now=NOW, next_run_at=NOW + HOUR)
    take(session, HELD.name, HELD.holder, NOW)
    other, garten = ledger.sources(session, [OTHER], NOW)
    assert (other.name, other.enabled, other.last, other.mentions, other.running) == ("balkon", True, None, 0, False)
    assert (garten.name, garten.enabled, garten.mentions, garten.quarantined, garten.running) == ("garten", False, 2, 1, True)
    assert (garten.last_said, garten.next_run_at) == (NOW - HOUR, NOW + HOUR)
    assert [one and one.outcome for one in (garten.last, garten.last_good)] == ["busy", "done"]


@pytest.mark.parametrize("remaining", [12, None])
def test_what_a_platform_still_allows_outlives_the_run(session: Session, remaining: int | None) -> None:
    for left in (300, remaining):
        quota = Quota(platform="mastodon", credential="TOKEN", remaining=left, resets_at=NOW + HOUR, at=NOW)
        quotas.save(session, [quota], NOW)
    (found,) = quotas.load(session).values()
    assert (found.remaining, found.resets_at, found.blocked_until) == (remaining, NOW + HOUR, None)
