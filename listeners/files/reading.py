"""Read an export as pages of mentions, with flat memory, from the beginning or from where an earlier reading stopped.

A row that cannot be understood goes to quarantine with its line, the others come in (guarantee 6).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from desk.errors import NotUnderstood
from desk.mention import Kind, Mention
from listeners.contract import Broken, Page
from listeners.files import plan
from listeners.files.plan import Plan, Wish
from listeners.files.rows import Turner
from listeners.files.table import Bad

PAGE = 500
_CHUNK = 1 << 20
_SHOWN = 5


@dataclass(frozen=True)
class Described:
    """What a file was understood as: for ``import --dry-run`` and ``try``. ``mapping`` says which column is what."""

    format: str
    encoding: str
    dialect: str
    profile: str
    platform: str
    kind: Kind
    columns: tuple[str, ...]
    mapping: Mapping[str, str]
    unused: tuple[str, ...]
    month_first: bool
    mentions: tuple[Mention, ...]
    broken: tuple[Broken, ...]


def read_file(
    path: Path,
    *,
    platform: str | None = None,
    kind: Kind | None = None,
    mapping: Mapping[str, str] | None = None,
    timezone: str = "Europe/Berlin",
    page_size: int = PAGE,
    start: str | None = None,
) -> Iterator[Page]:
    """Yield what the file says, in its order; each page's cursor is a *start* from which the next reading goes on.

    Raises ConfigurationError where the columns cannot be told or *mapping* names wrong ones, NotUnderstood where the file as a
    whole cannot be read. A file that has changed since *start* is read from its beginning: ids make that harmless.
    """
    wish = Wish(platform, kind, mapping, plan.zone_of(timezone))
    mark = fingerprint(path)
    position = json.loads(start) if start else {}
    skip = position.get("rows", 0) if position.get("fingerprint") == mark else 0
    for rows, page in pages(plan.make(path, wish), path.name, page_size, skip):
        yield Page(page.mentions, json.dumps({"fingerprint": mark, "rows": rows}), broken=page.broken, more=page.more)


def describe(
    path: Path,
    *,
    platform: str | None = None,
    kind: Kind | None = None,
    mapping: Mapping[str, str] | None = None,
    timezone: str = "Europe/Berlin",
) -> Described:
    """Return how the file would be read, and its first mentions; raises as ``read_file`` does."""
    made = plan.make(path, Wish(platform, kind, mapping, plan.zone_of(timezone)))
    first = next((page for _, page in pages(made, path.name, 50)), Page())
    used = {one for columns in made.mapping.values() for one in columns}
    return Described(
        format=made.table.format,
        encoding=made.table.encoding,
        dialect=made.table.dialect,
        profile=made.profile.name if made.profile else "",
        platform=made.platform,
        kind=made.kind,
        columns=made.table.columns,
        mapping={name: " + ".join(columns) for name, columns in made.mapping.items()},
        unused=tuple(column for column in made.table.columns if column not in used),
        month_first=made.said.month_first,
        mentions=first.mentions[:_SHOWN],
        broken=first.broken[:_SHOWN],
    )


def pages(made: Plan, name: str, size: int = PAGE, skip: int = 0) -> Iterator[tuple[int, Page]]:
    """Yield pages of at most *size* rows without the first *skip*, each with how many rows are behind it; at least one page.

    The skipped rows are read too: what they say decides what later ones are called where they have no id.
    """
    turner = Turner(made)
    mentions: list[Mention] = []
    broken: list[Broken] = []
    number = done = 0
    for number, row in enumerate(made.table.rows(), 1):
        if number > max(skip, done) and number - max(skip, done) > size:
            done = number - 1
            yield done, Page(tuple(mentions), broken=tuple(broken), more=True)
            mentions, broken = [], []
        heard: tuple[Mention, ...] = ()
        problem = row.reason if isinstance(row, Bad) else ""
        try:
            heard = () if isinstance(row, Bad) else turner.turn(row)
        except NotUnderstood as error:
            problem = str(error)
        if number > skip:
            mentions.extend(heard)
            broken.extend([Broken(row.raw, problem, f"{name}, line {row.line}")] if problem else ())
    yield max(number, skip), Page(tuple(mentions), broken=tuple(broken))


def fingerprint(path: Path) -> str:
    """Return what tells this content of a file from any other."""
    digest = sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:20]
