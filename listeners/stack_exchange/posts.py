"""The API's JSON: a question, an answer or a comment becomes a Mention here, and nothing past this file knows its shape."""

from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from listeners.paging import Json
from listeners.plain import images, plain

PLATFORM = "stack_exchange"
_OWN_NAMES = {"stackoverflow", "superuser", "serverfault", "askubuntu", "stackapps"}
"""Sites that do not live below stackexchange.com."""


def to_mention(item: Json, site: str, question_of: Json | None = None, ours: frozenset[str] = frozenset()) -> Mention:
    """Turn a question, an answer or a comment into a Mention; raises NotUnderstood."""
    number = item.get("comment_id") or item.get("answer_id") or item.get("question_id")
    if number is None:
        raise NotUnderstood("neither a question nor an answer nor a comment")
    parent = item.get("post_id") if "comment_id" in item else item.get("question_id") if "answer_id" in item else None
    root = (question_of or {}).get(str(parent), parent) if parent else number
    body, owner = item.get("body") or item.get("body_markdown") or "", item.get("owner") or {}
    return Mention(
        platform=PLATFORM,
        native_id=f"{site}/comment/{number}" if "comment_id" in item else f"{site}/{number}",
        conversation=f"{site}/{root}",
        kind="comment" if parent else "post",
        title="" if parent else plain(item.get("title") or ""),
        text=plain(body),
        author=_author(owner, site),
        url=item.get("link") or _link(site, item, number, parent),
        parent=f"{site}/{parent}" if parent else None,
        said_at=item["creation_date"],
        edited_at=item.get("last_edit_date"),
        reach=item.get("view_count"),
        ours=str(owner.get("user_id")) in ours,
        attachments=images(body),
    )


def _author(owner: Json, site: str) -> Author | None:
    """Return who it was: somebody who left keeps a name, but no number ("does_not_exist")."""
    name = plain(owner.get("display_name") or "")
    number = owner.get("user_id")
    if number is None and not name:
        return None
    return Author(native_id=f"{site}/{number or name}", handle=name, name=name, url=owner.get("link"))


def _link(site: str, item: Json, number: object, parent: object) -> str:
    """Return the short address of a post or comment: only questions come with a link."""
    known = site.rpartition(".")[2] in _OWN_NAMES
    host = site if site.endswith(".net") else f"{site}.com" if known else f"{site}.stackexchange.com"
    if "comment_id" in item:
        return f"https://{host}/q/{parent}#comment{number}_{parent}"
    return f"https://{host}/{'a' if parent else 'q'}/{number}"
