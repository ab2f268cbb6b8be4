"""Intercom: whole conversations are heard, notes stay inside, and deliveries are genuine."""

from desk.source import Source
from listeners.sandbox.world import TOKEN, World
from listeners.testing import ListenerContract, Stage


def source(url: str, **options: object) -> Source:
    return Source(name="chat", platform="intercom", base_url=url, token_env="T", options=options)


class TestIntercom(ListenerContract):
    hears_replies = True
    below = "/conversations/2154"
    backlog = 220
    """Each is a conversation to be read whole."""
    busy_pages = 2

    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(f"{url}/intercom", region="eu"), {"T": TOKEN}, "intercom")
