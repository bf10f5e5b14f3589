import numpy as np
import pytest

from stash_sense.adapters.onnx.boxes import without_overlaps
from stash_sense.kernel.arrays import Floats


def boxes_of(*rows: tuple[float, float, float, float]) -> Floats:
    return np.array(rows, np.float32).reshape(-1, 4)


def scores_of(*values: float) -> Floats:
    return np.array(values, np.float32)


def overlap(first: Floats, second: Floats) -> float:
    shared = np.prod(np.maximum(np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2]), 0))
    return float(shared / (np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2]) - shared))


def test_boxes_apart_all_stay_best_first() -> None:
    boxes = boxes_of((0, 0, 10, 10), (20, 0, 30, 10), (0, 20, 10, 30))
    assert without_overlaps(boxes, scores_of(0.5, 0.9, 0.7), 0.4).tolist() == [1, 2, 0]


def test_the_weaker_of_two_that_overlap_goes() -> None:
    boxes = boxes_of((0, 0, 10, 10), (1, 1, 11, 11))
    assert without_overlaps(boxes, scores_of(0.5, 0.9), 0.4).tolist() == [1]


def test_a_box_stays_when_what_it_overlaps_has_gone_itself() -> None:
    boxes = boxes_of((0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10))
    assert without_overlaps(boxes, scores_of(0.9, 0.8, 0.7), 0.4).tolist() == [0, 2]


def test_an_overlap_of_exactly_the_limit_stays() -> None:
    boxes = boxes_of((0, 0, 10, 10), (0, 5, 10, 15))  # a third
    assert without_overlaps(boxes, scores_of(0.9, 0.8), 0.34).tolist() == [0, 1]
    assert without_overlaps(boxes, scores_of(0.9, 0.8), 0.33).tolist() == [0]


def test_of_equal_scores_the_earlier_row_is_kept() -> None:
    boxes = boxes_of((0, 0, 10, 10), (0, 0, 10, 10), (0, 0, 10, 10))
    assert without_overlaps(boxes, scores_of(0.5, 0.5, 0.5), 0.4).tolist() == [0]


def test_no_boxes_leave_none() -> None:
    kept = without_overlaps(boxes_of(), scores_of(), 0.4)
    assert kept.shape == (0,)
    assert kept.dtype == np.int64


def test_boxes_without_area_do_no_harm() -> None:
    boxes = boxes_of((5, 5, 5, 5), (5, 5, 5, 5), (9, 9, 1, 1))
    assert without_overlaps(boxes, scores_of(0.9, 0.8, 0.7), 0.4).tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", range(10))
def test_it_agrees_with_comparing_every_pair(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 100, (80, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 40, (80, 2))], axis=1).astype(np.float32)
    scores = rng.permutation(80).astype(np.float32)
    expected: list[int] = []
    for row in np.argsort(-scores):
        if all(overlap(boxes[row], boxes[kept]) <= 0.4 for kept in expected):
            expected.append(int(row))
    assert without_overlaps(boxes, scores, 0.4).tolist() == expected


def test_a_flood_of_candidates_is_cut_to_the_best() -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 1e6, (50_000, 2))
    boxes = np.concatenate([corners, corners + 1], axis=1).astype(np.float32)
    scores = rng.random(50_000).astype(np.float32)
    kept = without_overlaps(boxes, scores, 0.4)
    assert len(kept) <= 2000
    assert kept[0] == scores.argmax()
