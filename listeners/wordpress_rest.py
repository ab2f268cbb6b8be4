"""WordPress's own REST interface, which blogs and WooCommerce shops share: lists by GMT dates, comments, answers, refusals.

WordPress compares ``after`` with a site's *local* time, which jumps twice a year and may be changed by whoever runs the site;
what it sorts by, and what is compared here, are GMT dates. So more is asked for than is wanted, and the rest is dropped. Facts
below are from WordPress's class-wp-rest-comments-controller.php (6.1) and its REST API handbook.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from httpx import Response

from desk.errors import ConfigurationError, SourceDenied, SourceGarbled
from desk.mention import Author, Kind, Mention
from desk.source import Source
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.paging import Json, listed
from listeners.plain import plain
from listeners.times import instant
from listeners.wordpress_refusals import RIGHTS

COMMENTS = "/wp-json/wp/v2/comments"
ME = "/wp-json/wp/v2/users/me"
FIELDS = "id,post,parent,author,author_name,author_url,author_avatar_urls,date_gmt,content,link,_links"
"""What is asked for of a comment: nothing of e-mail and IP addresses."""
CHARACTERS = 10_000
"""The column of a comment holds 65,525 bytes; a character takes up to five with what is written for "&" and "<"."""
_LOCAL = timedelta(hours=26)
"""How far a site's local time may lie from GMT (+14 to -12 hours), whichever way the site reads our bound."""
_PAGE, _OVERLAP = 100, 5
"""Pages begin a few comments early: one that vanishes during a walk would move its neighbour out of sight."""
_MOST = 200_000
_HIDDEN = 20
"""Pages in a row that may hold nothing we may see, before a list that does not end is taken for one that does."""
_DEEPEST = 10
"""How deep WordPress lets answers be nested ("thread_comments_depth")."""
_GRAVATAR = re.compile(r"/avatar/([0-9a-f]{32,64})")
Headers = Mapping[str, str]


def oldest_first(
    client: Client, path: str, params: Mapping[str, Any], since: datetime, when: str, headers: Headers | None = None
) -> Iterator[list[Json]]:
    """Walk what was said at *since* or after it, by the GMT date in the field *when*.

    A page may be short, or empty, in the middle: WordPress counts what we may not see. The end is where X-WP-Total says it is.
    """
    after = f"{since.astimezone(UTC) - _LOCAL:%Y-%m-%dT%H:%M:%SZ}"
    asked = {**params, "per_page": _PAGE, "order": "asc", "orderby": "date_gmt", "after": after}
    before: list[Json] = []
    hidden = 0
    wanted: dict[str, Json] = {}
    for start in range(0, _MOST, _PAGE - _OVERLAP):
        answer = client.get(path, {**asked, "offset": start}, headers, wanted="json")
        items = listed(client, answer.json())
        hidden = 0 if items else hidden + 1
        if (items and items == before) or hidden > _HIDDEN:
            break
        wanted |= {str(item.get("id")): item for item in items if _dated(item, when) >= since}
        if any(_dated(item, when) > since for item in wanted.values()):  # or a page of one moment would never be passed
            yield list(wanted.values())
            wanted = {}
        before = items
        if start + _PAGE >= _total(answer, start + _PAGE + 1 if len(items) >= _PAGE else 0):
            break
    if wanted:
        yield list(wanted.values())


def _dated(item: Json, when: str) -> datetime:
    """Return its date; what has none must not be dropped for it."""
    return instant(item.get(when)) or datetime.max.replace(tzinfo=UTC)


def _total(answer: Response, otherwise: int) -> int:
    said = answer.headers.get("x-wp-total", "")
    return int(said) if said.isdigit() else otherwise


def native(client: Client, comment_id: object) -> str:
    """Return a comment's native id: its number is its site's only ("blog.example/12")."""
    return f"{site(client)}/{comment_id}"


def site(client: Client) -> str:
    """Return the site's name, which is part of every id."""
    return client.base_url.partition("://")[2]


def local(native_id: str) -> str:
    """Return the site's own number for a native id."""
    return native_id.rpartition("/")[2]


@dataclass
class Roots:
    """Which comment began the thread that each comment stands in; parents that were not read are asked for."""

    client: Client
    asked: Mapping[str, Any] = field(default_factory=dict)
    headers: Headers | None = None
    above: dict[str, str] = field(default_factory=dict)

    def learn(self, items: Iterable[Json]) -> None:
        """Take over who answers whom."""
        self._take(items)
        for _ in range(_DEEPEST):
            missing = sorted({parent for parent in self.above.values() if parent != "0"} - self.above.keys())
            if not missing:
                return
            asked = {**self.asked, "_fields": "id,parent", "include": ",".join(missing[:_PAGE]), "per_page": _PAGE}
            self._take(listed(self.client, self.client.get_json(COMMENTS, asked, self.headers)))
            for gone in missing[:_PAGE]:
                self.above.setdefault(gone, "0")

    def _take(self, items: Iterable[Json]) -> None:
        self.above |= {str(item["id"]): str(item.get("parent") or 0) for item in items if item.get("id")}

    def of(self, comment_id: object) -> str:
        """Return the number of the comment that began the thread."""
        here = str(comment_id)
        for _ in range(2 * _DEEPEST):
            if self.above.get(here, "0") == "0":
                break
            here = self.above[here]
        return here


