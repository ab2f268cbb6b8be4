"""Flow: send, listen, read, triage. A source that fails turns the run red, after the others have been worked on."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.deliver import deliver
from flows.listen import listen
from flows.read import read
from flows.triage import triage


@flow
def pipeline(config: str | None = None) -> State[None]:
    """Send the answers that wait, hear what is due, tag it, route it."""
    out = deliver(config=config, return_state=True)
    heard = listen(config=config, return_state=True)
    states = [heard, read(config=config, return_state=True), triage(config=config, return_state=True), out]
    said = ". ".join(state.message or state.name or "" for state in states)
    return Completed(message=said) if all(state.is_completed() for state in states) else Failed(message=said)
