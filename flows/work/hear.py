"""Hear one source: take its lease, read pages from its cursor on, keep each in one transaction, and write the ledger.

Guarantees 1, 4 and 5: nothing heard is lost, a source that fails says so in its own ledger row, and limits outlive the run.
No transaction is open while the network is waited for.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import listeners
from desk.errors import (
    ConfigurationError,
    KummerkastenError,
    LeaseLost,
    SourceBusy,
    SourceDenied,
    SourceError,
    SourceGarbled,
    SourceGone,
)
from desk.source import Source
from flows.settings import Settings
from flows.work import limits as shared
from flows.work.again import next_run
from flows.work.common import Clock, Tell, fault, silent, utc_now, worker_name
from listeners.contract import Listener, Window
from listeners.http import Client
from listeners.limits import Limits
from store import credentials, leases, ledger, mentions, reply_rules
from store.engine import advice
from store.mentions import Kept

HELD = "held"
"""Another worker has the source in hand; this one leaves it alone."""
LOST = "lost"
"""This worker was so slow that it was taken for dead; another goes on, or the next run does."""
GOOD = ("done", "more", HELD, LOST)
_ASK_AGAIN = timedelta(hours=12)
"""How often a platform is asked when a credential dies."""
_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (SourceBusy, "busy"),
    (SourceDenied, "denied"),
    (SourceGone, "gone"),
    (SourceGarbled, "garbled"),
)


@dataclass(frozen=True)
class Heard:
    """How one source's turn went, as its ledger row says it."""

    source: str
    platform: str
    outcome: str
    kept: Kept = field(default_factory=Kept)
    oldest_unread: datetime | None = None
    quota_left: int | None = None
    next_run_at: datetime | None = None
    error: str = ""
    advice: str = ""
    problem: BaseException | None = field(default=None, compare=False)

    @property
    def good(self) -> bool:
        """Whether nobody needs to look: it was heard, or another worker is hearing it."""
        return self.outcome in GOOD


class Stopped(KummerkastenError):
    """Somebody said stop while a platform was waited for."""


@dataclass(frozen=True)
class Ear:
    """What every source's turn shares: the desk, the platforms' limits, the clock, and who is told of progress.

    ``sleep`` is how a turn waits for a platform; None waits for real, and ends the turn as soon as somebody says stop.
    """

    settings: Settings
    limits: Limits = field(default_factory=Limits)
    clock: Clock = utc_now
    tell: Tell = silent
    stop: threading.Event = field(default_factory=threading.Event)
    environ: Mapping[str, str] | None = None
    """Where credentials come from; None takes the process's environment and what is kept beside the configuration."""
    sleep: Callable[[float], None] | None = None

    def hear(self, source: Source) -> Heard:
        """Keep what *source* said since its cursor. Says in the result what went wrong, and raises only what ends the process."""
        held = leases.Held(leases.of_source(source.name), worker_name())
        try:
            with self.settings.session() as session:
                if not leases.take(session, held.name, held.holder, self.clock()):
                    return Heard(source.name, source.platform, HELD)
            try:
                return self._turn(source, held)
            finally:
                with self.settings.session() as session:
                    leases.give_back(session, held)
        except Exception as error:  # the ledger itself could not be written: say it here, and let the others go on
            said = f"the ledger could not be written: {fault(error)}"
            return Heard(source.name, source.platform, "failed", error=said, problem=error)

    def wait(self, seconds: float) -> None:
        """Let a platform have its pause; raises Stopped if the work ends meanwhile."""
        if self.sleep:
            self.sleep(seconds)
        elif self.stop.wait(seconds):
            raise Stopped

    def connect(self, source: Source) -> Client:
        """Return a client for *source*, with its credentials; what the platform replaces of them is kept."""
        environ, vault = (self.settings.environ() if self.environ is None else self.environ), self.settings.vault
        return listeners.connect(source, environ, self.limits, vault=vault, clock=self.clock, sleep=self.wait)

    def learn(self, source: Source, listener: Listener) -> None:
        """Let the store know what the platform allows of answers, so that a page can say it before somebody presses send."""
        rules: dict[str, Any] = {kind: one.model_dump(mode="json") for kind, one in listener.allowed(source).items()}
        with self.settings.session() as session:
            reply_rules.learn_rules(session, source, rules)

    def ask_when_it_dies(self, client: Client, source: Source, listener: Listener) -> None:
        """Ask now and then when the credential dies; what keeps the platform from telling is no reason to call the run failed."""
        if listener.expires is None or not source.variables:
            return
        with self.settings.session(write=False) as session:
            asked_at = credentials.asked_at(session, source.platform, source.credential)
        if asked_at and self.clock() - asked_at < _ASK_AGAIN:
            return
        with suppress(SourceError):
            expires_at = listener.expires(client, source)
            with self.settings.session() as session:
                credentials.learn(session, source.platform, source.credential, expires_at, self.clock())

    def _turn(self, source: Source, held: leases.Held) -> Heard:
        with self.settings.session() as session:
            pull_id = ledger.start_pull(session, source, held.holder, self.clock())
        turn = _Turn(self, source, held, pull_id)
        try:
            turn.listen()
        except LeaseLost as error:  # the ledger row is the other worker's to close
            return Heard(source.name, source.platform, LOST, turn.kept, error=str(error))
        except Stopped:
            return self._end(turn, "more", None)
        except Exception as error:  # whatever it is, the other sources go on, and this one's row says it
            return self._end(turn, _outcome(error), error)
        except BaseException:
            self._end(turn, "more", None)
            raise
        return self._end(turn, "more" if turn.more or self.stop.is_set() else "done", None)

    def _end(self, turn: "_Turn", outcome: str, error: Exception | None) -> Heard:
        source, now = turn.source, self.clock()
        limit = self.limits.of(source.platform, source.credential)
        heard = Heard(source.name, source.platform, outcome, turn.kept, turn.oldest_unread, limit.remaining, problem=error)
        if error:
            heard = replace(heard, error=fault(error), advice=_advice(error, source))
        with self.settings.session() as session:
            failures = ledger.failures(session, source.name)
            again = next_run(outcome, now, source.every, failures=failures, retry_at=getattr(error, "retry_at", None))
            ledger.end_pull(
                session,
                turn.pull_id,
                outcome=outcome,
                now=now,
                error=heard.error,
                advice=heard.advice,
                next_run_at=again,
                quota_left=limit.remaining,
                quota_resets_at=limit.resets_at,
            )
            shared.save(session, self.limits, source, now)
        return replace(heard, next_run_at=again)


