"""Start everything on one machine, wait until it is healthy, say where it is, and stop it cleanly.

The dashboard and the sandbox come first and a first run fills them, while Prefect starts beside. Whatever ends by itself ends
the rest: nothing is restarted in silence.
"""

import fcntl
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from desk import config
from desk.errors import ConfigurationError
from desk.taxonomy import Language
from flows import sign_in
from flows.children import Child, Family, answers, free_port
from flows.intake import pushed
from flows.settings import CONFIG, FILE, Settings, load

SANDBOX_TOKEN = "KUMMERKASTEN_SANDBOX_TOKEN"  # noqa: S105 (the name of a variable)
Say = Callable[[str], None]
_DASHBOARD = Path(__file__).parents[1] / "dashboard"
_SANDBOX_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
QUIET = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "TRANSFORMERS_OFFLINE": "1",
}
"""No library reports to anybody."""


@dataclass(frozen=True)
class Wanted:
    """What to start, and where people would like to find it; a port that is taken gives way to the next free one."""

    demo: bool = False
    prefect: bool = True
    dashboard_port: int = 8501
    prefect_port: int = 4200
    sandbox_port: int = 8787
    every: float = 5.0
    language: Language | None = None
    intake_port: int = 8790


@dataclass(frozen=True)
class Addresses:
    """Where everything is."""

    dashboard: str
    prefect: str = ""
    sandbox: str = ""
    intake: str = ""
    logs: Path = field(default_factory=Path)


class Supervisor:
    """One desk's services: started once, watched, stopped together."""

    def __init__(self, wanted: Wanted, home: Path, family: Family) -> None:
        self.wanted, self.home, self.family = wanted, home, family
        self.logs = home / "logs"
        taken: list[int] = []
        for port in (wanted.dashboard_port, wanted.prefect_port, wanted.sandbox_port, wanted.intake_port):
            taken.append(free_port(port, taken=taken))
        self.dashboard_port, self.prefect_port, self.sandbox_port, self.intake_port = taken

    def sandbox(self) -> Child:
        """Start the sandbox, which writes its exports into the desk's folder."""
        exports = self.home / "exports"
        exports.mkdir(parents=True, exist_ok=True)
        said = ("sandbox", "--port", str(self.sandbox_port), "--every", str(self.wanted.every), "--exports", str(exports))
        return self._start("sandbox", "-m", "flows.cli", *said)

    def dashboard(self, settings: Settings) -> Child:
        """Start the dashboard on the desk of *settings*."""
        server = ["--server.headless", "true", "--server.address", "127.0.0.1", "--server.port", str(self.dashboard_port)]
        known = sign_in.write(settings, self.home)
        server += ["--secrets.files", str((known or self.home / "none.toml").resolve())]  # or another project's would be read
        if known:
            server += _known_as(settings)
        env = {CONFIG: str(settings.path)}
        return self._start("dashboard", "-m", "streamlit", "run", "app.py", *server, env=env, cwd=_DASHBOARD)

    def intake(self, settings: Settings) -> Child:
        """Start what takes in deliveries of platforms that push."""
        said = ("intake", "--port", str(self.intake_port))
        return self._start("intake", "-m", "flows.cli", *said, env={CONFIG: str(settings.path)})

    def prefect(self, nice: int = 5) -> Child:
        """Start the Prefect server, a little less hurried than what people look at first."""
        server = ("--host", "127.0.0.1", "--port", str(self.prefect_port))
        return self._start("prefect", "-m", "prefect", "server", "start", *server, env=self._prefect(), nice=nice)

    def worker(self, settings: Settings) -> Child:
        """Start what deploys the flows and runs them."""
        env = {**self._prefect(), CONFIG: str(settings.path)}
        return self._start("worker", "-m", "flows.worker", env=env, cwd=settings.folder)

    def first_run(self, settings: Settings) -> Child:
        """Start one run of the pipeline, so that the dashboard has something to show."""
        return self._start("first-run", "-m", "flows.cli", "run", "--quiet", env={CONFIG: str(settings.path)}, errand=True)

    def _prefect(self) -> dict[str, str]:
        return {"PREFECT_HOME": str(self.home / "prefect"), "PREFECT_API_URL": f"http://127.0.0.1:{self.prefect_port}/api"}

    def _start(
        self,
        name: str,
        *command: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        nice: int = 0,
        errand: bool = False,
    ) -> Child:
        variables = {**QUIET, SANDBOX_TOKEN: "sandbox", "PYTHONUNBUFFERED": "1", **(env or {})}
        child = Child(name, (sys.executable, *command), self.logs / f"{name}.log", variables, cwd, nice)
        return self.family.start(child, errand=errand)


