"""A platform takes an answer and breaks off before it says so: on every platform that is answered, one copy arrives."""

import sys
from pathlib import Path

import pytest
from sqlmodel import col, select

sys.path.append(str(Path(__file__).parents[1] / "listeners"))

from bench.listening import contracts
from desk.config import read
from flows.settings import Settings
from flows.work.deliver import deliver
from flows.work.hear import Ear
from listeners import listener
from listeners.sandbox.mischief import Mischief
from listeners.sandbox.serve import running
from listeners.sandbox.world import World
from listeners.testing import Clock, ListenerContract
from store import outbox
from store.tables import Delivery, Mention

DESK = '[[teams]]\nkey = "support"\nname = "Support"\n[[rules]]\nname = "Rest"\nteam = "support"\n'
CANNOT_LOOK = ("TestInstagramTagged",)
"""Streams whose platform shows our answers elsewhere, and not here."""
OWN_SERVERS = ("email", "sql")


@pytest.mark.parametrize(
    "contract", [pytest.param(one, id=name) for name, one in contracts().items() if not name.startswith(OWN_SERVERS)]
)
def test_an_answer_whose_receipt_is_lost_arrives_once(contract: type[ListenerContract], tmp_path: Path, sqlite_url: str) -> None:
    clock = Clock()
    world, mischief = World(clock), Mischief(clock=clock)
    with running(world, mischief) as url:
        stage = contract().stage(url, world)
        found = listener(stage.source.platform)
        if not found.allowed(stage.source):
            pytest.skip("nothing can be answered on this source")
        world.say("Wo bleibt mein Paket?", channel=stage.channel)
        clock.sleep(60)
        desk = read(DESK).model_copy(update={"sources": (stage.source.model_copy(update={"name": "answered"}),)})
        settings = Settings(desk, tmp_path / "kummerkasten.toml", sqlite_url)
        environ = dict(stage.environ)
        Ear(settings, clock=clock, environ=environ, sleep=clock.sleep).hear(desk.sources[0])
        with settings.session() as session:
            mention = session.exec(select(Mention).where(col(Mention.ours).is_(False))).first()
            if mention is None or mention.kind not in found.allowed(stage.source):
                pytest.skip("this kind of mention takes no answers")
            outbox.write(session, mention.id or 0, "Wir sehen nach.", by="Mira", now=clock())
        mischief.order("lost")
        for _ in range(2):
            deliver(settings, clock=clock, environ=environ, sleep=clock.sleep)
            assert len(world.sent) == 1
            clock.sleep(120)
        with settings.session(write=False) as session:
            became = session.exec(select(Delivery)).one()
        blind = found.look is None or contract.__name__ in CANNOT_LOOK
        assert became.state == ("dead" if blind else "sent"), became.error
        assert ("not known whether" in became.error) == blind
        settings.close()
