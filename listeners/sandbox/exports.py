"""Write what the story says outside of the servers as the exports that people get by mail: reviews, a survey, a helpdesk.

The same moment writes the same bytes, a file that would not change is not touched, and a reader never sees half of one.
"""

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from listeners.sandbox.story import HOME, Told

REVIEWS, SURVEY, HELPDESK = "trustpilot-reviews.csv", "kundenumfrage.xlsx", "helpdesk-tickets.jsonl"
_UNPRINTABLE = dict.fromkeys(set(range(32)) - {9, 10, 13})


def write_exports(folder: Path, told: Iterable[Told], clock: datetime) -> tuple[Path, ...]:
    """Write what can be seen at *clock* of the lines *told* into *folder*; returns the files that have changed."""
    seen = sorted((one for one in told if one.seen(clock)), key=lambda one: (one.said_at, one.line.id))
    said = {channel: [one for one in seen if one.line.channel == channel] for channel in ("trustpilot", "survey", "helpdesk")}
    folder.mkdir(parents=True, exist_ok=True)
    contents = (
        (REVIEWS, _reviews(said["trustpilot"], clock)),
        (SURVEY, _survey(said["survey"], clock)),
        (HELPDESK, _helpdesk(said["helpdesk"], clock)),
    )
    return tuple(folder / name for name, content in contents if _replace(folder / name, content))


def _replace(path: Path, content: bytes) -> bool:
    """Put *content* in the place of *path* in one step, unless it is there already."""
    if path.is_file() and path.read_bytes() == content:
        return False
    beside = path.with_name(f".{path.name}.tmp")
    beside.write_bytes(content)
    os.replace(beside, path)
    return True


def _reviews(reviews: Sequence[Told], clock: datetime) -> bytes:
    """Return a CSV with the columns of a review site's business export."""
    into = io.StringIO(newline="")
    writer = csv.writer(into)
    writer.writerow(
        (
            "Review Id",
            "Review Created (UTC)",
            "Review Consumer User Id",
            "Review Username",
            "Review Title",
            "Review Content",
            "Review Stars",
            "Review Language",
        )
    )
    for told in reviews:
        line = told.line
        created = f"{told.said_at:%Y-%m-%d %H:%M:%S}"
        text = told.text(clock)
        writer.writerow((line.id, created, line.author, line.author_name, line.title, text, line.stars or "", line.lang))
    return into.getvalue().encode("utf-8-sig")


def _helpdesk(mails: Sequence[Told], clock: datetime) -> bytes:
    """Return one JSON object a line, as a helpdesk's API gives its messages."""
    return "".join(json.dumps(_mail(told, clock), ensure_ascii=False) + "\n" for told in mails).encode()


def _mail(told: Told, clock: datetime) -> dict[str, object]:
    line = told.line
    return {
        "message_id": line.id,
        "ticket_id": line.thread or line.id,
        "direction": "out" if line.ours else "in",
        "channel": "email",
        "created_at": told.said_at.isoformat(),
        "subject": line.title,
        "message": told.text(clock),
        "language": line.lang,
        "requester": {"id": line.author, "name": line.author_name},
    }


def _survey(answers: Sequence[Told], clock: datetime) -> bytes:
    """Return a workbook with the German columns of a survey tool; written by hand, because openpyxl writes the time into it."""
    rows: list[tuple[str | int, ...]] = [("Antwort-ID", "Datum abgeschickt", "Sprache", "Sterne", "Kommentar")]
    for told in answers:
        sent = told.said_at.astimezone(HOME)
        rows.append((told.line.id, f"{sent:%d.%m.%Y %H:%M:%S}", told.line.lang, told.line.stars or "", told.text(clock)))
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in (*_FRAME.items(), ("xl/worksheets/sheet1.xml", _sheet(rows))):
            packed.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return into.getvalue()


def _sheet(rows: Sequence[Sequence[str | int]]) -> str:
    written = "".join(f'<row r="{number}">{"".join(map(_cell, row))}</row>' for number, row in enumerate(rows, 1))
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{written}</sheetData></worksheet>'


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    text = escape(value.translate(_UNPRINTABLE))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FRAME = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Antworten" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
