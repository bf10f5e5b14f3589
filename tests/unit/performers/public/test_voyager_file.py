import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import voyager
from tests.public_release_files import E4M3, FLOAT32, made_vectors, write_index

from stash_sense.errors import InputMissing, InputUnreadable, VoyagerDamaged, VoyagerUnknown
from stash_sense.kernel.arrays import Floats
from stash_sense.performers.public.voyager_file import VoyagerFile, e4m3_values, float8_values
from stash_sense.performers.public.voyager_header import Metadata, Space, Storage
from stash_sense.recognition.space import unit

FLOAT8 = voyager.StorageDataType.Float8
DIM = 24
HEADER, BEGIN = 19, 115
every_storage = pytest.mark.parametrize("storage", [E4M3, FLOAT8, FLOAT32], ids=["e4m3", "float8", "float32"])


def index_of(path: Path, count: int = 300, storage: Any = FLOAT32, **options: Any) -> Path:
    write_index(path, made_vectors(count, 3, DIM), storage, **options)
    return path


def library_vectors(path: Path, labels: list[int]) -> Floats:
    return unit(voyager.Index.load(str(path)).get_vectors(labels))


@every_storage
def test_vectors_are_those_that_the_library_gives_at_unit_length(tmp_path: Path, storage: Any) -> None:
    path = index_of(tmp_path / "index.voy", storage=storage)
    with VoyagerFile(path) as file:
        got = file.vectors(np.arange(300))
        assert (file.dim, file.count, file.space, file.storage.name) == (DIM, 300, Space.COSINE, storage.name.upper())
    assert got.usable.all()
    np.testing.assert_allclose(got.vectors, library_vectors(path, list(range(300))), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(got.vectors, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize(("storage", "values"), [(E4M3, e4m3_values()), (FLOAT8, float8_values())])
def test_every_byte_stands_for_the_number_that_the_library_takes_it_for(
    tmp_path: Path, storage: Any, values: Floats
) -> None:
    path = index_of(tmp_path / "index.voy", 256, storage, labels=np.arange(256))
    content = bytearray(path.read_bytes())
    element, label, vector = struct.unpack_from("<QQQ", content, 43)
    for byte in range(256):
        start = BEGIN + byte * element
        content[start + vector : start + label] = bytes([byte] * DIM)
        content[start + label : start + element] = byte.to_bytes(8, "little")
    path.write_bytes(content)
    theirs = voyager.Index.load(str(path)).get_vectors(list(range(256)))
    np.testing.assert_array_equal(theirs, np.repeat(values[:, np.newaxis], DIM, axis=1))


@every_storage
@pytest.mark.parametrize("space", [voyager.Space.InnerProduct, voyager.Space.Euclidean])
def test_vectors_of_other_spaces_are_read_too(tmp_path: Path, storage: Any, space: Any) -> None:
    path = tmp_path / "index.voy"
    index = voyager.Index(space, DIM, M=4, ef_construction=16, storage_data_type=storage)
    index.add_items(made_vectors(50, 1, DIM), num_threads=1)
    index.save(str(path))
    with VoyagerFile(path) as file:
        got = file.vectors(np.arange(50))
    np.testing.assert_allclose(got.vectors, library_vectors(path, list(range(50))), atol=1e-6)


def test_labels_may_be_any_numbers_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "index.voy"
    labels = [70, 3, 2**40, 0]
    index = voyager.Index(voyager.Space.Cosine, DIM, storage_data_type=FLOAT32)
    index.add_items(made_vectors(4, 1, DIM), ids=labels)
    index.save(str(path))
    with VoyagerFile(path) as file:
        assert file.labels.tolist() == [0, 3, 70, 2**40]
        got = file.vectors(np.array([2**40, 5, 3, 3]))
    assert got.usable.tolist() == [True, False, True, True]
    np.testing.assert_allclose(got.vectors[[0, 2, 3]], made_vectors(4, 1, DIM)[[2, 1, 1]], atol=1e-6)
    assert not got.vectors[1].any()


def test_blocks_give_all_vectors_in_the_order_of_their_labels(tmp_path: Path) -> None:
    path = index_of(tmp_path / "index.voy", 100)
    with VoyagerFile(path) as file:
        blocks = list(file.blocks(30))
        whole = file.vectors(file.labels)
    assert [len(block.labels) for block in blocks] == [30, 30, 30, 10]
    np.testing.assert_array_equal(np.concatenate([block.labels for block in blocks]), np.arange(100))
    np.testing.assert_array_equal(np.concatenate([block.vectors for block in blocks]), whole.vectors)


def test_vectors_far_apart_in_a_file_larger_than_one_read_are_found(tmp_path: Path) -> None:
    vectors = made_vectors(3000, 5, 512)
    write_index(tmp_path / "index.voy", vectors)
    wanted = np.random.default_rng(0).choice(3000, 40, replace=False)
    with VoyagerFile(tmp_path / "index.voy") as file:
        np.testing.assert_allclose(file.vectors(wanted).vectors, vectors[wanted], atol=1e-6)
        np.testing.assert_allclose(file.vectors(np.arange(3000)).vectors, vectors, atol=1e-6)


def test_what_is_marked_as_deleted_is_not_there(tmp_path: Path) -> None:
    path = index_of(tmp_path / "index.voy", 20)
    index = voyager.Index.load(str(path))
    index.mark_deleted(7)
    index.save(str(path))
    with VoyagerFile(path) as file:
        assert file.count == 20
        assert 7 not in file.labels
        assert not file.vectors(np.array([7])).usable[0]


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 0.0, 1e38])
def test_a_vector_that_is_no_direction_is_marked_and_zero(tmp_path: Path, number: float) -> None:
    path = index_of(tmp_path / "index.voy", 3, labels=[0, 1, 2])
    content = bytearray(path.read_bytes())
    element, _, vector = struct.unpack_from("<QQQ", content, 43)
    start = BEGIN + element + vector
    content[start : start + 4 * DIM] = np.full(DIM, number, "<f4").tobytes()
    path.write_bytes(content)
    with VoyagerFile(path) as file:
        got = file.vectors(np.arange(3))
    assert got.usable.tolist() == [True, False, True]
    assert not got.vectors[1].any()
    assert np.isfinite(got.vectors).all()


