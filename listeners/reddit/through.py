"""PRAW over our own client: it builds the questions and understands the answers; retries, limits, bounds and errors are ours.

The one file that imports PRAW. Its requestor hands each question to `Client`, so PRAW never meets the network, never waits by
itself and never sees a refusal; what it still raises (a refused answer in a body of status 200) is translated here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import praw
import prawcore
from praw.exceptions import PRAWException, RedditAPIException
from praw.models import Message

from desk.errors import SourceBusy, SourceError, SourceGarbled, SourceGone
from listeners.http import Client
from listeners.paging import Json, body_of
from listeners.wire import USER_AGENT

_FOR_EVER = 10**9
_SIZE = 100
"""Things on a page, the most that Reddit gives."""
_WAIT = re.compile(r"(\d+) (second|minute|hour)")
_GONE = ("DELETED_LINK", "DELETED_COMMENT", "THREAD_LOCKED", "TOO_OLD", "COMMENT_UNREPLIABLE", "USER_DOESNT_EXIST")


@dataclass
class _Answer:
    """What PRAW wants to see of an answer. Rate headers are left out: PRAW would sleep by them, and our limits know them."""

    body: Any
    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return self.body


class _Requestor(prawcore.Requestor):  # type: ignore[misc, unused-ignore]
    """Ask through our client, below its base address."""

    def __init__(self, *, client: Client, oauth_url: str, reddit_url: str, user_agent: str) -> None:
        self.client, self.oauth_url, self.reddit_url = client, oauth_url, reddit_url
        self._http: Any = None
        self.timeout = 0.0

    def close(self) -> None:
        """The client belongs to whoever made it."""

    def request(self, method: str, url: str, **asked: Any) -> Any:  # type: ignore[override, unused-ignore]
        """Ask, or send once; whatever Reddit refuses is raised as our own error."""
        path, params = urlsplit(url).path, asked.get("params")
        if method.upper() == "GET":
            return _Answer(self.client.get_json(path, params))
        answer = self.client.send(method.upper(), path, form=dict(asked.get("data") or {}), params=params)
        return _Answer(body_of(self.client, answer, sent=True))


def reddit(client: Client) -> praw.Reddit:
    """Return PRAW's view of Reddit through *client*, which shows its own token with each question."""
    settings: dict[str, Any] = {
        "client_id": "ours",
        "client_secret": None,
        "refresh_token": None,
        "username": None,
        "password": None,
    }
    urls = {"oauth_url": "https://oauth.reddit.com", "reddit_url": "https://www.reddit.com"}  # never those of a praw.ini nearby
    found = praw.Reddit(
        "DEFAULT",
        requestor_class=_Requestor,
        requestor_kwargs={"client": client},
        user_agent=USER_AGENT,
        check_for_updates=False,
        ratelimit_seconds=0,
        **settings,
        **urls,
    )
    found.auth.implicit(access_token="shown by our client", expires_in=_FOR_EVER, scope="*")  # noqa: S106
    return found


@contextmanager
def translated(client: Client) -> Iterator[None]:
    """Raise our errors for what PRAW raises."""
    try:
        yield
    except RedditAPIException as error:
        raise _refused(client, error) from error
    except (PRAWException, prawcore.PrawcoreException, ValueError) as error:
        raise SourceGarbled(f"{client.host} sent something else than was asked for ({type(error).__name__})") from error


def _refused(client: Client, error: RedditAPIException) -> SourceError:
    """Return what an error in the body means (praw docs "RedditAPIException"): a limit, something gone, a wrong text."""
    first = error.items[0]
    said = f"Reddit says: {first.message or first.error_type}"
    if first.error_type == "RATELIMIT":
        wait = _WAIT.search(first.message or "")
        again = timedelta(**{f"{wait[2]}s": int(wait[1])}) if wait else timedelta(minutes=10)
        return SourceBusy(said, retry_at=client.now() + again)
    if first.error_type in _GONE:
        return SourceGone(said, advice="what shall be answered is deleted, locked or too old")
    return SourceError(said, advice="change the answer, or answer on Reddit itself")


def pages(client: Client, things: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield PRAW's things a page at a time; it asks for the next page only when that is wanted."""
    listing = iter(things)
    while True:
        with translated(client):
            some = list(islice(listing, _SIZE))
        if not some:
            return
        yield some


LISTED: Mapping[str, Any] = {"limit": None, "request_limit": _SIZE}
"""How a listing is asked for: as far back as Reddit goes (1,000 things), a page at a time."""


def shape(thing: Any) -> Json:
    """Return what PRAW knows of a comment, a post or a message, without asking for more: people and subreddits by their names."""
    known = {key: value for key, value in vars(thing).items() if not key.startswith("_") and key != "replies"}
    names = {
        key: str(value) for key, value in known.items() if not isinstance(value, str | int | float | bool | list | dict | None)
    }
    return known | names | {"fullname": getattr(thing, "fullname", "")}


def below(submission: Any) -> list[Any]:
    """Return the newest comments below a post, as far as one question brings them."""
    submission.comment_sort, submission.comment_limit = "new", 500
    submission.comments.replace_more(limit=0)
    return list(submission.comments.list())


def mail(conversation: Any) -> list[Json]:
    """Return the messages of a modmail conversation; asks for them where the list of conversations did not bring them."""
    subject = {"conversation": conversation.id, "subject": conversation.subject}
    said = [message for message in conversation.messages if hasattr(message, "body_markdown")]
    return [
        {
            **shape(message),
            **subject,
            "first": number == 0,
            "moderator": bool(vars(message.author or object).get("is_subreddit_mod")),
        }
        for number, message in enumerate(said)
    ]


def message(found: praw.Reddit, number: str) -> Any:
    """Return a private message that can be answered, without asking for it."""
    return Message(found, _data={"id": number})
