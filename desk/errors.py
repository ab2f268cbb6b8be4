"""Errors, named for what whoever catches them should do.

KummerkastenError
+- ConfigurationError       a person mends kummerkasten.toml or the environment; trying again is useless
+- SourceError              one source could not be heard; the others go on
|  +- SourceBusy            come back, at the time it names
|  +- SourceDenied          a credential is refused: a person acts, nobody knocks again before that
|  +- SourceGone            what the source points to does not exist (any more)
|  +- SourceGarbled         an answer came, but not one that this platform gives: come back later, tell somebody
|  +- FateUnknown           nobody but a person can find out whether what was sent has arrived
+- NotUnderstood            one payload cannot become a mention: it goes to quarantine, the rest goes on
+- Conflict                 somebody else was faster; look again, then decide
+- Vanished                 what was to be changed is not there any more: nothing to do
+- LeaseLost                this worker was taken for dead and another has its work: stop, store nothing
"""

from datetime import datetime


class KummerkastenError(Exception):
    """Anything that Kummerkasten itself says went wrong; ``str()`` of it is written for a person."""


class ConfigurationError(KummerkastenError):
    """The configuration or the environment is wrong; the message says where and what to do."""


class SourceError(KummerkastenError):
    """A source could not be heard."""

    def __init__(self, message: str, *, advice: str = "", uncertain: bool = False) -> None:
        super().__init__(message)
        self.advice = advice
        """What a person can do about it, in one sentence; empty when waiting is all there is to do."""
        self.uncertain = uncertain
        """Whether what was sent may have arrived all the same: no answer came, or the platform broke down over it."""


class SourceBusy(SourceError):
    """The platform asks for patience, or is down: come back at ``retry_at`` (UTC), or with backoff where it is None."""

    def __init__(self, message: str, *, retry_at: datetime | None = None, advice: str = "", uncertain: bool = False) -> None:
        super().__init__(message, advice=advice, uncertain=uncertain)
        self.retry_at = retry_at


class SourceDenied(SourceError):
    """The platform refuses the credential (401) or one of its permissions (403): then ``partly``, and others may be there."""

    def __init__(self, message: str, *, advice: str = "", uncertain: bool = False, partly: bool = False) -> None:
        super().__init__(message, advice=advice, uncertain=uncertain)
        self.partly = partly


class SourceGone(SourceError):
    """What the source points to is not there (404, 410)."""


class SourceGarbled(SourceError):
    """The answer is not what this platform's API gives: truncated, HTML, empty."""


class FateUnknown(SourceError):
    """Whether what was sent has arrived cannot be seen from here: a person looks, and decides."""


class NotUnderstood(KummerkastenError):
    """A payload cannot be turned into a mention; the message says why."""


class Conflict(KummerkastenError):
    """The row has changed since it was read; ``winner`` is who changed it."""

    def __init__(self, message: str, *, winner: str = "") -> None:
        super().__init__(message)
        self.winner = winner


class Vanished(KummerkastenError):
    """What was to be changed is not there (any more): erased, or never there."""


class LeaseLost(KummerkastenError):
    """The lease on this work has expired or belongs to another worker."""
