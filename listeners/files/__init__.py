"""Hear exports: CSV, XLSX, JSON and JSONL from review sites, helpdesks and survey tools, one by one or in a watched folder."""

from listeners.contract import Ask, Listener
from listeners.files.plan import PLATFORM
from listeners.files.reading import Described, describe, read_file
from listeners.files.watching import Options, pull

FilesOptions = Options

LISTENER = Listener(
    platform=PLATFORM,
    options=Options,
    pull=pull,
    setup={
        "de": "Ein Ordner, in den jemand Exporte legt (CSV, XLSX, JSON, JSONL); jede Datei wird gelesen, sobald sie ganz da ist.",
        "en": "A folder into which somebody puts exports (CSV, XLSX, JSON, JSONL); each file is read once it is whole.",
    },
    asks=(Ask("folder", {"de": "Ordner der Exporte", "en": "Folder of the exports"}, example="exports"),),
    blind_spots={
        "de": "Nur was der Export enthält, und erst, wenn jemand ihn ablegt. Was in einem neueren Export fehlt, gilt nicht als "
        "gelöscht; Antworten gehen nicht zurück zur Plattform.",
        "en": "Only what the export holds, and only once somebody puts it there. What is missing from a newer export is not "
        "taken to be deleted; answers do not go back to the platform.",
    },
)

__all__ = ["LISTENER", "Described", "FilesOptions", "describe", "read_file"]
