"""The parts of the page Review: what is asked about, the text, the question with the model's doubt, the answers."""

from collections.abc import Sequence

import streamlit as st

from dashboard import data, deeds, review_data, times
from dashboard.components import chips, notices
from dashboard.components.address import Address
from dashboard.components.markup import Child, Markup, el, said, show
from dashboard.review_data import Doubtful
from dashboard.viewer import Viewer
from desk.classifier import answering
from desk.reading import INTENTS, SENTIMENTS, TOPICAL
from desk.review import aspect_of
from store.doubts import MOST
from store.quality import Unsure

ASPECTS = ("friction", "needs_reply", "urgent", "sentiment", "intent", "praise")
CHOICES: dict[str, Sequence[str]] = {"sentiment": SENTIMENTS, "intent": INTENTS}
_SHOWN = 4_000
_SKIPPED, _AT, _DONE, _LAST = "review.skipped", "review.at", "review.done", "review.last"


def filters(v: Viewer) -> Doubtful:
    """Show the filters and return what they leave."""
    address = Address("review", ("aspect", "language", "team"), v.language)
    options = {
        "aspect": {aspect: v.words(f"aspect.{aspect}") for aspect in ASPECTS},
        "language": {code: v.tongue(code) for code in ("de", "en")},
        "team": {team.key: v.team(team.key) for team in v.desk.teams},
    }
    with st.container(horizontal=True, key="k-filters", vertical_alignment="bottom", gap="small"):
        chosen = {name: _select(address, name, options[name], v) for name in options}
    address.keep(chosen)
    return Doubtful(chosen["aspect"] or None, chosen["language"] or None, chosen["team"] or None)


def _select(address: Address, name: str, options: dict[str, str], v: Viewer) -> str:
    words, keys = ("review" if name == "aspect" else "filter"), ["", *options]
    chosen: str = st.selectbox(
        v.words(f"{words}.{name}"),
        keys,
        index=address.index(name, keys),
        format_func=lambda key: options.get(key) or v.words(f"{words}.any_{name}"),
        key=address.key(name),
        width=170,
    )
    return chosen


def skipped() -> set[int]:
    """Return the mentions that were skipped in this session."""
    found: set[int] = st.session_state.setdefault(_SKIPPED, set())
    return found


def at() -> int | None:
    """Return the mention that was asked about last: its further questions come before other mentions."""
    return st.session_state.get(_AT)


def counted(total: int, v: Viewer) -> None:
    """Say how many wait, and how many answers were given in this session."""
    done = st.session_state.get(_DONE, 0)
    waiting = v.words("review.more_than", n=MOST) if total >= MOST else v.words("review.count", n=total)
    parts = [waiting if total else "", v.words("review.done", n=done) if done else ""]
    notices.line(" · ".join(part for part in parts if part))


def last(v: Viewer) -> None:
    """Lead back to the last answer, where it can be corrected."""
    if params := st.session_state.get(_LAST):
        label = v.words("review.last")
        st.page_link("views/conversation.py", label=label, icon=":material/undo:", query_params=params)


def ask(doubt: Unsure, v: Viewer) -> None:
    """Show one mention and the most useful question about it."""
    st.session_state[_AT] = doubt.mention.id
    key = doubt.keys[0]
    show(_text(doubt, v))
    with st.container(key="k-question", border=True, gap="small"):
        show(_question(doubt, key, v))
        _answers(doubt, key, v)
        if not v.me:
            notices.line(v.words("ticket.who_are_you"))
    params = {"id": str(doubt.mention.conversation_id), "mention": str(doubt.mention.id)}
    st.page_link("views/conversation.py", label=v.words("review.open"), icon=":material/forum:", query_params=params)


def _text(doubt: Unsure, v: Viewer) -> Markup:
    mention = doubt.mention
    signs: list[Child] = [
        el("b", said(doubt.author, 60) if doubt.author else v.words("mention.anonymous")),
        el("span", v.platform(mention.platform), " · ", v.words(f"kind.{mention.kind}")),
        el("time", times.moment(mention.said_at, v.zone, v.words), title=times.ago(mention.said_at, v.now, v.words)),
        el("span", v.tongue(mention.language)) if mention.language else None,
        chips.stars(mention.stars, v),
        chips.not_read(doubt.reading.not_read, v),
    ]
    words = said(mention.text, _SHOWN) if mention.text.strip() else el("em", v.words("mention.wordless"))
    title = el("h4", said(mention.title, 300)) if mention.title else None
    return el("article", el("div", signs, cls="k-byline"), el("div", title, words, cls="k-text"), cls="k-bubble k-asked")


def label(key: str, v: Viewer) -> str:
    """Return what a question is about, in a word or two: a topic, a praised topic, or an aspect."""
    aspect, _, topic = key.partition(":")
    if aspect in TOPICAL:
        return v.topic(topic) if aspect == "friction" else f"♥ {v.topic(topic)}"
    return v.words(f"aspect.{aspect}") if v.words.has(f"aspect.{aspect}") else key


