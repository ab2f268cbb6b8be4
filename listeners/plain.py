"""HTML to the text that a reader sees: paragraphs and line breaks kept, markup gone."""

import re

from selectolax.lexbor import LexborHTMLParser

_BLOCKS = "p, div, li, blockquote, pre, h1, h2, h3, h4, h5, h6, tr"
_UNSEEN = "script, style, head, .invisible"
"""Mastodon hides the ends of long links in spans of class "invisible"."""


def plain(html: str, without: str = "") -> str:
    """Return the text of *html*, one line per paragraph or break; *without* names what is left out (CSS: "aside.quote")."""
    if "<" not in html and "&" not in html:
        return html.strip()
    tree = LexborHTMLParser(html)
    for node in tree.css(f"{_UNSEEN}, {without}" if without else _UNSEEN):
        node.decompose()
    for node in tree.css("br"):
        node.replace_with("\n")
    for node in tree.css("img[alt]"):
        node.replace_with(node.attributes.get("alt") or "")
    for node in tree.css(_BLOCKS):
        node.insert_after("\n")
    text = tree.body.text(deep=True) if tree.body else ""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]*\n[ \t]*", "\n", text)).strip()


def images(html: str) -> tuple[str, ...]:
    """Return the addresses of the pictures in *html*, without the small ones that stand for a letter (emoji, avatars)."""
    if "<img" not in html:
        return ()
    found = LexborHTMLParser(html).css("img[src]")
    shown = (node.attributes for node in found if not re.search("emoji|avatar", node.attributes.get("class") or ""))
    return tuple(dict.fromkeys(address for one in shown if (address := one.get("src") or "").startswith("http")))


def same_words(one: str, other: str) -> bool:
    """Say whether two texts are the same but for markup, white space and punctuation, which platforms change."""
    words = re.findall(r"\w+", one.lower())
    return words == re.findall(r"\w+", other.lower()) and (bool(words) or one.strip() == other.strip())
