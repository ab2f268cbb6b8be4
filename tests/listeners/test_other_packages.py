"""The listener that docs/add-a-listener.md builds passes the contract, and is found by its entry point."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "add-a-listener.md"
BLOCK = re.compile(r"^```python (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
POINT = re.compile(r'^\[project\.entry-points\."(\S+)"\]\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with the files of the page, and what an installed package would say about its entry point."""
    text = PAGE.read_text(encoding="utf-8")
    for name, code in BLOCK.findall(text):
        (tmp_path / name).write_text(code, encoding="utf-8")
    about = tmp_path / "guestbook-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: guestbook\nVersion: 0.1\n")
    (group, points) = POINT.findall(text)[0]
    (about / "entry_points.txt").write_text(f"[{group}]\n{points.replace(chr(34), '')}")
    return tmp_path


def test_the_listener_of_the_page_passes_the_contract_just_as_it_stands(package: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "test_guestbook.py"]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "passed" in done.stdout


def test_the_listener_of_another_package_is_found_by_its_entry_point(package: Path) -> None:
    code = "import listeners; print(listeners.listener('guestbook').base_url)"
    done = subprocess.run([sys.executable, "-c", code], cwd=package, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "https://guestbook.example", done.stderr
