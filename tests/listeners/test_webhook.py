"""Webhooks: only what is genuine and fresh is read, signed in any of the usual ways, and delivered twice it is one mention."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import listeners
from desk.errors import ConfigurationError
from desk.source import Source
from listeners.contract import Page, Push, Window
from listeners.http import Client

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The secret, id, time and signature of the specification's own example."""
ID, STAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(STAMP, UTC)
FIELDS = {"text": "data.message", "id": "data.id", "time": "sent_at", "author": "data.user"}


def source(**options: object) -> Source:
    return Source(name="chat", platform="webhook", token_env="T", options={"fields": FIELDS} | options)


def push(**options: object) -> Push:
    found = listeners.listener("webhook").push
    assert found
    return found.by(source(**options))


def headers(**more: str) -> dict[str, str]:
    return {"webhook-id": ID, "webhook-timestamp": str(STAMP), "webhook-signature": SIGNATURE} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


def signed(secret: str, message: bytes, digest: str = "sha256", *, raw: bool = False) -> str:
    code = hmac.new(secret.encode(), message, getattr(hashlib, digest)).digest()
    return base64.b64encode(code).decode() if raw else code.hex()


def read(payload: Any, **options: object) -> Page:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return push(**options).read(source(**options), body, NOW)


def test_the_example_of_the_specification_is_genuine():
    assert push().signed(headers(), BODY, {"token": SECRET}, NOW)


@pytest.mark.parametrize(
    ("changed", "body", "secrets", "now"),
    [
        pytest.param({}, BODY + b" ", {"token": SECRET}, NOW, id="another body"),
        pytest.param({"webhook_id": "msg_x"}, BODY, {"token": SECRET}, NOW, id="another id"),
        pytest.param({"webhook_timestamp": str(STAMP + 1)}, BODY, {"token": SECRET}, NOW, id="another time"),
        pytest.param({}, BODY, {"token": SECRET}, NOW + timedelta(minutes=6), id="replayed later"),
        pytest.param({}, BODY, {"token": SECRET}, NOW - timedelta(minutes=6), id="from the future"),
        pytest.param({}, BODY, {"token": "whsec_" + "A" * 32}, NOW, id="another secret"),
        pytest.param({}, BODY, {"token": "not base64 !"}, NOW, id="a secret that is none"),
        pytest.param({}, BODY, {"token": "whsec_"}, NOW, id="an empty secret"),
        pytest.param({}, BODY, {}, NOW, id="no secret"),
        pytest.param({"webhook_signature": ""}, BODY, {"token": SECRET}, NOW, id="no signature"),
        pytest.param({"webhook_signature": SIGNATURE.replace("v1,", "v1a,")}, BODY, {"token": SECRET}, NOW, id="another scheme"),
        pytest.param({"webhook_timestamp": "soon"}, BODY, {"token": SECRET}, NOW, id="no time"),
        pytest.param({"webhook_signature": "v1,ä"}, BODY, {"token": SECRET}, NOW, id="not ASCII"),
    ],
)
def test_what_is_not_genuine_or_not_fresh_is_refused(changed, body, secrets, now):
    assert not push().signed(headers(**changed), body, secrets, now)


def test_one_of_several_signatures_is_enough_and_so_is_the_secret_of_before():
    several = headers(webhook_signature=f"v1a,xyz v1,{'A' * 43}= {SIGNATURE}")
    assert push().signed(several, BODY, {"token": SECRET}, NOW)
    assert push().signed(headers(), BODY, {"token": "whsec_" + "A" * 32, "previous": SECRET}, NOW)


def test_a_window_of_ones_own_is_kept():
    assert push(replay_minutes=10).signed(headers(), BODY, {"token": SECRET}, NOW + timedelta(minutes=9))
    assert not push(replay_minutes=1).signed(headers(), BODY, {"token": SECRET}, NOW + timedelta(minutes=2))


GITHUB = {"scheme": "hmac", "signature_header": "X-Hub-Signature-256", "signature_prefix": "sha256="}
SHOPIFY = {"scheme": "hmac", "signature_header": "X-Shopify-Hmac-Sha256", "encoding": "base64"}
SLACK = {
    "scheme": "hmac",
    "signature_header": "X-Slack-Signature",
    "signature_prefix": "v0=",
    "timestamp_header": "X-Slack-Request-Timestamp",
    "signed_text": "v0:{timestamp}:{body}",
}
OLD = {"scheme": "hmac", "algorithm": "sha1"}


