"""Where the files of a plugged classifier lie on this machine: those of the hub, fetched once at one commit, or a folder's.

The hub is asked for files and told nothing else; no text ever goes there. Only data is fetched: no code, no pickled weights.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from desk.classifier import Classifier
from desk.errors import ConfigurationError

FILES = ("*.json", "*.safetensors", "*.txt", "*.model")


def signature(classifier: Classifier) -> str:
    """Return what a classifier signs as: ``name@commit`` (seven digits); for a folder, ``name@`` and a hash of what it holds."""
    return classifier.signature("" if classifier.revision else _hash(folder_of(classifier)))


def folder_of(classifier: Classifier) -> Path:
    """Return the folder of a classifier's files, fetching those of the hub; raises ConfigurationError where that fails."""
    if classifier.revision:
        return kept(classifier) or _fetched(classifier)
    folder = Path(classifier.model)
    if not (folder / "config.json").is_file():
        said = "a folder as transformers writes it holds config.json, model.safetensors and its tokenizer"
        raise ConfigurationError(f"There is no model in {folder}: {said}")
    return folder


def kept(classifier: Classifier) -> Path | None:
    """Return the folder in which a model of the hub is already kept whole on this machine, None where it is not."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    revision, wanted = classifier.revision, list(FILES)
    try:
        return Path(snapshot_download(classifier.model, revision=revision, allow_patterns=wanted, local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def how_to_fetch(classifier: Classifier) -> str:
    """Return the command that brings a model of the hub to this machine."""
    return f"hf download {classifier.model} --revision {classifier.revision}"


def _fetched(classifier: Classifier) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(classifier.model, revision=classifier.revision, allow_patterns=list(FILES)))
    except Exception as error:  # no network, no such model, no access: each of them is somebody else's error
        raise ConfigurationError(
            f"{classifier.signature()} is not on this machine and cannot be fetched now: {first_line(error)}\n"
            f"Fetch it while there is a network: {how_to_fetch(classifier)}\n"
            "For a machine without one: the same elsewhere with --local-dir FOLDER; copy that folder, and name it as `model`"
            " without a `revision`."
        ) from error


def _hash(folder: Path) -> str:
    """Return the SHA-256 over the files of a model, their names and what is in them."""
    return _hash_of(tuple((path, path.stat().st_mtime_ns) for kind in FILES for path in sorted(folder.glob(kind))))


@lru_cache(maxsize=8)
def _hash_of(files: tuple[tuple[Path, int], ...]) -> str:
    whole = hashlib.sha256()
    for path, _ in files:
        with path.open("rb") as file:
            whole.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def first_line(error: Exception) -> str:
    """Return what an error says, in one line."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
