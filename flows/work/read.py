"""Read what waits: claim mentions that no tagger has seen, tag them in batches, store the readings."""

import threading
from collections.abc import Sequence

from desk.reading import Reading, Tagger
from flows.settings import Settings
from flows.work.common import Clock, Tell, silent, utc_now, worker_name
from store.claims import Unread, claim_unread, release
from store.tags import save_readings

BATCH = 256


def load_tagger(settings: Settings) -> Tagger:
    """Return the desk's tagger: the one that ships with the product, unless the configuration names another."""
    from pathlib import Path

    from nlp.tagger import tagger

    return tagger(Path(settings.desk.model)) if settings.desk.model else tagger()


def read(
    settings: Settings,
    tagger: Tagger | None = None,
    *,
    clock: Clock = utc_now,
    tell: Tell = silent,
    stop: threading.Event | None = None,
    batch: int = BATCH,
) -> int:
    """Tag all that is unread; return how many mentions that were. Several workers at once share the work."""
    worker, total = worker_name(), 0
    while not (stop and stop.is_set()):
        with settings.session() as session:
            waiting = claim_unread(session, worker, clock(), limit=batch)
        if not waiting:
            break
        tagger = tagger or load_tagger(settings)
        _read_batch(settings, tagger, waiting, clock)
        total += len(waiting)
        tell("tag", len(waiting))
    return total


def _read_batch(settings: Settings, tagger: Tagger, waiting: Sequence[Unread], clock: Clock) -> None:
    try:
        readings = dict(zip([one.id for one in waiting], _readings(tagger, waiting), strict=True))
        with settings.session() as session:
            save_readings(session, readings, clock())
    except BaseException:
        with settings.session() as session:
            release(session, [one.id for one in waiting])
        raise


def _readings(tagger: Tagger, waiting: Sequence[Unread]) -> list[Reading]:
    """Return a reading for each; a text that no tagger survives is marked as not read, so that it stops nobody behind it."""
    try:
        return tagger.tag([one.text for one in waiting])
    except Exception:
        if len(waiting) > 1:
            return [reading for one in waiting for reading in _readings(tagger, [one])]
        tagger.tag(["Guten Tag"])  # raises where it is the tagger that is broken, and not this text
        return [_unreadable(tagger)]


def _unreadable(tagger: Tagger) -> Reading:
    return Reading("neutral", "other", False, False, (), (), "und", (), {}, tagger.model, not_read="failed")
