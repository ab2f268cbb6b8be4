"""Hand what was read to the team that answers: ask the rules, reckon the deadline in that team's hours, open the ticket."""

import threading

from desk.deadline import due
from desk.routing import route
from flows.settings import Settings
from flows.work.common import Clock, Tell, silent, utc_now, worker_name
from store.claims import Unrouted, claim_unrouted, release
from store.tickets import Settled, settle

BATCH = 256


def triage(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    tell: Tell = silent,
    stop: threading.Event | None = None,
    batch: int = BATCH,
) -> int:
    """Route all that is read but not routed; return how many mentions that were. Several workers at once share the work."""
    worker, total = worker_name(), 0
    while not (stop and stop.is_set()):
        with settings.session() as session:
            waiting = claim_unrouted(session, worker, clock(), limit=batch)
        if not waiting:
            break
        try:
            settled = [settle_one(settings, one) for one in waiting]
            with settings.session() as session:
                settle(session, settled, clock(), worker=worker)
        except BaseException:
            with settings.session() as session:
                release(session, [one.id for one in waiting], worker)
            raise
        total += len(waiting)
        tell("route", len(waiting))
    return total


def settle_one(settings: Settings, one: Unrouted) -> Settled:
    """Return what the rules decide about one mention, and by when its team owes the answer."""
    decision = route(one.mention, one.tags, settings.desk.rules, one.source)
    calendar = settings.desk.calendar_of(decision.team)
    due_at = due(one.heard_at, decision.allowance, calendar) if decision.answer else None
    return Settled(one.id, one.conversation_id, one.mention.said_at, decision, due_at)
