"""Why a mention is where it is: the words behind each tag, the rule that matched, the deadline, and who changed what since."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.errors import KummerkastenError
from flows.cli import show
from flows.cli.options import MOST, Config, Json, opened

if TYPE_CHECKING:
    from desk.routing import Rule
    from flows.settings import Settings
    from nlp.explain import WordWeight
    from nlp.tagger import OnnxTagger
    from nlp.topics import OwnTopics
    from store.conversations import Thread, Why
    from store.tables import Tag

_MOST_WORDS = 8
_NOT_READ = {
    "empty": "there is no word in it.",
    "failed": "the model could not read this text. It counts as needing a reply until a person says otherwise.",
}


def why(
    mention: Annotated[int, typer.Argument(help="The mention's number, as `queue` shows it.", max=MOST)],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say why a mention is tagged and routed as it is: words, probabilities, model or person, rule, deadline, history."""
    from store import conversations

    with opened(config) as settings:
        with settings.session(write=False) as session:
            found = conversations.why(session, mention)
            thread = conversations.conversation(session, found.said.mention.conversation_id) if found else None
        if found is None or thread is None:
            raise KummerkastenError(f"There is no mention {mention}. `kummerkasten queue TEAM` shows their numbers")
        words = _words(settings, found)
        if as_json:
            show.say_json(_as_json(settings, found, thread, words))
        else:
            _print(settings, found, thread, words)


def _key(tag: "Tag") -> str:
    return tag.aspect if tag.aspect in ("needs_reply", "urgent") else f"{tag.aspect}:{tag.value}"


def _words(settings: "Settings", found: "Why") -> "dict[str, list[WordWeight]]":
    """Return the words behind each standing tag, positive where they speak for what it says."""
    from dataclasses import replace

    from desk.classifier import answering
    from flows.work.read import tagger_of
    from nlp.explain import explain

    standing = [tag for tag in found.statements if tag.stands and tag.aspect != "language"]
    if not standing:
        return {}
    loaded = tagger_of(settings, found.reading.model if found.reading else "")
    mention = found.said.mention
    text = f"{mention.title}\n{mention.text}" if mention.title else mention.text
    asked = [_key(tag) for tag in standing if not answering(settings.desk.classifiers, tag.by, _key(tag))]
    weights: dict[str, list[WordWeight]] = {_key(tag): [] for tag in standing}
    if found.said.not_read:  # what was not read cannot be explained
        return weights
    weights |= explain(loaded, text, asked, _MOST_WORDS, _own_topics(settings, loaded, asked))
    denied = {_key(tag) for tag in standing if tag.value == "no" or not tag.holds}
    turned = {key: [replace(word, weight=-word.weight) for word in weights[key]] for key in denied}
    return weights | turned


def _own_topics(settings: "Settings", loaded: "OnnxTagger", asked: "list[str]") -> "OwnTopics | None":
    """Return what is known of the desk's own topics, where one of them is *asked* about."""
    from flows.work.topics import active, learned

    return learned(settings, loaded) if any(f"friction:{topic.key}" in asked for topic in active(settings)) else None


def _rule(settings: "Settings", name: str) -> "Rule | None":
    return next((rule for rule in settings.desk.rules if rule.name == name), None)


def _conditions(rule: "Rule | None") -> dict[str, Any]:
    return rule.when.model_dump(mode="json", exclude_defaults=True) if rule else {}


def _print(settings: "Settings", found: "Why", thread: "Thread", words: "dict[str, list[WordWeight]]") -> None:
    out, mention, author = show.console(), found.said.mention, found.said.author
    who = f"{author.name or author.handle} ({author.handle})" if author else "-"
    zone = settings.desk.tz
    where = f"{mention.platform} · {mention.kind} · {who}"
    out.print(show.text(f"{where} · {_local(mention.said_at, zone)} · conversation {mention.conversation_id}", "dim"))
    if mention.title:
        out.print(show.text(mention.title, "bold"))
    out.print(show.text(mention.text, lines=True, most=4000))
    if mention.deleted_at:
        out.print(show.text(f"deleted on the platform, noticed {_local(mention.deleted_at, zone)}", "yellow"))
    out.print()
    _print_tags(settings, found, words)
    _print_rule(settings, found)
    _print_ticket(settings, thread)


