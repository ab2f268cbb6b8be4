import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import load_workbook

from listeners.sandbox import story
from listeners.sandbox.exports import HELPDESK, REVIEWS, SURVEY, write_exports

NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)


def of(channel, clock=NOW):
    return [told for told in story.at(NOW) if told.line.channel == channel and told.seen(clock)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    write_exports(folder, story.at(NOW), NOW)
    return folder


def reviews(folder):
    return list(csv.DictReader(io.StringIO((folder / REVIEWS).read_text("utf-8-sig"), newline="")))


def survey(folder):
    book = load_workbook(folder / SURVEY, read_only=True)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def helpdesk(folder):
    return [json.loads(line) for line in (folder / HELPDESK).read_text("utf-8").splitlines()]


def test_every_review_of_the_story_is_in_the_review_sites_export(folder):
    assert [row["Review Content"] for row in reviews(folder)] == [told.text(NOW) for told in of("trustpilot")]


def test_every_answer_of_the_story_is_in_the_surveys_workbook(folder):
    assert [row["Kommentar"] for row in survey(folder)] == [told.text(NOW) for told in of("survey")]
    assert {type(row["Sterne"]) for row in survey(folder)} <= {int, type(None), str}


def test_every_mail_is_in_the_helpdesks_export_and_says_who_speaks(folder):
    rows = helpdesk(folder)
    assert [row["message"] for row in rows] == [told.text(NOW) for told in of("helpdesk")]
    assert [row["direction"] == "out" for row in rows] == [told.line.ours for told in of("helpdesk")]


def test_dates_are_written_as_each_tool_writes_them(folder):
    review, answer, mail = of("trustpilot")[0], of("survey")[0], of("helpdesk")[0]
    assert reviews(folder)[0]["Review Created (UTC)"] == f"{review.said_at:%Y-%m-%d %H:%M:%S}"
    assert survey(folder)[0]["Datum abgeschickt"] == f"{answer.said_at.astimezone(story.HOME):%d.%m.%Y %H:%M:%S}"
    assert datetime.fromisoformat(helpdesk(folder)[0]["created_at"]) == mail.said_at


def test_what_is_said_later_is_not_in_the_export_yet(tmp_path):
    early = NOW - timedelta(days=14)
    write_exports(tmp_path, story.at(NOW), early)
    assert len(reviews(tmp_path)) == len(of("trustpilot", early)) < len(of("trustpilot"))


def test_writing_again_touches_nothing(tmp_path):
    assert len(write_exports(tmp_path, story.at(NOW), NOW)) == 3
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert write_exports(tmp_path, story.at(NOW), NOW) == ()
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_only_the_export_that_has_grown_is_written(tmp_path):
    told = story.at(NOW)
    last = of("trustpilot")[-1].line.id
    write_exports(tmp_path, [one for one in told if one.line.id != last], NOW)
    assert write_exports(tmp_path, told, NOW) == (tmp_path / REVIEWS,)


def test_nothing_unfinished_is_left_behind(folder):
    assert {path.name for path in folder.iterdir()} == {REVIEWS, SURVEY, HELPDESK}


def test_a_folder_is_made_where_there_is_none(tmp_path):
    assert len(write_exports(tmp_path / "one" / "two", (), NOW)) == 3
