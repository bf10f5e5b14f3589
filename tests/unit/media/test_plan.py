import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash_sense.errors import SettingInvalid
from stash_sense.kernel.limits import MAX_FRAMES, MIN_FRAMES
from stash_sense.media.plan import SamplingPlan

durations = st.floats(min_value=1e-3, max_value=1e6, allow_nan=False)
frame_counts = st.integers(MIN_FRAMES, MAX_FRAMES)


@given(duration=durations, num_frames=frame_counts)
def test_targets_are_evenly_spaced_from_the_first_to_the_last_twentieth(duration: float, num_frames: int) -> None:
    targets = SamplingPlan(num_frames).targets(duration)
    assert targets.shape == (num_frames,)
    assert targets[0] == pytest.approx(0.05 * duration)
    assert targets[-1] == pytest.approx(0.95 * duration)
    steps = np.diff(targets)
    assert (steps > 0).all()
    assert steps == pytest.approx(steps.mean(), rel=1e-6)


@given(
    duration=durations, num_frames=frame_counts, edges=st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True)
)
def test_targets_stay_within_the_sampled_part(duration: float, num_frames: int, edges: list[float]) -> None:
    start, end = sorted(edges)
    targets = SamplingPlan(num_frames, start, end).targets(duration)
    assert (targets >= start * duration).all()
    assert (targets <= end * duration).all()


@pytest.mark.parametrize("duration", [0.0, -1.0, math.nan, math.inf])
def test_without_a_duration_only_the_first_frame_is_planned(duration: float) -> None:
    assert SamplingPlan().targets(duration).tolist() == [0.0]


@given(duration=durations, num_frames=frame_counts)
def test_each_moment_is_looked_at_in_one_pass(duration: float, num_frames: int) -> None:
    plan = SamplingPlan(num_frames)
    passes = plan.passes(duration)
    assert np.sort(np.concatenate(passes)).tolist() == plan.targets(duration).tolist()
    assert all((np.diff(moments) > 0).all() for moments in passes)


@pytest.mark.parametrize(
    ("num_frames", "sizes"),
    [(10, [10]), (29, [29]), (30, [10, 20]), (60, [20, 40]), (61, [20, 41]), (200, [67, 133])],
)
def test_the_first_pass_is_a_third_of_a_plan_that_is_large_enough(num_frames: int, sizes: list[int]) -> None:
    assert [len(moments) for moments in SamplingPlan(num_frames).passes(100.0)] == sizes


@given(duration=durations, num_frames=st.integers(30, MAX_FRAMES))
def test_the_first_pass_is_spread_over_the_whole_sampled_part(duration: float, num_frames: int) -> None:
    plan = SamplingPlan(num_frames)
    targets, first = plan.targets(duration), plan.passes(duration)[0]
    away = np.abs(targets[:, None] - first).min(axis=1)
    assert away.max() <= 2.001 * np.diff(targets).max()


@pytest.mark.parametrize("duration", [0.0, math.nan])
def test_without_a_duration_there_is_one_pass(duration: float) -> None:
    assert [moments.tolist() for moments in SamplingPlan().passes(duration)] == [[0.0]]


@pytest.mark.parametrize("num_frames", [MIN_FRAMES - 1, MAX_FRAMES + 1, 0, -5])
def test_a_number_of_frames_out_of_range_is_refused(num_frames: int) -> None:
    with pytest.raises(SettingInvalid, match="num_frames"):
        SamplingPlan(num_frames)


@pytest.mark.parametrize(("start", "end"), [(0.5, 0.5), (0.9, 0.1), (-0.1, 0.5), (0.5, 1.1)])
def test_a_part_that_is_none_is_refused(start: float, end: float) -> None:
    with pytest.raises(SettingInvalid, match="start before"):
        SamplingPlan(start=start, end=end)
