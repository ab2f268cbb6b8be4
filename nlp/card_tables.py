"""The tables of an evaluation, for the model card and for the terminal alike: a head, and lines of text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from desk.shares import FEW
from nlp.aims import AIMS, PUBLISHED, below_german

Table = tuple[list[str], list[list[str]]]
Figure = Sequence[float]
"""A value and the range in which it lies with 95 % confidence: value, low, high."""
Set = Mapping[str, Any]
MAIN = ("real", "authored")
"""The sets that are shown in full."""
BY = ("language", "kind", "training", "dataset")
_GROUPED = ("friction micro-F1", "sentiment macro-F1", "intent accuracy", "needs_reply F1", "urgent F1")
_RANGED = ("friction micro-F1", "sentiment macro-F1")
"""The figures of other choices that are shown with their range."""


def ranged(figure: Figure | None) -> str:
    """Write a figure with its range, to three places."""
    return f"{figure[0]:.3f} [{figure[1]:.3f}, {figure[2]:.3f}]" if figure else ""


def short(figure: Figure | None) -> str:
    """Write a figure with its range, to two places, so that a word's breadth is enough."""
    return f"{figure[0]:.2f} {figure[1]:.2f}-{figure[2]:.2f}" if figure else ""


def figures(sets: Sequence[Set]) -> list[Table]:
    """Return what was measured on the main sets, with the aims; language by language; and on all other sets."""
    main = [one for one in sets if one["name"] in MAIN]
    tongues = [one for one in sets if one["name"].startswith("authored ")]
    others = [one for one in sets if one not in main and one not in tongues]
    return [table for table in (_aimed(main), _tongues(tongues), _others(others)) if table[1]]


def _plain(sets: Sequence[Set]) -> Table:
    names = list(dict.fromkeys(name for one in sets for name in one["figures"]))
    head = ["figure", *(f"{one['name']} ({one['texts']:,} texts)" for one in sets)]
    return head, [[name, *(ranged(one["figures"].get(name)) for one in sets)] for name in names]


def _aimed(sets: Sequence[Set]) -> Table:
    head, rows = _plain(sets)
    if "real" not in (one["name"] for one in sets):
        return head, rows
    return (
        [head[0], "aim (real)", *head[1:]],
        [[row[0], f"{AIMS['real'][row[0]]:.2f}" if row[0] in AIMS["real"] else "", *row[1:]] for row in rows],
    )


def _tongues(sets: Sequence[Set]) -> Table:
    head, rows = _plain(sets)
    if points := below_german(sets):
        said = [f"{points[one['name']]:.1f}" if one["name"] in points else "" for one in sets]
        rows.append(["friction micro-F1, points below German", *said])
    return head, rows


def _others(sets: Sequence[Set]) -> Table:
    head, rows = _plain(sets)
    of_sentiment = "sentiment macro-F1"
    known: dict[str, Mapping[str, float]] = {
        f"{of_sentiment}, aim": {name: aims[of_sentiment] for name, aims in AIMS.items() if of_sentiment in aims},
        **{f"{of_sentiment}, published: {name}": found for name, found in PUBLISHED.items()},
    }
    for title, found in known.items():
        said = [f"{found[one['name']]:.3f}" if one["name"] in found else "" for one in sets]
        rows += [[title, *said]] if any(said) else []
    return head, rows


def choices(said: Mapping[str, Any]) -> Table:
    """Return what one could use instead; a cell is empty where it gives no answer."""
    first, others = said["sets"][0], said["choices"]
    names = [name for name in first["figures"] if any(name in one["figures"] for one in others)]
    rows = [
        [one["name"], *(_chosen(name, one["figures"].get(name)) for name in names)]
        for one in [{"name": "**this model**", "figures": first["figures"]}, *others]
    ]
    return [f"on the set “{first['name']}”", *names], rows


def _chosen(name: str, figure: Figure | None) -> str:
    return "" if figure is None else ranged(figure) if name in _RANGED and figure[1] < figure[2] else f"{figure[0]:.3f}"


