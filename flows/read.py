"""Flow: tag what no tagger has read."""

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.settings import opened
from flows.work.read import read as read_all


@flow
def read(config: str | None = None) -> State[None]:
    """Tag all unread mentions. Several runs at once share the work."""
    with opened(config) as settings:
        done = read_all(settings)
    create_markdown_artifact(f"Tagged {done} mentions.", key="read", description="What was read")
    return Completed(message=f"Tagged {done}")
