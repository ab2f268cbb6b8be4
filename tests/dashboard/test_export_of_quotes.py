"""What leaves the house as a file says nothing about who wrote it, unless somebody asks for that (guarantee 11)."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import seed
from desks import Home
from test_pages import opened, shown

from dashboard import export
from dashboard.components import friction
from dashboard.viewer import Viewer
from dashboard.words import Words
from desk.mention import Author, Mention
from store.engine import connect
from store.engine import session as open_session
from store.friction import Scope

SAID = "PayPal geht nicht. Ruft an: 0172 9925904, Frau Özdemir, Bestellung 4711-0815"
NOW = datetime.now(UTC)
SCOPE = Scope(NOW - timedelta(days=1), NOW + timedelta(days=1))


@pytest.fixture
def viewer(empty_home: Home) -> Viewer:
    """Somebody who looks at a desk with one quote, by an author with a name and an address."""
    said = Mention(
        platform="mastodon",
        native_id="1",
        conversation="1",
        kind="post",
        title="An anna@web.de",
        text=SAID,
        said_at=NOW,
        author=Author(native_id="7", handle="apetzold", name="Anna Petzold"),
        url="https://m.example/@apetzold/1",
    )
    engine = connect(empty_home.url)
    with open_session(engine) as session:
        seed.hear(session, empty_home.desk, [(said, seed.reading("negative", "complaint", friction=("payment",)))], NOW)
    engine.dispose()
    return Viewer(empty_home.desk, Words("de"), "", NOW)


def rows(written: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written.decode("utf-8-sig")), delimiter=";"))


def test_quotes_in_an_export_are_redacted(viewer: Viewer) -> None:
    written = friction._quotes_csv(SCOPE, viewer).decode("utf-8-sig")
    assert "An [E-Mail]" in written
    assert "PayPal geht nicht. Ruft an: [Telefon], Frau [Name], Bestellung 4711-0815" in written


def test_an_export_names_neither_author_nor_address_of_the_post(viewer: Viewer) -> None:
    head, row = rows(friction._quotes_csv(SCOPE, viewer))
    assert head == ["Thema", "Gesagt am", "Plattform", "Sprache", "Sterne", "Titel", "Text"]
    assert len(row) == len(head)
    assert "etzold" not in " ".join(row)


def test_an_export_names_them_where_somebody_asks_for_it(viewer: Viewer) -> None:
    head, row = rows(friction._quotes_csv(SCOPE, viewer, named=True))
    assert head[-2:] == ["Von", "Adresse"]
    assert row[-2:] == ["apetzold", "https://m.example/@apetzold/1"]
    assert "[Telefon]" in " ".join(row), "the words are redacted all the same"


@pytest.mark.parametrize(
    ("language", "label"),
    [("de", "Zitate mit Verfasser und Adresse des Beitrags"), ("en", "Quotes with author and address of the post")],
)
@pytest.mark.usefixtures("viewer")
def test_the_box_that_asks_for_it_is_off_and_explains_itself(language: str, label: str) -> None:
    app = opened("friction", language)
    (box,) = [one for one in app.checkbox if one.label == label]
    assert (box.value, bool(box.help)) == (False, True)
    box.check().run()
    assert not app.exception
    assert "PayPal geht nicht" in shown(app)


def test_a_german_spreadsheet_parts_by_semicolons_and_writes_whole_stars() -> None:
    rows = [["Bezahlung", 2.0, "a;b"]]
    assert export.table(["Thema", "Sterne", "Text"], rows, "de").decode("utf-8-sig").splitlines()[1] == '"Bezahlung";"2";"a;b"'
    assert export.table(["Topic", "Stars", "Text"], rows).decode("utf-8-sig").splitlines()[1] == '"Bezahlung","2","a;b"'
