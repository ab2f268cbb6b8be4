"""Work for a Prefect server: make the work pool, deploy prefect.yaml, then run what its schedules ask for.

``python -m flows.worker`` takes the server from PREFECT_API_URL, as Prefect itself does.
"""

import os
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[1]
"""The folder that entrypoints such as flows/pipeline.py:pipeline count from; the flows run there."""
PREFECT_FILE = Path(__file__).with_name("prefect.yaml")
POOL = "kummerkasten"
_PREFECT = (sys.executable, "-m", "prefect")


def deploy() -> None:
    """Make the work pool where there is none, and bring the server's deployments to what prefect.yaml says."""
    for command in (
        ("--no-prompt", "work-pool", "create", POOL, "--type", "process", "--overwrite"),
        ("--no-prompt", "deploy", "--all", "--prefect-file", str(PREFECT_FILE)),
    ):
        subprocess.run([*_PREFECT, *command], cwd=HOUSE, check=True)  # noqa: S603 (our own commands)


def main() -> None:
    """Deploy, then become a Prefect worker."""
    deploy()
    os.chdir(HOUSE)
    command = [*_PREFECT, "worker", "start", "--pool", POOL, "--type", "process", "--name", "kummerkasten", "--limit", "2"]
    os.execv(sys.executable, command)  # noqa: S606 (our own command)


if __name__ == "__main__":
    main()
