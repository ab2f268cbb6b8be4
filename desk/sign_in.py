"""Who may see the desk: where people sign in, who they are, and what each of them may do (guarantee 12)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from desk.source import Address, Variable

Role = Literal["reader", "agent", "admin"]
"""A reader sees; an agent answers, corrects and changes tickets too; an admin erases as well."""
_METADATA = "/.well-known/openid-configuration"


def _email(given: str) -> str:
    name, at, domain = given.strip().casefold().partition("@")
    if not (name and at and domain) or " " in given.strip():
        raise ValueError(f'"{given}" is no e-mail address')
    return f"{name}@{domain}"


class Person(BaseModel):
    """Somebody who may sign in: the name that stands on what they do, and the e-mail address their provider vouches for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    email: Annotated[str, AfterValidator(_email)]
    role: Role = "agent"


class SignIn(BaseModel):
    """Where people sign in: a provider of OpenID Connect, and how it knows this desk.

    ``address`` is under which people reach the dashboard; the provider sends them back to ``callback``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: Address
    client_id: str = Field(min_length=1)
    client_secret_env: Variable
    address: Address

    @property
    def metadata(self) -> str:
        """Where the provider says how it is spoken to."""
        return self.provider if self.provider.endswith(_METADATA) else f"{self.provider}{_METADATA}"

    @property
    def callback(self) -> str:
        """Where the provider sends people back to; it wants to know this address beforehand."""
        return f"{self.address}/oauth2callback"
