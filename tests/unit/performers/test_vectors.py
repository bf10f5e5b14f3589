"""Rows of vector files: read as they were written, from files that are there and whole."""

from pathlib import Path

import numpy as np
import pytest

from stash_sense.errors import DatabaseDamaged
from stash_sense.kernel.arrays import Floats
from stash_sense.performers.vectors import FusedVectors, VectorFile, map_vectors
from stash_sense.recognition.space import unit

ROWS, DIM = 700, 24


@pytest.fixture
def vectors() -> Floats:
    return unit(np.random.default_rng(0).normal(size=(ROWS, DIM)).astype(np.float32))


@pytest.fixture
def path(tmp_path: Path, vectors: Floats) -> Path:
    with VectorFile(tmp_path / "vectors.npy", DIM, "float32") as file:
        file.append(vectors)
        file.finish()
    return tmp_path / "vectors.npy"


def test_rows_come_in_the_order_asked_for(path: Path, vectors: Floats) -> None:
    fused = FusedVectors([(map_vectors(path, ROWS, DIM, "float32"), 1.0)])
    rows = np.array([699, 0, 3, 3, 12])
    np.testing.assert_allclose(fused.rows(rows), vectors[rows], atol=1e-6)
    assert fused.rows(np.zeros(0, np.int64)).shape == (0, DIM)


def test_blocks_are_neighbouring_rows(path: Path, vectors: Floats) -> None:
    fused = FusedVectors([(map_vectors(path, ROWS, DIM, "float32"), 1.0)])
    np.testing.assert_allclose(fused.block(5, ROWS), vectors[5:], atol=1e-6)
    assert fused.block(9, 9).shape == (0, DIM)


def test_a_part_of_a_mapped_file_is_that_part(path: Path, vectors: Floats) -> None:
    fused = FusedVectors([(map_vectors(path, ROWS, DIM, "float32")[100:200], 1.0)])
    assert fused.count == 100
    np.testing.assert_allclose(fused.rows(np.array([0, 99])), vectors[[100, 199]], atol=1e-6)


def test_a_file_that_was_removed_is_read_on_by_who_has_it_open(path: Path, vectors: Floats) -> None:
    fused = FusedVectors([(map_vectors(path, ROWS, DIM, "float32"), 1.0)])
    path.unlink()
    np.testing.assert_allclose(fused.rows(np.array([7])), vectors[[7]], atol=1e-6)


def test_a_file_that_was_removed_in_between_is_damage(path: Path) -> None:
    mapped = map_vectors(path, ROWS, DIM, "float32")
    path.unlink()
    with pytest.raises(DatabaseDamaged):
        FusedVectors([(mapped, 1.0)])


def test_a_file_that_was_cut_short_is_damage_and_no_crash(path: Path) -> None:
    fused = FusedVectors([(map_vectors(path, ROWS, DIM, "float32"), 1.0)])
    with path.open("r+b") as file:
        file.truncate(4000)
    with pytest.raises(DatabaseDamaged, match="middle"):
        fused.rows(np.array([1, 699]))
    with pytest.raises(DatabaseDamaged, match="middle"):
        fused.block(0, ROWS)
