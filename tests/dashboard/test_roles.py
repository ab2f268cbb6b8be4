"""Guarantee 12 without a browser: what somebody may not do is not done, whatever their browser sends."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from desks import Home
from looking import log_of
from test_door import STAFF
from test_pages import open_ticket, store_of

from dashboard import audit, data, deeds, viewer, who
from desk.sign_in import Role
from store.audit import DISCLOSED, EXPORTED
from store.tables import Mention, Ticket

EMAILS = {"reader": "chef@shop.example", "agent": "anna@shop.example", "admin": "uta@shop.example"}


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
    monkeypatch.setattr(who, "signed_in", lambda: EMAILS[role])
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
    monkeypatch.setattr(who, "signed_in", lambda: "")
    ticket = open_ticket(guarded)
    deeds.take(ticket, "Anna")
    assert not deeds.reply(ticket.mention_id, "Hallo", ticket, "Anna")
    with store_of(guarded) as session:
        assert session.get_one(Ticket, ticket.id).assignee == ticket.assignee


def test_a_name_in_the_address_counts_for_nothing(guarded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who, "signed_in", lambda: EMAILS["reader"])
    assert (viewer.current().me, viewer.current().erases) == ("", False)


def test_nothing_is_read_for_who_has_not_signed_in(guarded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who, "signed_in", lambda: "eve@evil.example")
    for ask in (data.today, data.platforms, lambda: data.everything_about(1), lambda: data.conversation(1)):
        with pytest.raises(PermissionError):
            ask()


def test_what_runs_later_runs_in_the_name_of_who_began_it(guarded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as now:
        now.setattr(who, "signed_in", lambda: EMAILS["agent"])
        later = who.as_now(data.platforms)
    assert "mastodon" in later()
    guarded.config.write_text(guarded.config.read_text("utf-8").replace(EMAILS["agent"], "gone@shop.example"), "utf-8")
    with pytest.raises(PermissionError):
        later()


@pytest.mark.parametrize(
    ("claim", "email"),
    [(None, "anna@shop.example"), (True, "anna@shop.example"), ("true", "anna@shop.example"), (False, ""), ("false", "")],
)
def test_an_address_that_is_not_verified_counts_for_nothing(monkeypatch: pytest.MonkeyPatch, claim: object, email: str) -> None:
    told = {"is_logged_in": True, "email": "Anna@shop.example"} | ({} if claim is None else {"email_verified": claim})
    monkeypatch.setattr(who.st, "user", SimpleNamespace(to_dict=lambda: told))
    assert who.signed_in() == email


def test_a_server_that_was_started_with_a_sign_in_stays_closed_without_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who, "can_sign_in", lambda: True)
    assert not who.may_see(home.desk)
    with pytest.raises(PermissionError):
        data.platforms()


def test_who_wants_what_they_may_not_is_written_down(guarded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who, "signed_in", lambda: EMAILS["reader"])
    for _again_and_again in range(3):
        deeds.take(open_ticket(guarded), "Anna")
    assert log_of(guarded) == [("Chef", "reader", "not allowed", "taken")]


def test_a_file_leaves_only_with_its_entry(guarded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who, "signed_in", lambda: EMAILS["reader"])
    file = audit.leaving(lambda: b"words", EXPORTED, "quotes", viewer.current())
    assert (file(), log_of(guarded)) == (b"words", [("Chef", "reader", "exported", "quotes")])

    monkeypatch.setattr(audit.audit, "note", broken)
    with pytest.raises(OSError, match="no space left"):
        audit.leaving(lambda: pytest.fail("it left all the same"), DISCLOSED, "account 1", viewer.current())()


def test_where_nobody_signs_in_a_file_bears_the_name_that_was_chosen(home: Home) -> None:
    audit.leaving(lambda: b"", EXPORTED, "topics", replace(viewer.current(), me="Mira"))()
    assert log_of(home) == [("Mira", "", "exported", "topics")]


def test_a_log_that_cannot_be_written_keeps_nobody_outside(guarded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who, "signed_in", lambda: EMAILS["agent"])
    monkeypatch.setattr(data, "to_write_down", broken)
    audit.came()
    audit.turned_away("eve@evil.example")


def broken(*_: object, **__: object) -> None:
    raise OSError("no space left")
