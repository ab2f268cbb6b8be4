"""What leaves the house as a file says nothing about who wrote it beyond the account (guarantee 11)."""

from datetime import UTC, datetime, timedelta

import seed
from desks import Home

from dashboard.components import friction
from dashboard.viewer import Viewer
from dashboard.words import Words
from desk.mention import Mention
from store.engine import connect
from store.engine import session as open_session
from store.friction import Scope

SAID = "PayPal geht nicht. Ruft an: 0172 9925904, Frau Özdemir, Bestellung 4711-0815"


def test_quotes_in_an_export_are_redacted(empty_home: Home) -> None:
    now = datetime.now(UTC)
    said = Mention(
        platform="mastodon", native_id="1", conversation="1", kind="post", title="An anna@web.de", text=SAID, said_at=now
    )
    engine = connect(empty_home.url)
    with open_session(engine) as session:
        seed.hear(session, empty_home.desk, [(said, seed.reading("negative", "complaint", friction=("payment",)))], now)
    engine.dispose()
    viewer = Viewer(empty_home.desk, Words("de"), "", now)
    written = friction._quotes_csv(Scope(now - timedelta(days=1), now + timedelta(days=1)), viewer).decode("utf-8-sig")
    assert "An [E-Mail]" in written
    assert "PayPal geht nicht. Ruft an: [Telefon], Frau [Name], Bestellung 4711-0815" in written
