"""Whole versions of the performers database, of people who do not exist.

Where a pack has statistics the people are drawn as it describes strangers, and two pictures of one person share `OWN`
of what makes strangers differ. Without them every embedder's vectors are drawn as `clustered` does.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from benchmarks.scale.clustered import ALIKE, PROBE, Spectrum

from stash_sense.bootstrap import Services
from stash_sense.errors import PackNotInstalled, PackUnknown
from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.database import PackSpace, PerformersDatabase
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.records import Alias, FaceRecord, PerformerRecord, StashBoxId
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary, new_origin
from stash_sense.performers.writer import Heading, VersionWriter
from stash_sense.recognition.space import Block, FaceSpace

PUBLIC = PackSpace("stash-sense", ("facenet", "arcface"), FaceSpace.plain([Block(512, 0.5), Block(512, 0.5)]))
"""Two embedders of 512 values, as public databases have them: a pack without statistics."""
OWN = 0.7
"""Share of what makes faces differ that all pictures of one person have in common, where a pack has statistics."""
GROUP, GROUPS, SCENES = 12, 5, 8
"""Faces of one person in a scene, people in it, and scenes that probes are made for."""
_BATCH = 4096


def space_of(services: Services, pack: str) -> PackSpace:
    """Return the space of an installed pack, or of public databases.

    Raises:
        PackError: the pack is not installed.
    """
    try:
        return services.pack_space(pack)
    except (PackNotInstalled, PackUnknown):
        if pack != PUBLIC.pack:
            raise
        return PUBLIC


def opener(services: Services) -> Callable[[InstalledVersion], PerformersDatabase]:
    """Return what opens versions, of the public pack too, which has no models here."""

    def open_version(version: InstalledVersion) -> PerformersDatabase:
        pack, derived = space_of(services, version.manifest.pack), services.performers.derived
        return PerformersDatabase.open(version, derived, pack, services.kernel, services.cancel)

    return open_version


class Pictures:
    """Draws people, and pictures of them.

    Args:
        space: what the pictures are described in.
        random: equal ones draw equal people.
    """

    def __init__(self, space: FaceSpace, random: np.random.Generator) -> None:
        self._space, self._random = space, random
        self._spectra: list[Spectrum] = []
        if np.any(space.crowd_covariance):
            values, directions = np.linalg.eigh(space.crowd_covariance.astype(np.float64))
            self._spread = (directions * np.sqrt(np.maximum(values, 0.0))).T.astype(np.float32)
        else:
            self._spectra = [Spectrum(block.dim, random) for block in space.blocks]
        self._cuts = np.cumsum([block.dim for block in space.blocks])[:-1]

    def people(self, count: int) -> Floats:
        """Draw (count, D): what each person's pictures have in common."""
        if self._spectra:
            return np.concatenate([spectrum.draw(count) for spectrum in self._spectra], axis=1)
        return self._strange(count)

    def of(self, people: Floats, probes: bool = False) -> Floats:
        """Draw one picture for each row of people: (n, D) unit vectors.

        Args:
            people: from `people`; a row for each picture.
            probes: faces of videos, which are less like their person than references are.
        """
        if not self._spectra:
            share = np.float32(OWN * OWN if probes else OWN)
            drawn = people * np.sqrt(share) + self._strange(len(people)) * np.sqrt(1 - share)
            return self._space.renormalised(self._space.crowd_mean + drawn)
        cosines = self._random.uniform(*PROBE, len(people)) if probes else np.full(len(people), np.sqrt(ALIKE))
        middles = np.split(people, self._cuts, axis=1)
        return self._space.joined(
            [spectrum.around(middle, cosines) for spectrum, middle in zip(self._spectra, middles, strict=True)]
        )

    def _strange(self, count: int) -> Floats:
        drawn: Floats = self._random.standard_normal((count, len(self._spread)), np.float32) @ self._spread
        return drawn


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are of what."""

    people: int
    faces: int


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a version was made with.

    Attributes:
        version: that was installed.
        probes: (SCENES x GROUPS x GROUP, D) faces in videos, each `GROUP` of one person.
        persons: (SCENES x GROUPS x GROUP,) the row of each one's person in the database.
    """

    version: InstalledVersion
    probes: Floats
    persons: Ints


def name_of(version: str, number: int) -> str:
    """Name a person who does not exist, so that the name tells the version."""
    return f"Person {number} of {version}"


