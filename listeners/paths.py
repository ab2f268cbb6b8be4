"""Follow a dotted path into anybody's JSON: what lies there, and whether there is a place for it at all."""

from collections.abc import Mapping
from typing import Any

Item = Mapping[str, Any]


def found(item: object, path: str) -> Any:
    """Return what lies at a dotted *path*, None where nothing does; ``*`` gathers from all of a list."""
    if isinstance(item, Mapping) and path in item:  # a name that itself has dots
        return item[path]
    step, _, rest = path.partition(".")
    if step == "*" and isinstance(item, list):
        return [one for one in (found(each, rest) if rest else each for each in item) if one is not None]
    if isinstance(item, Mapping):
        here = item.get(step)
    elif isinstance(item, list) and step.lstrip("-").isdigit() and -len(item) <= int(step) < len(item):
        here = item[int(step)]
    else:
        return None
    return found(here, rest) if rest else here


def is_there(item: Item, path: str) -> bool:
    """Say whether an item has a place at *path*, even if nothing stands there."""
    if path in item:
        return True
    above, _, last = path.rpartition(".")
    here = found(item, above) if above else item
    return isinstance(here, list) or (isinstance(here, Mapping) and last in here) or (bool(above) and _null(item, above))


def _null(item: Item, path: str) -> bool:
    return found(item, path) is None and is_there(item, path)
