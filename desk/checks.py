"""What no single setting can know: whether teams, topics, sources and rules of one configuration fit together."""

from collections.abc import Iterator, Mapping
from typing import Any

from desk.classifier import CHOICES, WHY_PINNED, is_folder, questions
from desk.problems import Path, Problem, did_you_mean
from desk.taxonomy import DEFAULT


def whole(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what does not fit together in a configuration as it was read (its single settings may still be wrong)."""
    yield from _twice(doc)
    yield from _unknown_teams(doc)
    yield from _unknown_topics(doc)
    yield from _unknown_stages(doc)
    yield from _slips_in_sources(doc)
    yield from _left_over(doc)
    yield from _unpinned(doc)
    yield from _answered_twice(doc)


def _tables(doc: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    given = doc.get(key)
    return [entry if isinstance(entry, Mapping) else {} for entry in given] if isinstance(given, list) else []


def _names(doc: Mapping[str, Any], kind: str, key: str) -> list[str]:
    return [name for entry in _tables(doc, kind) if isinstance(name := entry.get(key), str)]


def _twice(doc: Mapping[str, Any]) -> Iterator[Problem]:
    for kind, key in (("teams", "key"), ("rules", "name"), ("sources", "name")):
        seen: dict[str, int] = {}
        for number, entry in enumerate(_tables(doc, kind)):
            name = entry.get(key)
            if isinstance(name, str) and seen.setdefault(name, number) != number:
                yield Problem((kind, number, key), f'"{name}" is taken by {kind}[{seen[name]}]; give one of them another {key}')


def _unknown_teams(doc: Mapping[str, Any]) -> Iterator[Problem]:
    teams = _names(doc, "teams", "key")
    asked: list[tuple[Path, Any]] = [(("rules", n, "team"), rule.get("team")) for n, rule in enumerate(_tables(doc, "rules"))]
    changes = doc.get("taxonomy")
    if isinstance(changes, Mapping):
        tables = [(key, change) for key, change in changes.items() if isinstance(change, Mapping)]
        asked += [(("taxonomy", key, "team"), change.get("team")) for key, change in tables]
    for path, team in asked:
        if isinstance(team, str) and team not in teams:
            yield Problem(path, f'no team has the key "{team}"{did_you_mean(team, teams)}')


def _unknown_topics(doc: Mapping[str, Any]) -> Iterator[Problem]:
    asked: list[tuple[Path, Any]] = []
    for number, rule in enumerate(_tables(doc, "rules")):
        when = rule.get("when")
        for key in ("topic", "praise"):
            given = when.get(key) if isinstance(when, Mapping) else None
            asked += [(("rules", number, "when", key), topic) for topic in (given if isinstance(given, list) else [given])]
    changes = doc.get("taxonomy")
    if isinstance(changes, Mapping):
        asked += [(("taxonomy", key), key) for key in changes]
    for path, topic in asked:
        if isinstance(topic, str) and topic not in DEFAULT.keys:
            yield Problem(path, f'no topic has the key "{topic}"{did_you_mean(topic, DEFAULT.keys)}')


def _unknown_stages(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """A desk with stages of its own must say to which of them each topic belongs."""
    stages = _names(doc, "stages", "key") or [stage.key for stage in DEFAULT.stages]
    changes = doc.get("taxonomy")
    for topic in DEFAULT.topics:
        change = changes.get(topic.key) if isinstance(changes, Mapping) else None
        stage = change.get("stage") if isinstance(change, Mapping) else None
        if isinstance(stage, str) and stage not in stages:
            yield Problem(("taxonomy", topic.key, "stage"), f'no stage has the key "{stage}"{did_you_mean(stage, stages)}')
        elif stage is None and topic.stage not in stages:
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
