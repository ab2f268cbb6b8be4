"""The documentation is complete and true: every command, setting, listener and link has its place."""

import re
from pathlib import Path

import pytest
import typer

from desk import config
from desk.classifier import Classifier
from desk.config import Desk
from desk.routing import Rule, When
from desk.source import Source
from desk.taxonomy import OwnTopic
from flows.cli import app
from flows.settings import check_options
from listeners import PLATFORMS, listener

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
IN_GERMAN = {
    "README.de.md": "README.md",
    "docs/de/erste-schritte.md": "docs/first-steps.md",
    "docs/de/antworten.md": "docs/replies.md",
    "docs/de/verteilen.md": "docs/routing.md",
    "docs/de/korrigieren.md": "docs/teaching.md",
    "docs/de/datenschutz.md": "docs/privacy.md",
}
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
DESK = '[[teams]]\nkey = "support"\nname = "Support"\n[[rules]]\nname = "Rest"\nteam = "support"\n'
PAGE_OF = {"files": DOCS / "import-files.md"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_row(command):
    assert f"`kummerkasten {command}" in (DOCS / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command", re.findall(r"^\| `kummerkasten (\w+)", (DOCS / "commands.md").read_text(encoding="utf-8"), re.M)
)
def test_no_command_is_named_that_does_not_exist(command):
    assert command in COMMANDS


@pytest.mark.parametrize(
    "setting",
    [field.alias or name for model in (Desk, Source, Classifier, OwnTopic) for name, field in model.model_fields.items()],
)
def test_every_setting_is_explained(setting):
    known = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert setting in ("options", "secrets") or re.search(rf"`\[*{setting}[\].`]", known)


@pytest.mark.parametrize("condition", [*When.model_fields, *Rule.model_fields])
def test_every_condition_of_a_rule_is_explained(condition):
    assert re.search(rf"\b{condition}\b", (DOCS / "routing.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_listener_has_its_page_with_every_setting(platform):
    page = PAGE_OF.get(platform, DOCS / "platforms" / f"{platform}.md").read_text(encoding="utf-8")
    for option in listener(platform).options.model_fields:
        assert f"`{option}`" in page, option
    assert set(listener(platform).blind_spots) == {"de", "en"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_example_of_every_page_is_a_configuration_that_is_right(platform):
    page = PAGE_OF.get(platform, DOCS / "platforms" / f"{platform}.md").read_text(encoding="utf-8")
    examples = [block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[[sources]]" in block]
    assert examples
    for example in examples:
        check_options(config.read(DESK + example).sources)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_setting_of_a_platform_has_a_name_that_every_source_has(platform):
    assert set(listener(platform).options.model_fields).isdisjoint(Source.model_fields)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_table_of_platforms_says_what_each_listener_can(platform):
    table = (DOCS / "platforms" / "README.md").read_text(encoding="utf-8")
    page = "../import-files.md" if platform == "files" else f"{platform}.md"
    (row,) = [line.split(" | ") for line in table.splitlines() if line.startswith("| [") and f"]({page})" in line]
    found = listener(platform)
    assert (row[2] != "no") == bool(found.reply)
    assert (row[3] == "yes |") == bool(found.push)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_page_of_a_platform_names_its_credential_and_where_german_readers_look(platform):
    page = PAGE_OF.get(platform, DOCS / "platforms" / f"{platform}.md").read_text(encoding="utf-8")
    for ask in listener(platform).secrets:
        assert ("token_env" if ask.name == "token" else f"{ask.name}_env") in page, ask.name
    if platform not in PAGE_OF:
        for heading in ("Einrichtung", "Was gehört wird", "Was nicht geht", "Grenzen"):
            assert f"· {heading}" in page, heading
        assert "*Deutsch:*" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(("german", "english"), IN_GERMAN.items())
def test_a_german_page_has_all_that_the_english_one_has(german, english):
    assert anatomy(german) == anatomy(english)


def test_every_german_page_has_its_english_one_and_both_name_each_other():
    assert {str(page.relative_to(ROOT)) for page in [*(DOCS / "de").glob("*.md"), *ROOT.glob("*.de.md")]} == set(IN_GERMAN)
    for german, english in IN_GERMAN.items():
        for page, other, name in ((german, english, "English"), (english, german, "Deutsch")):
            (link,) = re.findall(rf"^\*\[{name}\]\((.+)\)\*$", (ROOT / page).read_text(encoding="utf-8"), re.M)
            assert ((ROOT / page).parent / link).resolve() == ROOT / other


def anatomy(page):
    """What no language changes: headings, points, tables, commands and settings, and what is said in code."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```.*?^```", text, re.M | re.DOTALL)
    said = re.sub(r"^```.*?^```", "", text, flags=re.M | re.DOTALL)
    return {
        "headings": [len(mark) for mark in re.findall(r"^(#+) ", said, re.M)],
        "points": len(re.findall(r"^(?:- |\d+\. )", said, re.M)),
        "rows": [row.count("|") for row in said.splitlines() if row.startswith("|")],
        "code": [re.sub(r"\s+#.*", "", line) for block in blocks for line in block.splitlines()],
        "named": sorted(set(re.findall(r"`([^`\n]+)`", said))),
    }
