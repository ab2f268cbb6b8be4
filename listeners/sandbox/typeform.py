"""The sandbox's Typeform: one form, its responses from the newest back, bounded by two dates that both count."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

FORM = "u6nXL7"
_MOST = 1_000
Json = dict[str, Any]
DEFINITION: Json = {
    "id": FORM,
    "title": "Wie war Ihr Einkauf?",
    "settings": {"language": "de", "is_public": True},
    "fields": [
        {"id": "npsfield0001", "ref": "empfehlung", "title": "Würden Sie uns *empfehlen*?", "type": "nps", "properties": {}},
        {"id": "longtext0002", "ref": "wunsch", "title": "Was können wir besser machen?", "type": "long_text", "properties": {}},
        {
            "id": "opinion00003",
            "ref": "lieferung",
            "title": "Wie war die Lieferung?",
            "type": "opinion_scale",
            "properties": {"steps": 7, "start_at_one": True},
        },
        {
            "id": "group0000004",
            "ref": "mehr",
            "title": "Noch mehr",
            "type": "group",
            "properties": {
                "fields": [
                    {"id": "choice000005", "ref": "grund", "title": "Warum, {{field:wunsch}}?", "type": "multiple_choice"},
                    {"id": "yesno0000006", "ref": "wieder", "title": "Kaufen Sie wieder?", "type": "yes_no"},
                ]
            },
        },
        {
            "id": "contact00007",
            "ref": "kontakt",
            "title": "Wie erreichen wir Sie?",
            "type": "contact_info",
            "properties": {
                "fields": [
                    {"id": "first0000008", "title": "Vorname", "type": "short_text", "subfield_key": "first_name"},
                    {"id": "email0000009", "title": "E-Mail", "type": "email", "subfield_key": "email"},
                ]
            },
        },
    ],
}


class Part:
    """Routes below ``/typeform``: what is said on the channel "typeform" is an answer to the second question."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [Route("/forms/{form}", self._form), Route("/forms/{form}/responses", self._responses)]

    async def _form(self, request: Request) -> Response:
        return self._refused(request) or JSONResponse(DEFINITION)

    def _refused(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"code": "AUTHENTICATION_FAILED", "description": "Invalid credentials"}, 403)
        if request.path_params["form"] != FORM:
            return JSONResponse({"code": "FORM_NOT_FOUND", "description": "Non existing form with uid"}, 404)
        return None

    async def _responses(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        query = request.query_params
        skew = timedelta(seconds=self.mischief.amount("clock_skew"))
        newest = [response(item, skew) for item in reversed(self.world.seen("typeform"))]
        found = [one for one in newest if one["submitted_at"] >= query.get("since", "")]
        if until := query.get("until"):
            found = [one for one in found if one["submitted_at"].removesuffix("Z") <= until]
        start = len(newest) if not found else newest.index(found[0])
        if self.mischief.on("overlap"):
            found = newest[max(0, start - 5) : start] + found
        if self.mischief.on("endless"):
            found = newest
        size = min(int(query.get("page_size", 25)), _MOST)
        return JSONResponse({"total_items": len(found), "page_count": -(-len(found) // size), "items": found[:size]})


def response(item: Item, skew: timedelta = timedelta(0)) -> Json:
    """Return what somebody answered; a response cannot be edited."""
    token = hashlib.md5(item.key.encode(), usedforsecurity=False).hexdigest()
    submitted = f"{(item.said_at + skew).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    answers: list[Json] = []
    if item.stars:
        answers.append(_answer(DEFINITION["fields"][0], "number", round((item.stars - 1) * 2.5)))
    if item.text:
        answers.append(_answer(DEFINITION["fields"][1], "text", item.text))
    if item.author:
        answers.append(_answer(DEFINITION["fields"][4]["properties"]["fields"][1], "email", f"{item.author}@kunden.example"))
    return {
        "landing_id": token,
        "token": token,
        "response_id": token,
        "landed_at": submitted,
        "submitted_at": submitted,
        "hidden": {"kundennummer": item.name},
        "calculated": {"score": 0},
        "answers": answers,
    }


def _answer(question: Json, kind: str, value: object) -> Json:
    return {"field": {"id": question["id"], "ref": question.get("ref"), "type": question["type"]}, "type": kind, kind: value}


def delivery(item: Item, secret: str, now: datetime) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body with which Typeform delivers a response."""
    said = response(item) | {"form_id": FORM, "definition": {key: DEFINITION[key] for key in ("id", "title", "fields")}}
    body = json.dumps({"event_id": f"evt-{now:%s}", "event_type": "form_response", "form_response": said}).encode()
    code = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return {"typeform-signature": f"sha256={code}", "content-type": "application/json"}, body
