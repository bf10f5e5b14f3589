import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.performers_files import EMBEDDERS, PACK, install_version, people, person

from stash_sense.adapters.onnx.int8_kernel import int8_kernel
from stash_sense.errors import CanaryFailed, DatabaseDamaged, PackDiffers
from stash_sense.kernel.arrays import Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.database import PackSpace, PerformersDatabase
from stash_sense.performers.versions.canary import plain_space, prove, prove_plainly
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
from stash_sense.recognition.evidence import GalleryEvidence, ProbeFaces
from stash_sense.recognition.people import PeopleInMemory
from stash_sense.recognition.space import Block, FaceSpace

KERNEL = int8_kernel(1)
PEOPLE, FACES = 700, 3
BLOCKS = (Block(24, 0.6), Block(16, 0.4))


def whitening(dim: int) -> Floats:
    return np.diag(np.linspace(1.0, 0.3, dim)).astype(np.float32)


SPACE = FaceSpace(
    BLOCKS,
    tuple(whitening(block.dim) for block in BLOCKS),
    mean=np.full(40, 0.02, np.float32),
    crowd_mean=np.zeros(40, np.float32),
    crowd_covariance=np.eye(40, dtype=np.float32),
)
PACK_SPACE = PackSpace(PACK, tuple(name for name, _ in EMBEDDERS), SPACE)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> InstalledVersion:
    library = PerformersLibrary(tmp_path_factory.mktemp("performers"))
    return install_version(library, people(PEOPLE, FACES))


@pytest.fixture(params=["in memory", "on the disk"])
def opened(
    request: pytest.FixtureRequest, installed: InstalledVersion, tmp_path: Path
) -> Iterator[PerformersDatabase]:
    small = 10_000 if request.param == "in memory" else 0
    with closing(open_version(installed, tmp_path, small)) as database:
        yield database


def open_version(installed: InstalledVersion, derived: Path, small: int = 0) -> PerformersDatabase:
    return PerformersDatabase.open(installed, derived, PACK_SPACE, KERNEL, small=small)


