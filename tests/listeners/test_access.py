"""Tokens that are renewed: once at a time, by the secrets as they stand, and kept where the next worker finds them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import httpx

from flows.vault import Vault
from listeners.access import granted
from listeners.http import Client


class Platform:
    """A platform whose refresh tokens may be used once."""

    def __init__(self) -> None:
        self.valid, self.used = "first", 0
        self.lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/token":
            return httpx.Response(200, json={"hello": request.headers["authorization"]})
        with self.lock:
            if parse_qs(request.content.decode())["refresh_token"] != [self.valid]:
                return httpx.Response(400, json={"error": "invalid_grant"})
            self.used += 1
            self.valid = f"after {self.used}"
            return httpx.Response(200, json={"access_token": f"t{self.used}", "expires_in": 3600, "refresh_token": self.valid})


def client(vault: Vault, platform: Platform) -> Client:
    @contextmanager
    def fresh() -> Iterator[dict[str, str]]:
        with vault.renewing({}) as environ:
            yield {"refresh_token": environ["R"]}

    return Client(
        "https://p.example",
        platform="p",
        secrets={"refresh_token": "first"},
        access=granted("https://p.example/token", {"grant_type": "refresh_token", "refresh_token": "first"}),
        keep=lambda _name, value: vault.keep("R", value, {}),
        fresh=fresh,
        transport=httpx.MockTransport(platform),
    )


def test_workers_that_share_a_token_which_is_used_once_all_go_on(tmp_path: Path) -> None:
    vault, platform = Vault(tmp_path), Platform()
    vault.keep("R", "first", {})
    said: list[str] = []

    def work() -> None:
        with client(vault, platform) as one:
            said.append(one.get_json("/hello")["hello"])

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == [f"Bearer t{number}" for number in range(1, 7)]
    assert vault.environ({})["R"] == "after 6"
