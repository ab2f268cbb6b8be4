"""Trusted Shops: reviews by their last change, answers beside them, order data left behind, rejections noted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from desk.errors import SourceDenied
from desk.source import Source
from listeners.contract import ReplyTo, Window
from listeners.paging import pick
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.trusted_shops import CHANNEL
from listeners.sandbox.world import TOKEN, World
from listeners.testing import Clock, Desk, ListenerContract, Stage
from listeners.trusted_shops import LISTENER, to_mentions

DESCRIPTION = Path(__file__).parents[2] / ".." / "shared" / "recordings" / "trusted_shops" / "etrusted.reviews.public.yaml"
ENVIRON = {"ID": TOKEN, "SECRET": TOKEN}


def source(url: str, **options: object) -> Source:
    given: dict[str, Any] = {"client_id_env": "ID", "token_env": "SECRET", **options}
    return Source.model_validate({"name": "ts", "platform": "trusted_shops", "base_url": f"{url}/trusted_shops", **given})


class TestReviews(ListenerContract):
    def stage(self, url: str, world: World) -> Stage:
        return Stage(source(url), ENVIRON, "trusted_shops")


@pytest.fixture
def world() -> World:
    return World(Clock())


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world, Mischief()) as address:
        yield address


def desk(url: str, world: World, **options: object) -> Desk:
    assert isinstance(world.clock, Clock)
    return Desk(Stage(source(url, **options), ENVIRON, "trusted_shops"), world.clock)


def to(native_id: str) -> ReplyTo:
    return ReplyTo(native_id, native_id, "review")


def test_a_review_has_its_stars_title_language_and_the_name_that_is_shown(world, url):
    world.say("Kommt nicht an.", channel="trusted_shops", title="Ärger", author="jule", name="Jule Kastner", stars=2)
    heard = desk(url, world, channels=[CHANNEL])
    heard.run()
    review = heard.order[0]
    assert (review.stars, review.rating, review.kind, review.title, review.language) == (2, "2/5", "review", "Ärger", "de")
    assert review.author is not None
    assert review.author.name == "Jule K."


def test_neither_e_mail_nor_surname_nor_order_is_kept(world, url):
    world.say("gut", channel="trusted_shops", author="jule", name="Jule Kastner")
    heard = desk(url, world)
    heard.run()
    assert not any(secret in repr(heard.order) for secret in ("example.org", "4711", "Kastner"))


def test_nor_are_they_kept_in_quarantine(world, url):
    world.say("gut", channel="trusted_shops", name="Jule Kastner").language = "x" * 40  # no language that anybody knows
    heard = desk(url, world)
    window = Window(world.clock(), world.clock() - timedelta(days=1))
    with heard.client() as client:
        failed = [one for page in LISTENER.pull(client, heard.stage.source, None, window) for one in page.broken]
    assert len(failed) == 1
    assert not any(secret in failed[0].raw for secret in (b"example.org", b"4711", b"Kastner"))


def test_an_answer_to_an_old_review_is_heard_as_ours_and_the_review_is_not_told_again(world, url):
    item = world.say("Kommt nicht an.", channel="trusted_shops", ago=timedelta(days=20))
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3 * 3600)
    world.say("neu", channel="trusted_shops")
    heard.run()
    world.answer(item, "Das tut uns leid.", "")
    heard.run()
    review, _, answer = heard.order
    assert (answer.text, answer.ours, answer.kind) == ("Das tut uns leid.", True, "review")
    assert (answer.parent, answer.conversation) == (review.native_id, review.conversation)
    assert answer.native_id == f"{review.native_id}/reply"


def test_an_old_review_that_its_author_edits_is_heard_again(world, url):
    item = world.say("Kommt nicht an.", channel="trusted_shops", ago=timedelta(days=20))
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    world.edit(item.key, "Ist doch noch gekommen.")
    heard.run()
    assert heard.texts() == ["Ist doch noch gekommen."]
    assert heard.edits == 1
    assert next(iter(heard.heard.values())).edited_at == world.clock()


def test_a_review_that_trusted_shops_rejects_is_gone(world, url):
    item = world.say("Unfug", channel="trusted_shops", ago=timedelta(days=20))
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    item.country = "rejected"
    world.edit(item.key, "Unfug")  # the list goes by the last change
    heard.run()
    assert heard.texts() == []


def test_an_answer_that_was_taken_back_is_gone(world, url):
    item = world.say("Kommt nicht an.", channel="trusted_shops")
    answer = world.answer(item, "Danke!", "")
    heard = desk(url, world)
    heard.run()
    world.clock.sleep(3600)
    world.delete(answer.key)
    heard.run()
    assert heard.texts() == ["Kommt nicht an."]


def test_an_answer_is_sent_and_heard_again_under_the_same_id(world, url):
    world.say("Kommt nicht an.", channel="trusted_shops")
    heard = desk(url, world)
    heard.run()
    with heard.client() as client:
        receipt = LISTENER.reply(client, heard.stage.source, to(heard.order[0].native_id), "Wir schauen nach.", "key")
    assert [sent["text"] for sent in world.sent] == ["Wir schauen nach."]
    world.clock.sleep(60)
    heard.run()
    assert heard.heard[receipt.native_id].text == "Wir schauen nach."
    assert heard.deleted == set()


def test_look_finds_our_answer_and_only_ours_of_that_time(world, url):
    item = world.say("Kommt nicht an.", channel="trusted_shops")
    heard = desk(url, world)
    heard.run()
    native_id, before = heard.order[0].native_id, world.clock()
    with heard.client() as client:

        def look(text: str, since: datetime) -> Any:
            return LISTENER.look(client, heard.stage.source, to(native_id), text, since)

        assert look("Wir schauen nach.", before) is None
        world.answer(item, "Wir schauen nach.", "")
        assert look("Wir schauen nach.", before).native_id == f"{native_id}/reply"
        assert look("Etwas anderes.", before) is None
        assert look("Wir schauen nach.", before + timedelta(hours=1)) is None


@pytest.mark.parametrize(("kinds", "texts"), [(["service"], ["Laden"]), (["product"], ["Sofa"])])
def test_only_the_kinds_that_are_asked_for_are_heard(world, url, kinds, texts):
    world.say("Laden", channel="trusted_shops")
    world.say("Sofa", channel="trusted_shops", country="product")
    heard = desk(url, world, kinds=kinds)
    heard.run()
    assert heard.texts() == texts


def test_a_wrong_secret_gives_no_token_and_says_what_to_do(world, url):
    heard = desk(url, world)
    heard.environ["SECRET"] = "wrong"
    with pytest.raises(SourceDenied, match="gives no token") as caught:
        heard.run()
    assert "kummerkasten.env" in caught.value.advice
    assert "wrong" not in str(caught.value)


def test_a_token_that_has_run_out_is_renewed(world, url):
    world.say("gut", channel="trusted_shops")
    heard = desk(url, world)
    with heard.client() as client:
        LISTENER.verify(client, heard.stage.source)
        before = client.requests
        world.clock.sleep(3600)
        LISTENER.verify(client, heard.stage.source)
    assert client.requests - before == 2


def test_verify_says_how_much_there_is(world, url):
    world.say("gut", channel="trusted_shops")
    heard = desk(url, world)
    with heard.client() as client:
        assert LISTENER.verify(client, heard.stage.source) == "acc-1 (reviews: 1)"


def example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return the example that a schema gives, however deep."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "properties" in schema:
        return {name: example(one, schemas) for name, one in schema["properties"].items()}
    if schema.get("type") == "array":
        return [example(schema["items"], schemas)]
    return schema.get("example", (schema.get("enum") or [None])[0])


@pytest.mark.skipif(not DESCRIPTION.exists(), reason="the recordings are not here")
def test_the_example_of_the_official_description_becomes_a_mention_and_its_answer_another():
    schemas = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))["components"]["schemas"]
    described = example(schemas["CustomerReviewListResponse"], schemas)
    assert len(described["items"]) == 1
    assert pick(described, "paging.cursor.after")
    said = described["items"][0]
    review, answer = to_mentions(said)
    assert (review.native_id, review.title, review.text) == (said["id"], said["title"], said["comment"])
    assert (review.stars, review.rating, review.language) == (4.6, "4.6/5", "en")
    assert review.said_at == datetime(2018, 2, 1, 17, 9, 41, 790_000, tzinfo=UTC)
    assert review.author is not None
    assert review.author.name == "John D."
    assert review.url is None  # the API tells none
    assert review.attachments == (said["additionalInformation"]["attachments"]["images"][0]["urlOriginal"],)
    assert answer.text == said["reply"]["comment"]
    assert answer.edited_at == datetime(2018, 2, 1, 17, 11, 33, 121_000, tzinfo=UTC)
