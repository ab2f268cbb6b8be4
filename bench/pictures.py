"""The pictures of the README: starts the demonstration, waits until everybody has spoken, and photographs its pages."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from bench.common import ROOT, say
from bench.startup import tickets

PORT = 8873
ENOUGH = 250
"""Tickets, after which every source of the demonstration has been heard."""
PATIENCE = 900
SIZE = {"width": 1280, "height": 800}
COLOURS = 192
PLACE = ROOT / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@contextmanager
def demonstration() -> Iterator[str]:
    """Run the demonstration until it is full, and give its address."""
    with tempfile.TemporaryDirectory(prefix="kummerkasten-pictures-") as folder, open(Path(folder) / "out", "w") as out:
        command = [sys.executable, "-m", "flows.cli", "up", "--demo", "--no-browser", "--port", str(PORT)]
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, env=os.environ | {"NO_COLOR": "1"})
        try:
            until = time.monotonic() + PATIENCE
            while tickets(Path(folder)) < ENOUGH:
                if process.poll() is not None or time.monotonic() > until:
                    sys.exit((Path(folder) / "out").read_text())
                time.sleep(2)
            yield f"http://127.0.0.1:{PORT}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def main() -> None:
    PLACE.mkdir(exist_ok=True)
    with demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for language, photograph in (("de", _inbox), ("en", _conversation)):
            page = browser.new_context(viewport=SIZE, locale=language).new_page()  # type: ignore[arg-type]
            page.set_default_timeout(45_000)
            photograph(page, f"{address}/inbox?lang={language}&me=Mira&team=payments", language)
            _page(page, f"{address}/friction?lang={language}&me=Mira")
            _keep(page, f"friction.{language}")
        browser.close()


def _inbox(page: Page, inbox: str, language: str) -> None:
    _page(page, inbox)
    _keep(page, f"inbox.{language}")


def _conversation(page: Page, inbox: str, language: str) -> None:
    _page(page, f"{inbox}&platform=mastodon&language={language}")
    page.get_by_role("link", name=re.compile("ticket", re.I)).first.click()
    page.wait_for_selector(".k-bubble")
    page.wait_for_timeout(2_500)
    _keep(page, f"conversation.{language}")


def _page(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".k-head")
    page.wait_for_timeout(2_500)


def _keep(page: Page, name: str) -> None:
    """Write a picture of few colours, so that the repository stays small."""
    whole = Image.open(BytesIO(page.screenshot())).convert("RGB")
    path = PLACE / f"{name}.png"
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    say(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
