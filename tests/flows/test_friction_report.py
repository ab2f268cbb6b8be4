"""The friction report: the numbers of the page Friction, words that name nobody, and no markup of strangers."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from staging import Clock, Run, WordTagger

from desk.mention import Mention
from flows.settings import Settings
from flows.work.friction_report import Wanted, as_json, markdown, plain, report
from flows.work.read import read
from listeners.contract import Page
from store.mentions import keep

HOSTILE = "PayPal geht nicht <script>alert(1)</script> [klick](https://evil.example) | **fett** www.evil.example &lt;"
PERSONAL = "PayPal geht nicht, Frau Özdemir, 0172 9925904"


@pytest.fixture
def yesterday(settings: Settings, say: Callable[..., None], tagger: WordTagger, clock: Clock) -> Settings:
    """A desk that heard three people complain a day ago."""
    clock.move(days=-1)
    say({"1": HOSTILE, "2": PERSONAL, "3": "PayPal: schon wieder eine Fehlermeldung"})
    clock.move(days=1)
    read(settings, tagger, clock=clock)
    return settings


def test_the_report_counts_people_by_topic_and_stage(yesterday: Settings, clock: Clock) -> None:
    found = report(yesterday, Wanted(), clock())
    assert (found.people, dict(found.stages)) == (3, {"purchase": 3})
    assert [(row.topic, row.people, row.mentions) for row in found.rows] == [("payment", 3, 3)]
    assert len(found.quotes["payment"]) == 3
    assert as_json(found)["topics"][0]["people"] == 3


@pytest.mark.parametrize(("language", "title", "topic"), [("de", "Reibung vom", "Bezahlung"), ("en", "Friction from", "Payment")])
def test_it_reads_in_both_languages(yesterday: Settings, clock: Clock, language: str, title: str, topic: str) -> None:
    said = markdown(report(yesterday, Wanted(), clock()), yesterday.desk, language)  # type: ignore[arg-type]
    assert f"# Testladen: {title}" in said
    assert f"| {topic} | 3 |" in said


def test_nobody_is_named_in_it_and_nothing_is_markup(yesterday: Settings, clock: Clock) -> None:
    said = markdown(report(yesterday, Wanted(), clock()), yesterday.desk, "de")
    assert "Özdemir" not in said
    assert "9925904" not in said
    assert "<script>" not in said
    assert "](https://" not in said
    assert "\\<script\\>" in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Rückgabe & Erstattung", "Rückgabe & Erstattung"),
        ("a &amp; b", "a \\&amp; b"),
        ("# groß\n- b", "\\# groß - b"),
        ("1 * 2 | 3", "1 \\* 2 \\| 3"),
        ("http://x.example", "http\\://x.example"),
        ("1986. Ein tolles Jahr", "1986\\. Ein tolles Jahr"),
        ("2) zweitens", "2\\) zweitens"),
        ("\x1b[31mrot\u202e", "\N{REPLACEMENT CHARACTER}\\[31mrot\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_what_markdown_would_obey_is_shown(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_today_is_not_over_and_does_not_count(
    settings: Settings, say: Callable[..., None], tagger: WordTagger, clock: Clock
) -> None:
    say({"1": PERSONAL})
    read(settings, tagger, clock=clock)
    found = report(settings, Wanted(), clock())
    assert found.rows == []
    assert "Nothing was heard in this time" in markdown(found, settings.desk)
    assert report(settings, Wanted(), clock() + timedelta(days=1)).people == 1


def test_the_command_prints_it_or_writes_a_file(yesterday: Settings, kk: Run, tmp_path: Path) -> None:
    assert "| Bezahlung | 3 |" in kk("report", "--language", "de").output
    assert json.loads(kk("report", "--json").stdout)["people"] == 3
    assert 'Nothing was heard from "mastodo", did you mean' in kk("report", "--platform", "mastodo", code=2).output.replace(
        ";", ","
    )
    assert "(Mastodon)" in kk("report", "--platform", "mastodon").output.splitlines()[0]
    assert "There is no folder" in kk("report", "--out", tmp_path / "nowhere" / "report.md", code=2).output
    out = tmp_path / "report.md"
    assert "Wrote 1 topics" in kk("report", "--out", out, "--voices", "0").output
    assert "> " not in out.read_text("utf-8")


def test_a_number_whose_line_above_says_what_it_is_stays_hidden(settings: Settings, clock: Clock, tagger: WordTagger) -> None:
    texts = [
        ("Frage zu Bestellung 4711", "0172 9925904 bitte zurückrufen, PayPal geht nicht"),
        ("Kundennummer", "0172 9925904, PayPal geht nicht"),
    ]
    said = [
        Mention(
            platform="mastodon", native_id=str(n), conversation=str(n), kind="comment", title=title, text=text, said_at=clock()
        )
        for n, (title, text) in enumerate(texts)
    ]
    with settings.session() as session:
        keep(session, settings.desk.source("tag"), Page(said), now=clock())
    read(settings, tagger, clock=clock)
    found = report(settings, Wanted(), clock() + timedelta(days=1))
    assert "9925904" not in markdown(found, settings.desk)


def test_what_nobody_has_read_yet_is_said(settings: Settings, say: Callable[..., None], clock: Clock) -> None:
    say({"1": PERSONAL})
    found = report(settings, Wanted(), clock() + timedelta(days=1))
    assert (found.heard, found.unread) == (1, 1)
    assert "Not read yet: **1**" in markdown(found, settings.desk)
