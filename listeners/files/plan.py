"""Decide once for a file how its rows are read: which columns, whose export, which calendar and scale; say it for `--dry-run`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.errors import ConfigurationError, NotUnderstood
from desk.mention import Kind
from listeners.files import columns, dates, delimited, objects, profiles, ratings, sheets
from listeners.files.columns import Seen, plain_name
from listeners.files.dates import Calendar
from listeners.files.profiles import Profile
from listeners.files.table import COLUMNS, Bad, Row, Table

PLATFORM = "files"
_SAMPLE = 500
_TEXTS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".txt": "text"}
_LINES = (".jsonl", ".ndjson")
_REFUSED = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls); save it as XLSX or CSV"),
    (b"%PDF", "a PDF; export the data as CSV or XLSX"),
    (b"\x1f\x8b", "packed (gzip); unpack it"),
    (b"SQLite format 3", "a database; export a table as CSV"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


@dataclass(frozen=True)
class Wish:
    """What whoever reads the file already knows about it."""

    platform: str | None = None
    kind: Kind | None = None
    mapping: Mapping[str, str] | None = None
    timezone: str = "Europe/Berlin"


@dataclass(frozen=True)
class Plan:
    """How the rows of one file are read."""

    table: Table
    mapping: Mapping[str, tuple[str, ...]]
    """For each field of a mention the columns that hold it."""
    platform: str
    kind: Kind
    profile: Profile | None
    said: Calendar
    replied: Calendar
    scale: ratings.Scale
    written_at: datetime
    """When the file was last changed: when things were said where no column says so."""

    @property
    def own_ids(self) -> bool:
        """Whether the ids in the file are the platform's own."""
        return self.profile is not None and self.profile.own_ids


def make(path: Path, wish: Wish) -> Plan:
    """Return how *path* is read; raises ConfigurationError where no column is the text, NotUnderstood for what is no export."""
    table = open_table(path)
    if not table.columns and isinstance(first := next(table.rows(), None), Bad):
        raise NotUnderstood(f"no row can be read; line {first.line}: {first.reason}")
    seen = [Seen(name) for name in table.columns]
    for row in islice((row for row in table.rows() if isinstance(row, Row)), _SAMPLE):
        for column in seen:
            column.cells.append(row.cells.get(column.name))
    profile = profiles.recognise(table.columns)
    if len(seen) > COLUMNS:
        raise NotUnderstood(f"{len(seen)} columns are more than any export has")
    mapping = _mapping(seen, profile, columns.checked(wish.mapping or {}, table.columns))
    by_field = {name: columns.parts(written, seen) for name, written in mapping.items()}
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    zone = wish.timezone
    stars = _named(seen, mapping.get("stars")) or Seen("")
    return Plan(
        table=table,
        mapping=by_field,
        platform=wish.platform or (profile.platform if profile else PLATFORM),
        kind=wish.kind or (profile.kind if profile else _kind(mapping)),
        profile=profile,
        said=_calendar(table, _named(seen, mapping.get("said_at")), zone, written_at),
        replied=_calendar(table, _named(seen, mapping.get("reply_at")), zone, written_at),
        scale=ratings.scale_of(stars.cells, stars.name),
        written_at=written_at,
    )


def open_table(path: Path) -> Table:
    """Return *path* as rows, by its first bytes and its name; raises NotUnderstood for what is no export."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    for mark, what in _REFUSED:
        if head.startswith(mark):
            raise NotUnderstood(f"this is {what}")
    suffix = path.suffix.lower()
    if head.startswith(b"PK\x03\x04"):
        return sheets.table(path)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise NotUnderstood("the file is empty")
    if _binary(head):
        raise NotUnderstood("this is no text, and no workbook")
    if suffix in _LINES:
        return objects.table(path, lines=True)
    begins = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1]
    if suffix == ".json" or (suffix not in _TEXTS and begins in (b"{", b"[")):
        return objects.table(path)
    return delimited.table(path, _TEXTS.get(suffix, "text"))


def _binary(head: bytes) -> bool:
    """Text has no control characters; UTF-16 has null bytes, but only in every other place."""
    odd = sum(byte < 9 or 13 < byte < 32 for byte in head.replace(b"\x00", b"").replace(b"\x1f", b""))
    nulls = head.count(0)
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or min(head[::2].count(0), head[1::2].count(0)) < nulls / 10
    return odd > len(head) / 50 or (nulls > len(head) / 20 and not wide)


def _mapping(seen: Sequence[Seen], profile: Profile | None, fixed: Mapping[str, str]) -> dict[str, str]:
    if not seen and not fixed:
        return {}
    by_words = {one.words: one.name for one in reversed(seen)}
    told = {name: by_words[words] for name, words in (profile.columns if profile else {}).items() if words in by_words}
    found = columns.guess(seen, {**told, **fixed})
    if "text" not in fixed and (profile.kind if profile else _kind(found)) == "survey":
        found["text"] = columns.questions(seen, found)
    return found


def _kind(mapping: Mapping[str, str]) -> Kind:
    """Guess what is told by columns alone: a subject means mail, a question a survey, stars a review."""
    title, text = (plain_name(mapping.get(name, "")) for name in ("title", "text"))
    if title in ("betreff", "subject"):
        return "email"
    if mapping.get("text", "").rstrip().endswith("?"):
        return "survey"
    if "stars" in mapping:
        return "review"
    return "dm" if text.startswith(("nachricht", "message", "ihre nachricht")) else "comment"


def _named(seen: Sequence[Seen], name: str | None) -> Seen | None:
    return next((one for one in seen if one.name == name), None)


def _calendar(table: Table, column: Seen | None, zone: str, written_at: datetime) -> Calendar:
    """Return how a column's dates are read; goes through the whole file only where its first rows leave it open."""
    if column is None:
        return Calendar(ZoneInfo(zone))
    american = False
    if any(dates.ambiguous(cell) for cell in column.cells):
        cells = (row.cells.get(column.name) for row in table.rows() if isinstance(row, Row))
        american = dates.month_first(cells, written_at)
    return Calendar(UTC if "utc" in column.words.split() else ZoneInfo(zone), american)


def zone_of(name: str) -> str:
    """Return *name* if it is a time zone; raises ConfigurationError."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(f'"{name}" is not a time zone; write for example "Europe/Berlin"') from error
    return name


RECENT = timedelta(seconds=2)
"""How long a file must have been left alone before it is taken to be whole."""
