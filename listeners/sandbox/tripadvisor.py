"""The sandbox's Tripadvisor: the reviews of one place in each language, five on a page, numbers as strings."""

from datetime import timedelta, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

PLACE = "781627"
_PAGE = 5
_NEEDHAM = timezone(timedelta(hours=-5))
Json = dict[str, Any]


class Part:
    """Routes below ``/tripadvisor``: what is said on the channel "tripadvisor"; what is said below it is the owner's answer."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/api/v1/location/{id}/details", self._details),
            Route("/api/v1/location/{id}/reviews", self._reviews),
        ]

    def _refused(self, request: Request) -> Response | None:
        if request.query_params.get("key") != TOKEN:
            return JSONResponse({"Message": "User is not authorized to access this resource with an explicit deny"}, 403)
        if request.path_params["id"] != PLACE:
            return JSONResponse({"error": {"message": "Location not found", "type": "NotFoundException", "code": "404"}}, 404)
        return None

    async def _details(self, request: Request) -> Response:
        found = {"location_id": PLACE, "name": "Hotel Kastanie", "num_reviews": str(len(self._seen("de")))}
        return self._refused(request) or JSONResponse(found)

    def _seen(self, language: str) -> list[Item]:
        return [one for one in self.world.seen("tripadvisor") if one.parent is None and one.language in (language, None)]

    async def _reviews(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        newest = self._seen(request.query_params.get("language", "en"))[::-1]
        start = int(request.query_params.get("offset", 0))
        if self.mischief.on("overlap"):
            start = max(0, start - 3)
        if self.mischief.on("endless"):
            start = 0
        page = [self._review(item) for item in newest[start : start + _PAGE]]
        return JSONResponse({"data": page, "paging": {"results": str(len(page)), "total_results": str(len(newest))}})

    def _date(self, item: Item) -> str:
        said = item.said_at + timedelta(seconds=self.mischief.amount("clock_skew"))
        return f"{said.astimezone(_NEEDHAM):%Y-%m-%dT%H:%M:%S%z}"

    def _review(self, item: Item) -> Json:
        now = self.world.clock()
        number = 255_000_000 + item.number
        answer = next((one for one in reversed(self.world.thread(item.root)) if one.ours), None)
        return {
            "id": number,
            "lang": item.language or "de",
            "location_id": int(PLACE),
            "published_date": self._date(item),
            "rating": item.stars or 3,
            "helpful_votes": "0",
            "url": f"https://www.tripadvisor.com/ShowUserReviews-g1-d{PLACE}-r{number}-Hotel_Kastanie.html#review{number}",
            "trip_type": "Couples",
            "travel_date": "2026-02",
            "text": item.text_at(now),
            "user": {"username": item.author, "user_location": None} if item.author else None,
            "title": item.title,
            "is_machine_translated": False,
            "owner_response": self._answer(answer, number) if answer else None,
        }

    def _answer(self, item: Item, number: int) -> Json:
        return {
            "id": str(number + 500_000_000),
            "title": "Vielen Dank",
            "text": item.text_at(self.world.clock()),
            "lang": "de",
            "author": "Hotel Kastanie",
            "published_date": self._date(item),
        }
