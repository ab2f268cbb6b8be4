"""Issues, pull requests and the comments below them: GitHub's REST API, by what was changed last.

``since`` names the first change that is wanted, ``sort=updated`` with ``direction=asc`` begins there (docs "List repository
issues", "List issue comments for a repository"): each page goes on from the last change before it, so what changes during the
walk is met again at its end instead of being pushed over the edge of a page.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, model_validator

from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from listeners.batches import Batch, understood
from listeners.http import Client
from listeners.paging import Json, listed
from listeners.plain import images

PLATFORM = "github"
_SIZE = 100
_STAFF = {"OWNER", "MEMBER", "COLLABORATOR"}
_PICTURE = re.compile(r"!\[[^\]]*\]\((https?://[^)\s]+)")
_UNSEEN = re.compile(r"<!--.*?-->", re.S)
"""What templates leave in a text, and no reader sees."""


class Options(BaseModel):
    """What a GitHub source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repositories: tuple[str, ...] = Field(min_length=1)
    """Their names as they stand in the address: "owner/name"."""
    issues: bool = True
    pull_requests: bool = False
    discussions: bool = False
    """Discussions with comments and replies; needs a token."""
    accounts: tuple[str, ...] = ()
    """Our own accounts: what they say is ours. Without any it is the account of the token."""
    staff: bool = False
    """Whether what owners, members and collaborators of the repository say is ours."""
    bots: bool = False
    """Whether programs are heard too ("dependabot[bot]")."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.issues or self.pull_requests or self.discussions):
            raise ValueError("name what to hear: issues = true, pull_requests = true or discussions = true")
        if wrong := [name for name in self.repositories if not re.fullmatch(r"[\w.-]+/[\w.-]+", name)]:
            raise ValueError(f'"{wrong[0]}" is no repository; write "owner/name"')
        return self


def changed(
    client: Client, repository: str, what: str, read: Callable[[Json], Mention | None], since: datetime
) -> Iterator[Batch]:
    """Yield what was changed since a moment, the oldest change first; *what* is "issues" or "issues/comments"."""
    here, page, before = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", 1, None
    while True:
        asked = {"state": "all"} if what == "issues" else {}
        asked |= {"sort": "updated", "direction": "asc", "since": here, "per_page": str(_SIZE), "page": str(page)}
        items = listed(client, client.get_json(f"/repos/{repository}/{what}", asked))
        if not items or items == before:
            return
        batch = understood(items, read, f"{what} of {repository}", lambda item: item["updated_at"])
        yield batch if batch.last else replace(batch, last=since)
        if len(items) < _SIZE:
            return
        last = f"{batch.last:%Y-%m-%dT%H:%M:%SZ}" if batch.last else here
        here, page, before = (last, 1, items) if last > here else (here, page + 1, items)


def to_mention(item: Json, repository: str, ours: frozenset[str] = frozenset(), *, staff: bool = False) -> Mention:
    """Turn an issue, a pull request or a comment below one into a Mention; raises NotUnderstood."""
    comment = "number" not in item
    number = str(item.get("issue_url") or "").rpartition("/")[2] if comment else item["number"]
    if "id" not in item or not number:
        raise NotUnderstood("neither an issue nor a comment below one")
    root, user, body = f"{repository.lower()}#{number}", item.get("user") or {}, item.get("body") or ""
    edited = item.get("updated_at") if comment and item.get("updated_at") != item.get("created_at") else None
    return Mention(
        platform=PLATFORM,
        native_id=f"{repository.lower()}/comment/{item['id']}" if comment else root,
        conversation=root,
        kind="comment" if comment else "post",
        title="" if comment else item.get("title") or "",
        text=readable(body),
        author=author(user.get("login"), user.get("id"), user.get("html_url")),
        url=item.get("html_url") or f"https://github.com/{repository}/issues/{number}",
        parent=root if comment else None,
        said_at=item["created_at"],
        edited_at=edited,
        ours=is_ours(user.get("login"), item.get("author_association"), ours, staff=staff),
        attachments=pictures(body),
    )


def is_pull_request(item: Json) -> bool:
    """Tell pull requests and what is said below them apart: only the address of a comment says it (recorded 2012 and 2022)."""
    if "number" in item:
        return any((item.get("pull_request") or {}).values())
    return "/pull/" in str(item.get("html_url"))


def is_bot(item: Json) -> bool:
    """Say whether a program speaks."""
    user = item.get("user") or {}
    return user.get("type") == "Bot" or str(user.get("login")).endswith("[bot]")


def is_ours(login: object, association: object, ours: frozenset[str], *, staff: bool) -> bool:
    """Say whether the listening company speaks."""
    return str(login).lower() in ours or (staff and association in _STAFF)


def author(login: str | None, number: object, url: str | None) -> Author | None:
    """Return an account; None for a "ghost", whose account was deleted."""
    if not login:
        return None
    return Author(native_id=str(number or login), handle=login, name=login, url=url or f"https://github.com/{login}")


def readable(body: str) -> str:
    """Return Markdown as its reader sees it, as far as that matters here."""
    return _UNSEEN.sub("", body).replace("\r\n", "\n").strip()


def pictures(body: str) -> tuple[str, ...]:
    """Return the addresses of the pictures in a text."""
    return tuple(dict.fromkeys([*_PICTURE.findall(body), *images(body)]))
