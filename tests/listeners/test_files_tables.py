"""Whatever the format, every row that can be read is read, and every other is kept with its line."""

import csv
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.errors import ConfigurationError, NotUnderstood
from listeners.contract import Broken
from listeners.files import describe, read_file, sheets


def heard(path: Path, **more: object) -> list[str]:
    return [mention.text for page in read_file(path, **more) for mention in page.mentions]  # type: ignore[arg-type]


def broken(path: Path) -> list[Broken]:
    return [one for page in read_file(path) for one in page.broken]


def written(tmp_path: Path, content: str | bytes, name: str = "datei.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


WORDS = st.text(st.sampled_from("aäß ,;|\t'\n\"-1."), max_size=30).map(str.strip)
ROWS = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=12)
DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
    }
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, dialect=DIALECTS, codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_a_csv_writer_wrote_in_any_dialect_comes_back(
    tmp_path: Path, rows: list[tuple[str, str]], dialect: dict[str, str], codec: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, **dialect)  # type: ignore[arg-type]
    writer.writerow(["review_id", "Betreff", "Kommentar", "Datum"])
    writer.writerows([f"r-{number:09d}", title, text, "2026-11-03"] for number, (title, text) in enumerate(rows))
    path = written(tmp_path, out.getvalue().encode(codec))
    found = [(one.title, one.text) for page in read_file(path) for one in page.mentions]
    assert found == [row for row in rows if any(row)]
    assert [one.reason for one in broken(path)] == ["empty: neither text nor stars"] * (len(rows) - len(found))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("text;Sterne\nHallo, Welt;4\n", id="semicolons, commas in the text"),
        pytest.param("text,Sterne\n'Hallo, Welt',4\n", id="single quotes"),
        pytest.param('text,Sterne\n"Hallo, Welt",4\n', id="double quotes"),
        pytest.param("sep=;\ntext;Sterne\nHallo, Welt;4\n", id="Excel's first line"),
        pytest.param("Auswertung\n\ntext;Sterne\nHallo, Welt;4\n", id="a title above"),
        pytest.param("text\tSterne\r\nHallo, Welt\t4\r\n", id="tabs"),
        pytest.param("text|Sterne\rHallo, Welt|4\r", id="pipes and old line ends"),
        pytest.param("text\nHallo, Welt\n", id="one column"),
        pytest.param("text;Sterne;\nHallo, Welt;4;\n", id="a separator at the end"),
        pytest.param("text;Sterne\n\n;\nHallo, Welt;4", id="empty lines, none at the end"),
        pytest.param('"text","Sterne"\n"Hallo, Welt","4"', id="all quoted"),
    ],
)
def test_a_dialect_is_guessed(tmp_path: Path, content: str) -> None:
    assert heard(written(tmp_path, content)) == ["Hallo, Welt"]


def test_escaped_quotes_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, 'id,text\n1,"Er sagte \\"nein\\", und ging"\n2,"Na, gut"\n')
    assert heard(path) == ['Er sagte "nein", und ging', "Na, gut"]


def test_a_file_without_names_is_read_from_its_first_line(tmp_path: Path) -> None:
    path = written(tmp_path, "2026-11-03;Die Lieferung kam nie an;1\n2026-11-04;Alles gut gelaufen, danke;5\n")
    assert len(heard(path, mapping={"text": "column 2", "stars": "column 3"})) == 2


@pytest.mark.parametrize(
    ("content", "line", "reason", "raw"),
    [
        pytest.param(b'id;text\n1;gut so\n2;zu;viel\n3;auch gut\n', 3, "3 cells", b"2;zu;viel\n", id="too many cells"),
        pytest.param(b'id;text\n1;"gut\nso"\n2\n3;auch gut\n', 4, "1 cells", b"2\n", id="too few, after a text of two lines"),
        pytest.param(b'id;text\n1;gut so\n2;"offen\n3;auch gut\n', 3, "quote", b'2;"offen\n', id="a quote never closed"),
        pytest.param(b'id;text\n1;gut so\n2;"offen\n3;"auch gut"\n', 3, "quote", b'2;"offen\n', id="a quote closed by the next"),
        pytest.param(b'id;text\n1;gut so\n2;\n3;auch gut\n', 3, "empty", b"2;\n", id="neither text nor stars"),
    ],
)  # fmt: skip
def test_a_broken_row_is_kept_with_its_line_and_the_rest_comes_in(
    tmp_path: Path, content: bytes, line: int, reason: str, raw: bytes
) -> None:
    path = written(tmp_path, content)
    assert [text.split()[-1] for text in heard(path)] == ["so", "gut"]
    (one,) = broken(path)
    assert (one.place, one.raw) == (f"datei.csv, line {line}", raw)
    assert reason in one.reason