def test_an_empty_index_has_no_vectors(tmp_path: Path) -> None:
    path = index_of(tmp_path / "index.voy", 0)
    with VoyagerFile(path) as file:
        file.check_graph()
        assert file.count == 0
        assert list(file.blocks(10)) == []
        assert file.vectors(np.array([0, 1])).usable.tolist() == [False, False]


def test_a_file_without_a_header_is_read_by_what_the_caller_says(tmp_path: Path) -> None:
    path = index_of(tmp_path / "index.voy", 50)
    expected = library_vectors(path, list(range(50)))
    old = tmp_path / "old.voy"
    old.write_bytes(path.read_bytes()[HEADER:])
    with VoyagerFile(old, Metadata(DIM, Space.COSINE, Storage.FLOAT32)) as file:
        file.check_graph()
        np.testing.assert_allclose(file.vectors(np.arange(50)).vectors, expected, atol=1e-6)
    with pytest.raises(VoyagerDamaged, match="does not begin"):
        VoyagerFile(old)
    with pytest.raises(VoyagerDamaged, match="does not fit 25 numbers"):
        VoyagerFile(old, Metadata(DIM + 1, Space.COSINE, Storage.FLOAT32))


def test_a_newer_version_of_the_format_is_said_to_be_one(tmp_path: Path) -> None:
    path = index_of(tmp_path / "index.voy", 3)
    path.write_bytes(b"VOYA\2" + path.read_bytes()[5:])
    with pytest.raises(VoyagerUnknown, match="version 2 of the format"):
        VoyagerFile(path)


def test_a_label_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = index_of(tmp_path / "index.voy", 3)
    content = bytearray(path.read_bytes())
    element, label, _ = struct.unpack_from("<QQQ", content, 43)
    first = BEGIN + label
    content[first + element : first + element + 8] = content[first : first + 8]
    path.write_bytes(content)
    with VoyagerFile(path) as file, pytest.raises(VoyagerDamaged, match="each differently"):
        _ = file.labels


def test_a_file_that_is_shortened_while_it_is_open_is_an_error(tmp_path: Path) -> None:
    path = index_of(tmp_path / "index.voy")
    with VoyagerFile(path) as file:
        assert len(file.labels) == 300
        with path.open("r+b") as shortened:
            shortened.truncate(1000)
        with pytest.raises(VoyagerDamaged, match="shorter"):
            file.vectors(np.arange(300))


def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        VoyagerFile(tmp_path / "none.voy")
    with pytest.raises(InputUnreadable):
        VoyagerFile(tmp_path)


@every_storage
def test_a_graph_of_the_library_is_found_to_be_whole(tmp_path: Path, storage: Any) -> None:
    with VoyagerFile(index_of(tmp_path / "index.voy", storage=storage)) as file:
        file.check_graph()


@pytest.mark.parametrize("cut", [1, 100, 5000])
def test_a_graph_that_ends_too_early_or_too_late_is_not_whole(tmp_path: Path, cut: int) -> None:
    path = index_of(tmp_path / "index.voy")
    content = path.read_bytes()
    for changed in (content[:-cut], content + bytes(cut)):
        path.write_bytes(changed)
        with pytest.raises(VoyagerDamaged), VoyagerFile(path) as file:
            file.check_graph()
