"""Two workers never do the same work, and the dead keep none."""

from sqlmodel import Session
from things import HOUR, MINUTE, NOW, kept, read, route, said, unread, unrouted

from store.claims import claim_unread, claim_unrouted, release, waiting_counts


def test_what_one_worker_has_claimed_another_does_not_get(session: Session) -> None:
    kept(session, *(said(str(number)) for number in range(5)))
    first, second = unread(session, "w1", limit=3), unread(session, "w2")
    assert (len(first), len(second), set(first) & set(second)) == (3, 2, set())
    assert unread(session, "w3") == []


def test_the_oldest_come_first(session: Session) -> None:
    kept(session, said("b"))
    kept(session, said("a"))
    assert unread(session) == sorted(unread(session, now=NOW + HOUR))


def test_the_claim_of_a_dead_worker_expires(session: Session) -> None:
    kept(session, said())
    assert unread(session, "w1") == unread(session, "w2", NOW + 10 * MINUTE)


def test_what_is_given_back_is_free_at_once(session: Session) -> None:
    kept(session, said())
    release(session, unread(session, "w1"), "w1")
    assert len(unread(session, "w2")) == 1


def test_a_tagger_gets_title_and_text(session: Session) -> None:
    kept(session, said("1", "kaputt", title="Sofa"), said("2", "ganz"))
    assert [one.text for one in claim_unread(session, "w", NOW)] == ["Sofa\nkaputt", "ganz"]


def test_a_router_gets_the_mention_as_it_was_said_and_what_stands_about_it(session: Session) -> None:
    spoken = said("1", "Größe fehlt", conversation="c", stars=2, attachments=("a.png",), parent="0")
    kept(session, spoken, said("2", by=None))
    read(session, "1", "2")
    first, second = claim_unrouted(session, "w", NOW)
    assert (first.source, first.heard_at, first.tags.friction) == ("garten", NOW, {"payment": 0.93})
    assert first.mention == spoken.model_copy(update={"language": "de"})
    assert second.mention.author is None


def test_each_step_gets_what_waits_for_it(session: Session) -> None:
    kept(session, said("1"), said("2"), said("3", ours=True))
    assert waiting_counts(session) == (2, 0)
    assert unrouted(session) == []
    read(session, "1")
    assert waiting_counts(session) == (1, 1)
    assert len(unrouted(session)) == 1
    route(session, "1")
    assert waiting_counts(session) == (1, 0)