def test_a_row_that_lacks_only_what_comes_later_is_whole(tmp_path: Path) -> None:
    path = written(tmp_path, "Datum;Kommentar;Kunde;Ort\n03.11.2026;gut;Ada;Kiel\n04.11.2026;auch gut;Bo\n")
    assert heard(path) == ["gut", "auch gut"]


def test_a_text_of_a_million_characters_is_read_and_a_larger_row_is_broken(tmp_path: Path) -> None:
    path = written(tmp_path, "id,text\n1," + "a" * 1_000_000 + "\n2," + "b" * 5_000_000 + "\n3,danach\n")
    assert [len(text) for text in heard(path)] == [1_000_000, 6]
    (one,) = broken(path)
    assert (one.place, len(one.raw)) == ("datei.csv, line 3", 65_536)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('[{"text": "eins"}, {"text": "zwei"}]', id="a list"),
        pytest.param('{"links": [{"a": 1}], "reviews": [{"text": "eins"}, {"text": "zwei"}], "n": 2}', id="a list inside"),
        pytest.param('{"feed": {"entry": [{"text": "eins"}, {"text": "zwei"}]}}', id="a list deep inside"),
        pytest.param('{"a": [1, 2], "whatever": [{"text": "eins"}, {"text": "zwei"}]}', id="the only list of objects"),
        pytest.param('{"text": "eins"}\n\n{"text": "zwei"}\n', id="an object on each line"),
        pytest.param('\ufeff[\n {"text":\n "eins"},\n {"text": "zwei"}\n]\n', id="a mark in front"),
    ],
)
@pytest.mark.parametrize("name", ["datei.json", "datei.txt2"])
def test_the_list_is_found_wherever_it_lies(tmp_path: Path, content: str, name: str) -> None:
    assert heard(written(tmp_path, content, name)) == ["eins", "zwei"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param('[{"text": "eins"},\n {"text": "zwei" "drei"},\n {"text": "vier"}]', 2, id="a comma is missing"),
        pytest.param('[{"text": "eins"},\n "zwei",\n {"text": "vier"}]', 2, id="not an object"),
        pytest.param('[{"text": "eins"},\n {"text": "vier"},\n {"text": "zw', 3, id="cut off"),
        pytest.param('[{"text": "eins"},\n {"text": "vier"}', 2, id="cut off between two"),
        pytest.param('[{"text": "eins"},\n {"text": "vier"},\n' + "[" * 100_000 + "]" * 100_000 + "]", 3, id="nested too deeply"),
    ],
)
def test_a_broken_object_is_kept_with_its_line_and_the_rest_comes_in(tmp_path: Path, content: str, line: int) -> None:
    path = written(tmp_path, content, "datei.json")
    assert heard(path) == ["eins", "vier"]
    assert [one.place for one in broken(path)] == [f"datei.json, line {line}"]


def test_a_broken_line_of_jsonl_is_kept_and_the_rest_comes_in(tmp_path: Path) -> None:
    path = written(tmp_path, '{"text": "eins"}\n{"text": "zw\n[1]\n{"text": "vier"}\n', "datei.jsonl")
    assert heard(path) == ["eins", "vier"]
    assert [one.place for one in broken(path)] == ["datei.jsonl, line 2", "datei.jsonl, line 3"]
    assert broken(path)[0].raw == b'{"text": "zw\n'


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip), min_size=1, max_size=8)
)
@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_what_json_wrote_comes_back(tmp_path: Path, texts: list[str], kind: str) -> None:
    rows = [{"native_id": f"r-{number:09d}", "text": f"x{text}x"} for number, text in enumerate(texts)]
    lines = "\n".join(json.dumps(row, ensure_ascii=number % 2 == 0) for number, row in enumerate(rows))
    path = written(tmp_path, json.dumps({"items": rows}) if kind == "json" else lines, f"datei.{kind}")
    assert heard(path) == [f"x{text}x" for text in texts]


