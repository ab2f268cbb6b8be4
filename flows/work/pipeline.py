"""Deliver, listen, read, triage, once; a source that fails keeps nothing that the others brought from its team."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from desk.reading import Tagger
from flows.settings import Settings
from flows.work.common import Clock, Tell, silent, utc_now
from flows.work.deliver import Delivered, deliver
from flows.work.hear import Heard
from flows.work.listen import listen
from flows.work.read import read
from flows.work.triage import triage


@dataclass(frozen=True)
class Done:
    """What one run of the pipeline did."""

    delivered: Delivered
    heard: list[Heard]
    read: int
    routed: int


def pipeline(
    settings: Settings,
    names: Sequence[str] = (),
    tagger: Tagger | None = None,
    *,
    clock: Clock = utc_now,
    tell: Tell = silent,
    stop: threading.Event | None = None,
) -> Done:
    """Send what waits, hear the sources that are due (or those named), tag what is unread, route what is unrouted."""
    delivered = deliver(settings, clock=clock, tell=tell, stop=stop)
    heard = listen(settings, names, clock=clock, tell=tell, stop=stop)
    return Done(
        delivered=delivered,
        heard=heard,
        read=read(settings, tagger, clock=clock, tell=tell, stop=stop),
        routed=triage(settings, clock=clock, tell=tell, stop=stop),
    )
