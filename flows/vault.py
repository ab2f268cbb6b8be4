"""The secrets of a desk: the environment, and beside kummerkasten.toml a file ``kummerkasten.env`` that only its owner reads.

`kummerkasten add` writes credentials there, and platforms that replace a token have the new one kept there. A variable of the
environment wins over the file, except where the file's value has replaced just that one: a rotated token is newer than the
one that the environment still holds.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from desk.errors import ConfigurationError
from flows.files import replace

FILE = "kummerkasten.env"
_HEAD = "# Credentials of this desk. Only its owner may read this file; it belongs into no repository.\n"
_LINE = re.compile(
    r"^(?:# replaces (?P<replaces>[0-9a-f]{16})\n)?(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|[^\n]*)$",
    re.MULTILINE,
)

_ESCAPED = {"\n": "n", "\r": "r"}
_MEANT = {letter: meant for meant, letter in _ESCAPED.items()}


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

    def adding(self) -> AbstractContextManager[None]:
        """Keep other workers out while a source is written into the configuration beside the file."""
        return self._alone("adding")

    def _read(self) -> dict[str, _Kept]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"{self.path} cannot be read ({type(error).__name__}): it must be a text file in UTF-8, and belong to whoever "
                "runs Kummerkasten"
            ) from None
        return {found["name"]: _Kept(_bare(found["value"]), found["replaces"] or "") for found in _LINE.finditer(text)}

    def _write(self, kept: Mapping[str, _Kept]) -> None:
        lines = [
            f"{f'# replaces {one.replaces}{chr(10)}' if one.replaces else ''}{name}={_quoted(one.value)}\n"
            for name, one in kept.items()
        ]
        replace(self.path, _HEAD + "".join(lines), 0o600)

    @contextmanager
    def _alone(self, what: str = "lock") -> Iterator[None]:
        """Keep other workers out while the file is changed, or while a token is renewed."""
        with open(self.folder / f".{FILE}.{what}", "a", opener=_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # whoever may open a lock may hold it for ever


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _quoted(value: str) -> str:
    return '"' + re.sub(r'[\\"\n\r]', lambda found: "\\" + _ESCAPED.get(found[0], found[0]), value) + '"'


def _bare(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", lambda found: _MEANT.get(found[1], found[1]), value[1:-1])
    return value
