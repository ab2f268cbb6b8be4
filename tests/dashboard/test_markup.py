import re
from pathlib import Path

import pytest

from dashboard import export
from dashboard.components.markup import el, outside, said

DASHBOARD = Path(__file__).parents[2] / "dashboard"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=1>', "</bdi></div><style>*{}</style>", "&lt;"]
)
def test_what_strangers_wrote_never_becomes_markup(text: str) -> None:
    for shown in (said(text), el("p", text), el("p", "x", title=text)):
        inside = re.sub(r"</?(?:bdi|p)(?: [a-z]+=\"[^\"<>]*\")*>", "", shown)
        assert "<" not in inside
        assert ">" not in inside


def test_strangers_words_are_isolated_so_that_they_turn_nothing_around_them() -> None:
    assert said("abc \u202egnp") == '<bdi class="k-said">abc \u202egnp</bdi>'


def test_control_characters_and_halves_of_pairs_are_replaced() -> None:
    assert said("a\x00b\ud800c\x1b") == '<bdi class="k-said">a\ufffdb\ufffdc\ufffd</bdi>'


def test_marks_keep_every_letter_in_its_place() -> None:
    marked = said("PayPal <geht> nicht", marks=[(0, 6, 0.9), (7, 13, -0.3)])
    assert re.sub(r"<[^>]+>", "", marked) == "PayPal &lt;geht&gt; nicht"
    assert marked.count("<mark") == 2


@pytest.mark.parametrize("marks", [[(5, 2, 1.0)], [(0, 99, 1.0)], [(-3, 2, 1.0)], [(0, 3, 1.0), (2, 4, 1.0)]])
def test_marks_that_do_not_fit_are_left_out(marks: list[tuple[int, int, float]]) -> None:
    assert re.sub(r"<[^>]+>", "", said("words", marks=marks)) == "words"


def test_a_megabyte_is_cut() -> None:
    assert len(said("A" * 1_000_000, 4_000)) < 4_100


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil", "http://[", None, ""])
def test_only_web_addresses_become_links(url: str | None) -> None:
    assert outside(url, "x") is None


def test_a_link_out_tells_nobody_where_it_came_from() -> None:
    link = outside('https://example.org/"x', "x")
    assert link is not None
    assert 'href="https://example.org/&quot;x"' in link
    assert "noreferrer" in link


def test_markup_reaches_the_page_through_one_door_only() -> None:
    for file in DASHBOARD.rglob("*.py"):
        text = file.read_text("utf-8")
        assert "unsafe_allow_html" not in text, file
        assert "st.markdown" not in text, file
        assert "st.write" not in text, file
        if file.name not in ("markup.py", "app.py"):
            assert "st.html" not in text, file
            assert "Markup(" not in text, file


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1"])
def test_a_spreadsheet_never_reckons_with_what_strangers_wrote(text: str) -> None:
    assert export.cell(text) == f"'{text}"


def test_numbers_and_plain_words_stay_what_they_are_in_a_spreadsheet() -> None:
    assert [export.cell(-3), export.cell(None), export.cell("a=1")] == ["-3", "", "a=1"]


def test_an_export_opens_with_umlauts_and_quotes_in_place() -> None:
    written = export.table(["Thema"], [['Größe "XL", rot']])
    assert written.decode("utf-8-sig") == '"Thema"\r\n"Größe ""XL"", rot"\r\n'
    assert written.startswith(b"\xef\xbb\xbf")
