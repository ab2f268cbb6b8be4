"""Rules: the first match wins, the last matches all, and the decision says which rule it was."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.config import read, template
from desk.mention import Mention
from desk.reading import INTENTS, SENTIMENTS, Tags
from desk.routing import Rule, When, matches, route, total
from desk.taxonomy import DEFAULT

RULES = read(template("de")).rules
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def mention(**said) -> Mention:
    return Mention(
        **({"platform": "mastodon", "native_id": "1", "conversation": "1", "kind": "post", "text": "x", "said_at": NOW} | said)
    )


@pytest.mark.parametrize(
    ("tags", "said", "team", "priority"),
    [
        pytest.param(Tags("negative", "complaint", True, friction={"payment": 0.9}), {}, "payments", 1, id="payment fails"),
        pytest.param(
            Tags("negative", "complaint", True, friction={"payment": 0.4}), {}, "payments", 2, id="payment, not certain"
        ),
        pytest.param(
            Tags("negative", "complaint", True, friction={"checkout": 0.9, "technical": 0.8}), {}, "checkout", 1, id="checkout"
        ),
        pytest.param(
            Tags("negative", "complaint", True, True, friction={"returns": 0.7}), {}, "finance", 1, id="money owed, urgent"
        ),
        pytest.param(Tags("negative", "complaint", True, True), {}, "support", 1, id="urgent without a topic"),
        pytest.param(Tags("negative", "other"), {"reach": 20_000}, "community", 1, id="wide reach"),
        pytest.param(Tags("negative", "complaint", True, friction={"delivery": 0.8}), {}, "logistics", 2, id="delivery"),
        pytest.param(Tags("neutral", "question", True), {}, "support", 3, id="a question without a topic"),
        pytest.param(Tags("neutral", "suggestion", False, friction={"usability": 0.6}), {}, "product", 4, id="a wish"),
        pytest.param(Tags("positive", "praise"), {"kind": "review", "stars": 5}, "community", 4, id="praise"),
    ],
)
def test_the_default_rules_send_each_to_its_team(tags, said, team, priority):
    decision = route(mention(**said), tags, RULES)
    assert (decision.team, decision.priority) == (team, priority)


def test_praise_owes_no_answer():
    assert not route(mention(), Tags("positive", "praise"), RULES).answer


def test_the_ticket_is_about_the_topic_the_rule_asked_for():
    tags = Tags("negative", "complaint", True, friction={"service": 0.99, "payment": 0.7})
    assert route(mention(), tags, RULES).topic == "payment"


@pytest.mark.parametrize("topic", DEFAULT.topics, ids=lambda topic: topic.key)
def test_whoever_needs_an_answer_about_a_topic_reaches_the_team_of_the_taxonomy(topic):
    decision = route(mention(), Tags("negative", "complaint", True, friction={topic.key: 0.6}), RULES)
    assert (decision.team, decision.answer, decision.topic) == (topic.team, True, topic.key)


@given(st.deferred(lambda: any_tags))
def test_nobody_who_needs_an_answer_or_is_in_a_hurry_is_filed_without_a_ticket(tags):
    assert route(mention(), tags, RULES).answer or not (tags.needs_reply or tags.urgent)


@pytest.mark.parametrize(
    ("text", "team"),
    [
        pytest.param("Das gebe ich jetzt meinem Anwalt!", "community", id="Anwalt"),
        pytest.param("dann eben die VERBRAUCHERZENTRALE", "community", id="capitals"),
        pytest.param("Meine Rechtsanwältin meldet sich", "community", id="an ending and an umlaut"),
        pytest.param("I will take legal  action", "community", id="a phrase over two blanks"),
        pytest.param("Der Staatsanwalt in der Serie war gut", "support", id="not inside a word"),
    ],
)
def test_threats_and_the_press_are_known_by_their_words(text, team):
    assert route(mention(text=text), Tags("negative", "complaint", True), RULES).team == team


@pytest.mark.parametrize(
    ("when", "said", "source", "expected"),
    [
        pytest.param(When(), {}, "", True, id="empty"),
        pytest.param(When(platform=("appstore",)), {}, "", False, id="platform"),
        pytest.param(When(source=("a",)), {}, "a", True, id="source"),
        pytest.param(When(kind=("dm", "post")), {}, "", True, id="kind"),
        pytest.param(When(language=("de",)), {}, "", True, id="language"),
        pytest.param(When(stars_at_most=2), {"stars": 2}, "", True, id="stars at the bound"),
        pytest.param(When(stars_at_most=2), {}, "", False, id="no stars are not few stars"),
        pytest.param(When(stars_at_least=4), {"stars": 3.9}, "", False, id="stars below"),
        pytest.param(When(reach_at_least=100), {"reach": 100}, "", True, id="reach at the bound"),
        pytest.param(When(praise=("service",)), {}, "", False, id="praise"),
        pytest.param(When(topic=("payment",), probability=0.8), {}, "", False, id="too uncertain"),
        pytest.param(When(topic=("payment",), probability=0.7), {}, "", True, id="certain enough"),
        pytest.param(When(urgent=False), {}, "", True, id="not urgent"),
        pytest.param(When(needs_reply=False), {}, "", False, id="needs a reply"),
        pytest.param(When(sentiment=("positive", "negative")), {}, "", True, id="one of two sentiments"),
        pytest.param(When(intent="complaint"), {}, "", True, id="a single value without its list"),
        pytest.param(When(topic=("checkout", "payment")), {}, "", True, id="one of two topics"),
        pytest.param(When(words=("möbel*",)), {"text": "MOEBEL? Möbelhaus!"}, "", True, id="words"),
        pytest.param(When(words=("möbel",)), {"text": "Möbelhaus"}, "", False, id="a whole word"),
        pytest.param(When(words=("c++",)), {"text": "in C++ programmiert"}, "", True, id="signs are only signs"),
        pytest.param(When(words=("kaputt",)), {"title": "Kaputt", "text": "Stuhl"}, "", True, id="a word of the title"),
        pytest.param(When(words=("ende",)), {"text": "x " * 500_000 + "ende"}, "", False, id="not to the end of a megabyte"),
    ],
)
def test_each_condition(when, said, source, expected):
    tags = Tags("negative", "complaint", True, language="de", friction={"payment": 0.7})
    assert matches(when, mention(**said), tags, source) is expected


topics = st.dictionaries(st.sampled_from([topic.key for topic in DEFAULT.topics]), st.floats(0, 1), max_size=4)
any_tags = st.builds(
    Tags,
    sentiment=st.sampled_from(SENTIMENTS),
    intent=st.sampled_from(INTENTS),
    needs_reply=st.booleans(),
    urgent=st.booleans(),
    language=st.sampled_from(["de", "en", "und"]),
    friction=topics,
    praise=topics,
)


@given(any_tags, st.one_of(st.none(), st.floats(1, 5)))
def test_routing_is_total(tags, stars):
    assert total(RULES)
    assert route(mention(stars=stars), tags, RULES).rule in {rule.name for rule in RULES}


whens = st.builds(
    When,
    topic=st.lists(st.sampled_from(DEFAULT.keys), max_size=2),
    sentiment=st.lists(st.sampled_from(SENTIMENTS), max_size=2),
    needs_reply=st.sampled_from([None, True, False]),
    urgent=st.sampled_from([None, True, False]),
    stars_at_most=st.sampled_from([None, 1, 3]),
)
rule_lists = st.lists(st.builds(Rule, name=st.uuids().map(str), when=whens, team=st.just("support")), max_size=8)


@given(any_tags, rule_lists, rule_lists)
def test_rules_added_below_the_match_change_nothing(tags, rules, more):
    last = Rule(name="the rest", team="support")
    decision = route(mention(), tags, [*rules, last])
    assert route(mention(), tags, [*rules, last, *more]) == decision
    if decision.rule != "the rest":
        assert route(mention(), tags, [*rules, *more, last]) == decision


@given(any_tags, rule_lists)
def test_the_decision_is_the_first_match_and_always_the_same(tags, rules):
    rules = [*rules, Rule(name="the rest", team="support")]
    first = next(rule for rule in rules if matches(rule.when, mention(), tags))
    assert route(mention(), tags, rules).rule == first.name
    assert route(mention(), tags, rules) == route(mention(), tags, rules)


@given(any_tags)
def test_the_order_in_which_topics_were_tagged_does_not_matter(tags):
    turned = replace(tags, friction=dict(reversed(tags.friction.items())))
    assert route(mention(), turned, RULES) == route(mention(), tags, RULES)


@given(any_tags)
def test_a_rule_added_below_changes_nothing_that_matched_before(tags):
    before = route(mention(), tags, RULES)
    assert route(mention(), tags, (*RULES, Rule(name="new", team="support"))) == before
