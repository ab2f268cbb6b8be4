"""Adding a source: ask for what is needed, say where to get it, verify it with one harmless request, and write it down."""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.errors import ConfigurationError, SourceError
from flows.cli import show
from flows.cli.failing import FAILED
from flows.cli.options import Config, opened
from flows.files import replace

if TYPE_CHECKING:
    from desk.source import Source
    from flows.settings import Settings
    from flows.vault import Vault
    from listeners.contract import Ask, Listener

_BLIND = {"de": "Lücken:", "en": "Blind spots:"}
_SUCH_AS = {"de": "z. B.", "en": "such as"}


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("add")(add)


def add(
    platform: Annotated[str, typer.Argument(help="Which platform; without one, all are listed.")] = "",
    name: Annotated[str, typer.Option(help="What the source is called; else the platform's name.")] = "",
    given: Annotated[list[str] | None, typer.Option("--set", help="A setting, so that it is not asked for: NAME=VALUE.")] = None,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Write it even where the platform cannot be reached now.")
    ] = False,
    config: Config = None,
) -> None:
    """Add a source: asks for what is needed, says where to get it, verifies it, and writes it into kummerkasten.toml."""
    import listeners

    if not platform:
        _list(listeners.PLATFORMS)
        return
    found = listeners.listener(platform)
    with opened(config) as settings:
        language = settings.desk.language
        _explain(found, language)
        name = name or _free_name(platform.replace("_", "-"), {source.name for source in settings.desk.sources})
        options, secrets = _asked(found, dict(_pair(one) for one in given or ()), settings, name)
        source = _source(found, name, options, secrets)
        verified = _verify(settings, found, source, secrets)
        if not verified and not unverified:
            typer.echo("Nothing was written. Mend it and run this again, or say --unverified.")
            raise typer.Exit(FAILED)
        _write(settings, found, source, secrets)
    typer.echo(f"Wrote the source {name} to {settings.path}. Next: kummerkasten try {name}")
    if found.push:
        typer.echo(f"Where the platform pushes, let it send to https://YOUR-ADDRESS/{name} (kummerkasten intake).")


def _explain(found: "Listener", language: str) -> None:
    out = show.console()
    if found.setup:
        out.print(show.text(found.setup[language], lines=True))
    if found.blind_spots:
        out.print(show.text(f"{_BLIND[language]} {found.blind_spots[language]}", "dim", lines=True))


def _list(platforms: "tuple[str, ...]") -> None:
    typer.echo("Platforms: " + ", ".join(platforms))
    typer.echo("Each has a page in docs/platforms (files: docs/import-files.md). Add one with: kummerkasten add PLATFORM")


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise ConfigurationError(f'--set wants NAME=VALUE, not "{given}"')
    return name.strip(), value


def _free_name(wanted: str, taken: "set[str]") -> str:
    number = 2
    name = wanted
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def _asked(
    found: "Listener", given: dict[str, str], settings: "Settings", name: str
) -> "tuple[dict[str, Any], dict[str, tuple[str, str]]]":
    """Return options, and per secret its variable and its value."""
    language, environ = settings.desk.language, settings.environ()
    options: dict[str, Any] = {}
    secrets: dict[str, tuple[str, str]] = {}
    for ask in found.asks:
        if ask.secret:
            usual = _variable(found.platform, ask.name)
            value = given.pop(ask.name, "") or environ.get(usual, "") or _prompt(ask, language, hidden=True)
            variable = _free_variable(found.platform, ask.name, value, settings, name)
            secrets |= {ask.name: (variable, value)} if value else {}
        else:
            value = given.pop(ask.name, "") or _prompt(ask, language, hidden=False)
            options |= {ask.name: _typed(ask, value)} if value else {}
    return options | {key: _plain(value) for key, value in given.items()}, secrets


def _variable(platform: str, secret: str) -> str:
    return re.sub(r"\W", "_", f"{platform}_{secret}").upper()


def _free_variable(platform: str, secret: str, value: str, settings: "Settings", name: str) -> str:
    """Return the variable for a secret: the platform's, unless another source has another account's secret in it."""
    taken = {variable for source in settings.desk.sources for variable in source.variables.values()}
    environ = settings.environ()
    own = _variable(name if name.startswith(platform) else f"{platform}_{name}", secret)
    possible = chain((_variable(platform, secret), own), (f"{own}_{number}" for number in count(2)))
    return next(one for one in possible if one not in taken or environ.get(one, value) == value)


def _prompt(ask: "Ask", language: str, *, hidden: bool) -> str:
    default = "" if ask.optional else None
    return str(typer.prompt(_question(ask, language), default=default, hide_input=hidden, show_default=False)).strip()