@dataclass
class _Turn:
    """One reading of one source, while it runs."""

    ear: Ear
    source: Source
    held: leases.Held
    pull_id: int
    kept: Kept = field(default_factory=Kept)
    oldest_unread: datetime | None = None
    more: bool = False

    def listen(self) -> None:
        """Keep page after page, until there is nothing more, the run's budget is spent, or somebody says stop."""
        ear, source = self.ear, self.source
        listener = listeners.listener(source.platform)
        retention = ear.settings.desk.retention_of(source.name)
        window, cursor = self._where(retention)
        ear.learn(source, listener)
        with ear.connect(source) as client:
            for page in listener.pull(client, source, cursor, window):
                with ear.settings.session() as session:
                    kept = mentions.keep(
                        session, source, page, now=ear.clock(), lease=self.held, pull_id=self.pull_id, retention=retention
                    )
                self.kept += kept
                self.more, self.oldest_unread = page.more, page.oldest_unread
                ear.tell(source.name, kept.fetched)
                if ear.stop.is_set():
                    return
            ear.ask_when_it_dies(client, source, listener)

    def _where(self, retention: timedelta | None) -> tuple[Window, str | None]:
        now, source = self.ear.clock(), self.source
        with self.ear.settings.session(write=False) as session:
            cursor = mentions.cursor(session, source.name)
            known = mentions.known(session, source.name, now - source.look_back)
        since = now - min(source.since, retention or source.since)
        window = Window(now=now, since=since, look_back=source.look_back, pages=source.pages, known=known)
        return window, cursor


def _outcome(error: Exception) -> str:
    if isinstance(error, ConfigurationError):
        return "denied"  # a credential is missing: a person acts, nobody knocks before that
    return next((outcome for kind, outcome in _OUTCOMES if isinstance(error, kind)), "failed")


def _advice(error: Exception, source: Source) -> str:
    if isinstance(error, SourceError):
        return error.advice
    if isinstance(error, ConfigurationError):
        return f"Mend it, then: kummerkasten pull {source.name}"
    return advice(error) or "This is a fault of Kummerkasten; please report it with the lines above. The next run tries again."
