"""When asking a platform again may help, and after how long: decided here for every request.

Guarantee 5: Retry-After is obeyed, and 401, 403 and 404 are never hammered.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from desk.errors import SourceBusy, SourceGarbled

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]
PATIENCE = timedelta(seconds=60)
"""A platform that asks for more patience is left alone until the time it names."""
_ATTEMPTS = 4


def retrying(clock: Clock, sleep: Sleep, *, once: bool = False) -> Retrying:
    """Return what calls a function again for as long as that may help, and then raises its last error; *once*: never again."""
    return Retrying(
        retry=retry_if_exception(partial(_worth_another_try, clock)),
        stop=stop_after_attempt(1 if once else _ATTEMPTS),
        wait=partial(_pause, clock),
        sleep=sleep,
        reraise=True,
    )


def _worth_another_try(clock: Clock, error: BaseException) -> bool:
    """Say whether asking again soon may help: a limit or an outage that ends soon, an answer that was cut off."""
    if isinstance(error, SourceBusy):
        return error.retry_at is None or error.retry_at - clock() <= PATIENCE
    return isinstance(error, SourceGarbled) and not error.advice


def _pause(clock: Clock, state: RetryCallState) -> float:
    """Wait as long as the platform asks, else longer from try to try, with jitter."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, SourceBusy) and error.retry_at:
        return max(0.0, (error.retry_at - clock()).total_seconds())
    return float(wait_random_exponential(multiplier=0.5, max=15)(state))
