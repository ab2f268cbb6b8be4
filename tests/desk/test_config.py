"""kummerkasten.toml is checked whole, and what is wrong is said with its place, its line and what to do."""

import re
from contextlib import suppress
from datetime import date, timedelta
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.config import read
from desk.deadline import Calendar
from desk.errors import ConfigurationError

SMALL = """
[[teams]]
key = "support"
name = "Support"

[[rules]]
name = "all"
team = "support"
"""
SOURCE = '[[sources]]\nname = "tag"\nplatform = "mastodon"\n'
COMMIT = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432"
PLUG = '[[classifiers]]\nmodel = "owner/mood"\n'
MOOD = 'answers = "sentiment"\nlabels = { bad = "negative", good = "positive" }\n'
HASTE = 'answers = "urgent"\nlabels = { LABEL_1 = "yes" }\n'
RULE = '[[rules]]\nname = "first"\nteam = "support"\n'


OWN = """
[[topics]]
key = "assembly"
name = { de = "Aufbauanleitung", en = "Assembly instructions" }
description = "How to put things together"
stage = "post-purchase"
team = "support"
examples = ["no manual", "step 7 is missing", "Plan fehlt", "falsche Bilder", "picture 3 is wrong"]
"""


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return str(caught.value)


def test_a_desk_needs_one_team_and_one_rule():
    desk = read(SMALL)
    assert (desk.name, desk.language, desk.tz) == ("Kummerkasten", "de", ZoneInfo("Europe/Berlin"))
    assert desk.team("support").name == {"de": "Support", "en": "Support"}
    assert desk.calendar_of("support") == Calendar()


def test_a_byte_order_mark_from_a_windows_editor_does_no_harm():
    assert read("\ufeff" + SMALL) == read(SMALL)
    assert "line 1, nmae" in refusal('\ufeffnmae = "x"\n' + SMALL)


def test_windows_line_ends_do_no_harm():
    assert read(SMALL.replace("\n", "\r\n")) == read(SMALL)


