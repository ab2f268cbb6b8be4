"""Flow: the friction report of the last week, for the people who can mend what hurts."""

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.settings import opened
from flows.work.common import utc_now
from flows.work.friction_report import Wanted, markdown
from flows.work.friction_report import report as friction_of


@flow
def report(config: str | None = None) -> State[None]:
    """Leave the friction report of the last seven days as an artifact."""
    with opened(config) as settings:
        found = friction_of(settings, Wanted(), utc_now())
        said = markdown(found, settings.desk)
    create_markdown_artifact(said, key="friction", description="What hurt customers in the last seven days")
    return Completed(message=f"{len(found.rows)} topics, {found.people} people")
