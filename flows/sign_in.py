"""What the dashboard's server must know so that people can sign in: written for it alone, from the desk and the environment."""

import json
import secrets
import tomllib
from pathlib import Path

from desk.errors import ConfigurationError
from desk.sign_in import SignIn
from flows.files import replace
from flows.settings import Settings

FILE = "sign-in.toml"
_OWNER_ALONE = 0o600


def secret_of(settings: Settings, sign_in: SignIn) -> str:
    """Return the desk's secret at the provider; raises ConfigurationError where it is not set."""
    found = settings.environ().get(sign_in.client_secret_env, "")
    if not found:
        raise ConfigurationError(
            f"Nobody can sign in: {sign_in.client_secret_env} is not set. Put the client secret that your provider gave you into "
            "the environment, or into kummerkasten.env"
        )
    return found


def write(settings: Settings, folder: Path) -> Path | None:
    """Write what Streamlit wants to know of the provider into *folder*; None where the desk has no sign-in.

    The key that cookies are signed with is made once, and stays: a restart signs nobody out.
    """
    sign_in = settings.desk.sign_in
    if sign_in is None:
        return None
    path = folder / FILE
    said = {
        "redirect_uri": sign_in.callback,
        "cookie_secret": _cookie_secret(path) or secrets.token_hex(32),
        "client_id": sign_in.client_id,
        "client_secret": secret_of(settings, sign_in),
        "server_metadata_url": sign_in.metadata,
    }
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {json.dumps(value)}" for name, value in said.items()]
    replace(path, "\n".join(["[auth]", *lines, ""]), _OWNER_ALONE)
    return path


def _cookie_secret(path: Path) -> str:
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8"))["auth"]["cookie_secret"])
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, UnicodeDecodeError):
        return ""
