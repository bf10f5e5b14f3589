"""Small databases of random unit vectors in a made-up pack's space, published; the same faces, but each version has
names of its own for them, so that every answer says which version it is from."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from stash_sense.adapters.signing.pynacl import PyNaClEd25519
from stash_sense.kernel.arrays import Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.performers.database import PackSpace, PerformersDatabase
from stash_sense.performers.manifest import FileEntry, Manifest
from stash_sense.performers.records import FaceRecord, PerformerRecord
from stash_sense.performers.search.int8_numpy import NumpyInt8Kernel
from stash_sense.performers.versions.canary import prove as canary
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary, new_origin
from stash_sense.performers.writer import Heading, VersionWriter
from stash_sense.recognition.space import Block, FaceSpace, unit
from stash_sense.releases.checking import CachedCheck
from stash_sense.releases.installing import Prove
from stash_sense.releases.keys import PublicKey, SecretKey
from stash_sense.releases.publishing import Published, publish
from stash_sense.releases.release_manifest import ReleaseManifest
from stash_sense.releases.signing import sign
from stash_sense.releases.updater import Updater

ED25519 = PyNaClEd25519()
KEY = SecretKey(b"12345678", ED25519.keypair()[1])
OLD, NEW = "2026.9.1", "2026.10.1"
"""As texts, the new one comes first."""
PEOPLE, FACES, DIM = 6, 3, 8
EMBEDDERS = ("one", "two")
SPACE = PackSpace("tiny", EMBEDDERS, FaceSpace.plain([Block(DIM, 0.5)] * 2))
MANY = 11_000
"""More faces than are searched in memory, so that a search matrix is derived."""


def vectors_of(person: int, faces: int = FACES) -> list[Floats]:
    """The (faces, dim) vectors of a person, of each embedder: the same in every version."""
    random = np.random.default_rng(1000 + person)
    return [unit(random.standard_normal((faces, DIM), np.float32)) for _ in EMBEDDERS]


def probe_of(person: int, faces: int = FACES) -> Floats:
    """A (1, D) face by which a person is found."""
    return np.concatenate([part[:1] * np.float32(np.sqrt(0.5)) for part in vectors_of(person, faces)], axis=1)


def write_version(
    folder: Path, version: str, *, people: int = PEOPLE, faces: int = FACES, **heading: Any
) -> Manifest:
    """Write a version as it is installed; its folder is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    fields: dict[str, Any] = {
        "version": version,
        "created_at": datetime(2026, 9, 1, tzinfo=UTC),
        "pack": SPACE.pack,
        "embedders": tuple((name, DIM) for name in EMBEDDERS),
        "sources": ("made up",),
    }
    with VersionWriter(folder, Heading(**{**fields, **heading})) as writer:
        for person in range(people):
            record = PerformerRecord(f"folder:{person:05}", f"{person} of {version}")
            pictures = [FaceRecord(f"{face:064x}", quality=1.0) for face in range(faces)]
            writer.add(record, pictures, vectors_of(person, faces))
        return writer.finish()


def published(place: Path, version: str, key: SecretKey = KEY, *, zeroed: bool = False, **made: Any) -> Published:
    """Publish a version into `place`/releases; where it is zeroed, with vectors in which nobody can be found."""
    folder = place / "versions" / version
    manifest = write_version(folder, version, **made)
    if zeroed:
        file = folder / "vectors-one.npy"
        content = file.read_bytes()
        file.write_bytes(content[:128] + bytes(len(content) - 128))
        files = {**manifest.files, file.name: _entry(file)}
        (folder / "manifest.json").write_bytes(manifest.model_copy(update={"files": files}).to_json())
    return publish(folder, place / "releases", key, ED25519, now=datetime(2026, 9, 2, tzinfo=UTC))


def signed_again(release: Published, change: Callable[[dict[str, Any]], object], key: SecretKey = KEY) -> None:
    """Change a release's manifest as its publisher could."""
    _, described, signature, _ = release.files
    document = json.loads(described.read_bytes())
    change(document)
    content = json.dumps(document).encode()
    described.write_bytes(content)
    signature.write_bytes(sign(content, key, ED25519, "again"))


def packed_again(release: Published, change: Callable[[dict[str, bytes]], object]) -> None:
    """Change what is in a release's archive as its publisher could: it is described and signed as it is then."""
    archive = release.files[0]
    with zipfile.ZipFile(archive) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    change(members)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    entry = ReleaseManifest.of(release.release.manifest, _entry(archive)).archive
    signed_again(release, lambda document: document.update(archive=entry.model_dump()))


def _entry(path: Path) -> FileEntry:
    content = path.read_bytes()
    return FileEntry(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def prover(proving: Callable[[], object] = lambda: None) -> Prove:
    """Make what searches a version for its own faces; `proving` is called before it does."""

    def proved(version: InstalledVersion, derived: Path, cancel: CancelToken, progress: ProgressListener) -> None:
        proving()
        canary(version, SPACE, derived, NumpyInt8Kernel(), cancel, progress)

    return proved


def opened(library: PerformersLibrary, version: InstalledVersion | None = None) -> PerformersDatabase:
    """Open a version, the one in use by default."""
    return PerformersDatabase.open(version or library.require(), library.derived, SPACE, NumpyInt8Kernel())


def name_found(database: PerformersDatabase, person: int = 0, faces: int = FACES) -> str:
    """The name of whoever is nearest to a person's face."""
    hits = database.search.search(probe_of(person, faces), 1)
    return database.roster[int(hits.persons[0, 0])].name


def answer(library: PerformersLibrary, faces: int = FACES) -> str | None:
    """What a fresh process answers: the version whose name the known person has; None where none is installed."""
    if library.current() is None:
        return None
    database = opened(library)
    try:
        return name_found(database, faces=faces).removeprefix("0 of ")
    finally:
        database.close()


def install(library: PerformersLibrary, version: str, *, built_here: bool = True, **made: Any) -> InstalledVersion:
    """Put a version into use without a release."""
    with library.alone(), library.staging() as stage:
        write_version(stage / "version", version, **made)
        return library.install(stage / "version", new_origin("made up", built_here=built_here))


def updater_of(
    library: PerformersLibrary,
    trusted: tuple[PublicKey, ...] = (KEY.public,),
    reload: Callable[[], object] = lambda: None,
    proving: Callable[[], object] = lambda: None,
) -> Updater:
    check = CachedCheck(library.folder)
    return Updater(library, check, lambda: trusted, ED25519, prover(proving), reload)
