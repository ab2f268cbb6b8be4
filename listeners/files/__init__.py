"""Hear exports: CSV, XLSX, JSON and JSONL from review sites, helpdesks and survey tools, one by one or in a watched folder."""

from listeners.contract import Listener
from listeners.files.plan import PLATFORM
from listeners.files.reading import Described, describe, read_file
from listeners.files.watching import Options, pull

FilesOptions = Options

LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    blind_spots={
        "de": "Nur was der Export enthält, und erst, wenn jemand ihn ablegt. Was in einem neueren Export fehlt, gilt nicht als "
        "gelöscht; Antworten gehen nicht zurück zur Plattform.",
        "en": "Only what the export holds, and only once somebody puts it there. What is missing from a newer export is not "
        "taken to be deleted; answers do not go back to the platform.",
    },
)

__all__ = ["LISTENER", "Described", "FilesOptions", "describe", "read_file"]
