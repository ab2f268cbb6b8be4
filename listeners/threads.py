"""Hear what is said on Threads: answers below our posts, mentions, and posts that hold a word; and answer.

Answers come flat, newest first, without the first of their branch: it is found by climbing, so that each person who answers our
post has a conversation of their own. All that is new is read before the oldest of it is kept (guarantee 1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pydantic import BaseModel, ConfigDict, Field, model_validator

from desk.answering import ReplyRules
from desk.errors import SourceDenied, SourceGone
from desk.mention import Author, Mention
from desk.source import Source
from listeners import graph
from listeners.batches import Batch, understood
from listeners.contract import Ask, Cursor, Listener, Page, Receipt, ReplyTo, Window
from listeners.graph import Handle, Met, older_than, pages, when
from listeners.http import Client
from listeners.paging import Json, body_of, listed, pick
from listeners.walks import Newest, gathered

PLATFORM = "threads"
_V = "/v1.0"
_CHARACTERS = 500
_LEVELS = 12
"""How far an answer is followed upwards."""
_POST = "id,text,timestamp,permalink,username,media_url,link_attachment_url,has_replies"
_REPLY = f"{_POST},is_reply,is_reply_owned_by_me,root_post,replied_to"


class Options(BaseModel):
    """What a Threads source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    handle: Handle
    """Our account's name, without @: what it says is ours."""
    replies: bool = True
    mentions: bool = False
    keywords: tuple[str, ...] = ()
    """Words that public posts are searched for."""
    posts_back: int = Field(default=25, ge=1, le=200)
    """How many of our posts, at least, are looked below with every run."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.replies or self.mentions or self.keywords):
            raise ValueError('name what to hear: replies = true, mentions = true or keywords = ["yourshop"]')
        return self


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said since *cursor*, oldest first in each stream; then what of the look back is gone."""
    options = Options.model_validate(source.options)
    account = _Account(client, options)
    streams: dict[str, Newest] = {}
    if options.replies:
        streams["replies"] = account.replies
    if options.mentions:
        streams["mentions"] = partial(account.listed, "/me/mentions")
    if options.replies or options.mentions:
        streams["ours"] = partial(account.listed, "/me/replies")
    for word in options.keywords:
        streams[f"search:{word.lower()}"] = partial(account.search, word)
    once: dict[str, Newest] = {name: partial(account.once, stream) for name, stream in streams.items()}
    if not options.keywords:  # what a search does not find any more may be there all the same
        once["again"] = lambda _since: account.met.missing(window, account.there)
    return gathered(once, cursor, window, complete=False)


