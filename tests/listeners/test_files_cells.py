"""Dates, ratings and encodings are read as whoever wrote them meant them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import NotUnderstood
from listeners.files import dates, encodings, ratings, values
from listeners.files.dates import Calendar
from listeners.files.table import Cell

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
AFTERNOON = "2026-11-03T13:05"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("2026-11-03T13:05:09Z", "2026-11-03T13:05:09", id="ISO with Z"),
        pytest.param("2026-11-03T14:05:09.250+01:00", "2026-11-03T13:05:09.250000", id="ISO with offset and fraction"),
        pytest.param("2026-11-03 13:05:09 +0000", "2026-11-03T13:05:09", id="offset apart"),
        pytest.param("2026-11-03 13:05:09 UTC", "2026-11-03T13:05:09", id="UTC in words"),
        pytest.param("2026-11-03 14:05", AFTERNOON, id="wall clock at home"),
        pytest.param("2026/11/03 14:05", AFTERNOON, id="year first with slashes"),
        pytest.param("03.11.2026 14:05", AFTERNOON, id="German"),
        pytest.param("3.11.26, 14:05 Uhr", AFTERNOON, id="German, short"),
        pytest.param("03.11.2026 um 14:05 Uhr", AFTERNOON, id="German with um"),
        pytest.param("Di., 3. November 2026 14:05", AFTERNOON, id="German in words"),
        pytest.param("3. Mär 2026", "2026-03-02T23:00", id="German month cut short"),
        pytest.param("Nov 3, 2026 2:05 PM", AFTERNOON, id="American in words"),
        pytest.param("3 November 2026 14:05", AFTERNOON, id="British in words"),
        pytest.param("Tue, 03 Nov 2026 14:05:00 +0100", AFTERNOON, id="mail header"),
        pytest.param("13/11/2026 14:05", "2026-11-13T13:05", id="day first"),
        pytest.param("11/13/2026 2:05 pm", "2026-11-13T13:05", id="month first, by its day"),
        pytest.param("11/03/2026 12:05 AM", "2026-03-10T23:05", id="midnight in American"),
        pytest.param("2026-07-03 14:05 MESZ", "2026-07-03T12:05", id="named zone"),
        pytest.param(1793711109, "2026-11-03T13:05:09", id="epoch"),
        pytest.param("1793711109000", "2026-11-03T13:05:09", id="epoch in ms"),
        pytest.param(46329.586805555555, AFTERNOON, id="Excel's days"),
        pytest.param("20261103", "2026-11-02T23:00", id="eight digits"),
        pytest.param(datetime(2026, 11, 3, 14, 5), AFTERNOON, id="a cell's date and time"),  # noqa: DTZ001
        pytest.param(date(2026, 11, 3), "2026-11-02T23:00", id="a cell's date"),
    ],
)
def test_a_date_is_the_moment_that_was_meant(cell: Cell, expected: str) -> None:
    found = BERLIN.read(cell).at.replace(tzinfo=None)
    assert abs(found - datetime.fromisoformat(expected)) < timedelta(seconds=1)


@pytest.mark.parametrize("cell", ["", "gestern", "32.13.2026", "2026-02-30", "99", "1.1.1802", "9" * 17, "12:30", True, "Mai"])
def test_what_is_no_date_is_not_made_one(cell: Cell) -> None:
    with pytest.raises(NotUnderstood):
        BERLIN.read(cell)


@pytest.mark.parametrize(
    ("cells", "american"),
    [
        pytest.param(["1/2/2026", "11/13/2026"], True, id="a 13th day"),
        pytest.param(["1/2/2026", "13/11/2026", "1/13/2026"], False, id="the first proof counts"),
        pytest.param(["1/2/2026"], False, id="no proof"),
        pytest.param(["11/3/2026", "11/12/2026"], True, id="the other way it would lie in the future"),
        pytest.param(["3/11/2026"], False, id="that way it would lie in the future"),
        pytest.param(["3.11.2026"], False, id="dots are German"),
        pytest.param([None, 5, "x"], False, id="no dates"),
    ],
)
def test_the_whole_column_tells_which_of_day_and_month_comes_first(cells: list[Cell], american: bool) -> None:
    assert dates.month_first(cells, datetime(2026, 11, 24, tzinfo=UTC)) is american


@given(st.datetimes(min_value=datetime(1991, 1, 1), max_value=datetime(2099, 1, 1)))  # noqa: DTZ001
def test_a_row_is_recognised_whichever_of_day_and_month_comes_first(moment: datetime) -> None:
    text = f"{moment:%d/%m/%Y %H:%M:%S}"
    assert Calendar().read(text).written == Calendar(month_first=True).read(text).written if moment.day <= 12 else True


@given(st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.booleans(), st.none()))
def test_no_cell_makes_a_reader_stumble(cell: Cell) -> None:
    dates.looks(cell)
    ratings.looks(cell)
    values.kind(cell)
    values.language(cell)
    values.ours(cell)


@pytest.mark.parametrize(
    ("cell", "scale", "stars"),
    [
        ("4/5", 5, 4),
        ("8/10", 5, 4),
        ("8 von 10", 5, 4),
        ("4 out of 5", 5, 4),
        ("★★★☆☆", 5, 3),
        ("⭐⭐", 5, 2),
        ("4 ★", 5, 4),
        ("80 %", 5, 4),
        ("FIVE", 5, 5),
        ("vier Sterne", 5, 4),
        ("4 Sterne", 5, 4),
        ("4,5", 5, 4.5),
        (3, 5, 3),
        (3.0, 5, 3),
        (9, 10, 4.5),
        (0, 10, 1),
        (80, 100, 4),
        (1, "grade", 5),
        (6, "grade", 1),
        ("good", 5, 5),
        (0, 5, None),
        (7, 5, None),
        ("11/10", 5, None),
        ("super", 5, None),
        ("", 5, None),
        (True, 5, None),
    ],
)
def test_every_scale_ends_in_stars(cell: Cell, scale: ratings.Scale, stars: float | None) -> None:
    assert ratings.read(cell, scale) == stars


@pytest.mark.parametrize(
    ("cells", "name", "scale"),
    [
        ([1, 5], "Sterne", 5),
        ([1, 7], "Bewertung", 10),
        ([20, 90], "Score", 100),
        ([1, 4], "NPS", 10),
        ([3], "Wie gern empfehlen Sie uns weiter?", 10),
        ([2, 1], "Schulnote", "grade"),
        ([], "Sterne", 5),
        (["4/5"], "Rating", 5),
    ],
)
def test_the_column_tells_what_a_bare_number_is_out_of(cells: list[Cell], name: str, scale: ratings.Scale) -> None:
    assert ratings.scale_of(cells, name) == scale


GERMAN = "Größe, Füße, Übergabe: „schön“ – 5 €\nÄrger über Öl\n"


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"], ids=lambda codec: codec
)
def test_an_encoding_is_told_from_the_bytes(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(GERMAN.encode(codec))
    with encodings.guess(path).open(path) as stream:
        assert stream.read() == GERMAN


@pytest.mark.parametrize("codec", ["cp850", "mac_roman", "latin-1", "cp1251"])
def test_older_encodings_are_told_by_their_words(tmp_path: Path, codec: str) -> None:
    text = "Größe, Füße, Übergabe\nÄrger über schöne Möbel\n"
    text = "Доставка опоздала на неделю, диван привезли без ножек\n" * 3 if codec == "cp1251" else text
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(codec))
    with encodings.guess(path).open(path) as stream:
        assert stream.read() == text


def test_a_row_of_windows_in_a_file_of_utf8_is_read_as_it_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Größe\nFüße\nÖl\n".encode() + "für\n".encode("cp1252"))
    encoding = encodings.guess(path)
    with encoding.open(path) as stream:
        lines = list(stream)
    assert [encoding.mend(line) for line in lines] == ["Größe\n", "Füße\n", "Öl\n", "für\n"]
    assert encoding.raw(lines[3]) == "für\n".encode("cp1252")


@pytest.mark.parametrize(
    ("cell", "language"), [("de-AT", "de"), ("en_US", "en"), ("Deutsch", "de"), ("English", "en"), ("???", None), ("", None)]
)
def test_a_language_is_a_code(cell: str, language: str | None) -> None:
    assert values.language(cell) == language


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("R&uuml;ckgabe &amp; Umtausch &#8211; n&#xFC;tzt nichts", "Rückgabe & Umtausch – nützt nichts"),
        ("5 &lt; 6 und <3 euch", "5 < 6 und <3 euch"),
        ("AT&T; Q&A &copy 2026 &nonsense; <b>fett</b>", "AT&T; Q&A &copy 2026 &nonsense; <b>fett</b>"),
    ],
)
def test_what_html_writes_for_a_sign_is_that_sign_and_nothing_else_changes(written, meant):
    assert values.plain(written) == meant
