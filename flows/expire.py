"""Flow: erase what is older than its source's retention."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.settings import opened
from flows.work.expire import expire as expire_all


@flow
def expire(config: str | None = None) -> State[None]:
    """Erase what is due. A desk without a retention keeps everything."""
    with opened(config) as settings:
        done = expire_all(settings, "schedule")
    return Completed(message=str(done))
