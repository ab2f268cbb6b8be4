"""The inbox's filters, kept in its address."""

from collections.abc import Mapping
from typing import Literal

import streamlit as st

from dashboard import data
from dashboard.components.address import Address, last_of
from dashboard.viewer import Viewer
from desk.reading import SENTIMENTS
from store.inbox import Filters
from store.tickets import STATUSES

_PAGE = "inbox"
_CHOICES = ("topic", "platform", "language", "sentiment", "assignee")
_NAMES = ("team", "status", "search", *_CHOICES, "late", "page")
NOBODY = "-"


def inbox(v: Viewer) -> Filters:
    """Show the filters and return what they ask for."""
    address = Address(_PAGE, _NAMES, v.language)
    with st.container(horizontal=True, key="k-filters", vertical_alignment="bottom", gap="small"):
        values = {
            "team": _select(address, "team", _teams(v), v, width=155),
            "status": _status(address, v),
            "search": st.text_input(
                v.words("filter.search"),
                value=address["search"],
                key=address.key("search"),
                placeholder=v.words("filter.search_hint"),
                icon=":material/search:",
                max_chars=200,
                width=155,
            )
            or "",
            "late": "1" if st.toggle(v.words("filter.late"), value=address["late"] == "1", key=address.key("late")) else "",
        }
        values |= _more(address, v)
    kept = values | {"page": address["page"]} if _same(values, address.last()) else values
    address.keep({**kept, "status": "" if kept["status"] == "open" else kept["status"]})
    return _asked(kept)


def _same(values: Mapping[str, str], before: Mapping[str, str]) -> bool:
    """Say whether nothing but the page number may have changed."""
    return all(before.get(name, "open" if name == "status" else "") == value for name, value in values.items())


def last(v: Viewer) -> Filters:
    """Return what the inbox was asked for when it was last open."""
    values = dict.fromkeys(_NAMES, "") | last_of(_PAGE)
    return _asked(values | {"status": values["status"] or "open"})


def page_number() -> int:
    """Return which page of the queue is asked for."""
    given = st.query_params.get("page", "1")
    return max(1, int(given)) if given.isascii() and given.isdigit() and len(given) < 6 else 1


def turn(pages: int, v: Viewer) -> None:
    """Let people turn pages."""
    address = Address(_PAGE, _NAMES, v.language)
    key = f"{address.key('page')}.{hash(tuple(sorted((k, x) for k, x in address.last().items() if k != 'page')))}"
    st.pagination(pages, default=min(page_number(), pages), key=key, on_change=_turned, args=(key,))


def _turned(key: str) -> None:
    st.query_params["page"] = str(st.session_state[key])


def _teams(v: Viewer) -> dict[str, str]:
    return {key: v.team(key) for key in dict.fromkeys([*(team.key for team in v.desk.teams), *data.today().teams])}


def _status(address: Address, v: Viewer) -> str:
    options = [*STATUSES, "all"]
    chosen = st.segmented_control(
        v.words("filter.status"),
        options,
        default=address["status"] if address["status"] in options else "open",
        format_func=lambda status: v.words(f"statuses.{status}"),
        key=address.key("status"),
        required=True,
    )
    return chosen or "open"


def _select(
    address: Address, name: str, options: Mapping[str, str], v: Viewer, width: int | Literal["stretch"] = "stretch"
) -> str:
    keys = ["", *options]
    chosen: str = st.selectbox(
        v.words(f"filter.{name}"),
        keys,
        index=address.index(name, keys),
        format_func=lambda key: options.get(key) or v.words(f"filter.any_{name}"),
        key=address.key(name),
        width=width,
    )
    return chosen


def _more(address: Address, v: Viewer) -> dict[str, str]:
    """Return the filters that are asked for less often; the button says how many of them are set."""
    names: dict[str, dict[str, str]] = {
        "topic": {topic: v.topic(topic) for topic in _topics(address, v)},
        "platform": {platform: v.platform(platform) for platform in data.platforms()},
        "language": {code: v.tongue(code) for code in ("de", "en")},
        "sentiment": {value: v.words(f"sentiment.{value}") for value in SENTIMENTS},
        "assignee": {NOBODY: v.words("filter.unassigned")} | {name: name for name in v.desk.people},
    }
    chosen = {name: str(st.session_state.get(address.key(name), address[name])) for name in _CHOICES}
    count = sum(1 for value in chosen.values() if value)
    label = v.words("filter.more_set", n=count) if count else v.words("filter.more")
    with st.popover(label, icon=":material/tune:", type="secondary", key="k-more"):
        return {name: _select(address, name, names[name], v) for name in _CHOICES}


def _topics(address: Address, v: Viewer) -> list[str]:
    """Return the topics that are offered, and the one that a link asks for: Friction leads here from retired ones too."""
    asked = [topic for topic in v.desk.topics.keys if topic == address["topic"]]
    return list(dict.fromkeys([*(topic.key for topic in v.desk.topics.offered), *asked]))


def _asked(values: Mapping[str, str]) -> Filters:
    return Filters(
        team=values["team"] or None,
        status=None if values["status"] == "all" else values["status"],
        topic=values["topic"] or None,
        platform=values["platform"] or None,
        language=values["language"] or None,
        sentiment=values["sentiment"] or None,
        assignee=values["assignee"] or None,
        late=values["late"] == "1",
        query=values["search"],
    )
