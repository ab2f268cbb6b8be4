"""A store full of invented mentions: the month of the sandbox's shop, its labels turned into readings, no model needed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from desk.config import Desk
from desk.deadline import due
from desk.mention import Author, Mention
from desk.reading import Reading
from desk.routing import route
from desk.source import Source
from listeners.sandbox import story
from store import claims, ledger, tags, tickets
from store.mentions import keep

MODEL = "labels@1"
_PLATFORMS = {"mastodon_tag": "mastodon", "mastodon_mention": "mastodon", "mastodon_dm": "mastodon"}
_AUTHORED = Path(__file__).parents[1] / "nlp/corpus/authored"


@dataclass(frozen=True)
class Raw:
    """A payload that nobody understands."""

    raw: bytes
    reason: str
    place: str


@dataclass(frozen=True)
class Page:
    """What one step of a pull heard."""

    mentions: Sequence[Mention] = ()
    cursor: str | None = None
    deleted: Sequence[str] = ()
    broken: Sequence[Raw] = ()
    oldest_unread: datetime | None = None


def reading(
    sentiment: str = "neutral",
    intent: str = "other",
    needs_reply: bool = False,
    urgent: bool = False,
    friction: Sequence[str] = (),
    praise: Sequence[str] = (),
    language: str = "de",
) -> Reading:
    """Return what a tagger would say that is right and rather sure of it."""
    odds = {f"sentiment:{sentiment}": 0.91, f"intent:{intent}": 0.84}
    odds |= {"needs_reply": 0.93 if needs_reply else 0.08, "urgent": 0.88 if urgent else 0.05}
    odds |= {f"friction:{topic}": round(0.94 - 0.11 * rank, 2) for rank, topic in enumerate(friction)}
    odds |= {f"praise:{topic}": round(0.9 - 0.1 * rank, 2) for rank, topic in enumerate(praise)}
    said = (sentiment, intent, needs_reply, urgent, tuple(friction), tuple(praise), language)
    return Reading(*said, unsure=(), probabilities=odds, model=MODEL)  # type: ignore[arg-type]


def story_mentions(now: datetime) -> Iterator[tuple[Mention, Reading]]:
    """Yield the shop's month as far as it has been told by *now*, each mention with what is right about it."""
    for told in story.at(now):
        line = told.line
        if told.visible_at > now:
            continue
        mention = Mention(
            platform=_PLATFORMS.get(line.channel, line.channel),
            native_id=line.id,
            conversation=line.thread or line.id,
            kind=line.kind,
            text=line.text,
            title=line.title,
            said_at=told.said_at,
            author=Author(native_id=line.author, handle=line.author, name=line.author_name) if line.author else None,
            parent=line.parent,
            stars=line.stars,
            ours=line.ours,
            url=f"https://kastanie-moebel.example/{line.id}",
        )
        yield (
            mention,
            reading(
                line.sentiment or "neutral",
                line.intent or "other",
                bool(line.needs_reply),
                bool(line.urgent),
                line.friction,
                line.praise,
                line.lang,
            ),
        )


