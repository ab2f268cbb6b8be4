"""Reading again brings nothing twice, and reading on loses nothing."""

import csv
from itertools import islice
from pathlib import Path

import pytest

from desk.mention import Mention
from listeners.contract import Page
from listeners.files import read_file

NAMES = ["Datum", "Sterne", "Kommentar", "Kunde", "Antwort"]


def row(number: int) -> list[object]:
    answer = "Danke!" if number % 5 == 0 else ""
    return [f"{number % 28 + 1:02d}.10.2026", number % 5 + 1, f"Nummer {number // 2}", f"Kunde {number % 7 // 2}", answer]


def export(path: Path, rows: range, *, delimiter: str = ";") -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(NAMES)
        for number in rows:
            writer.writerow(["kein Datum", 1, "kaputt", "", ""] if number % 50 == 9 else row(number))
    return path


def ids(pages: list[Page]) -> list[str]:
    return [mention.native_id for page in pages for mention in page.mentions]


def by_id(*paths: Path) -> dict[str, Mention]:
    return {mention.native_id: mention for path in paths for page in read_file(path) for mention in page.mentions}


def test_a_page_has_at_most_as_many_rows_as_asked_for_and_only_the_last_has_nothing_behind_it(tmp_path: Path) -> None:
    pages = list(read_file(export(tmp_path / "a.csv", range(100)), page_size=25))
    assert [sum(not one.ours for one in page.mentions) + len(page.broken) for page in pages] == [25] * 4
    assert [page.more for page in pages] == [True, True, True, False]


@pytest.mark.parametrize("kept", range(6))
def test_reading_on_from_any_page_is_reading_the_whole(tmp_path: Path, kept: int) -> None:
    path = export(tmp_path / "a.csv", range(120))
    whole = list(read_file(path, page_size=25))
    first = list(islice(read_file(path, page_size=25), kept))
    rest = list(read_file(path, page_size=25, start=first[-1].cursor if first else None))
    assert ids(first) + ids(rest) == ids(whole)
    assert [one for page in [*first, *rest] for one in page.broken] == [one for page in whole for one in page.broken]


def test_a_file_that_has_changed_since_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = export(tmp_path / "a.csv", range(60))
    start = list(read_file(path, page_size=25))[1].cursor
    export(path, range(61))
    assert len(ids(list(read_file(path, start=start)))) == len(by_id(path))


def test_the_same_rows_in_a_grown_or_overlapping_or_other_export_are_the_same_mentions(tmp_path: Path) -> None:
    small = export(tmp_path / "oktober.csv", range(80))
    grown = export(tmp_path / "bis-heute.csv", range(120), delimiter=",")
    later = export(tmp_path / "neu.csv", range(70, 120))
    assert by_id(small).keys() < by_id(grown).keys()
    assert by_id(small, later).keys() == by_id(grown).keys()


def test_no_two_rows_are_taken_for_one(tmp_path: Path) -> None:
    path = export(tmp_path / "a.csv", range(300))
    found = ids(list(read_file(path)))
    assert len(set(found)) == len(found)


def test_a_text_that_was_changed_under_its_id_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Review ID,Datum,Kommentar\nr-000000001,2026-11-03,Die Tür klemmt\n")
    before = by_id(path)
    path.write_text("Review ID,Datum,Kommentar\nr-000000001,2026-11-03,Die Tür klemmt nicht mehr\n")
    assert by_id(path).keys() == before.keys()


def test_equal_ids_of_two_tools_do_not_meet(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("id,Datum,Was war gut?\n1,2026-11-03,Die Beratung war gut\n")
    second.write_text("id,created_at,message\n1,2026-11-03,Where is my parcel?\n")
    assert len(by_id(first, second)) == 2


def test_messages_of_a_ticket_are_one_conversation_with_our_side_marked(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"ticket_id": "T1", "message_id": "m1", "in_reply_to": null, "direction": "inbound", "body": "Wo bleibt das Sofa?"}\n'
        '{"ticket_id": "T1", "message_id": "m2", "in_reply_to": "m1", "direction": "outbound", "body": "Es kommt am Freitag."}\n'
    )
    question, answer = by_id(path).values()
    assert question.conversation == answer.conversation
    assert answer.parent == question.native_id
    assert (question.ours, answer.ours) == (False, True)


def test_what_has_no_date_was_said_when_the_file_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Die Tür klemmt"}\n')
    (mention,) = by_id(path).values()
    assert mention.said_at.timestamp() == pytest.approx(path.stat().st_mtime, abs=0.001)
