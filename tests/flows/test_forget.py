"""Guarantee 11 at work: what is stored about a person is told and erased, and what is too old goes by itself."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import func, select
from staging import Clock, Run, WordTagger

from flows.settings import Settings, load
from flows.work.expire import due, expire
from flows.work.hear import Ear
from flows.work.read import read
from flows.work.triage import triage
from listeners.sandbox.world import World
from store import erasing, people
from store.tables import Mention


@pytest.fixture
def heard(settings: Settings, ear: Ear, world: World, tagger: WordTagger, clock: Clock) -> Settings:
    """A desk that has heard, tagged and routed what two people said."""
    world.say("PayPal geht nicht, bitte helft mir! #kastanie", ago=timedelta(hours=3), author="mira")
    world.say("Das neue Sofa ist schön #kastanie", ago=timedelta(days=2), author="tom")
    assert ear.hear(settings.desk.source("tag")).kept.new == 2
    read(settings, tagger, clock=clock)
    triage(settings, clock=clock)
    return settings


def handle_of(settings: Settings, name: str) -> str:
    with settings.session(write=False) as session:
        found = [one for one in people.accounts(session, name) if one.platform == "mastodon"]
        return found[0].handle


def test_forget_erases_an_account_and_the_next_pull_does_not_bring_it_back(
    heard: Settings, ear: Ear, kk: Run, clock: Clock
) -> None:
    said = kk("forget", handle_of(heard, "mira"), "--yes", "--by", "Uta").output
    assert "Erased 1 mention, 1 whole conversation, 1 account." in said
    assert "backups" in said
    clock.move(hours=1)
    again = ear.hear(heard.desk.source("tag")).kept
    assert (again.new, again.refused) == (0, 1)
    assert "PayPal" not in kk("queue", "payments").output


def test_forget_asks_first_and_names_whom(heard: Settings, kk: Run) -> None:
    said = kk("forget", handle_of(heard, "tom"), given="n\n", code=1).output
    assert "on mastodon" in said
    assert "1 mention and our answers" in said
    assert json.loads(kk("about", handle_of(heard, "tom")).stdout)["mentions"]


def test_forget_erases_one_mention_alone(heard: Settings, kk: Run) -> None:
    found = json.loads(kk("about", handle_of(heard, "mira")).stdout)
    number = found["mentions"][0]["id"]
    assert json.loads(kk("forget", "--mention", number, "--yes", "--json").stdout)["mentions"] == 1
    assert "There is no mention" in kk("forget", "--mention", number, "--yes", code=1).output


def test_the_account_that_said_a_mention_is_named_by_its_number(heard: Settings, kk: Run) -> None:
    number = json.loads(kk("about", handle_of(heard, "mira")).stdout)["mentions"][0]["id"]
    assert json.loads(kk("about", "--said", number).stdout)["account"]["handle"] == handle_of(heard, "mira")


def test_about_writes_a_file_that_its_owner_alone_may_read(heard: Settings, kk: Run, tmp_path: Path) -> None:
    out = tmp_path / "auskunft.json"
    kk("about", handle_of(heard, "mira"), "--out", out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert json.loads(out.read_text("utf-8"))["mentions"][0]["text"].startswith("PayPal geht nicht")


@pytest.mark.parametrize("words", ["about", "forget --yes", "about mira --said 1", "forget mira --mention 1"])
def test_who_is_meant_must_be_said_once(kk: Run, words: str) -> None:
    assert "account" in kk(*words.split(), code=2).output


def test_who_is_not_known_is_said(kk: Run) -> None:
    assert 'No account is called "niemand"' in kk("about", "niemand", code=1).output


def test_several_accounts_of_one_name_are_told_apart(heard: Settings, kk: Run, tmp_path: Path) -> None:
    export = tmp_path / "bewertungen.jsonl"
    who = {"author": handle_of(heard, "mira"), "date": "2026-11-01"}
    export.write_text("".join(json.dumps(who | {"text": f"Gut {platform}"}) + "\n" for platform in ("a", "b")), "utf-8")
    kk("import", export, "--platform", "trustpilot")
    said = kk("forget", who["author"], "--yes", code=1).output
    assert "may be any of these" in said
    assert "on trustpilot (known by name alone: everybody called so): 2 mentions" in said
    assert "Erased 1 mention," in kk("forget", who["author"], "--platform", "mastodon", "--yes").output


def kept_for(config: Path, what: str, source: str = "") -> Settings:
    text = config.read_text("utf-8")
    line = f'retention = "{what}"\n'
    config.write_text(text.replace(f'name = "{source}"\n', f'name = "{source}"\n{line}') if source else line + text, "utf-8")
    return load(config, environ={})


def test_what_is_older_than_its_sources_retention_is_erased(heard: Settings, config: Path, ear: Ear, clock: Clock) -> None:
    settings = kept_for(config, "10 Tage", "tag")
    clock.move(days=7)
    assert due(settings, clock=clock) == {"tag": 0}
    clock.move(days=4)
    done = expire(settings, "schedule", clock=clock)
    assert done.erased["tag"].mentions == 1
    assert done.spared == {"tag": 1}, "somebody still waits for an answer"
    assert str(done) == "Erased 1 mentions and 0 answers; 1 more wait for their open tickets"
    again = Ear(settings, clock=clock, environ={}, sleep=clock.sleep).hear(settings.desk.source("tag")).kept
    assert again.new == 0
    settings.close()


def test_the_desks_retention_holds_for_all_sources_that_have_none_of_their_own(config: Path) -> None:
    desk = kept_for(config, "2 Jahre").desk
    assert desk.retention_of("tag") == desk.retention_of("a-file-of-last-year") == timedelta(days=730)
    own = kept_for(config, "30 days", "tag").desk
    assert (own.retention_of("tag"), own.retention_of("reviews")) == (timedelta(days=30), timedelta(days=730))


def test_a_first_pull_asks_for_nothing_that_would_not_be_kept(config: Path, world: World, clock: Clock) -> None:
    world.say("Lange her #kastanie", ago=timedelta(days=20))
    world.say("Eben erst #kastanie", ago=timedelta(days=1))
    settings = kept_for(config, "5 days")
    kept = Ear(settings, clock=clock, environ={}, sleep=clock.sleep).hear(settings.desk.source("tag")).kept
    assert (kept.new, kept.refused) == (1, 0)
    settings.close()


def test_expire_says_what_it_would_erase_and_erases_it(heard: Settings, config: Path, kk: Run) -> None:
    assert "There is no retention in kummerkasten.toml" in kk("expire").output
    kept_for(config, "1 day").close()
    assert json.loads(kk("expire", "--dry-run", "--json").stdout) == {"due": {"tag": 1}}
    assert "1 would be erased now; nothing was." in kk("expire", "--dry-run").output
    assert json.loads(kk("expire", "--json").stdout)["erased"]["tag"]["mentions"] == 1
    assert "Erased 0 mentions" in kk("expire").output


def test_an_import_says_what_it_left_out(config: Path, kk: Run, tmp_path: Path) -> None:
    kept_for(config, "1 year").close()
    export = tmp_path / "alt.jsonl"
    export.write_text(json.dumps({"text": "Uralt", "author": "x", "date": "2019-01-01"}) + "\n", "utf-8")
    said = kk("import", export).output
    assert "0 new" in said
    assert "1 were left out: erased before, or older than what is kept" in said


def test_a_tagger_that_has_an_erased_mention_in_hand_lets_it_go(
    heard: Settings, ear: Ear, world: World, tagger: WordTagger, clock: Clock, kk: Run
) -> None:
    world.say("Noch etwas #kastanie", ago=timedelta(minutes=1), author="mira")
    ear.hear(heard.desk.source("tag"))

    class Slow(WordTagger):
        def tag(self, texts):  # type: ignore[no-untyped-def]
            kk("forget", handle_of(heard, "mira"), "--yes")
            return super().tag(texts)

    read(heard, Slow(), clock=ear.clock)
    with heard.session(write=False) as session:
        assert session.exec(select(func.count()).select_from(Mention)).one() == 1


def test_traces_that_a_killed_erasure_has_left_are_swept_at_night(heard: Settings, clock: Clock) -> None:
    with heard.session() as session:
        author = people.accounts(session, handle_of(heard, "mira"), "mastodon")[0]
        erasing.account(session, author.id or 0, by="Uta", now=clock())
    heard.engine.dispose()  # killed here: nothing was swept
    clock.move(hours=5)
    expire(heard, "schedule", clock=clock)
    heard.engine.dispose()
    path = Path(heard.database.removeprefix("sqlite:///"))
    assert b"paypal" not in b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*")).lower()


def test_the_audit_log_names_who_disclosed_and_who_erased(heard: Settings, kk: Run) -> None:
    assert "Nothing was noted yet" in kk("audit").output
    kk("about", handle_of(heard, "mira"))
    kk("forget", handle_of(heard, "mira"), "--yes", "--by", "Uta")
    erased, disclosed = json.loads(kk("audit", "--json").stdout)
    assert (erased["who"], erased["what"], disclosed["what"]) == ("Uta", "erased", "disclosed")
    assert "disclosed" in kk("audit", "--since", "2026-01-01").output
    assert handle_of(heard, "tom") not in kk("audit").output
