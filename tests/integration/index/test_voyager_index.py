import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.public_release_files import made_vectors, write_index

from stash_sense.adapters.index.voyager_index import VoyagerIndex, export
from stash_sense.errors import Cancelled, StorageError, VoyagerDamaged, VoyagerUnknown
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.performers.public.voyager_file import VoyagerFile
from stash_sense.performers.search.index import ArrayVectors, VectorIndex

DIM = 32


def exported(path: Path, count: int = 400) -> Path:
    export(ArrayVectors(made_vectors(count, 1, DIM)), path)
    return path


def test_the_nearest_rows_are_found_best_first(tmp_path: Path) -> None:
    index: VectorIndex = VoyagerIndex(exported(tmp_path / "faces.voy"))
    vectors, probes = made_vectors(400, 1, DIM), made_vectors(20, 2, DIM)
    nearest = index.search(probes, 5)
    cosines = probes @ vectors.T
    assert (index.count, index.dim) == (400, DIM)
    np.testing.assert_array_equal(nearest.rows, np.argsort(-cosines, axis=1, kind="stable")[:, :5])
    np.testing.assert_allclose(nearest.cosines, -np.sort(-cosines, axis=1)[:, :5], atol=1e-5)
    assert [str(part.dtype) for part in (nearest.rows, nearest.cosines)] == ["int64", "float32"]


def test_of_equal_rows_the_lower_one_comes_first(tmp_path: Path) -> None:
    vectors = np.repeat(made_vectors(3, 1, DIM), 4, axis=0)
    export(ArrayVectors(vectors), tmp_path / "faces.voy")
    assert VoyagerIndex(tmp_path / "faces.voy").search(vectors[[4]], 4).rows.tolist() == [[4, 5, 6, 7]]


def test_asked_for_more_than_there_are_it_gives_all(tmp_path: Path) -> None:
    index = VoyagerIndex(exported(tmp_path / "faces.voy", 7))
    assert np.sort(index.search(made_vectors(3, 2, DIM), 50).rows, axis=1).tolist() == [list(range(7))] * 3


def test_rows_beyond_the_reach_of_the_graph_are_found_by_looking_at_all(tmp_path: Path) -> None:
    # Two crowds far apart, each larger than the links of its members: the graph falls into two parts.
    crowds = np.repeat(np.stack([np.eye(DIM)[0], -np.eye(DIM)[0]]), 300, axis=0).astype(np.float32)
    export(ArrayVectors(crowds), tmp_path / "faces.voy", links=2, build_depth=2)
    nearest = VoyagerIndex(tmp_path / "faces.voy", depth=2).search(crowds[[0, 599]], 600)
    assert np.sort(nearest.rows, axis=1).tolist() == [list(range(600))] * 2
    assert nearest.rows[0, :300].tolist() == list(range(300))


def test_an_index_of_nothing_and_a_search_for_nothing_give_nothing(tmp_path: Path) -> None:
    empty = VoyagerIndex(exported(tmp_path / "empty.voy", 0))
    assert empty.search(made_vectors(2, 1, DIM), 5).rows.shape == (2, 0)
    index = VoyagerIndex(exported(tmp_path / "faces.voy", 9))
    assert index.search(np.zeros((0, DIM), np.float32), 5).cosines.shape == (0, 5)


def test_an_exported_file_holds_the_vectors_by_row(tmp_path: Path) -> None:
    reports: list[Progress] = []
    export(ArrayVectors(made_vectors(5000, 1, DIM)), tmp_path / "faces.voy", reports.append, links=4, build_depth=16)
    with VoyagerFile(tmp_path / "faces.voy") as file:
        np.testing.assert_allclose(file.vectors(np.arange(5000)).vectors, made_vectors(5000, 1, DIM), atol=1e-6)
    assert [(report.done, report.total) for report in reports] == [(4096, 5000), (5000, 5000)]


def test_a_stopped_export_leaves_nothing(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        export(ArrayVectors(made_vectors(10, 1, DIM)), tmp_path / "faces.voy", cancel=cancel)
    assert list(tmp_path.iterdir()) == []


def test_an_export_to_where_nothing_can_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        exported(tmp_path / "file" / "faces.voy", 3)
    (tmp_path / "faces.voy").mkdir()
    with pytest.raises(StorageError):
        exported(tmp_path / "faces.voy", 3)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "faces.voy"}


def test_a_damaged_file_never_reaches_the_library(tmp_path: Path) -> None:
    path = exported(tmp_path / "faces.voy")
    content = bytearray(path.read_bytes())
    content[115 + 4 : 115 + 8] = b"\xff\xff\xff\x7f"  # the first link of the first element
    path.write_bytes(content)
    with pytest.raises(VoyagerDamaged):
        VoyagerIndex(path)


def test_a_file_of_other_labels_is_refused(tmp_path: Path) -> None:
    write_index(tmp_path / "faces.voy", made_vectors(9, 1, DIM), labels=[0, 1, 2, 8])
    with pytest.raises(VoyagerUnknown, match="no rows"):
        VoyagerIndex(tmp_path / "faces.voy")


def test_without_the_library_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['voyager'] = None\n"
        "from pathlib import Path\n"
        "from stash_sense.adapters.index.voyager_index import VoyagerIndex\n"
        "from stash_sense.errors import VoyagerMissing\n"
        "try:\n    VoyagerIndex(Path('none'))\n"
        "except VoyagerMissing as error:\n    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "stash-sense[voyager]" in said
