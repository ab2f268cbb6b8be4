"""The parts of the page Friction: filters, the ranking by stage of the customer journey, the chart, quotes, exports."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import streamlit as st

from dashboard import audit, data, export, friction_data, times
from dashboard.components import chips, rows
from dashboard.components.address import Address
from dashboard.components.markup import Markup, el, said, show
from dashboard.viewer import Viewer
from nlp.redact import redact
from store.audit import EXPORTED
from store.friction import FrictionRow, Quote, Scope

_NAMES = ("days", "platform", "language", "topic")
_DAYS = ("7", "28", "90")
QUOTES = 8


def filters(v: Viewer) -> tuple[Scope, str]:
    """Show the filters; return what they leave and which topic is looked at ("" for the first)."""
    address = Address("friction", _NAMES, v.language)
    platforms = ["", *data.platforms()]
    languages = ["", "de", "en"]
    with st.container(horizontal=True, key="k-filters", vertical_alignment="bottom", gap="small"):
        days = st.segmented_control(
            v.words("friction.period"),
            _DAYS,
            default=address["days"] if address["days"] in _DAYS else "28",
            format_func=lambda days: v.words("friction.days", n=int(days)),
            key=address.key("days"),
            required=True,
        )
        platform = st.selectbox(
            v.words("filter.platform"),
            platforms,
            index=address.index("platform", platforms),
            format_func=lambda key: v.platform(key) if key else v.words("filter.any_platform"),
            key=address.key("platform"),
            width=210,
        )
        language = st.selectbox(
            v.words("filter.language"),
            languages,
            index=address.index("language", languages),
            format_func=lambda key: v.tongue(key) if key else v.words("filter.any_language"),
            key=address.key("language"),
            width=180,
        )
    days = days or "28"
    address.keep({"days": "" if days == "28" else days, "platform": platform, "language": language, "topic": address["topic"]})
    return _scope(int(days), platform, language, v), address["topic"]


def _scope(days: int, platform: str, language: str, v: Viewer) -> Scope:
    """Return whole days of the desk's time zone, today included: asked twice, it is the same scope."""
    tomorrow = v.now.astimezone(v.zone).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Scope(tomorrow - timedelta(days=days), tomorrow, platform or None, language or None)


def ranking(found: Sequence[FrictionRow], chosen: str, scope: Scope, v: Viewer) -> None:
    """Show the topics by stage of the journey, the stage that hurts most first."""
    known = {topic.key: topic.stage for topic in v.desk.topics.topics}
    stages: dict[str, list[FrictionRow]] = {}
    for row in found:
        stages.setdefault(known.get(row.topic, ""), []).append(row)
    calm = all(row.people_before is None for row in found)  # nobody listened before: there is nothing to compare with
    top, people_of = max(row.people for row in found), friction_data.friction_stages(scope)
    for stage, rows_of_it in sorted(stages.items(), key=lambda one: -people_of.get(one[0], 0)):
        people = people_of.get(stage, 0)
        name = v.desk.topics.stage_name(stage, v.language) or v.words("friction.no_stage")
        show(el("h3", name, el("small", v.words("friction.people", n=people)), cls="k-stage"))
        with st.container(gap=None):
            for row in rows_of_it:
                rows.linked(
                    _row(row, top, v, chosen=row.topic == chosen, calm=calm),
                    key=f"topic-{row.topic}",
                    label=v.words("today.open_topic", topic=v.topic(row.topic)),
                    params=_params(scope) | {"topic": row.topic},
                )


def _params(scope: Scope) -> dict[str, str]:
    days = str((scope.until - scope.since).days)
    given = {"days": "" if days == "28" else days, "platform": scope.platform or "", "language": scope.language or ""}
    return {name: value for name, value in given.items() if value}


def _row(row: FrictionRow, top: int, v: Viewer, *, chosen: bool, calm: bool) -> Markup:
    return el(
        "div",
        el("span", v.topic(row.topic), cls="k-name"),
        el("span", el("i", style=f"width:{max(2, round(100 * row.people / max(top, 1)))}%"), cls="k-bar", aria_hidden="true"),
        el("span", v.words.value(row.people), cls="k-count", title=v.words("friction.people", n=row.people)),
        None if calm else chips.trend(row.people, row.people_before, v, new=row.new),
        cls=f"k-load {'k-calm' if calm else 'k-topic-row'}{' k-chosen' if chosen else ''}",
    )


