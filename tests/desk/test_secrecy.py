"""A secret in the configuration is refused, never repeated, and what only looks long is let through."""

import pytest

from desk.config import read
from desk.errors import ConfigurationError
from desk.secrecy import looks_like_a_token, secrets

DESK = 'teams = [{ key = "support", name = "S" }]\nrules = [{ name = "all", team = "support" }]\n'
SOURCE = '[[sources]]\nname = "tag"\nplatform = "mastodon"\n'
MADE_UP = "ZA-Yj3aBD8U8Cm7lKUp-lm9O9BmDgdhHzDeqsY8tlL0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(DESK + SOURCE + 'token = "hunter2"\n', 'token_env = "MY_TOKEN"', id="by its key"),
        pytest.param(
            DESK + SOURCE + 'client_secret = "hunter2"\n', 'client_secret_env = "MY_CLIENT_SECRET"', id="by the end of its key"
        ),
        pytest.param(DESK + SOURCE + f'hashtag = "{MADE_UP}"\n', "looks like a token", id="by its looks"),
        pytest.param(
            DESK + SOURCE + f'token_env = "{MADE_UP}"\n', "looks like a token", id="the token where its variable's name belongs"
        ),
        pytest.param(DESK + SOURCE + f'headers = {{ list = ["{MADE_UP}"] }}\n', "headers.list[0]", id="deep inside"),
        pytest.param(f'database = "postgresql://anna:hunter2@db/k"\n{DESK}', "KUMMERKASTEN_DATABASE", id="a database's password"),
        pytest.param(DESK + SOURCE + 'proxy = "http://anna:hunter2@proxy:3128"\n', "HTTPS_PROXY", id="a proxy's password"),
        pytest.param(f'password = "hunter2"\n{DESK}', "line 1, password", id="where no setting is"),
    ],
)
def test_a_secret_in_the_file_is_refused_without_repeating_it(text, expected):
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert expected in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert MADE_UP not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    "value",
    [MADE_UP, "ghp_abcdefghijklmnop", "xoxb-1234567890-abc", "d41d8cd98f00b204e9800998ecf8427e", "eyJhbGciOi.eyJzdWIiOiIxMjM0"],
)
def test_tokens_look_like_tokens(value):
    assert looks_like_a_token(value)


@pytest.mark.parametrize(
    "value",
    [
        "KUMMERKASTEN_SANDBOX_TOKEN",
        "Trustpilot-Export-2026-01-Kommentare.csv",
        "donaudampfschifffahrtsgesellschaft2026",
        "https://mastodon.social/api/v1/timelines/tag/kastanie",
        "1234567890123456789012345678901234567890",
        "Wir haben am 24.12. geschlossen",
        "",
    ],
)
def test_words_names_and_addresses_do_not(value):
    assert not looks_like_a_token(value)


def test_ids_that_platforms_give_are_no_secrets():
    assert not list(secrets({"sources": [{"business_unit_id": "46d6a890000064000500e0c3", "folder": MADE_UP}]}))
