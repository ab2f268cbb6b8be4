"""Topics are keys for the tagger and names for people, in both languages."""

from pathlib import Path

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


def test_topics_stages_and_teams_are_those_of_the_annotation_guide():
    guide = next(
        (folder / "shared/taxonomy.md" for folder in Path(__file__).parents if (folder / "shared/taxonomy.md").exists()), None
    )
    if guide is None:
        pytest.skip("the annotation guide is not here")
    rows = [row.strip("| ").split(" | ") for row in guide.read_text(encoding="utf-8").splitlines() if row.startswith("| ")]
    said = {
        topic: (stage.split(" ")[0], team.split(" ")[0])
        for topics, stage, team in (row for row in rows if len(row) == 3)
        for topic in topics.split(", ")
    }
    assert {topic.key: (topic.stage, topic.team) for topic in DEFAULT.topics if topic.key != "usability"} == {
        topic: where for topic, where in said.items() if topic in DEFAULT.keys and topic != "usability"
    }
    assert DEFAULT.topic("usability").team == "product"  # the guide: engineering / product


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


def test_topics_with_one_name_are_told_apart_by_their_keys_retired_ones_too():
    changed = DEFAULT.changed({"order": TopicChange(name={"de": " lieferung", "en": "Orders"}, retired=True)})
    assert changed.name("delivery", "de") == "Lieferung (delivery)"
    assert changed.name("order", "de") == " lieferung (order)"
    assert (changed.name("delivery", "en"), changed.name("order", "en")) == ("Delivery", "Orders")


def test_a_name_in_a_third_language_is_refused():
    with pytest.raises(ValidationError):
        Stage(key="x", name={"fr": "Après"})
