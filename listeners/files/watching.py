"""Watch a folder of exports: each file is read once it is whole, again when it has changed, and never touched."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

from desk.errors import KummerkastenError, SourceDenied, SourceGone
from desk.mention import Kind
from desk.source import Source
from listeners.contract import Broken, Cursor, Page, Window
from listeners.files import plan
from listeners.files.names import FIELDS
from listeners.files.plan import RECENT, Wish
from listeners.files.reading import PAGE, fingerprint, pages
from listeners.files.table import RAW_LIMIT
from listeners.http import Client

_UNFINISHED = (".part", ".tmp", ".crdownload", ".download", ".partial", ".swp")
_PASSED_OVER = ("~$", ".", "desktop.ini", "Thumbs.db")
_DONE = -1

Known = dict[str, list[int | str]]
"""For each file's name: size, time of its last change (ns), fingerprint, and rows kept (-1: all)."""


class Options(BaseModel):
    """What a source that watches a folder may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    """Relative paths count from the working directory of the process: the folder of kummerkasten.toml for all its commands."""
    pattern: str = "*"
    as_platform: str | None = None
    """Whose mentions these are ("trustpilot"); without it the export says so, or else it is "files"."""
    kind: Kind | None = None
    mapping: dict[str, str] = {}
    timezone: str = "Europe/Berlin"

    @field_validator("pattern")
    @classmethod
    def _inside(cls, pattern: str) -> str:
        if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise ValueError('write a pattern for names inside the folder, for example "*.csv" or "**/*.xlsx"')
        return pattern

    @field_validator("mapping")
    @classmethod
    def _fields(cls, mapping: dict[str, str]) -> dict[str, str]:
        if wrong := [name for name in mapping if name not in FIELDS]:
            raise ValueError(f'"{wrong[0]}" is nothing that a mention has; there is {", ".join(FIELDS)}')
        return mapping

    @field_validator("timezone")
    @classmethod
    def _zone(cls, timezone: str) -> str:
        try:
            return plan.zone_of(timezone)
        except KummerkastenError as error:
            raise ValueError(str(error)) from error


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what the files say that are new or changed since *cursor*, the oldest file first.

    ``window.since`` does not count: who puts a file there wants all of it. Raises SourceGone where there is no such folder.
    """
    options = Options.model_validate(source.options)
    folder = options.folder.expanduser()
    there = _files(folder, options.pattern)
    known: Known = {name: state for name, state in json.loads(cursor or "{}").items() if name in there}
    walk = _Walk(folder, options, known, window.pages)
    waiting = [name for name, stat in there.items() if walk.is_waiting(name, stat, window)]
    for number, name in enumerate(waiting, 1):
        yield from walk.file(name, last=number == len(waiting))
        if walk.left <= 0:
            return


@dataclass
class _Walk:
    """One run: what is known of each file, and how many pages may still be kept."""

    folder: Path
    options: Options
    known: Known
    left: int
    stats: dict[str, os.stat_result] = field(default_factory=dict)

    def is_waiting(self, name: str, stat: os.stat_result, window: Window) -> bool:
        """Say whether a file is to be read now: it is whole, and not known as it is."""
        self.stats[name] = stat
        if abs(window.now.timestamp() - stat.st_mtime) < RECENT.total_seconds():
            return False
        return self.known.get(name, [0, 0])[:2] != [stat.st_size, stat.st_mtime_ns] or self.known[name][3] != _DONE

    def file(self, name: str, *, last: bool) -> Iterator[Page]:
        """Yield one file's pages; one that cannot be read comes as a single broken thing, and the others go on."""
        path = self.folder / name
        stat = self.stats[name]
        state: list[int | str] = [stat.st_size, stat.st_mtime_ns, "", _DONE]
        try:
            state[2] = fingerprint(path)
            before = self.known.get(name, [0, 0, "", 0])
            same = before[2] == state[2]
            if same and before[3] == _DONE:
                yield self._page(name, state, _DONE, Page(more=not last))
                return
            for rows, page in self._pages(path, int(before[3]) if same else 0):
                finished = not page.more
                heard = Page(page.mentions, broken=page.broken, more=not (finished and last))
                yield self._page(name, state, _DONE if finished else rows, heard)
                if self.left <= 0:
                    return
        except (KummerkastenError, OSError) as error:
            broken = Broken(_head(path), f"the file cannot be read: {error}", name)
            yield self._page(name, state, _DONE, Page(broken=(broken,), more=not last))

    def _pages(self, path: Path, skip: int) -> Iterator[tuple[int, Page]]:
        options = self.options
        wish = Wish(options.as_platform, options.kind, options.mapping, options.timezone)
        return pages(plan.make(path, wish), path.name, PAGE, skip)

    def _page(self, name: str, state: list[int | str], rows: int, page: Page) -> Page:
        self.left -= 1
        self.known[name] = [*state[:3], rows]
        return Page(page.mentions, json.dumps(self.known, sort_keys=True), broken=page.broken, more=page.more)


def _files(folder: Path, pattern: str) -> dict[str, os.stat_result]:
    """Return the files of the folder by name, the one that was changed first first; nothing outside it, whatever links say."""
    try:
        if not folder.is_dir():
            raise SourceGone(f"there is no folder {folder}", advice=f"Create it: mkdir -p {folder}")
        os.listdir(folder)
    except PermissionError as error:
        raise SourceDenied(f"the folder {folder} cannot be read", advice="Let the user of Kummerkasten read it.") from error
    home = folder.resolve()
    found = {}
    for path in folder.glob(pattern):
        if path.name.startswith(_PASSED_OVER) or path.name.lower().endswith(_UNFINISHED):
            continue
        real = path.resolve()
        if real.is_relative_to(home) and real.is_file():
            found[path.relative_to(folder).as_posix()] = real.stat()
    return dict(sorted(found.items(), key=lambda one: (one[1].st_mtime_ns, one[0])))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(RAW_LIMIT)
    except OSError:
        return b""
