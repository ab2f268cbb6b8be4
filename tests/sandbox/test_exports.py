"""The story's reviews, survey answers and mails come as exports that are read like any other."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desk.mention import Mention
from listeners.files import read_file
from listeners.sandbox import story
from listeners.sandbox.exports import write_exports

NOW = datetime(2026, 11, 24, 22, 59, tzinfo=UTC)
TOLD = story.at(NOW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports") / "new"
    assert len(write_exports(folder, TOLD, NOW)) == 3
    return folder


def heard(path: Path) -> list[Mention]:
    pages = list(read_file(path))
    assert [one for page in pages for one in page.broken] == []
    return [mention for page in pages for mention in page.mentions]


@pytest.mark.parametrize(
    ("name", "channel"),
    [("trustpilot-bewertungen.csv", "trustpilot"), ("kundenumfrage.xlsx", "survey"), ("helpdesk.jsonl", "helpdesk")],
)
def test_what_is_told_is_what_is_read(folder: Path, name: str, channel: str) -> None:
    told = sorted((one for one in TOLD if one.line.channel == channel and one.seen(NOW)), key=lambda one: one.line.id)
    read = sorted(heard(folder / name), key=lambda one: one.native_id)
    assert [(one.text, one.kind) for one in read] == [(one.text(NOW).strip(), one.line.kind) for one in told]
    assert [one.ours for one in read] == [one.line.ours for one in told]
    assert all(abs(one.said_at - other.said_at) < timedelta(seconds=1) for one, other in zip(read, told, strict=True))


def test_a_mail_and_its_answers_are_one_conversation(folder: Path) -> None:
    mails = heard(folder / "helpdesk.jsonl")
    by_id = {one.native_id: one for one in mails}
    assert any(one.parent for one in mails)
    assert all(by_id[one.parent].conversation == one.conversation for one in mails if one.parent)


def test_reviews_are_trustpilots_with_stars_and_people(folder: Path) -> None:
    reviews = [one for one in heard(folder / "trustpilot-bewertungen.csv") if not one.ours]
    assert {one.platform for one in reviews} == {"trustpilot"}
    assert all(one.stars and one.author for one in reviews)


def test_writing_again_changes_nothing_until_something_new_is_told(tmp_path: Path) -> None:
    half = NOW - timedelta(days=14)
    assert len(write_exports(tmp_path, TOLD, half)) == 3
    assert write_exports(tmp_path, TOLD, half) == []
    before = heard(tmp_path / "trustpilot-bewertungen.csv")
    assert tmp_path / "trustpilot-bewertungen.csv" in write_exports(tmp_path, TOLD, NOW)
    after = {one.native_id for one in heard(tmp_path / "trustpilot-bewertungen.csv")}
    assert {one.native_id for one in before} < after
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "helpdesk.jsonl",
        "kundenumfrage.xlsx",
        "trustpilot-bewertungen.csv",
    ]
