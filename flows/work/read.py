"""Read what waits: claim mentions that no tagger has seen, tag them in batches, store the readings."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from desk.classifier import without_plugged
from desk.errors import ConfigurationError, KummerkastenError
from desk.reading import Reading, Tagger, nothing_said
from flows.settings import Settings
from flows.work.claimed import work_off
from flows.work.common import Clock, Tell, fault, silent, utc_now
from flows.work.topics import in_our_words
from store.claims import Unread, claim_unread
from store.models import live, version
from store.tags import save_readings

if TYPE_CHECKING:
    from nlp.tagger import OnnxTagger
    from store.tables import ModelVersion

BATCH = 256
_PARCEL = (
    "Guten Tag, wo bleibt mein Paket?",
    "Good morning, where is my parcel?",
    "Bonjour, où est mon colis ?",
    "Buenos días, ¿dónde está mi paquete?",
    "Buongiorno, dov'è il mio pacco?",
    "Goedemorgen, waar blijft mijn pakket?",
    "Dzień dobry, gdzie jest moja paczka?",
)
_HARMLESS = (*_PARCEL, " ".join(_PARCEL * 20))
"""What every tagger reads, short and long and for classifiers of one language too: one that fails here is broken itself."""
_log = logging.getLogger("kummerkasten")


def load_tagger(settings: Settings, warn: Callable[[str], None] = _log.warning) -> Tagger:
    """Return what reads on this desk: its own tagger, with the classifiers of others that its file plugs in."""
    from nlp.plugged import plugged

    return plugged(own_tagger(settings, warn), settings.desk.classifiers)


def own_tagger(settings: Settings, warn: Callable[[str], None] = _log.warning) -> "OnnxTagger":
    """Return the desk's own tagger: the model that its file names, or else the shipped encoder with the heads that are live.

    Heads that were taught for the encoder of another version do not fit this one: the shipped ones read then, and *warn* hears
    it.
    """
    from nlp.tagger import tagger

    if settings.desk.model:
        return tagger(Path(settings.desk.model))
    with settings.session(write=False) as session:
        taught = live(session)
    if taught is None:
        return tagger()
    fitting = _with_heads_of(taught)
    if fitting is None:
        warn(f"{taught.name} was taught for an older encoder; {tagger().model} reads until the next `kummerkasten teach`.")
    return fitting or tagger()


def tagger_of(settings: Settings, model: str) -> "OnnxTagger":
    """Return the tagger that signs as *model*, so that it can be asked why; what reads now, where that one is not there.

    Classifiers that are plugged in cannot be asked; of their answers, `desk.classifier.answering` knows.
    """
    from nlp.tagger import tagger

    model = without_plugged(model)
    if settings.desk.model:
        return own_tagger(settings)
    if model == tagger().model:
        return tagger()
    with settings.session(write=False) as session:
        found = version(session, model)
    return (found and _with_heads_of(found)) or own_tagger(settings)


def _with_heads_of(taught: "ModelVersion") -> "OnnxTagger | None":
    from nlp.tagger import tagger
    from nlp.versions import on

    if taught.encoder != tagger().model:
        return None
    try:
        return on(tagger(), taught.heads, taught.card)
    except ValueError:  # the questions have changed
        return None


def read(
    settings: Settings,
    tagger: Tagger | None = None,
    *,
    clock: Clock = utc_now,
    tell: Tell = silent,
    stop: threading.Event | None = None,
    batch: int = BATCH,
) -> int:
    """Tag all that is unread; return how many mentions that were. Several workers at once share the work."""

    def work(waiting: Sequence[Unread], worker: str) -> None:
        nonlocal tagger
        tagger = tagger or load_tagger(settings)
        ids = [one.id for one in waiting]
        readings = dict(zip(ids, in_our_words(settings, tagger, _readings(tagger, waiting), ids), strict=True))
        with settings.session() as session:
            save_readings(session, readings, clock(), worker=worker)

    return work_off(settings, claim_unread, work, step="tag", clock=clock, tell=tell, stop=stop, batch=batch)


def _readings(tagger: Tagger, waiting: Sequence[Unread]) -> list[Reading]:
    """Return a reading for each; a text that no tagger survives is marked as not read, so that it stops nobody behind it.

    Raises what a broken tagger raises: then nothing is marked.
    """
    try:
        return _sound(tagger, [one.text for one in waiting])
    except (KummerkastenError, MemoryError, OSError):  # the model, its file or the machine: no text is to blame
        raise
    except Exception as error:  # libraries raise what they like about a text; whether it is the text is found out below
        failure = fault(error)
    if len(waiting) > 1:
        return [reading for one in waiting for reading in _readings(tagger, [one])]
    _check(tagger)
    _log.warning("Mention %d could not be read, so a person has to: %s", waiting[0].id, failure)
    return [_unreadable(tagger)]


def _check(tagger: Tagger) -> None:
    """Raise what a broken tagger raises; ConfigurationError where it answers, and what it answers is no reading."""
    try:
        _sound(tagger, _HARMLESS)
    except ValueError as error:
        raise ConfigurationError(
            f"{tagger.model} gives no reading of plain texts either ({fault(error)}): its weights, or those of a classifier that "
            "kummerkasten.toml plugs in, are damaged or do not fit. Copy them again, or leave them out there. Nothing was marked"
        ) from error


def _sound(tagger: Tagger, texts: Sequence[str]) -> list[Reading]:
    """Return a reading for each; raises ValueError where there is none for each, or where a probability is no number."""
    readings = tagger.tag(texts)
    if len(readings) != len(texts) or not all(isfinite(odds) for one in readings for odds in one.probabilities.values()):
        raise ValueError("that is no reading for each text")
    return readings


def _unreadable(tagger: Tagger) -> Reading:
    """Return what is said of a text that could not be read: somebody waits, until a person says otherwise."""
    return replace(nothing_said(tagger.model, "failed"), needs_reply=True, unsure=("needs_reply", "urgent"))
