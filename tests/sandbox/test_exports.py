import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import load_workbook

from listeners.sandbox import story
from listeners.sandbox.exports import write_exports

NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)


def of(channel, clock=NOW):
    return [told for told in story.at(NOW) if told.line.channel == channel and told.seen(clock)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    write_exports(folder, story.at(NOW), NOW)
    return folder


def only(folder, pattern):
    (path,) = folder.glob(pattern)
    return path


def reviews(folder):
    return list(csv.DictReader(io.StringIO(only(folder, "*.csv").read_text("utf-8-sig"), newline="")))


def survey(folder):
    book = load_workbook(only(folder, "*.xlsx"), read_only=True)
    rows = list(book.worksheets[0].iter_rows(min_row=2, values_only=True))
    book.close()
    return rows


def helpdesk(folder):
    return [json.loads(line) for line in only(folder, "*.jsonl").read_text("utf-8").splitlines()]


def test_every_review_of_the_story_is_in_the_review_sites_export(folder):
    rows, said = reviews(folder), [told for told in of("trustpilot") if not told.line.ours]
    assert [row["Review Content"] for row in rows] == [told.text(NOW) for told in said]
    assert [row["Review Created (UTC)"] for row in rows] == [f"{told.said_at:%Y-%m-%d %H:%M:%S}" for told in said]


def test_every_answer_of_the_story_is_in_the_surveys_workbook(folder):
    assert [row[-1] for row in survey(folder)] == [told.text(NOW) for told in of("survey")]


def test_every_mail_is_in_the_helpdesks_export_and_says_who_speaks(folder):
    rows, said = helpdesk(folder), of("helpdesk")
    assert {told.text(NOW) for told in said} <= {value for row in rows for value in row.values() if isinstance(value, str)}
    assert [row["direction"].startswith("out") for row in rows] == [told.line.ours for told in said]
    assert [datetime.fromisoformat(row["created_at"]) for row in rows] == [told.said_at for told in said]


def test_what_is_said_later_is_not_in_the_export_yet(tmp_path):
    early = NOW - timedelta(days=14)
    write_exports(tmp_path, story.at(NOW), early)
    assert 0 < len(helpdesk(tmp_path)) == len(of("helpdesk", early)) < len(of("helpdesk"))


def test_writing_again_touches_nothing(tmp_path):
    assert len(write_exports(tmp_path, story.at(NOW), NOW)) == 3
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert not write_exports(tmp_path, story.at(NOW), NOW)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_only_the_export_that_has_grown_is_written(tmp_path):
    told = story.at(NOW)
    last = of("helpdesk")[-1].line.id
    write_exports(tmp_path, [one for one in told if one.line.id != last], NOW)
    assert list(write_exports(tmp_path, told, NOW)) == [only(tmp_path, "*.jsonl")]


def test_nothing_unfinished_is_left_behind(folder):
    assert {path.suffix for path in folder.iterdir()} == {".csv", ".xlsx", ".jsonl"}
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_folder_is_made_where_there_is_none(tmp_path):
    assert len(write_exports(tmp_path / "one" / "two", story.at(NOW), NOW)) == 3
