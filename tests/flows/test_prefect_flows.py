"""The flows on a real (temporary) Prefect server: what a run says, what it leaves, and what it tries again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.artifacts import Artifact
from prefect.client.schemas.objects import State
from prefect.deployments.runner import RunnerDeployment
from prefect.flows import load_flow_from_entrypoint
from prefect.testing.utilities import prefect_test_harness

from desk.errors import SourceBusy, SourceDenied, SourceGarbled
from flows.expire import expire
from flows.listen import Deaf, hear, listen, worth_another_try
from flows.pipeline import pipeline
from flows.report import report
from flows.teach import teach
from flows.work.common import utc_now
from flows.work.hear import Heard
from flows.worker import HOUSE, PREFECT_FILE
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.world import World

MODEL = Path(__file__).parents[2] / "nlp" / "model" / "encoder.onnx"
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hear, "retry_delay_seconds", [0, 0])


def state_of(heard: Heard) -> State[Any]:
    from prefect.states import Failed

    return Failed(data=Deaf(heard))


def deaf(problem: Exception) -> State[Any]:
    return state_of(Heard("tag", "mastodon", "busy", problem=problem))


@pytest.mark.parametrize(
    ("problem", "again"),
    [
        (SourceBusy("busy"), True),
        (SourceBusy("busy", retry_at=utc_now() + timedelta(seconds=30)), True),
        (SourceBusy("busy", retry_at=utc_now() + timedelta(hours=2)), False),
        (SourceGarbled("HTML"), True),
        (SourceDenied("401"), False),
        (RuntimeError("a fault of ours"), False),
    ],
)
def test_only_what_is_worth_another_try_is_tried_again(problem: Exception, again: bool) -> None:
    assert worth_another_try(None, None, deaf(problem)) is again


@pytest.mark.skipif(not MODEL.is_file(), reason="the tagger's model is not here")
def test_the_pipeline_hears_tags_and_routes(world: World, config: Path) -> None:
    world.say("PayPal geht nicht, bitte helft mir! #kastanie", ago=timedelta(hours=1))
    state = pipeline(config=str(config), return_state=True)
    assert state.is_completed(), state.message
    assert state.message == "Heard 2 sources, 1 new mentions. Tagged 1. Routed 1. Nothing was to be sent"
    again = pipeline(config=str(config), return_state=True)
    assert again.message == "No source was due. Tagged 0. Routed 0. Nothing was to be sent"


def test_a_run_is_red_when_a_source_is_deaf_and_its_artifact_says_which_and_what_to_do(
    world: World, config: Path, mischief: Mischief
) -> None:
    mischief.order("401", platform="mastodon", times=100)
    world.say("Gute App", channel="review", stars=5, ago=timedelta(hours=1))
    state = listen(config=str(config), return_state=True)
    assert state.is_failed()
    assert state.message == "Heard 2 sources, 1 new mentions; not heard: tag"
    assert mischief.spoiled == 1
    artifact = Artifact.get(key="listen")
    assert artifact is not None
    report = str(artifact.data)
    assert "| tag | denied |" in report
    assert "| reviews | done | 1 | 1 |" in report
    assert "this needs a credential" in report


def test_a_source_that_was_garbled_for_a_moment_is_tried_again(world: World, config: Path, mischief: Mischief) -> None:
    world.say("Schönes Sofa #kastanie", ago=timedelta(hours=1))
    mischief.order("html", platform="mastodon", times=4)
    state = listen(sources=["tag"], config=str(config), return_state=True)
    assert state.is_completed(), state.message
    assert state.message == "Heard 1 sources, 1 new mentions"


@pytest.mark.skipif(not MODEL.is_file(), reason="the tagger's model is not here")
def test_teaching_leaves_an_artifact_and_is_no_failure_where_there_is_nothing_to_teach(config: Path) -> None:
    state = teach(config=str(config), return_state=True)
    assert state.is_completed(), state.message
    artifact = Artifact.get(key="teach")
    assert artifact is not None
    assert "Nobody has corrected a tag yet" in str(artifact.data)
    config.write_text('model = "mine"\n' + config.read_text("utf-8"), "utf-8")
    assert teach(config=str(config), return_state=True).message == "This desk has a model of its own."


def test_the_friction_report_is_an_artifact(config: Path) -> None:
    state = report(config=str(config), return_state=True)
    assert state.message == "0 topics, 0 people"
    artifact = Artifact.get(key="friction")
    assert artifact is not None
    assert "Nothing was heard in this time" in str(artifact.data)


def test_what_is_too_old_is_erased_by_a_flow(config: Path) -> None:
    assert expire(config=str(config), return_state=True).message == "Erased 0 mentions and 0 answers"


def deployments() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(PREFECT_FILE.read_text("utf-8"))["deployments"]
    return found


@pytest.mark.parametrize("given", deployments(), ids=lambda given: str(given["name"]))
def test_each_deployment_names_a_flow_that_can_be_deployed(given: dict[str, Any]) -> None:
    flow = load_flow_from_entrypoint(str(HOUSE / given["entrypoint"]))
    assert flow.name == given["name"]
    assert isinstance(flow.to_deployment(given["name"], interval=60), RunnerDeployment)


def test_the_pipeline_the_sender_and_the_quiet_work_are_on_and_no_deployment_runs_twice_at_once() -> None:
    on = [given["name"] for given in deployments() if any(schedule["active"] for schedule in given["schedules"])]
    assert on == ["pipeline", "deliver", "teach", "expire", "report"]
    limits = [given["concurrency_limit"] for given in deployments()]
    assert limits == [{"limit": 1, "collision_strategy": "CANCEL_NEW"}] * len(limits)


def test_no_parameter_carries_a_secret() -> None:
    for given in deployments():
        flow = load_flow_from_entrypoint(str(HOUSE / given["entrypoint"]))
        assert set(flow.parameters.properties) <= {"config", "sources"}
