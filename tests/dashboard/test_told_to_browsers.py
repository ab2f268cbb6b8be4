"""What a browser is told of a page: its address, its name, its language; and that a stranger's name leads nowhere."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import seed
from desks import Home
from looking import MARKS, visit
from playwright.sync_api import Browser, expect

from desk.answering import ReplyRules
from desk.mention import Author, Mention
from store import reply_rules
from store.engine import connect
from store.engine import session as open_session

pytestmark = MARKS
NAME = "https://evil.example/x www.evil.example mail@evil.example"


def asked_by_an_address(home: Home) -> None:
    """Let somebody write whose name is full of addresses, where an answer may be written."""
    now = datetime.now(UTC)
    author = Author(native_id="evil", name=NAME)
    mention = Mention(
        platform="mastodon", native_id="evil", conversation="evil", kind="post", text="Hallo?", said_at=now, author=author
    )
    engine = connect(home.url)
    with open_session(engine) as session:
        seed.hear(session, home.desk, [(mention, seed.reading(needs_reply=True))], now)
        rules = {"post": ReplyRules().model_dump(mode="json")}
        reply_rules.learn_rules(session, seed.source_for(home.desk, "mastodon"), rules)
    engine.dispose()


def test_a_strangers_name_in_a_label_never_becomes_a_link(
    browser: Browser, empty_home: Home, serve: Callable[[Home], str]
) -> None:
    asked_by_an_address(empty_home)
    page = visit(browser, f"{serve(empty_home)}/conversation?id=1&me=Anna")
    label = page.locator("label", has_text="Antwort an")
    expect(label).to_contain_text("evil.example".replace(".", "\u2060."))
    expect(label.locator("a")).to_have_count(0)
    page.context.close()


def test_today_has_an_address_of_its_own_and_each_page_names_its_tab(
    browser: Browser, empty_home: Home, serve: Callable[[Home], str]
) -> None:
    address = serve(empty_home)
    page = visit(browser, f"{address}/today?me=Anna")
    expect(page.get_by_role("heading", name="Heute", exact=True)).to_be_visible()
    expect(page).to_have_title("Heute · Kummerkasten")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    page.get_by_role("link", name="Eingang", exact=True).click()
    expect(page).to_have_title("Eingang · Kummerkasten")
    page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_says_in_which_language_it_is(
    browser: Browser, empty_home: Home, serve: Callable[[Home], str], width: int
) -> None:
    address = serve(empty_home)
    for language in ("de", "en"):
        page = visit(browser, f"{address}/inbox?lang={language}", width)
        expect(page.locator(f"html[lang={language}]")).to_be_attached()
        page.context.close()


def test_what_is_wrong_does_not_lie_below_a_dialog_about_its_address(
    browser: Browser, empty_home: Home, serve: Callable[[Home], str]
) -> None:
    empty_home.config.write_text('langauge = "de"\n' + empty_home.config.read_text("utf-8"), "utf-8")
    address, page = serve(empty_home), browser.new_page()
    for path in ("inbox", "today", "conversation?id=1", ""):
        page.goto(f"{address}/{path}")
        expect(page.get_by_text("Die Konfiguration fehlt oder hat einen Fehler.")).to_be_visible()
        expect(page.get_by_role("button", name="Noch einmal versuchen")).to_be_visible()
        page.wait_for_timeout(1_000)
        expect(page.get_by_text("Page not found")).to_have_count(0)
    page.close()


def test_the_keyboard_is_seen_on_links(browser: Browser, empty_home: Home, serve: Callable[[Home], str]) -> None:
    page = visit(browser, f"{serve(empty_home)}/conversation?id=99")
    for name in ("Eingang", "Zurück zum Eingang"):
        link = page.get_by_role("link", name=name, exact=True)
        page.keyboard.press("Tab")  # a keyboard is in use
        link.focus()
        expect(link).to_have_css("outline-style", "solid")
    page.context.close()
