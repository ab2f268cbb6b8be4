"""The sandbox's WhatsApp: a number that takes answers for 24 hours, and deliveries signed as Meta signs them."""

import json
from collections.abc import Sequence
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.graph import Graph, Json, missing, refused, user_id
from listeners.sandbox.world import Item
from listeners.signatures import signature

NUMBER = "106540352242922"
_DAY = timedelta(hours=24)


class Part(Graph):
    """Routes below ``/whatsapp``; nothing that customers say can be asked for, `delivery` is how it comes."""

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [
            Route("/{version}/debug_token", self.checked(self._debug)),
            Route("/{version}/{number}", self.checked(self._number)),
            Route("/{version}/{number}/messages", self.checked(self._send), methods=["POST"]),
        ]

    async def _debug(self, _request: Request) -> Response:
        return JSONResponse({"data": {"type": "SYSTEM_USER", "is_valid": True, "expires_at": 0}})

    async def _number(self, request: Request) -> Response:
        wanted = request.path_params["number"]
        found = {"id": NUMBER, "display_phone_number": "+49 30 901820", "verified_name": "Kastanie Möbel"}
        return JSONResponse(found) if wanted == NUMBER else missing(wanted)

    async def _send(self, request: Request) -> Response:
        body = await request.json()
        if body.get("messaging_product") != "whatsapp" or not body.get("text", {}).get("body"):
            return refused(100, "Invalid parameter")
        whom = str(body.get("to") or body.get("recipient"))
        theirs = [one for one in self.world.seen("whatsapp") if not one.ours and whom in (user_id(one.author), _scoped(one))]
        if not theirs:
            return refused(131026, "Message undeliverable")
        if self.world.clock() - theirs[-1].said_at > _DAY:
            return refused(131047, "Re-engagement message")
        quoted = next((one for one in theirs if _id(one) == body.get("context", {}).get("message_id")), theirs[-1])
        sent = self.world.answer(quoted, body["text"]["body"], "")
        contact = {"input": whom, **({"wa_id": whom} if whom.isdigit() else {"user_id": whom})}
        return JSONResponse({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": _id(sent)}]})

    def delivery(self, items: Sequence[Item], secret: str, *, hidden: bool = False) -> tuple[dict[str, str], bytes]:
        """Return headers and body by which *items* are delivered; *hidden*: the customers do not show their numbers."""
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "4930901820", "phone_number_id": NUMBER},
            "contacts": [_contact(item, hidden) for item in items],
            "messages": [self._message(item, hidden) for item in items],
        }
        entry = {"id": "5467539754836534", "changes": [{"value": value, "field": "messages"}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        return {"x-hub-signature-256": f"sha256={signature(secret.encode(), body)}"}, body

    def _message(self, item: Item, hidden: bool) -> Json:
        number = {} if hidden else {"from": user_id(item.author)}
        moment = str(int((item.said_at + timedelta(seconds=self.mischief.amount("clock_skew"))).timestamp()))
        message: Json = {"id": _id(item), "timestamp": moment, "type": "text", "text": {"body": item.text}}
        return number | {"from_user_id": _scoped(item)} | message


def _contact(item: Item, hidden: bool) -> Json:
    contact: Json = {"profile": {"name": item.name or item.author}, "user_id": _scoped(item)}
    return contact if hidden else contact | {"wa_id": user_id(item.author)}


def _scoped(item: Item) -> str:
    return f"DE.{user_id(item.author)}99"


def _id(item: Item) -> str:
    return f"wamid.{item.number:08d}"
