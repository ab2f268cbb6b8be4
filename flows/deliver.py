"""Flow: send what waits in the outbox. Red where something is left to a person; the rest is sent all the same."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.settings import opened
from flows.work.deliver import deliver as deliver_all


@flow
def deliver(config: str | None = None) -> State[None]:
    """Send all answers that are due. Several runs at once share the work."""
    with opened(config) as settings:
        done = deliver_all(settings)
    return Failed(message=str(done)) if done.dead else Completed(message=str(done))
