"""Classifiers of others, plugged into the tagger: each answers its question in the tagger's place, and signs for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, cast

from desk.classifier import CHOICES, Classifier
from desk.errors import ConfigurationError
from desk.problems import did_you_mean
from desk.reading import TOPICAL, Aspect, Intent, Reading, Sentiment, Tagger
from nlp import hub, sequence
from nlp.heads import CHOICES as ANSWERS
from nlp.heads import Numbers
from nlp.tagger import torn, wavers


class Scorer(Protocol):
    """A model that scores texts by labels of its own."""

    @property
    def labels(self) -> Sequence[str]:
        """The names of its labels."""
        ...

    @property
    def many(self) -> bool:
        """Whether each label is a question of its own; otherwise they share out 1 between them."""
        ...

    def scores(self, texts: Sequence[str]) -> Numbers:
        """Return a probability for each text and label."""
        ...


@dataclass(frozen=True)
class Plugged:
    """A tagger in which *classifiers* answer what they are there for; all else is the word of *base*.

    Topics that a classifier's labels do not name stay those of *base*, and so does everything in texts of other languages than
    the classifier's. A reading is signed by *base* and by those that have answered in it. The classifiers are opened, all of
    them, when the first text comes; what is wrong with one is a ConfigurationError then.
    """

    base: Tagger
    classifiers: Sequence[Classifier]
    opened: Callable[[Classifier], Scorer] = sequence.opened
    signature: Callable[[Classifier], str] = hub.signature

    @property
    def model(self) -> str:
        """The signatures of *base* and of all classifiers: ``kummerkasten-e5-small@2026.12+owner/name@1a2b3c4``."""
        return _signed(self.base.model, self._signatures)

    @cached_property
    def _signatures(self) -> list[str]:
        return [self.signature(classifier) for classifier in self.classifiers]

    @cached_property
    def _scorers(self) -> list[Scorer]:
        return [_fitting(classifier, self.opened(classifier)) for classifier in self.classifiers]

    def tag(self, texts: Sequence[str]) -> list[Reading]:
        """Return one reading for each text, in the same order."""
        scorers, signatures = self._scorers, self._signatures
        readings = self.base.tag(texts)
        signed: list[list[str]] = [[] for _ in texts]
        for classifier, scorer, signature in zip(self.classifiers, scorers, signatures, strict=True):
            asked = [index for index, one in enumerate(readings) if not one.not_read and classifier.reads(one.language)]
            for index, said in zip(asked, _said(classifier, scorer, [texts[index] for index in asked]), strict=True):
                readings[index] = overruled(readings[index], classifier, said)
                signed[index].append(signature)
        return [replace(one, model=_signed(one.model, names)) for one, names in zip(readings, signed, strict=True)]


def plugged(base: Tagger, classifiers: Sequence[Classifier]) -> Tagger:
    """Return *base* with classifiers plugged in; *base* itself where there are none."""
    return Plugged(base, classifiers) if classifiers else base


def fits(classifier: Classifier, labels: Sequence[str]) -> str:
    """Return what is wrong between a classifier's ``labels`` in the configuration and those of its model; empty if nothing is."""
    for label in classifier.labels:
        if label not in labels:
            return f'{classifier.name} has no label "{label}"{did_you_mean(label, labels)}. Its labels are {", ".join(labels)}'
    return ""


def ready(classifier: Classifier) -> tuple[str, str]:
    """Return what keeps a classifier from reading (empty where nothing does) and what it answers; without loading it."""
    try:
        labels = sequence.labels_of(classifier)
    except ConfigurationError as error:
        return str(error), ""
    if labels is None:
        fetched = f"is not on this machine yet; fetched at the first reading, or now: {hub.how_to_fetch(classifier)}"
        return sequence.without_torch(), f"{classifier.signature()} {fetched}"
    return sequence.without_torch() or fits(classifier, labels), f"{hub.signature(classifier)} answers {classifier.answers}"


def _fitting(classifier: Classifier, scorer: Scorer) -> Scorer:
    if wrong := fits(classifier, scorer.labels):
        raise ConfigurationError(f"{wrong}. Change `labels` of this classifier in kummerkasten.toml")
    return scorer


