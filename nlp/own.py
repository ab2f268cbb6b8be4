"""A desk's own topics as they stand now: learned from the file's examples and from what people have marked.

Each text is read once in a process; marked mentions come with the vectors that they were stored with.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from desk.errors import ConfigurationError
from desk.reading import Tagger
from desk.taxonomy import FEWEST
from desk.taxonomy import OwnTopic as Described
from nlp.topics import Background, Examples, OwnTopic, OwnTopics, Vectors, vector, vectors_of
from nlp.versions import base_of

_BACKGROUNDS: dict[str, Background] = {}
_VECTORS: dict[tuple[str, str], Vectors] = {}
"""What this process has read already, by the encoder that read it (and the text)."""


_USUAL: dict[tuple[str, int], Background] = {}
"""The background with what was heard beside it, for the desk of the last call: to reckon its space takes half a second."""


class Marked(Protocol):
    """A mention of which a person has said that it is about a topic (``holds``), or that it is not.

    ``embedding`` is the vector of that text as ``model`` read it; None where nobody has read it.
    """

    @property
    def text(self) -> str: ...  # noqa: D102

    @property
    def holds(self) -> bool: ...  # noqa: D102

    @property
    def embedding(self) -> bytes | None: ...  # noqa: D102

    @property
    def model(self) -> str: ...  # noqa: D102


class Heard(Protocol):
    """What somebody said to this desk, as a vector of the tagger's, and whether in German."""

    @property
    def embedding(self) -> bytes: ...  # noqa: D102

    @property
    def german(self) -> bool: ...  # noqa: D102


def learned(
    tagger: Tagger, own: Sequence[Described], marks: Mapping[str, Sequence[Marked]], heard: Sequence[Heard] = ()
) -> OwnTopics:
    """Return the topics *own* that have five examples or more: those of the file, and the *marks* of people, by topic.

    *heard* is what customers say to this desk: a topic is what differs from that.
    Raises ConfigurationError where the tagger makes no vectors, so that nothing could be told.
    """
    try:
        background = _usual(tagger, heard)
        shown = {topic.key: _shown(tagger, topic, marks[topic.key]) for topic in own}
    except ValueError as error:
        raise ConfigurationError(f"[[topics]] cannot be told apart: {error}") from error
    known = {key: OwnTopic.learn(one, background) for key, one in shown.items() if len(one.yes) >= FEWEST}
    return OwnTopics(background, known)


def _background(tagger: Tagger) -> Background:
    key = base_of(tagger.model)
    if key not in _BACKGROUNDS:
        _BACKGROUNDS[key] = Background.of(tagger)
    return _BACKGROUNDS[key]


def _usual(tagger: Tagger, heard: Sequence[Heard]) -> Background:
    """Return the background with what the desk hears beside it; the one of the last call, where that was the same."""
    background = _background(tagger)
    width = 2 * background.vectors.shape[1]
    fitting = [one for one in heard if len(one.embedding) == width]
    if not fitting:
        return background
    key = (base_of(tagger.model), hash(b"".join(one.embedding for one in fitting)))
    if (known := _USUAL.get(key)) is not None:
        return known
    vectors = np.stack([vector(one.embedding) for one in fitting])
    usual = background.beside(vectors, np.array([one.german for one in fitting]))
    _USUAL.clear()  # other threads may look meanwhile: they reckon it once more
    _USUAL[key] = usual
    return usual


def _shown(tagger: Tagger, topic: Described, marks: Sequence[Marked]) -> Examples:
    return Examples(
        yes=_examples(tagger, topic.examples, [one for one in marks if one.holds]),
        no=_examples(tagger, topic.counter_examples, [one for one in marks if not one.holds]),
        named=_read(tagger, list(dict.fromkeys([*topic.name.values(), *topic.description.values()]))),
    )


def _examples(tagger: Tagger, texts: Sequence[str], marks: Sequence[Marked]) -> Vectors:
    """Return the vectors of a topic's examples: those of the file, and those of marked mentions, which are stored with them."""
    encoder = base_of(tagger.model)
    stored = [vector(one.embedding) for one in marks if one.embedding and base_of(one.model) == encoder]
    unread = [one.text for one in marks if (not one.embedding or base_of(one.model) != encoder) and _has_words(one.text)]
    return _together([_read(tagger, texts), _read_what_can_be(tagger, unread), np.array(stored, np.float32)])


def _read_what_can_be(tagger: Tagger, texts: Sequence[str]) -> Vectors:
    """Return a vector for each of *texts* that the tagger makes one of: an odd text that somebody marked must not stop a desk."""
    try:
        return _read(tagger, texts)
    except Exception:  # whatever a text makes it raise; a tagger that is broken itself stops the mentions that are to be read
        return _together([_read_what_can_be(tagger, [text]) for text in texts] if len(texts) > 1 else [])


def _together(parts: Sequence[Vectors]) -> Vectors:
    some = [part for part in parts if len(part)]
    return np.concatenate(some) if some else np.zeros((0, 0), np.float32)


def _read(tagger: Tagger, texts: Sequence[str]) -> Vectors:
    """Return a vector for each of *texts*; each is read once in this process."""
    encoder = base_of(tagger.model)
    new = [text for text in dict.fromkeys(texts) if (encoder, text) not in _VECTORS]
    if new:
        _VECTORS.update({(encoder, text): vector for text, vector in zip(new, vectors_of(tagger, new), strict=True)})
    return np.stack([_VECTORS[encoder, text] for text in texts]) if texts else np.zeros((0, 0), np.float32)


def _has_words(text: str) -> bool:
    return any(sign.isalpha() for sign in text)
