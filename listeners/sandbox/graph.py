"""What the sandbox's Meta platforms share: how the Graph API refuses, pages, dates and numbers."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import BRAND, TOKEN, Item, World

Json = dict[str, Any]
_DAY = timedelta(hours=24)


class Graph:
    """The parts of the Graph API that are alike everywhere."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def checked(self, answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        """Return an endpoint that wants the token."""

        async def endpoint(request: Request) -> Response:
            shown = request.headers.get("authorization", "").removeprefix("Bearer ") or request.query_params.get("access_token")
            if shown != TOKEN:
                return refused(190, "Invalid OAuth access token - Cannot parse access token")
            response: Response = await answer(request)
            return response

        return endpoint

    def time(self, moment: datetime) -> str:
        """Return a moment as Meta writes it, by its own clock."""
        return (moment + timedelta(seconds=self.mischief.amount("clock_skew"))).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S%z")

    def connection(self, request: Request, path: str, items: Sequence[Any], size: int, **asked: str) -> Json:
        """Return a page of a list, with cursors and the address of the next one (which holds the token, as Meta's does)."""
        start = int(asked.pop("after", "0") or 0)
        if self.mischief.on("endless"):
            start = 0
        if self.mischief.on("overlap"):
            start = max(0, start - 3)
        some = items[start : start + size]
        body: Json = {"data": list(some)}
        if some:
            body["paging"] = {"cursors": {"before": str(start), "after": str(start + size)}}
        if start + size < len(items) or (self.mischief.on("endless") and some):
            asked |= {"access_token": TOKEN, "limit": str(size), "after": str(start + size)}
            body["paging"]["next"] = f"{request.url.scheme}://{request.url.netloc}{path}?{urlencode(asked)}"
        return body

    def listed(self, request: Request, items: Sequence[Any], most: int = 100, least: int = 25) -> JSONResponse:
        """Answer a question for a list."""
        asked = dict(request.query_params)
        asked.pop("access_token", None)
        size = min(int(asked.pop("limit", "") or least), most)
        return JSONResponse(self.connection(request, request.url.path, items, size, **asked))

    def dialogues(self, channel: str) -> dict[str, list[Item]]:
        """Return the messages of each customer, the last one first, the dialogue that changed last first."""
        found: dict[str, list[Item]] = {}
        for item in reversed(self.world.seen(channel)):
            found.setdefault(self.world.items[item.root].author, []).append(item)
        return found

    async def send(self, request: Request, channel: str, message_id: Callable[[Item], str]) -> Response:
        """Take a message to a customer, where their last word is young enough."""
        body = await request.json()
        customers = {user_id(customer): messages for customer, messages in self.dialogues(channel).items()}
        messages = customers.get(str(body.get("recipient", {}).get("id")))
        if not messages:
            return refused(100, "No matching user found", 2018001)
        last = next((item for item in messages if not item.ours), messages[0])
        if self.world.clock() - last.said_at > _DAY and body.get("tag") != "HUMAN_AGENT":
            return refused(10, "This message is sent outside of allowed window.", 2018278)
        if not body.get("message", {}).get("text"):
            return refused(100, "Param message[text] must not be empty")
        sent = self.world.answer(last, body["message"]["text"], "")
        return JSONResponse({"recipient_id": body["recipient"]["id"], "message_id": message_id(sent)})


def user_id(name: str) -> str:
    """Return the number of an account."""
    return str(10_000_000 + sum(ord(letter) * 131**place for place, letter in enumerate(name)) % 10**9)


def who(item: Item, us: str) -> Json | None:
    """Return who said something; None where the account is gone."""
    if item.ours or item.author == BRAND:
        return {"id": us, "name": "Kastanie Möbel"}
    return {"id": user_id(item.author), "name": item.name or item.author} if item.author else None


def refused(code: int, message: str, subcode: int = 0, status: int = 400) -> JSONResponse:
    """Return an error as the Graph API words it (recorded)."""
    error: Json = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "fbtrace_id": "AQt"}
    return JSONResponse({"error": error | ({"error_subcode": subcode} if subcode else {})}, status)


def missing(native_id: str) -> JSONResponse:
    """Return the error for what does not exist."""
    message = f"Unsupported get request. Object with ID '{native_id}' does not exist, cannot be loaded due to missing permissions"
    return refused(100, message, 33)
