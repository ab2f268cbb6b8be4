"""The walk through a mailbox: each folder in the order of arrival, on from the last mail that was kept (UIDVALIDITY and UID)."""

import logging
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from imap_tools import BaseMailBox

from desk.mention import Mention
from desk.source import Source
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.email.letters import nobody_wrote, parsed, to_mention
from listeners.email.mailbox import Letter, letters, mailbox, newer, sent_folder, translated
from listeners.email.options import Options
from listeners.http import Client
from listeners.times import instant
from listeners.walks import Onward, onward

_AT_ONCE = 20
"""Mails that are fetched and kept at once."""
_LOG = logging.getLogger("kummerkasten.email")


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what arrived since *cursor*, in the order of arrival, in each folder; then what we sent."""
    options = Options.model_validate(source.options)
    ours = options.ours(client.secrets.get("user", ""))
    with mailbox(client, options) as box:
        with translated(options.imap, client.credential):
            sent = sent_folder(box, options)
        folders = dict.fromkeys((*options.folders, *([sent] if sent else [])))
        streams: dict[str, Onward] = {}
        for folder in folders:
            read = partial(_heard, options=options, ours=ours, sent=folder == sent, since=window.since)
            streams[folder] = partial(_batches, box, folder, read, window.since, (options.imap, client.credential))
        yield from onward(streams, cursor, window)


def _batches(
    box: BaseMailBox, folder: str, read: "partial[Mention | None]", since: datetime, where: tuple[str, str], token: str
) -> Iterator[Batch]:
    """Yield the mails of a folder that came after *token*."""
    with translated(*where):
        validity, uids = newer(box, folder, token, since)
    for start in range(0, len(uids), _AT_ONCE):
        some = uids[start : start + _AT_ONCE]
        with translated(*where):
            found = letters(box, some)
        batch = understood(found, read, folder)
        yield Batch(batch.found, token=f"{validity}:{some[-1]}", more=start + _AT_ONCE < len(uids))


def _heard(letter: Letter, options: Options, ours: frozenset[str], sent: bool, since: datetime) -> Mention | None:
    """Return what a mail says, None (and why, in the log) where no person wrote it.

    A mail that was long under way (its date lies before *since*) is new all the same: the time of its arrival counts.
    """
    why = "" if options.automatic else nobody_wrote(parsed(letter))
    if why:
        _LOG.info("a mail was left out: %s (number %s)", why, letter.uid)
        return None
    mention = to_mention(letter, ours, sent=sent, whole=options.whole)
    late = letter.arrived is not None and mention.said_at < since
    return mention.model_copy(update={"said_at": instant(letter.arrived)}) if late else mention
