"""Databases for tests and benchmarks: files of SQLite, and a PostgreSQL server of our own that lives as long as they do.

The server is started from the binaries that are installed (on the path, or where Debian keeps them), keeps its data in a
temporary folder and gives up durability for speed. ``KUMMERKASTEN_TEST_POSTGRES`` names a server to use instead.
"""

import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from store.engine import connect
from store.migrate import migrate

GIVEN = "KUMMERKASTEN_TEST_POSTGRES"
_PATIENCE = 60
_HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "autovacuum_naptime": "5min",
    "log_min_messages": "fatal",
    "timezone": "Asia/Kathmandu",  # no code may rely on the server's time zone
}


class NoPostgres(Exception):
    """There is no PostgreSQL to test with; the message says why."""


def binaries() -> Path:
    """Return the folder that holds ``initdb`` and ``postgres``; raises NoPostgres."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    if config := shutil.which("pg_config"):
        places.append(Path(subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip()))
    places += sorted(map(Path, glob.glob("/usr/lib/postgresql/*/bin") + glob.glob("/opt/homebrew/opt/postgresql@*/bin")))[::-1]
    for place in places:
        if (place / "postgres").exists() and (place / "initdb").exists():
            return place
    raise NoPostgres(f"no PostgreSQL server is installed here (apt install postgresql), and {GIVEN} names none")


@contextmanager
def postgres_server(**settings: str) -> Iterator[str]:
    """Yield the address of a PostgreSQL server whose databases may be made and dropped; raises NoPostgres.

    *settings* are laid over those that make it hasty (``fsync="on"``).
    """
    if given := os.environ.get(GIVEN):
        yield given
        return
    place = binaries()
    user = _not_root()
    with tempfile.TemporaryDirectory(prefix="kummerkasten-postgres-") as folder:
        if user:
            shutil.chown(folder, user)
        data = Path(folder) / "data"
        _run([place / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"], user, folder)
        port = _free_port()
        options = [argument for name, value in (_HASTY | settings).items() for argument in ("-c", f"{name}={value}")]
        log = Path(folder) / "log"
        with log.open("wb") as out:
            server = subprocess.Popen(
                [place / "postgres", "-D", data, "-p", str(port), *options],
                stdout=out,
                stderr=out,
                user=user,
                cwd=folder,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
            _wait_for(url, server, log)
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(_PATIENCE)


def _not_root() -> str | None:
    """PostgreSQL refuses to run as root: return the user it runs as instead."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG: a killed test run leaves no server behind


def _run(command: list[object], user: str | None, folder: str) -> None:
    done = subprocess.run([str(part) for part in command], user=user, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise NoPostgres(f"PostgreSQL could not be set up: {done.stderr.strip() or done.stdout.strip()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise NoPostgres(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from error
            time.sleep(0.05)
        else:
            return


@contextmanager
def postgres_database(server: str, template: str = "template1") -> Iterator[str]:
    """Yield the address of a new database, made as *template* is; drop it afterwards, whoever is still connected."""
    name = f"kummerkasten_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def migrated(url: str) -> str:
    """Bring the database at *url* to this version's tables, and return *url*."""
    engine = connect(url)
    try:
        migrate(engine)
    finally:
        engine.dispose()
    return url
