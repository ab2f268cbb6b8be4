"""The one door through which markup reaches the browser: every text is escaped, strangers' words stand isolated.

Guarantee 12: what strangers wrote is shown as text, never as markup. No other module of the dashboard writes HTML.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal
from urllib.parse import urlsplit

import streamlit as st

_NOT_SHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")
"""Signs that may mean something in Markdown; a stroke before each makes it one that means itself (CommonMark, 2.4)."""
_ADDRESS = re.compile(r"(?=[:.@]\S)")
"""Where an address would be known by: a stroke does not keep bare ones from becoming links (GFM, 6.9), a word joiner does."""
_VOID = ("br", "hr")


class Markup(str):
    """Text that is markup already, because `el` has made it."""

    __slots__ = ()


Child = str | Iterable["Child"] | None


def el(name: str, *children: Child, cls: str = "", **attributes: str | None) -> Markup:
    """Return an element. Children that are plain text are escaped; attributes with None are left out."""
    given = {"class": cls or None} | {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    written = "".join(f' {key}="{escape(_shown(value))}"' for key, value in given.items() if value is not None)
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: Child) -> Markup:
    """Return children one after the other, escaping what is plain text."""
    return Markup("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    return escape(_shown(child)) if isinstance(child, str) else join(*child)


def _shown(text: str) -> str:
    """Replace what no page can show: control characters and halves of surrogate pairs."""
    return _NOT_SHOWN.sub("\ufffd", text)


def said(text: str, most: int = 0, marks: Sequence[tuple[int, int, float]] = ()) -> Markup:
    """Return a stranger's words, isolated, so that no control character in them turns the text around them.

    At most *most* characters are shown (0: all). *marks* are places with weights, shown as speaking for (positive) or against.
    """
    end = len(text) if not most or len(text) <= most else most
    parts: list[Child] = []
    here = 0
    for start, stop, weight in sorted(marks):
        if here <= start < stop <= end:
            parts += [text[here:start], _mark(text[start:stop], weight)]
            here = stop
    parts += [text[here:end], "…" if end < len(text) else None]
    return el("bdi", parts, cls="k-said")


def _mark(word: str, weight: float) -> Markup:
    strength = min(3, 1 + int(abs(weight) / 0.6))
    return el("mark", word, cls=f"k-{'for' if weight > 0 else 'against'} k-w{strength}")


def in_label(text: str) -> str:
    """Return a stranger's words for the label of a field, which Streamlit reads as Markdown, pictures and links included."""
    return _MARKDOWN.sub(r"\\\g<0>", _ADDRESS.sub("\u2060", " ".join(_shown(text).split())))


def outside(url: str | None, label: str) -> Markup | None:
    """Return a link out of the house, None where *url* is not a web address."""
    try:
        known = url is not None and urlsplit(url).scheme in ("http", "https")
    except ValueError:
        known = False
    return el("a", label, href=url, target="_blank", rel="noopener noreferrer nofollow", cls="k-out") if known else None


def show(markup: Markup, width: Literal["stretch", "content"] = "stretch") -> None:
    """Put markup on the page, as wide as there is room, or as its content."""
    st.html(markup, width=width)
