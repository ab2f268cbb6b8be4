"""Send what waits in the outbox: once each, with patience, and with a look before anything is sent again (guarantee 7)."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import listeners
from desk.answering import obstacle
from desk.errors import ConfigurationError, FateUnknown, SourceBusy, SourceError, SourceGone
from desk.source import Source
from flows.settings import Settings
from flows.work import limits as shared
from flows.work.common import Clock, Tell, fault, silent, utc_now, worker_name
from listeners.contract import Listener, Receipt, ReplyTo
from listeners.http import Client
from listeners.limits import Limits
from store import outbox, reply_rules
from store.outbox import Outgoing

MOST_TRIES = 8
_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=6)
_BEFORE = timedelta(minutes=5)
"""How far before the first try the platform's clock may say that our answer was sent."""
_KEY_LIVES = timedelta(minutes=50)
"""How long a platform is trusted to know an idempotency key again: Mastodon forgets them after an hour ("Post a new status")."""
OBSTACLES = {
    "no_answers": "the platform takes no answers to this kind of mention, or the source has no credential to answer with",
    "empty": "the answer has no words",
    "too_long": "the answer is longer than the platform allows",
    "too_late": "the platform takes answers only for a while after the customer's last word, and that has passed",
    "answered_once": "the platform takes one answer to a mention, and there is one already",
}
UNKNOWN = "it is not known whether the platform has this answer: the sender ended, or the platform broke down, while it was sent"
GONE = "look at the original: it may have been deleted, or the account of the credential may not see it"
LOOK_YOURSELF = "look on the platform; if the answer is there, drop this one, else send it again"


@dataclass
class Delivered:
    """What one run of the sender did."""

    sent: int = 0
    later: int = 0
    dead: int = 0

    def __str__(self) -> str:
        said = (f"sent {self.sent}", f"later {self.later}", f"left to a person {self.dead}")
        return ", ".join(said).capitalize() if self.sent or self.later or self.dead else "Nothing was to be sent"


