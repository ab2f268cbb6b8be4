"""Own topics are offered like any other, retired and merged ones are not, and what they were called stays to be seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from desks import OWN_TOPIC, Home
from sqlmodel import select
from streamlit.testing.v1 import AppTest
from test_pages import open_ticket, opened, shown, store_of

from dashboard import data, review_data
from desk.reading import nothing_said
from store.tables import Tag
from store.tags import decide, save_readings


@pytest.fixture
def changed(home: Home) -> Home:
    """The story's desk with a topic of its own, without the rules about two topics, of which one is retired and one is merged."""
    text = home.config.read_text("utf-8").replace('"findability", "product_info", "usability"', '"findability", "usability"')
    text = text.replace('topic = ["onsite"]', 'topic = ["usability"]')
    more = '[taxonomy.onsite]\nretired = true\n[taxonomy.product_info]\nmerged_into = "assembly"\n'
    home.config.write_text(text + OWN_TOPIC + more, "utf-8")
    return home


def options(app: AppTest, label: str) -> list[str]:
    return next(list(one.options) for one in [*app.selectbox, *app.multiselect] if one.label == label)


@pytest.mark.usefixtures("changed")
def test_the_filter_offers_own_topics_and_no_retired_or_merged_ones() -> None:
    offered = options(opened("inbox"), "Thema")
    assert "Aufbauanleitung" in offered
    assert not {"Vor Ort", "Produktinfos"} & set(offered)


@pytest.mark.usefixtures("changed")
def test_a_link_to_the_tickets_about_a_retired_topic_leads_to_these_and_not_to_all() -> None:
    app = opened("inbox", topic="onsite")
    chosen = next(one for one in app.selectbox if one.label == "Thema")
    assert (chosen.value, "Vor Ort" in chosen.options) == ("onsite", True)
    assert app.query_params["topic"] in ("onsite", ["onsite"])


def test_a_correction_offers_own_topics_and_no_retired_or_merged_ones(changed: Home) -> None:
    ticket = open_ticket(changed)
    app = opened("conversation", me="Anna", id=str(ticket.conversation_id))
    next(one for one in app.button if (one.key or "").startswith("correct-")).click().run()
    assert not app.exception
    offered = set(app.multiselect[0].options)
    assert "Aufbauanleitung" in offered
    assert not {"Vor Ort", "Produktinfos"} & offered


@pytest.mark.parametrize("name", ["Bezahlung", "bezahlung"])
def test_a_correction_beside_two_topics_of_one_name_is_about_the_one_that_is_shown(home: Home, name: str) -> None:
    text = home.config.read_text("utf-8")
    home.config.write_text(text + OWN_TOPIC.replace("Aufbauanleitung", name), "utf-8")
    app = opened("conversation", me="Anna", id=str(open_ticket(home).conversation_id))
    next(one for one in app.button if (one.key or "").startswith("correct-")).click().run()
    offered = {option for option in app.multiselect[0].options if "bezahlung" in option.casefold()}
    assert offered == {"Bezahlung (payment)", f"{name} (assembly)"}


def test_nobody_is_asked_about_a_topic_that_is_retired_or_merged_or_gone(changed: Home) -> None:
    unsure = ("friction:onsite", "friction:product_info", "praise:gone")
    with store_of(changed) as session:
        now = datetime.now(UTC) + timedelta(hours=1)
        mention_id = session.exec(select(Tag.mention_id).where(Tag.value == "payment")).first() or 0
        save_readings(session, {mention_id: replace(nothing_said("test@1", ""), unsure=unsure)}, now)
    assert data.desk().topics.counts_as("onsite") is None
    asked = review_data.unsure(review_data.Doubtful(), limit=1000).rows
    assert mention_id not in [one.mention.id for one in asked]
    assert not set(unsure) & review_data.unsure_counts().keys()


@pytest.mark.parametrize(("language", "said"), [("de", "Fehlt ein Thema?"), ("en", "Is a topic missing?")])
def test_who_misses_a_topic_while_correcting_is_told_how_to_add_one(home: Home, language: str, said: str) -> None:
    app = opened("conversation", language, me="Anna", id=str(open_ticket(home).conversation_id))
    next(one for one in app.button if (one.key or "").startswith("correct-")).click().run()
    (told,) = [one.value for one in app.caption if said in one.value]
    assert "`marked = true`" in told


def test_what_was_tagged_with_a_retired_topic_is_shown_under_its_name(changed: Home) -> None:
    with store_of(changed) as session:
        mention_id = session.exec(select(Tag.mention_id).where(Tag.aspect == "friction", Tag.value == "payment")).first() or 0
        decide(session, mention_id, "friction", "onsite", True, "Anna", datetime.now(UTC))
        decide(session, mention_id, "friction", "assembly", True, "Anna", datetime.now(UTC))
    page = shown(opened("friction", days="91"))
    assert "Vor Ort" in page
    assert "Aufbauanleitung" in page
    assert "Anleitungen zum Zusammenbauen" in shown(opened("friction", days="91", topic="assembly"))
