"""Scans in a process of its own for each line of stdin: python scanning_process.py URL FOLDER NOTES.

A line is the number of items after which the process is killed, some milliseconds later at the most; it is not where
the line is empty. Prints how the process ended: the number of the signal that killed it, or 0. It writes a line to
NOTES before it keeps an item, and one when it is kept; what the scan counted is in FOLDER/counted.json then.
"""

import json
import os
import random
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from tests.scan_bench import BOB, ZOE, bench

from stash_sense.adapters.store.fingerprints import SqlFingerprints

LATEST = 0.01
"""Seconds until a kill: about what two items take."""


class Noted(SqlFingerprints):
    """Fingerprints whose keeping is noted in a file that outlives the process."""

    notes = -1
    killed_after: int | None = None
    _begun = 0

    def keep(self, fingerprint: Any, faces: Any) -> None:
        self._begun += 1
        if self._begun == self.killed_after:
            threading.Timer(random.uniform(0.0, LATEST), os.kill, (os.getpid(), signal.SIGKILL)).start()  # noqa: S311
        elif self.killed_after is not None and self._begun > self.killed_after + 1:
            threading.Event().wait()  # for the kill, which a busy machine may be late with
        self._note("begin", fingerprint.item)
        super().keep(fingerprint, faces)
        self._note("kept", fingerprint.item)

    def _note(self, word: str, item: Any) -> None:
        os.write(self.notes, f"{word} {item.kind} {item.id}\n".encode())


def scan(url: str, folder: Path, notes: Path, killed_after: int | None) -> None:
    """Scan, from the last checkpoint that is in the folder."""
    Noted.notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    Noted.killed_after = killed_after
    with bench(url, folder, lambda kind, id_: [BOB, ZOE] if int(id_) % 2 else []) as one:
        one.fingerprints = Noted(one.state, folder / "faces.db")
        cursors = folder / "cursor.json"
        cursor = json.loads(cursors.read_bytes()) if cursors.exists() else None

        def save(checkpoint: Any) -> None:
            part = cursors.with_suffix(".part")
            part.write_text(json.dumps(checkpoint.cursor))
            part.replace(cursors)

        (folder / "counted.json").write_text(json.dumps(one.scan(cursor=cursor, save=save)))


def main() -> None:
    """Scan again and again; what takes long to import is imported once."""
    url, folder, notes = sys.argv[1:]
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            scan(url, Path(folder), Path(notes), int(line) if line.strip() else None)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
