"""Small versions of the performers database, written with the real writer.

In tests: `from tests.performers_files import EMBEDDERS, people, write_version`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from stash_sense.kernel.arrays import Floats
from stash_sense.performers.manifest import Manifest
from stash_sense.performers.records import FaceRecord, PerformerRecord
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary, new_origin
from stash_sense.performers.writer import Heading, VersionWriter
from stash_sense.recognition.space import unit

EMBEDDERS = (("first", 24), ("second", 16))
PACK = "made-up"
DAY = datetime(2026, 11, 22, 12, tzinfo=UTC)

Person = tuple[PerformerRecord, tuple[FaceRecord, ...], tuple[Floats, ...]]


def vectors(seed: int, count: int, dim: int) -> Floats:
    """(count, dim) unit vectors, the same for the same seed."""
    return unit(np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32))


def person(number: int, faces: int = 2, seed: int = 0) -> Person:
    """Somebody with so many faces; another seed gives other faces."""
    record = PerformerRecord(f"test.org:{number:05d}", f"Person {number}")
    found = tuple(FaceRecord(image_hash=f"{number:032x}{face:032x}", quality=1.0) for face in range(faces))
    parts = tuple(vectors(1000 * seed + 10 * number + place, faces, dim) for place, (_, dim) in enumerate(EMBEDDERS))
    return record, found, parts


def people(count: int, faces: int = 2, seed: int = 0) -> list[Person]:
    """So many people."""
    return [person(number, faces, seed) for number in range(count)]


def write_version(folder: Path, members: Sequence[Person], version: str = "2026.11.22", pack: str = PACK) -> Manifest:
    """Write a version into an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with VersionWriter(folder, Heading(version, DAY, pack, EMBEDDERS, ("made up",))) as writer:
        for record, faces, parts in members:
            writer.add(record, faces, parts)
        return writer.finish()


def install_version(
    library: PerformersLibrary, members: Sequence[Person], version: str = "2026.11.22", pack: str = PACK
) -> InstalledVersion:
    """Write a version and put it into use."""
    with library.alone(), library.staging() as stage:
        write_version(stage / "version", members, version, pack)
        return library.install(stage / "version", new_origin("made up", built_here=True))
