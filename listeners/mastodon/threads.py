"""Which conversation a status belongs to, and what else was said in it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from desk.errors import NotUnderstood, SourceGone
from desk.mention import Mention
from listeners.contract import Broken
from listeners.http import Client
from listeners.mastodon.statuses import Here, Json, broken, to_mention

_MOST_CONTEXTS = 400
"""Threads that one run asks for; what is left out is asked for by the next run's look back."""


@dataclass
class Threads:
    """The threads of one run: each is asked for once."""

    client: Client
    here: Here
    replies: bool
    roots: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def mentions(self, statuses: Iterable[object]) -> tuple[tuple[Mention, ...], tuple[Broken, ...]]:
        """Turn statuses and what belongs to their threads into mentions, oldest first; what cannot be is broken."""
        found: dict[str, Mention] = {}
        failed: list[Broken] = []
        for status in statuses:
            try:
                for one in self._with_thread(status):
                    said = to_mention(one, self.here, self._root(one))
                    found[said.native_id] = said
            except NotUnderstood as error:
                failed.append(broken(status, str(error)))
        return tuple(sorted(found.values(), key=lambda mention: (mention.said_at, mention.native_id))), tuple(failed)

    def _with_thread(self, status: object) -> list[Json]:
        if not isinstance(status, dict) or "id" not in status:
            raise NotUnderstood("not a status")
        status = status.get("reblog") or status
        answers = self.replies and int(status.get("replies_count") or 0) > 0
        stranger = status.get("in_reply_to_id") and str(status["id"]) not in self.roots
        if not (answers or stranger) or self.asked >= _MOST_CONTEXTS:
            return [status]
        ancestors, descendants = self._context(str(status["id"]))
        root = str(ancestors[0]["id"]) if ancestors else str(status.get("in_reply_to_id") or status["id"])
        self.roots |= {str(one["id"]): root for one in (*ancestors, status, *descendants)}
        direct = status.get("visibility") == "direct"
        before = [one for one in ancestors if direct or self.here.is_ours(one.get("account") or {})]
        return [*before, status, *(descendants if self.replies else ())]

    def _context(self, status_id: str) -> tuple[list[Json], list[Json]]:
        self.asked += 1
        try:
            context = self.client.get_json(f"/api/v1/statuses/{status_id}/context")
        except SourceGone:  # deleted between the list and the question
            return [], []
        return _statuses(context, "ancestors"), _statuses(context, "descendants")

    def _root(self, status: Json) -> str:
        own = str(status["id"])
        return self.roots.get(own) or str(status.get("in_reply_to_id") or own)


def _statuses(context: object, part: str) -> list[Json]:
    found = context.get(part) if isinstance(context, dict) else None
    return [one for one in found or () if isinstance(one, dict) and "id" in one]
