"""The walks: one stream of a source silences none of the others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from desk.errors import SourceBusy, SourceDenied, SourceGone
from desk.mention import Mention
from listeners.batches import Batch, understood
from listeners.contract import Page, Window
from listeners.times import instant
from listeners.walks import forward, gathered, onward

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
WINDOW = Window(NOW, NOW - timedelta(days=1))


def said(native_id: str, said_at: datetime = NOW) -> Mention:
    return Mention(platform="x", native_id=native_id, conversation=native_id, kind="post", text="!", said_at=said_at)


def stream(native_id: str, error: Exception | None = None) -> Iterator[Batch]:
    if error:
        raise error
    yield Batch((said(native_id),))


@pytest.mark.parametrize(
    ("error", "heard"),
    [
        pytest.param(SourceDenied("one permission is missing", partly=True), ["b"], id="one permission"),
        pytest.param(SourceGone("not there"), ["b"], id="one thing is gone"),
        pytest.param(SourceDenied("the token is dead"), [], id="the whole credential"),
        pytest.param(KeyError("data"), ["b"], id="an answer of another shape"),
    ],
)
def test_what_one_stream_is_refused_keeps_the_others_from_nothing(error: Exception, heard: list[str]) -> None:
    found: list[str] = []

    def listen() -> None:
        for page in gathered({"a": lambda _since: stream("a", error), "b": lambda _since: stream("b")}, None, WINDOW):
            found.extend(mention.native_id for mention in page.mentions)

    with pytest.raises(type(error)):
        listen()
    assert found == heard


def test_a_platform_that_wants_peace_is_asked_nothing_more_although_something_else_failed_before() -> None:
    asked: list[str] = []

    def fails(name: str, error: Exception) -> Iterator[Batch]:
        asked.append(name)
        yield from stream(name, error)

    errors = {"a": SourceGone("not there"), "b": SourceBusy("too many requests"), "c": SourceGone("not there")}
    streams = {name: lambda _since, name=name, error=error: fails(name, error) for name, error in errors.items()}
    with pytest.raises(SourceBusy):
        list(gathered(streams, None, WINDOW))
    assert asked == ["a", "b"]


def test_what_waits_behind_a_token_is_kept_however_long_nobody_came_to_read_it() -> None:
    def after(token: str) -> Iterator[Batch]:
        yield Batch((said(f"after {token}"),), token="2" if token else "1", more=False)

    (first,) = onward({"a": after}, None, WINDOW)
    years_later = Window(NOW + timedelta(days=999), NOW + timedelta(days=998))
    (second,) = onward({"a": after}, first.cursor, years_later)
    assert [mention.native_id for page in (first, second) for mention in page.mentions] == ["after ", "after 1"]


def test_what_was_said_before_a_first_pull_goes_back_stays_unheard_in_the_next_runs_too() -> None:
    def after(token: str) -> Iterator[Batch]:
        yield Batch((said("old"),), token="2" if token else "1")

    young = Window(NOW + timedelta(days=9), NOW + timedelta(days=8), pages=1)
    (first,) = onward({"a": after}, None, young)
    (second,) = onward({"a": after}, first.cursor, Window(NOW + timedelta(days=10), NOW + timedelta(days=9)))
    assert first.mentions == second.mentions == ()


def test_a_list_that_begins_again_for_ever_is_left_in_the_look_back_too() -> None:
    def endless(_since: datetime) -> Iterator[Batch]:
        while True:
            yield Batch((said("again"),), last=NOW - timedelta(minutes=5))

    (first, *_) = forward({"a": endless}, None, WINDOW)
    found = [mention.native_id for page in forward({"a": endless}, first.cursor, WINDOW) for mention in page.mentions]
    assert set(found) == {"again"}


def at(hours: float) -> datetime:
    """Return a moment, counted in hours from a day before NOW."""
    return NOW - timedelta(days=1) + timedelta(hours=hours)


class Shelf:
    """What a platform has to say, *size* to a page; the newest first, or the oldest first."""

    def __init__(self, size: int, **said_at: float) -> None:
        self.size = size
        self.items = {native_id: at(hours) for native_id, hours in said_at.items()}

    def newest(self, _since: datetime) -> Iterator[Batch]:
        yield from self._pages(sorted(self.items, key=self.items.__getitem__, reverse=True))

    def oldest(self, since: datetime) -> Iterator[Batch]:
        yield from self._pages(sorted((one for one in self.items if self.items[one] >= since), key=self.items.__getitem__))

    def _pages(self, order: list[str]) -> Iterator[Batch]:
        for start in range(0, len(order), self.size):
            some = order[start : start + self.size]
            yield Batch(tuple(said(one, self.items[one]) for one in some), last=self.items[some[-1]])


def ids(pages: list[Page]) -> list[str]:
    return [mention.native_id for page in pages for mention in page.mentions]


def window(hours: float, *, pages: int = 50, known: dict[str, datetime] | None = None) -> Window:
    return Window(at(hours), at(-99), look_back=timedelta(hours=2), pages=pages, known=known or {})


@pytest.mark.parametrize("stops_after", [1, 2])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_what_came_late_is_heard_although_the_run_before_ended_between_two_pages(order: str, stops_after: int) -> None:
    shelf = Shelf(50, first=0)
    walk, stream = (gathered, shelf.newest) if order == "newest" else (forward, shelf.oldest)
    (*_, heard) = walk({"a": stream}, None, window(0.5))  # type: ignore[operator]
    shelf.items |= {"late": at(-1), "new": at(20)}
    killed = [page for page, _ in zip(walk({"a": stream}, heard.cursor, window(20)), range(stops_after), strict=False)]  # type: ignore[operator]
    again = list(walk({"a": stream}, killed[-1].cursor, window(40)))  # type: ignore[operator]
    assert "late" in ids(killed) + ids(again)
    shelf.items["later"] = at(-0.5)
    assert "later" not in ids(list(walk({"a": stream}, again[-1].cursor, window(41))))  # type: ignore[operator]  # nothing is owed


def test_what_came_late_is_heard_although_more_is_new_than_one_run_may_read() -> None:
    shelf = Shelf(1, first=0)
    (*_, heard) = forward({"a": shelf.oldest}, None, window(0.5))
    shelf.items |= {"late": at(-1)} | {f"new {hour}": at(hour) for hour in range(5, 20)}
    pages = list(forward({"a": shelf.oldest}, heard.cursor, window(20, pages=4)))
    assert "late" in ids(pages)
    assert pages[-1].more


def test_a_backlog_of_one_stream_is_told_with_the_pages_of_the_next() -> None:
    many, few = Shelf(1, **{f"many {hour}": hour for hour in range(10)}), Shelf(1, few=1)
    pages = list(forward({"many": many.oldest, "few": few.oldest}, None, window(20, pages=4)))
    assert "few" in ids(pages)
    assert pages[-1].more
    assert pages[-1].oldest_unread == at(1)


def test_nothing_is_taken_for_deleted_after_a_list_that_repeats_itself() -> None:
    def stuck(_since: datetime) -> Iterator[Batch]:
        for _ in range(3):
            yield Batch((said("2", at(2)),), last=at(2))

    known = {"1": at(1.5), "2": at(2)}
    (first, *_) = gathered({"a": stuck}, None, window(2))
    for walk in (gathered, forward):
        pages = list(walk({"a": stuck}, first.cursor, window(3, known=known)))  # type: ignore[arg-type]
        assert [page.deleted for page in pages if page.deleted] == []


@pytest.mark.parametrize(
    "value",
    ["9999-12-31T23:59:59-12:00", "Fri, 31 Dec 9999 23:59:59 -1200", "0001-01-01T00:00:00+12:00", 10**400, float("inf"), "²"],
)
def test_a_moment_outside_of_the_calendar_is_none_and_stops_nobody(value: object) -> None:
    assert instant(value) is None

    def to_mention(item: object) -> Mention:
        if item == "bad":
            raise OverflowError("date value out of range")
        return said(str(item))

    batch = understood(["good", "bad"], to_mention, "here", lambda _item: value)
    assert [type(one).__name__ for one in batch.found] == ["Mention", "Broken"]