@dataclass
class _Account:
    """One run: what was met, which posts are ours, and what each answer answers."""

    client: Client
    options: Options
    met: Met = field(default_factory=Met)
    ours: dict[str, bool] = field(default_factory=dict)
    above: dict[str, str] = field(default_factory=dict)

    def once(self, stream: Newest, since: datetime) -> Iterator[Batch]:
        """Pass a stream on, each mention once."""
        return self.met.once(stream(since))

    def replies(self, since: datetime) -> Iterator[Batch]:
        """Yield what is said below our last posts, at any depth (docs "Retrieve and Manage Replies", conversation)."""
        looked_at = 0
        for posts in pages(self.client, f"{_V}/me/threads", {"fields": "id,timestamp,has_replies", "limit": "50"}):
            self.ours |= {str(post.get("id")): True for post in posts}
            for post in posts:
                yield from self.below(post, since) if post.get("has_replies") else ()
            looked_at += len(posts)
            if looked_at >= self.options.posts_back and older_than(since, posts, "timestamp"):
                return

    def below(self, post: Json, since: datetime) -> Iterator[Batch]:
        """Yield the answers below one post, back to a moment."""
        path, asked = f"{_V}/{post['id']}/conversation", {"fields": _REPLY, "reverse": "true", "limit": "100"}
        found: list[Json] = []
        try:
            for replies in pages(self.client, path, asked):
                found += replies
                if older_than(since, replies, "timestamp"):
                    break
        except SourceGone:  # the post was deleted between the two questions
            pass
        self.above |= {str(reply.get("id")): str(pick(reply, "replied_to.id", "")) for reply in found}
        young = [reply for reply in found if not older_than(since, [reply], "timestamp")]
        yield understood(young, self.read, f"answers below {post['id']}")

    def listed(self, path: str, since: datetime) -> Iterator[Batch]:
        """Yield a list of posts or answers, back to a moment."""
        for some in pages(self.client, f"{_V}{path}", {"fields": _REPLY, "limit": "50"}):
            young = [one for one in some if not older_than(since, [one], "timestamp")]
            yield understood(young, self.read, path)
            if older_than(since, some, "timestamp"):
                return

    def search(self, word: str, since: datetime) -> Iterator[Batch]:
        """Yield public posts that hold a word (docs "Keyword and Topic Tag Search")."""
        asked = {"q": word, "search_type": "RECENT", "since": f"{since.timestamp():.0f}", "fields": _REPLY, "limit": "100"}
        for some in pages(self.client, f"{_V}/keyword_search", asked):
            yield understood(some, self.read, f"search for {word}")

    def read(self, said: Json) -> Mention:
        """Return a post or answer with the conversation that it belongs to."""
        return to_mention(said, self.options.handle, self.conversation(said))

    def conversation(self, said: Json) -> str:
        """Return the post that all answer, where it is somebody's; below ours, the first answer of the branch."""
        own, root = str(said.get("id")), str(pick(said, "root_post.id", ""))
        if not root:
            return own
        if not self.is_ours(root):
            return root
        self.above.setdefault(own, str(pick(said, "replied_to.id", "")))
        for _ in range(_LEVELS):
            higher = self.higher(own)
            if higher in ("", root):
                return own
            own = higher
        return own

    def higher(self, reply_id: str) -> str:
        """Return what an answer answers, empty where that cannot be seen."""
        if reply_id not in self.above:
            self.above[reply_id] = str(pick(self.seen(reply_id), "replied_to.id", ""))
        return self.above[reply_id]

    def is_ours(self, post_id: str) -> bool:
        """Say whether a post is ours."""
        if post_id not in self.ours:
            self.ours[post_id] = str(self.seen(post_id).get("username") or "").lower() == self.options.handle.lower()
        return self.ours[post_id]

    def seen(self, native_id: str) -> Json:
        """Return a post or answer as far as it can be seen."""
        try:
            found: Json = self.client.get_json(f"{_V}/{native_id}", {"fields": "id,username,replied_to"})
        except (SourceGone, SourceDenied):
            return {}
        return found

    def there(self, native_id: str) -> Mention | None:
        """Ask whether something is there; raises SourceGone."""
        self.client.get_json(f"{_V}/{native_id}", {"fields": "id"})
        return None


def to_mention(said: Json, handle: str, conversation: str) -> Mention:
    """Turn a post or an answer into a Mention. Threads names authors and numbers nobody."""
    name, parent = said.get("username") or "", pick(said, "replied_to.id") or pick(said, "root_post.id")
    links = (said.get("media_url"), said.get("link_attachment_url"))
    return Mention(
        platform=PLATFORM,
        native_id=said["id"],
        conversation=conversation,
        kind="comment" if parent else "post",
        text=(said.get("text") or "").strip(),
        author=Author(native_id=name, handle=name, name=name, url=f"https://www.threads.com/@{name}") if name else None,
        url=said.get("permalink"),
        parent=parent,
        said_at=when(said["timestamp"]),
        ours=bool(said.get("is_reply_owned_by_me")) or name.lower() == handle.lower(),
        attachments=tuple(link for link in links if link),
    )


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Answer in two steps, as Threads has it: what is made first is seen by nobody until it is published."""
    body = {"media_type": "TEXT", "text": text, "reply_to_id": to.native_id}
    made = body_of(client, client.send("POST", f"{_V}/me/threads", json=body))
    sent = body_of(client, client.send("POST", f"{_V}/me/threads_publish", json={"creation_id": made["id"]}))
    return Receipt(str(sent["id"]))


def look(client: Client, _source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Return our answer where Threads has it since a moment."""
    for answer in listed(client, client.get_json(f"{_V}/me/replies", {"fields": _REPLY, "limit": "100"}), "data"):
        same = (answer.get("text") or "").strip() == text.strip() and pick(answer, "replied_to.id") == to.native_id
        if same and when(answer.get("timestamp")) >= since:
            return Receipt(str(answer["id"]), answer.get("permalink"))
    return None


