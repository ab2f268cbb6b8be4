"""The sandbox's Telegram: a bot's updates, of a supergroup and of private chats, gone once a later one is asked for."""

import json
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import TOKEN, Item, World

BOT = 70_001
GROUP = -1001234567890
_FIRST = 319_280_318
Json = dict[str, Any]


class Part:
    """Routes below ``/telegram``."""

    def __init__(self, world: World, mischief: Mischief) -> None:
        self.world, self.mischief = world, mischief
        self.queue: list[Json] = []
        """What waits to be confirmed."""
        self.webhook = ""
        self._told: set[tuple[str, int]] = set()
        self._next = _FIRST

    def routes(self) -> list[Route]:
        """Return the methods that the listener calls."""
        return [Route("/bot{token}/{method}", self._call, methods=["GET", "POST"])]

    async def _call(self, request: Request) -> Response:
        if request.path_params["token"] != TOKEN:
            return _refused(401, "Unauthorized")
        given: Json = dict(request.query_params) | (json.loads(await request.body() or b"{}"))
        methods = {
            "getMe": self._me,
            "getUpdates": self._updates,
            "sendMessage": self._send,
            "setWebhook": self._set_webhook,
            "getWebhookInfo": self._webhook_info,
        }
        method = methods.get(request.path_params["method"])
        return method(given) if method else _refused(404, "Not Found")

    def _me(self, _given: Json) -> Response:
        bot = {"id": BOT, "is_bot": True, "first_name": "Kastanie Möbel", "username": "kastanie_bot"}
        return _ok(bot | {"can_join_groups": True, "can_read_all_group_messages": True})

    def _set_webhook(self, given: Json) -> Response:
        self.webhook = str(given.get("url", ""))
        return _ok(True)

    def _webhook_info(self, _given: Json) -> Response:
        self._listen()
        return _ok({"url": self.webhook, "has_custom_certificate": False, "pending_update_count": len(self.queue)})

    def _updates(self, given: Json) -> Response:
        if self.webhook:
            return _refused(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it first"
            )
        self._listen()
        size, offset = min(int(given.get("limit", 100)), 100), int(given.get("offset", 0))
        if self.mischief.on("endless"):
            return _ok(self.queue[:size])
        if not self.mischief.on("overlap"):
            self.queue = [update for update in self.queue if update["update_id"] >= offset]
        elif offset:
            return _ok([update for update in self.queue if update["update_id"] >= offset - 5][:size])
        return _ok(self.queue[:size])

    def _send(self, given: Json) -> Response:
        number = int(given.get("reply_parameters", {}).get("message_id", 0))
        item = next((item for item in self.world.seen("telegram", "telegram.dm") if item.number + 1 == number), None)
        if item is None or str(self._chat(item)["id"]) != str(given.get("chat_id")):
            return _refused(400, "Bad Request: chat not found")
        if not given.get("text"):
            return _refused(400, "Bad Request: message text is empty")
        return _ok(self._message(self.world.answer(item, given["text"], ""), given["text"]))

    def _listen(self) -> None:
        """Queue what was said and changed since the last time, in this order; a bot does not hear itself."""
        now = self.world.clock()
        for item in self.world.seen("telegram", "telegram.dm"):
            if item.ours:
                continue
            if (item.key, 0) not in self._told:
                self._tell(item, 0, {"message": self._message(item, item.text)})
            for number, (at, text) in enumerate(item.edits, 1):
                if at <= now and (item.key, number) not in self._told:
                    changed = self._message(item, text) | {"edit_date": int(at.timestamp())}
                    self._tell(item, number, {"edited_message": changed})

    def _tell(self, item: Item, number: int, update: Json) -> None:
        self._told.add((item.key, number))
        self.queue.append({"update_id": self._next, **update})
        self._next += 1

    def _message(self, item: Item, text: str) -> Json:
        said_at = item.said_at + timedelta(seconds=self.mischief.amount("clock_skew"))
        message: Json = {
            "message_id": item.number + 1,
            "from": {"id": BOT, "is_bot": True, "first_name": "Kastanie"} if item.ours else _user(item.author),
            "chat": self._chat(item),
            "date": int(said_at.timestamp()),
        }
        if parent := self.world.items.get(item.parent or ""):
            message["reply_to_message"] = {"message_id": parent.number + 1, "date": int(parent.said_at.timestamp())}
            if item.channel == "telegram":
                message["message_thread_id"] = self.world.items[item.root].number + 1
        photo = [{"file_id": f"photo-{item.number}", "file_unique_id": "p", "width": 90, "height": 82}]
        return message | ({"text": text} if text else {"photo": photo})

    def _chat(self, item: Item) -> Json:
        if item.channel == "telegram":
            return {"id": GROUP, "title": "Kastanie Kunden", "username": "kastanie_kunden", "type": "supergroup"}
        user = _user(self.world.items[item.root].author)
        return {key: user[key] for key in ("id", "first_name", "username") if key in user} | {"type": "private"}


def _user(name: str) -> Json:
    """Return an account; one that was deleted has a number and no name."""
    number = 100_000 + sum(ord(letter) * 31**place for place, letter in enumerate(name)) % 10**9
    named = {"first_name": name.title(), "username": name, "language_code": "de"} if name else {"first_name": ""}
    return {"id": number, "is_bot": False, **named}


def _ok(result: object) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _refused(status: int, description: str) -> Response:
    return JSONResponse({"ok": False, "error_code": status, "description": description}, status)
