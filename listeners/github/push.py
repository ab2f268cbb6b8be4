"""What GitHub delivers by webhook: issues, comments and discussions, signed with the webhook's secret.

A signature has no time (docs "Validating webhook deliveries"), so a delivery counts as fresh by the change it tells of; what
comes too late, or tells of something deleted long after it was said, is left to the next pull.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from desk.mention import Mention
from desk.source import Source
from listeners.batches import understood
from listeners.contract import Broken, Page, Push
from listeners.github import discussions, issues
from listeners.github.issues import Options
from listeners.paging import Json, pick
from listeners.signatures import fresh, matches

_WINDOW = timedelta(hours=1)


def signed(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    """Say whether a delivery is genuine and tells of something that was changed just now."""
    given = headers.get("x-hub-signature-256", "").removeprefix("sha256=")
    if not matches(given, secrets.get("webhook", "").encode(), body):
        return False
    try:
        told = json.loads(body)
    except ValueError:
        return False
    return "zen" in told or fresh((_said(told) or {}).get("updated_at"), now, _WINDOW)


def _said(told: Json) -> Json | None:
    found = told.get("comment") or told.get("issue") or told.get("discussion")
    return found if isinstance(found, dict) else None


def read(source: Source, body: bytes, _now: datetime) -> Page:
    """Return what a delivery holds for this source; a ping holds nothing."""
    options, told = Options.model_validate(source.options), json.loads(body)
    name, said = str(pick(told, "repository.full_name", "")), _said(told)
    if said is None or name.lower() not in {one.lower() for one in options.repositories}:
        return Page()
    batch = understood([said], lambda item: _read(item, told, name, options), "delivery")
    mentions = tuple(one for one in batch.found if isinstance(one, Mention))
    if told.get("action") == "deleted":
        return Page(deleted=tuple(one.native_id for one in mentions))
    return Page(mentions, broken=tuple(one for one in batch.found if isinstance(one, Broken)))


def _read(item: Json, told: Json, name: str, options: Options) -> Any:
    ours = frozenset(one.lower() for one in options.accounts)
    if issues.is_bot(item) and not options.bots:
        return None
    if discussion := told.get("discussion"):
        return discussions.to_mention(_as_graphql(item, discussion), ours, staff=options.staff) if options.discussions else None
    pull_request = issues.is_pull_request(told.get("issue") or item)
    wanted = options.pull_requests if pull_request else options.issues
    return issues.to_mention(item, name, ours, staff=options.staff) if wanted else None


def _as_graphql(item: Json, discussion: Json) -> Json:
    """Bring a delivered discussion or comment into GraphQL's shape; what a reply answers is named by another kind of id."""
    user = item.get("user") or {}
    edited = item.get("updated_at") if item.get("updated_at") != item.get("created_at") and item is not discussion else None
    return {
        "id": item.get("node_id"),
        "root": discussion.get("node_id"),
        "above": None if item is discussion else discussion.get("node_id"),
        "title": item.get("title"),
        "url": item.get("html_url"),
        "body": item.get("body"),
        "createdAt": item.get("created_at"),
        "lastEditedAt": edited,
        "authorAssociation": item.get("author_association"),
        "author": {"login": user.get("login"), "databaseId": user.get("id"), "url": user.get("html_url")},
    }


PUSH = Push(signed=signed, read=read)
