"""The page Quality shows what teaching has changed, from the report that the version keeps."""

from typing import Any

import pytest
from desks import Home
from test_pages import opened, shown, store_of
from test_quality_pages import NOW, full, use_model

from store.models import Taught, add

TITLE = {"de": "Was sich durch das Lernen geändert hat", "en": "What teaching has changed"}


def compared(before: float, after: float) -> dict[str, list[float]]:
    return {
        "before": [before, before - 0.02, before + 0.02],
        "after": [after, after - 0.02, after + 0.02],
        "difference": [after - before, -0.01, 0.03],
    }


REPORT: dict[str, Any] = {
    "taught": 10,
    "held_back": 3,
    "figures": {
        "friction micro-F1": compared(0.71, 0.73),
        "sentiment macro-F1": compared(0.8, 0.81),
        "intent accuracy": compared(0.88, 0.89),
        "needs_reply F1": compared(0.92, 0.91),
        "urgent F1": compared(0.6, 0.62),
        "a figure of tomorrow": compared(0.33, 0.34),
    },
    "agreement": compared(0.64, 0.79),
    "good": True,
    "reason": "",
}


def taught(home: Home, card: dict[str, Any], name: str = "probe@7+1", encoder: str = "probe@7") -> None:
    use_model(home, full())
    with store_of(home) as session:
        add(session, Taught(name, encoder, "person:Anna", b"", card, 12, good=True), NOW)


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "de",
            [
                "gelesen von probe@7 und von probe@7+1",
                "Reibung über alle Themen 0,71 0,69 bis 0,73 0,73 0,71 bis 0,75",
                "Anliegen Anteil, der stimmt 0,88 0,86 bis 0,90 0,89",
                "a figure of tomorrow 0,33",
                "Einig mit Menschen an 3 zurückgehaltenen Stimmen 0,64 0,62 bis 0,66 0,79",
                "Die ausführlichen Messwerte unten gehören zu der Fassung, die mitgeliefert wurde: probe@7",
            ],
        ),
        (
            "en",
            [
                "read by probe@7 and by probe@7+1",
                "Friction over all topics 0.71 0.69 to 0.73 0.73",
                "Agreement with people on 3 mentions held back 0.64 0.62 to 0.66 0.79",
            ],
        ),
    ],
)
def test_quality_shows_figures_and_agreement_before_and_after_teaching(home: Home, language: str, sentences: list[str]) -> None:
    taught(home, {"report": REPORT, "against": "probe@7"})
    said = shown(opened("quality", language))
    assert TITLE[language] in said
    for sentence in sentences:
        assert sentence in said


def test_where_no_correction_was_held_back_no_agreement_is_named(home: Home) -> None:
    taught(home, {"report": REPORT | {"agreement": None, "held_back": 0}})
    said = shown(opened("quality"))
    assert "0,73" in said
    assert "Einig mit Menschen" not in said


@pytest.mark.parametrize("card", [{}, {"report": {}}, {"report": "?"}, {"report": {"figures": {"x": 1}}}])
def test_a_version_without_a_report_shows_nothing_of_it(home: Home, card: dict[str, Any]) -> None:
    taught(home, card)
    assert TITLE["de"] not in shown(opened("quality"))


def test_a_version_of_another_model_shows_nothing_of_it(home: Home) -> None:
    taught(home, {"report": REPORT}, "other@1+1", "other@1")
    assert TITLE["de"] not in shown(opened("quality"))


def test_where_nothing_was_taught_nothing_is_shown(home: Home) -> None:
    use_model(home, full())
    assert TITLE["de"] not in shown(opened("quality"))