def labels(one: Set, shown: Callable[[Figure | None], str] = ranged) -> Table:
    """Return precision, recall and F1 of each label that any text has, with their ranges."""
    rows = [
        [label["key"], f"{label['texts']:,}", *(shown(label[name]) for name in ("precision", "recall", "f1"))]
        for found in one["labels"].values()
        for label in found
        if label["texts"]
    ]
    return [f"label ({one['name']})", "texts", "precision", "recall", "F1"], rows


def texts_with(one: Set, key: str) -> int:
    """Return how many texts truly have a label."""
    return sum(label["texts"] for found in one["labels"].values() for label in found if label["key"] == key)


def worst(one: Set) -> str:
    """Name the worst label of friction, of praise and of all else; nothing where no label has enough texts to tell."""
    kinds: dict[str, list[Mapping[str, Any]]] = {"friction": [], "praise": [], "": []}
    for aspect, found in one["labels"].items():
        kinds[aspect if aspect in kinds else ""] += [label for label in found if label["texts"] >= FEW]  # else F1 is luck
    lowest = [min(some, key=lambda label: float(label["f1"][0])) for some in kinds.values() if some]
    named = [f"{label['key']}, F1 {ranged(label['f1'])} ({label['texts']:,} texts)" for label in lowest]
    return f"Worst labels with ten texts or more on “{one['name']}”: {'; '.join(named)}." if named else ""


def by(one: Set, sorts: Sequence[str] = BY, shown: Callable[[Figure | None], str] = ranged) -> Table:
    """Return the chief figures of each group of texts."""
    rows = [
        [f"{sort}: {group}", *(shown(found.get(name)) for name in _GROUPED)]
        for sort in sorts
        for group, found in one.get(f"by_{sort}", {}).items()
    ]
    return [one["name"], *_GROUPED], rows


def calibration(sets: Sequence[Set]) -> Table:
    """Return the calibration error of each task, and of the topics that were thought of."""
    columns = {
        **{task: ("calibration", task) for one in sets for task in one["calibration"]},
        **{f"{task}, p > 0.1": ("calibration_likely", task) for one in sets for task in one.get("calibration_likely", {})},
    }
    rows = []
    for one in sets:
        errors = [one.get(place, {}).get(task) for place, task in columns.values()]
        rows.append([one["name"], *("" if error is None else f"{error:.3f}" for error in errors)])
    return ["set", *columns], rows


def abstention(one: Set) -> Table:
    """Return how good the surest decisions are, by the share that is answered."""
    curves = {task: curve for task, curve in one["abstention"].items() if curve}
    shares = [share for share, _ in next(iter(curves.values()), [])]
    rows = [[task, *(f"{right:.3f}" for _, right in curve)] for task, curve in curves.items()]
    return [f"{one['name']}: answered", *(f"{share:.0%}" for share in shares)], rows


def unsure(one: Set) -> Table:
    """Return what the tagger calls unsure by its own rule, and how good it is with and without that."""
    rows = [
        [task, f"{found['texts']:.1%}", f"{found['questions']:.1%}", ranged(found["all"]), ranged(found["sure"])]
        for task, found in one.get("unsure", {}).get("tasks", {}).items()
    ]
    return [f"{one['name']}: unsure", "of texts", "of questions", "all answers", "without the unsure"], rows


def unsure_in_all(one: Set) -> str:
    """Say of how many texts and questions the tagger is unsure; nothing where that is not known."""
    if not (found := one.get("unsure")):
        return ""
    answers, texts = f"{found['questions']:.1%}", f"{found['texts']:.1%}"
    return f"On “{one['name']}” it calls {answers} of all answers unsure, and something in {texts} of the texts."


def neighbours(sets: Sequence[Set]) -> str:
    """Say how often the nearest text is about the same; nothing where no vectors are known."""
    found = [
        f"on “{one['name']}” in {ranged(near['shared'])} of the cases, two texts at random in {near['chance']:.3f}"
        for one in sets
        if one["name"] in MAIN and (near := one.get("neighbours"))
    ]
    return f"The text whose vector lies nearest shares a friction topic {'; '.join(found)}." if found else ""