def authored_mentions(now: datetime, most: int = 200) -> Iterator[tuple[Mention, Reading]]:
    """Yield texts of the open corpus, spread over the two months before the story."""
    rows = [json.loads(row) for path in sorted(_AUTHORED.glob("*.jsonl")) for row in path.read_text("utf-8").splitlines()]
    for number, row in enumerate(rows[:: max(1, len(rows) // most)][:most]):
        said_at = now - timedelta(days=29 + number * 30 / most)
        name = f"corpus-{number}"
        author = Author(native_id=name, handle=name)
        kind = row["kind"]
        yield (
            Mention(
                platform="files", native_id=name, conversation=name, kind=kind, text=row["text"], said_at=said_at, author=author
            ),
            reading(
                row["sentiment"],
                row["intent"],
                bool(row["needs_reply"]),
                bool(row["urgent"]),
                row["friction"],
                row["praise"],
                row["lang"],
            ),
        )


def fill(session: Session, desk: Desk, now: datetime, corpus: int = 0) -> None:
    """Hear, read and route the shop's month (and *corpus* more texts), each when it was said, and write the ledger."""
    heard = sorted(
        [*authored_mentions(now, corpus), *story_mentions(now)] if corpus else story_mentions(now), key=lambda one: one[0].said_at
    )
    by_day: dict[str, list[tuple[Mention, Reading]]] = {}
    for one in heard:
        by_day.setdefault(one[0].said_at.strftime("%Y-%m-%d"), []).append(one)
    for of_a_day in by_day.values():
        hear(session, desk, of_a_day, min(now, of_a_day[-1][0].said_at + timedelta(minutes=5)))
    _answer_the_old(session, now)
    _pulls(session, desk, now)


def hear(session: Session, desk: Desk, heard: Sequence[tuple[Mention, Reading]], at: datetime) -> list[int]:
    """Keep mentions as if heard at *at*, with what is said about them, route them, and return their ids."""
    for source in {mention.platform: source_for(desk, mention.platform) for mention, _ in heard}.values():
        keep(
            session,
            source,
            Page([mention for mention, _ in heard if source_for(desk, mention.platform).name == source.name]),
            now=at,
        )
    said = {mention.words: reading for mention, reading in heard}
    unread = claims.claim_unread(session, "seed", at, limit=10_000)
    tags.save_readings(session, {one.id: said[one.text] for one in unread}, at)
    unrouted = claims.claim_unrouted(session, "seed", at, limit=10_000)
    settled = []
    for one in unrouted:
        decision = route(one.mention, one.tags, desk.rules, one.source)
        due_at = due(one.heard_at, decision.allowance, desk.calendar_of(decision.team)) if decision.answer else None
        settled.append(tickets.Settled(one.id, one.conversation_id, one.mention.said_at, decision, due_at))
    tickets.settle(session, settled, at)
    return [one.id for one in unread]


def source_for(desk: Desk, platform: str) -> Source:
    """Return the desk's source of a platform, or one that an import would make."""
    return next((source for source in desk.sources if source.platform == platform), Source(name=platform, platform=platform))


def _answer_the_old(session: Session, now: datetime) -> None:
    """Let people have done their work: what is older than two days was answered or closed, some tickets have an owner."""
    from sqlmodel import select

    from store.tables import Ticket

    for number, ticket in enumerate(session.exec(select(Ticket).where(Ticket.status == "open").order_by(Ticket.due_at)).all()):  # type: ignore[arg-type]
        fresh = now - ticket.waiting_since < timedelta(days=2) or number % 23 == 0
        if not fresh:
            done = min(ticket.waiting_since + timedelta(hours=1 + number % 7), now)
            tickets.set_status(session, ticket.id or 0, "answered", by="Anna", version=ticket.version, now=done)
        elif number % 4 == 0:
            tickets.assign(
                session, ticket.id or 0, ("Anna", "Jonas", "Mira")[number % 3], by="Anna", version=ticket.version, now=now
            )


def _pulls(session: Session, desk: Desk, now: datetime) -> None:
    """Write a ledger with a bit of everything: well, busy, denied, and something in quarantine."""
    outcomes = [
        ("done", "", "", {"quota_left": 287}),
        ("busy", "429 Too Many Requests", "", {"quota_left": 0}),
        ("denied", "401: The access token was revoked", "", {}),
        ("more", "", "", {}),
    ]
    for number, source in enumerate(desk.sources):
        for back in (40, 20, 3):
            at = now - timedelta(minutes=back)
            pull = ledger.start_pull(session, source, "seed", at)
            broken = (
                [Raw(b'{"id": 7, "text": null, "<b>": "=1+1"}', "text is missing", "item 3 of page 2")]
                if back == 3 and number == 0
                else []
            )
            keep(
                session,
                source,
                Page(broken=broken, oldest_unread=at - timedelta(hours=3) if number == 3 else None),
                now=at,
                pull_id=pull,
            )
            outcome, error, advice, quota = outcomes[number % 4] if back == 3 else ("done", "", "", {})
            next_run_at = now + timedelta(minutes=12)
            ended = at + timedelta(seconds=2)
            ledger.end_pull(
                session, pull, outcome=outcome, now=ended, next_run_at=next_run_at, error=error, advice=advice, **quota
            )


def hostile() -> list[Mention]:
    """Return what an attacker would write, once for each trick."""
    tricks = {
        "html": "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\"><b>bold</b>",
        "markdown": "![x](http://127.0.0.1:9/steal.png) [click](javascript:alert(1)) # Heading **bold** :red[red] $x^2$",
        "formula": '=HYPERLINK("http://127.0.0.1:9/","click") +1 @SUM(A1)',
        "bidi": "abc \u202egnp.exe\u202c \u2066\u2067 xyz \u200b\u200d\u2060 Z" + "\u0351" * 40 + "a\u0300\u0300\u0300lgo",
        "null": "before\x00after \ud800 \x07 \x1b[31mred",
        "closing": '</bdi></div></p></style><style>body{display:none}</style><a href="http://127.0.0.1:9/">x</a><iframe src=http://127.0.0.1:9>',
        "long": "Hilfe! " + "A" * 1_000_000,
    }
    return [
        Mention(
            platform="mastodon",
            native_id=f"hostile-{name}",
            conversation=f"hostile-{name}",
            kind="post",
            title="<i>=title</i>" if name == "html" else "",
            text=text,
            said_at=datetime.now(UTC) - timedelta(hours=1),
            author=Author(native_id=f"bad-{name}", handle="<b>@bad</b>", name="![n](http://127.0.0.1:9/n.png)<img src=x>"),
            url="javascript:alert(1)",
        )
        for name, text in tricks.items()
    ]
