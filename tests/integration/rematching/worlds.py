"""Two versions of a small database and scenes with their people, as a scan left them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.scale import changing

from stash_sense.adapters.onnx.int8_kernel import int8_kernel
from stash_sense.adapters.store.fingerprints import SqlFingerprints
from stash_sense.adapters.store.store import Store
from stash_sense.fingerprints.fingerprint import Fingerprint, Item, Outcome
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.identification.grounds import Grounds
from stash_sense.identification.identify import Known
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.database import PerformersDatabase
from stash_sense.performers.difference import difference
from stash_sense.performers.versions.installed import InstalledVersion
from stash_sense.performers.versions.library import PerformersLibrary
from stash_sense.recognition.matching.modes import matcher_for
from stash_sense.scanning.changed_people import ChangedPeople
from stash_sense.scanning.ports import ToRematch
from stash_sense.scanning.rematch import KeptFacesRematcher

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOOKED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOBODY = frozenset[int]()


@dataclass(frozen=True, slots=True, eq=False)
class Two:
    """A world, its two versions, and both opened."""

    world: changing.World
    versions: tuple[InstalledVersion, InstalledVersion]
    first: PerformersDatabase
    second: PerformersDatabase

    def changed(self) -> ChangedPeople | None:
        return ChangedPeople.of(difference(*self.versions), self.first, self.second, changing.decision())


@contextmanager
def two_versions(folder: Path, people: int, small: int = 10_000) -> Iterator[Two]:
    """Make a world and open both versions; `small` as for `PerformersDatabase.open`."""
    world = changing.world(people)
    library = PerformersLibrary(folder / "performers")
    versions = changing.install(world, library)
    kernel = int8_kernel(1)
    first, second = (
        PerformersDatabase.open(version, library.derived, changing.pack_space(), kernel, small=small)
        for version in versions
    )
    yield Two(world, versions, first, second)
    first.close()
    second.close()


def rematcher(
    database: PerformersDatabase, changed: ChangedPeople | None = None, mode: str = "template", strict: bool = False
) -> KeptFacesRematcher:
    judge = database.judge(changing.decision(), strict)
    known = Known(database.roster, matcher_for(mode, judge), mode, Grounds(judge, database))
    return KeptFacesRematcher(known, database, lambda: AT, changed)


def blank(number: int, kept: KeptFaces) -> Fingerprint:
    """What is kept of a scene of which nobody has said yet who is in it."""
    return Fingerprint(
        Item("scene", str(number)),
        f"oshash:{number}",
        kept.pack,
        "0",
        Outcome.FACES,
        title=f"Scene {number}",
        frames=kept.frame_count,
        faces=len(kept.faces.seen),
        conditions="a.b",
        looked_at=LOOKED_AT,
        matched_at=LOOKED_AT,
    )


def asked(fingerprints: Sequence[Fingerprint], kept: Sequence[KeptFaces]) -> list[ToRematch]:
    return [ToRematch(one, faces, NOBODY) for one, faces in zip(fingerprints, kept, strict=True)]


def anew(fingerprints: Sequence[Fingerprint]) -> list[Fingerprint]:
    """The same without what was noted: all their faces are weighed."""
    return [replace(one, details={}) for one in fingerprints]


def names(fingerprint: Fingerprint) -> list[str]:
    return sorted(person.person_id for person in fingerprint.persons)


def sql_store(folder: Path) -> SqlFingerprints:
    return SqlFingerprints(Store.open(folder / "stash_sense.db"), folder / "faces.db")


def never() -> CancelToken:
    return CancelToken()