def to_mention(item: Json, client: Client, platform: str, root: str, kind: Kind, ours: bool) -> Mention:
    """Turn a comment into a Mention of the thread that *root* began."""
    parent = str(item.get("parent") or 0)
    return Mention.model_validate(
        {
            "platform": platform,
            "native_id": native(client, item["id"]),
            "conversation": native(client, root),
            "kind": kind,
            "text": words((item.get("content") or {}).get("rendered") or ""),
            "author": author(
                client,
                name=item.get("author_name") or "",
                user=str(item.get("author") or 0),
                avatars=item.get("author_avatar_urls"),
                url=item.get("author_url"),
            ),
            "url": item.get("link"),
            "parent": native(client, parent) if parent != "0" else None,
            "said_at": instant(item.get("date_gmt")),
            "ours": ours,
        }
    )


def words(rendered: str) -> str:
    """Return the text of what wpautop has set: it writes a newline after each line break."""
    return plain(re.sub(r"(<br ?/?>)\s*\n", r"\1", rendered))


def author(client: Client, *, name: str, user: str, avatars: object, url: str | None = None) -> Author | None:
    """Return who speaks: a user of the site, or a guest, known again by the address of the picture (a digest of the e-mail)."""
    picture = _GRAVATAR.search(str(next(iter(avatars.values()), ""))) if isinstance(avatars, dict) else None
    name = plain(name)
    if user != "0":
        native_id = f"{site(client)}/user/{user}"
    elif name or picture:
        native_id = f"gravatar/{picture[1]}" if picture else f"{site(client)}/guest/{name}"
    else:
        return None
    return Author(native_id=native_id, name=name, handle=name, url=url or None)


@dataclass(frozen=True)
class User:
    """The user that we are signed in as."""

    number: str
    name: str
    moderates: bool
    """Whether what waits for approval is shown to it; WordPress leaves it out without a word where it is not."""


def me(client: Client, headers: Headers | None = None) -> User:
    """Return who we are."""
    found = client.get_json(ME, {"_fields": "id,name,capabilities", "context": "edit"}, headers)
    if not isinstance(found, dict) or "id" not in found:
        raise SourceGarbled(f"{client.host} does not say who we are")
    may = found.get("capabilities")
    return User(str(found["id"]), str(found.get("name") or ""), bool(isinstance(may, dict) and may.get("moderate_comments")))


def must_moderate(client: Client, user: User) -> None:
    """Raise SourceDenied where a user is not shown what waits for approval."""
    if not user.moderates:
        raise SourceDenied(f"{client.host} does not show {user.name} what waits for approval", advice=RIGHTS)


def named(source: Source) -> Source:
    """Return a source that names its site; raises ConfigurationError where it does not."""
    if source.base_url is None:
        raise ConfigurationError(f'source "{source.name}" needs the address of its site: base_url = "https://blog.example"')
    return source


def send(client: Client, to: ReplyTo, text: str, headers: Headers | None = None) -> Receipt:
    """Send *text* as an answer to a comment or review; it is stored as text, whatever markup it looks like."""
    comment_id = local(to.native_id)
    post = client.get_json(f"{COMMENTS}/{comment_id}", {"_fields": "post"}, headers)["post"]
    body = {"post": post, "parent": int(comment_id), "content": html.escape(text, quote=False)}
    answer = client.send("POST", COMMENTS, json=body, headers=headers)
    try:
        sent = answer.json()
        return Receipt(native(client, sent["id"]), sent.get("link"))
    except (ValueError, LookupError, TypeError) as error:  # a plugin's warning before the JSON: the comment stands all the same
        raise SourceGarbled(f"{client.host} took the answer, but did not say where it stands", uncertain=True) from error


def find(client: Client, to: ReplyTo, text: str, since: datetime, headers: Headers | None = None) -> Receipt | None:
    """Return our own answer with this text below a comment, where it was sent since that moment (dates are whole seconds)."""
    user = me(client, headers).number
    asked = {"parent": local(to.native_id), "author": user, "status": "all", "context": "edit", "per_page": _PAGE}
    for item in listed(client, client.get_json(COMMENTS, asked | {"_fields": FIELDS}, headers)):
        said = instant(item.get("date_gmt"))
        same = plain((item.get("content") or {}).get("raw") or "") == plain(html.escape(text, quote=False))
        if same and said and said >= since.replace(microsecond=0) and str(item.get("author")) == user:
            return Receipt(native(client, item["id"]), item.get("link"))
    return None
