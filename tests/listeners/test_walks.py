"""The walks: one stream of a source silences none of the others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from desk.errors import SourceDenied, SourceError, SourceGone
from desk.mention import Mention
from listeners.contract import Window
from listeners.walks import Batch, gathered

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
    with pytest.raises(type(error)):
        for page in gathered({"a": lambda _since: stream("a", error), "b": lambda _since: stream("b")}, None, WINDOW):
            found += [mention.native_id for mention in page.mentions]
    assert found == heard
