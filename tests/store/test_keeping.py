"""Guarantees 1, 2, 3 and 6: nothing heard is lost, nothing comes twice, edits and deletions are seen, what is broken is kept."""

from datetime import datetime

import pytest
from sqlmodel import Session, select
from things import DAY, HOUR, MINUTE, NOW, SOURCE, Broken, Page, kept, read, route, row, said, waiting

from desk.errors import LeaseLost
from desk.mention import Author
from store import leases, ledger
from store.ledger import quarantined
from store.mentions import Kept, cursor, keep, known
from store.tables import Author as AuthorRow
from store.tables import Conversation, Mention, MentionVersion, Pull, Quarantine


def versions(session: Session) -> list[str]:
    return list(session.exec(select(MentionVersion.text).order_by(MentionVersion.id)))


def test_a_page_and_its_cursor_are_kept_together(session: Session) -> None:
    assert kept(session, said("1"), said("2"), cursor="2") == Kept(fetched=2, new=2)
    assert cursor(session, "garten") == "2"
    assert cursor(session, "another") is None


def test_everything_a_mention_says_comes_back(session: Session) -> None:
    kept(
        session, said("1", "Größe 😀 \x00 fehlt", title="Sofa", stars=2, rating="4/10", reach=12, attachments=("a.png", "b.png"))
    )
    stored = row(session)
    assert (stored.text, stored.title, stored.stars, stored.rating) == ("Größe 😀 \ufffd fehlt", "Sofa", 2, "4/10")
    assert (stored.reach, stored.attachments, stored.said_at, stored.heard_at) == (12, ["a.png", "b.png"], NOW - HOUR, NOW)


def test_the_same_page_again_changes_nothing(session: Session) -> None:
    page = (said("1"), said("2"))
    kept(session, *page, cursor="2")
    assert kept(session, *page, cursor="2") == Kept(fetched=2)
    assert len(session.exec(select(Mention)).all()) == 2


def test_a_mention_twice_in_one_page_is_one_row(session: Session) -> None:
    assert kept(session, said("1"), said("1")) == Kept(fetched=2, new=1)


def test_a_second_comment_in_the_same_second_is_kept(session: Session) -> None:
    assert kept(session, said("1", "eins"), said("2", "zwei")).new == 2


def test_the_same_id_on_two_platforms_is_two_mentions(session: Session) -> None:
    assert kept(session, said("1"), said("1", platform="appstore")).new == 2


def test_a_mention_that_two_sources_hear_is_one_row(session: Session) -> None:
    kept(session, said("1"))
    assert kept(session, said("1"), source=SOURCE.model_copy(update={"name": "balkon"})) == Kept(fetched=1)
    assert row(session).source == "garten"


def test_an_edit_keeps_the_old_words_and_is_read_and_routed_again(session: Session) -> None:
    kept(session, said("1", "Alles gut", stars=5))
    read(session, "1")
    route(session, "1")
    assert waiting(session) == ([], [])
    assert kept(session, said("1", "Nichts gut", stars=1, edited_at=NOW)) == Kept(fetched=1, changed=1)
    assert (row(session).text, row(session).stars, versions(session)) == ("Nichts gut", 1, ["Alles gut"])
    assert waiting(session) == (["1"], [])


def test_the_same_edit_twice_is_one(session: Session) -> None:
    kept(session, said("1", "eins"))
    kept(session, said("1", "zwei", edited_at=NOW))
    assert kept(session, said("1", "zwei", edited_at=NOW)) == Kept(fetched=1)
    assert versions(session) == ["eins"]


def test_an_older_version_that_comes_late_does_not_overwrite_the_newer(session: Session) -> None:
    kept(session, said("1", "drei", edited_at=NOW))
    assert kept(session, said("1", "zwei", edited_at=NOW - MINUTE)).changed == 0
    assert kept(session, said("1", "eins")).changed == 0
    assert row(session).text == "drei"


def test_each_edit_is_seen_where_the_platform_does_not_date_them(session: Session) -> None:
    kept(session, said("1", "eins"))
    assert [kept(session, said("1", text)).changed for text in ("zwei", "drei")] == [1, 1]
    assert versions(session) == ["eins", "zwei"]


def test_two_versions_in_one_page_are_kept_in_their_order(session: Session) -> None:
    assert kept(session, said("1", "eins"), said("1", "zwei", edited_at=NOW)) == Kept(fetched=2, new=1, changed=1)
    assert (row(session).text, versions(session)) == ("zwei", ["eins"])


def test_a_deletion_is_noted_once_and_the_words_stay(session: Session) -> None:
    kept(session, said("1"))
    assert kept(session, deleted=["1", "never heard"], now=NOW + HOUR) == Kept(deleted=1)
    assert kept(session, deleted=["1"], now=NOW + DAY) == Kept()
    assert (row(session).deleted_at, row(session).text) == (NOW + HOUR, "PayPal geht wieder nicht.")


