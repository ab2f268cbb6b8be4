"""What is said where a model's folder does not hold a whole one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desk.errors import ConfigurationError


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Raise ConfigurationError with what to do where a file of a model, read in the block, is missing or damaged."""
    try:
        yield
    except MemoryError:  # the machine's fault, not the file's
        raise
    except Exception as error:  # each file has a reader with errors of its own
        raise ConfigurationError(
            f"{path} is missing or damaged ({type(error).__name__}), so the model cannot be loaded. Copy its folder again, or "
            "leave `model` out of kummerkasten.toml"
        ) from error
