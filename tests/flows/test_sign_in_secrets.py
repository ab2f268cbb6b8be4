"""What the dashboard's server is told of the sign-in: whole, for its owner alone, and the same key after a restart."""

import json
import stat
import tomllib
from pathlib import Path

import pytest
from staging import Run

from desk.errors import ConfigurationError
from flows import sign_in
from flows.settings import Settings, load

DOOR = """
[sign_in]
provider = "https://login.example.org"
client_id = "desk"
client_secret_env = "SIGN_IN_SECRET"
address = "https://desk.example.org"

[[people]]
name = "Mira"
email = "mira@example.org"
"""


@pytest.fixture
def guarded(config: Path) -> Settings:
    config.write_text(config.read_text("utf-8") + DOOR, "utf-8")
    return load(config)


def test_the_server_is_told_for_its_owner_alone(guarded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_IN_SECRET", 'a"b\\c')
    path = sign_in.write(guarded, tmp_path / "home")
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = tomllib.loads(path.read_text("utf-8"))["auth"]
    assert (told["client_secret"], told["client_id"]) == ('a"b\\c', "desk")
    assert told["redirect_uri"] == "https://desk.example.org/oauth2callback"
    assert told["server_metadata_url"] == "https://login.example.org/.well-known/openid-configuration"
    assert len(told["cookie_secret"]) == 64


def test_a_restart_signs_nobody_out(guarded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_IN_SECRET", "x")
    path = sign_in.write(guarded, tmp_path)
    assert path is not None
    before = tomllib.loads(path.read_text("utf-8"))["auth"]["cookie_secret"]
    sign_in.write(guarded, tmp_path)
    assert tomllib.loads(path.read_text("utf-8"))["auth"]["cookie_secret"] == before
    path.write_text("half a fi", "utf-8")
    sign_in.write(guarded, tmp_path)
    assert tomllib.loads(path.read_text("utf-8"))["auth"]["cookie_secret"] != before


def test_a_desk_without_a_sign_in_needs_no_file(settings: Settings, tmp_path: Path) -> None:
    assert sign_in.write(settings, tmp_path / "home") is None
    assert not (tmp_path / "home").exists()


def test_a_secret_that_is_missing_is_named(guarded: Settings, tmp_path: Path, kk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGN_IN_SECRET", raising=False)
    with pytest.raises(ConfigurationError, match="SIGN_IN_SECRET is not set"):
        sign_in.write(guarded, tmp_path)
    found = json.loads(kk("check", "--json", code=2).stdout)["checks"]
    assert [one["ok"] for one in found if one["what"] == "sign-in"] == [False]
    monkeypatch.setenv("SIGN_IN_SECRET", "x")
    assert "Mira, through https://login.example.org" in kk("check").output
