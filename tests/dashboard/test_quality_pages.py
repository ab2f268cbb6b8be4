"""The pages Review and Quality: a person settles what the model is unsure about, and everybody sees how good it is."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import seed
from desks import Home
from sqlmodel import col, select
from streamlit.testing.v1 import AppTest
from test_pages import LANGUAGES, links, opened, shown, store_of

from dashboard import cards
from dashboard.components.document import document
from desk.mention import Author, Mention
from desk.reading import Reading
from nlp.heads import COLUMNS
from store.models import Taught, add
from store.tables import Mention as Row
from store.tables import Tag, Ticket
from store.tags import decide

PAGES = {"review": ("Nachsehen", "Review"), "quality": ("Güte", "Quality")}
SHIPPED = cards.read(cards.folder(None))
assert SHIPPED is not None
NOW = datetime.now(UTC)


def says(text: str, number: int = 0, **more: Any) -> Mention:
    name = more.pop("native_id", f"doubt-{number}")
    values = {"platform": "mastodon", "native_id": name, "conversation": name, "kind": "post", "text": text}
    return Mention(**values, said_at=NOW - timedelta(minutes=number + 1), author=Author(native_id=name, name="Kundin"), **more)


def doubts(home: Home, *said: tuple[Mention, Reading]) -> list[int]:
    """Let the desk hear mentions of which the model is unsure; return their ids."""
    with store_of(home) as session:
        return seed.hear(session, home.desk, said, NOW)


def unsure(*keys: str, model: str = "labels@1", odds: float = 0.41, **more: Any) -> Reading:
    made = seed.reading(**more)
    stated = {**made.probabilities, **dict.fromkeys(keys, odds), "sentiment:negative": 0.44, "sentiment:neutral": 0.46}
    return replace(made, unsure=keys, probabilities=stated, model=model)


@pytest.fixture
def asked(empty_home: Home) -> Home:
    """A desk with three doubts: a topic that waits for an answer, a mood, praise."""
    waits = unsure("friction:payment", "urgent", needs_reply=True, sentiment="negative", intent="complaint")
    doubts(
        empty_home,
        (says("Drei Mal abgebucht?", 0), waits),
        (says("Naja, ging so.", 1), unsure("sentiment")),
        (says("Thanks to the driver!", 2), unsure("praise:delivery", language="en")),
    )
    return empty_home


def said_by_people(home: Home) -> list[tuple[str, str, bool, str]]:
    with store_of(home) as session:
        tags = session.exec(select(Tag).where(col(Tag.person), col(Tag.stands)).order_by(col(Tag.id)))
        return [(tag.aspect, tag.value, tag.holds, tag.by) for tag in tags]


def press(app: AppTest, ending: str) -> AppTest:
    """Press the one button whose key ends so."""
    (button,) = [button for button in app.button if str(button.key).endswith(ending)]
    return button.click().run()


def first_id(home: Home, text: str) -> int:
    with store_of(home) as session:
        return session.exec(select(Row).where(Row.text == text)).one().id or 0


@LANGUAGES
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("home")
def test_each_page_speaks_the_chosen_language(page: str, language: str) -> None:
    assert PAGES[page][language == "en"] in shown(opened(page, language))


@LANGUAGES
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("empty_home")
def test_a_desk_that_has_heard_nothing_shows_each_page(page: str, language: str) -> None:
    assert PAGES[page][language == "en"] in shown(opened(page, language))


# Review


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("language", "question", "odds", "count"),
    [
        ("de", "Geht es hier um Ärger mit „Bezahlung“?", "hält Ja zu 41 % für richtig", "3 Stimmen warten"),
        ("en", "Is this about trouble with “Payment”?", "gives yes a chance of 41%", "3 mentions wait"),
    ],
)
def test_the_most_useful_doubt_is_asked_first_in_plain_words(language: str, question: str, odds: str, count: str) -> None:
    said = shown(opened("review", language))
    for sentence in ("Drei Mal abgebucht?", question, odds, count):
        assert sentence in said


@pytest.mark.parametrize("model", [SHIPPED.model, f"{SHIPPED.model}+2"])
def test_the_threshold_is_shown_where_the_model_in_use_made_the_reading(empty_home: Home, model: str) -> None:
    doubts(empty_home, (says("Abgebucht?"), unsure("friction:payment", model=model, odds=0.3)))
    assert SHIPPED is not None
    limit = round(100 * SHIPPED.thresholds["friction:payment"])
    assert f"ab {limit} % wertet es als Ja" in shown(opened("review"))


@pytest.mark.parametrize(("value", "holds"), [("yes", True), ("no", False)])
def test_an_answer_is_stored_as_that_persons_and_brings_the_next_question(asked: Home, value: str, holds: bool) -> None:
    app = press(opened("review", me="Anna"), f"friction:payment-{value}")
    assert said_by_people(asked) == [("friction", "payment", holds, "person:Anna")]
    said = shown(app)
    for sentence in ("Gespeichert", "Ist das eilig?", "Drei Mal abgebucht?", "1 Antwort in dieser Sitzung"):
        assert sentence in said
    app = press(app, "urgent-no")
    assert "Naja, ging so." in shown(app)
    assert {"id", "mention"} <= links(app, "conversation")[0].keys(), "the last answer can be looked at"


@pytest.mark.parametrize(("aspect", "button", "stored"), [("sentiment", "sentiment-positive", "positive")])
def test_a_choice_is_answered_by_one_of_its_choices(asked: Home, aspect: str, button: str, stored: str) -> None:
    app = opened("review", me="Anna", aspect=aspect)
    assert "Wie klingt das?" in shown(app)
    press(app, button)
    assert said_by_people(asked) == [(aspect, stored, True, "person:Anna")]


def test_an_intent_is_answered_by_one_of_its_choices(empty_home: Home) -> None:
    doubts(empty_home, (says("Und jetzt?"), unsure("intent")))
    press(opened("review", me="Mira"), "intent-question")
    assert said_by_people(empty_home) == [("intent", "question", True, "person:Mira")]


def test_answers_have_keys_of_their_own_in_each_language(asked: Home) -> None:
    for language, keys in (("de", ["j", "n", "s"]), ("en", ["y", "n", "s"])):
        app = opened("review", language, me="Anna")
        pressed = [button.proto.shortcut for button in app.button if str(button.key).startswith(("answer-", "skip-"))]
        assert pressed == keys


def test_who_has_not_said_who_they_are_answers_nothing(asked: Home) -> None:
    app = opened("review")
    assert all(button.disabled for button in app.button if str(button.key).startswith("answer-"))
    assert "auswählen, wer hier arbeitet" in shown(app)


def test_what_is_skipped_makes_room_and_can_be_called_back(asked: Home) -> None:
    app = opened("review", me="Anna")
    for text in ("Drei Mal abgebucht?", "Naja, ging so.", "Thanks to the driver!"):
        assert text in shown(app)
        app = press(app, f"skip-{first_id(asked, text)}")
    assert "Alles Übrige wurde übersprungen" in shown(app)
    assert "Drei Mal abgebucht?" in shown(press(app, "review-again"))
    assert said_by_people(asked) == []


def test_two_people_are_asked_about_different_mentions(asked: Home) -> None:
    assert "Drei Mal abgebucht?" in shown(opened("review", me="Anna"))
    mira = shown(opened("review", me="Mira"))
    assert "Naja, ging so." in mira
    assert "Drei Mal abgebucht?" not in mira


def test_where_others_have_it_all_that_is_said(empty_home: Home) -> None:
    doubts(empty_home, (says("Abgebucht?"), unsure("friction:payment")))
    opened("review", me="Anna")
    assert "haben gerade andere vor sich" in shown(opened("review", me="Mira"))


def test_who_answers_second_is_told_who_was_first_and_gets_the_next(asked: Home) -> None:
    app = opened("review", me="Anna")
    one = first_id(asked, "Drei Mal abgebucht?")
    with store_of(asked) as session:
        decide(session, one, "friction", "payment", False, "Mira", NOW)
        decide(session, one, "urgent", "no", True, "Mira", NOW)
    app = press(app, "friction:payment-yes")
    assert "Mira war schneller" in shown(app)
    assert "Naja, ging so." in shown(app)
    assert {by for *_, by in said_by_people(asked)} == {"person:Mira"}


def test_an_answer_about_words_that_were_edited_meanwhile_is_not_stored(asked: Home) -> None:
    app = opened("review", me="Anna")
    with store_of(asked) as session:
        row = session.get_one(Row, first_id(asked, "Drei Mal abgebucht?"))
        row.text, row.read_at = "Alles gut, Danke!", None
        session.add(row)
        session.commit()
    assert "inzwischen geändert" in shown(press(app, "friction:payment-yes"))
    assert said_by_people(asked) == []


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("address", "text"),
    [({"aspect": "praise"}, "Thanks to the driver!"), ({"aspect": "x"}, "Drei Mal"), ({"team": "x"}, "Drei Mal")],
)
def test_filters_stand_in_the_address(address: dict[str, str], text: str) -> None:
    assert text in shown(opened("review", **address))


@pytest.mark.usefixtures("asked")
def test_a_filter_that_is_chosen_is_written_to_the_address() -> None:
    app = opened("review")
    next(box for box in app.selectbox if box.label == "Worum es geht").select("sentiment").run()
    assert app.query_params["aspect"] == "sentiment"
    assert "Wie klingt das?" in shown(app)


def test_a_team_is_asked_about_its_own_tickets_only(asked: Home) -> None:
    with store_of(asked) as session:
        (team,) = session.exec(select(Ticket.team))
    assert "1 Stimme wartet" in shown(opened("review", team=team))
    other = next(one.key for one in asked.desk.teams if one.key != team)
    assert "Hier ist nichts unklar" in shown(opened("review", team=other))


@pytest.mark.usefixtures("asked")
def test_only_one_language_can_be_asked_for() -> None:
    app = opened("review")
    next(box for box in app.selectbox if box.label == "Sprache").select("en").run()
    assert app.query_params["language"] == "en"
    assert "Thanks to the driver!" in shown(app)


@pytest.mark.usefixtures("asked")
def test_filters_that_leave_nothing_say_so() -> None:
    assert "Hier ist nichts unklar" in shown(opened("review", aspect="intent"))


@LANGUAGES
@pytest.mark.usefixtures("home")
def test_where_the_model_is_sure_everywhere_nothing_is_unclear(language: str) -> None:
    assert ("Nichts unklar", "Nothing is unclear")[language == "en"] in shown(opened("review", language))


def test_what_strangers_wrote_is_text_here_too(empty_home: Home) -> None:
    doubts(
        empty_home, *((mention, unsure("friction:payment")) for mention in seed.hostile() if mention.native_id.endswith("html"))
    )
    app = opened("review", me="Anna")
    bodies = " ".join(str(element.value) for element in app.get("html"))
    assert "&lt;script&gt;" in bodies
    assert "<script" not in bodies.replace("&lt;script", "")
    assert "<img" not in bodies


# Quality


def measured(name: str = "real", texts: int = 1200, **more: Any) -> dict[str, Any]:
    def label(key: str, count: int, f1: float) -> dict[str, Any]:
        return {"key": key, "texts": count, "precision": 0.8, "recall": 0.7, "f1": [f1, f1 - 0.05, f1 + 0.05]}

    found = {
        "name": name,
        "texts": texts,
        "figures": {"friction micro-F1": [0.72, 0.7, 0.74], "urgent F1": [0.55, 0.5, 0.6], "friction macro-F1": [0.6, 0.5, 0.7]},
        "labels": {
            "friction": [
                label("friction:payment", 40, 0.75),
                label("friction:price", 90, 0.41),
                label("friction:order", 4, 0.11),
                label("friction:privacy", 0, 0.0),
            ],
            "praise": [label("praise:service", 33, 0.66)],
        },
        "by_language": {"de": {"friction micro-F1": [0.74, 0.7, 0.78]}, "en": {"friction micro-F1": [0.69, 0.6, 0.7]}},
        "by_kind": {"review": {"friction micro-F1": 0.7}},
        "calibration": {"friction": 0.012, "urgent": 0.02},
        "abstention": {"sentiment": [[1.0, 0.85], [0.9, 0.89], [0.5, 0.97]]},
    }
    return found | more


def use_model(home: Home, evaluation: object, text: str = "# Model card\n\nIt reads **texts**.") -> None:
    """Let the desk use a model of which only the card is there."""
    folder = home.folder / "model"
    folder.mkdir()
    card = {"name": "probe", "version": "7", "columns": COLUMNS, "thresholds": {"urgent": 0.3}, "evaluation": evaluation}
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    (folder / "MODEL_CARD.md").write_text(text, "utf-8")
    home.config.write_text(f'model = "model"\n{home.config.read_text("utf-8")}', "utf-8")


def full(**more: Any) -> dict[str, Any]:
    choices = [{"name": "TF-IDF, linear heads", "figures": {"friction micro-F1": [0.51, 0.5, 0.52]}}]
    return {
        "made_at": "2026-11-26",
        "machine": "2 cores",
        "sets": [measured(), measured("authored es", 80)],
        "choices": choices,
    } | more


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "de",
            [
                "Im Einsatz: probe@7",
                "18 Themen für Reibung",
                "0,72",
                "0,70 bis 0,74",
                "am 26.11.2026 an 1.200 Texten",
                "Bezahlung",
                "Deutsch",
                "0,74",
                "Im Mittel liegt es um 1,6 Prozentpunkte daneben",
                "89 % statt 85 %",
                "probe (im Einsatz)",
                "Worthäufigkeiten (TF-IDF) mit linearem Modell",
                "0,51",
                "Unter 10 Texten",
            ],
        ),
        ("en", ["In use: probe@7", "0.72", "0.70 to 0.74", "on 26 Nov 2026 with 1,200 texts", "Payment", "89% instead of 85%"]),
    ],
)
def test_quality_shows_what_was_measured(home: Home, language: str, sentences: list[str]) -> None:
    use_model(home, full())
    app = opened("quality", language)
    for sentence in sentences:
        assert sentence in shown(app)
    assert "Von den Themen zählen" not in shown(app), "an older card does not say"
    assert app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["Preis", "Bezahlung", "Bestellung"]),
        ("texts", ["Preis", "Bezahlung", "Bestellung"]),
        ("name", ["Bestellung", "Bezahlung", "Preis"]),
    ],
)
def test_topics_are_sorted_and_luck_is_never_the_worst(home: Home, sort: str, order: list[str]) -> None:
    use_model(home, full())
    (table,) = [str(one.value) for one in opened("quality", sort=sort).get("html") if 'class="k-labels"' in str(one.value)]
    assert sorted(order, key=table.index) == order
    assert "Datenschutz" not in table, "where no text was about it, nothing was measured"


def test_another_aspect_and_another_set_can_be_looked_at(home: Home) -> None:
    use_model(home, full())
    app = opened("quality", kind="praise", set="authored es")
    said = shown(app)
    assert "an 80 Texten" in said
    assert "Erfundene Texte (Spanisch)" in next(box for box in app.selectbox if box.label == "Gemessen an").options
    assert "Kundenservice" in said
    next(box for box in app.selectbox if box.label == "Gemessen an").select("real").run()
    assert "set" not in app.query_params


def thorough() -> dict[str, Any]:
    """A set as `kummerkasten evaluate` writes it now: ranges everywhere, all answers, doubts, and what training never saw."""

    def label(key: str, texts: int) -> dict[str, Any]:
        return {"key": key, "texts": texts, "precision": [0.8, 0.61, 0.9], "recall": [0.7, 0.52, 0.8], "f1": [0.75, 0.6, 0.9]}

    return measured(
        labels={
            "sentiment": [label("sentiment:negative", 50), label("sentiment:neutral", 0)],
            "intent": [label("intent:question", 20)],
            "urgent": [label("urgent", 12)],
            "friction": [label("friction:payment", 40)],
        },
        by_training={
            "sectors trained on": {"friction micro-F1": [0.7, 0.6, 0.8]},
            "sectors never trained on": {"friction micro-F1": [0.6, 0.5, 0.7]},
            "of another kind": {"friction micro-F1": [0.5, 0.4, 0.6]},
        },
        calibration={"friction": 0.002, "urgent": 0.02},
        calibration_likely={"friction": 0.06},
        unsure={
            "texts": 0.21,
            "questions": 0.014,
            "tasks": {
                "friction": {"texts": 0.15, "questions": 0.01, "all": [0.72, 0.7, 0.74], "sure": [0.78, 0.76, 0.8]},
                "urgent": {"texts": 0.0, "questions": 0.0, "all": [0.6, 0.5, 0.7], "sure": [0.6, 0.5, 0.7]},
            },
        },
    )


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "de",
            [
                "Im Mittel liegt es um 4 Prozentpunkte daneben. Von den Themen zählen die",
                "Reibung 6 · Eilig 2",
                "Was das Training kannte",
                "Neue Branchen",
                "of another kind",
                "Bei 1 % der Fragen sagt es „unklar“ und fragt einen Menschen, bei 21 % der Texte mindestens einmal.",
                "0,78 statt 0,72; unklar in 15 % der Texte",
            ],
        ),
        (
            "en",
            ["New sectors", "0.78 instead of 0.72; unsure in 15% of the texts", "off by 4 percentage points. Of the"],
        ),
    ],
)
def test_quality_shows_doubts_and_what_training_never_saw(home: Home, language: str, sentences: list[str]) -> None:
    use_model(home, full(sets=[thorough()]))
    said = shown(opened("quality", language))
    for sentence in sentences:
        assert sentence in said, sentence


def test_answers_of_all_questions_are_judged_beside_topics(home: Home) -> None:
    use_model(home, full(sets=[thorough()]))
    app = opened("quality", kind="rest")
    (table,) = [str(one.value) for one in app.get("html") if 'class="k-labels"' in str(one.value)]
    for name in ("Stimmung: verärgert", "Anliegen: Frage", "Eilig", "80\u202f%", "0,61 bis 0,90"):
        assert name in table, name
    assert "sachlich" not in table, "no text was about it"
    assert "Bezahlung" not in table


def test_figures_of_other_names_are_shown_by_their_own(home: Home) -> None:
    use_model(home, full(sets=[measured("odd", figures={"stance accuracy": 0.5}, labels={}, abstention={}, calibration={})]))
    assert "stance accuracy" in shown(opened("quality"))


@LANGUAGES
@pytest.mark.parametrize(
    "evaluation",
    [pytest.param(None, id="none"), pytest.param({"sets": []}, id="empty"), pytest.param({"sets": [7]}, id="nonsense")],
)
def test_a_model_without_figures_says_so_and_shows_its_card(home: Home, evaluation: object, language: str) -> None:
    use_model(home, evaluation)
    said = shown(opened("quality", language))
    assert ("Noch keine ausführlichen Messwerte", "No detailed figures yet")[language == "en"] in said
    assert "It reads texts ." in said
    assert ("Wie oft Menschen zustimmten", "How often people agreed")[language == "en"] in said


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"name": 7}'])
def test_a_model_whose_card_cannot_be_read_is_no_traceback(home: Home, text: str | None) -> None:
    use_model(home, full())
    card = home.folder / "model" / "card.json"
    card.unlink() if text is None else card.write_text(text, "utf-8")
    assert "Zu diesem Modell fehlt die Karte" in shown(opened("quality"))


def test_the_shipped_models_card_is_shown_as_its_makers_wrote_it(home: Home) -> None:
    assert SHIPPED is not None
    said = shown(opened("quality"))
    assert f"Im Einsatz: {SHIPPED.model}" in said
    assert "What it must not be used for" in said


def test_a_reading_by_another_model_is_named(home: Home) -> None:
    assert "Zuletzt gelesen hat ein anderes Modell: labels@1" in shown(opened("quality"))


def test_what_was_taught_here_is_named_with_the_version_it_grew_from(home: Home) -> None:
    use_model(home, full())
    with store_of(home) as session:
        add(session, Taught("probe@7+1", "probe@7", "person:Anna", b"", {}, 12, good=True), NOW)
    said = shown(opened("quality"))
    assert "Im Einsatz: probe@7+1" in said
    assert "aus 12 geprüften Stimmen weitergelernt" in said
    assert "mitgeliefert wurde: probe@7" in said


def test_nobody_has_decided_anything_yet(home: Home) -> None:
    assert "hat niemand etwas bestätigt oder korrigiert" in shown(opened("quality"))


def agreed(home: Home, times: int, at: datetime = NOW) -> None:
    """Let Anna confirm and correct one mention in four of the desk's, *times* in all."""
    with store_of(home) as session:
        stated = select(Tag.mention_id, Tag.value).where(Tag.aspect == "friction", col(Tag.stands)).order_by(col(Tag.mention_id))
        for number, (mention_id, topic) in enumerate(session.execute(stated.where(Tag.value == "delivery").limit(times)).all()):
            decide(session, mention_id, "friction", topic, number % 4 != 0, "Anna", at)