def about(row: FrictionRow, v: Viewer) -> None:
    """Say what a topic means and how it stands."""
    w = v.words
    topic = next((one for one in v.desk.topics.topics if one.key == row.topic), None)
    show(
        el(
            "div",
            el("h2", v.topic(row.topic)),
            el("p", topic.description[v.language], cls="k-quiet") if topic else None,
            el(
                "p",
                el("b", w("friction.people", n=row.people)),
                ", ",
                w("friction.mentions", n=row.mentions),
                ", " if row.urgent else None,
                el("b", w("friction.urgent", n=row.urgent), cls="k-late") if row.urgent else None,
                " · " if row.people_before is not None else None,
                w("friction.before", n=row.people_before) if row.people_before is not None else None,
            ),
            cls="k-about",
        )
    )


def quotes(found: Sequence[Quote], v: Viewer) -> None:
    """Show what people said, as links to their conversations."""
    show(el("h3", v.words("friction.quotes")))
    for quote in found:
        rows.linked(
            _quote(quote, v),
            key=f"quote-{quote.mention.id}",
            page="conversation",
            label=v.words("friction.open_quote"),
            params={"id": str(quote.mention.conversation_id), "mention": str(quote.mention.id)},
        )


def _quote(quote: Quote, v: Viewer) -> Markup:
    mention = quote.mention
    words = " ".join(f"{mention.title} {mention.text}"[:1200].split())
    signs = [v.platform(mention.platform), times.day(mention.said_at, v.zone, v.words)]
    return el(
        "blockquote",
        said(words, 260),
        el(
            "footer",
            said(quote.author or v.words("mention.anonymous"), 40),
            el("span", " · ".join(signs)),
            chips.stars(mention.stars, v),
        ),
        cls="k-quote",
    )


def to_inbox(topic: str, v: Viewer) -> None:
    """Lead to the tickets about a topic."""
    label = v.words("friction.to_inbox", topic=v.topic(topic))
    st.page_link("views/inbox.py", label=label, icon=":material/inbox:", query_params={"topic": topic})


def download(found: Sequence[FrictionRow], scope: Scope, v: Viewer) -> None:
    """Offer the ranking and all quotes as files for a spreadsheet; who said it stands in them only where somebody asks for it."""
    stamp = f"{scope.since.date()}_{(scope.until - timedelta(days=1)).date()}"
    with st.container(key="k-exports", gap=None):
        named = st.checkbox(v.words("export.named"), key="export-named", help=v.words("export.named_help"))
        files = {"topics": lambda: _topics_csv(found, v), "quotes": lambda: _quotes_csv(scope, v, named=named)}
        with st.container(horizontal=True, gap="small"):
            for name, rows_of_it in files.items():
                st.download_button(
                    v.words(f"export.{name}"),
                    data=audit.leaving(rows_of_it, EXPORTED, "quotes_named" if named and name == "quotes" else name, v),
                    file_name=f"kummerkasten-{name}-{stamp}.csv",
                    mime="text/csv",
                    icon=":material/download:",
                    type="tertiary",
                    key=f"export-{name}",
                    on_click="ignore",
                )


def _topics_csv(found: Sequence[FrictionRow], v: Viewer) -> bytes:
    names = ("topic", "people", "mentions", "urgent", "people_before")
    head = [v.words(f"export.{name}_column") for name in names]
    rows_of_it = ([v.topic(row.topic), row.people, row.mentions, row.urgent, row.people_before] for row in found)
    return export.table(head, rows_of_it, v.language)


def _quotes_csv(scope: Scope, v: Viewer, *, named: bool = False) -> bytes:
    names = ("topic", "said_at", "platform", "language", "stars", "title", "text", *(("author", "url") if named else ()))
    return export.table([v.words(f"export.{name}_column") for name in names], _quote_cells(scope, v, named), v.language)


def _quote_cells(scope: Scope, v: Viewer, named: bool) -> Iterator[list[object]]:
    """Yield the rows of the quotes: the file leaves the house, so what points to a person is hidden in them, or left out."""
    for topic, quote in friction_data.every_quote(scope):
        mention = quote.mention
        local: datetime = mention.said_at.astimezone(v.zone)
        said_at = f"{local:%d.%m.%Y %H:%M}" if v.language == "de" else local.isoformat(timespec="minutes")
        about_it = [v.topic(topic), said_at, v.platform(mention.platform), mention.language, mention.stars]
        who = [quote.author, mention.url] if named else []
        yield [*about_it, redact(mention.title).text, redact(mention.text).text, *who]
