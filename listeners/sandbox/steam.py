"""The sandbox's Steam: reviews of one app by their last change, the latest first, with cursors and developer's responses."""

import json
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import Item, World

APP = 730
_LANGUAGES = {"de": "german", "en": "english", "fr": "french"}


class Part:
    """Routes below ``/steam``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoint that the listener asks."""
        return [Route("/IUserReviewsService/GetAppReviews/v1/", self._reviews)]

    async def _reviews(self, request: Request) -> Response:
        asked = json.loads(request.query_params.get("input_json", "{}"))
        if asked.get("appid") != APP:
            return JSONResponse({"response": {}})
        wanted = set(asked.get("languages") or ["english"])
        items = [item for item in self.world.seen("steam") if not item.ours]
        items = [item for item in items if "all" in wanted or _language(item) in wanted]
        items = [item for item in items if item.country != "bomb" or not asked.get("filter_offtopic_activity", True)]
        by_last_change = asked.get("filter") == 2
        newest = sorted(items, key=lambda item: (self._changed(item, by_last_change), item.number), reverse=True)
        size, here = min(int(asked.get("num_per_page", 20)), 100), asked.get("cursor", "*")
        start = 0 if here == "*" or self.mischief.on("endless") else int(here.removeprefix("AoJ+/="))
        start = max(0, start - 5) if self.mischief.on("overlap") else start
        page = newest[start : start + size]
        answer: dict[str, Any] = {"cursor": f"AoJ+/={start + size}" if page else here, "total_matching": len(newest)}
        answer |= {"reviews": [self._said(item) for item in page]} if page else {}
        answer["query_summary"] = {"num_reviews": len(page), "total_reviews": len(newest)}
        return JSONResponse({"response": answer})

    def _changed(self, item: Item, edits: bool = True) -> datetime:
        return (item.edited_at(self.world.clock()) if edits else None) or item.said_at

    def _seconds(self, moment: datetime) -> int:
        return int((moment + timedelta(seconds=self.mischief.amount("clock_skew"))).timestamp())

    def _said(self, item: Item) -> dict[str, Any]:
        answers = [one for one in self.world.thread(item.root) if one.ours and one.parent == item.key]
        number = sum(ord(letter) * 131**place for place, letter in enumerate(item.author)) % 10**9
        who = {"num_reviews": 3, "playtime_forever": 15_663, "playtime_at_review": 15_435, "last_played": 1_676_978_764}
        said: dict[str, Any] = {
            "recommendationid": _id(item),
            "author": {"steamid": str(76_561_197_960_265_728 + number), **who} if item.author else {},
            "language": _language(item),
            "review": item.text_at(self.world.clock()),
            "timestamp_created": self._seconds(item.said_at),
            "timestamp_updated": self._seconds(self._changed(item)),
            "voted_up": (item.stars or 5) > 2,
            "votes_up": 0,
            "votes_funny": 0,
            "weighted_vote_score": "0.5",
            "comment_count": 0,
            "steam_purchase": True,
            "received_for_free": False,
            "written_during_early_access": False,
        }
        if answers:
            said["developer_response"] = answers[-1].text_at(self.world.clock())
            said["timestamp_dev_responded"] = self._seconds(self._changed(answers[-1]))
        return said


def _language(item: Item) -> str:
    return _LANGUAGES.get(item.language or "", "english")


def _id(item: Item) -> str:
    return str(130_000_000 + sum(ord(letter) * 131**place for place, letter in enumerate(item.key)) % 10**12)
