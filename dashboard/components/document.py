"""A document of ours in Markdown, shown as markup that is made here: nothing in it reaches the page as it is."""

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from dashboard.components.markup import Markup, el, join, outside

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_TAGS = {
    "h1": "h3",
    "h2": "h4",
    "h3": "h5",
    **{tag: tag for tag in ("p", "ul", "ol", "li", "blockquote", "strong", "em", "table", "thead", "tbody", "tr", "th", "td")},
}


def document(text: str) -> Markup:
    """Return a document: headings (two ranks lower), paragraphs, lists, tables, emphasis, code, links out of the house."""
    return el("div", _inside(SyntaxTreeNode(_PARSER.parse(text))), cls="k-document")


def _inside(node: SyntaxTreeNode) -> Markup:
    return join(*(_node(child) for child in node.children))


def _node(node: SyntaxTreeNode) -> Markup:
    if node.type == "link":
        inside = _inside(node)
        return outside(str(node.attrs.get("href")), inside) or inside
    if node.type in ("code_inline", "code_block", "fence"):
        return el("code", node.content) if node.type == "code_inline" else el("pre", node.content)
    if node.type == "hr":
        return el("hr")
    if node.type == "table":
        return el("div", el("table", _inside(node)), cls="k-table")
    if node.children or node.type == "inline":
        return el(_TAGS[node.tag], _inside(node)) if node.tag in _TAGS else _inside(node)
    return join(node.content if node.type in ("text", "html_inline", "html_block", "image") else " ")
