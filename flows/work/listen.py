"""Give each source that is due its turn, a few at a time; one that fails silences no other (guarantee 4)."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from desk.source import Source
from flows.settings import Settings, check_options
from flows.work import limits as shared
from flows.work.common import Clock, Tell, silent, utc_now
from flows.work.hear import Ear, Heard
from flows.work.turns import AT_ONCE, Turns, spread
from store import ledger


def due(settings: Settings, names: Sequence[str] = (), *, clock: Clock = utc_now) -> list[Source]:
    """Return the sources whose turn it is, or those that are named, due or not.

    Raises ConfigurationError for a name or an option that is wrong.
    """
    if names:
        sources = [settings.desk.source(name) for name in names]
        check_options(sources)
        return sources
    sources = [source for source in settings.desk.sources if source.enabled]
    check_options(sources)
    with settings.session(write=False) as session:
        return spread(ledger.due_sources(session, sources, clock()))


def listen(
    settings: Settings,
    names: Sequence[str] = (),
    *,
    clock: Clock = utc_now,
    tell: Tell = silent,
    stop: threading.Event | None = None,
) -> list[Heard]:
    """Hear all sources that are due (or those named); return how each turn went."""
    sources = due(settings, names, clock=clock)
    ear = Ear(settings, shared.restored(settings), clock, tell, stop or threading.Event())
    turns = Turns(sources, ear.limits, clock)
    heard: dict[str, Heard] = {}

    def work() -> None:
        while not ear.stop.is_set() and (source := turns.take()):
            try:
                heard[source.name] = ear.hear(source)
            finally:
                turns.done(source)

    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="listen") as pool:
        threads = [pool.submit(work) for _ in range(min(AT_ONCE, len(sources)))]
        try:
            for thread in threads:
                thread.result()
        except BaseException:
            ear.stop.set()  # each thread ends after its page and gives its lease back
            turns.stop()
            raise
    return [heard[source.name] for source in sources if source.name in heard]
