"""What `init` and the demo write is a desk that works, explains every setting and says the same in both languages."""

import re
import tomllib
from datetime import UTC, datetime

import pytest

from desk.classifier import Classifier
from desk.config import Desk, Team, demo, read, template
from desk.deadline import Calendar
from desk.mention import Mention
from desk.reading import SENTIMENTS, Tags
from desk.routing import Rule, When, route
from desk.sign_in import Person, SignIn
from desk.source import Source
from desk.taxonomy import DEFAULT, OwnTopic, TopicChange

LANGUAGES = ["de", "en"]
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
EXAMPLE = re.compile(r'# (\[\[?[a-z._]+\]\]?|[a-z_]+ = ("[^"]*"|\[.*\]|\{.*\}|true))\s*(#.*)?$')


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_is_a_desk_without_sources(language):
    desk = read(template(language, 'Möbel "Kastanie"'))
    assert (desk.language, desk.name, desk.sources) == (language, 'Möbel "Kastanie"', ())


def test_both_languages_have_the_same_teams_rules_and_hours():
    german, english = read(template("de")), read(template("en"))
    assert german.teams == english.teams
    assert german.calendar == english.calendar
    assert [rule.model_dump(exclude={"name"}) for rule in german.rules] == [
        rule.model_dump(exclude={"name"}) for rule in english.rules
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_topic_has_its_team_and_a_rule(language):
    desk = read(template(language))
    asked = {topic for rule in desk.rules for topic in rule.when.topic}
    assert all(desk.team(topic.team) for topic in desk.topics.topics)
    assert set(DEFAULT.keys) - asked == {"service"}  # left to the support team, which answers whatever is left


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "model",
    [Desk, Team, Rule, When, Calendar, Source, TopicChange, OwnTopic, Classifier, SignIn, Person],
    ids=lambda model: model.__name__,
)
def test_every_setting_is_explained(language, model):
    text = template(language)
    names = [field.alias or name for name, field in model.model_fields.items()]
    assert [name for name in names if name not in ("options", "secrets") and not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commented_examples_work_once_their_hash_is_removed(language):
    def bare(line: str) -> str:
        return line[2:] if EXAMPLE.match(line) else line

    text = "\n".join(map(bare, template(language).replace('# [[stages]]\n# key = "decision"\n', "# ").split("\n")))
    desk = read(text)
    assert [source.platform for source in desk.sources] == ["files", "mastodon", "mastodon", "appstore"]
    assert desk.topics.name("checkout", "en") == "Booking"
    assert [topic.key for topic in desk.own_topics] == ["assembly"]
    assert [topic.key for topic in desk.topics.topics if topic.retired] == ["service"]
    assert [(one.answers, set(one.labels.values())) for one in desk.classifiers] == [("sentiment", set(SENTIMENTS))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_is_too_long_to_read(language):
    assert max(map(len, template(language).splitlines())) <= 130


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_demo_listens_to_the_sandbox_only(language):
    desk = read(demo("http://127.0.0.1:8787/", "C:\\Users\\anna\\exports", language))
    assert [source.platform for source in desk.sources] == ["mastodon", "mastodon", "appstore", "files"]
    assert [source.base_url for source in desk.sources[:3]] == [
        f"http://127.0.0.1:8787/{name}" for name in ("mastodon", "mastodon", "appstore")
    ]
    assert desk.sources[3].options == {"folder": "C:\\Users\\anna\\exports"}
    assert desk.rules == read(template(language)).rules


def test_the_demo_says_that_it_is_one():
    assert read(demo("http://127.0.0.1:8787/")).invented
    assert not read(template("de")).invented


def test_the_demo_names_a_language_only_where_it_is_asked_to():
    assert "language" not in read(demo("http://127.0.0.1:8787/")).model_fields_set
    assert read(demo("http://127.0.0.1:8787/", language="en")).language == "en"


def test_a_template_is_plain_toml():
    assert tomllib.loads(template("de"))["teams"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("said", "tags", "answer"),
    [
        pytest.param({"stars": 1}, Tags(), True, id="one star without words"),
        pytest.param({"stars": 2}, Tags(intent="praise", sentiment="positive"), True, id="two stars that ask for nothing"),
        pytest.param({"stars": 3}, Tags(), False, id="three stars without words"),
        pytest.param({"stars": 1, "kind": "survey"}, Tags(), False, id="a survey, which nobody can answer in public"),
        pytest.param({"stars": 1, "kind": "survey"}, Tags(needs_reply=True), True, id="a survey that asks"),
        pytest.param({}, Tags(), False, id="no stars, no words"),
    ],
)
def test_a_bad_review_gets_an_answer_even_without_words(language, said, tags, answer):
    values = {"platform": "appstore", "native_id": "1", "conversation": "1", "kind": "review", "text": "", "said_at": NOW} | said
    mention = Mention(**values)
    decision = route(mention, tags, read(template(language)).rules)
    assert decision.answer is answer
    if answer:
        assert decision.team == "support"


@pytest.mark.parametrize(("language", "rule"), [("de", "Wenige Sterne"), ("en", "Few stars")])
def test_a_bad_review_without_words_goes_where_the_rule_for_few_stars_sends_it(language, rule):
    said = Mention(platform="google_play", native_id="1", conversation="1", kind="review", text="", stars=1, said_at=NOW)
    assert route(said, Tags(), read(template(language)).rules).rule == rule


@pytest.mark.parametrize(("language", "rule"), [("de", "Gefahr für Menschen"), ("en", "Danger to people")])
@pytest.mark.parametrize(
    ("text", "dangerous"),
    [
        ("Aus dem Akku kommt Rauch!!", True),
        ("Mein Kind hat sich an der scharfen Kante verletzt", True),
        ("The charger got so hot it burned my hand", True),
        ("The lamp CAUGHT FIRE last night", True),
        ("Der Rauchmelder kam zwei Tage zu spät", False),
        ("Brennt mir unter den Nägeln: Wo bleibt mein Paket?", False),
        ("Your chairs are fire", False),
    ],
)
def test_where_people_are_in_danger_somebody_answers_at_once_whatever_the_tagger_says(language, rule, text, dangerous):
    said = Mention(platform="google_play", native_id="1", conversation="1", kind="review", text=text, stars=5, said_at=NOW)
    decision = route(said, Tags(sentiment="positive", intent="praise"), read(template(language)).rules)
    assert (decision.rule == rule) is dangerous
    if dangerous:
        assert (decision.answer, decision.priority, decision.team) == (True, 1, "quality")