def test_how_often_people_agreed_is_said_with_counts_and_an_interval(home: Home) -> None:
    agreed(home, 12)
    said = shown(opened("quality"))
    assert "75 % Zustimmung" in said
    assert "9 von 12 Urteilen, wahrscheinlich 47 % bis 91 %" in said
    assert "Lieferung 75 % 9 von 12" in said


def test_under_ten_judgements_no_share_is_named(home: Home) -> None:
    agreed(home, 9)
    said = shown(opened("quality"))
    assert "Erst 9 Urteile: zu wenige" in said
    assert "Lieferung (9)" in said
    assert "Zustimmung ·" not in said


@pytest.mark.parametrize(("days", "counted"), [("7", False), ("28", True), ("90", True)])
def test_the_period_is_chosen_in_the_address(home: Home, days: str, counted: bool) -> None:
    agreed(home, 12, NOW - timedelta(days=10))
    assert ("9 von 12" in shown(opened("quality", days=days))) is counted


def test_what_it_is_unsure_about_leads_to_the_questions(asked: Home) -> None:
    app = opened("quality")
    assert {"aspect": ["friction"]} in links(app, "review")
    assert {"aspect": ["praise"]} in links(app, "review")
    assert "♥ Lieferung 1" in shown(app)


# the document


def test_a_document_is_markup_of_ours_only() -> None:
    made = document(
        "# Head\n\n<script>alert(1)</script> **bold** `x<y` [out](https://example.org) [in](../desk/taxonomy.toml) "
        "[bad](javascript:alert(1)) ![pic](https://example.org/x.png)\n\n| a | b |\n| - | - |\n| 1 | <b>2</b> |\n\n- one\n\n---\n"
    )
    assert "<script" not in made
    assert "<img" not in made
    assert "<b>" not in made
    assert 'href="javascript' not in made
    for part in (
        "<h3>Head</h3>",
        "<strong>bold</strong>",
        "<code>x&lt;y</code>",
        'href="https://example.org"',
        "<td>1</td>",
        "<li>",
    ):
        assert part in made
    assert "taxonomy.toml" not in made


def test_a_model_beside_which_no_card_for_readers_lies_has_none(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "card.json").write_text('{"name": "a", "version": "1"}', "utf-8")
    card = cards.read(tmp_path / "model")
    assert card is not None
    assert (card.model, card.text, card.evaluation, card.topics) == ("a@1", "", None, 0)
