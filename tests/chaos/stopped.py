"""Runs work that changes the performers folder again and again, stopped at its first step, its second, and so on.

    python stopped.py FOLDER WORK killed|full

Killed, a step is a report of progress, or a call by which a name in the folder appears, changes or goes, or a file is
opened to be written. With a disk that is full from the step on, it is a file or folder that is made, or a name that
is changed, which fails this once. After each step another process, without any memory of it, looks what is there.
Prints one JSON object for each.
"""

import contextlib
import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.ma
from tests.integration.updates import made_versions as made

from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import PerformerUnknown, StashSenseError
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.building.portraits import LOOK_SIDE, Face, Portrait
from stash_sense.performers.building.sources import FOLDER, SourcePerformer, SourcePicture
from stash_sense.performers.building.state import BuildState
from stash_sense.performers.building.state_folder import states_of
from stash_sense.performers.records import PerformerRecord
from stash_sense.performers.versions.forgetting import forget
from stash_sense.performers.versions.forgotten import remember_forgotten
from stash_sense.performers.versions.library import PerformersLibrary, new_origin
from stash_sense.releases.importing import import_file
from stash_sense.releases.installing import ReleaseInstaller
from stash_sense.releases.publishing import publish
from stash_sense.releases.release_manifest import LISTING_NAME, ReleaseListing, ReleaseManifest
from stash_sense.releases.signing import SIGNATURE_SUFFIX, verify
from stash_sense.releases.sources import source_of
from stash_sense.releases.verification import folder_faults, verify_archive

_CHANGES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"})
"""Events of `sys.addaudithook`, besides opening to write. A flush changes nothing that another process could see."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_STAYING = {".build", ".lock", ".update.lock", ".checked.json"}
"""Hidden files of the performers folder that are there for good."""
LAST = f"folder:{made.PEOPLE - 1:05}"
Work = Callable[[Path, ProgressListener], None]


class Stopper:
    """Kills this process at a step, or fills its disk; notes what was reported in a file that outlives it."""

    def __init__(self, folder: Path, step: int, notes: Path, *, full: bool) -> None:
        self._folder = str(folder)
        self._left = step
        self._full = full
        self.has_refused = False
        self._notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not any(self._folder in str(argument) for argument in arguments[:2]):
            return
        if self._full:
            # What is there already can be opened; so can a lock, which is made once and for all.
            if event == "os.mkdir" or (
                event == "open" and arguments[2] & os.O_CREAT and not Path(arguments[0]).exists()
            ):
                self._left -= 1
                self._refuse(arguments[0], self._left <= 0)
            elif event == "os.rename":
                self._left -= 1
                self._refuse(arguments[0], self._left == 0)
        elif event in _CHANGES or (event == "open" and arguments[2] & _WRITING):
            self._step()

    def tell(self, progress: Progress) -> None:
        os.write(self._notes, f"{progress.stage} {progress.done}\n".encode())
        if not self._full:
            self._step()

    def _refuse(self, what: object, is_full: bool) -> None:
        if is_full:
            self.has_refused = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), what)

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def update(place: Path, progress: ProgressListener) -> None:
    source = source_of(str(place / "releases"), HttpClient(proxies={}))
    made.updater_of(library_of(place)).update(source, CancelToken(), progress)


def bring_in(place: Path, progress: ProgressListener) -> None:
    library = library_of(place)
    installer = ReleaseInstaller(library, made.prover())
    archive = place / "releases" / f"performers-{made.NEW}.zip"
    import_file(archive, installer, [made.KEY.public], made.ED25519, CancelToken(), progress)


def give_out(place: Path, progress: ProgressListener) -> None:
    publish(library_of(place).require().folder, place / "data" / "out", made.KEY, made.ED25519, progress=progress)


def given_out(place: Path) -> list[str]:
    """What others find in the folder of releases: versions, each of which must be whole and signed."""
    out, found = place / "data" / "out", []
    if (out / LISTING_NAME).is_file():
        for one in ReleaseListing.read((out / LISTING_NAME).read_bytes()).releases:
            content = (out / one.manifest).read_bytes()
            signature = (out / f"{one.manifest}{SIGNATURE_SUFFIX}").read_bytes()
            verify(content, signature, [made.KEY.public], made.ED25519, one.manifest)
            archive = ReleaseManifest.read(content, one.manifest).archive
            verify_archive(out / archive.name, archive)
            found.append(one.version)
    return found


def put_again(place: Path, progress: ProgressListener) -> None:
    """Install what is installed, written on another day."""
    library = library_of(place)
    with library.alone(CancelToken(), progress), library.staging() as stage:
        with storage_errors(stage):
            (stage / "version").mkdir()
        made.write_version(stage / "version", made.NEW, created_at=datetime(2026, 11, 30, tzinfo=UTC))
        library.install(stage / "version", new_origin("again"), progress)


def leave_out(place: Path, progress: ProgressListener) -> None:
    """Forget the last person; who is forgotten already, is."""
    with contextlib.suppress(PerformerUnknown):
        forget(library_of(place), LAST, CancelToken(), progress)


def build_before(library: PerformersLibrary) -> None:
    """Leave what a build knows of the last person, as if these versions had been built from a folder."""
    path = states_of(library) / "0123.db"
    with BuildState(path, "folder", "made up") as state:
        state.begin()
        picture = SourcePicture("one.png", "1", "one.png")
        record = PerformerRecord(LAST, LAST)
        state.note(SourcePerformer(record, LAST.removeprefix("folder:"), FOLDER, iter([picture])))
        vector = np.concatenate([part[0] for part in made.vectors_of(made.PEOPLE - 1)])
        face = Face(vector, 1.0, np.zeros((LOOK_SIDE, LOOK_SIDE), np.uint8))
        state.keep(Portrait(picture, "0" * 64, faces=1, face=face))
        state.commit()


def traces(place: Path) -> list[str]:
    """The files in which vectors or the id of the last person are left."""
    vectors = made.vectors_of(made.PEOPLE - 1)
    marks = [part[0].astype(kind).tobytes() for part in vectors for kind in ("<f2", "<f4")]
    files = [file for file in (place / "data" / "performers").rglob("*") if file.is_file()]
    return [
        file.name
        for file in files
        if file.name != "forgotten.json" and any(mark in file.read_bytes() for mark in (*marks, LAST.encode()))
    ]


def roll_back(place: Path, progress: ProgressListener) -> None:
    library = library_of(place)
    with library.alone(CancelToken(), progress):
        library.rollback()


WORKS: dict[str, tuple[Work, list[str]]] = {
    "first update": (update, []),
    "update": (update, ["2026.8.1", made.OLD]),
    "import": (bring_in, ["2026.8.1", made.OLD]),
    "put again": (put_again, [made.OLD, made.NEW]),
    "import again": (bring_in, [made.OLD, made.NEW]),
    "update without somebody": (update, [made.OLD]),
    "forget": (leave_out, [made.OLD, made.NEW]),
    "publish": (give_out, [made.OLD, made.NEW]),
    "rollback": (roll_back, [made.OLD, made.NEW]),
}
"""What is done, and which versions were installed before, one after the other."""
LARGE: dict[str, Any] = {"people": made.MANY // 100, "faces": 100}
SIZES = {"import again": LARGE}
"""Of versions for which a search matrix is derived."""


def library_of(place: Path) -> PerformersLibrary:
    return PerformersLibrary(place / "data" / "performers")


def in_a_process_of_its_own(work: Callable[[], None]) -> int:
    """Do something in a copy of this process; return the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the outermost edge of a process
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a process failed; see above")
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def look(place: Path, name: str, before: str | None, found: Path) -> None:
    """See what a process finds that knows nothing, and whether it can go on from there."""
    library = library_of(place)
    faces = SIZES.get(name, {}).get("faces", made.FACES)
    seen: dict[str, Any] = {"before": before, "answers": made.answer(library, faces)}
    current = library.current()
    seen["faults"] = [] if current is None else [str(one) for one in folder_faults(current.folder, current.manifest)]
    seen["signed"] = None if current is None or current.origin is None else current.origin.signed_by
    seen["previous"] = library.previous()
    seen["there"] = library.versions()
    seen["given out"] = given_out(place)
    with library.alone():
        pass
    seen["by itself"] = made.answer(library, faces)  # with nobody to fetch from
    if name == "publish":
        give_out(place, silent)
    seen["given out again"] = given_out(place)
    (leave_out if name == "forget" else update)(place, silent)
    seen["traces"] = traces(place)
    seen["then"] = made.answer(library, faces)
    with library.alone():
        pass
    seen["versions"] = library.versions()
    staying = _STAYING | ({".search"} if name in SIZES else set())
    seen["left"] = [file.name for file in library.folder.glob(".*") if file.name not in staying]
    seen["derived"] = [folder.name for folder in library.derived.glob("*")]
    found.write_text(json.dumps(seen))


