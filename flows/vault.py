"""The secrets of a desk: the environment, and beside kummerkasten.toml a file ``kummerkasten.env`` that only its owner reads.

`kummerkasten add` writes credentials there, and platforms that replace a token have the new one kept there. A variable of the
environment wins over the file, except where the file's value has replaced just that one: a rotated token is newer than the
one that the environment still holds.
"""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FILE = "kummerkasten.env"
_HEAD = "# Credentials of this desk. Only its owner may read this file; it belongs into no repository.\n"
_LINE = re.compile(
    r"^(?:# replaces (?P<replaces>[0-9a-f]{16})\n)?(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|[^\n]*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class _Kept:
    value: str
    replaces: str = ""
    """Digest of the value of the environment that this one has replaced."""


@dataclass(frozen=True)
class Vault:
    """The secrets of the desk whose configuration lies in *folder*."""

    folder: Path

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / FILE

    def environ(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the environment with what the file adds, and what it knows to be newer."""
        found = dict(environ)
        for name, kept in self._read().items():
            if name not in environ or (kept.replaces and kept.replaces == _digest(environ[name])):
                found[name] = kept.value
        return found

    def keep(self, name: str, value: str, environ: Mapping[str, str] = os.environ) -> None:
        """Write one secret to the file; it is there whole or not at all, and only its owner may read it."""
        with self._alone():
            kept = self._read()
            before = kept.get(name)
            given = environ.get(name, "")
            kept[name] = _Kept(value, _digest(given) if given else before.replaces if before else "")
            self._write(kept)

    @contextmanager
    def renewing(self, environ: Mapping[str, str] = os.environ) -> Iterator[dict[str, str]]:
        """Give out the environment as it stands now, to one worker of this machine at a time: whoever renews a token is alone."""
        with self._alone("renewing"):
            yield self.environ(environ)

    def _read(self) -> dict[str, _Kept]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        return {found["name"]: _Kept(_bare(found["value"]), found["replaces"] or "") for found in _LINE.finditer(text)}

    def _write(self, kept: Mapping[str, _Kept]) -> None:
        lines = [
            f"{f'# replaces {one.replaces}{chr(10)}' if one.replaces else ''}{name}={_quoted(one.value)}\n"
            for name, one in kept.items()
        ]
        handle, scratch = tempfile.mkstemp(dir=self.folder, prefix=".env-")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(_HEAD + "".join(lines))
                file.flush()
                os.fsync(file.fileno())
            Path(scratch).replace(self.path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise

    @contextmanager
    def _alone(self, what: str = "lock") -> Iterator[None]:
        """Keep other workers out while the file is changed, or while a token is renewed."""
        with (self.folder / f".{FILE}.{what}").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _bare(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value[1:-1])
    return value
