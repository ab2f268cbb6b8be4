"""Threads are read again where their number of answers has changed, and the new numbers count only once all is kept."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from desk.mention import Mention
from listeners.batches import Batch
from listeners.contract import Page, Window
from listeners.recount import Recount, number, settled

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def mention(native_id: str) -> Mention:
    return Mention(platform="x", native_id=native_id, conversation="c", kind="comment", text="gut", said_at=NOW)


def run(cursor: str | None, numbers: dict[str, int], *pages: Page) -> tuple[list[str], str | None]:
    """Read what is due; return it, and the cursor of the last page that was kept."""
    recount = Recount.at(cursor, ())
    due = [thread for thread, amount in numbers.items() if recount.due(thread, amount)]
    for thread in due:
        recount.read(thread, numbers[thread])
    for page in recount.kept(pages):
        cursor = page.cursor
    return due, cursor


def test_a_thread_is_due_until_its_number_is_kept_and_again_when_it_changes():
    due, cursor = run(None, {"a": 2, "b": 0}, Page(cursor='{"x": "1"}'))
    assert due == ["a"]
    assert run(cursor, {"a": 2, "b": 0})[0] == []
    assert run(cursor, {"a": 1, "b": 1})[0] == ["a", "b"]


def test_a_run_that_was_cut_short_counts_nothing_as_read():
    _, cursor = run(None, {"a": 2}, Page(cursor='{"x": "1"}', more=True))
    assert run(cursor, {"a": 2})[0] == ["a"]
    assert json.loads(cursor or "") == {"x": "1"}


def test_a_crash_before_the_last_page_counts_nothing_as_read():
    recount = Recount.at('{"answers": {"a": 1}, "x": "1"}', ())
    recount.read("a", 2)
    first = next(recount.kept([Page(cursor='{"x": "2"}'), Page(cursor='{"x": "3"}')]))
    assert json.loads(first.cursor or "") == {"answers": {"a": 1}, "x": "2"}


def test_the_walk_never_sees_the_numbers():
    assert Recount.at('{"answers": {"a": 1}, "x": "1"}', ()).place == '{"x": "1"}'
    assert Recount.at('{"answers": {"a": 1}}', ()).place is None


def test_a_thread_in_which_somebody_spoke_lately_is_due_whatever_its_number():
    assert Recount.at('{"answers": {"a": 1}}', ["a"]).due("a", 1)


def test_numbers_within_a_thread_that_need_not_be_read_are_taken_over():
    recount = Recount.at('{"answers": {"a": 1, "a b": 4, "c": 1, "c b": 4}}', ())
    assert not recount.due("a", 1)
    assert recount.due("c", 2)
    assert recount.now == {"a": 1, "a b": 4}
    assert not recount.due("b", 4, within="c")
    assert recount.due("b", 5, within="c")


def test_where_something_is_gone_the_thread_is_read_again_whatever_its_number():
    recount = Recount.at('{"answers": {"a": 1, "a other-name": 1, "a b": 2, "c": 1}, "x": "1"}', ())
    assert not recount.due("a", 1)
    assert not recount.due("c", 1)
    assert list(recount.kept([])) == []
    assert json.loads(recount.forgetting(["other-name"])) == {"answers": {"c": 1}, "x": "1"}


def test_what_comes_twice_is_left_out_the_second_time():
    recount = Recount.at(None, ())
    assert len(recount.fresh(Batch((mention("a"), mention("b")))).found) == 2
    assert [one.native_id for one in recount.fresh(Batch((mention("b"), mention("c")))).found] == ["c"]  # type: ignore[union-attr]


def test_what_was_said_a_moment_ago_cannot_pass_for_deleted():
    known = {"young": NOW - timedelta(minutes=1), "old": NOW - timedelta(minutes=10)}
    assert settled(Window(NOW, NOW - timedelta(days=1), known=known)).known == {"old": known["old"]}


@pytest.mark.parametrize(("written", "meant"), [(3, 3), ("3", 3), (None, 0), ("many", 0), ({}, 0)])
def test_a_number_is_read_however_a_platform_writes_it(written, meant):
    assert number(written) == meant
