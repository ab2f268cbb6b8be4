"""One harmless request that says whether a source can be heard, and what it reaches."""

from datetime import timedelta

from desk.source import Source
from flows.work.common import utc_now
from listeners.contract import Listener, Window
from listeners.http import Client


def verify(listener: Listener, client: Client, source: Source) -> str:
    """Return what a source reaches, in a few words; raises SourceError where it reaches nothing.

    A listener that brings no question of its own is asked for its first page; nothing of it is kept.
    """
    if listener.verify:
        return listener.verify(client, source)
    now = utc_now()
    page = next(iter(listener.pull(client, source, None, Window(now, now - timedelta(days=31), pages=1))), None)
    count = len(page.mentions) if page else 0
    return f"{source.base_url or listener.base_url or source.platform}: {count} mentions on the first page"