def _signed(base: str, signatures: Sequence[str]) -> str:
    return "+".join([base, *dict.fromkeys(signatures)])


def _said(classifier: Classifier, scorer: Scorer, texts: Sequence[str]) -> list[dict[str, float]]:
    """Return what the model says about each text in our words; identical texts are read once."""
    distinct = list(dict.fromkeys(texts))
    if not distinct:
        return []
    rows = scorer.scores(distinct)
    known = {text: in_our_words(classifier, scorer, row) for text, row in zip(distinct, rows, strict=True)}
    return [known[text] for text in texts]


def in_our_words(classifier: Classifier, scorer: Scorer, row: Sequence[float] | Numbers) -> dict[str, float]:
    """Return a probability for each word of ours that a label means.

    Where several labels mean the same, labels that share out 1 add up; of labels that stand alone the likeliest counts.
    """
    found: dict[str, float] = {}
    for label, word in classifier.labels.items():
        chance, before = float(row[list(scorer.labels).index(label)]), found.get(word, 0.0)
        found[word] = max(before, chance) if scorer.many else before + chance
    return found


def overruled(reading: Reading, classifier: Classifier, said: Mapping[str, float]) -> Reading:
    """Return a reading in which a classifier's question is answered by what it *said* (a probability for each word of ours)."""
    if classifier.answers in CHOICES:
        return _chosen(reading, classifier.answers, said)
    if classifier.answers in TOPICAL:
        chances = {f"{classifier.answers}:{topic}": _rounded(chance) for topic, chance in said.items()}
        return _with_topics(_doubted(reading, classifier, chances), classifier, chances)
    chance = _rounded(said["yes"] / _total(said) if "no" in said else said["yes"])
    answered = _doubted(reading, classifier, {classifier.answers: chance})
    yes = chance >= classifier.threshold
    return replace(answered, urgent=yes) if classifier.answers == "urgent" else replace(answered, needs_reply=yes)


def _chosen(reading: Reading, question: str, said: Mapping[str, float]) -> Reading:
    """Give the choice to the likeliest answer; labels that mean nothing here do not count."""
    shares = {word: _rounded(said.get(word, 0.0) / _total(said)) for word in ANSWERS[question]}
    best = max(shares, key=lambda word: shares[word])
    probabilities = {**reading.probabilities, **{f"{question}:{word}": share for word, share in shares.items()}}
    unsure = _unsure(reading, {question}, {question} if torn(shares.values()) else set())
    answered = replace(reading, probabilities=probabilities, unsure=unsure)
    if question == "sentiment":
        return replace(answered, sentiment=cast(Sentiment, best))
    return replace(answered, intent=cast(Intent, best))


def _doubted(reading: Reading, classifier: Classifier, chances: Mapping[str, float]) -> Reading:
    """Put probabilities of yes into a reading, with the doubts that they leave."""
    near = {key for key, chance in chances.items() if wavers(chance, classifier.threshold)}
    probabilities = {**reading.probabilities, **chances}
    return replace(reading, probabilities=probabilities, unsure=_unsure(reading, set(chances), near))


def _with_topics(reading: Reading, classifier: Classifier, chances: Mapping[str, float]) -> Reading:
    aspect: Aspect = "friction" if classifier.answers == "friction" else "praise"
    before = reading.friction if aspect == "friction" else reading.praise
    kept = [topic for topic in before if f"{aspect}:{topic}" not in chances]
    new = [key.partition(":")[2] for key, chance in chances.items() if chance >= classifier.threshold]
    topics = tuple(sorted([*kept, *new], key=lambda topic: -reading.probabilities.get(f"{aspect}:{topic}", 1.0)))
    return replace(reading, friction=topics) if aspect == "friction" else replace(reading, praise=topics)


def _unsure(reading: Reading, answered: set[str], doubts: set[str]) -> tuple[str, ...]:
    return (*(key for key in reading.unsure if key not in answered), *sorted(doubts))


def _total(said: Mapping[str, float]) -> float:
    return sum(said.values()) or 1.0


def _rounded(chance: float) -> float:
    return round(min(chance, 1.0), 4)
