"""What is said in the sandbox: items that become visible, change and vanish with the clock; filled by the story or by a test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from listeners.http import utc_now
from listeners.sandbox import story

Channel = str
"""Where something is said: Mastodon's "tag", "mention" and "dm", Apple's "review", else the platform and what is said there
("youtube", "facebook.dm")."""
STORY: tuple[Channel, ...] = ("tag", "mention", "dm", "review")
TOKEN = "sandbox"  # noqa: S105
"""The one credential that the sandbox accepts."""
BRAND = "kastanie"
_CHANNELS: dict[str, Channel] = {"mastodon_tag": "tag", "mastodon_mention": "mention", "mastodon_dm": "dm", "appstore": "review"}


@dataclass
class Item:
    """One thing somebody says, with what happens to it later."""

    key: str
    channel: Channel
    text: str
    said_at: datetime
    visible_at: datetime
    author: str = "kunde"
    name: str = ""
    title: str = ""
    stars: int | None = None
    country: str = "de"
    language: str | None = "de"
    parent: str | None = None
    root: str = ""
    ours: bool = False
    edits: list[tuple[datetime, str]] = field(default_factory=list)
    deleted_at: datetime | None = None
    number: int = 0
    """Distinguishes items of the same moment, in the order in which they were told."""

    def seen(self, now: datetime) -> bool:
        """Whether it can be seen at *now*."""
        return self.visible_at <= now and (self.deleted_at is None or self.deleted_at > now)

    def text_at(self, now: datetime) -> str:
        """What it says at *now*."""
        return next((text for at, text in reversed(self.edits) if at <= now), self.text)

    def edited_at(self, now: datetime) -> datetime | None:
        """When what it says at *now* was written, None for the first words."""
        return next((at for at, _ in reversed(self.edits) if at <= now), None)


class World:
    """Everything that is said, by a clock that a test may hold."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.clock = clock
        self.items: dict[str, Item] = {}
        self._threads: dict[str, list[Item]] = {}
        self.sent: list[dict[str, str]] = []
        """Answers that the sandbox has received, in order."""
        self._keys: dict[str, Item] = {}
        self._live: Callable[[datetime], Iterator[story.Told]] | None = None

    def say(self, text: str, *, channel: Channel = "tag", key: str = "", ago: timedelta = timedelta(0), **more: object) -> Item:
        """Say something now, or as if it had been said *ago*."""
        said_at = self.clock() - ago
        key = key or f"said-{len(self.items) + 1:06d}"
        item = Item(key, channel, text, said_at, said_at, number=len(self.items), **more)  # type: ignore[arg-type]
        if item.parent and not item.root:
            item.root = self.items[item.parent].root
        return self._add(item)

    def edit(self, key: str, text: str) -> None:
        """Change what an item says, from now on."""
        self.items[key].edits.append((self.clock(), text))

    def delete(self, key: str) -> None:
        """Take an item back, from now on."""
        self.items[key].deleted_at = self.clock()

    def answer(self, parent: Item, text: str, idempotency_key: str) -> Item:
        """Receive an answer of the company; the same key again is the same answer."""
        if idempotency_key and idempotency_key in self._keys:
            return self._keys[idempotency_key]
        number = len(self.sent) + 1
        item = self.say(
            text, channel=parent.channel, key=f"answer-{number:04d}", author=BRAND, parent=parent.key, root=parent.root, ours=True
        )
        self.sent.append({"to": parent.key, "text": text, "key": idempotency_key, "at": item.said_at.isoformat()})
        self._keys |= {idempotency_key: item} if idempotency_key else {}
        return item

    def seen(self, *channels: Channel) -> list[Item]:
        """Return what can be seen now on these channels, in the order it was said."""
        self._listen_to_the_story()
        now = self.clock()
        found = [item for item in self.items.values() if item.channel in channels and item.seen(now)]
        return sorted(found, key=lambda item: (item.said_at, item.number))

    def thread(self, root: str) -> list[Item]:
        """Return what can be seen of a conversation, in the order it was said."""
        self._listen_to_the_story()
        now = self.clock()
        return sorted((item for item in self._threads.get(root, ()) if item.seen(now)), key=lambda one: (one.said_at, one.number))

    def tell(self, told: story.Told) -> None:
        """Take over a line of the story; lines of other channels are none of the server's business."""
        line = told.line
        if line.channel not in _CHANNELS or line.id in self.items:
            return
        parent = self.items.get(line.parent or "")
        self._add(
            Item(
                key=line.id,
                channel=_CHANNELS[line.channel],
                text=line.text,
                said_at=told.said_at,
                visible_at=told.visible_at,
                author=line.author or "unbekannt",
                name=line.author_name,
                title=line.title,
                stars=line.stars,
                country=line.country or "de",
                language=line.lang,
                parent=line.parent,
                root=parent.root if parent else line.id,
                ours=line.ours,
                edits=list(told.edits),
                deleted_at=told.deleted_at,
                number=len(self.items),
            )
        )

    def follow(self, live: Callable[[datetime], Iterator[story.Told]]) -> None:
        """Say from now on what *live* yields up to each moment."""
        self._live = live

    def _listen_to_the_story(self) -> None:
        if self._live:
            for told in self._live(self.clock()):
                self.tell(told)

    def _add(self, item: Item) -> Item:
        item.root = item.root or item.key
        self.items[item.key] = item
        self._threads.setdefault(item.root, []).append(item)
        return item


def of_the_story(clock: Callable[[], datetime] = utc_now, every: timedelta = timedelta(seconds=5)) -> World:
    """Return a world with the month of the furniture shop behind it, in which somebody speaks *every* few seconds."""
    world = World(clock)
    anchor = clock()
    for told in story.at(anchor):
        world.tell(told)
    first = 1

    def live(now: datetime) -> Iterator[story.Told]:
        nonlocal first
        for told in story.live(anchor, now, every, first):
            first += 1
            yield told

    world.follow(live)
    return world