def _print_tags(settings: "Settings", found: "Why", words: "dict[str, list[WordWeight]]") -> None:
    standing = [tag for tag in found.statements if tag.stands]
    columns = ("tag", "value", "p>", "words for~", "words against~", "signed by")
    model = found.reading.model if found.reading else ""
    listed = show.table(columns, (_tag_row(settings, tag, words.get(_key(tag), []), model) for tag in standing))
    out = show.console()
    ours = found.said.mention.ours
    unread = "Our own words are neither read nor routed." if ours else "No tagger has read it yet: kummerkasten tag"
    out.print(listed if standing else "Nothing is stated about it." if found.said.not_read else unread)
    overruled = [tag for tag in found.statements if not tag.stands]
    for tag in overruled:
        out.print(show.below(f"earlier: {tag.aspect} {_value(settings, tag)}, said {tag.by}", "dim"))
    if found.said.not_read:
        out.print(show.text(f"Not read: {_NOT_READ.get(found.said.not_read, found.said.not_read)}", "yellow"))
    elif found.reading:
        unsure = f", unsure about {', '.join(found.reading.unsure)}" if found.reading.unsure else ""
        out.print(show.text(f"Read by {found.reading.model}{unsure}"))


def _tag_row(settings: "Settings", tag: "Tag", words: "list[WordWeight]", model: str) -> tuple[object, ...]:
    spoken = show.text(", ".join(word.word for word in words if word.weight > 0), "green")
    against = show.text(", ".join(word.word for word in words if word.weight < 0), "red")
    probability = "" if tag.probability is None else f"{tag.probability:.2f}"
    return (tag.aspect, _value(settings, tag), probability, spoken, against, "" if tag.by == model else tag.by)


def _value(settings: "Settings", tag: "Tag") -> str:
    name = settings.desk.topics.name(tag.value, settings.desk.language) if tag.aspect in ("friction", "praise") else tag.value
    return name if tag.holds else f"not {name}"


def _print_rule(settings: "Settings", found: "Why") -> None:
    out, routing = show.console(), found.routing
    if routing is None:
        if not found.said.mention.ours:
            out.print("No rule has decided yet: kummerkasten route")
        return
    rule = _rule(settings, routing.rule)
    owes = f"first answer within {routing.allowance} of working time" if routing.answer else "owes no answer"
    out.print(show.text(f'Rule "{routing.rule}" -> {routing.team}, priority {routing.priority}, {owes}', "bold"))
    asked = ", ".join(f"{key} = {value}" for key, value in _conditions(rule).items())
    out.print(show.below(f"because {asked or 'it matches everything that no rule above it matched'}"))
    if rule is None:
        out.print(show.below("(this rule is not in kummerkasten.toml any more)", "yellow"))


def _print_ticket(settings: "Settings", thread: "Thread") -> None:
    from flows.work.common import utc_now

    out, ticket, zone = show.console(), thread.ticket, settings.desk.tz
    if ticket is None:
        out.print("No ticket: nobody owes an answer in this conversation.")
        return
    owner = ticket.assignee or "nobody yet"
    left = show.time_left(ticket.due_at, utc_now()).plain if ticket.status == "open" else ticket.status
    out.print(show.text(f"Ticket {ticket.id}: team {ticket.team}, {owner}, due {_local(ticket.due_at, zone)} ({left})", "bold"))
    for event in thread.events:
        change = f"{event.before} -> {event.after}" if event.before else event.after
        out.print(show.below(f"{_local(event.at, zone)} {event.what}: {change} ({event.by})", "dim"))


def _local(moment: datetime, zone: Any) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _as_json(settings: "Settings", found: "Why", thread: "Thread", words: "dict[str, list[WordWeight]]") -> dict[str, Any]:
    ticket, routing = thread.ticket, found.routing
    return {
        "mention": found.said.mention.model_dump(mode="json", exclude={"search", "claimed_by", "claimed_until"}),
        "author": found.said.author.model_dump(mode="json") if found.said.author else None,
        "tags": [
            tag.model_dump(mode="json", exclude={"id", "mention_id"})
            | {"words": [{"word": word.word, "weight": word.weight} for word in words.get(_key(tag), [])] if tag.stands else []}
            for tag in found.statements
        ],
        "unsure": found.reading.unsure if found.reading else [],
        "not_read": found.said.not_read,
        "routing": routing.model_dump(mode="json", exclude={"id", "mention_id"})
        | {"when": _conditions(_rule(settings, routing.rule))}
        if routing
        else None,
        "ticket": ticket.model_dump(mode="json") if ticket else None,
        "events": [event.model_dump(mode="json", exclude={"ticket_id"}) for event in thread.events],
    }