def test_a_platforms_own_settings_are_gathered_as_options():
    source = read(SMALL + SOURCE + 'every = "5 min"\nhashtags = ["kastanie"]\n').source("tag")
    assert source.options == {"hashtags": ["kastanie"]}
    assert source.every == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("name = ", "is not TOML", id="no TOML"),
        pytest.param("", '"teams" is missing; add [[teams]]', id="an empty file"),
        pytest.param(
            'nmae = "x"\n' + SMALL, 'line 1, nmae: "nmae" is not a setting here; did you mean "name"?', id="a slip in a key"
        ),
        pytest.param(
            SMALL.replace('team = "support"', 'team = "suport"'),
            'no team has the key "suport"; did you mean "support"?',
            id="team",
        ),
        pytest.param(SMALL + "[rules.when]\nurgent = true\n", "the last rule must match everything", id="no catch-all"),
        pytest.param(SMALL + RULE, "those below it are never reached", id="a catch-all that is not the last"),
        pytest.param(SMALL + '[[teams]]\nkey = "support"\nname = "x"\n', '"support" is taken by teams[0]', id="a team twice"),
        pytest.param(SMALL + SOURCE + SOURCE, '"tag" is taken by sources[0]', id="a source twice"),
        pytest.param('timezone = "Berlin"\n' + SMALL, 'line 1, timezone: "Berlin" is no time zone', id="time zone"),
        pytest.param(SMALL + '[calendar]\ncountry = "XX"\n', "no public holidays are known", id="country"),
        pytest.param(SMALL + '[calendar]\nstate = "XX"\n', "no state of DE; there is BB, BE, BW, BY", id="state"),
        pytest.param(
            SMALL + '[calendar]\nhours = { mon = "9-5" }\n', 'calendar.hours.mon: "9-5" are no office hours', id="hours"
        ),
        pytest.param(SMALL + '[calendar]\nhours = { mo = "09:00-17:00" }\n', 'did you mean "mon"?', id="weekday"),
        pytest.param(SMALL + "[calendar]\nhours = {}\n", "hardly an open hour", id="never open"),
        pytest.param(
            SMALL + SOURCE + 'every = "often"\n', 'line 12, sources[0].every ("tag"): "often" is not a span of time', id="span"
        ),
        pytest.param(SMALL + SOURCE + 'every = "0 min"\n', "longer than nothing", id="every no time at all"),
        pytest.param(SMALL + SOURCE + 'base_url = "mastodon.social"\n', "is no address", id="address"),
        pytest.param(SMALL + SOURCE.replace("tag", "My Tag"), '"My Tag" cannot be a name', id="source name"),
        pytest.param(SMALL + SOURCE + 'token_env = "not a variable"\n', "name of an environment variable", id="variable"),
        pytest.param(
            RULE + 'when = { topic = "paymet" }\n' + SMALL, 'no topic has the key "paymet"; did you mean "payment"?', id="topic"
        ),
        pytest.param(RULE + "when = { urgnt = true }\n" + SMALL, 'did you mean "urgent"?', id="condition"),
        pytest.param(RULE + 'when = { sentiment = "negativ" }\n' + SMALL, 'did you mean "negative"?', id="sentiment"),
        pytest.param(
            RULE + "when = { probability = 0.5 }\n" + SMALL, "how certain `topic` or `praise`", id="probability of nothing"
        ),
        pytest.param(
            RULE + "when = { stars_at_least = 4, stars_at_most = 2 }\n" + SMALL, "no mention could match", id="impossible stars"
        ),
        pytest.param(RULE + 'when = { words = ["*"] }\n' + SMALL, "an empty word", id="a word that is everywhere"),
        pytest.param(
            RULE + 'when = { source = "tga" }\n' + SMALL + SOURCE, 'did you mean "tag"?', id="a slip in a source's name"
        ),
        pytest.param(SMALL + '[taxonomy.paymnt]\nname = "Geld"\n', 'no topic has the key "paymnt"', id="renamed topic"),
        pytest.param(
            SMALL + '[taxonomy.payment]\nstage = "moon"\n', 'no stage has the key "moon"; there is awareness', id="stage"
        ),
        pytest.param(SMALL + '[taxonomy.payment]\nteam = "moon"\n', 'no team has the key "moon"', id="team of a topic"),
        pytest.param(
            SMALL + '[[stages]]\nkey = "renewal"\nname = "x"\n', 'the stage of "findability"', id="a journey without its topics"
        ),
        pytest.param(RULE + 'allowance = "soon"\n' + SMALL, '"soon" is not an allowance', id="allowance"),
        pytest.param(SMALL + '[calendar]\nclosed = ["24.12.2026"]\n', "write a date like 2026-12-24", id="date"),
        pytest.param(
            SMALL + SOURCE + 'enabled = "maybe"\n', "enabled (\"tag\"): write true or false; it says 'maybe'", id="yes or no"
        ),
        pytest.param(
            SMALL + SOURCE + "days = [2026-01-01]\n", 'sources[0].days ("tag"): write it in quotation marks', id="option"
        ),
        pytest.param("calendar = 3\n" + SMALL, "calendar: write a table", id="table"),
        pytest.param("name = 3\n" + SMALL, "name: write a text, in quotation marks; it says 3", id="text"),
        pytest.param(SMALL.replace('team = "support"', ""), '"team" is missing; add team = ...', id="missing"),
        pytest.param(SMALL.replace('"Support"', "{}"), "teams[0].name", id="a name without words"),
        pytest.param(SMALL.replace('key = "support"', 'key = "Kunden Service"'), "cannot be a key", id="team key"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(text, expected):
    assert expected in refusal(text)


def test_an_own_topic_is_a_topic_like_any_other():
    desk = read(RULE + 'when = { topic = "assembly" }\n' + SMALL + OWN)
    topic = desk.topics.topic("assembly")
    assert (desk.topics.name("assembly", "de"), topic.stage, topic.team) == ("Aufbauanleitung", "post-purchase", "support")
    assert desk.topics.keys[-1] == "assembly"
    assert topic in desk.topics.offered
    assert topic in desk.topics.of_stage("post-purchase")
    assert (topic.retired, topic.merged_into) == (False, None)


def test_an_own_topic_may_be_known_by_marked_mentions_alone():
    (topic,) = read(SMALL + re.sub("examples = .*", "marked = true", OWN)).own_topics
    assert (topic.examples, topic.marked) == ((), True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            OWN.replace("assembly", "payment", 1), '"payment" is a topic that comes with the product', id="a default key"
        ),
        pytest.param(OWN + OWN, '"assembly" is taken by topics[0]', id="a key twice"),
        pytest.param(OWN.replace('"assembly"', '"My Topic"'), "cannot be a key", id="no key"),
        pytest.param(OWN.replace('"assembly"', f'"{"a" * 101}"'), "a key takes 100 characters at most", id="no end of a key"),
        pytest.param(OWN.replace('"no manual", ', ""), "there are 4 examples; give 5 or more texts", id="four examples"),
        pytest.param(re.sub(r"\[\".*", '["no manual"]', OWN), "there is one example; give 5 or more", id="one example"),
        pytest.param(
            OWN.replace('"Plan fehlt"', '"No  manual"'),
            "there are 4 examples (the same text again is none); give 5",
            id="a text twice",
        ),
        pytest.param(re.sub("examples = .*", "", OWN), "there are no examples; give 5 or more", id="no examples"),
        pytest.param(
            OWN.replace('"no manual"', '"?!"'), 'topics[0].examples[0] ("assembly"): an example without a word', id="no word"
        ),
        pytest.param(OWN.replace("examples", "exmaples"), 'did you mean "examples"?', id="a slip in a setting"),
        pytest.param(OWN.replace('"support"', '"suport"'), 'no team has the key "suport"', id="team"),
        pytest.param(OWN.replace("post-purchase", "moon"), 'no stage has the key "moon"', id="stage"),
        pytest.param(OWN.replace("description", "# description"), '"description" is missing', id="no description"),
        pytest.param(
            '[taxonomy.payment]\nmerged_into = "biling"\n', 'no topic has the key "biling"; did you mean "billing"?', id="merged"
        ),
        pytest.param('[taxonomy.payment]\nmerged_into = "payment"\n', "cannot be merged into itself", id="into itself"),
        pytest.param(
            '[taxonomy.payment]\nretired = true\nmerged_into = "billing"\n',
            '"payment" is retired as well',
            id="retired and merged",
        ),
        pytest.param(
            '[taxonomy.payment]\nmerged_into = "billing"\n[taxonomy.billing]\nretired = true\n',
            '"billing" is retired; name a topic that still gets tags',
            id="into a retired one",
        ),
        pytest.param(
            '[taxonomy.payment]\nmerged_into = "billing"\n[taxonomy.billing]\nmerged_into = "price"\n',
            '"billing" is merged into "price" itself; name that one',
            id="into a merged one",
        ),
        pytest.param(
            OWN + 'merged_into = "pice"\n', 'topics[0].merged_into ("assembly"): no topic has the key', id="own, merged"
        ),
        pytest.param(OWN + 'merged_into = "assembly"\n', "cannot be merged into itself", id="own, into itself"),
        pytest.param(OWN + 'retired = true\nmerged_into = "price"\n', '"assembly" is retired as well', id="own, both"),
        pytest.param(
            OWN + 'retired = true\n[taxonomy.payment]\nmerged_into = "assembly"\n',
            '"assembly" is retired; name a topic that still gets tags',
            id="into an own one that is retired in its table",
        ),
        pytest.param('[taxonomy.payment]\nretired = "yes"\n', "retired: write true or false", id="yes or no"),
    ],
)
def test_a_mistake_about_topics_is_named_with_its_line_and_what_to_do(text, expected):
    message = refusal(SMALL + text)
    assert expected in message
    assert "line" in message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("retired = true", "is retired and comes no more; take it out"),
        ('merged_into = "price"', 'is merged into "price"; ask for that'),
    ],
)
def test_a_rule_that_waits_for_what_comes_no_more_is_named(change, expected):
    rule = RULE + 'when = { topic = ["payment", "billing"] }\n'
    message = refusal(rule + SMALL + f"[taxonomy.payment]\n{change}\n")
    assert f'line 4, rules[0].when.topic ("first"): "payment" {expected}' in message