def test_what_is_shown_again_is_no_longer_deleted_and_is_routed_again(session: Session) -> None:
    kept(session, said("1"))
    read(session, "1")
    route(session, "1")
    kept(session, deleted=["1"])
    assert kept(session, said("1")) == Kept(fetched=1)
    assert row(session).deleted_at is None
    assert waiting(session) == ([], ["1"])


def test_an_old_version_of_a_deleted_mention_does_not_bring_it_back(session: Session) -> None:
    kept(session, said("1", "zwei", edited_at=NOW))
    kept(session, deleted=["1"])
    kept(session, said("1", "eins"))
    assert row(session).deleted_at == NOW


def test_known_are_the_ids_within_the_look_back_that_are_still_shown(session: Session) -> None:
    kept(session, said("old", said_at=NOW - DAY), said("1"), said("2"), deleted=["2"])
    assert known(session, "garten", NOW - 2 * HOUR) == {"1": NOW - HOUR}
    assert known(session, "balkon", NOW - 2 * HOUR) == {}


def test_an_author_is_one_row_and_is_called_what_the_platform_calls_them_now(session: Session) -> None:
    def by(handle: str, followers: int | None) -> Author:
        return Author(native_id="7", handle=handle, name="Uta", followers=followers)

    kept(session, said("1", author=by("uta", 3)), said("2", author=by("uta", 3)))
    kept(session, said("3", author=by("uta_neu", 9)))
    kept(session, said("4", author=by("", None)))
    (author,) = session.exec(select(AuthorRow)).all()
    assert (author.handle, author.name, author.followers) == ("uta_neu", "Uta", 9)


def test_an_anonymous_mention_has_no_author(session: Session) -> None:
    kept(session, said("1", by=None))
    assert row(session).author_id is None


def test_a_conversation_reaches_from_its_first_to_its_last_mention_in_whatever_order_they_are_heard(session: Session) -> None:
    for native_id, at in (("2", NOW - HOUR), ("1", NOW - DAY), ("3", NOW)):
        kept(session, said(native_id, conversation="c", said_at=at))
    (thread,) = session.exec(select(Conversation)).all()
    assert (thread.started_at, thread.last_said_at) == (NOW - DAY, NOW)


def test_what_we_said_ourselves_waits_for_nobody(session: Session) -> None:
    kept(session, said("1", ours=True))
    kept(session, said("1", "Korrigiert", ours=True, edited_at=NOW))
    assert waiting(session) == ([], [])


def test_what_could_not_be_understood_is_kept_once(session: Session) -> None:
    page = Page(broken=[Broken(b"\x00\xff{"), Broken(b"\x00\xff{"), Broken(b"\x00\xff{", place="line\x0018")])
    assert keep(session, SOURCE, page, now=NOW) == Kept(fetched=3, quarantined=2)
    assert keep(session, SOURCE, page, now=NOW) == Kept(fetched=3)
    first = session.exec(select(Quarantine).order_by(Quarantine.id)).first()
    assert first is not None
    assert first.raw == b"\x00\xff{"
    assert {one.place for one in quarantined(session, "garten")} == {"line 17", "line\ufffd18"}


def test_a_page_counts_in_the_ledger(session: Session) -> None:
    pull_id = ledger.start_pull(session, SOURCE, "w", NOW)
    for page in (Page([said("1"), said("2")], broken=[Broken(b"?")]), Page([said("2", "neu")], deleted=["1"], oldest_unread=NOW)):
        keep(session, SOURCE, page, now=NOW, pull_id=pull_id)
    pull = session.get_one(Pull, pull_id, populate_existing=True)
    counts = (pull.pages, pull.fetched, pull.new, pull.changed, pull.deleted, pull.quarantined, pull.oldest_unread)
    assert counts == (2, 4, 2, 1, 1, 1, NOW)


@pytest.mark.parametrize("when", [NOW + 3 * MINUTE, NOW], ids=["expired", "another's"])
def test_without_its_lease_a_worker_stores_nothing(session: Session, when: datetime) -> None:
    held = leases.Held("source:garten", "w1")
    leases.take(session, held.name, "w1" if when > NOW else "w2", NOW)
    with pytest.raises(LeaseLost, match="garten"):
        keep(session, SOURCE, Page([said("1")], cursor="1"), now=when, lease=held)
    assert session.exec(select(Mention)).all() == []
    assert cursor(session, "garten") is None


def test_keeping_a_page_prolongs_the_lease(session: Session) -> None:
    held = leases.Held("source:garten", "w1")
    leases.take(session, held.name, held.holder, NOW)
    for minutes in (1, 2, 3):
        keep(session, SOURCE, Page(), now=NOW + minutes * MINUTE, lease=held)
    assert not leases.take(session, held.name, "w2", NOW + 4 * MINUTE)


def test_a_page_of_two_thousand_is_kept_whole(session: Session) -> None:
    page = [said(str(number), conversation=str(number // 2), by=str(number // 3)) for number in range(2000)]
    assert kept(session, *page).new == 2000
    assert kept(session, *[one.model_copy(update={"text": "anders"}) for one in page]).changed == 2000
    assert kept(session, deleted=[str(number) for number in range(2000)]).deleted == 2000
