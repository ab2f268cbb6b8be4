"""Answer a comment or a post in the page's name, and look whether that was done."""

from datetime import datetime

from desk.source import Source
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.linkedin.below import pages
from listeners.linkedin.comments import to_mention
from listeners.linkedin.streams import Options
from listeners.linkedin.urns import comment_of, encoded, link, post_of, whole
from listeners.paging import pick

CHARACTERS = 1_250


def reply(client: Client, source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Comment below what is answered. LinkedIn has one level of replies: an answer to a reply stands below the same comment."""
    root = to.conversation
    post = post_of(root)
    body = {"actor": Options.model_validate(source.options).urn, "object": post, "message": {"text": text}}
    answer = client.send("POST", _path(root), json=body | ({"parentComment": root} if root != post else {}))
    return _receipt(answer.headers.get("x-restli-id", ""), post)


def _path(urn: str) -> str:
    return f"/socialActions/{encoded(urn)}/comments"


def _receipt(given: str, post: str) -> Receipt:
    """The header holds the new comment's number, or its whole name."""
    urn = whole(given) if given.startswith("urn:") else comment_of(post, given)
    return Receipt(urn, link(urn))


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Look for our answer below the same comment or post."""
    ours = Options.model_validate(source.options).urn
    for found in pages(client, _path(to.conversation)):
        for comment in found:
            said = to_mention(comment, ours)
            if said.ours and said.said_at >= since and said.text == text.strip():
                return Receipt(said.native_id, said.url)
    return None


def verify(client: Client, source: Source) -> str:
    """Return which page is heard."""
    options = Options.model_validate(source.options)
    page = client.get_json(f"/organizations/{options.organization}")
    return f"{pick(page, 'localizedName', options.urn)} (linkedin.com/company/{pick(page, 'vanityName', options.organization)})"