def _known_as(settings: Settings) -> list[str]:
    """Tell the dashboard's server under which address people reach it, or it asks the internet for its own."""
    url = urlsplit(settings.desk.sign_in.address if settings.desk.sign_in else "")
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    return ["--browser.serverAddress", url.hostname or "", "--browser.serverPort", str(port)]


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the desk's folder, so that nothing is started on it twice; raises ConfigurationError where somebody holds it."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(f"`kummerkasten up` already runs on {home}; stop it first") from error
        yield


def demo_config(home: Path, port: int, language: Language | None) -> Path:
    """Write the demonstration's configuration (or point the one that is there to the sandbox's port); return its path."""
    path, address = home / FILE, f"http://127.0.0.1:{port}/"
    text = path.read_text(encoding="utf-8") if path.is_file() else config.demo(address, "exports", language)
    path.write_text(_SANDBOX_ADDRESS.sub(address, text), encoding="utf-8")
    return path


def start(wanted: Wanted, settings: Settings | None, home: Path, family: Family, say: Say) -> Addresses:
    """Start all that is wanted and return when it is healthy. *settings* is None for a demonstration."""
    up = Supervisor(wanted, home, family)
    if settings is None:
        os.environ.setdefault(SANDBOX_TOKEN, "sandbox")
        up.sandbox()
        settings = load(demo_config(home, up.sandbox_port, wanted.language))
    _ = settings.engine  # brings the database to this version's tables before anybody reads it
    settings.close()
    up.dashboard(settings)
    takes_in = bool(pushed(settings))
    if takes_in:
        up.intake(settings)
    if wanted.demo:
        family.until(lambda: answers(up.sandbox_port, "/_sandbox/state"), "The sandbox")
    first = up.first_run(settings)
    if wanted.prefect:
        up.prefect()
    family.until(lambda: answers(up.dashboard_port, "/_stcore/health"), "The dashboard")
    say("Listening for the first time ...")
    family.until(lambda: first.code is not None, "The first run", seconds=1800)
    if first.code:
        say(f"The first run did not go well; see {first.log} and the page Sources.\n{first.last_words(8)}")
    say(f"The dashboard is ready: http://127.0.0.1:{up.dashboard_port}")
    if wanted.prefect:
        say("Prefect is starting ...")
        family.until(lambda: answers(up.prefect_port, "/api/health"), "Prefect")
        worker = up.worker(settings)
        family.until(lambda: "started" in worker.last_words(40), "The Prefect worker")
    return Addresses(
        dashboard=f"http://127.0.0.1:{up.dashboard_port}",
        prefect=f"http://127.0.0.1:{up.prefect_port}" if wanted.prefect else "",
        sandbox=f"http://127.0.0.1:{up.sandbox_port}" if wanted.demo else "",
        intake=f"http://127.0.0.1:{up.intake_port}" if takes_in else "",
        logs=up.logs,
    )


def watch(family: Family) -> None:
    """Stay until somebody interrupts; raises ChildDied where a service ends by itself."""
    while True:
        family.check()
        time.sleep(0.5)
