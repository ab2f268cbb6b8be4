"""Small signs: topics, sentiment, priority, stars, how long is left."""

from datetime import datetime, timedelta

from dashboard import times
from dashboard.components.markup import Markup, el
from dashboard.viewer import Viewer
from desk.deadline import time_left

SOON = timedelta(hours=2)


def chip(text: str, kind: str = "", title: str | None = None) -> Markup:
    """Return a small sign."""
    return el("span", text, cls=f"k-chip {kind}".strip(), title=title)


def topics(keys: list[tuple[str, float]], v: Viewer, most: int = 3) -> list[Markup]:
    """Return friction topics as signs, the likeliest first."""
    return [chip(v.topic(key), "k-topic", title=f"{odds:.0%}") for key, odds in keys[:most]]


def praised(keys: list[str], v: Viewer, most: int = 2) -> list[Markup]:
    """Return praised topics as signs."""
    return [chip(f"♥ {v.topic(key)}", "k-praise") for key in keys[:most]]


def sentiment(value: str, v: Viewer) -> Markup:
    """Return how somebody feels, as a coloured point with its name."""
    return el("span", el("i", aria_hidden="true"), v.words(f"sentiment.{value}"), cls=f"k-mood k-{value}")


def not_read(why: str, v: Viewer) -> Markup | None:
    """Return the sign of a text that no model has read; None where *why* is empty."""
    return chip(v.words("not_read.title"), "k-not-read", title=reason_not_read(why, v)) if why else None


def reason_not_read(why: str, v: Viewer) -> str:
    """Say why no model has read a text ("empty"; anything else is a failure of the model)."""
    return v.words("not_read.empty" if why == "empty" else "not_read.failed")


def stars(given: float | None, v: Viewer) -> Markup | None:
    """Return a rating as stars."""
    if given is None:
        return None
    full = round(given)
    return el("span", "★" * full, el("i", "★" * (5 - full)), cls="k-stars", title=v.words("mention.stars", n=full))


def deadline(due_at: datetime, status: str, v: Viewer) -> Markup:
    """Return how long is left, or what became of the ticket."""
    if status != "open":
        return el("span", v.words(f"status.{status}"), cls="k-due k-done")
    left = time_left(due_at, v.now)
    kind = "k-late" if left < timedelta() else "k-soon" if left < SOON else ""
    said = times.deadline(due_at, v.now, v.zone, v.words)
    return el("time", said, cls=f"k-due {kind}".strip(), title=times.moment(due_at, v.zone, v.words))


def trend(now: int, before: int | None, v: Viewer, *, new: bool) -> Markup:
    """Return how a number moved against the period before (None where nobody listened then), or that it is new."""
    if not before:
        said = "" if before is None else v.words("trend.new") if new else v.words("trend.before", n=0)
        return el("span", said, cls="k-trend k-up" if said else "k-trend")
    change = round(100 * (now - before) / before)
    if abs(change) < 5:
        return el("span", v.words("trend.same"), cls="k-trend", title=v.words("trend.before", n=before))
    kind, sign = ("k-up", "▲") if change > 0 else ("k-down", "▼")
    moved = v.words("trend.times", factor=round(now / before, 1)) if change >= 100 else percent(abs(change), v)
    return el("span", f"{sign} {moved}", cls=f"k-trend {kind}", title=v.words("trend.before", n=before))


def percent(number: int, v: Viewer) -> str:
    """Write a whole percentage, in German with its narrow blank."""
    return f"{v.words.value(number)}\u202f%" if v.language == "de" else f"{number}%"
