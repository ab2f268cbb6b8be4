"""Typeform: answers meet their questions, scales become stars, deliveries are genuine or refused."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners import typeform
from listeners.contract import Page, Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.typeform import DEFINITION, FORM, delivery
from listeners.sandbox.world import TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage
from listeners.typeform.answers import Form, form_of, to_mention

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "typeform"


def stage(url: str, **options: object) -> Stage:
    given = {"forms": [FORM], **options}
    source = Source(name="survey", platform="typeform", base_url=f"{url}/typeform", token_env="T", options=given)
    return Stage(source, {"T": TOKEN}, "typeform")


class TestTypeformResponses(ListenerContract):
    notices_edits = False

    def stage(self, url: str, world: World) -> Stage:
        return stage(url)


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(stage(url, **options), world.clock)


def test_one_answer_in_words_has_its_question_as_title(world, url):
    world.say("Schneller liefern", channel="typeform", author="jule", stars=3, name="K-4711")
    heard = desk(url, world)
    heard.run()
    [mention] = heard.order
    assert (mention.kind, mention.title, mention.text) == ("survey", "Was können wir besser machen?", "Schneller liefern")
    assert (mention.stars, mention.rating, mention.language) == (3.0, "5/10", "de")
    assert mention.author
    assert mention.author.native_id == "jule@kunden.example"
    assert mention.conversation == mention.native_id
    assert mention.url == "https://admin.typeform.com/form/u6nXL7/results#responses"


def test_the_hidden_field_says_who_answers_where_it_is_named(world, url):
    world.say("gut", channel="typeform", author="jule", name="K-4711")
    heard = desk(url, world, author_field="kundennummer")
    heard.run()
    [mention] = heard.order
    assert mention.author
    assert (mention.author.native_id, mention.author.handle) == ("K-4711", "jule@kunden.example")


def test_a_rating_without_words_is_heard_and_nothing_at_all_is_not(world, url):
    world.say("", channel="typeform", stars=5, author="")
    world.say("", channel="typeform", author="")
    heard = desk(url, world)
    heard.run()
    assert [(mention.text, mention.stars) for mention in heard.order] == [("", 5.0)]


def answer(field: str, kind: str, value: object, ref: str = "") -> dict[str, object]:
    return {"field": {"id": field, "ref": ref, "type": ""}, "type": kind, kind: value}


ANSWERS = [
    answer("npsfield0001", "number", 9),
    answer("longtext0002", "text", "Mehr Farben\n"),
    answer("opinion00003", "number", 4, ref="lieferung"),
    answer("choice000005", "choices", {"labels": ["Preis", "Farbe"], "other": "Gefühl"}),
    answer("yesno0000006", "boolean", True),
    answer("first0000008", "text", "Jule"),
    answer("email0000009", "email", "jule@kunden.example"),
    answer("gone00000010", "file_url", "https://api.typeform.com/bild.jpg"),
    answer("phone0000011", "phone_number", "+49 30 123456"),
]


def read(answers: list[dict[str, object]], **more: str) -> Mention:
    item = {"token": "t1", "submitted_at": "2026-03-01T10:00:00Z", "answers": answers}
    mention = to_mention(item, form_of(DEFINITION), **more)
    assert mention
    return mention


def test_several_answers_stand_below_each_other_each_with_its_question():
    mention = read(ANSWERS)
    assert mention.text.split("\n") == [
        "Was können wir besser machen? Mehr Farben",
        "Wie war die Lieferung? 4/7",
        "Warum, …? Preis, Farbe, Gefühl",
        "Kaufen Sie wieder? ja",
    ]
    assert mention.title == ""
    assert (mention.stars, mention.rating) == (4.6, "9/10")
    assert mention.attachments == ("https://api.typeform.com/bild.jpg",)
    assert mention.author
    assert (mention.author.native_id, mention.author.name) == ("jule@kunden.example", "Jule")
    assert "123456" not in mention.model_dump_json()


def test_the_stars_come_from_the_question_that_is_named():
    mention = read(ANSWERS, stars_from="lieferung")
    assert (mention.stars, mention.rating) == (3.0, "4/7")
    assert "Würden Sie uns empfehlen? 9/10" in mention.text


@pytest.mark.parametrize(
    ("question", "point", "stars", "rating"),
    [
        pytest.param({"type": "nps"}, 0, 1.0, "0/10", id="NPS at its lowest"),
        pytest.param({"type": "nps"}, 10, 5.0, "10/10", id="NPS at its highest"),
        pytest.param({"type": "rating", "properties": {"steps": 5}}, 2, 2.0, "2/5", id="five stars"),
        pytest.param({"type": "rating", "properties": {"steps": 10}}, 10, 5.0, "10/10", id="ten stars"),
        pytest.param({"type": "opinion_scale", "properties": {"steps": 11}}, 5, 3.0, "5/10", id="a scale from 0"),
        pytest.param({"type": "opinion_scale", "properties": {"steps": 5, "start_at_one": True}}, 4, 4.0, "4/5", id="from 1"),
        pytest.param({"type": "rating", "properties": {}}, 4, None, "4", id="a scale of unknown length"),
    ],
)
def test_scales_become_stars_and_keep_their_original(question, point, stars, rating):
    form = form_of({"id": "f", "fields": [{"id": "q", "title": "Wie war's?", **question}]})
    mention = to_mention({"token": "t", "submitted_at": "2026-03-01T10:00:00Z", "answers": [answer("q", "number", point)]}, form)
    assert mention
    assert (mention.stars, mention.rating) == (stars, rating)


def test_a_backlog_is_walked_back_between_two_dates():
    said = datetime(2026, 3, 1, tzinfo=UTC)
    items = [
        {"token": f"t{n}", "submitted_at": f"{said + timedelta(seconds=n // 3):%Y-%m-%dT%H:%M:%SZ}", "answers": ANSWERS[:2]}
        for n in range(500)
    ][::-1]
    asked: list[httpx.URL] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if request.url.path.endswith(FORM):
            return httpx.Response(200, json=DEFINITION)
        until = request.url.params.get("until", "9")
        found = [one for one in items if one["submitted_at"][:-1] <= until]
        return httpx.Response(200, json={"items": found[: int(request.url.params["page_size"])]})

    source = stage("https://x.example", data_center="eu").source.model_copy(update={"base_url": None})
    slept: list[float] = []
    window = Window(said + timedelta(days=1), said - timedelta(days=1))
    transport = httpx.MockTransport(respond)
    with Client("https://api.typeform.com", platform="typeform", transport=transport, sleep=slept.append) as client:
        pages = list(typeform.pull(client, source, None, window))
    assert len({one.native_id for page in pages for one in page.mentions}) == 500
    assert {url.host for url in asked} == {"api.eu.typeform.com"}
    assert not any({"before", "after", "sort"} & set(url.params) for url in asked)
    assert sum(slept) >= 0.5 * (len(asked) - 1)


def delivered(body: bytes, **options: object) -> Page:
    push = typeform.LISTENER.push
    assert push
    return push.read(stage("https://x.example", **options).source, body, datetime.now(UTC))


def genuine(headers: dict[str, str], body: bytes, secret: str = "s3cret") -> bool:
    push = typeform.LISTENER.push
    assert push
    return push.signed(headers, body, {"webhook_secret": secret} if secret else {}, datetime.now(UTC))


def test_a_delivery_is_genuine_by_its_signature_only(world):
    headers, body = delivery(world.say("gut", channel="typeform"), "s3cret", world.clock())
    assert genuine(headers, body)
    assert not genuine(headers, body.replace(b"gut", b"arg"))
    assert not genuine(headers, body, secret="anders")
    assert not genuine(headers, body, secret="")
    assert not genuine({}, body)
    assert not genuine({"typeform-signature": headers["typeform-signature"].removeprefix("sha256=")}, body)


def test_what_is_delivered_is_what_a_pull_hears_however_often(world, url):
    item = world.say("Schneller liefern", channel="typeform", author="jule", stars=4)
    heard = desk(url, world)
    heard.run()
    _, body = delivery(item, "s3cret", world.clock())
    for _ in range(2):
        page = delivered(body)
        assert [one.model_copy(update={"language": "de"}) for one in page.mentions] == heard.order
        assert page.cursor is None


def test_a_delivery_that_a_pull_does_not_see_yet_is_not_taken_for_deleted(world, url):
    item = world.say("ganz neu", channel="typeform")
    item.visible_at = world.clock() + timedelta(minutes=1)
    heard = desk(url, world)
    world.say("Anker", channel="typeform", ago=timedelta(minutes=1))
    heard.run()
    heard._keep(delivered(delivery(item, "s", world.clock())[1]))
    heard.run()
    assert heard.texts() == ["Anker", "ganz neu"]


@pytest.mark.parametrize(
    "change",
    [{"event_type": "form_response_partial"}, {"form_response": {"form_id": "other", "token": "t"}}],
    ids=["partial", "other"],
)
def test_partial_deliveries_and_those_of_other_forms_are_left_alone(world, change):
    _, body = delivery(world.say("gut", channel="typeform"), "s", world.clock())
    assert delivered(json.dumps(json.loads(body) | change).encode()) == Page()


def test_a_delivery_that_is_not_understood_is_kept():
    said = {"form_id": FORM, "token": "t", "submitted_at": "gestern", "answers": [answer("longtext0002", "text", "x")]}
    page = delivered(json.dumps({"event_type": "form_response", "form_response": said}).encode())
    assert not page.mentions
    assert "said_at" in page.broken[0].reason


def test_one_form_that_is_gone_silences_none_of_the_others(world, url):
    world.say("gut", channel="typeform")
    heard = desk(url, world, forms=["weg", FORM])
    with pytest.raises(SourceGone):
        heard.run()
    assert heard.texts() == ["gut"]


def test_verify_names_the_form(world, url):
    heard = desk(url, world, forms=[FORM, "second"])
    with heard.client() as client:
        assert typeform.LISTENER.verify
        assert typeform.LISTENER.verify(client, heard.stage.source) == '"Wie war Ihr Einkauf?" and 1 more'


def test_a_source_without_forms_is_refused():
    with pytest.raises(ConfigurationError, match="forms"):
        listeners.check(Source(name="x", platform="typeform"))


needs_recordings = pytest.mark.skipif(not RECORDED.exists(), reason="the recordings of real servers are not here")


@needs_recordings
def test_every_recorded_response_becomes_a_mention_with_its_words_and_time():
    body = json.loads((RECORDED / "responses.json").read_text(encoding="utf-8"))
    assert len(body["items"]) == 1
    for item in body["items"]:
        mention = to_mention(item, Form("f"))
        assert mention
        assert mention.native_id == item["token"]
        assert mention.text == item["answers"][0]["choice"]["label"]
        assert mention.said_at == datetime.fromisoformat(item["submitted_at"])
        assert mention.author is None


@needs_recordings
def test_the_recorded_delivery_becomes_a_mention_with_its_question_words_and_time():
    raw = (RECORDED / "webhook.form_response.json").read_bytes()
    event = json.loads(raw)["form_response"]
    page = delivered(raw, forms=[event["form_id"]])
    assert page.broken == ()
    [mention] = page.mentions
    assert mention.native_id == event["token"]
    assert mention.title == event["definition"]["fields"][0]["title"]
    assert mention.text == event["answers"][0]["text"]
    assert mention.said_at == datetime.fromisoformat(event["submitted_at"])
    assert event["form_id"] in (mention.url or "")
