"""The sandbox's control desk: people let somebody speak, and a listener hears it."""

import httpx
import pytest

import listeners
from desk.source import Source
from listeners.contract import Window
from listeners.http import utc_now
from listeners.sandbox.serve import running
from listeners.sandbox.world import TOKEN, World


def test_what_is_said_at_the_control_desk_is_heard() -> None:
    with running(World()) as url:
        said = {"channel": "trustpilot", "text": "Die Zahlung hängt", "stars": 1, "author": "jule"}
        assert httpx.post(f"{url}/_sandbox/say", json=said).json()["key"]
        options = {"business_unit": "46d6a890ffa235a75b00021d"}
        source = Source(name="tp", platform="trustpilot", base_url=f"{url}/trustpilot", token_env="T", options=options)
        window = Window(utc_now(), utc_now().replace(year=2020))
        with listeners.connect(source, {"T": TOKEN}) as client:
            pages = list(listeners.listener("trustpilot").pull(client, source, None, window))
    assert [(one.text, one.stars) for page in pages for one in page.mentions] == [("Die Zahlung hängt", 1.0)]


@pytest.mark.parametrize("said", [{}, {"text": "x"}, {"channel": "x", "text": "y", "nonsense": 1}, []])
def test_what_cannot_be_said_is_told(said: object) -> None:
    with running(World()) as url:
        answer = httpx.post(f"{url}/_sandbox/say", json=said)
    assert answer.status_code == 422
    assert answer.json()["error"]