def _question(ask: "Ask", language: str) -> str:
    """Return what is asked for, whether it may be left empty, and an example."""
    says = ask.says[language].rstrip(".")
    hints = (["optional"] if ask.optional else []) + ([f"{_SUCH_AS[language]} {ask.example}"] if ask.example else [])
    return f"{says} ({', '.join(hints)})" if hints else says


def _typed(ask: "Ask", value: str) -> Any:
    return [one.strip() for one in value.split(",") if one.strip()] if ask.many else _plain(value)


def _plain(value: str) -> Any:
    """Read a value as TOML would: yes-or-no, lists and tables as such, all else as text (pydantic makes numbers of it)."""
    if value not in ("true", "false") and not value.startswith(("[", "{")):
        return value
    try:
        return tomllib.loads(f"it = {value}")["it"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{value} is written wrongly: {error}") from error


def _source(found: "Listener", name: str, options: Mapping[str, Any], secrets: "Mapping[str, tuple[str, str]]") -> "Source":
    from pydantic import ValidationError

    import listeners
    from desk import problems
    from desk.source import Source

    named = {("token_env" if key == "token" else f"{key}_env"): variable for key, (variable, _) in secrets.items()}
    given = {"name": name, "platform": found.platform, **options, **named}
    try:
        source = Source.model_validate(given)
    except ValidationError as error:
        wrong = (f"{problems.place(one.path)}: {one.said}" for one in problems.of(error, Source, given))
        raise ConfigurationError("; ".join(wrong)) from error
    checked = listeners.check(source).model_dump(mode="json")
    kept = {key: checked.get(key, value) for key, value in source.options.items()}
    return source.model_copy(update={"options": kept})


@dataclass(frozen=True)
class _Trial:
    """The vault while a source is tried: a token that the platform replaces then is kept at once, for the old one is dead."""

    vault: "Vault"
    given: dict[str, str]

    def keep(self, name: str, value: str) -> None:
        self.given[name] = value
        self.vault.keep(name, value)

    @contextmanager
    def renewing(self) -> Iterator[Mapping[str, str]]:
        with self.vault.renewing() as environ:
            yield environ | self.given


def _verify(settings: "Settings", found: "Listener", source: "Source", secrets: "dict[str, tuple[str, str]]") -> bool:
    """Ask the platform one harmless question; say what came of it. *secrets* are then what the platform left of them."""
    import listeners
    from flows.work.verify import verify

    environ = settings.environ()
    trial = _Trial(settings.vault, {variable: value for variable, value in secrets.values() if environ.get(variable) != value})
    try:
        with listeners.connect(source, environ | trial.given, vault=trial) as client:
            typer.echo(f"Reached: {show.plain(verify(found, client, source))}")
            return True
    except (SourceError, ConfigurationError) as error:
        out = show.console(err=True)
        out.print(show.text(str(error), "red", lines=True))
        if getattr(error, "advice", ""):
            out.print(show.below(getattr(error, "advice", "")))
        return False
    finally:
        secrets |= {name: (variable, trial.given.get(variable, value)) for name, (variable, value) in secrets.items()}


def _write(settings: "Settings", found: "Listener", source: "Source", secrets: "Mapping[str, tuple[str, str]]") -> None:
    """Append the source to the file as it stands, its comments kept, and its secrets to the file that only its owner reads."""
    from desk import config

    path = settings.path.resolve()
    with settings.vault.adding():
        before = path.read_text(encoding="utf-8-sig")
        after = before.rstrip("\n") + "\n\n" + block(found, source, settings.desk.language)
        config.read(after, str(path))  # raises where the file would not be whole any more
        for variable, value in secrets.values():
            if os.environ.get(variable) != value:
                settings.vault.keep(variable, value)
        replace(path, after, path.stat().st_mode & 0o777)


def _toml(value: Any) -> str:
    """Write a value as TOML does, on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(one)}" for key, one in value.items() if one not in (None, "", [])) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def block(found: "Listener", source: "Source", language: str) -> str:
    """Return the source's table as it stands in the file, each setting with what it means."""
    says = {ask.name: " ".join(ask.says[language].split()) for ask in found.asks}
    lines = ["[[sources]]", f"name = {json.dumps(source.name)}", f"platform = {json.dumps(source.platform)}"]
    if source.base_url:
        lines.append(f"base_url = {json.dumps(source.base_url)}")
    for key, value in source.options.items():
        lines += [f"# {says[key]}"] if key in says else []
        lines.append(f"{_key(key)} = {_toml(value)}")
    for key, variable in source.variables.items():
        lines += [f"# {says[key]}"] if key in says else []
        lines.append(f"{'token_env' if key == 'token' else f'{key}_env'} = {json.dumps(variable)}")
    return "\n".join(lines) + "\n"
