"""Migrates, backs up or restores a state again and again, killed at its first step, its second, and so on.

    python state_stopped.py FOLDER migrate|backup|restore

A step is a statement to the database, a report of progress, or a call by which a name in the folder appears, changes
or goes, a file is opened to be written, or a database is opened. After each step another process, without any memory
of it, looks what is there. Prints one JSON object for each.
"""

import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from alembic import autogenerate, command, config  # noqa: F401 - else every copied process would load them anew
from sqlalchemy import Engine, event
from tests.chaos.stopped import in_a_process_of_its_own
from tests.integration.store.states import is_whole, made_state, next_migrations, rows

from stash_sense.adapters.store.backup import backup
from stash_sense.adapters.store.restoring import restore
from stash_sense.adapters.store.schema import Migrations, schema_in
from stash_sense.adapters.store.store import Store
from stash_sense.kernel.progress import Progress, ProgressListener

_CHANGES = frozenset({"os.rename", "os.remove", "os.link", "os.mkdir", "os.truncate", "sqlite3.connect"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
Work = Callable[[Path, Migrations, ProgressListener], None]


class Killer:
    """Kills this process at a step."""

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = str(folder)
        self._left = step
        sys.addaudithook(self._hear)
        event.listen(Engine, "before_cursor_execute", lambda *_: self.step())

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        ours = any(self._folder in str(argument) for argument in arguments[:2])
        if ours and (event in _CHANGES or (event == "open" and arguments[2] & _WRITING)):
            self.step()

    def tell(self, _: Progress) -> None:
        self.step()

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def migrate(data: Path, migrations: Migrations, _: ProgressListener) -> None:
    Store.open(data / "stash_sense.db", migrations).close()


def back_up(data: Path, _: Migrations, progress: ProgressListener) -> None:
    backup(data / "stash_sense.db", data / "kept.db", progress=progress)


def bring_back(data: Path, _: Migrations, progress: ProgressListener) -> None:
    restore(data / "kept.db", data / "stash_sense.db", progress=progress)


WORKS: dict[str, Work] = {"migrate": migrate, "backup": back_up, "restore": bring_back}


def keys(path: Path) -> list[str]:
    return sorted(rows(path))


def look(data: Path, work: Work, migrations: Migrations, found: Path) -> None:
    """See what a process finds that knows nothing, and whether it can go on from there."""
    path, kept, backups = data / "stash_sense.db", data / "kept.db", data / "backups"
    automatic = list(backups.glob("stash_sense-*.db"))
    seen: dict[str, Any] = {
        "schema": schema_in(path),
        "rows": keys(path),
        "kept": keys(kept),
        "whole": all(is_whole(file) for file in (path, kept, *automatic)),
        "automatic": [[schema_in(file), keys(file)] for file in automatic],
    }
    for file in (*data.glob(".*.part-*"), *backups.glob(".*.part-*")):
        os.utime(file, (0, 0))
    work(data, migrations, lambda _: None)
    seen["then"] = [schema_in(path), keys(path), keys(kept)]
    Store.open(path, migrations).close()
    seen["left"] = [file.name for file in (*data.glob("*.part-*"), *backups.glob("*.part-*"))]
    seen["beside"] = sorted(file.name for file in data.iterdir() if file.name.startswith("stash_sense.db"))
    found.write_text(json.dumps(seen))


def in_small_pages(path: Path) -> Path:
    """Make a file that becomes a state with pages of 512 bytes."""
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA page_size = 512")
        connection.execute("VACUUM")
    return path


def main(folder: Path, name: str) -> None:
    work, migrations = WORKS[name], next_migrations(folder)
    pristine, data, found = folder / "pristine", folder / "data", folder / "found"
    # Small pages, so that a backup takes several turns of 1,000 without being large.
    path = made_state(in_small_pages(pristine / "stash_sense.db"), old="1", big="x" * 600_000)
    backup(path, pristine / "kept.db")
    made_state(path, new="2")
    for step in range(1, 10_000):
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(pristine, data)

        def killed_at(step: int = step) -> None:
            work(data, migrations, Killer(data, step).tell)

        killed = in_a_process_of_its_own(killed_at) == signal.SIGKILL
        in_a_process_of_its_own(lambda: look(data, work, migrations, found))
        seen = json.loads(found.read_text())
        sys.stdout.write(json.dumps(seen | {"step": step, "killed": killed}) + "\n")
        if not killed:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