@pytest.mark.parametrize("change", ["retired = true", 'merged_into = "price"'])
def test_a_rule_that_waits_for_an_own_topic_which_its_table_takes_away_is_named(change):
    rule = RULE + 'when = { topic = "assembly" }\n'
    assert 'rules[0].when.topic ("first"): "assembly" is' in refusal(rule + SMALL + OWN + change + "\n")


def test_an_own_topic_that_its_table_retires_stays_retired_under_another_name():
    topics = read(SMALL + OWN + 'retired = true\n[taxonomy.assembly]\nname = "Manual"\n').topics
    assert (topics.name("assembly"), topics.counts_as("assembly")) == ("Manual", None)


def test_a_retired_topic_keeps_its_name_and_is_offered_no_more():
    topics = read(SMALL + OWN + "[taxonomy.payment]\nretired = true\n[taxonomy.assembly]\nretired = true\n").topics
    assert topics.name("payment", "en") == "Payment"
    assert {"payment", "assembly"} <= set(topics.keys)
    assert not {"payment", "assembly"} & {topic.key for topic in topics.offered}
    assert [topics.counts_as(key) for key in ("payment", "assembly", "billing", "unheard_of")] == [
        None,
        None,
        "billing",
        "unheard_of",
    ]


def test_a_merged_topic_counts_as_the_other():
    topics = read(SMALL + OWN + '[taxonomy.product_info]\nmerged_into = "assembly"\n').topics
    assert topics.counts_as("product_info") == "assembly"
    assert topics.merged == {"product_info": "assembly"}
    assert "product_info" not in {topic.key for topic in topics.offered}


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file():
    message = refusal(
        'nmae = "x"\ntimezone = "Berlin"\n' + SMALL.replace('team = "support"', 'team = "suport"') + SOURCE + 'every = "often"\n'
    )
    assert message.startswith("kummerkasten.toml needs 4 changes:")
    assert [line.split(",")[0].strip() for line in message.splitlines()[1:]] == ["line 1", "line 2", "line 10", "line 14"]