def workbook(path: Path, *rows: list[object]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    book.close()
    return path


def test_a_workbook_is_read_with_its_dates_and_its_lines(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 3, 14, 5)  # noqa: DTZ001
    path = workbook(
        tmp_path / "a.xlsx", ["Datum", "Kommentar"], [moment, "Die Lampe flackert"], [], [moment, None], ["Ende", "x"]
    )
    (page,) = read_file(path)
    assert [f"{one.said_at:%H:%M}" for one in page.mentions] == ["13:05"]
    assert [(one.place, one.reason[:5]) for one in page.broken] == [("a.xlsx, line 4", "empty"), ("a.xlsx, line 5", '"Ende')]


def test_a_formula_is_what_somebody_wrote(tmp_path: Path) -> None:
    said = '=HYPERLINK("https://evil.example";"hier klicken")'
    path = workbook(tmp_path / "a.xlsx", ["Kommentar", "Sterne"], [said, 1], ["Alles gut bei der Lieferung", 5])
    assert heard(path)[0] == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"%PDF-1.7", "PDF", id="PDF"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1", "XLSX", id="old Excel"),
        pytest.param(b"PK\x03\x04nonsense", "damaged", id="damaged workbook"),
        pytest.param(bytes(range(256)) * 20, "no text", id="binary"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.xlsx", "a"])
def test_what_is_no_export_is_refused_in_words(tmp_path: Path, content: bytes, said: str, name: str) -> None:
    with pytest.raises((NotUnderstood, ConfigurationError), match=said):
        heard(written(tmp_path, content, name))


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", ["Kommentar"], ["Die Lampe flackert"])
    monkeypatch.setattr(sheets, "UNPACKED_LIMIT", 1000)
    with pytest.raises(NotUnderstood, match="too large"):
        heard(path)


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as packed:
        packed.writestr("a.txt", "x")
    with pytest.raises(NotUnderstood, match="no XLSX"):
        heard(tmp_path / "a.xlsx")


def test_a_workbook_that_is_damaged_inside_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["Kommentar"], ["Die Lampe flackert"])
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as packed:
        for name in given.namelist():
            content = given.read(name)
            packed.writestr(name, content[: len(content) // 2] if "sheet1" in name else content)
    with pytest.raises(NotUnderstood, match="damaged"):
        heard(tmp_path / "b.xlsx")


def test_columns_that_nobody_can_guess_are_named_with_what_to_write(tmp_path: Path) -> None:
    path = written(tmp_path, "Kennung,Wert\n4711,12\n4712,14\n")
    with pytest.raises(ConfigurationError, match=r'"Kennung", "Wert".*mapping = \{ text = "COLUMN" \}'):
        heard(path)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"text": "Komentar"}, 'no column "Komentar" for text; did you mean "Kommentar"'),
        ({"tetx": "Kommentar"}, '"tetx" is nothing that a mention has; did you mean "text"'),
    ],
)
def test_a_wrong_mapping_is_named(tmp_path: Path, mapping: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        heard(written(tmp_path, "Kommentar\nDie Lampe flackert\n"), mapping=mapping)


def test_a_mapping_may_join_columns_and_spell_them_freely(tmp_path: Path) -> None:
    path = written(tmp_path, "Pro Punkt,Contra_Punkt\nschön,teuer\n")
    assert heard(path, mapping={"text": "pro punkt + contra punkt"}) == ["schön\n\nteuer"]


def test_the_longest_texts_are_taken_where_no_name_tells(tmp_path: Path) -> None:
    path = written(
        tmp_path, "Feld A,Feld B\nja nein,Die Lieferung kam erst nach drei Wochen\nnein ja,Die Tür klemmt seit Montag\n"
    )
    assert describe(path).mapping["text"] == "Feld B"


@pytest.mark.parametrize(
    ("content", "name"), [("[]", "a.json"), ('{"reviews": []}', "a.json"), ("id,text\n", "a.csv")], ids=["list", "inside", "CSV"]
)
def test_an_export_with_no_rows_says_nothing(tmp_path: Path, content: str, name: str) -> None:
    assert heard(written(tmp_path, content, name)) == []


@pytest.mark.parametrize(
    "content", ['{"a":' * 100_000, '[{"text": "a" "b"}]', "5"], ids=["bottomless", "one damaged", "a number"]
)
def test_json_of_which_nothing_can_be_read_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(NotUnderstood):
        heard(written(tmp_path, content, "a.json"))


def test_more_columns_than_any_export_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotUnderstood, match="2000 columns"):
        heard(written(tmp_path, ",".join(f"c{number}" for number in range(2000)) + "\n" + "x," * 1999 + "x\n"))


def test_one_quote_that_is_never_closed_costs_one_line_of_a_large_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'id;text\n1;"offen\n' + "".join(f"{number};gut\n" for number in range(30_000)))
    assert len(heard(path)) == 30_000
    assert [one.place for one in broken(path)] == ["datei.csv, line 2"]


def test_two_columns_of_one_name_are_both_there(tmp_path: Path) -> None:
    assert describe(written(tmp_path, "Text,Note,Note\nDie Tür klemmt,1,2\n")).columns == ("Text", "Note", "Note (2)")
