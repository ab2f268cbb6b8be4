"""The exports of the tools that people use are read without being told anything; see tests/data/exports (all invented)."""

import json
from pathlib import Path

import pytest

from desk.mention import Mention
from listeners.files import describe, read_file

EXPORTS = Path(__file__).parents[1] / "data" / "exports"


def heard(name: str) -> list[Mention]:
    return [mention for page in read_file(EXPORTS / name) for mention in page.mentions]


@pytest.mark.parametrize(
    ("name", "profile", "platform", "kind", "mentions"),
    [
        ("trustpilot.csv", "Trustpilot", "trustpilot", "review", 3),
        ("googleplay.csv", "Google Play", "googleplay", "review", 3),
        ("google.json", "Google Business", "google", "review", 3),
        ("appstore.json", "App Store", "appstore", "review", 2),
        ("trustedshops.csv", "Trusted Shops", "trustedshops", "review", 3),
        ("zendesk.csv", "Zendesk", "zendesk", "email", 2),
        ("helpdesk.csv", "", "files", "email", 2),
        ("typeform.csv", "Typeform", "typeform", "survey", 2),
        ("surveymonkey.csv", "SurveyMonkey", "surveymonkey", "survey", 2),
        ("limesurvey.csv", "LimeSurvey", "limesurvey", "survey", 2),
        ("googleforms.tsv", "Google Forms", "googleforms", "survey", 2),
        ("befragung.xlsx", "", "files", "review", 3),
        ("corpus.jsonl", "", "files", "comment", 3),
    ],
)
def test_an_export_is_recognised_by_its_columns(name: str, profile: str, platform: str, kind: str, mentions: int) -> None:
    found = describe(EXPORTS / name)
    assert (found.profile, found.platform, found.kind) == (profile, platform, kind)
    assert {mention.platform for mention in heard(name)} == {platform}
    assert len(heard(name)) == mentions


@pytest.mark.parametrize(
    ("name", "stars"),
    [
        ("trustpilot.csv", [1, None, 5]),
        ("googleplay.csv", [2, None, 5]),
        ("google.json", [5, 2, None]),
        ("appstore.json", [1, 4]),
        ("trustedshops.csv", [5, 2, None]),
        ("typeform.csv", [3, 4.5]),
        ("surveymonkey.csv", [4, 5]),
        ("limesurvey.csv", [4.5, 2]),
        ("befragung.xlsx", [4, 2, 5]),
        ("zendesk.csv", [None, 1]),
    ],
)
def test_ratings_of_every_scale_come_as_stars(name: str, stars: list[float | None]) -> None:
    assert [mention.stars for mention in heard(name)] == stars


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("trustpilot.csv", "2026-11-03T14:05:09"),
        ("googleplay.csv", "2026-11-03T14:05:09"),
        ("appstore.json", "2026-11-03T14:05:09"),
        ("typeform.csv", "2026-11-03T14:05:09"),
        ("surveymonkey.csv", "2026-11-03T13:05:09"),
        ("googleforms.tsv", "2026-11-03T13:05:09"),
        ("helpdesk.csv", "2026-11-03T13:05:00"),
        ("befragung.xlsx", "2026-11-03T13:05:00"),
    ],
)
def test_times_are_of_the_zone_that_the_column_names_or_of_home(name: str, moment: str) -> None:
    assert heard(name)[0].said_at.isoformat() == f"{moment}+00:00"


def test_the_answer_of_the_company_is_ours_and_in_the_same_conversation() -> None:
    review, answer, _ = heard("trustpilot.csv")
    assert (answer.ours, answer.conversation, answer.parent) == (True, review.native_id, review.native_id)
    assert answer.said_at.isoformat() == "2026-11-03T16:00:00+00:00"
    assert not review.ours


def test_a_review_of_google_play_has_the_id_that_its_link_tells_and_one_of_stars_alone_comes_too() -> None:
    review, _, silent = heard("googleplay.csv")
    assert review.native_id == "gp:AOqpTOE1"
    assert review.edited_at is not None
    assert (silent.text, silent.stars) == ("", 5)


def test_all_open_questions_of_a_survey_are_read_together() -> None:
    assert [mention.text.count("\n\n") for mention in heard("limesurvey.csv")] == [1, 0]


def test_the_second_line_of_a_heading_is_nobodys_answer() -> None:
    assert [page.broken for page in read_file(EXPORTS / "surveymonkey.csv")] == [()]


def test_umlauts_and_euros_of_windows_are_read() -> None:
    assert "90 × 200 auch ins Kinderbett? Preis: 189 €" in heard("helpdesk.csv")[1].text
    assert heard("helpdesk.csv")[1].title == "Größe"


def test_the_same_words_twice_are_two_mentions() -> None:
    assert len({mention.native_id for mention in heard("corpus.jsonl")}) == 3


def test_ids_that_another_survey_has_too_are_made_unique() -> None:
    ids = [mention.native_id for mention in heard("limesurvey.csv")]
    assert [one.partition("~")[0] for one in ids] == ["1", "2"]
    assert all("~" in one for one in ids)


def test_our_own_corpus_of_five_thousand_real_texts_comes_in_whole() -> None:
    path = Path(__file__).parents[2] / "../shared/data/feedback_real/labelled.jsonl"
    if not path.exists():
        pytest.skip("the real feedback is not on this machine")
    pages = list(read_file(path))
    mentions = [mention for page in pages for mention in page.mentions]
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len({mention.native_id for mention in mentions}) == len(mentions) == len(rows) == 5000
    assert [page.broken for page in pages if page.broken] == []
    same = [
        mention.text == row["text"].strip() and mention.language == row["lang"]
        for mention, row in zip(mentions, rows, strict=True)
    ]
    assert all(same)