def make(
    library: PerformersLibrary,
    version: str,
    pack: PackSpace,
    size: Size,
    seed: int = 0,
    real: Gallery | None = None,
    progress: ProgressListener = silent,
) -> Made:
    """Write a version and put it into use; what was probes of it is kept beside it.

    Args:
        library: to install it into.
        version: its name.
        pack: whose vectors it holds.
        size: of the people who do not exist.
        seed: equal ones give equal versions.
        real: people who exist, added in front.
        progress: told the people written.
    """
    with library.alone(), library.staging() as stage:
        made = write(stage / "version", version, pack, size, seed, real, progress)
        installed = library.install(stage / "version", new_origin("made up", built_here=True))
        np.savez(_beside(library, version), probes=made[0], persons=made[1])
    return Made(installed, *made)


def made(library: PerformersLibrary, version: str) -> Made | None:
    """Return what `make` made before, where the version in use is that one."""
    current, kept = library.current(), _beside(library, version)
    if current is None or current.version != version or not kept.is_file():
        return None
    with np.load(kept) as arrays:
        return Made(current, arrays["probes"], arrays["persons"])


def _beside(library: PerformersLibrary, version: str) -> Path:
    return library.folder.parent / f"probes-{version}.npz"


def write(
    folder: Path,
    version: str,
    pack: PackSpace,
    size: Size,
    seed: int,
    real: Gallery | None = None,
    progress: ProgressListener = silent,
) -> tuple[Floats, Ints]:
    """Write a version into a new folder; returns its probes and their persons (see `Made`)."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    pictures = Pictures(pack.space, random)
    dims = tuple((name, block.dim) for name, block in zip(pack.embedders, pack.space.blocks, strict=True))
    heading = Heading(version, datetime(2026, 11, 22, tzinfo=UTC), pack.pack, dims, ("made up",))
    counts = _counts(size, random)
    first = 0 if real is None else len(real.persons)
    wanted = np.sort(random.choice(size.people, SCENES * GROUPS, replace=False))
    probes = []
    with VersionWriter(folder, heading) as writer:
        for record, vectors in _real(real):
            writer.add(record, _faces(record, len(vectors)), _parts(pack.space, vectors))
        for start in range(0, size.people, _BATCH):
            progress(Progress("people", start, size.people))
            some = counts[start : start + _BATCH]
            people = pictures.people(len(some))
            own = np.split(pictures.of(np.repeat(people, some, axis=0)), np.cumsum(some)[:-1])
            for number, vectors in enumerate(own, start):
                record = _record(version, number)
                writer.add(record, _faces(record, len(vectors)), _parts(pack.space, vectors))
            there = wanted[(wanted >= start) & (wanted < start + len(some))] - start
            probes.append(pictures.of(np.repeat(people[there], GROUP, axis=0), probes=True))
        writer.finish()
    return np.concatenate(probes), np.repeat(wanted, GROUP) + first


def _counts(size: Size, random: np.random.Generator) -> Ints:
    """Spread the faces over the people: everybody has one, few have many."""
    more = random.multinomial(size.faces - size.people, random.dirichlet(np.full(size.people, 2.0)))
    counts: Ints = (more + 1).astype(np.int64)
    return counts


def _record(version: str, number: int) -> PerformerRecord:
    name = name_of(version, number)
    return PerformerRecord(
        universal_id=f"made-up.example:{number:08d}",
        name=name,
        gender="FEMALE",
        country="US",
        birth_date="1990-01-01",
        image_url=f"https://made-up.example/images/{number:08d}.jpg",
        stashbox_ids=(StashBoxId("stashdb.org", f"{number:08d}-0000-4000-8000-000000000000"),),
        aliases=(Alias(f"{name}, too", "stashdb.org"),),
    )


def _real(real: Gallery | None) -> Iterator[tuple[PerformerRecord, Floats]]:
    if real is not None:
        for row, person in enumerate(real.persons):
            yield PerformerRecord(f"folder:{person.id}", person.name), real.vectors[real.owner == row]


def _faces(record: PerformerRecord, count: int) -> list[FaceRecord]:
    faces = []
    for place in range(count):
        image = hashlib.sha256(json.dumps([record.universal_id, place]).encode()).hexdigest()
        faces.append(FaceRecord(image, f"https://made-up.example/{image}.jpg", "stashdb.org", 0.8))
    return faces


def _parts(space: FaceSpace, vectors: Floats) -> list[Floats]:
    """Take fused vectors apart into each embedder's unit vectors."""
    parts = np.split(vectors, np.cumsum([block.dim for block in space.blocks])[:-1], axis=1)
    shares = [np.float32(np.sqrt(block.weight)) for block in space.blocks]
    return [part / share for part, share in zip(parts, shares, strict=True)]
