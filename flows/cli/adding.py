"""Adding a source: ask for what is needed, say where to get it, verify it with one harmless request, and write it down."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.errors import ConfigurationError, SourceError
from flows.cli import show
from flows.cli.failing import FAILED
from flows.cli.options import Config, opened

if TYPE_CHECKING:
    from desk.source import Source
    from flows.settings import Settings
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
    typer.echo("Each has a page in docs/platforms. Add one with: kummerkasten add PLATFORM")


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
            variable = _variable(found.platform, ask.name)
            value = given.pop(ask.name, "") or environ.get(variable, "") or _prompt(ask, language, hidden=True)
            secrets |= {ask.name: (variable, value)} if value else {}
        else:
            value = given.pop(ask.name, "") or _prompt(ask, language, hidden=False)
            options |= {ask.name: _typed(ask, value)} if value else {}
    return options | {key: _plain(value) for key, value in given.items()}, secrets


def _variable(platform: str, secret: str) -> str:
    return re.sub(r"\W", "_", f"{platform}_{secret}").upper()


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
    import listeners
    from desk.source import Source

    named = {("token_env" if key == "token" else f"{key}_env"): variable for key, (variable, _) in secrets.items()}
    source = Source.model_validate({"name": name, "platform": found.platform, **options, **named})
    checked = listeners.check(source).model_dump(mode="json")
    kept = {key: checked.get(key, value) for key, value in source.options.items()}
    return source.model_copy(update={"options": kept})


def _verify(settings: "Settings", found: "Listener", source: "Source", secrets: "Mapping[str, tuple[str, str]]") -> bool:
    """Ask the platform one harmless question; say what came of it."""
    import listeners
    from flows.work.verify import verify

    environ = settings.environ() | dict(secrets.values())
    try:
        with listeners.connect(source, environ) as client:
            typer.echo(f"Reached: {show.plain(verify(found, client, source))}")
            return True
    except (SourceError, ConfigurationError) as error:
        out = show.console(err=True)
        out.print(show.text(str(error), "red", lines=True))
        if getattr(error, "advice", ""):
            out.print(show.below(getattr(error, "advice", "")))
        return False


def _write(settings: "Settings", found: "Listener", source: "Source", secrets: "Mapping[str, tuple[str, str]]") -> None:
    """Append the source to the file as it stands, its comments kept, and its secrets to the file that only its owner reads."""
    from desk import config

    before = settings.path.read_text(encoding="utf-8-sig")
    after = before.rstrip("\n") + "\n\n" + block(found, source, settings.desk.language)
    config.read(after, str(settings.path))  # raises where the file would not be whole any more
    for variable, value in secrets.values():
        if os.environ.get(variable) != value:
            settings.vault.keep(variable, value)
    scratch = settings.path.with_suffix(".toml.new")
    scratch.write_text(after, encoding="utf-8")
    scratch.chmod(Path(settings.path).stat().st_mode & 0o777)
    scratch.replace(settings.path)


def _toml(value: Any) -> str:
    """Write a value as TOML does, on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items() if one not in (None, "", [])) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def block(found: "Listener", source: "Source", language: str) -> str:
    """Return the source's table as it stands in the file, each setting with what it means."""
    says = {ask.name: " ".join(ask.says[language].split()) for ask in found.asks}
    lines = ["[[sources]]", f"name = {json.dumps(source.name)}", f"platform = {json.dumps(source.platform)}"]
    if source.base_url:
        lines.append(f"base_url = {json.dumps(source.base_url)}")
    for key, value in source.options.items():
        lines += [f"# {says[key]}"] if key in says else []
        lines.append(f"{key} = {_toml(value)}")
    for key, variable in source.variables.items():
        lines += [f"# {says[key]}"] if key in says else []
        lines.append(f"{'token_env' if key == 'token' else f'{key}_env'} = {json.dumps(variable)}")
    return "\n".join(lines) + "\n"
