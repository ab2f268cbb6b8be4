"""Exports that are recognised by their columns: whose they are, what kind of mention they hold, whether their ids are unique."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from desk.mention import Kind
from listeners.files.columns import plain_name


@dataclass(frozen=True)
class Profile:
    """One tool's export. All of a ``signs`` group of columns must be there; ``columns`` overrules what is guessed.

    ``own_ids``: the platform gives each mention an id of its own, the same in every export. ``not_said``: cells by which the
    second line of a heading is known.
    """

    name: str
    platform: str
    kind: Kind
    signs: tuple[frozenset[str], ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    own_ids: bool = True
    not_said: frozenset[str] = frozenset()


def _signs(*groups: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(group.split("|")) for group in groups)


PROFILES = (
    Profile(
        "Trustpilot",
        "trustpilot",
        "review",
        _signs("review content|review stars", "business unit display name|stars", "consumer display name|stars"),
    ),
    Profile(
        "Google Play",
        "googleplay",
        "review",
        _signs("review submit date and time|star rating", "review submit millis since epoch|star rating"),
        {"edited_at": "review last update date and time", "title": "review title"},
    ),
    Profile("Google Business", "google", "review", _signs("star rating|reviewer display name|create time"), {"id": "name"}),
    Profile(
        "App Store",
        "appstore",
        "review",
        _signs("attributes reviewer nickname|attributes rating", "reviewer nickname|rating", "nickname|rating|territory"),
    ),
    Profile(
        "Trusted Shops",
        "trustedshops",
        "review",
        _signs("tsid|rating", "ts id|rating", "shop tsid|bewertung", "tsid|bewertung", "transaction reference|rating|comment"),
    ),
    Profile(
        "Zendesk",
        "zendesk",
        "email",
        _signs(
            "requester|subject|satisfaction score",
            "requester id|subject|description",
            "requester|subject|ticket form",
            "requester id|subject|satisfaction rating",
            "anfragender|betreff",
        ),
    ),
    Profile("Freshdesk", "freshdesk", "email", _signs("ticket id|subject|agent|group", "ticket id|subject|contact id")),
    Profile("Typeform", "typeform", "survey", _signs("#|submit date utc|network id", "submit date utc|start date utc")),
    Profile(
        "SurveyMonkey",
        "surveymonkey",
        "survey",
        _signs("respondent id|collector id", "respondent id|start date|end date"),
        {"id": "respondent id", "said_at": "end date"},
        not_said=frozenset(("response", "open-ended response", "antwort", "offene beantwortung", "freie antwort")),
    ),
    Profile(
        "LimeSurvey",
        "limesurvey",
        "survey",
        _signs(
            "response id|last page|start language",
            "antwort id|letzte seite|start sprache",
            "id|submitdate|lastpage|startlanguage",
        ),
        own_ids=False,
    ),
    Profile("Google Forms", "googleforms", "survey", _signs("zeitstempel", "timestamp"), own_ids=False),
)


def recognise(columns: Iterable[str]) -> Profile | None:
    """Return the export that these columns are of, None where they are nobody's in particular."""
    names = list(columns)
    there = {plain_name(name) for name in names} | {plain_name(name.lower()) for name in names}
    there |= {plain_name(name.partition(". ")[0]) for name in names}
    for profile in PROFILES:
        if any(signs <= there for signs in profile.signs) and (profile.name != "Google Forms" or _is_form(names)):
            return profile
    return None


def _is_form(names: list[str]) -> bool:
    """A form's first column is the time, and the others are questions."""
    asked = [name for name in names[1:] if "?" in name or len(name.split()) >= 3]
    return plain_name(names[0]) in ("zeitstempel", "timestamp") and bool(asked)
