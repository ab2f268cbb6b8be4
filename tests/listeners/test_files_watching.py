"""A watched folder is heard whole, each file once, in any number of runs; and nobody's file is ever touched."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from desk.errors import ConfigurationError, SourceGone
from desk.source import Source
from listeners import check
from listeners.contract import Page, Window
from listeners.files import LISTENER
from listeners.http import Client

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def client() -> Iterator[Client]:
    with Client("http://localhost", platform="files", credential="") as client:
        yield client


class Watch:
    """A desk that watches one folder."""

    def __init__(self, client: Client, folder: Path, **options: object) -> None:
        self.client, self.folder = client, folder
        self.source = Source(name="exports", platform="files", options={"folder": str(folder), **options})  # type: ignore[dict-item]
        self.cursor: str | None = None
        self.heard: dict[str, str] = {}
        self.pages: list[Page] = []

    def run(self, pages: int = 50, crash_after: int | None = None, now: datetime = NOW) -> list[Page]:
        self.pages = []
        for page in LISTENER.pull(self.client, self.source, self.cursor, Window(now, now - timedelta(days=31), pages=pages)):
            self.heard |= {one.native_id: one.text for one in page.mentions}
            self.pages.append(page)
            self.cursor = page.cursor
            if len(self.pages) == crash_after:
                break
        return self.pages

    def put(self, name: str, texts: list[str], ago: float = 3600) -> Path:
        return put(self.folder, name, texts, ago)


def put(folder: Path, name: str, texts: list[str], ago: float = 3600) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("Review ID,Kommentar\n" + "".join(f"{text.replace(' ', '-')}-000000001,{text}\n" for text in texts))
    set_age(path, ago)
    return path


def set_age(path: Path, ago: float) -> None:
    moment = NOW.timestamp() - ago
    os.utime(path, (moment, moment))


@pytest.fixture
def watch(client: Client, tmp_path: Path) -> Watch:
    return Watch(client, tmp_path)


def texts(pages: list[Page]) -> list[str]:
    return [mention.text for page in pages for mention in page.mentions]


def test_the_oldest_file_is_read_first_and_each_only_once(watch: Watch) -> None:
    watch.put("b.csv", ["zuerst"], ago=7200)
    watch.put("a.csv", ["danach"])
    assert texts(watch.run()) == ["zuerst", "danach"]
    assert watch.run() == []


def test_a_file_that_has_grown_or_was_replaced_is_read_again(watch: Watch) -> None:
    watch.put("a.csv", ["eins"])
    watch.run()
    watch.put("a.csv", ["eins", "zwei"], ago=60)
    assert texts(watch.run()) == ["eins", "zwei"]
    assert len(watch.heard) == 2


def test_a_file_that_was_only_touched_brings_nothing(watch: Watch) -> None:
    path = watch.put("a.csv", ["eins"])
    watch.run()
    set_age(path, 60)
    assert texts(watch.run()) == []
    assert watch.run() == []


@pytest.mark.parametrize("name", ["a.csv.part", "a.tmp", "~$a.xlsx", ".a.csv", "a.csv.crdownload", "Thumbs.db"])
def test_what_is_not_whole_or_nobodys_export_is_left_alone(watch: Watch, name: str) -> None:
    watch.put(name, ["halb"])
    assert watch.run() == []


def test_a_file_that_is_still_being_written_waits_for_the_next_run(watch: Watch) -> None:
    watch.put("a.csv", ["eins"], ago=1)
    assert watch.run() == []
    assert texts(watch.run(now=NOW + timedelta(minutes=5))) == ["eins"]


def test_a_backlog_larger_than_the_budget_is_heard_in_the_next_runs(watch: Watch) -> None:
    for number in range(5):
        watch.put(f"{number}.csv", [f"Datei {number} Zeile {line}" for line in range(1200)], ago=3600 - number)
    runs = 0
    while pages := watch.run(pages=4):
        runs += 1
        assert pages[-1].more is (len(watch.heard) < 6000)
    assert (runs, len(watch.heard)) == (4, 6000)


def test_a_crash_after_any_page_loses_nothing_and_brings_nothing_twice(watch: Watch) -> None:
    for number in range(3):
        watch.put(f"{number}.csv", [f"Datei {number} Zeile {line}" for line in range(1100)])
    heard: list[str] = []
    while pages := watch.run(crash_after=1):
        heard += texts(pages)
    assert len(heard) == len(set(heard)) == 3300


def test_a_file_that_cannot_be_read_is_kept_and_silences_no_other(watch: Watch) -> None:
    (watch.folder / "a.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    (watch.folder / "b.csv").write_text("Wert,Zahl\n1,2\n")
    set_age(watch.folder / "a.xlsx", 9000)
    set_age(watch.folder / "b.csv", 8000)
    watch.put("c.csv", ["gut"])
    pages = watch.run()
    assert texts(pages) == ["gut"]
    first, second = (one for page in pages for one in page.broken)
    assert (first.place, first.raw) == ("a.xlsx", b"PK\x03\x04 not a workbook")
    assert (second.place, second.raw) == ("b.csv", b"Wert,Zahl\n1,2\n")
    assert "mapping" in second.reason
    assert watch.run() == []


def test_links_that_lead_out_of_the_folder_are_not_followed(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    outside = put(tmp_path, "secret.csv", ["geheim"])
    put(folder, "a.csv", ["eins"])
    (folder / "b.csv").symlink_to(outside)
    (folder / "c").symlink_to(tmp_path, target_is_directory=True)
    watch = Watch(client, folder, pattern="**/*")
    assert texts(watch.run()) == ["eins"]


def test_only_the_files_of_the_pattern_are_read(client: Client, tmp_path: Path) -> None:
    watch = Watch(client, tmp_path, pattern="trustpilot-*.csv")
    watch.put("trustpilot-1.csv", ["ja"])
    watch.put("andere.csv", ["nein"])
    assert texts(watch.run()) == ["ja"]


def test_the_source_may_say_whose_they_are_and_which_column_is_what(client: Client, tmp_path: Path) -> None:
    watch = Watch(client, tmp_path, as_platform="forum", kind="post", mapping={"text": "Feld 2"})
    (tmp_path / "a.csv").write_text("Feld 1,Feld 2\nx,Hallo zusammen\n")
    set_age(tmp_path / "a.csv", 60)
    ((mention,),) = (page.mentions for page in watch.run())
    assert (mention.platform, mention.kind, mention.text) == ("forum", "post", "Hallo zusammen")


def test_files_are_never_changed(watch: Watch) -> None:
    path = watch.put("a.csv", ["eins"])
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    watch.run()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [one.name for one in watch.folder.iterdir()] == ["a.csv"]


def test_the_cursor_forgets_files_that_are_gone(watch: Watch) -> None:
    gone = watch.put("a.csv", ["eins"])
    watch.run()
    gone.unlink()
    watch.put("b.csv", ["zwei"])
    watch.run()
    assert list(json.loads(watch.cursor or "{}")) == ["b.csv"]


def test_a_folder_that_is_not_there_is_named(client: Client, tmp_path: Path) -> None:
    with pytest.raises(SourceGone, match="fehlt") as caught:
        Watch(client, tmp_path / "fehlt").run()
    assert "mkdir" in caught.value.advice


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="no folder"),
        pytest.param({"folder": "x", "pattern": "../*"}, id="a pattern that leads out"),
        pytest.param({"folder": "x", "timezone": "Berlin"}, id="no time zone"),
        pytest.param({"folder": "x", "mapping": {"tetx": "a"}}, id="no field"),
        pytest.param({"folder": "x", "ordner": "y"}, id="an unknown option"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LISTENER.options.model_validate(options)
    with pytest.raises(ConfigurationError):
        check(Source(name="exports", platform="files", options=options))  # type: ignore[arg-type]
