"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

from desk.errors import ConfigurationError


def replace(path: Path, text: str, mode: int) -> None:
    """Let *text* stand in *path*, for whom *mode* lets read it; whenever this is cut short, what stood there stays as it was."""
    if not path.parent.is_dir():
        raise ConfigurationError(f"There is no folder {path.parent}; make it first, or name another file")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # its owner's alone
    scratch = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)  # or after a power cut the new name may hold nothing
        scratch.chmod(mode)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
