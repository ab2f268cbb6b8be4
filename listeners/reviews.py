"""What review sites have in common: stars out of five, one answer of the company below each review, and order data in every item.

An answer's native id is made of its review's, so that it is known before anybody has heard the answer.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from desk.mention import Author, Mention
from listeners.batches import Batch, moment
from listeners.contract import Cursor, Page, Receipt, Window
from listeners.times import instant
from listeners.walks import Newest, gathered

_ANSWER = "/reply"
_SETTLES = timedelta(minutes=30)
"""How long a platform may take to show an answer that it has accepted."""


def rated(stars: object) -> dict[str, Any]:
    """Return a Mention's ``stars`` and ``rating`` for so many stars out of five; both None where there is no such number."""
    try:
        number = float(stars)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return {"stars": None, "rating": None}
    return {"stars": number if 1 <= number <= 5 else None, "rating": f"{number:g}/5"}


def bare(item: Any, private: Collection[str]) -> Any:
    """Return *item* without what stands, however deep, under the names in *private*: it is not kept, not even in quarantine."""
    if isinstance(item, list):
        return [bare(one, private) for one in item]
    if not isinstance(item, dict):
        return item
    return {name: bare(one, private) for name, one in item.items() if name not in private}


def answer_id(review: str) -> str:
    """Return the native id of the answer to a review."""
    return review + _ANSWER


def answer(review: Mention, text: str, said: object, *, changed: object = None, by: Author | None = None) -> Mention:
    """Return the company's answer to *review*: a mention of its own, ours."""
    said_at, edited_at = instant(said), instant(changed)
    return Mention.model_validate(
        {
            "platform": review.platform,
            "native_id": answer_id(review.native_id),
            "conversation": review.conversation,
            "parent": review.native_id,
            "kind": review.kind,
            "text": text,
            "author": by,
            "url": review.url,
            "said_at": said_at,
            "edited_at": edited_at if said_at and edited_at and edited_at > said_at else None,
            "ours": True,
        }
    )


def sent(ours: Mention | None, text: str, since: datetime) -> Receipt | None:
    """Return the receipt where *ours* says *text*, and has said so only since *since*."""
    if ours is None or moment(ours) < since or ours.text.split() != text.split():
        return None
    return Receipt(ours.native_id, ours.url)


def reviews(
    stream: Newest | Mapping[str, Newest],
    cursor: Cursor | None,
    window: Window,
    *,
    back: timedelta,
    complete: bool = True,
    answers_complete: bool = True,
) -> Iterator[Page]:
    """Walk reviews, each with its answer beside it, in one list or several (see `listeners.walks.gathered`).

    An answer may be much younger than its review, and the review out of reach: an answer is gone only where its review is there
    without it, and only where the platform shows all answers (*answers_complete*).
    """

    def told(one: Newest, since: datetime) -> Iterator[Batch]:
        for batch in one(since):
            lost = _lost(batch, window) if answers_complete else ()
            yield replace(batch, deleted=batch.deleted + lost)

    streams = stream if isinstance(stream, Mapping) else {"reviews": stream}
    known = {key: said for key, said in window.known.items() if not key.endswith(_ANSWER)}
    walked = {name: partial(told, one) for name, one in streams.items()}
    return gathered(walked, cursor, replace(window, known=known), back=back, complete=complete)


def _lost(batch: Batch, window: Window) -> tuple[str, ...]:
    there = {one.native_id for one in batch.found if isinstance(one, Mention)}
    settled = {key for key, said in window.known.items() if said < window.now - _SETTLES}
    return tuple(sorted({answer_id(one) for one in there} & settled - there))
