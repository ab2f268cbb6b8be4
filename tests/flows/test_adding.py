"""A source is added by answering questions: nothing is written that does not work, and no secret lands in the file."""

import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel
from staging import Run

import listeners
from desk.config import read
from desk.errors import SourceBusy
from desk.source import Source
from flows.cli.adding import _write, block
from flows.settings import Settings
from flows.vault import Vault
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN


@pytest.fixture
def address(sandbox: str) -> str:
    return f"{sandbox}/mastodon"


def test_a_source_is_asked_for_verified_and_written_with_its_comments(kk: Run, config: Path, address: str) -> None:
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


def test_the_secret_lies_in_a_file_that_only_its_owner_reads(kk: Run, config: Path, address: str) -> None:
    kk("add", "mastodon", "--set", f"base_url={address}", "--set", "mentions=true", given=f"\n\n{TOKEN}\n")
    kept = config.parent / "kummerkasten.env"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert Vault(config.parent).environ({})["MASTODON_TOKEN"] == TOKEN
    assert "Tagged" in kk("run", "mastodon").output


def test_nothing_is_written_where_the_platform_refuses(kk: Run, config: Path, address: str) -> None:
    before = config.read_text()
    said = kk("add", "mastodon", "--set", f"base_url={address}", "--set", "mentions=true", given="\n\nwrong\n", code=1).output
    assert "401" in said
    assert "Nothing was written" in said
    assert config.read_text() == before
    assert not (config.parent / "kummerkasten.env").exists()


def test_an_unreachable_platform_can_be_written_all_the_same(kk: Run, config: Path, address: str, mischief: Mischief) -> None:
    mischief.order("403", times=1000)
    kk("add", "mastodon", "--set", f"base_url={address}", "--set", "hashtags=kastanie", "--unverified", given="\n\n\n")
    assert read(config.read_text()).source("mastodon").options == {"hashtags": ["kastanie"]}


def test_a_second_source_of_a_platform_gets_a_name_of_its_own(kk: Run, config: Path, sandbox: str) -> None:
    for _ in range(2):
        kk("add", "appstore", "--set", f"base_url={sandbox}/appstore", "--set", "app_id=1234567890", "--set", "countries=de,at")
    names = [source.name for source in read(config.read_text()).sources]
    assert names[-2:] == ["appstore", "appstore-2"]


def test_wrong_settings_are_named_before_anything_is_written(kk: Run, config: Path, sandbox: str) -> None:
    before = config.read_text()
    said = kk("add", "appstore", "--set", f"base_url={sandbox}/appstore", "--set", "app_id=abc", "--set", "countries=de", code=2)
    assert "app_id" in said.output
    assert config.read_text() == before


def test_what_may_be_left_empty_is_called_optional_and_examples_are_shown(kk: Run, config: Path, sandbox: str) -> None:
    said = kk("add", "appstore", "--set", f"base_url={sandbox}/appstore", given="1234567890\n\n").output
    assert "(such as 123456789):" in said
    assert "(optional, such as de,at,ch):" in said
    assert "countries" not in read(config.read_text()).source("appstore").options


def test_a_setting_that_is_a_table_is_written_as_one(kk: Run, config: Path) -> None:
    fields = '{ text = "data.message", id = "data.id", author = "data.user" }'
    kk("add", "webhook", "--set", "token=whsec_c2VjcmV0", "--set", f"fields={fields}", given="\n\n\n\n")
    assert read(config.read_text()).source("webhook").options["fields"]["text"] in ("data.message", ["data.message"])


@pytest.mark.parametrize("works", [True, False])
def test_a_token_that_the_platform_replaces_while_it_is_tried_is_the_one_that_is_kept(
    kk: Run,
    config: Path,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    works: bool,
) -> None:
    def rotate(client: Client, _source: Source) -> str:
        with client.renewing():
            assert client.secrets["token"] == "first"
            client.keep_secret("token", "second")
        if not works:
            raise SourceBusy("out of order")
        return "us"

    rotating = replace(listeners.listener("mastodon"), verify=rotate)
    monkeypatch.setattr(listeners, "listener", lambda _platform: rotating)
    settings = ["--set", f"base_url={address}", "--set", "mentions=true", "--set", "token=first"]
    kk("add", "mastodon", *settings, given="\n\n", code=0 if works else 1)
    assert Vault(config.parent).environ({})["MASTODON_TOKEN"] == "second"


def test_the_token_of_a_second_account_leaves_that_of_the_first_alone(kk: Run, config: Path, address: str) -> None:
    settings = ["--set", f"base_url={address}", "--set", "mentions=true", "--unverified"]
    kk("add", "mastodon", *settings, "--set", "token=first", given="\n\n")
    kk("add", "mastodon", *settings, "--set", "token=second", given="\n\n")
    kk("add", "mastodon", *settings, "--set", "token=second", "--name", "shop", given="\n\n")
    kept = Vault(config.parent).environ({})
    sources = read(config.read_text()).sources[-3:]
    assert [kept[source.token_env or ""] for source in sources] == ["first", "second", "second"]
    assert [source.token_env for source in sources] == ["MASTODON_TOKEN", "MASTODON_2_TOKEN", "MASTODON_SHOP_TOKEN"]


@pytest.mark.parametrize("name", ["Mein Laden", "../etc", "a\nb", ' x"]\n[[teams]] '])
def test_a_name_that_cannot_be_one_is_said(kk: Run, config: Path, address: str, name: str) -> None:
    before = config.read_text()
    said = kk("add", "mastodon", "--name", name, "--set", f"base_url={address}", given="\n\n\n\n", code=2).output
    assert "cannot be a name" in said
    assert config.read_text() == before


def test_what_is_answered_is_written_as_it_was_said_and_nothing_else(config: Path) -> None:
    odd = {"text": 'a"]\nb\x7f', "title": ["x", "'''", '"""'], "odd.key x": "y", '"]\n[[teams]]': "z"}
    found = replace(listeners.listener("webhook"), options=BaseModel)
    source = Source(name="webhook", platform="webhook", options={"fields": odd})
    after = read(config.read_text() + block(found, source, "en"))
    assert after.source("webhook").options["fields"] == odd
    assert len(after.teams) == len(read(config.read_text()).teams)


def test_two_who_add_at_once_lose_nothing(settings: Settings, config: Path) -> None:
    found = listeners.listener("mastodon")
    sources = [Source(name=f"new-{number}", platform="mastodon", options={"hashtags": ["x"]}) for number in range(12)]
    threads = [threading.Thread(target=_write, args=(settings, found, source, {})) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {source.name for source in sources} <= {source.name for source in read(config.read_text()).sources}


def test_a_file_that_is_linked_stays_a_link_and_as_private_as_it_was(kk: Run, config: Path, address: str) -> None:
    real = config.rename(config.with_name("real.toml"))
    real.chmod(0o640)
    config.symlink_to(real)
    kk("add", "mastodon", "--set", f"base_url={address}", "--set", "hashtags=kastanie", "--unverified", given="\n\n\n")
    assert config.is_symlink()
    assert '[[sources]]\nname = "mastodon"' in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_without_a_platform_all_are_listed(kk: Run) -> None:
    assert "trustpilot" in kk("add").output


@pytest.mark.parametrize("platform", listeners.PLATFORMS)
def test_every_platform_says_what_it_needs_in_both_languages(platform: str) -> None:
    found = listeners.listener(platform)
    assert set(found.setup) == {"de", "en"}
    assert found.asks
    for ask in found.asks:
        assert set(ask.says) == {"de", "en"}, ask.name
        assert ask.secret or ask.name in {*found.options.model_fields, "base_url"}, ask.name
