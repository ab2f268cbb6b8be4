"""The walk: conversations in the order in which they last changed, from the cursor on and once more through the look back.

Each is then read whole, for a list holds only its first message (guarantees 1 and 3).
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from desk.errors import SourceGone
from desk.source import Source
from listeners.batches import Batch
from listeners.contract import Cursor, Page, Window
from listeners.http import Client
from listeners.intercom.api import Here, at, here_of
from listeners.intercom.conversations import mentions_of
from listeners.paging import listed, pick
from listeners.times import instant
from listeners.walks import forward

Json = dict[str, Any]
_PAGE = 50


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said in the conversations that changed since *cursor*, then once more through the look back."""
    here = here_of(client, source)
    return forward({"conversations": partial(_changed, client, here)}, cursor, window)


def _changed(client: Client, here: Here, since: datetime) -> Iterator[Batch]:
    """Yield pages of conversations in the order in which they changed; the search asks for "later than"."""
    changed = {"field": "updated_at", "operator": ">", "value": int(since.timestamp()) - 1}
    after, before = "", list[Json]()
    while True:
        paging = {"per_page": _PAGE, **({"starting_after": after} if after else {})}
        asked = {"query": changed, "sort": {"field": "updated_at", "order": "ascending"}, "pagination": paging}
        body = client.ask_json(at(client, here.region, "/conversations/search"), asked)
        items = listed(client, body, "conversations")
        if not items or items == before:
            return
        batches = [mentions_of(whole, here) for whole in (whole_of(client, here, item) for item in items) if whole]
        yield Batch(
            found=tuple(one for batch in batches for one in batch.found),
            deleted=tuple(one for batch in batches for one in batch.deleted),
            last=instant(items[-1].get("updated_at")),
        )
        following = str(pick(body, "pages.next.starting_after", ""))
        if following in ("", after):
            return
        after, before = following, items


def whole_of(client: Client, here: Here, item: Json) -> Json | None:
    """Return a conversation with its parts; None where it is gone, itself where it has no id to ask for."""
    if "id" not in item:
        return item
    try:
        whole: Json = client.get_json(at(client, here.region, f"/conversations/{item['id']}"))
    except SourceGone:  # deleted between the list and the question
        return None
    return whole