def verify(client: Client, source: Source) -> str:
    """Return the name of the account that the token reaches."""
    found, handle = client.get_json(f"{_V}/me", {"fields": "username,name"}), Options.model_validate(source.options).handle
    name = str(found.get("username") or "")
    return f"{found.get('name') or name} (@{name}){'' if name.lower() == handle.lower() else f', not @{handle}: mend handle'}"


def expires(client: Client, _source: Source) -> datetime | None:
    """Return when the token dies, once it is renewed for another 60 days (docs "Long-Lived Access Tokens")."""
    return graph.renewed(client, "/refresh_access_token", "th_refresh_token")


LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    reply=reply,
    look=look,
    replies={"comment": ReplyRules(characters=_CHARACTERS), "post": ReplyRules(characters=_CHARACTERS)},
    base_url="https://graph.threads.net",
    access=graph.lasting,
    refusal=graph.refusal,
    verify=verify,
    expires=expires,
    asks=(
        Ask(
            "handle",
            {"de": "Name des Threads-Kontos, ohne @.", "en": "Name of the Threads account, without @."},
            example="kastanie_moebel",
        ),
        Ask(
            "token",
            {
                "de": "Zugangstoken des Kontos: developers.facebook.com → App → Anwendungsfälle → Threads-API → Einstellungen → "
                "Nutzer-Token-Generator. Es gilt 60 Tage; Kummerkasten erneuert es.",
                "en": "The account's token: developers.facebook.com → app → Use cases → Threads API → Settings → User Token "
                "Generator. It is valid for 60 days; Kummerkasten renews it.",
            },
            secret=True,
            example="THAA…",
        ),
    ),
    setup={
        "de": "Auf developers.facebook.com eine App mit dem Anwendungsfall „Auf die Threads-API zugreifen“ anlegen und die "
        "Berechtigungen threads_basic, threads_read_replies, threads_manage_replies und threads_content_publish (Antworten), "
        "threads_manage_mentions und threads_keyword_search wählen. Erwähnungen und Suche zeigen Beiträge anderer erst, wenn "
        "Meta die App geprüft hat.",
        "en": "On developers.facebook.com make an app with the use case “Access the Threads API” and choose the permissions "
        "threads_basic, threads_read_replies, threads_manage_replies and threads_content_publish (answers), "
        "threads_manage_mentions and threads_keyword_search. Mentions and search show other people's posts only once Meta has "
        "reviewed the app.",
    },
    blind_spots={
        "de": "Direktnachrichten (es gibt keine Schnittstelle); Beiträge privater Konten; Antworten unter Beiträgen vor den "
        "letzten posts_back; was unter fremden Beiträgen geantwortet wird, ohne uns zu nennen; mit keywords: Löschungen, und was "
        "die Suche nicht zeigt; Änderungen, die älter als look_back sind.",
        "en": "Direct messages (there is no interface); posts of private accounts; answers below posts older than the last "
        "posts_back; what is answered below other people's posts without mentioning us; with keywords: deletions, and what the "
        "search does not show; edits older than look_back.",
    },
)
