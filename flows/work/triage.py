"""Hand what was read to the team that answers: ask the rules, reckon the deadline in that team's hours, open the ticket."""

import threading
from collections.abc import Sequence

from desk.deadline import due
from desk.routing import route
from flows.settings import Settings
from flows.work.claimed import work_off
from flows.work.common import Clock, Tell, silent, utc_now
from store.claims import Unrouted, claim_unrouted
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

    def work(waiting: Sequence[Unrouted], worker: str) -> None:
        settled = [settle_one(settings, one) for one in waiting]
        with settings.session() as session:
            settle(session, settled, clock(), worker=worker)

    return work_off(settings, claim_unrouted, work, step="route", clock=clock, tell=tell, stop=stop, batch=batch)


def settle_one(settings: Settings, one: Unrouted) -> Settled:
    """Return what the rules decide about one mention, and by when its team owes the answer."""
    decision = route(one.mention, one.tags, settings.desk.rules, one.source)
    calendar = settings.desk.calendar_of(decision.team)
    due_at = due(one.heard_at, decision.allowance, calendar) if decision.answer else None
    return Settled(one.id, one.conversation_id, one.mention.said_at, decision, due_at)
