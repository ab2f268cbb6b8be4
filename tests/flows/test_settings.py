from pathlib import Path

import pytest

from desk.config import template
from desk.errors import ConfigurationError
from flows.settings import Settings, check_options, find, load


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "kummerkasten.toml"
    path.write_text(template("de"), encoding="utf-8")
    return path


def test_the_nearest_file_upwards_is_found(written: Path) -> None:
    inside = written.parent / "a" / "b"
    inside.mkdir(parents=True)
    assert find(None, {}, inside) == written


def test_what_is_named_wins_over_the_environment_and_that_over_the_folder(written: Path, tmp_path: Path) -> None:
    other, third = tmp_path / "other.toml", tmp_path / "third.toml"
    other.write_text(written.read_text("utf-8"), "utf-8")
    third.write_text(written.read_text("utf-8"), "utf-8")
    environ = {"KUMMERKASTEN_CONFIG": str(other)}
    assert find(None, environ, tmp_path) == other
    assert find(third, environ, tmp_path) == third


def test_a_folder_may_be_named_instead_of_its_file(written: Path) -> None:
    assert find(written.parent, {}) == written


def test_where_there_is_none_the_message_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="kummerkasten init"):
        find(tmp_path / "no.toml", {})


def test_a_relative_database_counts_from_the_file(written: Path) -> None:
    assert load(written, {}).database == f"sqlite:///{written.parent}/kummerkasten.db"


def test_the_environment_names_another_database(written: Path) -> None:
    assert load(written, {"KUMMERKASTEN_DATABASE": "sqlite:////elsewhere.db"}).database == "sqlite:////elsewhere.db"


def test_a_password_is_never_shown(written: Path) -> None:
    settings = load(written, {"KUMMERKASTEN_DATABASE": "postgresql://kk:s3cret@db.example:5432/kk"})
    assert settings.shown_database == "postgresql://kk:***@db.example:5432/kk"


def test_a_database_that_does_not_answer_is_named_without_its_password(written: Path) -> None:
    settings = load(written, {"KUMMERKASTEN_DATABASE": "postgresql://kk:s3cret@127.0.0.1:9/kk"})
    with pytest.raises(ConfigurationError, match="does not answer") as told:
        _ = settings.engine
    assert "s3cret" not in str(told.value)


def test_a_byte_order_mark_does_no_harm(written: Path) -> None:
    written.write_text(written.read_text("utf-8"), "utf-8-sig")
    assert load(written, {}).desk.teams


def test_a_file_that_is_no_utf_8_is_named(written: Path) -> None:
    written.write_bytes("name = 'Möbel'".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load(written, {})


def test_all_slips_in_options_are_told_at_once(settings: Settings) -> None:
    wrong = [source.model_copy(update={"options": source.options | {"hashtag": "x"}}) for source in settings.desk.sources]
    with pytest.raises(ConfigurationError) as told:
        check_options(wrong)
    assert "tag" in str(told.value)
    assert "reviews" in str(told.value)
