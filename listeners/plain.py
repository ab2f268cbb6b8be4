"""HTML to the text that a reader sees: paragraphs and line breaks kept, markup gone."""

import re

from selectolax.lexbor import LexborHTMLParser

_BLOCKS = "p, div, li, blockquote, pre, h1, h2, h3, h4, h5, h6, tr"
_UNSEEN = "script, style, head, .invisible"
"""Mastodon hides the ends of long links in spans of class "invisible"."""


def plain(html: str) -> str:
    """Return the text of *html*, one line per paragraph or break."""
    if "<" not in html and "&" not in html:
        return html.strip()
    tree = LexborHTMLParser(html)
    for node in tree.css(_UNSEEN):
        node.decompose()
    for node in tree.css("br"):
        node.replace_with("\n")
    for node in tree.css("img[alt]"):
        node.replace_with(node.attributes.get("alt") or "")
    for node in tree.css(_BLOCKS):
        node.insert_after("\n")
    text = tree.body.text(deep=True) if tree.body else ""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]*\n[ \t]*", "\n", text)).strip()
