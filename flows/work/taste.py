"""Try a source or a text: what would be heard, how it would be tagged and routed. Stores nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import listeners
from desk.mention import Mention
from desk.reading import Reading, Tagger, Tags
from desk.routing import Decision, route
from desk.source import Source
from flows.settings import Settings, check_options
from flows.work.common import Clock, utc_now
from flows.work.limits import restored
from flows.work.topics import in_our_words
from listeners.contract import Broken, Page, Window


@dataclass(frozen=True)
class Tasted:
    """One mention with the reading and the decision that it would get; what the desk itself said gets neither."""

    mention: Mention
    reading: Reading | None
    decision: Decision | None


def first_page(settings: Settings, name: str, clock: Clock = utc_now) -> Page:
    """Return the first page that a source brings which says anything; raises what goes wrong."""
    source, now = settings.desk.source(name), clock()
    check_options([source])
    window = Window(now=now, since=now - source.since, look_back=source.look_back, pages=1)
    with listeners.connect(source, settings.environ(), restored(settings), vault=settings.vault, clock=clock) as client:
        pages = listeners.listener(source.platform).pull(client, source, None, window)
        return next((page for page in pages if page.mentions or page.broken), Page())


def taste(settings: Settings, source: Source, mentions: Sequence[Mention], tagger: Tagger) -> list[Tasted]:
    """Return what would become of *mentions*, in the same order."""
    theirs = [mention for mention in mentions if not mention.ours]
    readings = iter(in_our_words(settings, tagger, tagger.tag([mention.words for mention in theirs])))
    return [Tasted(one, None, None) if one.ours else _tasted(settings, source, one, next(readings)) for one in mentions]


def _tasted(settings: Settings, source: Source, mention: Mention, reading: Reading) -> Tasted:
    return Tasted(mention, reading, route(mention, Tags.of(reading), settings.desk.rules, source.name))


def broken_places(broken: Sequence[Broken]) -> list[dict[str, str]]:
    """Return where something was not understood, and why."""
    return [{"place": one.place, "reason": one.reason} for one in broken]
