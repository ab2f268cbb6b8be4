"""The intake: genuine deliveries are stored before they are acknowledged, everything else stays outside."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from staging import CONFIG, Clock
from starlette.testclient import TestClient
from starlette.types import Message

from flows.intake import MOST_BYTES, app
from flows.settings import Settings, load
from store.tables import Mention, Quarantine, SourceState

SECRET = base64.b64encode(b"a secret of the shop").decode()
SOURCES = """
[[sources]]
name = "shop"
platform = "webhook"
fields = {{ text = "message.body", id = "id", time = "at" }}
token_env = "HOOK"

[[sources]]
name = "wa"
platform = "whatsapp"
phone_number_id = "1"
app_secret_env = "APP"
verify_token_env = "VERIFY"
token_env = "WA"
"""
ENVIRON = {"HOOK": f"whsec_{SECRET}", "APP": "app-secret", "VERIFY": "verify-me", "WA": "token"}


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str) -> Iterator[Settings]:
    path = tmp_path / "kummerkasten.toml"
    path.write_text(f'database = "{sqlite_url}"\n' + (CONFIG + SOURCES).format(url="http://127.0.0.1:9"), encoding="utf-8")
    found = load(path, environ={})
    yield found
    found.close()


@pytest.fixture
def door(settings: Settings, clock: Clock) -> TestClient:
    return TestClient(app(settings, environ=ENVIRON, clock=clock))


def delivery(clock: Clock, body: bytes, *, ago: timedelta = timedelta(0), key: bytes = b"a secret of the shop") -> dict[str, str]:
    """Return the headers of a delivery, signed as Standard Webhooks asks for."""
    stamp = str(int((clock() - ago).timestamp()))
    signed = hmac.new(key, f"msg_1.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(signed).decode()}


def body(clock: Clock, number: int = 1) -> bytes:
    said = {"id": f"c-{number}", "at": (clock() - timedelta(hours=1)).isoformat(), "message": {"body": "Die Kasse hängt"}}
    return json.dumps(said).encode()


def kept(settings: Settings) -> list[str]:
    with settings.session(write=False) as session:
        return sorted(session.exec(select(Mention.text)))


def test_a_genuine_delivery_is_stored(door: TestClient, settings: Settings, clock: Clock) -> None:
    said = body(clock)
    assert door.post("/shop", content=said, headers=delivery(clock, said)).status_code == 200
    assert kept(settings) == ["Die Kasse hängt"]


def test_the_same_delivery_again_is_one_mention(door: TestClient, settings: Settings, clock: Clock) -> None:
    said = body(clock)
    for _ in range(3):
        assert door.post("/shop", content=said, headers=delivery(clock, said)).status_code == 200
    assert len(kept(settings)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"key": b"somebody else's"}, id="another key"),
        pytest.param({"ago": timedelta(minutes=6)}, id="too old"),
        pytest.param({"ago": -timedelta(minutes=6)}, id="from the future"),
    ],
)
def test_what_is_not_genuine_or_not_fresh_stays_outside(
    door: TestClient, settings: Settings, clock: Clock, wrong: dict[str, object]
) -> None:
    said = body(clock)
    answer = door.post("/shop", content=said, headers=delivery(clock, said, **wrong))  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert kept(settings) == []


def test_a_changed_body_stays_outside(door: TestClient, settings: Settings, clock: Clock) -> None:
    said = body(clock)
    assert door.post("/shop", content=said + b" ", headers=delivery(clock, said)).status_code == 401
    assert door.post("/shop", content=said).status_code == 401
    assert kept(settings) == []


def test_what_is_too_large_is_not_read(door: TestClient, clock: Clock) -> None:
    said = b"x" * (MOST_BYTES + 1)
    assert door.post("/shop", content=said, headers=delivery(clock, said)).status_code == 413


@pytest.mark.parametrize("then", ["silence", "gone"])
def test_whoever_begins_a_delivery_and_does_not_end_it_is_not_waited_for(settings: Settings, clock: Clock, then: str) -> None:
    intake, answers = app(settings, environ=ENVIRON, clock=clock, patience=0.05), []
    pieces = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> Message:
        if pieces:
            return pieces.pop()
        if then == "gone":
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": "/shop", "query_string": b"", "headers": [], "root_path": ""}
    asyncio.run(intake(scope, receive, send))
    assert answers[0]["status"] == 408
    assert kept(settings) == []


@pytest.mark.parametrize("stamp", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "²", "9" * 400, "nan"])
def test_a_time_outside_of_the_calendar_is_not_genuine(door: TestClient, clock: Clock, stamp: str) -> None:
    headers = {**delivery(clock, b"{}"), "webhook-timestamp": stamp.encode()}
    assert door.post("/shop", content=b"{}", headers=headers).status_code == 401


def test_what_is_nested_without_end_is_kept_as_it_came(door: TestClient, settings: Settings, clock: Clock) -> None:
    said = b"[" * 200_000
    assert door.post("/shop", content=said, headers=delivery(clock, said)).status_code == 200
    with settings.session(write=False) as session:
        assert session.exec(select(Quarantine.raw)).one() == said


def test_what_nobody_understands_is_kept_as_it_came(door: TestClient, settings: Settings, clock: Clock) -> None:
    said = b'{"no": "words"}'
    assert door.post("/shop", content=said, headers=delivery(clock, said)).status_code == 200
    with settings.session(write=False) as session:
        assert session.exec(select(Quarantine.raw)).one() == said


def test_what_could_not_be_stored_is_not_acknowledged(
    settings: Settings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = TestClient(app(settings, environ=ENVIRON, clock=clock))
    said = body(clock)
    with settings.session() as session:
        session.connection().exec_driver_sql("ALTER TABLE mention RENAME TO elsewhere")
        session.commit()
    assert door.post("/shop", content=said, headers=delivery(clock, said)).status_code == 503


def test_an_unknown_name_is_nobody(door: TestClient) -> None:
    assert door.post("/nobody", content=b"{}").status_code == 404


def test_a_missing_secret_is_not_set_up_and_lets_nothing_in(settings: Settings, clock: Clock) -> None:
    door = TestClient(app(settings, environ={}, clock=clock))
    assert door.post("/shop", content=b"{}").status_code == 503
    assert kept(settings) == []


def test_metas_question_whether_the_address_is_ours_is_answered_for_the_right_word_alone(door: TestClient) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "verify-me"}
    assert door.get("/wa", params=asked).text == "1158201444"
    assert door.get("/wa", params=asked | {"hub.verify_token": "guessed"}).status_code == 403
    assert door.get("/wa").status_code == 403


def test_the_page_knows_what_a_platform_that_only_pushes_allows_of_answers(door: TestClient, settings: Settings) -> None:
    with settings.session(write=False) as session:
        rules = session.exec(select(SourceState.replies).where(SourceState.source == "wa")).one()
    assert rules
    assert rules["dm"]["within"] == "P1D"
