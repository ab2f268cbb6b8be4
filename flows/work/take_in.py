"""Take in one file of mentions: an export of a review site, an app store, a helpdesk, a survey tool.

Guarantees 2 and 6: the same file again changes nothing, and a row that is not understood is kept with its line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from desk.errors import ConfigurationError, KummerkastenError
from desk.mention import KINDS, Kind
from desk.problems import did_you_mean
from desk.source import Source
from flows.settings import Settings
from flows.work.common import Clock, Tell, fault, silent, utc_now, worker_name
from listeners.contract import Broken, Page
from listeners.files import Described, describe, read_file
from store import ledger, mentions
from store.mentions import Kept

_MOST_PLACES = 20


@dataclass(frozen=True)
class Wishes:
    """What the person who imports knows better than the file: platform, kind, and which column holds what."""

    platform: str | None = None
    kind: Kind | None = None
    mapping: Mapping[str, str] | None = None


@dataclass(frozen=True)
class TakenIn:
    """What a file brought, and the first places that were not understood."""

    source: str
    kept: Kept
    broken: tuple[Broken, ...] = ()


def as_kind(word: str) -> Kind:
    """Return a kind of mention by its name; raises KummerkastenError naming those that exist."""
    found: dict[str, Kind] = {kind: kind for kind in KINDS}
    if word not in found:
        raise KummerkastenError(f'"{word}" is no kind of mention{did_you_mean(word, KINDS)}')
    return found[word]


def source_of(path: Path, name: str = "") -> Source:
    """Return the source under which a file's mentions are kept: *name*, or one made of the file's name."""
    slug = re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("._-")[:50] or "import"
    try:
        return Source(name=name or slug, platform="files")
    except ValidationError as error:
        raise ConfigurationError(f'"{name}" is no name for a source: letters, digits, ".", "_" and "-", 64 at most') from error


def _free(settings: Settings, source: Source, *, named: bool) -> Source:
    """Return a source that is no other platform's: its ledger and schedule are not a file's to change.

    Raises ConfigurationError where somebody *named* it so.
    """
    taken = {one.name for one in settings.desk.sources if one.platform != source.platform}
    if source.name not in taken:
        return source
    if named:
        raise ConfigurationError(f'"{source.name}" is a source of kummerkasten.toml already; name another one with --source')
    return _free(settings, Source(name=f"{source.name[:45]}-file", platform="files"), named=False)


def take_in(
    settings: Settings,
    path: Path,
    wishes: Wishes,
    *,
    name: str = "",
    clock: Clock = utc_now,
    tell: Tell = silent,
) -> TakenIn:
    """Keep what a file says, page by page, and write a row of the ledger; return what came of it."""
    source, kept, broken = _free(settings, source_of(path, name), named=bool(name)), Kept(), list[Broken]()
    retention = settings.desk.retention_of(source.name)
    pages = _pages(settings, path, wishes)
    first = next(pages, Page())  # a file that cannot be read at all leaves no row in the ledger
    with settings.session() as session:
        pull_id = ledger.start_pull(session, source, worker_name(), clock())
    outcome, error = "failed", "interrupted"
    try:
        for page in chain([first], pages):
            with settings.session() as session:
                page = replace(page, cursor=None)
                done = mentions.keep(session, source, page, now=clock(), pull_id=pull_id, retention=retention)
            kept += done
            broken += page.broken[: _MOST_PLACES - len(broken)]
            tell(path.name, done.fetched)
        outcome, error = "done", ""
    except Exception as stopped:  # whatever it is, the ledger says it; and it is raised on
        error = fault(stopped)
        raise
    finally:
        with settings.session() as session:
            now = clock()
            ledger.end_pull(session, pull_id, outcome=outcome, now=now, next_run_at=now, error=error)
    return TakenIn(source.name, kept, tuple(broken))


def _pages(settings: Settings, path: Path, wishes: Wishes) -> Iterator[Page]:
    asked = {"platform": wishes.platform, "kind": wishes.kind, "mapping": wishes.mapping}
    return read_file(path, **asked, timezone=settings.desk.timezone)  # type: ignore[arg-type]


def described(settings: Settings, path: Path, wishes: Wishes) -> Described:
    """Return how a file would be read; stores nothing."""
    asked = {"platform": wishes.platform, "kind": wishes.kind, "mapping": wishes.mapping}
    return describe(path, **asked, timezone=settings.desk.timezone)  # type: ignore[arg-type]