def test_one_mistake_is_said_once():
    text = 'timezone = "Berlin"\n[calendar]\nhours = { mon = "9-5" }\n' + SMALL + '[teams.calendar]\nstate = "BY"\n'
    text = text.replace("[teams.calendar]", "").replace('state = "BY"\n', "")
    assert refusal(text).count("is no time zone") == 1
    assert refusal(SMALL.replace("name", "nmae", 1)).count("teams") == 2  # the slip, and the name that is missing for it


def test_the_line_of_a_mistake_inside_a_long_value_is_where_the_value_begins():
    assert "line 5, rules[0].when" in refusal(RULE + '\nwhen = { topic = [\n  "payment",\n  "paymet",\n] }\n' + SMALL)


def test_the_message_names_the_file_it_is_about():
    with pytest.raises(ConfigurationError, match=r"^/etc/desk\.toml is not TOML: .*line 1, column 6"):
        read("name x", "/etc/desk.toml")


def test_who_asks_for_an_unknown_team_is_told_which_exist():
    with pytest.raises(ConfigurationError, match='no team "x"; there is support'):
        read(SMALL).team("x")
    with pytest.raises(ConfigurationError, match=r'no source "x" \(there is none yet\)'):
        read(SMALL).source("x")


@pytest.mark.parametrize("change", ['payment = { name = "Geld" }', 'payment.name = { de = "Geld" }', 'payment.name = "Geld"'])
def test_topics_can_be_renamed(change):
    desk = read(SMALL + f"[taxonomy]\n{change}\n")
    assert (desk.topics.name("payment", "de"), desk.topics.name("payment", "en")) == ("Geld", "Geld")
    assert desk.topics.name("checkout", "de") == "Kasse"


def test_a_topic_can_move_to_another_stage_and_team():
    topic = read(SMALL + '[taxonomy.privacy]\nstage = "purchase"\nteam = "support"\n').topics.topic("privacy")
    assert (topic.stage, topic.team) == ("purchase", "support")


