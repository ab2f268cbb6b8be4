"""``python -m flows.cli`` is ``kummerkasten``."""

from flows.cli import main

main()
