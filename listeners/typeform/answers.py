"""Typeform's JSON: a form's questions and the answers become a Mention here, and nothing past this file knows its shape."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from listeners.paging import pick

PLATFORM = "typeform"
Json = dict[str, Any]
_PIPED = re.compile(r"\{\{[^}]*\}\}")
_LINKS = ("url", "file_url")
_WORDLESS = (*_LINKS, "email", "phone_number", "payment")
"""Types of answers that are no words: links become attachments; who answers is the author; the rest is nobody's business."""
_YES_NO = {"de": ("ja", "nein"), "en": ("yes", "no")}


@dataclass(frozen=True)
class Question:
    """What was asked. ``low`` and ``high`` are the ends of its scale, None where it has none or the form does not say."""

    title: str
    kind: str
    low: int | None = None
    high: int | None = None
    contact: str = ""
    """Which part of a contact form it is ("first_name"), empty for real questions."""

    @property
    def is_scale(self) -> bool:
        """Whether it is answered by a point on a scale."""
        return self.kind in ("nps", "opinion_scale", "rating")


@dataclass(frozen=True)
class Form:
    """What is asked: questions by their ids."""

    form_id: str
    title: str = ""
    language: str | None = None
    questions: Mapping[str, Question] = field(default_factory=dict)


def form_of(body: Json) -> Form:
    """Read a form's definition, as ``GET /forms/{id}`` or a delivery gives it."""
    questions = {str(one["id"]): _question(one, parent) for one, parent in _fields(body.get("fields") or (), "") if "id" in one}
    return Form(str(body.get("id") or ""), str(body.get("title") or ""), pick(body, "settings.language"), questions)


def _fields(fields: Any, parent: str) -> Iterator[tuple[Json, str]]:
    """Yield the questions with the type of the group that holds them, those inside groups too."""
    for one in fields:
        yield one, parent
        yield from _fields(pick(one, "properties.fields") or (), str(one.get("type") or ""))


def _question(one: Json, parent: str) -> Question:
    kind = str(one.get("type") or "")
    low, high = _scale(kind, one.get("properties") or {})
    title = re.sub(r"[*_]", "", _PIPED.sub("…", str(one.get("title") or ""))).strip()
    part = str(one.get("subfield_key") or kind) if parent == "contact_info" else ""
    return Question(title, kind, low, high, part)


def _scale(kind: str, properties: Json) -> tuple[int | None, int | None]:
    """Return the ends of a scale: NPS has 0-10, a rating 1-steps, an opinion scale steps points from 0 or 1 (Create API)."""
    if kind == "nps":
        return 0, 10
    steps = int(properties.get("steps") or 0)
    if steps < 2 or kind not in ("rating", "opinion_scale"):
        return None, None
    from_one = kind == "rating" or bool(properties.get("start_at_one"))
    return (1, steps) if from_one else (0, steps - 1)


def to_mention(item: Json, form: Form, stars_from: str = "", author_field: str = "") -> Mention | None:
    """Turn a response into a Mention, None where it holds neither words nor a rating.

    The stars are those of the question *stars_from* (its id or ref), else of the first scale. One answer in words has its
    question as title; several stand below each other as "Question: answer".
    """
    answers = [(one, form.questions.get(str(pick(one, "field.id")), _unknown(one))) for one in item.get("answers") or ()]
    native_id = item.get("token") or item.get("response_id")
    if not native_id:
        raise NotUnderstood("a response without a token")
    rated = next((pair for pair in answers if pair[1].is_scale and _is_wanted(pair[0], stars_from)), None)
    words = [(asked.title, said) for one, asked in answers if (one, asked) != rated and (said := _words(one, asked, form))]
    if not words and rated is None:
        return None
    alone = len(words) == 1
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": native_id,
            "conversation": native_id,
            "kind": "survey",
            "title": words[0][0] if alone else "",
            "text": words[0][1] if alone else "\n".join(_line(*pair) for pair in words),
            "author": _author(item, answers, author_field),
            "url": f"https://admin.typeform.com/form/{form.form_id}/results#responses",
            "said_at": item.get("submitted_at"),
            "language": form.language,
            "stars": _stars(*rated) if rated else None,
            "rating": _points(*rated) if rated else None,
            "attachments": tuple(str(one[one["type"]]) for one, _ in answers if one.get("type") in _LINKS),
        }
    )


def _line(title: str, said: str) -> str:
    """Return "Question: answer"; a question mark is mark enough."""
    return f"{title} {said}" if title.endswith(("?", "!", ":")) else f"{title}: {said}" if title else said


def _unknown(answer: Json) -> Question:
    """A question that is not part of the form any more; its answers still tell of what type it was."""
    kind = str(pick(answer, "field.type") or "")
    return Question("", kind, *_scale(kind, {}))


def _is_wanted(answer: Json, stars_from: str) -> bool:
    return not stars_from or stars_from in (pick(answer, "field.id"), pick(answer, "field.ref"))


def _words(answer: Json, asked: Question, form: Form) -> str:
    """Return an answer as words, empty for what is none."""
    kind = str(answer.get("type") or "")
    value = answer.get(kind)
    if asked.contact or kind in _WORDLESS or value is None:
        return ""
    if asked.is_scale:
        return _points(answer, asked)
    if isinstance(value, bool):
        yes, no = _YES_NO.get((form.language or "en")[:2], _YES_NO["en"])
        return yes if value else no
    if isinstance(value, dict):  # one choice, or several, or what somebody wrote instead
        chosen = [value.get("label"), *(value.get("labels") or ()), value.get("other")]
        return ", ".join(str(one) for one in chosen if one)
    return str(value).strip()


def _points(answer: Json, asked: Question) -> str:
    point = answer.get("number")
    return f"{point}/{asked.high}" if asked.high is not None else str(point)


def _stars(answer: Json, asked: Question) -> float | None:
    """Return a point of a scale on the scale of 1 to 5: its ends are the ends."""
    if asked.low is None or asked.high is None:
        return None
    share = (float(answer["number"]) - asked.low) / (asked.high - asked.low)
    return round(1 + 4 * min(1.0, max(0.0, share)), 2)


def _author(item: Json, answers: list[tuple[Json, Question]], author_field: str) -> Author | None:
    """Return who answered: by the hidden field, else by the e-mail address that was given."""
    mail = next((str(one["email"]) for one, _ in answers if one.get("email")), "")
    native_id = str((item.get("hidden") or {}).get(author_field) or "") or mail
    parts = {asked.contact: str(one.get("text") or "") for one, asked in answers if asked.contact}
    name = " ".join(filter(None, (parts.get("first_name"), parts.get("last_name"))))
    return Author(native_id=native_id, handle=mail or native_id, name=name) if native_id else None
