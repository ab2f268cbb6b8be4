"""The evaluation says all that was promised: ranges, doubts, languages, what training never saw, aims, and its sources."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desk.reading import Reading
from nlp import agreement, aims, card, card_facts, card_tables, doubt, evaluate, train_data
from nlp.evaluate import Judged
from nlp.heads import CHOICES, COLUMNS, YES_OR_NO
from nlp.metrics import calibration_error, counts, interval, precision, recall
from nlp.summary import summary
from nlp.tagger import torn, wavers
from nlp.train_data import HOME, Row, authored, part_of

LIMITS = dict.fromkeys(YES_OR_NO, 0.5)
TEST = [row for row in authored() if part_of(row) == "test"]


def read(row: Row, unsure: Sequence[str] = (), vector: Sequence[float] = (), **other: Any) -> Reading:
    """Return a reading that says of a text what its row says, but for *other*."""
    said = {"sentiment": "neutral", "intent": "other", "needs_reply": 0, "urgent": 0, "friction": [], "praise": []} | row | other
    yes = {f"{aspect}:{topic}" for aspect in ("friction", "praise") for topic in said[aspect]}
    yes |= {key for key in ("needs_reply", "urgent") if said[key]}
    yes |= {f"{question}:{said[question]}" for question in CHOICES}
    return Reading(
        said["sentiment"],
        said["intent"],
        bool(said["needs_reply"]),
        bool(said["urgent"]),
        tuple(said["friction"]),
        tuple(said["praise"]),
        said.get("language", row["lang"]),
        tuple(unsure),
        {key: 0.9 if key in yes else 0.05 for key in COLUMNS},
        "probe@1",
        np.array(vector, "<f2").tobytes() if vector else None,
    )


def row(text: str, lang: str = "de", **said: Any) -> Row:
    return {"text": text, "lang": lang, **said}


def whole(text: str, friction: Sequence[str] = (), **said: Any) -> Row:
    given = {"sentiment": "negative", "intent": "complaint", "needs_reply": 1, "urgent": 0, "praise": []}
    return row(text, **given, friction=list(friction)) | said


def told(rows: Sequence[Row], **other: Any) -> Judged:
    return evaluate.of_readings(rows, [read(one, **other) for one in rows], LIMITS)


# what each label is worth


def test_precision_and_recall_of_a_label_have_their_ranges():
    rows = [whole(str(place), ["payment"] if place % 2 else []) for place in range(60)]
    judged = evaluate.of_readings(
        rows, [read(one, friction=["payment"] if place % 3 else []) for place, one in enumerate(rows)], LIMITS
    )
    payment = next(one for one in evaluate.labels(judged, "friction") if one.key == "friction:payment")
    assert (payment.texts, payment.precision.value, payment.recall.value) == (30, 0.5, pytest.approx(2 / 3))
    for one in (payment.precision, payment.recall, payment.f1):
        assert 0 < one.low < one.value < one.high < 1


def test_every_answer_and_every_yes_is_a_label_too():
    judged = told([whole("a"), whole("b", urgent=1)], sentiment="neutral")
    assert [one.key for one in evaluate.labels(judged, "sentiment")] == [f"sentiment:{one}" for one in CHOICES["sentiment"]]
    assert [one.texts for one in evaluate.labels(judged, "sentiment")] == [2, 0, 0]
    assert [one.recall.value for one in evaluate.labels(judged, "sentiment")] == [0, 0, 0]
    (urgent,) = evaluate.labels(judged, "urgent")
    assert (urgent.key, urgent.texts, urgent.precision.value, urgent.recall.value) == ("urgent", 1, 1, 1)
    assert set(summary("probe", judged)["labels"]) == {"sentiment", "intent", "needs_reply", "urgent"}  # what no text has is none


def test_where_nothing_was_said_nothing_was_right_and_nothing_breaks():
    table = counts(np.array([[True]] * 5), np.array([[False]] * 5))
    assert (precision(table), recall(table)) == (0, 0)
    assert interval(table, precision).high == 0


def test_a_text_that_says_its_sentiment_alone_counts_for_no_other_figure():
    rows = [whole(str(place), ["payment"]) for place in range(8)]
    alone = [row("tweet", sentiment="positive") for _ in range(30)]
    before, after = summary("a", told(rows)), summary("a", told(rows + alone, friction=["payment"], urgent=1))
    noisy = summary("a", told(rows, friction=["payment"], urgent=1))
    for name in before["figures"].keys() - {"sentiment macro-F1", "sentiment accuracy", "language accuracy"}:
        assert after["figures"][name] == noisy["figures"][name], name
    assert after["labels"]["friction"] == noisy["labels"]["friction"]
    assert after["calibration"]["friction"] == noisy["calibration"]["friction"]
    assert after["abstention"]["urgent"] == noisy["abstention"]["urgent"]
    assert after["unsure"]["tasks"]["friction"] == noisy["unsure"]["tasks"]["friction"]


# doubts


def test_the_surest_answer_lies_furthest_from_where_yes_begins():
    rows = [whole("yes, far above 0.2", urgent=1), whole("no, far below", urgent=0), whole("near and wrong", urgent=0)]
    odds = np.full((3, len(COLUMNS)), 0.01, np.float32)
    odds[:, COLUMNS.index("urgent")] = (0.5, 0.01, 0.22)
    curve = doubt.curves(evaluate.of_odds(rows, odds, LIMITS | {"urgent": 0.2}))["urgent"]
    assert curve[0] == (1.0, pytest.approx(2 / 3))
    assert dict(curve)[0.7] == 1.0, "0.5 is a sure yes where yes begins at 0.2"


def test_what_it_calls_unsure_is_counted_by_text_and_by_question_and_left_out():
    rows = [whole(str(place), ["payment"]) for place in range(10)]
    wrong = [read(one, friction=["price"], unsure=("friction:price", "friction:payment", "sentiment")) for one in rows[:4]]
    found = doubt.unsure(evaluate.of_readings(rows, [*wrong, *map(read, rows[4:])], LIMITS))
    friction = found["friction"]
    assert (friction.asked, friction.left, friction.texts) == (180, 8, 0.4)
    assert (friction.every.value, friction.sure.value) == (pytest.approx(0.6), 1.0)
    assert (found["sentiment"].asked, found["sentiment"].left) == (10, 4)
    assert found["urgent"].left == 0
    said = summary("probe", evaluate.of_readings(rows, [*wrong, *map(read, rows[4:])], LIMITS))["unsure"]
    assert (said["texts"], said["questions"]) == (0.4, round(12 / 400, 4))


def test_where_only_probabilities_are_known_nothing_is_said_of_doubts_and_languages():
    judged = evaluate.of_odds([whole("a")], np.full((1, len(COLUMNS)), 0.1, np.float32), LIMITS)
    found = summary("probe", judged)
    assert not {"unsure", "neighbours"} & set(found)
    assert "language accuracy" not in found["figures"]


def test_topics_that_are_never_thought_of_do_not_hide_an_untrue_probability():
    truth, odds = np.zeros((100, 18)), np.full((100, 18), 0.001)
    odds[:, 0] = 0.6
    truth[:30, 0] = 1
    assert calibration_error(truth, odds) < 0.02
    assert calibration_error(truth, odds, above=0.1) == pytest.approx(0.3)
    judged = told([whole(str(place), ["payment"]) for place in range(9)])
    assert doubt.likely(judged) == {"friction": pytest.approx(0.1, abs=1e-6)}


# languages, vectors, what training never saw


def test_a_language_that_was_not_recognised_is_wrong():
    rows = [whole("eins"), whole("two", lang="en"), whole("trois", lang="fr"), whole("?", lang="")]
    judged = evaluate.of_readings(
        rows, [read(one, language=said) for one, said in zip(rows, ("de", "de", "und", "de"), strict=True)]
    )
    assert evaluate.figures(judged)["language accuracy"].value == pytest.approx(1 / 3)


def test_the_nearest_text_is_about_the_same_more_often_than_any_text():
    rows = [whole(f"{topic} {place}", [topic]) for topic in ("payment", "price") for place in range(6)]
    rows.append(whole("nothing"))
    vectors = (
        [(1 + place / 9, 1.0, 3.0) for place in range(6)] + [(-1.0, 1 - place / 9, 3.0) for place in range(6)] + [(0.0, 0.0, 9.0)]
    )
    found = doubt.neighbours(
        evaluate.of_readings(rows, [read(one, vector=vector) for one, vector in zip(rows, vectors, strict=True)])
    )
    assert found is not None
    assert found[0].value == 1
    assert found[1] == pytest.approx(10 / 22)
    assert doubt.neighbours(told(rows)) is None, "without vectors"


def test_german_and_english_stand_beside_the_other_languages_without_being_read_again():
    given = card.sets()
    assert list(given) == ["authored", "authored es", "authored fr", "authored it", "authored nl", "authored pl"]
    parts = card.by_language({name: told(rows[:60]) for name, rows in given.items()} | {"authored": told(given["authored"][::9])})
    assert list(parts)[:4] == ["authored", "authored de", "authored en", "authored es"]
    assert {one["lang"] for one in parts["authored de"].rows} == {"de"}
    assert len(parts["authored"].rows) == sum(len(parts[f"authored {language}"].rows) for language in HOME)
    assert len(parts["authored de"].readings) == len(parts["authored de"].rows)


def test_sectors_and_datasets_that_training_never_saw_have_figures_of_their_own():
    found = summary("authored", told([one for one in TEST if one["lang"] in HOME][::5]))
    assert set(found["by_training"]) == {"sectors trained on", "sectors never trained on"}
    real = [
        whole(str(place), origin="real", dataset=train_data.UNSEEN_DATASETS[0] if place % 2 else "neobanks_appstore")
        for place in range(80)
    ]
    assert set(summary("real", told(real))["by_training"]) == {"datasets trained on", "datasets never trained on"}


# aims


def measured(name: str, texts: int = 100, **figures: float) -> dict[str, Any]:
    shown = {key.replace("_", " ").replace("9", "-"): [value, value - 0.02, value + 0.02] for key, value in figures.items()}
    return {"name": name, "texts": texts, "figures": shown, "labels": {}, "calibration": {}, "abstention": {}}


def test_missed_aims_are_named_and_so_is_what_was_not_measured():
    sets = [
        measured("real", friction_micro9F1=0.71, sentiment_macro9F1=0.85),
        measured("authored de", friction_micro9F1=0.80),
        measured("authored pl", friction_micro9F1=0.655),
        measured("authored fr", friction_micro9F1=0.75),
        measured("XLM-T sentiment de", sentiment_macro9F1=0.74),
    ]
    said = aims.sentence(sets)
    assert "friction micro-F1 on “real” (0.710, aim 0.72)" in said
    assert "friction on “authored pl” (14.5 points below German, aim at most 10)" in said
    assert "authored fr" not in said
    assert "sentiment" not in said.partition("Not measured")[0]
    assert said.endswith("Not measured in this run: XLM-T sentiment en.")
    assert aims.sentence([measured("mine")]).startswith("Not measured in this run: real")


def test_no_missed_aim_is_said_too():
    every = [
        measured("real", friction_micro9F1=0.73),
        *(measured(f"authored {language}", friction_micro9F1=0.7) for language in ("de", "fr")),
        *(measured(f"XLM-T sentiment {language}", sentiment_macro9F1=0.9) for language in HOME),
    ]
    assert aims.sentence(every) == "No aim is missed."


def test_tables_hold_aims_points_below_german_and_what_others_published():
    main, tongues, others = card_tables.figures(
        [
            measured("real", friction_micro9F1=0.71, praise_macro9F1=0.5),
            measured("authored", friction_micro9F1=0.66),
            measured("authored de", friction_micro9F1=0.68),
            measured("authored en", friction_micro9F1=0.70),
            measured("XLM-T sentiment de", sentiment_macro9F1=0.7),
        ]
    )
    assert main[0] == ["figure", "aim (real)", "real (100 texts)", "authored (100 texts)"]
    assert [line[:2] for line in main[1]] == [["friction micro-F1", "0.72"], ["praise macro-F1", ""]]
    assert tongues[1][-1] == ["friction micro-F1, points below German", "", "-2.0"]
    assert [line for line in others[1] if "published" in line[0]] == [
        ["sentiment macro-F1, published: XLM-T, six times larger", "0.773"],
        ["sentiment macro-F1, published: XLM-R", "0.736"],
    ]
    assert ["sentiment macro-F1, aim", "0.735"] in others[1]


# what one could use instead


def test_what_gives_no_answer_has_an_empty_cell_and_the_chief_figures_have_ranges():
    said = {
        "sets": [measured("real", friction_micro9F1=0.71, urgent_F1=0.6, language_accuracy=0.9)],
        "choices": [
            {"name": "rules", "figures": {"friction micro-F1": [0.4, 0.38, 0.42], "urgent F1": [0.2, 0.1, 0.3]}},
            {"name": "zero-shot", "figures": {"friction micro-F1": [0.3, 0.28, 0.32]}},
        ],
    }
    head, rows = card_tables.choices(said)
    assert head == ["on the set “real”", "friction micro-F1", "urgent F1"]
    assert rows[1] == ["rules", "0.400 [0.380, 0.420]", "0.200"]
    assert rows[2] == ["zero-shot", "0.300 [0.280, 0.320]", ""]


def test_figures_of_other_choices_are_kept_only_where_they_learned_from_the_same_texts():
    rows = {"real": [row("a")] * 4}
    made = {"texts": {"train": 5}, "licensed": 2}
    now = card.basis(made, rows)
    chosen = [{"name": "rules", "figures": {}}]
    kept = made | {"evaluation": {"choices": chosen, "basis": now}}
    assert card.kept_choices(kept, now) == chosen
    assert card.kept_choices(made, now) == [], "nothing was measured before"
    for other in (made | {"texts": {"train": 6}}, made | {"licensed": 3}):
        assert card.kept_choices(kept, card.basis(other, rows)) is None
    assert card.kept_choices(kept, card.basis(made, {"authored": rows["real"]})) is None
    assert card.kept_choices(made | {"evaluation": {"choices": chosen}}, now) is None, "nobody knows what it was measured on"


# the card for readers


@pytest.fixture(scope="module")
def evaluated() -> dict[str, Any]:
    given = card.sets()
    parts = {name: rows[:: max(1, len(rows) // 150)] for name, rows in given.items()}
    real = [whole(f"r{place}", ["payment"], origin="real", dataset="neobanks_appstore", kind="review") for place in range(12)]
    judged = {"real": told(real)} | {name: told(rows, unsure=("urgent",), vector=(1.0, 2.0)) for name, rows in parts.items()}
    choices = [{"name": "rules", "figures": {"friction micro-F1": [0.4, 0.38, 0.42]}}]
    return card.evaluation(judged, choices, "2 cores", {"texts": {}})


def made(evaluated: dict[str, Any], **more: Any) -> dict[str, Any]:
    plan = {"epochs": 2}
    return {
        "name": "probe",
        "version": "1",
        "texts": {"train": 10},
        "licensed": 7,
        "raw": 3,
        "teachers": 1,
        "students": 1,
        "plan": plan,
        "student": plan,
        "evaluation": evaluated,
    } | more


def test_the_card_says_all_of_it(evaluated: dict[str, Any]):
    text = card.document(made(evaluated, cost="One hour on two cores."))
    assert "{{" not in text
    assert "One hour on two cores. Reading:" in text
    for promised in (
        "| figure | aim (real) | real (12 texts)",
        "authored de (",
        "points below German",
        "**Against what was aimed at**: ",
        "Worst labels with ten texts or more on “authored”: friction:",
        "training: sectors never trained on",
        "friction, p > 0.1",
        "; sentiment:",
        "without the unsure",
        "at random in 0.",
        "language accuracy",
        "| urgent |",
        "| sentiment:negative |",
        "| **this model** |",
    ):
        assert promised in text, promised


def test_a_card_without_its_costs_says_so(evaluated: dict[str, Any]):
    assert "What the training of this version cost was not written down. Reading:" in card.document(made(evaluated))


@pytest.mark.parametrize(
    ("fp32", "says"),
    [
        ({"urgent F1": 0.66, "friction micro-F1": 0.73}, "development part; most is lost in urgent F1, 0.4 points."),
        ({"urgent F1": 0.65, "friction micro-F1": 0.73}, "development part, and none is lower."),
        ({}, "tokens of a text. \n"),
    ],
    ids=["loses", "loses nothing", "not measured"],
)
def test_the_card_says_what_int8_costs(evaluated: dict[str, Any], fp32: dict[str, float], says: str):
    dev = {"urgent F1": 0.656, "friction micro-F1": 0.731}
    assert says in card.document(made(evaluated, dev=dev, fp32=fp32))


def test_the_card_counts_texts_and_readers_as_they_are(evaluated: dict[str, Any]):
    text = card.document(made(evaluated))
    said = list(train_data.lines(train_data.ANNOTATIONS))
    by_model = sum(one["batch"] >= 3 for one in said)
    assert (
        f"{len(said):,} texts: {len(said) - by_model:,} were labelled by readers with the guide, {by_model:,} (batches 3 to "
        in text
    )
    assert f"Of {len(said):,} real texts {sum('checkout' in one.get('friction', ()) for one in said)} report a checkout" in text
    twice = agreement.pairs()
    assert {one["batch"] for one, _ in twice} == {3, 5}, "the card tells doubtful texts from the rest"
    doubtful = [pair for pair in twice if pair[0]["batch"] == 5]
    assert (
        f"F1 {agreement.topics_alike([pair for pair in twice if pair not in doubtful], 'friction'):.2f} on friction topics"
        in text
    )
    for aspect in ("friction", "praise"):
        assert f"{agreement.topics_alike(doubtful, aspect):.2f} on {aspect}" in text
    aside = Counter(one["file"] for one in authored() if one["file"] in train_data.UNSEEN_FILES)
    assert f"and {aside['fr1']} texts of\n  each other language are for testing alone" in text


def test_the_card_says_what_counts_as_unsure():
    (band, lead) = map(
        float,
        re.findall(r"within (0\.\d+) of its threshold in log-odds, .* less than (0\.\d+)\.", card.TEMPLATE.read_text("utf-8"))[0],
    )
    for shift, unsure in ((-0.01, True), (0.01, False)):
        assert wavers(1 / (1 + math.exp(-band - shift)), 0.5) == unsure
        assert torn([0.5, 0.5 - lead - shift]) == unsure


def test_the_card_names_no_failure_that_is_none(evaluated: dict[str, Any]):
    first = card.document(made(evaluated))
    assert "Not kept apart" not in first
    assert "- **Tweets**: not measured in this run." in first
    later = card.document(made(evaluated, start="probe@1", trust=0.5, licensed_share=0.5))
    assert "- **Not kept apart without exception**: " in later
    afresh = card.document(made(evaluated, start="probe@1", trust=0.5, afresh=True, sentiment_teachers=9, raw=1234))
    assert "begun with the untrained encoder, learned from these texts and from 1,234 without labels" in afresh
    assert "9 teachers of sentiment alone have said" in afresh
    assert "teachers of sentiment" not in card.document(made(evaluated, start="probe@1", trust=0.5, afresh=True))
    good, bad = (measured("XLM-T sentiment de", sentiment_macro9F1=value) for value in (0.8, 0.75))
    assert card_facts.tweets([good]) == "no published model it is compared with is better."
    assert "(XLM-T, six times larger: 0.773 against 0.750 on “XLM-T sentiment de”)" in card_facts.tweets([bad])
    assert "So few real ones" in first
    many = measured("real") | {"labels": {"friction": [{"key": "friction:checkout", "texts": 500}]}}
    assert "So few real ones" not in card_facts.facts(made(evaluated), [many])["checkout"]


def test_what_a_text_says_in_double_braces_stays_as_it_is(evaluated: dict[str, Any]):
    missed = {"text": "why does it say {{model}}?", "missed": "technical", "said": []}
    assert "| why does it say {{model}}? |" in card.document(made(evaluated | {"misses": [missed]}))


@pytest.mark.parametrize("trouble", ["no place", "no students", "half a sign"])
def test_cards_that_cannot_be_written_leave_what_was_there(evaluated: dict[str, Any], tmp_path: Path, trouble: str):
    (tmp_path / "card.json").write_text("before", "utf-8")
    given = made(evaluated)
    if trouble == "no students":
        del given["students"]
    if trouble == "half a sign":
        given["cost"] = "\ud83d"
    where = tmp_path / "nowhere" if trouble == "no place" else tmp_path
    with pytest.raises((OSError, KeyError, ValueError)):
        card.write(tmp_path, given, where / "MODEL_CARD.md")
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]
    assert (tmp_path / "card.json").read_text("utf-8") == "before"


def test_both_cards_are_written_where_they_stood(evaluated: dict[str, Any], tmp_path: Path):
    (tmp_path / "model").mkdir()
    (tmp_path / "card.json").write_text("before", "utf-8")
    (tmp_path / "card.json").chmod(0o640)
    (tmp_path / "model" / "card.json").symlink_to(tmp_path / "card.json")
    card.write(tmp_path / "model", made(evaluated), tmp_path / "MODEL_CARD.md")
    assert json.loads((tmp_path / "card.json").read_text("utf-8")) == json.loads(json.dumps(made(evaluated)))
    assert (tmp_path / "card.json").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "MODEL_CARD.md").read_text("utf-8") == card.document(made(evaluated))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["MODEL_CARD.md", "card.json", "card.json", "model"]