def main(folder: Path, name: str, how: str) -> None:
    work, installed = WORKS[name]
    size = SIZES.get(name, {})
    made.published(folder, made.NEW, **size)
    if name == "update without somebody":
        size = {"people": made.PEOPLE - 1}
        library_of(folder).folder.mkdir(parents=True)
        remember_forgotten(library_of(folder).folder, frozenset({LAST}))
    for version in installed:
        made.install(library_of(folder), version, **size)
    if name == "forget":
        build_before(library_of(folder))
        assert "0123.db" in traces(folder)
    before = made.answer(library_of(folder), size.get("faces", made.FACES))
    pristine, place, found, notes = folder / "data", folder / "at work", folder / "found", folder / "notes"
    error = folder / "error"
    place.mkdir()
    (place / "releases").symlink_to(folder / "releases")
    for step in range(1, 10_000):
        shutil.rmtree(place / "data", ignore_errors=True)
        shutil.copytree(pristine, place / "data") if pristine.exists() else (place / "data").mkdir()
        (place / "data" / "stash_sense.db").write_bytes(b"the user's own")

        error.write_text("")

        def stopped(step: int = step) -> None:
            stopper = Stopper(place / "data", step, notes, full=how == "full")
            try:
                work(place, stopper.tell)
            except StashSenseError as refused:
                error.write_text(refused.code)
            else:
                error.write_text("none" if stopper.has_refused else "")

        killed = in_a_process_of_its_own(stopped) == signal.SIGKILL
        staged = [file.name for file in (place / "data" / "performers" / ".staging").glob("*")]
        in_a_process_of_its_own(lambda: look(place, name, before, found))
        seen = json.loads(found.read_text())
        seen["told"] = notes.read_text().splitlines()[-1:]
        seen["own"] = (place / "data" / "stash_sense.db").read_bytes().decode()
        seen |= {"step": step, "killed": killed, "error": error.read_text(), "staged": staged}
        sys.stdout.write(json.dumps(seen) + "\n")
        if not killed and not seen["error"]:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
