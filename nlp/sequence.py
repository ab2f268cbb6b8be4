"""Sequence classifiers as transformers knows them, run on this machine by torch (extra ``torch``).

No code of a model is run: ``trust_remote_code`` is never given, and weights are read as safetensors only, never unpickled.
"""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from desk.classifier import Classifier
from desk.errors import ConfigurationError
from nlp import hub
from nlp.encoder import cut  # and, with it, the advice of transformers switched off
from nlp.heads import Numbers

_AT_ONCE = 32
_BUDGET = 16_384
"""Tokens in one batch: what memory is needed for."""
_USUAL = 512
"""Tokens that a model reads whose configuration does not say how many."""
_LONGEST = 8_192
_LETTERS = 16
"""Letters that one token hardly ever exceeds: a text of a megabyte is cut before it is tokenised."""
_OURS: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


@dataclass(frozen=True)
class SequenceClassifier:
    """A model that has been loaded, with its tokenizer; ``most`` is how many tokens of a text it reads.

    ``many`` says that each label is a question of its own; otherwise they share out 1 between them.
    """

    labels: tuple[str, ...]
    many: bool
    most: int
    model: Any = field(repr=False)
    tokenizer: Any = field(repr=False)

    def scores(self, texts: Sequence[str]) -> Numbers:
        """Return a probability for each text and label: softmax, or the logistic function where labels stand alone."""
        import torch

        found = np.zeros((len(texts), len(self.labels)), np.float32)
        read = self.tokenizer([cut(text, _LETTERS * self.most) for text in texts], truncation=True, max_length=self.most)
        known = inspect.signature(self.model.forward).parameters
        with torch.inference_mode():
            for some in batches([len(ids) for ids in read["input_ids"]], self._at_once):
                part = {name: [read[name][index] for index in some] for name in read if name in known}
                logits = self.model(**self.tokenizer.pad(part, padding=len(some) > 1, return_tensors="pt")).logits.float()
                found[some] = (logits.sigmoid() if self.many else logits.softmax(dim=1)).numpy()
        return found

    @property
    def _at_once(self) -> int:
        """How many texts a batch may hold: one, where the model knows no padding."""
        return 1 if self.tokenizer.pad_token is None or self.model.config.pad_token_id is None else _AT_ONCE


def batches(lengths: Sequence[int], at_once: int = _AT_ONCE) -> Iterator[list[int]]:
    """Yield the indices of texts of like length (in tokens), so that little is padded and no batch outgrows memory."""
    some: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        if some and (len(some) == at_once or (len(some) + 1) * lengths[index] > _BUDGET):
            yield some
            some = []
        some.append(index)
    if some:
        yield some


def opened(classifier: Classifier) -> SequenceClassifier:
    """Return the model of a classifier, loaded once in this process; raises ConfigurationError where that cannot be done."""
    if missing := without_torch():
        raise ConfigurationError(f"{classifier.name} cannot be loaded: {missing}")
    return _loaded(hub.folder_of(classifier), classifier.name)


def without_torch() -> str:
    """Return what is missing to run models of others, empty where nothing is."""
    return "" if find_spec("torch") else "torch is not installed here. Install it: pip install 'kummerkasten[torch]'"


def labels_of(classifier: Classifier) -> tuple[str, ...] | None:
    """Return the labels of a classifier's model without loading it (or torch); None where it is not on this machine yet.

    Raises ConfigurationError where a folder holds no model, or one that transformers does not know.
    """
    from transformers import AutoConfig

    folder = hub.kept(classifier) if classifier.revision else hub.folder_of(classifier)
    if folder is None:
        return None
    with _translated(classifier.name):
        return _labels(AutoConfig.from_pretrained(folder, **_OURS))


@lru_cache(maxsize=8)
def _loaded(folder: Path, name: str) -> SequenceClassifier:
    """Load what lies in *folder*; *name* is what errors call it."""
    if not any(folder.glob("*.safetensors")):
        raise ConfigurationError(
            f"{name} has no weights as safetensors, and others are not loaded: unpickling them can run any code. Take another"
            " model or revision, or convert it: AutoModelForSequenceClassification.from_pretrained(...).save_pretrained(...)"
        )
    with _translated(name), _quiet():
        model, missing = _weights(folder)
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, **_OURS)
    if missing:
        said = f"{name} is no trained classifier: its weights lack {', '.join(missing[:3])}"
        raise ConfigurationError(f"{said}. Take a model that was trained for text classification")
    if wrong := _pieces(model, tokenizer):
        raise ConfigurationError(f"{name} {wrong}. Copy its files again, the tokenizer's with them")
    labels, many = _labels(model.config), model.config.problem_type == "multi_label_classification"
    if len(labels) < 2 and not many:
        raise ConfigurationError(f"{name} answers with a number and not with labels; such a model cannot be plugged in")
    return SequenceClassifier(labels, many, _most(model, tokenizer), model, tokenizer)


def _weights(folder: Path) -> tuple[Any, list[str]]:
    """Return the model, and which of its weights are not in the folder (transformers would make them up)."""
    import torch
    from transformers import AutoModelForSequenceClassification

    model, report = AutoModelForSequenceClassification.from_pretrained(
        folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **_OURS
    )
    return model.eval(), sorted(report["missing_keys"])


def _labels(config: Any) -> tuple[str, ...]:
    return tuple(config.id2label[index] for index in sorted(config.id2label))


def _pieces(model: Any, tokenizer: Any) -> str:
    """Return what is wrong with a tokenizer: of a folder without one, transformers makes an empty one that reads all alike."""
    pieces, known = len(tokenizer), getattr(model.config, "vocab_size", None)
    if pieces <= len(set(tokenizer.all_special_ids)):
        return "has no tokenizer beside its weights"
    if known is not None and pieces > known:
        return f"has a tokenizer of {pieces} pieces where its weights know {known}: another model's"
    return ""


def _most(model: Any, tokenizer: Any) -> int:
    """Return how many tokens the model reads: what its tokenizer says and what it has places for, whichever is less."""
    places = getattr(model.config, "max_position_embeddings", None) or _USUAL
    for name, part in model.named_modules():  # RoBERTa and its kin count places from behind the padding's
        if name.endswith("position_embeddings") and getattr(part, "padding_idx", None) is not None:
            places -= part.padding_idx + 1
    return int(min(tokenizer.model_max_length, places if places > 0 else _USUAL, _LONGEST))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what transformers tells developers out of a worker's log: what matters is raised."""
    from transformers.utils import logging

    said: Any = logging
    level, bars = said.get_verbosity(), said.is_progress_bar_enabled()
    said.set_verbosity_error()
    said.disable_progress_bar()
    try:
        yield
    finally:
        said.set_verbosity(level)
        if bars:
            said.enable_progress_bar()


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Raise as a ConfigurationError whatever transformers and its libraries raise about a model that they cannot load."""
    try:
        yield
    except Exception as error:
        advice = "It must be a text classifier with its tokenizer, of a kind that transformers knows without code of its own"
        raise ConfigurationError(f"{name} cannot be loaded: {hub.first_line(error)}\n{advice}.") from error
