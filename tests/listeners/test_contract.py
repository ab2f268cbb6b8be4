"""Every listener passes the contract suite against its part of the sandbox."""

from desk.errors import SourceBusy, SourceError
from desk.source import Source
from listeners.sandbox.world import TOKEN, World
from listeners.testing import ListenerContract, Stage


class TestMastodonHashtags(ListenerContract):
    below = "/context"

    def stage(self, url: str, world: World) -> Stage:
        source = Source(name="tag", platform="mastodon", base_url=f"{url}/mastodon", options={"hashtags": ["kastanie"]})
        return Stage(source, {}, "tag")


class TestMastodonMentions(ListenerContract):
    asks_when_refused = 2

    def stage(self, url: str, world: World) -> Stage:
        options = {"mentions": True}
        source = Source(name="us", platform="mastodon", base_url=f"{url}/mastodon", token_env="T", options=options)
        return Stage(source, {"T": TOKEN}, "mention")


class TestMastodonDirect(ListenerContract):
    asks_when_refused = 2

    def stage(self, url: str, world: World) -> Stage:
        source = Source(name="dm", platform="mastodon", base_url=f"{url}/mastodon", token_env="T", options={"direct": True})
        return Stage(source, {"T": TOKEN}, "dm")


class TestAppStore(ListenerContract):
    busy_pages = 3
    backlog = 480
    """Apple shows the 500 newest only."""

    def stage(self, url: str, world: World) -> Stage:
        options = {"app_id": "1234567890", "countries": ["de"]}
        return Stage(Source(name="app", platform="appstore", base_url=f"{url}/appstore", options=options), {}, "review")

    asks_when_refused = 4
    refuses_with = SourceBusy
    """Apple's feed has no credential: a refusal means "later"."""

    def about_refusal(self, error: SourceError) -> bool:
        """There is nothing to mend."""
        return True
