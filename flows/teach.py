"""Flow: teach the tagger what people corrected; it goes live only where it is no worse."""

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.settings import opened
from flows.work.teach import Outcome, markdown
from flows.work.teach import teach as teach_all


@flow
def teach(config: str | None = None) -> State[None]:
    """Teach what people have corrected since the last time. A version that is refused is no failure: the old one stays."""
    with opened(config) as settings:
        own = settings.desk.model
        done = Outcome("nothing", "This desk has a model of its own.") if own else teach_all(settings, "schedule")
    create_markdown_artifact(markdown(done), key="teach", description="What was taught")
    return Completed(message=f"{done.version} is {done.state}. {done.said}" if done.report else done.said)
