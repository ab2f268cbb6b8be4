"""The one HTTP client: patient where patience helps, silent where it does not, bounded, and discreet."""

import traceback
from datetime import UTC, datetime, timedelta
from itertools import count, islice

import httpx
import pytest

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGarbled, SourceGone
from listeners import paging
from listeners.http import Client
from listeners.limits import Limit, Limits, read_headers, retry_after
from listeners.paging import body_of, by_link, by_number, by_offset, by_token
from listeners.plain import plain
from listeners.testing import Clock
from listeners.wire import MOST_BYTES, USER_AGENT

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECRET = "s3cret-t0ken"


class Wire:
    """Answers in the order given, the last one for ever; remembers what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def client(wire: Wire, clock: Clock | None = None, limits: Limits | None = None) -> Client:
    clock = clock or Clock(NOW)
    return Client(
        "https://m.example",
        platform="mastodon",
        credential="M_TOKEN",
        token=SECRET,
        limits=limits,
        clock=clock,
        sleep=clock.sleep,
        transport=httpx.MockTransport(wire),
    )


@pytest.mark.parametrize(
    ("status", "error", "asked"),
    [
        (401, SourceDenied, 1),
        (403, SourceDenied, 1),
        (404, SourceGone, 1),
        (410, SourceGone, 1),
        (418, SourceError, 1),
        (502, SourceBusy, 4),
    ],
)
def test_a_refusal_says_whether_to_come_back(status, error, asked):
    wire = Wire(httpx.Response(status))
    with client(wire) as http, pytest.raises(error, match=r"m\.example"):
        http.get_json("/x")
    assert len(wire.asked) == asked


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_no_error_repeats_the_token(status):
    with client(Wire(httpx.Response(status, content=SECRET.encode()))) as http, pytest.raises(SourceError) as caught:
        http.get_json("/x")
    assert SECRET not in f"{caught.value} {caught.value.advice} {caught.value!r}"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(httpx.LocalProtocolError(f"Illegal header value b'Bearer {SECRET}\\n'"), id="a line break"),
        pytest.param(UnicodeEncodeError("ascii", SECRET, 0, 1, "ordinal not in range"), id="a curly quote"),
    ],
)
def test_a_token_with_a_sign_that_does_not_belong_there_is_said_and_not_shown(error):
    wire = Wire(error)
    with client(wire) as http, pytest.raises(SourceDenied) as caught:
        http.get("/x")
    assert "M_TOKEN" in caught.value.advice
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert len(wire.asked) == 1


def test_no_error_repeats_a_password_of_an_address():
    wire = httpx.MockTransport(lambda _request: httpx.Response(503))
    with (
        Client(f"https://us:{SECRET}@m.example", platform="x", sleep=lambda _seconds: None, transport=wire) as http,
        pytest.raises(SourceBusy) as caught,
    ):
        http.get("/x")
    assert SECRET not in str(caught.value)


def test_a_refused_token_is_named_by_its_variable():
    with client(Wire(httpx.Response(401))) as http, pytest.raises(SourceDenied) as caught:
        http.get("/x")
    assert "M_TOKEN" in caught.value.advice


def test_backoff_grows_and_ends():
    clock = Clock(NOW)
    with client(Wire(httpx.ConnectError("no route")), clock) as http, pytest.raises(SourceBusy):
        http.get("/x")
    assert 0 < clock.slept < 60


def test_who_asks_says_so():
    wire = Wire(httpx.Response(200, json={}))
    with client(wire) as http:
        http.get_json("/x")
    assert wire.asked[0].headers["user-agent"] == USER_AGENT
    assert "Kummerkasten" in USER_AGENT


def test_a_spent_limit_is_shared_by_everybody_with_the_same_credential():
    limits, clock = Limits(), Clock(NOW)
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": (NOW + timedelta(minutes=4)).isoformat()}
    with client(Wire(httpx.Response(200, headers=headers, json=[])), clock, limits) as first:
        first.get_json("/x")
    wire = Wire(httpx.Response(200, json=[]))
    with client(wire, clock, limits) as second, pytest.raises(SourceBusy) as caught:
        second.get_json("/y")
    assert caught.value.retry_at == NOW + timedelta(minutes=4)
    assert wire.asked == []


def test_a_limit_that_ends_soon_is_waited_for():
    limits, clock = Limits(), Clock(NOW)
    limits.restore([Limit("mastodon", "M_TOKEN", remaining=0, resets_at=NOW + timedelta(seconds=30))])
    with client(Wire(httpx.Response(200, json=[])), clock, limits) as http:
        assert http.get_json("/x") == []
    assert clock.slept == pytest.approx(30)


def test_an_answer_without_end_is_cut():
    big = httpx.Response(200, content=b"x" * (MOST_BYTES + 1))
    with client(Wire(big)) as http, pytest.raises(SourceGarbled, match="MB"):
        http.get("/x")


def test_a_redirect_to_another_server_is_not_followed():
    wire = Wire(httpx.Response(302, headers={"location": "https://evil.example/steal"}))
    with client(wire) as http, pytest.raises(SourceGarbled, match=r"evil\.example"):
        http.get("/x")
    assert {request.url.host for request in wire.asked} == {"m.example"}


def test_a_redirect_on_the_same_server_is_followed():
    wire = Wire(httpx.Response(301, headers={"location": "/new"}), httpx.Response(200, json=[1]))
    with client(wire) as http:
        assert http.get_json("/old") == [1]


def test_a_redirect_on_the_same_server_is_shown_the_credential_again():
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        moved = request.url.path == "/old"
        return httpx.Response(301, headers={"location": "/new"}) if moved else httpx.Response(200, json={})

    with Client("https://m.example", platform="x", token="t", transport=httpx.MockTransport(respond)) as client:
        client.get_json("/old")
    assert [one.headers["authorization"] for one in asked] == ["Bearer t", "Bearer t"]


def test_a_redirect_that_leaves_encryption_is_not_followed():
    location = {"location": "http://m.example/x"}
    transport = httpx.MockTransport(lambda _request: httpx.Response(301, headers=location))
    with Client("https://m.example", platform="x", transport=transport) as client, pytest.raises(SourceGarbled):
        client.get("/y")


def test_a_redirect_that_asks_for_it_gets_the_body_again():
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/old":
            return httpx.Response(308, headers={"location": "/new"})
        return httpx.Response(200, json={"method": request.method, "body": request.content.decode()})

    with Client("https://m.example", platform="x", transport=httpx.MockTransport(respond)) as client:
        assert client.ask_json("/old", {"a": 1}) == {"method": "POST", "body": '{"a":1}'}


def test_an_answer_is_sent_again_only_with_a_key():
    wire = Wire(httpx.Response(503), httpx.Response(200, json={"id": 1}))
    with client(wire) as http, pytest.raises(SourceBusy):
        http.post_json("/statuses", {"status": "Hallo"})
    assert len(wire.asked) == 1
    wire = Wire(httpx.Response(503), httpx.Response(200, json={"id": 1}))
    with client(wire) as http:
        assert http.post_json("/statuses", {"status": "Hallo"}, key="k1") == {"id": 1}
    assert [request.headers["idempotency-key"] for request in wire.asked] == ["k1", "k1"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(200, content=b'{"id": 1'), id="cut off"),
        pytest.param(httpx.Response(200, content=b"x" * (MOST_BYTES + 1)), id="without end"),
        pytest.param(httpx.Response(302, headers={"location": "https://other.example/"}), id="elsewhere"),
    ],
)
def test_what_was_sent_may_have_arrived_where_the_answer_makes_no_sense(answer):
    with client(Wire(answer)) as http, pytest.raises(SourceGarbled) as caught:
        http.post_json("/statuses", {"status": "Hallo"})
    assert caught.value.uncertain
    with client(Wire(answer)) as http, pytest.raises(SourceGarbled) as caught:
        body_of(http, http.send("POST", "/statuses", json={"status": "Hallo"}))
    assert caught.value.uncertain
    with client(Wire(answer)) as http, pytest.raises(SourceGarbled) as caught:
        http.get_json("/statuses")
    assert not caught.value.uncertain


def test_a_list_that_comes_again_is_shown_again_and_left():
    wire = Wire(httpx.Response(200, json=[{"id": 1}, {"id": 2}]))
    with client(wire) as http:
        assert len(list(by_number(http, "/x", {}))) == len(list(by_offset(http, "/x", {}, size=2))) == 2


def test_a_list_without_end_is_not_taken_for_whole(monkeypatch):
    monkeypatch.setattr(paging, "_MOST", 3)
    numbers = count()
    wire = httpx.MockTransport(
        lambda _request: httpx.Response(200, json={"items": [{"id": next(numbers)}], "next": str(next(numbers))})
    )
    with Client("https://m.example", platform="x", transport=wire) as http:
        for walk in (
            by_number(http, "/x", {}, items="items"),
            by_offset(http, "/x", {}, items="items", size=1),
            by_token(http, "/x", {}, items="items", token="next", param="after"),
        ):
            assert len(list(islice(walk, 3))) == 3
            with pytest.raises(SourceGarbled, match="more than 3 pages"):
                next(walk)
        assert len(list(by_number(http, "/x", {}, items="items", last=2))) == 2  # the platform itself gives no more


def test_a_next_page_that_is_named_without_encryption_is_asked_for_with_it():
    wire = Wire(httpx.Response(200, json=[], headers={"link": '<http://m.example/x?page=2>; rel="next"'}))
    with client(wire) as http:
        assert list(by_link(http, "/x", {})) == [[], []]
    assert [str(request.url) for request in wire.asked] == ["https://m.example/x", "https://m.example/x?page=2"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("7", NOW + timedelta(seconds=7), id="seconds"),
        pytest.param("Tue, 24 Nov 2026 12:05:00 GMT", NOW + timedelta(minutes=5), id="date"),
        pytest.param("soon", None, id="nonsense"),
        pytest.param("", None, id="empty"),
        pytest.param("99999999", NOW + timedelta(days=1), id="longer than a day is a day"),
    ],
)
def test_retry_after(value, expected):
    assert retry_after({"Retry-After": value}, NOW) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "60"}, (3, NOW + timedelta(seconds=60))),
        ({"x-rate-limit-remaining": "3", "x-rate-limit-reset": str(int(NOW.timestamp()) + 60)}, (3, NOW + timedelta(seconds=60))),
        ({"X-RateLimit-Reset": "2026-11-24T12:01:00.000000Z"}, (None, NOW + timedelta(seconds=60))),
        ({"RateLimit-Remaining": "12.0"}, (12, None)),
        ({"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "-1"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_rate_headers(headers, expected):
    assert read_headers(headers, NOW) == expected


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hallo</p><p>Welt</p>", "Hallo\nWelt"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("Caf&eacute; &amp; Bar", "Café & Bar"),
        ('<p>Siehe <a href="https://x"><span class="invisible">https://</span><span>x.example</span></a></p>', "Siehe x.example"),
        ("<script>alert(1)</script><p>Text</p>", "Text"),
        ('<img src="x" alt=":herz:"> gut', ":herz: gut"),
        ("3 < 4", "3 < 4"),
        ("", ""),
    ],
)
def test_html_becomes_the_text_a_reader_sees(html, text):
    assert plain(html) == text
