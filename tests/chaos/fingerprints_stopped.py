"""Keeps, replaces, matches anew or forgets a fingerprint again and again, killed at its first step, its second, ...

    python fingerprints_stopped.py FOLDER

A step is a statement to one of the two files, or a commit. After each another process, without any memory of it,
looks what is there, looks at the item again if it has to, and forgets what is gone. Prints one JSON object for each.
"""

import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from tests.chaos.stopped import in_a_process_of_its_own
from tests.integration.store.states import is_whole
from tests.made_fingerprints import fingerprint, kept, same_faces

from stash_sense.adapters.store.fingerprints import SqlFingerprints
from stash_sense.adapters.store.store import Store
from stash_sense.fingerprints.fingerprint import Item, Outcome

ITEM, OTHER = Item("scene", "1"), Item("scene", "2")
OLD, NEW, OLD_SEED, NEW_SEED = "old", "new", 1, 2
Work = Callable[[SqlFingerprints], None]


def keep(fingerprints: SqlFingerprints) -> None:
    fingerprints.keep(fingerprint(content=NEW), kept(NEW_SEED))


def keep_without(fingerprints: SqlFingerprints) -> None:
    fingerprints.keep(fingerprint(content=NEW, outcome=Outcome.FAILED, persons=()), None)


def match_anew(fingerprints: SqlFingerprints) -> None:
    there = fingerprints.several("scene", ["1", "2"]).values()
    fingerprints.rematched([replace(one, content=NEW) for one in there])


def forget(fingerprints: SqlFingerprints) -> None:
    fingerprints.forget("scene", after=0, upto=None, there=["2"])


WORKS: dict[str, tuple[Work, bool]] = {
    "first": (keep, False),
    "again": (keep, True),
    "none": (keep_without, True),
    "match": (match_anew, True),
    "forget": (forget, True),
}
"""What is done, and whether the item was looked at before."""


def opened(folder: Path) -> SqlFingerprints:
    return SqlFingerprints(Store.open(folder / "stash_sense.db"), folder / "faces.db")


def kill_at(step: int) -> None:
    left = step

    def hear(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", hear)
    event.listen(Engine, "commit", hear)


def sets_of_faces(folder: Path) -> int:
    if not (folder / "faces.db").is_file():
        return 0
    with closing(sqlite3.connect(folder / "faces.db")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM faces WHERE number = 1").fetchone()
        return int(count)


def look(folder: Path, found: Path) -> None:
    fingerprints = opened(folder)
    marks = fingerprints.marks("scene", ["1", "2"])
    one, faces = fingerprints.get(ITEM), fingerprints.faces("scene", ["1"]).get("1")
    crops = {seed: fingerprints.crop(ITEM, min(kept(seed).crops)) for seed in (OLD_SEED, NEW_SEED)}
    seen: dict[str, Any] = {
        "mark": marks["1"].content if "1" in marks else None,
        "content": None if one is None else one.content,
        "people": 0 if one is None else len(one.persons),
        "faces": [seed for seed in (OLD_SEED, NEW_SEED) if faces is not None and same_faces(faces, kept(seed))],
        "crops": [seed for seed, crop in crops.items() if crop == kept(seed).crops[min(kept(seed).crops)]],
        "other": "2" in marks and same_faces(fingerprints.faces("scene", ["2"])["2"], kept(0)),
        "whole": all(is_whole(file) for file in folder.glob("*.db")),
    }
    if marks.get("1") is None:
        keep(fingerprints)
        seen["then"] = [list(fingerprints.marks("scene", ["1"])), sets_of_faces(folder)]
    fingerprints.forget("scene", after=0, upto=None, there=["2"])
    seen["left"] = sets_of_faces(folder)
    found.write_text(json.dumps(seen))


def main(folder: Path, name: str) -> None:
    work, before = WORKS[name]
    folder.mkdir()
    pristine, place, found = folder / "pristine", folder / "place", folder / "found"
    pristine.mkdir()
    fingerprints = opened(pristine)
    fingerprints.keep(fingerprint("2"), kept(0))
    if before:
        fingerprints.keep(fingerprint(content=OLD), kept(OLD_SEED))
    fingerprints.close()
    for step in range(1, 1000):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(pristine, place)

        def killed_at(step: int = step) -> None:
            at_work = opened(place)
            kill_at(step)
            work(at_work)

        killed = in_a_process_of_its_own(killed_at) == signal.SIGKILL
        in_a_process_of_its_own(lambda: look(place, found))
        sys.stdout.write(json.dumps(json.loads(found.read_text()) | {"work": name, "killed": killed}) + "\n")
        if not killed:
            return


if __name__ == "__main__":
    for one in WORKS:
        main(Path(sys.argv[1], one), one)
