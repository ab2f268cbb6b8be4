"""What review sites share: stars, answers with ids of their own, and data that is left behind."""

from datetime import UTC, datetime, timedelta

import pytest

from desk.mention import Mention
from listeners.batches import Batch
from listeners.contract import Window
from listeners.reviews import answer, answer_id, bare, rated, reviews, sent

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def review(number: int = 1, ago: timedelta = timedelta(0)) -> Mention:
    key = f"r{number}"
    return Mention(
        platform="x", native_id=key, conversation=key, kind="review", text="gut", said_at=NOW - ago, url="https://x.example/"
    )


@pytest.mark.parametrize(
    ("given", "stars", "rating"),
    [
        (4, 4, "4/5"),
        (4.6, 4.6, "4.6/5"),
        ("5", 5, "5/5"),
        (0, None, "0/5"),
        (10, None, "10/5"),
        (None, None, None),
        ("gut", None, None),
    ],
)
def test_stars_are_kept_with_their_original(given, stars, rating):
    assert rated(given) == {"stars": stars, "rating": rating}


def test_private_names_are_left_behind_however_deep():
    item = {"id": 1, "email": "a", "who": [{"email": "b", "name": "Jule"}, "text"], "order": {"id": 2}}
    assert bare(item, {"email", "order"}) == {"id": 1, "who": [{"name": "Jule"}, "text"]}


def test_an_answer_belongs_to_its_review_and_is_ours():
    said = answer(review(), "Danke!", "2026-11-01T12:00:00Z", changed="2026-11-01T12:30:00Z")
    assert (said.native_id, said.parent, said.conversation, said.kind, said.ours) == ("r1/reply", "r1", "r1", "review", True)
    assert said.edited_at == NOW + timedelta(minutes=30)


def test_an_answer_that_was_never_changed_is_not_edited():
    assert answer(review(), "Danke!", "2026-11-01T12:00:00Z", changed="2026-11-01T12:00:00Z").edited_at is None


@pytest.mark.parametrize(
    ("text", "since", "found"),
    [
        ("Danke  sehr!", NOW, True),
        ("Danke sehr!", NOW, True),
        ("Danke!", NOW, False),
        ("Danke sehr!", NOW + timedelta(minutes=1), False),
    ],
)
def test_what_was_sent_is_found_by_its_words_and_its_time(text, since, found):
    receipt = sent(answer(review(), "Danke sehr!", NOW), text, since)
    assert (receipt is not None) is found
    assert sent(None, text, since) is None


def gone(known: dict[str, datetime], *, answers_complete: bool = True) -> set[str]:
    """Return what a walk over one review without an answer takes for deleted."""
    window = Window(NOW, NOW - timedelta(days=31), known=known)

    def stream(_since: datetime) -> list[Batch]:
        return [Batch((review(1, timedelta(hours=1)),))]

    walked = reviews(stream, None, window, back=timedelta(0), answers_complete=answers_complete)
    return {key for page in walked for key in page.deleted}


def test_an_answer_is_gone_where_its_review_is_there_without_it():
    assert gone({answer_id("r1"): NOW - timedelta(minutes=50)}) == {"r1/reply"}


def test_an_answer_is_not_gone_because_its_review_is_out_of_reach():
    assert gone({answer_id("r2"): NOW - timedelta(minutes=50)}) == set()


def test_an_answer_that_was_given_a_moment_ago_is_not_gone_yet():
    assert gone({answer_id("r1"): NOW - timedelta(minutes=5)}) == set()


def test_an_answer_is_never_gone_where_a_platform_does_not_show_them_all():
    assert gone({answer_id("r1"): NOW - timedelta(minutes=50)}, answers_complete=False) == set()


def test_a_review_that_is_missing_is_gone():
    assert gone({"r2": NOW - timedelta(minutes=50)}) == {"r2"}
