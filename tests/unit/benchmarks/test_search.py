from pathlib import Path

import numpy as np
from benchmarks.scale import clustered
from benchmarks.scale.search import found_right, fused, truth


def test_people_are_made_as_crowded_as_real_ones(tmp_path: Path) -> None:
    clustered.write(tmp_path, (96, 64), faces=3000, probes=50)
    vectors, probes = clustered.read(tmp_path, (96, 64), 3000)
    assert (vectors.count, vectors.dim, probes.shape) == (3000, 160, (50, 160))
    everything = vectors.block(0, 3000)
    np.testing.assert_allclose(np.linalg.norm(everything, axis=1), 1.0, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(probes, axis=1), 1.0, atol=1e-3)
    cosines = everything @ everything.T
    neighbours = np.diagonal(cosines, 1)
    assert 0.4 < np.median(neighbours) < 0.7
    assert abs(np.median(cosines)) < 0.05
    best = (probes @ everything.T).max(axis=1)
    assert best[:40].mean() > best[40:].mean() + 0.05


def test_the_truth_is_every_row_compared(tmp_path: Path) -> None:
    clustered.write(tmp_path, (32,), faces=9000, probes=5)
    vectors, probes = clustered.read(tmp_path, (32,), 9000)
    cosines = probes.astype(np.float64) @ vectors.block(0, 9000).T.astype(np.float64)
    assert truth(vectors, probes).tolist() == np.argsort(-cosines, axis=1)[:, :10].tolist()


def test_what_one_list_lacks_has_its_largest_distance() -> None:
    joined = fused(np.array([1, 2, 3]), np.array([3, 4, 1]), np.array([0.1, 0.3, 0.4]), np.array([0.2, 0.3, 0.6]))
    assert joined.tolist() == [3, 1, 4, 2]


def test_recall_counts_rows_and_the_first_ones() -> None:
    found = found_right(np.array([[1, 2], [3, 4]]), np.array([[2, 1], [3, 5]]))
    assert found == {"recall": 0.75, "same_first": 0.5}