@pytest.mark.parametrize(
    ("options", "given"),
    [
        pytest.param(GITHUB, {"x-hub-signature-256": "sha256=" + signed("s", BODY)}, id="prefix and hex"),
        pytest.param(GITHUB, {"x-hub-signature-256": "sha256=" + signed("s", BODY).upper()}, id="large letters"),
        pytest.param(SHOPIFY, {"x-shopify-hmac-sha256": signed("s", BODY, raw=True)}, id="base64"),
        pytest.param(
            SLACK,
            {"x-slack-signature": "v0=" + signed("s", f"v0:{STAMP}:".encode() + BODY), "x-slack-request-timestamp": str(STAMP)},
            id="with the time",
        ),
        pytest.param(OLD, {"x-signature": signed("s", BODY, "sha1")}, id="sha1"),
    ],
)
def test_any_hmac_is_understood_and_nothing_that_looks_like_it(options, given):
    check = push(**options).signed
    assert check(given, BODY, {"token": "s"}, NOW)
    assert check(given, BODY, {"token": "x", "previous": "s"}, NOW)
    assert not check(given, BODY + b"x", {"token": "s"}, NOW)
    assert not check(given, BODY, {"token": "other"}, NOW)
    assert not check(given, BODY, {}, NOW)
    assert not check({}, BODY, {"token": "s"}, NOW)
    header = next(iter(given))
    assert not check(given | {header: "md5=" + given[header]}, BODY, {"token": "s"}, NOW)
    late = check(given, BODY, {"token": "s"}, NOW + timedelta(hours=1))
    assert late is ("timestamp_header" not in options)


def test_a_delivery_becomes_a_mention_and_again_it_is_the_same():
    payload = {"sent_at": "2026-08-30T10:00:00Z", "data": {"id": 7, "message": "Der Chat hängt", "user": "jule"}}
    page = read(payload)
    (mention,) = page.mentions
    assert (mention.native_id, mention.text, mention.kind) == ("chat/7", "Der Chat hängt", "comment")
    assert mention.said_at == datetime(2026, 8, 30, 10, tzinfo=UTC)
    assert page.cursor is None
    assert read(payload) == page


def test_without_a_time_it_was_said_when_it_came_and_without_an_id_it_is_known_by_all_it_holds():
    fields = {"text": "message"}
    one, other = (read({"message": "hallo", "n": number}, fields=fields).mentions[0] for number in (1, 2))
    assert one.said_at == NOW
    assert one.native_id == read({"n": 1, "message": "hallo"}, fields=fields).mentions[0].native_id != other.native_id


def test_a_list_in_the_body_is_read_item_by_item_and_a_bad_one_spoils_no_other():
    items = [{"m": "eins"}, {"x": 1}, "drei"]
    page = read({"events": items}, items="events", fields={"text": "m"})
    assert [mention.text for mention in page.mentions] == ["eins"]
    assert [broken.place for broken in page.broken] == ["the delivery, item 2", "the delivery, item 3"]


@pytest.mark.parametrize("body", [b"m=Hallo+Welt&n=1", b"payload=%7B%22m%22%3A+%22Hallo+Welt%22%7D"])
def test_a_form_is_read_too(body):
    assert [mention.text for mention in read(body, fields={"text": "m"}).mentions] == ["Hallo Welt"]


@pytest.mark.parametrize(
    ("body", "reason"), [(b"{oops", "neither JSON nor a form"), (b"\xff\xfe", "neither"), (b'{"a": 1}', 'nothing at "events"')]
)
def test_a_body_that_cannot_be_read_is_kept_as_it_came(body, reason):
    page = read(body, items="events")
    assert page.mentions == ()
    assert page.broken[0].raw == body
    assert reason in page.broken[0].reason


def test_nothing_is_ever_asked_for():
    with Client("http://localhost", platform="webhook") as client:
        assert list(listeners.listener("webhook").pull(client, source(), None, Window(NOW, NOW))) == []
        assert client.requests == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"signed_text": "{body}.{timestamp}"}, "must end with {body}"),
        ({"timestamp_header": "x-time"}, "protects nothing"),
        ({"signed_text": "{timestamp}.{body}"}, "timestamp_header"),
        ({"algorithm": "md5"}, "algorithm"),
        ({"fields": {}}, "text"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_what_to_write(options, said):
    with pytest.raises(ConfigurationError) as caught:
        listeners.check(source(**options))
    assert said in str(caught.value)


def test_verify_says_how_deliveries_are_checked():
    verify = listeners.listener("webhook").verify
    assert verify
    with Client("http://localhost", platform="webhook", credential="T", token=SECRET) as client:
        assert verify(client, source()) == "Standard Webhooks"
        assert verify(client, source(**GITHUB)) == "HMAC sha256 in X-Hub-Signature-256"
    for token, said in (("hello!", "none of Standard Webhooks"), (None, "token_env")):
        with Client("http://localhost", platform="webhook", credential="T", token=token) as client:
            with pytest.raises(ConfigurationError, match=said) as caught:
                verify(client, source())
            assert "hello!" not in str(caught.value)
