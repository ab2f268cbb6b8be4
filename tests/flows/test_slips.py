"""Slips of the pen and damaged files at the command line: a sentence that says what to do, and never a traceback."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from desk.errors import ConfigurationError
from flows.cli import app
from flows.settings import Settings, load
from flows.work.take_in import Wishes, take_in
from nlp.tagger import SHIPPED
from store.claims import claim_unread
from store.ledger import start_pull

Call = Callable[..., str]


@pytest.fixture
def kk(config: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call a command on the test's desk; return what it said."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str, code: int, given: bytes = b"", desk: bool = True) -> str:
        done = CliRunner().invoke(app, [*words, *(["--config", str(config)] if desk else [])], input=given)
        assert isinstance(done.exception, SystemExit | None), done.exception
        assert done.exit_code == code, done.output
        return " ".join(done.output.split())

    return call


def test_a_relative_database_in_the_environment_counts_from_the_configuration(config: Path, tmp_path: Path) -> None:
    found = load(config, environ={"KUMMERKASTEN_DATABASE": "sqlite:///other.db"}, cwd=tmp_path / "elsewhere")
    assert found.database == f"sqlite:///{config.parent / 'other.db'}"


@pytest.mark.parametrize("encoding", ["latin1", "utf-16"])
def test_what_is_not_utf_8_is_not_redacted_by_half(kk: Call, encoding: str) -> None:
    said = kk("redact", code=2, given="Ich heiße Max Mustermann".encode(encoding), desk=False)
    assert "This text is not UTF-8, so personal data would be missed in it" in said
    assert "Mustermann" not in said


def test_a_number_that_python_does_not_read_costs_its_line_alone(kk: Call, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "Alles gut"}\n{"text": "x", "n": ' + "9" * 5000 + "}\n")
    said = kk("redact", "--file", str(file), code=1, desk=False)
    assert '"Alles gut"' in said
    assert '"line": 2' in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "Danke", "urgent": "no"}', "line 1: urgent is 0 or 1"),
        ('{"text": "Danke", "known": 5}', "line 1: known holds answers"),
        ('{"text": "Danke", "known": {"friction:payment": "x"}}', "line 1: known holds answers"),
        ('{"text": "Danke"}', "holds no answer to compare with"),
    ],
)
def test_answers_that_are_none_are_not_taken_for_a_yes(kk: Call, tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(line + "\n")
    assert said in kk("evaluate", str(file), code=2, desk=False)


def test_labelled_lines_are_judged_or_named_whatever_they_hold(kk: Call, tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text('{"text": "Danke \\ud83d", "urgent": 0}\n')
    assert "urgent" in kk("evaluate", str(file), code=0, desk=False)
    file.write_text('{"text": ' + "[" * 100_000 + "\n")
    assert "line 1: not JSON" in kk("evaluate", str(file), code=2, desk=False)


@pytest.mark.parametrize("name", ["encoder.onnx", "heads.npz", "card.json", "tokenizer.json"])
def test_a_damaged_model_is_said_to_be_one_by_check_and_by_who_needs_it(
    kk: Call, config: Path, tmp_path: Path, say: Callable[..., None], name: str
) -> None:
    model = shutil.copytree(SHIPPED, tmp_path / f"bad-{name}")
    (model / name).write_bytes((model / name).read_bytes()[:100])
    config.write_text(f'model = "{model}"\n' + config.read_text("utf-8"), encoding="utf-8")
    assert f"{name} is missing or damaged" in kk("check", code=2)
    say({"1": "Wo bleibt mein Paket?"})
    assert f"{name} is missing or damaged" in kk("tag", code=2)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": lambda weights: weights[:, :1]},
        {"bias": lambda bias: bias[:1]},
        {"bias": lambda bias: bias[:-1]},
        {"weights": lambda weights: weights * float("nan")},
    ],
    ids=["one column", "one bias", "a bias too few", "no numbers"],
)
def test_heads_that_do_not_fit_their_questions_are_never_stretched_to_fit(
    kk: Call, tmp_path: Path, change: dict[str, Callable[[Any], Any]]
) -> None:
    model = shutil.copytree(SHIPPED, tmp_path / "spoilt")
    with np.load(SHIPPED / "heads.npz") as stored:
        np.savez(model / "heads.npz", **{name: change.get(name, lambda one: one)(stored[name]) for name in stored})
    lines = tmp_path / "texts.jsonl"
    lines.write_text('{"text": "Danke"}\n', encoding="utf-8")
    assert "heads.npz is missing or damaged" in kk("tag", "--file", str(lines), "--model", str(model), code=2, desk=False)


def test_heads_of_another_encoder_are_told_by_check(kk: Call, config: Path, tmp_path: Path) -> None:
    model = shutil.copytree(SHIPPED, tmp_path / "narrow")
    with np.load(SHIPPED / "heads.npz") as stored:
        np.savez(model / "heads.npz", weights=stored["weights"][:384], bias=stored["bias"])
    config.write_text(f'model = "{model}"\n' + config.read_text("utf-8"), encoding="utf-8")
    assert "trained for another encoder" in kk("check", code=2)


@pytest.mark.parametrize(
    "change",
    [{"name": None}, {"thresholds": {}}, {"thresholds": {"urgent": "often"}}, {"abroad": [1]}, {"abroad": {"friction": "more"}}],
    ids=str,
)
def test_a_card_that_lacks_what_is_read_from_it_is_said_to_be_damaged(kk: Call, tmp_path: Path, change: dict[str, Any]) -> None:
    model = shutil.copytree(SHIPPED, tmp_path / "spoilt")
    card = json.loads((model / "card.json").read_text("utf-8")) | change
    (model / "card.json").write_text(json.dumps({key: one for key, one in card.items() if one is not None}), encoding="utf-8")
    lines = tmp_path / "texts.jsonl"
    lines.write_text('{"text": "Danke"}\n', encoding="utf-8")
    assert "card.json is missing or damaged" in kk("tag", "--file", str(lines), "--model", str(model), code=2, desk=False)


def test_heads_for_other_questions_are_told_by_check_and_by_who_needs_them(
    kk: Call, config: Path, tmp_path: Path, say: Callable[..., None]
) -> None:
    model = shutil.copytree(SHIPPED, tmp_path / "older")
    card = json.loads((model / "card.json").read_text("utf-8"))
    (model / "card.json").write_text(json.dumps(card | {"columns": card["columns"][:-1]}), encoding="utf-8")
    config.write_text(f'model = "{model}"\n' + config.read_text("utf-8"), encoding="utf-8")
    assert "holds heads for other questions" in kk("check", code=2)
    say({"1": "Wo bleibt mein Paket?"})
    assert "holds heads for other questions" in kk("tag", code=2)


@pytest.mark.parametrize(
    "words",
    [("why", "9" * 30), ("outbox", "--drop", "9" * 30), ("queue", "support", "-n", "9" * 30), ("retag", "--since", "0001-01-01")],
    ids=lambda words: words[0],
)
def test_numbers_and_days_beyond_all_bounds_are_refused(kk: Call, words: tuple[str, ...]) -> None:
    assert "Traceback" not in kk(*words, code=2)


def test_a_queue_in_which_nothing_is_so_is_not_called_empty(kk: Call) -> None:
    assert "None of the open tickets is so." in kk("queue", "support", "--search", "xyzzy", code=0)


def test_a_file_takes_no_other_source_s_name(settings: Settings, tmp_path: Path) -> None:
    source = settings.desk.sources[0]
    file = tmp_path / f"{source.name}.csv"
    file.write_text("text;stars\nAlles gut;5\n")
    with settings.session() as session:
        start_pull(session, source, "somebody", datetime.now(UTC))
    assert take_in(settings, file, Wishes()).source == f"{source.name}-file"
    with pytest.raises(ConfigurationError, match="is a source of kummerkasten"):
        take_in(settings, file, Wishes(), name=source.name)
    with pytest.raises(ConfigurationError, match="is no name for a source"):
        take_in(settings, file, Wishes(), name="../x")


def test_a_topic_without_a_letter_in_its_name_is_refused_before_it_stops_all_reading(kk: Call, config: Path) -> None:
    topic = '\n[[topics]]\nkey = "points"\nname = { de = "Punkte", en = " " }\ndescription = "Treuepunkte"\nstage = "purchase"\n'
    config.write_text(config.read_text("utf-8") + topic + 'team = "support"\nmarked = true\n', encoding="utf-8")
    assert "a name needs a letter or a digit" in kk("check", code=2)


def test_what_another_run_has_in_hand_is_said_to_be_so(kk: Call, settings: Settings, say: Callable[..., None]) -> None:
    say({"1": "Wo bleibt mein Paket?", "2": "Danke!"})
    with settings.session() as session:
        claim_unread(session, "who died", datetime.now(UTC), limit=1)
    assert kk("tag", code=0).startswith("Tagged 1. 1 more are in the hands of another run.")


def test_a_run_whose_worker_died_is_not_called_running(kk: Call, settings: Settings) -> None:
    with settings.session() as session:
        start_pull(session, settings.desk.sources[0], "who died", datetime.now(UTC) - timedelta(minutes=11))
    assert f"{settings.desk.sources[0].name} lost" in kk("status", code=0)
