"""Quality: how well the model reads, measured and by what people here have decided."""

import streamlit as st

from dashboard import data, viewer
from dashboard.cards import Card, Evaluation
from dashboard.components import agreement, notices, quality, quality_doubts, quality_labels, taught
from dashboard.components.address import Address
from dashboard.viewer import Viewer


def page() -> None:
    """Show what is known about the model in use."""
    v = viewer.current()
    notices.heading(v.words("quality.title"), v.words("quality.lead"))
    address = Address("quality", ("set", "kind", "sort", "days"), v.language)
    card = data.card()
    if card is None:
        notices.empty(v.words("quality.no_card"), v.words("quality.no_card_do"))
        address.keep({"days": _here(address, v)})
        return
    quality.model(card, v)
    taught.changes(card, v)
    kept: dict[str, str] = {}
    if card.evaluation and card.evaluation.sets:
        kept = _measured(card, card.evaluation, address, v)
    else:
        notices.empty(v.words("quality.unmeasured"), v.words("quality.unmeasured_do"))
        kept = {"days": _here(address, v)}
    quality.whole(card, v)
    address.keep(kept)


def _measured(card: Card, evaluation: Evaluation, address: Address, v: Viewer) -> dict[str, str]:
    measured = quality.chosen(evaluation, address, v)
    quality.headlines(measured, evaluation, v)
    days = _here(address, v)
    left, right = st.columns([3, 2], gap="large")
    with left:
        kept = quality_labels.show_all(measured, address, v)
        quality.kinds(measured, v)
        quality.training(measured, v)
    with right:
        quality.languages(measured, v)
        quality_doubts.calibration(measured, v)
        quality_doubts.abstention(measured, v)
        quality_doubts.unsure(measured, v)
    quality.choices(evaluation, card, v)
    first = measured.name == evaluation.sets[0].name
    return kept | {"days": days, "set": "" if first else measured.name}


def _here(address: Address, v: Viewer) -> str:
    """Show what people here made of it; return the period where it is not the usual one."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        days = agreement.people(address, v)
    with right:
        agreement.unsure(v)
    return "" if days == "28" else days


page()
