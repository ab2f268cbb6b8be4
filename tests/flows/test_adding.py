"""A source is added by answering questions: nothing is written that does not work, and no secret lands in the file."""

import stat
from pathlib import Path

import pytest
from test_cli import Run, kk  # noqa: F401 (a fixture)

import listeners
from desk.config import read
from flows.vault import Vault
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN


@pytest.fixture
def address(sandbox: str) -> str:
    return f"{sandbox}/mastodon"


def test_a_source_is_asked_for_verified_and_written_with_its_comments(kk: Run, config: Path, address: str) -> None:  # noqa: F811
    before = config.read_text()
    config.write_text(f"# our shop\n{before}")
    given = f"{address}\nkastanie, moebel\ntrue\n\n{TOKEN}\n"
    said = kk("add", "mastodon", "--name", "unser-konto", given=given).output
    assert "read:notifications" in said
    assert "Reached: Kastanie" in said
    after = config.read_text()
    assert after.startswith("# our shop\n")
    source = read(after).source("unser-konto")
    assert source.options == {"hashtags": ["kastanie", "moebel"], "mentions": True}
    assert (source.base_url, source.token_env) == (address, "MASTODON_TOKEN")
    assert TOKEN not in after
    assert "# Access token" in after


def test_the_secret_lies_in_a_file_that_only_its_owner_reads(kk: Run, config: Path, address: str) -> None:  # noqa: F811
    kk("add", "mastodon", "--set", f"base_url={address}", "--set", "mentions=true", given=f"\n\n{TOKEN}\n")
    kept = config.parent / "kummerkasten.env"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert Vault(config.parent).environ({})["MASTODON_TOKEN"] == TOKEN
    assert "Tagged" in kk("run", "mastodon").output


def test_nothing_is_written_where_the_platform_refuses(kk: Run, config: Path, address: str) -> None:  # noqa: F811
    before = config.read_text()
    said = kk("add", "mastodon", "--set", f"base_url={address}", "--set", "mentions=true", given="\n\nwrong\n", code=1).output
    assert "401" in said
    assert "Nothing was written" in said
    assert config.read_text() == before
    assert not (config.parent / "kummerkasten.env").exists()


def test_an_unreachable_platform_can_be_written_all_the_same(kk: Run, config: Path, address: str, mischief: Mischief) -> None:  # noqa: F811
    mischief.order("403", times=1000)
    kk("add", "mastodon", "--set", f"base_url={address}", "--set", "hashtags=kastanie", "--unverified", given="\n\n\n")
    assert read(config.read_text()).source("mastodon").options == {"hashtags": ["kastanie"]}


def test_a_second_source_of_a_platform_gets_a_name_of_its_own(kk: Run, config: Path, sandbox: str) -> None:  # noqa: F811
    for _ in range(2):
        kk("add", "appstore", "--set", f"base_url={sandbox}/appstore", "--set", "app_id=1234567890", "--set", "countries=de,at")
    names = [source.name for source in read(config.read_text()).sources]
    assert names[-2:] == ["appstore", "appstore-2"]


def test_wrong_settings_are_named_before_anything_is_written(kk: Run, config: Path, sandbox: str) -> None:  # noqa: F811
    before = config.read_text()
    said = kk("add", "appstore", "--set", f"base_url={sandbox}/appstore", "--set", "app_id=abc", "--set", "countries=de", code=2)
    assert "app_id" in said.output
    assert config.read_text() == before


def test_what_may_be_left_empty_is_called_optional_and_examples_are_shown(kk: Run, config: Path, sandbox: str) -> None:  # noqa: F811
    said = kk("add", "appstore", "--set", f"base_url={sandbox}/appstore", given="1234567890\n\n").output
    assert "(such as 123456789):" in said
    assert "(optional, such as de,at,ch):" in said
    assert "countries" not in read(config.read_text()).source("appstore").options


def test_a_setting_that_is_a_table_is_written_as_one(kk: Run, config: Path) -> None:  # noqa: F811
    fields = '{ text = "data.message", id = "data.id", author = "data.user" }'
    kk("add", "webhook", "--set", "token=whsec_c2VjcmV0", "--set", f"fields={fields}", given="\n\n\n\n")
    assert read(config.read_text()).source("webhook").options["fields"]["text"] in ("data.message", ["data.message"])


def test_without_a_platform_all_are_listed(kk: Run) -> None:  # noqa: F811
    assert "trustpilot" in kk("add").output


@pytest.mark.parametrize("platform", listeners.PLATFORMS)
def test_every_platform_says_what_it_needs_in_both_languages(platform: str) -> None:
    found = listeners.listener(platform)
    assert set(found.setup) == {"de", "en"}
    assert found.asks
    for ask in found.asks:
        assert set(ask.says) == {"de", "en"}, ask.name
        assert ask.secret or ask.name in {*found.options.model_fields, "base_url"}, ask.name