def references(installed: InstalledVersion) -> tuple[Floats, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    with closing(open_version(installed, installed.folder, 10_000)) as database:
        return database.faces.block(0, PEOPLE * FACES), np.repeat(np.arange(PEOPLE), FACES)


def test_everybody_is_found_by_their_own_face(opened: PerformersDatabase) -> None:
    rows = np.arange(0, PEOPLE * FACES, 97)
    hits = opened.search.search(opened.faces.rows(rows), 2)
    assert hits.persons[:, 0].tolist() == (rows // FACES).tolist()
    np.testing.assert_allclose(hits.best[:, 0], 1.0, atol=1e-3)
    assert [opened.owner_of(row) for row in rows.tolist()] == (rows // FACES).tolist()


def test_the_roster_names_people_by_the_rows_that_are_found(opened: PerformersDatabase) -> None:
    assert len(opened.roster) == PEOPLE
    assert (opened.roster[12].id, opened.roster[12].name) == ("test.org:00012", "Person 12")
    assert opened.roster.named({"Person 7", "test.org:00300", "nobody"}) == {7, 300}
    assert [one.name for one in opened.roster][:2] == ["Person 0", "Person 1"]


def test_people_on_the_disk_are_weighed_as_those_in_memory(installed: InstalledVersion, tmp_path: Path) -> None:
    vectors, owner = references(installed)
    memory = GalleryEvidence(PeopleInMemory.of(vectors, owner, SPACE, 21), SPACE)
    with closing(open_version(installed, tmp_path)) as database:
        stored = GalleryEvidence(database.people_for(21, SPACE), SPACE)
        for number in range(0, PEOPLE, 50):
            probe = ProbeFaces(vectors[number : number + 4], np.ones(4, np.float32), np.array([0, 0, 1, 2]))
            persons, values = memory.weigh(probe, 5)
            there, told = stored.weigh(probe, 5)
            np.testing.assert_array_equal(persons, there)
            np.testing.assert_allclose(values, told, atol=4e-3)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_after_naming_the_peoples_bytes_are_not_in_memory(installed: InstalledVersion, tmp_path: Path) -> None:
    with closing(open_version(installed, tmp_path)) as database:
        probes = database.faces.rows(np.arange(4))
        database.search.search(probes, 1)
        database.people_for(21, SPACE).nearest(probes, 5)
        in_memory = {}
        lines = iter(Path("/proc/self/smaps").read_text().splitlines())
        for line in lines:
            if str(tmp_path) in line:
                rss = next(field for field in lines if field.startswith("Rss:"))
                in_memory[Path(line.split()[-1]).name] = int(rss.split()[1]) * 1024
    # What is before the rows was read to open the file.
    assert in_memory["people.int8"] <= 2 * 4096
    assert in_memory["faces.int8"] >= PEOPLE * FACES * SPACE.dim


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own elsewhere")
def test_deriving_steps_back_for_who_is_searching(installed: InstalledVersion, tmp_path: Path) -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    own, seen = priority(), []
    with closing(
        PerformersDatabase.open(
            installed, tmp_path, PACK_SPACE, KERNEL, progress=lambda _: seen.append(priority()), small=0
        )
    ):
        assert set(seen) == {min(19, own + 10)}
        assert priority() == own


def test_what_is_derived_is_made_once_and_again_where_it_is_damaged(
    installed: InstalledVersion, tmp_path: Path
) -> None:
    open_version(installed, tmp_path).close()
    (folder,) = tmp_path.iterdir()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    open_version(installed, tmp_path).close()
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    for name in before:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
        with closing(open_version(installed, tmp_path)) as database:
            assert database.search.search(database.faces.rows(np.array([30])), 1).persons[0, 0] == 10
        assert (folder / name).stat().st_size == len(content)


def test_other_statistics_have_files_of_their_own(installed: InstalledVersion, tmp_path: Path) -> None:
    open_version(installed, tmp_path).close()
    plain = PackSpace(PACK, PACK_SPACE.embedders, FaceSpace.plain(BLOCKS))
    PerformersDatabase.open(installed, tmp_path, plain, KERNEL, small=0).close()
    assert len(list(tmp_path.iterdir())) == 2


def test_vectors_of_another_pack_are_not_opened(installed: InstalledVersion, tmp_path: Path) -> None:
    for wrong in (
        PackSpace("other", PACK_SPACE.embedders, SPACE),
        PackSpace(PACK, ("first", "third"), SPACE),
        PackSpace(PACK, PACK_SPACE.embedders, FaceSpace.plain([Block(16, 0.5), Block(24, 0.5)])),
    ):
        with pytest.raises(PackDiffers):
            PerformersDatabase.open(installed, tmp_path, wrong, KERNEL)


def test_many_threads_share_one_database(opened: PerformersDatabase) -> None:
    wrong: list[int] = []

    def ask(start: int) -> None:
        for row in range(start, PEOPLE * FACES, 211):
            hits = opened.search.search(opened.faces.rows(np.array([row])), 1)
            if opened.roster[int(hits.persons[0, 0])].name != f"Person {row // FACES}":
                wrong.append(row)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_people_without_faces_are_known_but_never_found(tmp_path: Path) -> None:
    members = [person(0), person(1, faces=0), person(2)]
    version = install_version(PerformersLibrary(tmp_path / "performers"), members)
    with closing(open_version(version, tmp_path, 10_000)) as database:
        assert [one.name for one in database.roster] == ["Person 0", "Person 2"]
        assert database.roster.named({"Person 1"}) == frozenset()
        assert database.search.search(database.faces.rows(np.array([2])), 3).persons[0].tolist()[0] == 1


def test_an_empty_database_opens_and_finds_nobody(tmp_path: Path) -> None:
    version = install_version(PerformersLibrary(tmp_path / "performers"), [])
    with closing(open_version(version, tmp_path, 10_000)) as database:
        assert len(database.roster) == 0
        assert database.search.search(np.eye(1, 40, dtype=np.float32), 3).persons.shape == (1, 0)


def test_a_version_proves_itself_by_finding_its_own_faces(installed: InstalledVersion, tmp_path: Path) -> None:
    prove(installed, PACK_SPACE, tmp_path, KERNEL, CancelToken())
    prove(installed, plain_space(installed.manifest), tmp_path, KERNEL, CancelToken())


def test_a_version_whose_faces_do_not_find_themselves_is_not_put_into_use(
    installed: InstalledVersion, tmp_path: Path
) -> None:
    members = [person(number) for number in range(20)]
    version = install_version(PerformersLibrary(tmp_path / "performers"), members)
    for embedder in version.manifest.embedders:
        path = version.folder / embedder.file
        content = bytearray(path.read_bytes())
        content[-embedder.dim * 2 * 20 :] = bytes(embedder.dim * 2 * 20)
        path.write_bytes(content)
    with pytest.raises(CanaryFailed):
        prove(version, PACK_SPACE, tmp_path, KERNEL, CancelToken())


@pytest.mark.parametrize("name", ["performers.db", "vectors-first.npy"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "noise"])
def test_a_damaged_file_is_an_error_of_ours(tmp_path: Path, name: str, damage: str) -> None:
    version = install_version(PerformersLibrary(tmp_path / "performers"), people(30))
    path = version.folder / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 3], "noise": b"\x93" * len(content)}[damage])
    with pytest.raises(DatabaseDamaged):
        prove(version, PACK_SPACE, tmp_path, KERNEL, CancelToken())


def test_what_is_derived_to_prove_a_version_without_its_pack_is_gone(tmp_path: Path) -> None:
    version = install_version(PerformersLibrary(tmp_path / "performers"), people(10_001, 1))
    derived = tmp_path / "derived"
    prove_plainly(version, derived, KERNEL, CancelToken())
    assert list(derived.iterdir()) == []
    prove(version, PACK_SPACE, derived, KERNEL, CancelToken())
    assert len(list(derived.iterdir())) == 1