def test_a_teams_calendar_says_only_what_differs():
    desk = read(
        'timezone = "Europe/Vienna"\n'
        + SMALL.replace('name = "Support"', 'name = "Support"\ncalendar = { hours = { sat = "10:00-14:00" } }')
        + '[calendar]\ncountry = "AT"\nstate = "9"\nclosed = [2026-12-24]\n'
    )
    assert desk.calendar_of("support") == Calendar(
        timezone="Europe/Vienna", country="AT", state="9", closed=(date(2026, 12, 24),), hours={"sat": "10:00-14:00"}
    )
    assert desk.calendar_of("a team that is gone") == desk.calendar


def test_a_team_in_another_country_does_not_inherit_the_state():
    text = SMALL.replace('name = "Support"', 'name = "Support"\ncalendar = { country = "AT" }') + '[calendar]\nstate = "BY"\n'
    assert read(text).calendar_of("support").state is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///kummerkasten.db", "sqlite:////srv/desk/kummerkasten.db"),
        ("sqlite:///data/k.db", "sqlite:////srv/desk/data/k.db"),
        ("sqlite:////var/k.db", "sqlite:////var/k.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql://localhost/k", "postgresql://localhost/k"),
    ],
)
def test_relative_paths_count_from_the_folder_of_the_file(written, meant):
    desk = read(f'database = "{written}"\n' + SMALL + SOURCE + 'folder = "exports"\n').at(PurePosixPath("/srv/desk"))
    assert desk.database == meant
    assert desk.source("tag").options["folder"] == "/srv/desk/exports"


@pytest.mark.parametrize(
    "kind",
    ["teams", "rules", "sources", "topics", "taxonomy", "calendar", "stages", "name", "timezone", "database", "classifiers"],
)
@pytest.mark.parametrize(
    "value",
    [
        "3",
        '"x"',
        "[]",
        "[1]",
        "{ a = 1 }",
        "[{ when = 3 }]",
        "[{ when = { topic = 3 } }]",
        "[{ calendar = 3 }]",
        "2026-01-01",
        '[{ model = "x/y", labels = { a = 1 }, answers = "friction", languages = [1] }]',
    ],
)
def test_nonsense_is_refused_or_read_but_never_breaks_the_reader(kind, value):
    lines = {"teams": '[{ key = "support", name = "S" }]', "rules": '[{ name = "all", team = "support" }]'} | {kind: value}
    with suppress(ConfigurationError):
        read("\n".join(f"{key} = {said}" for key, said in lines.items()))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with suppress(ConfigurationError):
        read(text + SMALL)


def pinned(rest: str) -> str:
    return f'{SMALL}{PLUG}revision = "{COMMIT}"\n{rest}'


def test_a_classifier_of_others_is_named_with_its_commit_and_what_its_labels_mean():
    (one,) = read(pinned(MOOD + 'languages = ["de"]\n')).classifiers
    assert (one.model, one.revision, one.answers, one.threshold) == ("owner/mood", COMMIT, "sentiment", 0.5)
    assert one.labels == {"bad": "negative", "good": "positive"}
    assert (one.reads("de"), one.reads("en")) == (True, False)
    assert one.signature() == "owner/mood@9f8e7d6"


def test_the_folder_of_a_classifier_counts_from_the_folder_of_the_file():
    text = SMALL + PLUG.replace("owner/mood", "./models/mood") + MOOD + PLUG + f'revision = "{COMMIT}"\n{HASTE}'
    folder, hub = read(text).at(PurePosixPath("/srv/desk")).classifiers
    assert (folder.model, hub.model) == ("/srv/desk/models/mood", "owner/mood")
    assert folder.signature("0123456789") == "mood@0123456"


@pytest.mark.parametrize("folder", ["./mood", "../mood", "/srv/mood", "models/owner/mood", "C:\\\\models\\\\mood"])
def test_a_folder_needs_no_revision(folder):
    assert read(SMALL + PLUG.replace("owner/mood", folder) + MOOD).classifiers[0].name == "mood"


