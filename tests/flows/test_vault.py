"""Secrets beside the configuration: the environment wins, except over what has replaced just its value."""

import os
import threading
from pathlib import Path

import pytest

from desk.errors import ConfigurationError
from flows.vault import FILE, Vault


@pytest.mark.parametrize(
    "value", ["plain", 'with "quotes" and \\ strokes', "two\nlines", "a\r\nkey\r\n", "\\r\\n", "=#'$", "äöü 😡", ""]
)
def test_what_is_kept_comes_back_as_it_was(tmp_path: Path, value: str) -> None:
    Vault(tmp_path).keep("A", value, {})
    Vault(tmp_path).keep("B", "other", {})
    assert Vault(tmp_path).environ({}) == {"A": value, "B": "other"}


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    Vault(tmp_path).keep("A", "old", {})
    assert Vault(tmp_path).environ({"A": "new"})["A"] == "new"


def test_a_rotated_secret_wins_over_the_one_it_replaced_and_over_no_other(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.keep("A", "second", {"A": "first"})
    vault.keep("A", "third", {"A": "first"})
    assert vault.environ({"A": "first"})["A"] == "third"
    assert vault.environ({"A": "made anew by a person"})["A"] == "made anew by a person"


def test_a_file_written_by_hand_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('# ours: X=1\nA=abc\nexport B = two\nC="x y"\n')
    assert Vault(tmp_path).environ({}) == {"A": "abc", "B": "two", "C": "x y"}


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    Vault(tmp_path).keep("A", "x", {})
    with Vault(tmp_path).renewing({}):
        assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    assert (tmp_path / FILE).exists()


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    threads = [threading.Thread(target=Vault(tmp_path).keep, args=(f"N{number}", str(number), {})) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Vault(tmp_path).environ({}) == {f"N{number}": str(number) for number in range(20)}
    assert [name for name in os.listdir(tmp_path) if name.startswith(".kummerkasten.env-")] == []


def test_a_file_that_cannot_be_read_is_said_without_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"A=s3cret\xfc\n")
    with pytest.raises(ConfigurationError, match="UTF-8") as caught:
        Vault(tmp_path).environ({})
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__}"