@dataclass(frozen=True)
class Post:
    """What every delivery shares: the desk, the platforms' limits, the clock, the credentials, and who sends."""

    settings: Settings
    limits: Limits
    clock: Clock = utc_now
    environ: Mapping[str, str] = field(default_factory=dict)
    worker: str = field(default_factory=worker_name)
    sleep: Callable[[float], None] | None = None

    def attempt(self, one: Outgoing) -> str:
        """Try to send one delivery; return what became of it: sent, later or dead."""
        try:
            source = self.settings.desk.source(one.source)
            listener = listeners.listener(source.platform)
            wrong = self._wrong(source, listener, one)
            if wrong and not one.doubtful:
                return self._not_allowed(one, wrong)
            with self._client(source) as client:
                return self._send(client, source, listener, one, wrong)
        except FateUnknown as error:  # the platform has it, and does not show it: a moderator holds it back, say
            return self._bury(one, str(error), error.advice, uncertain=True)
        except SourceError as error:
            return self._failed(one, error)
        except ConfigurationError as error:
            return self._bury(one, str(error), "mend the configuration, then send it again")
        except Exception as error:  # a platform's answer that nobody foresaw: whether it arrived is not known
            return self._bury(one, fault(error), LOOK_YOURSELF, uncertain=True)

    def _wrong(self, source: Source, listener: Listener, one: Outgoing) -> str | None:
        rules = listener.allowed(source).get(one.answered.kind)
        with self.settings.session(write=False) as session:
            answered = bool(rules and rules.once) and reply_rules.answered_already(session, one.mention_id)
        wrong = obstacle(rules, one.text, last_word=one.last_word, now=self.clock(), answered=answered)
        return None if wrong == "answered_once" and one.doubtful else wrong

    def _client(self, source: Source) -> Client:
        sleep = {"sleep": self.sleep} if self.sleep else {}
        vault = self.settings.vault
        return listeners.connect(source, self.environ, self.limits, vault=vault, clock=self.clock, **sleep)

    def _not_allowed(self, one: Outgoing, wrong: str) -> str:
        return self._bury(one, OBSTACLES[wrong], "change the answer, or answer where the customer wrote")

    def _send(self, client: Client, source: Source, listener: Listener, one: Outgoing, wrong: str | None) -> str:
        to = reply_to(one)
        if one.doubtful and not (listener.same_key_once and self.clock() - one.doubtful < _KEY_LIVES):
            try:
                there = _look(listener, client, source, one)
            except FateUnknown:
                if not one.vouched:
                    return self._bury(one, UNKNOWN, LOOK_YOURSELF, uncertain=True)
                there = None
            if there:
                return self._sent(one, there)
        if wrong:
            return self._not_allowed(one, wrong)
        with self.settings.session() as session:
            if not outbox.begin(session, one.id, self.worker, self.clock()):
                return "later"
        assert listener.reply is not None  # noqa: S101 (`_wrong` has seen to that)
        return self._sent(one, listener.reply(client, source, to, one.text, one.key))

    def _sent(self, one: Outgoing, receipt: Receipt) -> str:
        with self.settings.session() as session:
            outbox.sent(session, one.id, receipt.native_id, receipt.url, self.clock(), receipt.text)
        return "sent"

    def _failed(self, one: Outgoing, error: SourceError) -> str:
        if isinstance(error, SourceGone):
            said = f"what is answered is not there any more, or not for us: {error}"
            return self._bury(one, said, GONE)
        if not isinstance(error, SourceBusy) and not error.uncertain:
            return self._bury(one, str(error), error.advice)
        if one.tries >= MOST_TRIES:
            return self._bury(one, f"{error} (tried {one.tries} times)", error.advice, uncertain=error.uncertain)
        with self.settings.session() as session:
            uncertain = error.uncertain or one.doubtful is not None
            outbox.later(session, one.id, self._again(one, error), str(error), uncertain=uncertain, worker=self.worker)
        return "later"

    def _again(self, one: Outgoing, error: SourceError) -> datetime:
        """Return when to try again: when the platform says, else after a pause that doubles."""
        doubled: int = 2 ** (one.tries - 1)
        wait = min(_FIRST_WAIT * doubled, _LONGEST_WAIT)
        named = error.retry_at if isinstance(error, SourceBusy) else None
        return max(self.clock() + wait, named) if named else self.clock() + wait

    def _bury(self, one: Outgoing, error: str, advice: str, *, uncertain: bool = False) -> str:
        """Leave it to a person, who is told to look where this try, or one before, may have arrived."""
        uncertain = uncertain or one.doubtful is not None
        if uncertain and advice != LOOK_YOURSELF:
            advice = f"{advice}; an earlier try may have arrived: {LOOK_YOURSELF}" if advice else LOOK_YOURSELF
        with self.settings.session() as session:
            outbox.bury(session, one.id, error, advice, self.clock(), uncertain=uncertain, worker=self.worker)
        return "dead"


def _look(listener: Listener, client: Client, source: Source, one: Outgoing) -> Receipt | None:
    """Return what the platform has of a delivery whose fate is unknown; raises FateUnknown where it cannot be seen."""
    if listener.look is None:
        raise FateUnknown("this platform does not show what was sent")
    return listener.look(client, source, reply_to(one), one.text, (one.doubtful or one.written_at) - _BEFORE)


def reply_to(one: Outgoing) -> ReplyTo:
    """Return what an answer answers, as listeners want to know it."""
    answered = one.answered
    return ReplyTo(
        native_id=answered.native_id,
        conversation=answered.conversation,
        kind=answered.kind,
        handle=answered.author.handle if answered.author else "",
        author=answered.author.native_id if answered.author else "",
        parent=answered.parent or "",
        said_at=answered.said_at,
    )


def deliver(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    tell: Tell = silent,
    stop: threading.Event | None = None,
    environ: Mapping[str, str] | None = None,
    sleep: Callable[[float], None] | None = None,
) -> Delivered:
    """Send all that waits; several senders at once share the work. What fails waits, or is left to a person."""
    post = Post(settings, shared.restored(settings), clock, settings.environ() if environ is None else environ, sleep=sleep)
    done = Delivered()
    while not (stop and stop.is_set()):
        with settings.session() as session:
            one = outbox.claim(session, post.worker, clock())
        if one is None:
            return done
        became = post.attempt(one)
        setattr(done, became, getattr(done, became) + 1)
        tell("deliver", 1)
    return done
