"""Topics are keys for the tagger and names for people, in both languages."""

import pytest
from pydantic import ValidationError

from desk.taxonomy import DEFAULT, Stage, TopicChange


def test_eighteen_topics_in_the_order_of_the_guide():
    assert DEFAULT.keys == (
        *("findability", "product_info", "availability", "price", "account", "checkout", "payment", "technical", "usability"),
        *("delivery", "order", "quality", "returns", "billing", "service", "cancellation", "privacy", "onsite"),
    )


@pytest.mark.parametrize("topic", DEFAULT.topics, ids=lambda topic: topic.key)
def test_a_topic_is_named_and_described_in_both_languages(topic):
    assert all(topic.name[language] and len(topic.description[language]) > 30 for language in ("de", "en"))
    assert topic.description["de"] != topic.description["en"]
    assert topic.stage in {stage.key for stage in DEFAULT.stages}


def test_stages_are_named_in_both_languages():
    assert DEFAULT.stage_name("post-purchase", "de") == "Nach dem Kauf"
    assert DEFAULT.stage_name("loyalty", "en") == "Loyalty"
    assert DEFAULT.stage_name("unheard-of", "en") == "unheard-of"


def test_an_older_taxonomys_topic_stands_for_itself():
    assert DEFAULT.name("unheard_of", "de") == "unheard_of"
    with pytest.raises(KeyError):
        DEFAULT.topic("unheard_of")


def test_a_changed_taxonomy_leaves_the_default_alone():
    changed = DEFAULT.changed(
        {"payment": TopicChange(name={"de": "Geld"}, stage="renewal")}, (Stage(key="renewal", name="Renewal"),)
    )
    assert changed.name("payment", "en") == "Geld"
    assert [topic.key for topic in changed.of_stage("renewal")] == ["payment"]
    assert DEFAULT.name("payment", "de") == "Bezahlung"


def test_a_name_in_a_third_language_is_refused():
    with pytest.raises(ValidationError):
        Stage(key="x", name={"fr": "Après"})
