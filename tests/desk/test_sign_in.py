"""Guarantee 12: who may sign in is said in the configuration, and what does not fit together is said at once."""

import pytest

from desk import config
from desk.config import Desk
from desk.errors import ConfigurationError

BASE = """
[[teams]]
key = "support"
name = "Support"
members = ["Anna"]

[[rules]]
name = "Rest"
team = "support"
"""
DOOR = """
[sign_in]
provider = "https://login.example.org/realms/shop"
client_id = "kummerkasten"
client_secret_env = "SIGN_IN_SECRET"
address = "https://kummerkasten.example.org/"
"""
ANNA = """
[[people]]
name = "Anna"
email = "Anna@Shop.example"
"""


def read(*parts: str) -> Desk:
    return config.read("\n".join((BASE, *parts)))


def test_people_and_where_they_sign_in_are_read() -> None:
    desk = read(DOOR, ANNA, '[[people]]\nname = "Uta"\nemail = "uta@shop.example"\nrole = "admin"')
    assert desk.sign_in is not None
    assert desk.sign_in.metadata == "https://login.example.org/realms/shop/.well-known/openid-configuration"
    assert desk.sign_in.callback == "https://kummerkasten.example.org/oauth2callback"
    assert [(one.email, one.role) for one in desk.staff] == [("anna@shop.example", "agent"), ("uta@shop.example", "admin")]
    assert desk.people == ("Anna", "Uta")


def test_who_only_reads_owns_no_ticket() -> None:
    assert read(DOOR, ANNA, '[[people]]\nname = "Chef"\nemail = "c@shop.example"\nrole = "reader"').people == ("Anna",)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([DOOR], "nobody could sign in"),
        ([ANNA], "these people cannot sign in"),
        ([DOOR, ANNA, ANNA.replace('"Anna"', '"Anne"').lower()], '"anna@shop.example" is taken'),
        ([DOOR, ANNA, ANNA.replace('"Anna@Shop.example"', '"a@b.example"')], '"Anna" is taken'),
        ([DOOR, ANNA.replace("@", " at ")], "is no e-mail address"),
        ([DOOR, ANNA + 'role = "boss"'], "role"),
        ([DOOR.replace('"SIGN_IN_SECRET"', '"s3cret-XYZ"'), ANNA], "name of an environment variable"),
        ([DOOR.replace("https://login", "login"), ANNA], "is no address"),
        ([DOOR, ANNA.replace("Shop", "münchen")], "xn--"),
        ([DOOR, ANNA.replace("Anna@Shop.example", "a@b@c")], "is no e-mail address"),
        ([DOOR, ANNA.replace('"Anna"', '" "')], "name"),
        ([DOOR.replace(".org/", ".org/desk"), ANNA], "scheme and host alone"),
        ([DOOR.replace("https://kummer", "http://kummer"), ANNA], "https alone"),
    ],
)
def test_what_does_not_fit_is_said(parts: list[str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read(*parts)


@pytest.mark.parametrize(
    ("given", "reached"),
    [
        ("https://Desk.Example.org:443/", "https://desk.example.org"),
        ("http://127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("https://desk.example.org:8443", "https://desk.example.org:8443"),
    ],
)
def test_an_address_is_written_as_browsers_say_it(given: str, reached: str) -> None:
    desk = read(DOOR.replace("https://kummerkasten.example.org/", given), ANNA)
    assert desk.sign_in is not None
    assert desk.sign_in.address == reached


def test_a_member_who_only_reads_owns_no_ticket_either() -> None:
    assert read(DOOR, ANNA + 'role = "reader"').people == ()
