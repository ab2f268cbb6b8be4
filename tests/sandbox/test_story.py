"""The story that the sandbox tells is whole, labelled with our own words, and the same for everybody who asks."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from desk.taxonomy import DEFAULT
from listeners.sandbox import story
from listeners.sandbox.story import Line, Told

NOW = datetime(2026, 4, 30, 15, 20, tzinfo=UTC)
TOPICS = {topic.key for topic in DEFAULT.topics}
CUSTOMERS = [line for line in story.load() if not line.ours]


def by_id() -> dict[str, Line]:
    return {line.id: line for line in story.load()}


def test_every_line_has_its_own_id() -> None:
    ids = [line.id for line in (*story.load(), *story.live_lines())]
    assert len(set(ids)) == len(ids)


def test_an_answer_comes_after_what_it_answers_and_stays_in_its_conversation() -> None:
    lines = by_id()
    answers = [line for line in lines.values() if line.parent]
    assert len(answers) > 200
    for line in answers:
        parent = lines[line.parent or ""]
        assert parent.day < line.day
        assert (parent.thread, parent.channel) == (line.thread, line.channel)


def test_every_conversation_starts_with_one_customer() -> None:
    starts = [line for line in story.load() if line.parent is None]
    assert not any(line.ours for line in starts)
    assert Counter(line.thread for line in starts) == dict.fromkeys({line.thread for line in story.load()}, 1)


def test_customers_are_labelled_with_topics_of_the_taxonomy_and_the_shop_is_not() -> None:
    for line in story.load():
        labels = (line.sentiment, line.intent, line.needs_reply, line.urgent)
        assert (None in labels) is line.ours
        assert {*line.friction, *line.praise} <= (set() if line.ours else TOPICS)


def test_every_topic_is_spoken_of() -> None:
    assert {topic for line in CUSTOMERS for topic in (*line.friction, *line.praise)} == TOPICS


def test_the_shop_speaks_with_one_account_and_nobody_else_with_it() -> None:
    assert all((line.author == story.BRAND) is line.ours for line in story.load())


def test_two_thirds_speak_german_and_a_third_english() -> None:
    german = sum(line.lang == "de" for line in CUSTOMERS) / len(CUSTOMERS)
    assert 0.56 < german < 0.68


@pytest.mark.parametrize(
    ("channel", "at_least"),
    [
        ("mastodon_tag", 180),
        ("mastodon_mention", 80),
        ("mastodon_dm", 60),
        ("appstore", 160),
        ("trustpilot", 55),
        ("survey", 35),
        ("helpdesk", 35),
    ],
)
def test_every_channel_is_filled(channel: story.Channel, at_least: int) -> None:
    assert sum(line.channel == channel for line in story.load()) >= at_least


def test_every_channel_is_told_live_where_it_can_be() -> None:
    assert {line.channel for line in story.live_lines()} == {"mastodon_tag", "mastodon_mention", "mastodon_dm", "appstore"}


def test_reviews_have_stars_and_store_reviews_a_country() -> None:
    for line in (*story.load(), *story.live_lines()):
        assert (line.stars is not None) is (line.kind == "review")
        assert (line.country is not None) is (line.channel == "appstore")


def test_what_a_hashtag_or_a_mention_finds_carries_it() -> None:
    for line in (*story.load(), *story.live_lines()):
        if line.kind == "post":
            assert ("#kastanie" if line.channel == "mastodon_tag" else "@kastanie") in line.text.lower()


def test_the_outage_in_week_three_stands_out_from_every_other_two_and_a_half_days() -> None:
    payment = [line.day for line in CUSTOMERS if "payment" in line.friction]
    outage = sum(-12.5 <= day < -10 for day in payment)
    assert outage >= 90
    for start in range(-28, -15):
        assert sum(start <= day < start + 2.5 for day in payment) <= outage / 10


def test_no_two_customers_say_the_same() -> None:
    words = [" ".join(line.text.lower().split()) for line in (*CUSTOMERS, *story.live_lines()) if line.text]
    assert [text for text, count in Counter(words).items() if count > 1] == []


def test_some_things_are_edited_deleted_late_or_said_in_the_same_second() -> None:
    told = story.at(NOW)
    assert sum(bool(item.edits) for item in told) >= 10
    assert sum(item.deleted_at is not None for item in told) >= 8
    assert sum(item.visible_at > item.said_at for item in told) >= 5
    assert max(Counter(item.said_at for item in told if item.line.channel == "mastodon_tag").values()) >= 3


def test_customers_come_back_and_speak_on_several_channels() -> None:
    channels: dict[str, set[str]] = {}
    for line in CUSTOMERS:
        channels.setdefault(line.author, set()).add(line.channel)
    assert sum(len(found) > 1 for author, found in channels.items() if author) >= 5


def test_hostile_texts_are_there() -> None:
    texts = [f"{line.author_name} {line.title} {line.text}" for line in story.load()]
    for sign in ("<script>", "](javascript:", "=HYPERLINK(", "\u202e"):
        assert any(sign in text for text in texts)
    assert max(map(len, texts)) > 2000


def test_the_same_day_tells_the_same_month() -> None:
    assert story.at(NOW) == story.at(NOW + timedelta(hours=3))


def test_the_month_ends_on_the_day_of_the_listener_at_home() -> None:
    days = [item.said_at.astimezone(story.HOME).date() for item in story.at(NOW)]
    assert days == sorted(days)
    assert (days[0], days[-1]) == (NOW.date() - timedelta(days=27), NOW.date())


@pytest.mark.parametrize("now", [NOW, datetime(2026, 4, 10, 23, 30, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)])
def test_the_clock_at_home_stays_plausible_when_it_is_put_forward_or_back(now: datetime) -> None:
    hours = [item.said_at.astimezone(story.HOME).hour for item in story.at(now)]
    assert min(hours) >= 6
    ours = [item.said_at.astimezone(story.HOME).hour for item in story.at(now) if item.line.ours]
    assert 7 <= min(ours) <= max(ours) < 24


def test_answers_stay_after_their_questions_in_real_time() -> None:
    told = {item.line.id: item for item in story.at(NOW)}
    for item in told.values():
        if item.line.parent:
            assert told[item.line.parent].said_at < item.said_at


def an_edited(told: tuple[Told, ...]) -> Told:
    return next(item for item in told if item.edits)


def test_an_edit_stands_from_its_moment_on() -> None:
    item = an_edited(story.at(NOW))
    moment, text = item.edits[0]
    before = moment - timedelta(seconds=1)
    assert (item.text(before), item.edited_at(before)) == (item.line.text, None)
    assert (item.text(moment), item.edited_at(moment)) == (text, moment)


def test_a_deleted_line_is_seen_until_its_moment() -> None:
    item = next(item for item in story.at(NOW) if item.deleted_at)
    assert item.deleted_at
    assert item.seen(item.visible_at)
    assert not item.seen(item.visible_at - timedelta(seconds=1))
    assert not item.seen(item.deleted_at)
    assert item.gone(item.deleted_at)


def test_the_live_stream_says_number_k_at_anchor_plus_k_times_every() -> None:
    every = timedelta(seconds=5)
    told = list(story.live(NOW, NOW + timedelta(minutes=30), every))
    assert [item.line.id for item in told[:2]] == ["live-000001", "live-000002"]
    assert [item.said_at for item in told] == [NOW + k * every for k in range(1, 361)]
    assert len({item.line.id for item in told}) == 360


def test_the_live_stream_can_be_entered_anywhere_and_tells_the_same() -> None:
    every = timedelta(seconds=3)
    late = NOW + timedelta(days=30)
    assert next(story.live(NOW, late, every, first=864_000)).line.id == "live-864000"
    assert list(islice(story.live(NOW, late, every), 40, 60)) == list(islice(story.live(NOW, late, every, first=41), 20))


def test_nothing_is_live_before_its_time() -> None:
    assert list(story.live(NOW, NOW + timedelta(seconds=4), timedelta(seconds=5))) == []


def test_the_live_stream_repeats_no_text_before_it_has_said_all() -> None:
    lines = len(story.live_lines())
    texts = [item.line.text for item in islice(story.live(NOW, NOW + timedelta(days=1), timedelta(seconds=5)), lines)]
    assert len(set(texts)) >= lines - 1
    again = list(islice(story.live(NOW, NOW + timedelta(days=1), timedelta(seconds=5)), lines, 2 * lines))
    assert {item.line.text for item in again} == set(texts)
