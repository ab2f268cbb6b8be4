"""The real dashboard in a real browser: the flows of a working day, two people at once, and what an attacker would write."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import seed
from desks import APP, Home
from looking import MARKS, one_open, visit
from playwright.sync_api import Browser, expect
from sqlmodel import col, select

from desk import mention as heard
from store.engine import connect
from store.engine import session as open_session
from store.tables import Mention, Tag, Ticket

STYLE = (APP.parent / "style.css").read_text("utf-8").strip()
pytestmark = MARKS


@pytest.fixture
def address(home: Home, serve: Callable[[Home], str]) -> str:
    return serve(home)


def test_a_ticket_is_found_opened_taken_corrected_and_answered(browser: Browser, address: str, home: Home) -> None:
    page = visit(browser, f"{address}/?me=Anna")
    page.get_by_role("link", name="Eingang öffnen: Logistik").click()
    expect(page).to_have_url(re.compile("team=logistics"))
    ticket = one_open(home, "logistics")
    page.get_by_role("link", name=f"Ticket {ticket.id} öffnen").click()
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.get_by_text("Übernommen.")).to_be_visible()
    page.get_by_role("button", name="Korrigieren").click()
    page.get_by_role("dialog").get_by_text("Eilig").click()
    page.get_by_role("dialog").get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Gespeichert.")).to_be_visible()
    page.get_by_role("button", name="Beantwortet").click()
    expect(page.get_by_text("Als beantwortet markiert.")).to_be_visible()
    engine = connect(home.url)
    with open_session(engine) as session:
        after = session.get_one(Ticket, ticket.id)
        said = session.exec(select(Tag).where(Tag.mention_id == ticket.mention_id, col(Tag.person), col(Tag.stands))).all()
    engine.dispose()
    assert (after.assignee, after.status) == ("Anna", "answered")
    assert [(tag.aspect, tag.by) for tag in said] == [("urgent", "person:Anna")]
    page.get_by_role("link", name="Zurück zum Eingang").click()
    expect(page).to_have_url(re.compile("team=logistics"))
    expect(page.get_by_role("link", name=f"Ticket {ticket.id} öffnen")).to_have_count(0)
    page.context.close()


def test_an_account_is_erased_once_somebody_says_that_they_are_sure(browser: Browser, address: str, home: Home) -> None:
    ticket = one_open(home, "payments")
    page = visit(browser, f"{address}/conversation?id={ticket.conversation_id}&me=Anna")
    page.get_by_text("Dieses Konto").click()
    with page.expect_download() as file:
        page.get_by_role("button", name="Auskunft herunterladen").click()
    assert '"account"' in Path(file.value.path()).read_text("utf-8")
    page.get_by_role("button", name="Löschen …").click()
    do_it = page.get_by_role("dialog").get_by_role("button", name="Löschen")
    expect(do_it).to_be_disabled()
    page.get_by_role("dialog").get_by_text("Ja, das lässt sich nicht").click()
    do_it.click()
    expect(page.get_by_text("Gelöscht. Kein Abruf bringt es zurück.")).to_be_visible()
    engine = connect(home.url)
    with open_session(engine) as session:
        assert session.get(Mention, ticket.mention_id) is None
    engine.dispose()


def test_after_the_next_ticket_every_deed_is_about_that_one(browser: Browser, address: str, home: Home) -> None:
    first = one_open(home, "payments")
    page = visit(browser, f"{address}/conversation?id={first.conversation_id}&me=Anna")
    name = page.locator("h1").inner_text()
    page.get_by_text("Nächstes Ticket").click()
    expect(page.locator("h1")).not_to_have_text(name)
    expect(page).to_have_url(re.compile(rf"id=(?!{first.conversation_id}\b)\d+"))
    said = page.locator(".k-bubble .k-text").first.inner_text().split()
    page.get_by_role("button", name="Korrigieren").click()
    expect(page.get_by_role("dialog")).to_contain_text(said[0])
    page.reload()
    page.wait_for_selector(".k-bubble")
    assert page.locator(".k-bubble .k-text").first.inner_text().split() == said


def test_what_the_tags_say_is_confirmed_by_one_press_or_by_saving_it_unchanged(
    browser: Browser, address: str, home: Home
) -> None:
    tickets = [one_open(home, team) for team in ("logistics", "checkout")]
    for ticket, dialog in zip(tickets, (False, True), strict=True):
        page = visit(browser, f"{address}/conversation?id={ticket.conversation_id}&me=Anna")
        if dialog:
            page.get_by_role("button", name="Korrigieren").click()
            page.get_by_role("dialog").get_by_role("button", name="Speichern").click()
        else:
            page.get_by_role("button", name="Stimmt so").click()
        expect(page.get_by_text("Unverändert bestätigt.")).to_be_visible()
        expect(page.get_by_text("Geprüft von Anna")).to_be_visible()
        expect(page.get_by_role("button", name="Stimmt so")).to_have_count(0)
        page.context.close()
    engine = connect(home.url)
    with open_session(engine) as session:
        for ticket in tickets:
            tags = session.exec(select(Tag).where(Tag.mention_id == ticket.mention_id, col(Tag.stands), Tag.aspect != "language"))
            assert {tag.by for tag in tags} == {"person:Anna"}
    engine.dispose()


def test_of_two_people_at_once_the_second_is_told_who_won(browser: Browser, address: str, home: Home) -> None:
    ticket = one_open(home, "checkout")
    anna, mira = (visit(browser, f"{address}/conversation?id={ticket.conversation_id}&me={name}") for name in ("Anna", "Mira"))
    for page in (anna, mira):
        expect(page.get_by_role("button", name="Übernehmen")).to_be_enabled()
    mira.get_by_role("button", name="Übernehmen").click()
    expect(mira.get_by_text("Übernommen.")).to_be_visible()
    anna.get_by_role("button", name="Übernehmen").click()
    expect(anna.get_by_text("Mira war schneller")).to_be_visible()
    for page in (anna, mira):
        page.context.close()


def doubtful(home: Home) -> None:
    """Let the desk hear something with long words of which the model is unsure."""
    at = datetime.now(UTC)
    unsure = replace(seed.reading(needs_reply=True), unsure=("friction:cancellation", "intent"))
    author = heard.Author(native_id="doubt", name="Donaudampfschifffahrtsgesellschaftskapitänin")
    values = {
        "platform": "mastodon",
        "native_id": "doubt",
        "conversation": "doubt",
        "kind": "post",
        "said_at": at,
        "author": author,
    }
    engine = connect(home.url)
    with open_session(engine) as session:
        seed.hear(session, home.desk, [(heard.Mention(**values, text=f"Kündigung? {'Rindfleisch' * 30}"), unsure)], at)
    engine.dispose()


def test_a_doubt_is_settled_by_pressing_keys(browser: Browser, address: str, home: Home) -> None:
    doubtful(home)
    page = visit(browser, f"{address}/review?me=Anna")
    expect(page.get_by_text("Geht es hier um Ärger mit „Kündigung“?")).to_be_visible()
    expect(page.get_by_role("button", name="Überspringen")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_text("Gespeichert, das gilt ab jetzt.")).to_be_visible()
    expect(page.get_by_text("Was ist das Anliegen?")).to_be_visible()
    expect(page.get_by_role("button", name="Frage")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_text("Nichts unklar")).to_be_visible()
    engine = connect(home.url)
    with open_session(engine) as session:
        said = session.exec(select(Tag).where(col(Tag.person)).order_by(col(Tag.id))).all()
    engine.dispose()
    assert [(tag.aspect, tag.value, tag.holds, tag.by) for tag in said] == [
        ("friction", "cancellation", False, "person:Anna"),
        ("intent", "question", True, "person:Anna"),
    ]
    page.context.close()


def test_a_link_to_a_queue_opens_it_for_whoever_comes_first(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}/inbox?team=logistics&late=1&lang=en")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    expect(page.get_by_role("link", name="Today")).to_be_visible()
    assert set(page.locator(".k-team").all_inner_texts()) <= {"Logistics"}
    page.context.close()


@pytest.mark.parametrize("path", ["/inbox?team=payments", "/friction?topic=payment"])
def test_what_attackers_write_is_harmless_text_in_lists(browser: Browser, address: str, path: str) -> None:
    is_harmless(browser, address, path)


@pytest.mark.parametrize("name", ["html", "markdown", "formula", "bidi", "null", "closing", "long"])
def test_what_an_attacker_writes_is_harmless_text(browser: Browser, address: str, home: Home, name: str) -> None:
    engine = connect(home.url)
    with open_session(engine) as session:
        mention = session.exec(select(Mention).where(Mention.native_id == f"hostile-{name}")).one()
    engine.dispose()
    is_harmless(browser, address, f"/conversation?id={mention.conversation_id}&me=Anna")


def is_harmless(browser: Browser, address: str, path: str) -> None:
    outside: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: outside.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    begun = time.monotonic()
    page.goto(address + path, timeout=45_000)
    page.wait_for_selector(".k-said", timeout=45_000)
    page.wait_for_timeout(1_000)
    assert time.monotonic() - begun < 30
    assert page.evaluate("document.title") != "pwned"
    assert page.evaluate("document.querySelectorAll('.stHtml script, .stHtml img, .stHtml iframe').length") == 0
    styles = page.evaluate("[...document.querySelectorAll('.stHtml style')].map(style => style.textContent)")
    assert [style.strip() for style in styles] == [STYLE], "a stylesheet that is not ours"
    assert page.evaluate("document.querySelectorAll('a[href^=\"javascript\"]').length") == 0
    assert page.evaluate("document.body.innerText.length") < 60_000
    assert page.evaluate("(m => m.scrollWidth <= m.clientWidth)(document.querySelector('[data-testid=stMain]'))")
    assert {urlsplit(url).netloc for url in outside if url.startswith("http")} == {urlsplit(address).netloc}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_its_window(browser: Browser, address: str, tmp_path: Path, scheme: str, home: Home) -> None:
    doubtful(home)
    ticket = one_open(home, "logistics")
    pages = ["/", "/inbox", "/friction", "/sources", f"/conversation?id={ticket.conversation_id}&me=Anna"]
    page = visit(browser, address, scheme=scheme)
    for path in [*pages, *(f"/{name}?lang={language}&me=Anna" for name in ("review", "quality") for language in ("de", "en"))]:
        page.goto(address + path)
        page.wait_for_selector(".k-head, .k-empty")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(600)
            page.screenshot(
                path=tmp_path / f"{path.strip('/').partition('?')[0] or 'today'}-{width}-{scheme}.png", full_page=True
            )
            assert page.evaluate("(m => m.scrollWidth <= m.clientWidth)(document.querySelector('[data-testid=stMain]'))"), path
    page.context.close()


@pytest.mark.parametrize("path", ["inbox", "friction"])
def test_labels_of_filters_stand_in_one_line(browser: Browser, address: str, path: str) -> None:
    page = visit(browser, f"{address}/{path}")
    labels = page.locator(".st-key-k-filters > div > [data-testid] > [data-testid='stWidgetLabel']")
    expect(labels.nth(1)).to_be_visible()
    tops = [box["y"] for one in labels.all()[:3] if (box := one.bounding_box())]
    assert len(tops) > 1
    assert max(tops) - min(tops) < 1
    page.context.close()


def test_that_nobody_is_chosen_is_said_in_the_language_of_the_page(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}/")
    who = page.locator("[data-testid=stSidebar] [data-testid=stSelectbox]")
    for said in ("Niemand ausgewählt", "Nobody chosen"):
        expect(who.get_by_placeholder(said).or_(who.get_by_text(said))).to_be_visible(timeout=20_000)
        page.get_by_text("en", exact=True).click()
    page.context.close()


def test_a_desk_that_names_no_language_greets_each_visitor_in_theirs(browser: Browser, home: Home, serve: Callable[[Home], str]):
    written = home.config.read_text("utf-8")
    home.config.write_text(re.sub(r"^language = .*\n", "", written, flags=re.MULTILINE), "utf-8")
    address = serve(home)
    for locale, heading in (("en-GB", "Today"), ("de-AT", "Heute"), ("fr-FR", "Heute")):
        page = visit(browser, address, locale=locale)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        page.context.close()
    page = visit(browser, f"{address}/?lang=de", locale="en-GB")
    expect(page.get_by_role("heading", name="Heute", exact=True)).to_be_visible()
    page.context.close()


def test_on_a_phone_a_topic_that_is_chosen_comes_into_view(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}/friction", 390)
    about = page.locator(".k-about")
    expect(about).not_to_be_in_viewport()
    page.get_by_role("button", name="Reibung ansehen: Preis").click()
    expect(about.get_by_role("heading", name="Preis")).to_be_in_viewport()
    page.context.close()


def test_on_a_phone_what_is_scrolled_does_not_show_behind_the_header(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}/inbox", 390)
    assert (
        page.evaluate("getComputedStyle(document.querySelector('[data-testid=stHeader]')).backgroundColor")
        == "rgb(251, 248, 242)"
    )
    page.context.close()
