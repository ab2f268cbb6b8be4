"""Write the story's reviews, survey answers and mails as the exports that such tools give, into a folder that is watched."""

import csv
import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import openpyxl

from listeners.sandbox.story import HOME, Told

_COMPANY = "Kastanie Möbel"
_DOMAIN = "kastanie-moebel.example"
_REVIEW = (
    *("Review Id", "Review Created (UTC)", "Review Consumer User Id", "Review Username", "Review Stars", "Review Title"),
    *("Review Content", "Review Language", "Review Url", "Company Reply", "Company Reply Date (UTC)", "Domain Name"),
)
_SURVEY = ("Antwort-ID", "Abgeschickt am", "Sprache", "Was sollen wir besser machen, was war gut?")


def write_exports(folder: Path, lines: Iterable[Told], now: datetime) -> list[Path]:
    """Write what can be seen at *now* of the channels that come as files; return the files that have changed.

    A file with the same content is left as it is, and nobody ever sees half of one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = [one for one in lines if one.seen(now)]
    wanted: Sequence[tuple[str, str, Callable[[list[Told], datetime], bytes]]] = (
        ("trustpilot", "trustpilot-bewertungen.csv", _reviews),
        ("survey", "kundenumfrage.xlsx", _answers),
        ("helpdesk", "helpdesk.jsonl", _messages),
    )
    written = []
    for channel, name, content in wanted:
        said = [one for one in told if one.line.channel == channel]
        if said and _put(folder / name, content(said, now)):
            written.append(folder / name)
    return written


def _reviews(told: list[Told], now: datetime) -> bytes:
    """Return a CSV like Trustpilot's: one row per review, with our answer in it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, _REVIEW, lineterminator="\r\n")
    writer.writeheader()
    answers = {one.line.parent: one for one in told if one.line.ours}
    for one in told:
        if not one.line.ours:
            writer.writerow(_review(one, answers.get(one.line.id), now))
    return out.getvalue().encode()


def _review(one: Told, answer: Told | None, now: datetime) -> dict[str, object]:
    return {
        "Review Id": one.line.id,
        "Review Created (UTC)": f"{one.said_at:%Y-%m-%d %H:%M:%S}",
        "Review Consumer User Id": one.line.author,
        "Review Username": one.line.author_name,
        "Review Stars": one.line.stars,
        "Review Title": one.line.title,
        "Review Content": one.text(now),
        "Review Language": one.line.lang,
        "Review Url": f"https://reviews.example/{one.line.id}",
        "Company Reply": answer.text(now) if answer else "",
        "Company Reply Date (UTC)": f"{answer.said_at:%Y-%m-%d %H:%M:%S}" if answer else "",
        "Domain Name": _DOMAIN,
    }


def _answers(told: list[Told], now: datetime) -> bytes:
    """Return a workbook as survey tools give it: German heading, times of the wall clock at home."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Antworten")
    sheet.append(_SURVEY)
    for one in told:
        sheet.append([_text(sheet, cell) for cell in (one.line.id, _wall(one.said_at), one.line.lang, one.text(now))])
    book.properties.creator = _COMPANY
    out = io.BytesIO()
    book.save(out)
    book.close()
    return _without_times(out.getvalue())


def _text(sheet: Any, value: object) -> object:
    """A customer's "=1+1" is a text."""
    if not isinstance(value, str):
        return value
    cell = openpyxl.cell.WriteOnlyCell(sheet, openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))
    cell.data_type = "s"
    return cell


def _wall(moment: datetime) -> datetime:
    return moment.astimezone(HOME).replace(tzinfo=None)


def _without_times(packed: bytes) -> bytes:
    """Return the archive with nothing in it that tells when it was written: the same answers are the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as clean:
        for name in given.namelist():
            content = re.sub(rb"(<dcterms:\w+ [^>]*>)[^<]*<", rb"\g<1>2026-01-01T00:00:00Z<", given.read(name))
            clean.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _messages(told: list[Told], now: datetime) -> bytes:
    """Return a helpdesk's messages, an object on each line; the thread is the ticket."""
    return "".join(json.dumps(_message(one, now), ensure_ascii=False) + "\n" for one in told).encode()


def _message(one: Told, now: datetime) -> dict[str, object]:
    return {
        "ticket_id": one.line.thread or one.line.id,
        "message_id": one.line.id,
        "in_reply_to": one.line.parent,
        "created_at": one.said_at.isoformat().replace("+00:00", "Z"),
        "direction": "outbound" if one.line.ours else "inbound",
        "from": {"email": one.line.author, "name": one.line.author_name},
        "subject": one.line.title,
        "body": one.text(now),
        "language": one.line.lang,
        "channel": one.line.kind,
    }


def _put(path: Path, content: bytes) -> bool:
    """Write *content* whole or not at all; say whether it was different."""
    if path.is_file() and path.read_bytes() == content:
        return False
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False) as out:
        out.write(content)
    Path(out.name).chmod(0o644)
    os.replace(out.name, path)
    return True
