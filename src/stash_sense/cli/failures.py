"""How a command that failed says so: sentences on stderr, and a document where one was asked for."""

import json

from stash_sense.errors import StashSenseError
from stash_sense.kernel.text import as_unicode

DOCUMENT_WRITTEN = "the document on stdout says that it is not complete"
"""Note on an error that ended a command with `--json` whose document had begun: no other one may follow."""


def failure_document(error: StashSenseError) -> str | None:
    """Return the document in the place of the one that was asked for; None where that one has begun."""
    if DOCUMENT_WRITTEN in getattr(error, "__notes__", ()):
        return None
    notes = [as_unicode(note) for note in notes_of(error)]
    told = {"code": error.code, "message": as_unicode(str(error)), "notes": notes}
    return json.dumps({"schema": 1, "error": told}, indent=2)


def notes_of(error: StashSenseError) -> list[str]:
    """Return what was noticed before the error came, as sentences for the user."""
    return [note for note in getattr(error, "__notes__", ()) if note != DOCUMENT_WRITTEN]
