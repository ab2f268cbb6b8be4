"""WooCommerce: reviews with their stars, what stands below them, answers as one of the shop's users, and refusals."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import listeners
from desk.errors import ConfigurationError, SourceDenied, SourceGone
from desk.source import Source
from listeners import woocommerce, wordpress_refusals
from listeners.contract import ReplyTo, Window
from listeners.http import Client
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.woocommerce import KEY
from listeners.sandbox.world import BRAND, TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "woocommerce"
KEYS = {"consumer_key": "K", "consumer_secret": "S"}
ENVIRON = {"K": KEY, "S": TOKEN, "P": TOKEN}


def stage(url: str, signed_in: bool = True, channel: str = "woocommerce", **options: object) -> Stage:
    secrets = KEYS | ({"password": "P"} if signed_in else {})
    given = options | ({"user": BRAND} if signed_in else {})
    source = Source(name="shop", platform="woocommerce", base_url=f"{url}/woocommerce", secrets=secrets, options=given)
    return Stage(source, ENVIRON, channel)


class TestWooCommerceReviews(ListenerContract):
    whole_texts = False

    def stage(self, url: str, world: World) -> Stage:
        return stage(url, signed_in=False)


class TestWooCommerceReviewsWithWhatStandsBelow(ListenerContract):
    hears_replies = True
    whole_texts = False

    def stage(self, url: str, world: World) -> Stage:
        return stage(url)


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, signed_in: bool = True, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(stage(url, signed_in, **options), world.clock)


def test_a_review_has_its_stars_its_author_and_its_place_in_the_shop(world, url):
    world.say("Sehr bequem", channel="woocommerce", author="jule", stars=4)
    world.say("Ohne Sterne", channel="woocommerce", author="tom")
    heard = desk(url, world)
    heard.run()
    one, two = heard.order
    assert (one.kind, one.stars, one.rating) == ("review", 4.0, "4/5")
    assert (two.stars, two.rating) == (None, None)
    assert one.url == "https://kastanie.example/produkt/sofa-helsinki/#comment-1"
    assert one.conversation == one.native_id
    assert (one.author.name, one.ours) == ("jule", False)
    assert one.author.native_id.startswith("gravatar/")


def test_what_stands_below_a_review_joins_its_conversation(world, url):
    review = world.say("Ein Bein wackelt", channel="woocommerce", author="jule", stars=2)
    answer = world.say("Wir schicken Ersatz", channel="woocommerce", author=BRAND, parent=review.key, ours=True)
    world.say("Bei mir auch", channel="woocommerce", author="tom", parent=answer.key)
    heard = desk(url, world)
    heard.run()
    review_heard = next(one for one in heard.order if one.stars)
    assert {mention.conversation for mention in heard.order} == {review_heard.native_id}
    assert {(one.text, one.kind, one.ours) for one in heard.order} == {
        ("Ein Bein wackelt", "review", False),
        ("Wir schicken Ersatz", "review", True),
        ("Bei mir auch", "comment", False),
    }
    without = desk(url, world, signed_in=False)
    without.run()
    assert without.texts() == ["Ein Bein wackelt"]


@pytest.mark.parametrize("held", [True, False])
def test_reviews_that_wait_are_heard_unless_they_are_not_wanted(world, url, held):
    world.say("wartet", channel="woocommerce.held", author="jule", stars=1)
    heard = desk(url, world, held=held)
    heard.run()
    assert heard.texts() == (["wartet"] if held else [])


def test_an_answer_is_sent_found_again_and_heard_back_under_the_same_id(world, url):
    world.say("Ein Bein wackelt", channel="woocommerce", author="jule", stars=2)
    heard = desk(url, world)
    heard.run()
    mention = heard.order[0]
    to = ReplyTo(mention.native_id, mention.conversation, mention.kind, "jule")
    began = world.clock()
    with heard.client() as client:
        source = heard.stage.source
        assert woocommerce.look(client, source, to, "Ersatz ist unterwegs", began) is None
        receipt = woocommerce.reply(client, source, to, "Ersatz ist unterwegs", "key")
        assert woocommerce.look(client, source, to, "Ersatz ist unterwegs", began) == receipt
        assert woocommerce.look(client, source, to, "etwas anderes", began) is None
    world.clock.sleep(60)
    heard.run()
    ours = heard.heard[receipt.native_id]
    assert (ours.text, ours.ours, ours.kind, ours.parent) == ("Ersatz ist unterwegs", True, "review", mention.native_id)
    assert ours.conversation == mention.conversation


def test_an_answer_without_a_user_says_what_is_missing(world, url):
    world.say("Ein Bein wackelt", channel="woocommerce")
    heard = desk(url, world, signed_in=False)
    heard.run()
    to = ReplyTo(heard.order[0].native_id, heard.order[0].conversation, "review")
    with heard.client() as client, pytest.raises(SourceDenied) as caught:
        woocommerce.reply(client, heard.stage.source, to, "Hallo", "key")
    assert "set user and password_env" in caught.value.advice


@pytest.mark.parametrize(
    ("secrets", "options", "said"),
    [
        pytest.param({"consumer_key": "K"}, {}, "consumer_secret_env", id="half a key"),
        pytest.param(KEYS, {"user": "kim"}, "belong together", id="user without password"),
        pytest.param({**KEYS, "password": "P"}, {}, "belong together", id="password without user"),
    ],
)
def test_an_incomplete_credential_says_what_is_missing(secrets, options, said):
    source = Source(name="s", platform="woocommerce", base_url="https://s.example", secrets=secrets, options=options)
    with pytest.raises(ConfigurationError, match=said):
        listeners.connect(source, ENVIRON)


def test_a_refused_key_says_where_to_make_another(world, url):
    heard = desk(url, world, signed_in=False)
    heard.environ["S"] = "falsch"
    with pytest.raises(SourceDenied) as caught:
        heard.run()
    assert "REST API" in caught.value.advice
    assert "falsch" not in str(caught.value) + caught.value.advice


def test_comments_of_the_shops_blog_and_of_other_products_are_left_alone():
    asked: list[httpx.URL] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if request.url.path.endswith("/me"):
            return httpx.Response(200, json={"id": 1, "name": "Kim"})
        said = {"id": 5, "date_gmt": "2026-03-01T10:00:00", "content": {"rendered": "<p>ja</p>"}, "parent": 0}
        below_post = said | {"_links": {"up": [{"post_type": "post"}]}}
        below_product = said | {"id": 6, "_links": {"up": [{"post_type": "product"}]}}
        return httpx.Response(200, json=[] if "/wc/" in request.url.path else [below_post, below_product])

    now = datetime(2026, 3, 2, tzinfo=UTC)
    source = stage("https://b.example", products=[7, 8]).source
    transport = httpx.MockTransport(respond)
    with Client("https://b.example", platform="woocommerce", secrets={"password": "p"}, transport=transport) as client:
        pages = list(woocommerce.pull(client, source, None, Window(now, now - timedelta(days=5))))
    assert {one.native_id for page in pages for one in page.mentions} == {"b.example/6"}
    assert {url.params.get("product") or url.params.get("post") for url in asked if "me" not in url.path.split("/")} == {"7,8"}


def test_verify_says_how_many_reviews_and_as_whom(world, url):
    world.say("gut", channel="woocommerce", stars=5)
    for signed_in, said in ((True, "1 reviews, answers as Kastanie Möbel"), (False, "/woocommerce, 1 reviews")):
        heard = desk(url, world, signed_in=signed_in)
        with heard.client() as client:
            assert woocommerce.verify(client, heard.stage.source).endswith(said)


needs_recordings = pytest.mark.skipif(not RECORDED.exists(), reason="the recordings of real servers are not here")


def recorded(name: str) -> list[dict[str, object]]:
    """Return the reviews in a recorded answer, however it wraps them."""
    body = json.loads((RECORDED / name).read_text(encoding="utf-8"))
    if isinstance(body, list):
        return body
    if "review" in body:
        return [body]
    return [one.get("previous", one) for one in [*body.get("create", []), *body.get("update", []), *body.get("delete", [body])]]


@needs_recordings
@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("list_all_product_reviews.json", 2),
        ("create_a_product_review.json", 1),
        ("retrieve_a_product_review.json", 1),
        ("update_a_product_review.json", 1),
        ("delete_a_product_review.json", 1),
        ("batch_update_product_reviews.json", 4),
    ],
)
def test_every_recorded_review_becomes_a_mention_with_its_words_stars_author_time_and_link(name, amount):
    items = recorded(name)
    assert len(items) == amount
    with Client("https://example.com", platform="woocommerce") as client:
        for item in items:
            mention = woocommerce.to_mention(item, client, team=set())
            assert mention.native_id == f"example.com/{item['id']}"
            assert mention.text == str(item["review"]).strip().removeprefix("<p>").removesuffix("</p>")
            assert mention.stars == item["rating"]
            assert mention.said_at == datetime.fromisoformat(f"{item['date_created_gmt']}+00:00")
            assert mention.author is not None
            assert mention.author.name == item["reviewer"]
            assert mention.url == f"https://example.com/?p={item['product_id']}#comment-{item['id']}"
            assert str(item["reviewer_email"]) not in mention.model_dump_json()


@needs_recordings
@pytest.mark.parametrize(("name", "error"), [("error_1.json", SourceGone), ("error_2.json", SourceGone)])
def test_recorded_refusals_are_understood(name, error):
    body = json.loads((RECORDED / name).read_text(encoding="utf-8"))
    transport = httpx.MockTransport(lambda request: httpx.Response(body["data"]["status"], json=body))
    client = Client("https://s.example", platform="woocommerce", refusal=wordpress_refusals.refusal, transport=transport)
    with client, pytest.raises(error):
        client.get_json(woocommerce.REVIEWS)
