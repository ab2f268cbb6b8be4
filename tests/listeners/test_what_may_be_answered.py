"""What may be answered on a source is known before anybody writes: its credential and its options decide."""

from datetime import timedelta
from typing import Any

import pytest

from desk.source import Source
from listeners import listener


def allowed(platform: str, secrets: dict[str, str], token: str | None = None, **options: Any) -> Any:
    source = Source(name="s", platform=platform, token_env=token, secrets=secrets, options=options)
    return listener(platform).allowed(source)


@pytest.mark.parametrize(("platform", "options"), [("mastodon", {"hashtags": ["x"]}), ("discourse", {"everything": True})])
def test_without_a_credential_nothing_can_be_answered(platform: str, options: dict[str, Any]) -> None:
    assert allowed(platform, {}, None, **options) == {}
    assert allowed(platform, {}, "T", **options)


def test_an_api_key_of_youtube_only_reads() -> None:
    assert allowed("youtube", {}, "KEY", videos=["a"]) == {}
    assert allowed("youtube", {"client_id": "A", "client_secret": "B", "refresh_token": "C"}, videos=["a"])


def test_trustpilot_wants_the_secret_and_a_user() -> None:
    assert allowed("trustpilot", {}, "KEY", business_unit="x.example") == {}
    assert allowed("trustpilot", {"secret": "S"}, "KEY", business_unit="x.example") == {}
    assert allowed("trustpilot", {"secret": "S"}, "KEY", business_unit="x.example", business_user="u")


@pytest.mark.parametrize(("human", "within"), [(False, timedelta(hours=24)), (True, timedelta(days=7))])
def test_messenger_is_open_for_a_day_or_with_a_human_agent_for_a_week(human: bool, within: timedelta) -> None:
    assert allowed("facebook", {}, "T", page="12345", messages=True, human_agent=human)["dm"].within == within


def test_an_app_of_reddit_or_x_that_acts_for_nobody_only_reads() -> None:
    assert allowed("reddit", {"client_id": "A", "client_secret": "B"}, subreddits=["x"]) == {}
    assert allowed("reddit", {"client_id": "A", "client_secret": "B", "refresh_token": "C"}, subreddits=["x"])
    assert allowed("x", {}, "BEARER", queries=["x"]) == {}
    assert allowed("x", {"client_id": "A", "refresh_token": "C"}, queries=["x"])


def test_a_mailbox_without_a_server_for_sending_only_reads() -> None:
    secrets = {"user": "U", "password": "P"}
    assert allowed("email", secrets, imap="imap.x.example") == {}
    assert allowed("email", secrets, imap="imap.x.example", smtp="smtp.x.example")
