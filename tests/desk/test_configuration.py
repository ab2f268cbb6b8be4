"""kummerkasten.toml is checked whole, and what is wrong is said with its place and what to do."""

from datetime import timedelta

import pytest

from desk.config import Desk, demo, template
from desk.configuration import read
from desk.errors import ConfigurationError

SMALL = """
[[teams]]
key = "support"
name = "Support"

[[rules]]
name = "all"
team = "support"
"""


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_template_is_a_valid_desk(language):
    desk = read(template(language))
    assert desk.language == language
    assert len(desk.rules) > 15
    assert {topic.team for topic in desk.taxonomy.topics}


def test_both_templates_say_the_same():
    german, english = read(template("de")), read(template("en"))
    assert [team.key for team in german.teams] == [team.key for team in english.teams]
    assert [rule.model_dump(exclude={"name"}) for rule in german.rules] == [
        rule.model_dump(exclude={"name"}) for rule in english.rules
    ]


def test_the_demo_listens_to_the_sandbox_only():
    desk = read(demo("http://127.0.0.1:8787", "exports"))
    assert {source.platform for source in desk.sources} == {"mastodon", "appstore", "files"}
    assert all(source.base_url is None or source.base_url.startswith("http://127.0.0.1:8787/") for source in desk.sources)


def test_a_platforms_own_settings_are_gathered_as_options():
    desk = read(SMALL + '[[sources]]\nname = "tag"\nplatform = "mastodon"\nevery = "5 min"\nhashtags = ["kastanie"]\n')
    assert desk.sources[0].options == {"hashtags": ["kastanie"]}
    assert desk.sources[0].every == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("name = ", "not valid TOML", id="no TOML"),
        pytest.param('nmae = "x"\n' + SMALL, 'did you mean "name"?', id="a slip in a key"),
        pytest.param(SMALL.replace('team = "support"', 'team = "suport"'), 'team "suport", which is not among', id="unknown team"),
        pytest.param(SMALL + "[rules.when]\nurgent = true\n", "the last rule must match everything", id="no catch-all"),
        pytest.param(SMALL + '[[teams]]\nkey = "support"\nname = "x"\n', 'two teams are called "support"', id="twice"),
        pytest.param('timezone = "Berlin"\n' + SMALL, "is no time zone", id="time zone"),
        pytest.param(SMALL + '[calendar]\ncountry = "XX"\n', "no public holidays are known", id="country"),
        pytest.param(SMALL + '[calendar]\nhours = { mon = "9-5" }\n', "are no office hours", id="hours"),
        pytest.param(SMALL + "[calendar]\nhours = {}\n", "no open hour at all", id="never open"),
        pytest.param(
            SMALL + '[[sources]]\nname = "a"\nplatform = "mastodon"\ntoken = "abc"\n',
            "token_env",
            id="a secret in the file",
        ),
        pytest.param(
            SMALL + '[[sources]]\nname = "a"\nplatform = "mastodon"\nevery = "often"\n',
            'sources[1] "a".every (line 13): "often" is not a span of time',
            id="place and line",
        ),
        pytest.param(
            SMALL + '[[rules]]\nname = "b"\nteam = "support"\nwhen = { topic = ["zahlung"] }\n' + SMALL.split("\n\n")[1].replace("all", "z"),
            'names topic "zahlung"',
            id="unknown topic",
        ),
        pytest.param(SMALL + '[[rules]]\nname = "z"\nteam = "support"\nallowance = "soon"\n', "not an allowance", id="allowance"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(text, expected):
    assert expected in refusal(text)


def test_all_mistakes_are_said_at_once():
    message = refusal('nmae = "x"\ntimezone = "Berlin"\n' + SMALL)
    assert message.count("\n  - ") == 2


def test_who_asks_for_an_unknown_team_is_told_which_exist():
    with pytest.raises(ConfigurationError, match='no team "x".*support'):
        read(SMALL).team("x")


def test_topics_can_be_renamed():
    desk = read(SMALL + '[topics]\npayment = "Geld"\n')
    assert desk.taxonomy.name("payment", "de") == "Geld"
    assert desk.taxonomy.name("checkout", "de") == "Kasse"
    assert desk.taxonomy.name("unheard_of", "de") == "unheard_of"
    assert isinstance(desk, Desk)
