"""What the tagger should reach, what others have published, and what is missed: data, and one sentence about it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

AIMS: Mapping[str, Mapping[str, float]] = {
    "real": {
        "friction micro-F1": 0.72,
        "friction macro-F1": 0.60,
        "sentiment macro-F1": 0.78,
        "intent accuracy": 0.88,
        "needs_reply F1": 0.92,
        "urgent F1": 0.60,
        "praise micro-F1": 0.60,
    },
    "XLM-T sentiment de": {"sentiment macro-F1": 0.735},
    "XLM-T sentiment en": {"sentiment macro-F1": 0.715},
}
"""The least that each figure of a set should be."""
PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "XLM-T, six times larger": {"XLM-T sentiment de": 0.773, "XLM-T sentiment en": 0.706},
    "XLM-R": {"XLM-T sentiment de": 0.736, "XLM-T sentiment en": 0.685},
}
"""Sentiment macro-F1 that others reached on the public benchmark (Barbieri et al. 2022)."""
GAP = 10.0
"""How many points of friction micro-F1 another language may lie below German."""
_FRICTION = "friction micro-F1"


def below_german(sets: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return by how many points the friction micro-F1 of each set of one language lies below the German one's."""
    found = {one["name"]: one["figures"][_FRICTION][0] for one in sets if _FRICTION in one["figures"]}
    german = found.get("authored de")
    tongues = [name for name in found if name.startswith("authored ") and name != "authored de"]
    return {} if german is None else {name: round(100 * (german - found[name]), 1) for name in tongues}


def sentence(sets: Sequence[Mapping[str, Any]]) -> str:
    """Say which aims are missed, and which were not measured."""
    missed, unknown = list(_missed(sets)), list(_unknown(sets))
    said = f"Missed: {'; '.join(missed)}." if missed else "No aim is missed." if len(unknown) < len(AIMS) + 1 else ""
    return " ".join(part for part in (said, f"Not measured in this run: {', '.join(unknown)}." if unknown else "") if part)


def _missed(sets: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in sets:
        for name, aim in AIMS.get(one["name"], {}).items():
            if name in one["figures"] and (value := one["figures"][name][0]) < aim:
                yield f"{name} on “{one['name']}” ({value:.3f}, aim {aim:g})"
    for name, points in below_german(sets).items():
        if points > GAP:
            yield f"friction on “{name}” ({points:.1f} points below German, aim at most {GAP:.0f})"


def _unknown(sets: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    measured = {one["name"] for one in sets}
    yield from (name for name in AIMS if name not in measured)
    if not below_german(sets):
        yield "languages against German"
