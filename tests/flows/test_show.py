import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from flows.cli import show

HOSTILE = [
    "\x1b[31mrot\x1b[0m",
    "\x9b31mrot",
    "\x1b]8;;http://evil.example\x07klick\x1b]8;;\x07",
    "harmlos\u202egnp.exe",
    "\u2066abc\u2069",
    "[bold red]laut[/bold red]",
    "[link=http://evil.example]klick[/link]",
    ":smile: :bomb:",
    "a\x00b\rc\x08d",
]


def printed(text: str, *, lines: bool = False) -> str:
    out = Console(width=200, force_terminal=False, emoji=False, highlight=False)
    with out.capture() as captured:
        out.print(show.text(text, lines=lines))
    return captured.get()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("lines", [True, False])
def test_what_strangers_wrote_commands_no_terminal(text: str, lines: bool) -> None:
    shown = printed(text, lines=lines)
    assert not any(sign in shown for sign in "\x1b\x9b\x07\x00\x08\r\u202e\u2066\u2069")


@pytest.mark.parametrize("text", ["[bold red]laut[/bold red]", "[link=http://evil.example]klick[/link]", ":smile: :bomb:"])
def test_markup_is_shown_as_it_was_written(text: str) -> None:
    assert printed(text).strip() == text


def test_umlauts_and_emoji_families_stay_whole() -> None:
    assert show.plain("Größe 👩\u200d👩\u200d👧 ✔\ufe0f") == "Größe 👩\u200d👩\u200d👧 ✔\ufe0f"


@given(st.text())
def test_json_says_the_same_in_printable_signs(text: str) -> None:
    written = show.as_json({"text": text})
    assert json.loads(written) == {"text": text}
    assert show.plain(written, lines=True) == written


@given(st.text())
def test_plain_text_is_plain(text: str) -> None:
    assert show.plain(show.plain(text)) == show.plain(text)
