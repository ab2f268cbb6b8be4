"""Guarantee 12: only who may see, sees. A real provider, a real browser, and nothing of a desk before somebody has signed in."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import provider
import pytest
from desks import APP, Home
from looking import MARKS, log_of, one_open, visit
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as NothingCame

from flows import sign_in
from flows.settings import load

pytestmark = MARKS
STAFF = """
[sign_in]
provider = "{provider}"
client_id = "kummerkasten"
client_secret_env = "SIGN_IN_SECRET"
address = "{address}"

[[people]]
name = "Anna"
email = "anna@shop.example"

[[people]]
name = "Chef"
email = "chef@shop.example"
role = "reader"

[[people]]
name = "Uta"
email = "uta@shop.example"
role = "admin"
"""


@pytest.fixture
def vouches() -> Iterator[provider.Provider]:
    with provider.serving() as found:
        yield found


@pytest.fixture
def address(home: Home, serve: Callable[..., str], vouches: provider.Provider, monkeypatch: pytest.MonkeyPatch) -> str:
    """The dashboard of a desk with a sign-in, started as `kummerkasten up` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = STAFF.format(provider=vouches.url, address=f"http://127.0.0.1:{port}")
    home.config.write_text(home.config.read_text("utf-8") + said, "utf-8")
    monkeypatch.setenv("SIGN_IN_SECRET", provider.SECRET)
    settings = load(home.config)
    known = sign_in.write(settings, home.folder)
    settings.close()
    return serve(home, "--secrets.files", str(known), port=port)


def entering(browser: Browser, url: str) -> Page:
    page = visit(browser, url)
    page.get_by_role("button", name="Anmelden").click()
    return page


def test_nobody_sees_anything_before_they_sign_in_and_then_works_as_themselves(
    browser: Browser, address: str, home: Home
) -> None:
    ticket = one_open(home, "payments")
    for path in ("/", "/inbox", "/sources", f"/conversation?id={ticket.conversation_id}&me=Anna"):
        page = visit(browser, f"{address}{path}")
        expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
        assert page.locator(".k-bubble, .k-row, [data-testid=stSidebarNav]").count() == 0
    page = entering(browser, address)
    expect(page.get_by_text("antwortet und korrigiert")).to_be_visible()
    assert page.get_by_text("Wer arbeitet hier?").count() == 0
    page.goto(f"{address}/conversation?id={ticket.conversation_id}&me=Jonas")
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.get_by_text("Übernommen.")).to_be_visible()
    expect(page.locator(".k-facts").get_by_text("Anna")).to_be_visible()
    page.get_by_text("Dieses Konto").click()
    expect(page.get_by_role("button", name="Löschen …")).to_be_disabled()
    page.get_by_role("button", name="Abmelden").click()
    expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    assert log_of(home) == [("Anna", "agent", "signed out", ""), ("Anna", "agent", "signed in", "")]


def test_each_role_may_what_it_may_and_who_is_not_vouched_for_stays_outside(
    browser: Browser, address: str, home: Home, vouches: provider.Provider
) -> None:
    ticket = one_open(home, "payments")
    for email, works in (("chef@shop.example", False), ("uta@shop.example", True)):
        vouches.email = email
        page = entering(browser, address)
        expect(page.get_by_text("liest mit" if not works else "darf auch löschen")).to_be_visible()
        page.goto(f"{address}/conversation?id={ticket.conversation_id}")
        page.get_by_text("Dieses Konto").click()
        for name in ("Übernehmen", "Löschen …"):
            expect(page.get_by_role("button", name=name)).to_be_enabled(enabled=works)
    for email, verified, said in (("eve@evil.example", True, "eve@evil.example"), ("anna@shop.example", False, "Anmelden")):
        vouches.email, vouches.verified = email, verified
        page = entering(browser, address)
        page.wait_for_url(f"{address}/**")
        expect(page.get_by_text(said).first).to_be_visible()
        assert page.locator("[data-testid=stSidebarNav]").count() == 0
    vouches.email, vouches.verified = "uta@shop.example", True
    entering(browser, address).get_by_role("link", name="Quellen").click()
    page = browser.contexts[-1].pages[0]
    page.get_by_text("Einträge").click()
    expect(page.locator(".k-late").get_by_text("abgewiesen")).to_be_visible()
    expect(page.get_by_text("eve@evil.example")).to_be_visible()


def test_a_server_that_knows_nothing_of_the_sign_in_stays_closed(
    browser: Browser, address: str, home: Home, serve: Callable[..., str]
) -> None:
    page = visit(browser, serve(home))
    expect(page.get_by_text("Hier ist gerade zu")).to_be_visible()


def test_who_is_taken_out_of_the_file_sees_and_downloads_nothing_more(browser: Browser, address: str, home: Home) -> None:
    page = entering(browser, address)
    expect(page.get_by_text("antwortet und korrigiert")).to_be_visible()
    page.goto(f"{address}/conversation?id={one_open(home, 'payments').conversation_id}")
    page.get_by_text("Dieses Konto").click()
    with page.expect_download() as file:
        page.get_by_role("button", name="Auskunft herunterladen").click()
    assert "account" in Path(file.value.path()).read_text("utf-8")
    assert ("Anna", "agent", "disclosed") in [line[:3] for line in log_of(home)]
    home.config.write_text(home.config.read_text("utf-8").replace("anna@shop.example", "gone@shop.example"), "utf-8")
    page.get_by_role("button", name="Auskunft herunterladen").click()
    with pytest.raises(NothingCame), page.expect_download(timeout=3_000):
        pass
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.get_by_text("Für dieses Konto ist hier nichts freigegeben")).to_be_visible()


def test_what_refreshes_itself_asks_who_looks() -> None:
    views = [path.read_text("utf-8") for path in (APP.parent / "views").glob("*.py")]
    refreshed = [text for text in views if "@st.fragment" in text]
    assert len(refreshed) == 4
    assert all(text.count("door.watch()") == text.count("@st.fragment") for text in refreshed)


def test_a_mistake_in_the_file_tells_strangers_nothing_and_a_lost_sign_in_opens_to_nobody(
    browser: Browser, address: str, home: Home
) -> None:
    text = home.config.read_text("utf-8")
    home.config.write_text(text + '\n[[people]]\nname = "Jonas"\nemail = "jonas"\n', "utf-8")
    page = visit(browser, address)
    expect(page.get_by_text("Hier ist gerade zu")).to_be_visible()
    assert "jonas" not in page.content().lower()
    assert str(home.folder) not in page.content()
    home.config.write_text(text[: text.index("[sign_in]")], "utf-8")
    expect(visit(browser, address).get_by_text("Hier ist gerade zu")).to_be_visible()
