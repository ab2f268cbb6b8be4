"""What a run leaves for whoever looks at it in Prefect: one line per source, in the ledger's words."""

from collections.abc import Sequence
from datetime import datetime

from flows.work.hear import Heard

COLUMNS = ("source", "outcome", "fetched", "new", "changed", "deleted", "quarantined", "oldest unread", "quota left", "next run")


def markdown(heard: Sequence[Heard]) -> str:
    """Return a report of one run in Markdown: the table, and below it what went wrong and what to do."""
    said = [f"**{one.source}**: {_cell(one.error)}\n\n{_cell(one.advice)}".strip() for one in heard if one.error]
    return "\n\n".join([_table(heard) if heard else "No source was due.", *said])


def summary(heard: Sequence[Heard]) -> str:
    """Return a run in one sentence, for its state."""
    new, bad = sum(one.kept.new for one in heard), [one.source for one in heard if not one.good]
    said = f"Heard {len(heard)} sources, {new} new mentions" if heard else "No source was due"
    return f"{said}; not heard: {', '.join(bad)}" if bad else said


def _table(heard: Sequence[Heard]) -> str:
    head = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    return "\n".join(head + [f"| {' | '.join(_cell(value) for value in _row(one))} |" for one in heard])


def _row(one: Heard) -> tuple[object, ...]:
    kept = one.kept
    counts = (kept.fetched, kept.new, kept.changed, kept.deleted, kept.quarantined)
    return (one.source, one.outcome, *counts, _at(one.oldest_unread), one.quota_left, _at(one.next_run_at))


def _at(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else ""


def _cell(value: object) -> str:
    """Write a value so that it stays within its cell, and is no markup."""
    said = "" if value is None else " ".join(str(value).split())
    return said.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[").replace("`", "\\`")[:500]
