"""Flow: give each source that is due its turn. The run is red if one of them failed; the others are heard all the same."""

from datetime import timedelta
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from desk.errors import KummerkastenError, SourceBusy, SourceGarbled
from flows.settings import opened
from flows.work import limits
from flows.work.common import utc_now
from flows.work.hear import Ear, Heard
from flows.work.listen import due
from flows.work.report import markdown, summary
from flows.work.turns import AT_ONCE

_SOON = timedelta(minutes=2)
"""A platform that asks for more patience than this is left to the next run."""


class Deaf(KummerkastenError):
    """One source could not be heard; ``heard`` is how its turn went."""

    def __init__(self, heard: Heard) -> None:
        super().__init__(f"{heard.source}: {heard.error} {heard.advice}".rstrip())
        self.heard = heard


def worth_another_try(_task: Any, _run: Any, state: State[Any]) -> bool:
    """Say whether a moment later may be better: the platform was busy or garbled, and asked for no long wait."""
    error = state.result(raise_on_failure=False)
    problem = error.heard.problem if isinstance(error, Deaf) else None
    if isinstance(problem, SourceBusy):
        return problem.retry_at is None or problem.retry_at <= utc_now() + _SOON
    return isinstance(problem, SourceGarbled)


@task(
    task_run_name="hear {name}",
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_condition_fn=worth_another_try,
    cache_policy=NO_CACHE,
)
def hear(name: str, ear: Ear) -> Heard:
    """Hear one source; raises Deaf where that failed, so that the run shows it and tries again where that helps."""
    heard = ear.hear(ear.settings.desk.source(name))
    if heard.good:
        return heard
    raise Deaf(heard)  # without what it comes from: Prefect would log it, and it may quote what customers wrote


@flow(task_runner=ThreadPoolTaskRunner(max_workers=AT_ONCE))  # type: ignore[arg-type]
def listen(sources: list[str] | None = None, config: str | None = None) -> State[None]:
    """Hear the sources that are due, or those named. Nothing is due twice: after a pause one run catches up."""
    with opened(config) as settings:
        ear = Ear(settings, limits.restored(settings))
        shared: Any = quote(ear)  # Prefect looks into what tasks are given, unless told not to
        turns = [hear.submit(source.name, shared) for source in due(settings, sources or ())]
        try:
            heard = [_how_it_went(turn) for turn in turns]
        finally:
            ear.stop.set()  # where the run is cancelled, each thread ends after its page
    create_markdown_artifact(markdown(heard), key="listen", description="What each source said")
    return Completed(message=summary(heard)) if all(one.good for one in heard) else Failed(message=summary(heard))


def _how_it_went(turn: Any) -> Heard:
    result = turn.result(raise_on_failure=False)
    if isinstance(result, Deaf):
        return result.heard
    if isinstance(result, BaseException):
        raise result
    heard: Heard = result
    return heard
