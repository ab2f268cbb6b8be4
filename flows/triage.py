"""Flow: route what was read into the teams' queues."""

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.settings import opened
from flows.work.triage import triage as triage_all


@flow
def triage(config: str | None = None) -> State[None]:
    """Route all tagged mentions. Several runs at once share the work."""
    with opened(config) as settings:
        done = triage_all(settings)
    create_markdown_artifact(f"Routed {done} mentions.", key="triage", description="What was routed")
    return Completed(message=f"Routed {done}")
