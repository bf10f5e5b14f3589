import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.public_release_files import made_vectors, write_index

from stash_sense.errors import VoyagerError
from stash_sense.kernel.arrays import Floats
from stash_sense.performers.public.voyager_file import VoyagerFile

DIM, COUNT = 16, 60
HEAD = 115
FIELDS = {
    "version": (4, "<i"),
    "dim": (8, "<i"),
    "space": (12, "<B"),
    "storage": (13, "<B"),
    "longer": (18, "<B"),
    "first": (19, "<Q"),
    "room": (27, "<Q"),
    "count": (35, "<Q"),
    "element": (43, "<Q"),
    "label": (51, "<Q"),
    "vector": (59, "<Q"),
    "top": (67, "<i"),
    "entry": (71, "<I"),
    "above": (75, "<Q"),
    "bottom": (83, "<Q"),
    "m": (91, "<Q"),
}
LARGEST = {"<B": 2**8 - 1, "<i": 2**31 - 1, "<I": 2**32 - 1, "<Q": 2**64 - 1}
MEMORY = 16 * 1024 * 1024
"""Bytes that reading may take at most, of a file of 7 kB: a piece of 4 MB is never needed for it."""


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("voyager") / "genuine.voy"
    write_index(path, made_vectors(COUNT, 1, DIM))
    return path.read_bytes()


def read_all(path: Path) -> Floats | None:
    """All that a file holds; None where it is refused."""
    tracemalloc.start()
    try:
        with VoyagerFile(path) as file:
            file.check_graph()
            vectors = file.vectors(file.labels)
            assert np.isfinite(vectors.vectors).all()
            return vectors.vectors
    except VoyagerError:
        return None
    finally:
        assert tracemalloc.get_traced_memory()[1] < MEMORY
        tracemalloc.stop()


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ["zero", "one", "half", "largest", "off by one"])
def test_no_number_of_the_header_leads_outside_of_the_file(
    genuine: bytes, tmp_path: Path, field: str, value: str
) -> None:
    place, form = FIELDS[field]
    before = struct.unpack_from(form, genuine, place)[0]
    largest = LARGEST[form]
    number = {"zero": 0, "one": 1, "half": largest // 2, "largest": largest, "off by one": (before + 1) & largest}[
        value
    ]
    content = bytearray(genuine)
    struct.pack_into(form, content, place, number)
    (tmp_path / "hostile.voy").write_bytes(content)
    read = read_all(tmp_path / "hostile.voy")
    assert read is None or len(read) <= COUNT


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, HEAD - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_header_is_refused_or_gives_vectors_of_the_file(
    genuine: bytes, tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(genuine)
    for place, byte in changes:
        content[place] = byte
    (tmp_path / "fuzzed.voy").write_bytes(content)
    read = read_all(tmp_path / "fuzzed.voy")
    assert read is None or len(read) <= COUNT


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_behind_the_header_are_refused_or_read(genuine: bytes, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(genuine)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(HEAD, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "fuzzed.voy").write_bytes(content)
    read = read_all(tmp_path / "fuzzed.voy")
    assert read is None or len(read) <= COUNT


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 6000))
def test_a_file_cut_anywhere_is_refused(genuine: bytes, tmp_path: Path, length: int) -> None:
    (tmp_path / "cut.voy").write_bytes(genuine[: min(length, len(genuine) - 1)])
    assert read_all(tmp_path / "cut.voy") is None


def test_a_link_to_an_element_that_is_not_there_is_refused(genuine: bytes, tmp_path: Path) -> None:
    content = bytearray(genuine)
    struct.pack_into("<I", content, HEAD + 4, COUNT)
    (tmp_path / "hostile.voy").write_bytes(content)
    with VoyagerFile(tmp_path / "hostile.voy") as file, pytest.raises(VoyagerError, match="leads nowhere"):
        file.check_graph()


def test_more_links_than_there_is_room_for_are_refused(genuine: bytes, tmp_path: Path) -> None:
    content = bytearray(genuine)
    struct.pack_into("<H", content, HEAD, 9)
    (tmp_path / "hostile.voy").write_bytes(content)
    with VoyagerFile(tmp_path / "hostile.voy") as file, pytest.raises(VoyagerError, match="leads nowhere"):
        file.check_graph()


def test_a_search_that_begins_on_a_level_which_its_element_lacks_is_refused(genuine: bytes, tmp_path: Path) -> None:
    content = bytearray(genuine)
    top = struct.unpack_from("<i", content, 67)[0]
    struct.pack_into("<i", content, 67, top + 1)
    (tmp_path / "hostile.voy").write_bytes(content)
    with VoyagerFile(tmp_path / "hostile.voy") as file, pytest.raises(VoyagerError, match="does not have"):
        file.check_graph()