@pytest.mark.parametrize("model", ["owner/mood", "mood", "Owner-1/mood.v2_x"])
def test_a_model_of_the_hub_is_refused_without_its_commit_and_told_why(model):
    message = refusal(SMALL + PLUG.replace("owner/mood", model) + MOOD)
    assert 'needs revision = "...", the full commit' in message
    assert "what answers today must answer tomorrow" in message
    assert f'write "./{model}"' in message


@pytest.mark.parametrize("revision", ["main", "v1.0", "9f8e7d6", COMMIT.upper(), COMMIT + "0", ""])
def test_a_revision_that_can_move_is_refused(revision):
    message = refusal(pinned(MOOD).replace(COMMIT, revision))
    assert "line 11, classifiers[0].revision: write the full commit, 40 digits and letters a-f: what answers today" in message


def test_two_classifiers_may_share_a_question_by_language_or_by_topic():
    topics = [f'answers = "friction"\nlabels = {{ x = "{topic}" }}\n' for topic in ("payment", "delivery")]
    by_topic = pinned(topics[0]) + pinned(topics[1]).removeprefix(SMALL)
    by_language = pinned(MOOD + 'languages = ["de"]\n') + pinned(MOOD + 'languages = ["en"]\n').removeprefix(SMALL)
    assert [len(read(text).classifiers) for text in (by_topic, by_language)] == [2, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            pinned(MOOD.replace('"negative"', '"negtive"')),
            '"negtive", for the label "bad", is nothing that sentiment can be; did you mean "negative"?',
            id="no sentiment",
        ),
        pytest.param(
            pinned('answers = "friction"\nlabels = { money = "paymet" }\n'),
            'is nothing that friction can be; did you mean "payment"?',
            id="no topic",
        ),
        pytest.param(
            pinned('answers = "intent"\nlabels = { a = "praise", b = "praise" }\n'), "there is nothing to choose", id="no choice"
        ),
        pytest.param(pinned('answers = "urgent"\nlabels = { a = "no" }\n'), 'no label means "yes"', id="no yes"),
        pytest.param(pinned(HASTE.replace('"yes"', "true")), "labels.LABEL_1: write a text", id="true is not yes"),
        pytest.param(pinned('answers = "urgent"\nlabels = {}\n'), "classifiers[0].labels", id="no labels"),
        pytest.param(pinned('answers = "mood"\n'), '"labels" is missing; add labels = ...', id="labels are missing"),
        pytest.param(pinned('answers = "mood"\n'), '"mood" does not exist here; there is sentiment, intent', id="no question"),
        pytest.param(
            pinned(MOOD + "threshold = 0.6\n"), "takes the likeliest answer and has no threshold", id="threshold of a choice"
        ),
        pytest.param(pinned(HASTE + "threshold = 1.0\n"), "less than 1", id="threshold that nothing reaches"),
        pytest.param(pinned(MOOD + 'languages = ["German"]\n'), '"German" is no language here; write its code', id="language"),
        pytest.param(pinned(MOOD + 'label = "x"\n'), 'did you mean "labels"?', id="a slip in a setting"),
        pytest.param(pinned(MOOD).replace("owner/mood", "./mood"), "a folder has no revision", id="a folder with a revision"),
        pytest.param(
            pinned(MOOD) + pinned(MOOD).removeprefix(SMALL),
            "sentiment is answered by classifiers[0] already",
            id="answered twice",
        ),
        pytest.param(
            pinned(MOOD) + pinned(MOOD + 'languages = ["de"]\n').removeprefix(SMALL),
            "answered by classifiers[0]",
            id="twice in German",
        ),
    ],
)
def test_a_mistake_in_a_classifier_is_named_with_what_to_do(text, expected):
    assert expected in refusal(text)


def test_a_commit_is_not_taken_for_a_token_but_a_token_is_in_any_other_setting():
    assert "looks like a token" not in refusal(pinned('answers = "mood"\n'))
    assert "looks like a token" in refusal(pinned(MOOD).replace('"owner/mood"', '"ghp_0123456789abcdefABCDEF"'))
