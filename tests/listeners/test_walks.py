"""The walks: one stream of a source silences none of the others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from desk.errors import SourceDenied, SourceError, SourceGone
from desk.mention import Mention
from listeners.contract import Window
from listeners.walks import Batch, forward, gathered, onward

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
WINDOW = Window(NOW, NOW - timedelta(days=1))


def said(native_id: str) -> Mention:
    return Mention(platform="x", native_id=native_id, conversation=native_id, kind="post", text="!", said_at=NOW)


def stream(native_id: str, error: SourceError | None = None) -> Iterator[Batch]:
    if error:
        raise error
    yield Batch((said(native_id),))


@pytest.mark.parametrize(
    ("error", "heard"),
    [
        pytest.param(SourceDenied("one permission is missing", partly=True), ["b"], id="one permission"),
        pytest.param(SourceGone("not there"), ["b"], id="one thing is gone"),
        pytest.param(SourceDenied("the token is dead"), [], id="the whole credential"),
    ],
)
def test_what_one_stream_is_refused_keeps_the_others_from_nothing(error: SourceError, heard: list[str]) -> None:
    found: list[str] = []

    def listen() -> None:
        for page in gathered({"a": lambda _since: stream("a", error), "b": lambda _since: stream("b")}, None, WINDOW):
            found.extend(mention.native_id for mention in page.mentions)

    with pytest.raises(type(error)):
        listen()
    assert found == heard


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
