"""What no single setting can know: whether teams, topics, sources and rules of one configuration fit together."""

from collections.abc import Iterator, Mapping
from typing import Any

from desk.classifier import CHOICES, WHY_PINNED, is_folder, questions
from desk.problems import Path, Problem, did_you_mean
from desk.taxonomy import DEFAULT, FEWEST


def whole(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what does not fit together in a configuration as it was read (its single settings may still be wrong)."""
    yield from _twice(doc)
    yield from _unknown_teams(doc)
    yield from _unknown_topics(doc)
    yield from _own_topics(doc)
    yield from _gone_topics(doc)
    yield from _unknown_stages(doc)
    yield from _slips_in_sources(doc)
    yield from _left_over(doc)
    yield from _unpinned(doc)
    yield from _answered_twice(doc)
    yield from _nobody_to_sign_in(doc)


def _tables(doc: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    given = doc.get(key)
    return [entry if isinstance(entry, Mapping) else {} for entry in given] if isinstance(given, list) else []


def _names(doc: Mapping[str, Any], kind: str, key: str) -> list[str]:
    return [name for entry in _tables(doc, kind) if isinstance(name := entry.get(key), str)]


def _twice(doc: Mapping[str, Any]) -> Iterator[Problem]:
    keys = (("teams", "key"), ("rules", "name"), ("sources", "name"), ("topics", "key"), ("people", "name"), ("people", "email"))
    for kind, key in keys:
        seen: dict[str, int] = {}
        for number, entry in enumerate(_tables(doc, kind)):
            name = entry.get(key)
            same = name.casefold() if isinstance(name, str) and key == "email" else name
            if isinstance(same, str) and seen.setdefault(same, number) != number:
                yield Problem((kind, number, key), f'"{name}" is taken by {kind}[{seen[same]}]; give one of them another {key}')


def _nobody_to_sign_in(doc: Mapping[str, Any]) -> Iterator[Problem]:
    if "sign_in" in doc and not _tables(doc, "people"):
        yield Problem(("sign_in",), "nobody could sign in; add a [[people]] table with name and email for everybody who may")
    if "people" in doc and "sign_in" not in doc:
        yield Problem(("people",), "these people cannot sign in; add a [sign_in] table, or leave them out")


def _unknown_teams(doc: Mapping[str, Any]) -> Iterator[Problem]:
    teams = _names(doc, "teams", "key")
    asked: list[tuple[Path, Any]] = [
        ((kind, n, "team"), entry.get("team")) for kind in ("rules", "topics") for n, entry in enumerate(_tables(doc, kind))
    ]
    asked += [(("taxonomy", key, "team"), change.get("team")) for key, change in _changes(doc).items()]
    for path, team in asked:
        if isinstance(team, str) and team not in teams:
            yield Problem(path, f'no team has the key "{team}"{did_you_mean(team, teams)}')


def _changes(doc: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the tables below ``[taxonomy]`` by topic."""
    given = doc.get("taxonomy")
    return {key: one for key, one in given.items() if isinstance(one, Mapping)} if isinstance(given, Mapping) else {}


def _given(doc: Mapping[str, Any], setting: str) -> dict[str, tuple[Path, Any]]:
    """Return what *setting* says of topics, and where: in ``[[topics]]`` or below ``[taxonomy]``, which counts where both do."""
    found: dict[str, tuple[Path, Any]] = {}
    for number, topic in enumerate(_tables(doc, "topics")):
        if setting in topic and isinstance(key := topic.get("key"), str):
            found[key] = (("topics", number, setting), topic[setting])
    changed = _changes(doc).items()
    return found | {key: (("taxonomy", key, setting), change[setting]) for key, change in changed if setting in change}


def _keys(doc: Mapping[str, Any]) -> list[str]:
    """Return the keys of all topics: the default ones and the desk's own."""
    return list(dict.fromkeys([*DEFAULT.keys, *_names(doc, "topics", "key")]))


def _asked_topics(doc: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield the topics that rules ask for, and where."""
    for number, rule in enumerate(_tables(doc, "rules")):
        when = rule.get("when")
        for key in ("topic", "praise"):
            given = when.get(key) if isinstance(when, Mapping) else None
            asked = given if isinstance(given, list) else [given]
            yield from ((("rules", number, "when", key), topic) for topic in asked if isinstance(topic, str))


def _unknown_topics(doc: Mapping[str, Any]) -> Iterator[Problem]:
    keys, changes = _keys(doc), doc.get("taxonomy")
    asked: list[tuple[Path, Any]] = [*_asked_topics(doc)]
    if isinstance(changes, Mapping):
        asked += [(("taxonomy", key), key) for key in changes]
    asked += _given(doc, "merged_into").values()
    for path, topic in asked:
        if isinstance(topic, str) and topic not in keys:
            yield Problem(path, f'no topic has the key "{topic}"{did_you_mean(topic, keys)}')


def _own_topics(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """An own topic has a key of its own and enough to be known by."""
    for number, topic in enumerate(_tables(doc, "topics")):
        key, examples = topic.get("key"), topic.get("examples", [])
        if key in DEFAULT.keys:
            advice = f"give yours another one, or change that topic by [taxonomy.{key}]"
            yield Problem(("topics", number, "key"), f'"{key}" is a topic that comes with the product; {advice}')
        count = _different(examples) if isinstance(examples, list) else FEWEST
        if count < FEWEST and topic.get("marked") is not True:
            twice = "" if count == len(examples) else " (the same text again is none)"
            place: Path = ("topics", number, "examples") if "examples" in topic else ("topics", number)
            yield Problem(
                place,
                f"{_counted(count)}{twice}; give {FEWEST} or more texts as customers write them, "
                "or write marked = true where mentions that people mark shall be the examples",
            )


def _different(examples: list[Any]) -> int:
    """Return how many examples show something of their own: what stands there five times has been said once."""
    return len({" ".join(str(text).casefold().split()) for text in examples})


def _counted(count: int) -> str:
    return "there is one example" if count == 1 else f"there are {count or 'no'} examples"


def _gone_topics(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """A topic goes to one place at most, that place is there, and no rule waits for what does not come any more."""
    retired = {key for key, (_, given) in _given(doc, "retired").items() if given is True}
    places = {key: (path, into) for key, (path, into) in _given(doc, "merged_into").items() if isinstance(into, str)}
    merged = {key: into for key, (_, into) in places.items()}
    for key, (path, into) in places.items():
        if key in retired:
            yield Problem(path, f'"{key}" is retired as well; leave one of the two out')
        elif into == key:
            yield Problem(path, "a topic cannot be merged into itself; name another one")
        elif into in retired:
            yield Problem(path, f'"{into}" is retired; name a topic that still gets tags')
        elif into in merged:
            yield Problem(path, f'"{into}" is merged into "{merged[into]}" itself; name that one')
    for path, topic in _asked_topics(doc):
        if topic in retired:
            yield Problem(path, f'"{topic}" is retired and comes no more; take it out of this rule')
        elif topic in merged:
            yield Problem(path, f'"{topic}" is merged into "{merged[topic]}"; ask for that one')


def _unknown_stages(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """A desk with stages of its own must say to which of them each topic belongs."""
    stages = _names(doc, "stages", "key") or [stage.key for stage in DEFAULT.stages]
    changes = _changes(doc)
    asked: list[tuple[Path, Any]] = [(("taxonomy", key, "stage"), change.get("stage")) for key, change in changes.items()]
    asked += [(("topics", number, "stage"), topic.get("stage")) for number, topic in enumerate(_tables(doc, "topics"))]
    for path, stage in asked:
        if isinstance(stage, str) and stage not in stages:
            yield Problem(path, f'no stage has the key "{stage}"{did_you_mean(stage, stages)}')
    for topic in DEFAULT.topics:
        if changes.get(topic.key, {}).get("stage") is None and topic.stage not in stages:
            advice = f'the stage of "{topic.key}" is not among these; add [taxonomy.{topic.key}] with stage = ...'
            yield Problem(("stages",), advice)


def _slips_in_sources(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """Imports bring names of their own, so a rule may ask for a source that is not listed; a slip of the pen is one, though."""
    sources = _names(doc, "sources", "name")
    for number, rule in enumerate(_tables(doc, "rules")):
        when = rule.get("when")
        given = when.get("source", []) if isinstance(when, Mapping) else []
        for source in given if isinstance(given, list) else [given]:
            if isinstance(source, str) and source not in sources and "mean" in (hint := did_you_mean(source, sources)):
                yield Problem(("rules", number, "when", "source"), f'no source is called "{source}"{hint}')


def _left_over(doc: Mapping[str, Any]) -> Iterator[Problem]:
    rules = _tables(doc, "rules")
    catch_all = [number for number, rule in enumerate(rules) if not rule.get("when")]
    if rules and (not catch_all or catch_all[-1] != len(rules) - 1):
        yield Problem(
            ("rules", len(rules) - 1),
            "the last rule must match everything, so that nothing is left over; add one more [[rules]] without `when` at the end",
        )
    for number in catch_all:
        if number < len(rules) - 1:
            yield Problem(("rules", number), "this rule matches everything, those below it are never reached; move it to the end")


def _unpinned(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """What a classifier says must not change unseen, so a model of the hub is named with its commit."""
    for number, entry in enumerate(_tables(doc, "classifiers")):
        model, pinned = entry.get("model"), "revision" in entry
        if isinstance(model, str) and model and is_folder(model) and pinned:
            said = "a folder has no revision: its tags are signed with a hash of what it holds; take this line out"
            yield Problem(("classifiers", number, "revision"), said)
        elif isinstance(model, str) and model and not is_folder(model) and not pinned:
            said = (
                f'a model of the Hugging Face hub needs revision = "...", the full commit (40 digits and letters): {WHY_PINNED}'
            )
            yield Problem(("classifiers", number, "model"), f'{said}. If "{model}" is a folder here, write "./{model}"')
        if "threshold" in entry and entry.get("answers") in CHOICES:
            said = f"{entry['answers']} takes the likeliest answer and has no threshold; take this line out"
            yield Problem(("classifiers", number, "threshold"), said)


def _answered_twice(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """Two classifiers may share what is asked by language or by topic, but no question has two answers."""
    seen: list[tuple[int, set[str], set[str]]] = []
    for number, entry in enumerate(_tables(doc, "classifiers")):
        asked, languages = _questions(entry), _languages(entry)
        for before, others, theirs in seen:
            if (both := sorted(asked & others)) and (not languages or not theirs or languages & theirs):
                said = (
                    f"{', '.join(both)} is answered by classifiers[{before}] already; take one out, or give each its `languages`"
                )
                yield Problem(("classifiers", number, "answers"), said)
                break
        seen.append((number, asked, languages))


def _questions(classifier: Mapping[str, Any]) -> set[str]:
    answers, labels = classifier.get("answers"), classifier.get("labels")
    words = [word for word in labels.values() if isinstance(word, str)] if isinstance(labels, Mapping) else []
    return questions(answers, words) if isinstance(answers, str) else set()


def _languages(classifier: Mapping[str, Any]) -> set[str]:
    given = classifier.get("languages")
    return {one for one in given if isinstance(one, str)} if isinstance(given, list) else set()
