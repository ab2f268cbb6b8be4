"""Guarantee 12 without a browser: what somebody may not do is not done, whatever their browser sends."""

import pytest
from desks import Home
from test_door import STAFF
from test_pages import open_ticket, store_of

from dashboard import deeds, viewer
from desk.sign_in import Person, Role
from store.tables import Mention, Ticket


@pytest.fixture
def guarded(home: Home) -> Home:
    """A desk where people sign in."""
    said = STAFF.format(provider="https://login.example.org", address="https://desk.example.org")
    home.config.write_text(home.config.read_text("utf-8") + said, "utf-8")
    return home


@pytest.mark.parametrize(("role", "works", "erases"), [("reader", False, False), ("agent", True, False), ("admin", True, True)])
def test_each_role_does_what_it_may(
    guarded: Home, monkeypatch: pytest.MonkeyPatch, role: Role, works: bool, erases: bool
) -> None:
    monkeypatch.setattr(viewer, "person", lambda: Person(name="Anna", email="anna@shop.example", role=role))
    ticket = open_ticket(guarded)
    deeds.set_status(ticket, "answered", "Anna")
    assert (notice := deeds.notice()) is not None
    assert notice.text == ("deed.answered" if works else "deed.not_allowed")
    assert deeds.forget_mention(ticket.mention_id, "Anna") is erases
    with store_of(guarded) as session:
        assert (session.get(Mention, ticket.mention_id) is None) is erases
        after = session.get(Ticket, ticket.id)
        assert after is None or (after.status == "answered") is works


def test_who_has_not_signed_in_does_nothing(guarded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "person", lambda: None)
    ticket = open_ticket(guarded)
    deeds.take(ticket, "Anna")
    assert not deeds.reply(ticket.mention_id, "Hallo", ticket, "Anna")
    with store_of(guarded) as session:
        assert session.get_one(Ticket, ticket.id).assignee == ticket.assignee


def test_a_name_in_the_address_counts_for_nothing(guarded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "person", lambda: Person(name="Chef", email="chef@shop.example", role="reader"))
    assert (viewer.current().me, viewer.current().erases) == ("", False)
