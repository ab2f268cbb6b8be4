"""Chromium, for the tests that look at the real dashboard in a real browser."""

from pathlib import Path

import pytest
from desks import Home
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlmodel import col, select

from store.audit import entries
from store.engine import connect
from store.engine import session as open_session
from store.tables import Conversation, Ticket

CHROMIUM = next(
    (path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")) if path.exists()),
    None,
)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]

MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (apt install chromium)"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Playwright's own sockets
]


def visit(browser: Browser, url: str, width: int = 1280, scheme: str = "light", locale: str = "de-DE") -> Page:
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(45_000)
    expect.set_options(timeout=45_000)
    page.goto(url)
    page.wait_for_selector(".k-head, .k-empty")
    return page


def one_open(home: Home, team: str) -> Ticket:
    engine = connect(home.url)
    with open_session(engine) as session:
        asked = (
            select(Ticket).join(Conversation).where(Ticket.status == "open", Ticket.team == team, col(Ticket.assignee).is_(None))
        )
        found = session.exec(asked.where(col(Conversation.native_id).not_like("hostile%")).order_by(col(Ticket.due_at))).first()
    engine.dispose()
    assert found is not None
    return found


def log_of(home: Home) -> list[tuple[str, str, str, str]]:
    """Who did what to what, and in which role, as the audit log has it: the newest first."""
    engine = connect(home.url)
    with open_session(engine, write=False) as session:
        found = [(one.who, one.role, one.what, one.of) for one in entries(session)]
    engine.dispose()
    return found
