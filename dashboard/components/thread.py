"""The thread: what customers said on the left, what we said on the right, with edits and deletions."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import audit, times
from dashboard.components import chips, notices
from dashboard.components.markup import Child, Markup, el, outside, said, show
from dashboard.viewer import Viewer
from nlp.redact import redact
from store.audit import EXPORTED
from store.conversations import Said, Thread
from store.tables import MentionVersion

Marks = Sequence[tuple[int, int, float]]

SHOWN = 4_000
"""Characters of one mention that are shown; the rest can be had as a file."""
_VERSIONS = 10
_MENTIONS = 200
"""The newest so many of a thread are shown."""
READ = 950
"""Characters of a text that a model reads, about: as many as its 256 tokens cover in German or English (`nlp.encoder.TOKENS`)."""
_LONG = 1_100
"""A text with more characters than this is longer than what a model reads, whatever its words are."""


def head(found: Thread, v: Viewer) -> None:
    """Say where this was said, and by whom first."""
    first = next((one for one in found.said if not one.mention.ours), found.said[0])
    more = v.words("conversation.mentions", n=len(found.said))
    show(
        el(
            "header",
            el("h1", _name(first, v)),
            el("p", f"{v.platform(found.conversation.platform)} · {found.conversation.source} · {more}"),
            cls="k-head",
        )
    )


def show_all(found: Thread, focus: Said | None, v: Viewer, marks: Marks) -> None:
    """Show the mentions one after the other."""
    hidden = max(0, len(found.said) - _MENTIONS)
    if hidden:
        show(el("p", v.words("conversation.hidden", n=hidden), cls="k-line"))
    for one in found.said[hidden:]:
        mine = focus is not None and one.mention.id == focus.mention.id
        show(_bubble(one, v, marks if mine else (), mine and len(found.said) > 1))
        if len(words_of(one)) > SHOWN:
            _whole(one, v, again=bool(marks))


def show_in(place: DeltaGenerator, found: Thread, focus: Said | None, v: Viewer, marks: Marks = ()) -> None:
    """Show the thread at *place*, instead of what was there."""
    with place.container(gap="small"):
        show_all(found, focus, v, marks)


def words_of(one: Said) -> str:
    """Return what a tagger reads of a mention: title and text."""
    return f"{one.mention.title}\n{one.mention.text}" if one.mention.title else one.mention.text


def _name(one: Said, v: Viewer) -> Child:
    author = one.author
    called = (author.name or author.handle) if author else ""
    return said(called, 60) if called else v.words("mention.anonymous")


def _bubble(one: Said, v: Viewer, marks: Marks, focused: bool) -> Markup:
    mention = one.mention
    kind = "k-ours" if mention.ours else "k-theirs"
    gone = mention.deleted_at is not None
    return el(
        "article",
        el("div", _byline(one, v), cls="k-byline"),
        el("p", v.words("mention.deleted", when=times.ago(mention.deleted_at, v.now, v.words)), cls="k-gone")
        if mention.deleted_at
        else None,
        _text(one, v, marks),
        el("p", reading, cls="k-line k-reading") if (reading := how_read(one, v)) else None,
        _earlier(one.versions, v) if one.versions else None,
        cls=f"k-bubble {kind}{' k-deleted' if gone else ''}{' k-focus' if focused else ''}",
    )


def _byline(one: Said, v: Viewer) -> list[Child]:
    mention = one.mention
    handle = one.author.handle if one.author else ""
    return [
        el("b", v.words("mention.us") if mention.ours else _name(one, v)),
        el("span", "@", said(handle, 40), cls="k-handle") if handle and one.author and one.author.name else None,
        el("span", v.words(f"kind.{mention.kind}")),
        el("time", times.moment(mention.said_at, v.zone, v.words), title=times.ago(mention.said_at, v.now, v.words)),
        chips.stars(mention.stars, v),
        chips.not_read(one.not_read, v),
        el("span", v.words("mention.edited"), cls="k-edited") if mention.edited_at else None,
        outside(mention.url, v.words("mention.original")),
    ]


def _text(one: Said, v: Viewer, marks: Marks) -> Markup:
    title, whole = one.mention.title, words_of(one)
    if not whole.strip():
        return el("p", el("em", v.words("mention.wordless")), cls="k-text")
    if not title:
        return el("div", said(whole, SHOWN, marks), cls="k-text")
    cut = len(title) + 1
    above = [mark for mark in marks if mark[1] <= len(title)]
    below = [(start - cut, stop - cut, weight) for start, stop, weight in marks if start >= cut]
    return el("div", el("h4", said(title, 300, above)), said(one.mention.text, SHOWN, below), cls="k-text")


def how_read(one: Said, v: Viewer) -> str:
    """Say why a mention was not read, or that only its beginning was; nothing where a model has read all of it, or none yet."""
    if one.mention.ours or one.mention.read_at is None:
        return ""
    if one.not_read:
        return chips.reason_not_read(one.not_read, v)
    words = beginning(words_of(one))
    return v.words("mention.beginning", n=words) if words else ""


def beginning(text: str) -> int:
    """Return how many words of *text* a model reads, to the next ten; 0 where that is all of it, or may be."""
    words = text.split(None, _LONG)
    flat = " ".join(words[:_LONG])
    return max(10, round(len(flat[:READ].split()), -1)) if len(flat) > _LONG else 0


def _earlier(versions: Sequence[MentionVersion], v: Viewer) -> Markup:
    latest = versions[-_VERSIONS:]
    return el(
        "details",
        el("summary", v.words("mention.versions", n=len(versions))),
        [
            el(
                "div",
                el("time", v.words("mention.until", when=times.moment(old.replaced_at, v.zone, v.words))),
                said(old.text, SHOWN),
            )
            for old in reversed(latest)
        ],
        cls="k-versions",
    )


def _whole(one: Said, v: Viewer, again: bool) -> None:
    words = words_of(one)
    with st.container(gap=None):
        st.download_button(
            v.words("mention.whole", n=len(words)),
            data=audit.leaving(lambda: whole_file(words), EXPORTED, "mention", v, one.mention.id),
            file_name=f"mention-{one.mention.id}.txt",
            mime="text/plain",
            key=f"whole-{one.mention.id}-{again}",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
        )
        notices.line(v.words("mention.whole_redacted"))


def whole_file(words: str) -> bytes:
    """Return a text as a file: it leaves the house, so what points to a person is hidden in it."""
    return redact(words).text.encode("utf-8", "replace")