def _question(doubt: Unsure, key: str, v: Viewer) -> Markup:
    aspect, _, name = key.partition(":")
    topic = next((one for one in v.desk.topics.topics if one.key == name), None)
    return el(
        "div",
        el("h2", v.words(f"review.{aspect}", topic=v.topic(name)) if v.words.has(f"review.{aspect}") else key),
        el("p", topic.description[v.language], cls="k-quiet") if topic else None,
        el("p", chips.reason_not_read(failed, v), cls="k-quiet") if (failed := doubt.reading.not_read) else None,
        _spread(doubt, aspect, v) if aspect in CHOICES else _odds(doubt, key, v),
        cls="k-ask",
    )


def _odds(doubt: Unsure, key: str, v: Viewer) -> Markup | None:
    """Show the probability of yes as a bar, with the threshold where the model that read the text is the one in use."""
    odds = doubt.reading.probabilities.get(key)
    if odds is None:
        return None
    card = data.card()
    plugged = answering(v.desk.classifiers, doubt.reading.model, key)
    limit = plugged.threshold if plugged else card.thresholds.get(key) if card and card.made(doubt.reading.model) else None
    chance = percent(odds, v)
    words = (
        v.words("review.odds_from", percent=chance, limit=percent(limit, v)) if limit else v.words("review.odds", percent=chance)
    )
    return el(
        "div",
        el(
            "div",
            el("i", style=f"width:{100 * odds:.1f}%"),
            el("b", style=f"left:{100 * limit:.1f}%") if limit else None,
            cls="k-scale",
            aria_hidden="true",
        ),
        el("p", words, cls="k-line"),
    )


def _spread(doubt: Unsure, aspect: str, v: Viewer) -> Markup:
    """Show the probabilities of the choices, each as a bar."""
    odds = doubt.reading.probabilities
    rows = [
        el(
            "div",
            el("span", v.words(f"{aspect}.{choice}"), cls="k-name"),
            el("span", el("i", style=f"width:{100 * odds.get(f'{aspect}:{choice}', 0.0):.1f}%"), cls="k-bar", aria_hidden="true"),
            el("span", percent(odds.get(f"{aspect}:{choice}", 0.0), v), cls="k-count"),
            cls="k-load k-short",
        )
        for choice in CHOICES[aspect]
    ]
    return el("div", el("p", v.words("review.odds_choice"), cls="k-line"), rows)


def percent(odds: float, v: Viewer) -> str:
    """Write a share as whole per cent."""
    return chips.percent(round(100 * odds), v)


def _answers(doubt: Unsure, key: str, v: Viewer) -> None:
    aspect = aspect_of(key)
    with st.container(horizontal=True, gap="small", key="k-answers"):
        if aspect in CHOICES:
            for number, choice in enumerate(CHOICES[aspect], start=1):
                name = v.words(f"{aspect}.{choice}")
                _button(name[:1].upper() + name[1:], choice, str(number), doubt, key, v)
        else:
            for value in ("yes", "no"):
                _button(v.words(f"review.{value}"), value, v.words(f"review.{value}_key"), doubt, key, v)
        st.button(
            v.words("review.skip"),
            key=f"skip-{doubt.mention.id}",
            shortcut=v.words("review.skip_key"),
            type="tertiary",
            on_click=_skip,
            args=(doubt.mention.id or 0,),
        )
    if further := len(doubt.keys) - 1:
        notices.line(v.words("review.further", n=further))


def _button(name: str, value: str, shortcut: str, doubt: Unsure, key: str, v: Viewer) -> None:
    """Show an answer. Its key names mention and question: a press that comes late never answers the next one."""
    st.button(
        name,
        key=f"answer-{doubt.mention.id}-{key}-{value}",
        shortcut=shortcut,
        disabled=not v.me,
        on_click=_answer,
        args=(doubt, key, value, v.me),
    )


def _answer(doubt: Unsure, key: str, value: str, me: str) -> None:
    if deeds.answer(doubt, key, value, me):
        st.session_state[_DONE] = st.session_state.get(_DONE, 0) + 1
        st.session_state[_LAST] = {"id": str(doubt.mention.conversation_id), "mention": str(doubt.mention.id)}


def _skip(mention_id: int) -> None:
    skipped().add(mention_id)


def _again() -> None:
    skipped().clear()
    st.session_state.pop(_AT, None)


def nothing(asked: Doubtful, v: Viewer) -> None:
    """Say why there is nothing to ask."""
    if skipped() and review_data.unsure(asked, limit=1).total:
        notices.empty(v.words("review.skipped"), v.words("review.skipped_do"))
        with st.container(horizontal_alignment="center"):
            st.button(v.words("review.again"), key="review-again", on_click=_again)
    elif asked != Doubtful():
        notices.empty(v.words("review.none_here"), v.words("review.none_here_do"))
    else:
        notices.empty(v.words("review.nothing"), v.words("review.nothing_do"))
