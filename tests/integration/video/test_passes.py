import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from tests.media_files import RATE, number_in, truncated, write_video

from stash_sense.adapters.video.pyav import PyavOpener, PyavVideo
from stash_sense.errors import Cancelled, VideoDamaged
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan

PLAN = SamplingPlan(30)
"""Ten moments first, then twenty."""
LENGTH = 240
SPACING = 0.9 * LENGTH / RATE / 29
"""Seconds between the moments of `PLAN` in a video of `LENGTH` frames."""
GOPS = {
    "one keyframe": 9999,
    "few keyframes": 60,
    "some keyframes": 20,
    "a keyframe for each moment": 7,
    "keyframes only": 1,
}


@pytest.fixture(params=GOPS)
def video(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PyavVideo]:
    """A video opened, with B frames."""
    path = write_video(tmp_path / "a.mp4", frames=LENGTH, gop=GOPS[request.param], options={"bf": "2"})
    with PyavOpener(Limits()).open(path) as source:
        yield source


def passes_of(path: Path, plan: SamplingPlan = PLAN) -> list[list[int]]:
    """The numbers of the frames of each pass, after looking whether their times are true."""
    with PyavOpener(Limits()).open(path) as video:
        return [numbers_in(frames) for frames in video.passes(plan, CancelToken())]


def numbers_in(frames: Iterator[Frame]) -> list[int]:
    numbers = []
    for frame in frames:
        numbers.append(number_in(frame.image))
        assert frame.t == pytest.approx(numbers[-1] / RATE, abs=0.0011)
    return sorted(numbers)


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("video")]


def bytes_read() -> int:
    """Bytes that this process asked the system for, from the cache or not."""
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counts["rchar"])


def openings(path: Path) -> int:
    return sum(entry.exists() and entry.readlink() == path for entry in Path("/proc/self/fd").iterdir())


def test_no_frame_comes_in_two_passes_and_the_budget_is_kept(video: PyavVideo) -> None:
    first, second = (numbers_in(frames) for frames in video.passes(PLAN, CancelToken()))
    assert len({*first, *second}) == len(first) + len(second) <= PLAN.num_frames
    assert 5 <= len(first) <= 10


def test_all_passes_together_are_the_frames(video: PyavVideo) -> None:
    in_passes = numbers_in(chain.from_iterable(video.passes(PLAN, CancelToken())))
    assert in_passes == numbers_in(video.frames(PLAN, CancelToken()))


def test_each_pass_is_spread_over_the_video(video: PyavVideo) -> None:
    passes = [np.array(numbers_in(frames)) / RATE for frames in video.passes(PLAN, CancelToken())]
    for given, gap in ((passes[0], 3 * SPACING), (np.sort(np.concatenate(passes)), SPACING)):
        shown = given[given > 0]  # the keyframe at the very beginning serves the first moment, however far that is
        assert np.diff(shown).max() <= 2.1 * gap
        assert shown[0] <= 0.05 * LENGTH / RATE + 2.1 * gap
        assert shown[-1] >= 0.95 * LENGTH / RATE - 2.1 * gap


def test_exact_frames_are_within_half_a_spacing_of_their_moments(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=LENGTH, gop=80, options={"bf": "2"})
    moments = PLAN.passes(LENGTH / RATE)[0]
    times = np.array(passes_of(path)[0]) / RATE
    away = np.abs(times[1:, None] - moments).min(axis=1)  # the first is the keyframe at the beginning
    assert len(times) == len(moments)
    assert away.max() <= 1.5 * SPACING + 3 / RATE


def test_the_first_pass_takes_keyframes_only_where_there_are_enough_for_it(tmp_path: Path) -> None:
    """Twelve keyframes are enough for ten moments and too few for thirty."""
    first, second = passes_of(write_video(tmp_path / "a.mp4", frames=LENGTH, gop=20))
    assert all(number % 20 == 0 for number in first)
    assert any(number % 20 for number in second)
    assert len(first) + len(second) == PLAN.num_frames


def test_the_second_pass_takes_keyframes_only_where_there_are_enough_for_both(tmp_path: Path) -> None:
    first, second = passes_of(write_video(tmp_path / "a.mp4", frames=LENGTH, gop=10))
    assert all(number % 10 == 0 for number in first + second)


def test_moments_that_shared_a_keyframe_in_the_first_pass_are_decoded_in_the_second(tmp_path: Path) -> None:
    first, second = passes_of(write_video(tmp_path / "a.mp4", frames=LENGTH, gop=36))
    assert len(first) < 10
    assert len(first) + len(second) == PLAN.num_frames


@pytest.mark.parametrize("gop", [5, 60])
def test_nothing_of_the_second_pass_is_read_before_it_is_asked_for(tmp_path: Path, gop: int) -> None:
    path = write_video(tmp_path / "a.mp4", frames=LENGTH, gop=gop)
    with PyavOpener(Limits()).open(path) as video:
        passes = video.passes(PLAN, CancelToken())
        for _ in next(passes):
            pass
        before = bytes_read()
        own = bytes_read() - before  # what asking takes
        assert bytes_read() - before <= 3 * own
        assert not workers()
        second = list(next(passes))
        assert second
        assert bytes_read() - before > 10 * own


def test_a_pass_that_was_not_begun_reads_nothing(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=LENGTH, gop=20)
    with PyavOpener(Limits()).open(path) as video:
        assert openings(path) == 1
        next(video.passes(PLAN, CancelToken()))
        assert openings(path) == 1
        assert not workers()


def test_the_file_is_not_opened_again_for_the_second_pass_or_another_reading(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=LENGTH, gop=20)
    with PyavOpener(Limits(), containers=2).open(path) as video:
        for _ in range(3):
            for frames in video.passes(PLAN, CancelToken()):
                list(frames)
                assert openings(path) <= 2
    assert openings(path) == 0


class TestLeaving:
    def test_leaving_after_the_first_pass_leaves_no_thread(self, video: PyavVideo) -> None:
        for frames in video.passes(PLAN, CancelToken()):
            assert list(frames)
            break
        assert not workers()

    def test_closing_a_pass_midway_ends_its_threads_and_the_next_goes_on(self, video: PyavVideo) -> None:
        passes = video.passes(PLAN, CancelToken())
        first = next(passes)
        taken = number_in(next(first).image)
        first.close()  # type: ignore[attr-defined]
        assert not workers()
        assert taken not in numbers_in(next(passes))

    def test_asking_for_the_next_pass_ends_the_one_before(self, video: PyavVideo) -> None:
        passes = video.passes(PLAN, CancelToken())
        first = next(passes)
        next(first)
        next(passes)
        assert not workers()
        assert list(first) == []

    def test_closing_the_passes_ends_the_one_that_is_read(self, video: PyavVideo) -> None:
        passes = video.passes(PLAN, CancelToken())
        next(next(passes))
        passes.close()  # type: ignore[attr-defined]
        assert not workers()

    def test_closing_the_video_ends_a_pass_that_is_still_read(self, tmp_path: Path) -> None:
        path = write_video(tmp_path / "a.mp4", frames=LENGTH, gop=5)
        with PyavOpener(Limits()).open(path) as video:
            passes = video.passes(PLAN, CancelToken())
            frames = next(passes)
            next(frames)
            assert workers()
        assert not workers()
        assert openings(path) == 0


class TestCancelling:
    def test_between_two_passes(self, video: PyavVideo) -> None:
        cancel = CancelToken()
        passes = video.passes(PLAN, cancel)
        list(next(passes))
        cancel.cancel()
        with pytest.raises(Cancelled):
            list(next(passes))
        assert not workers()

    def test_within_the_second_pass(self, tmp_path: Path) -> None:
        cancel = CancelToken()
        path = write_video(tmp_path / "a.mp4", frames=LENGTH, gop=20)
        with PyavOpener(Limits()).open(path) as video:
            passes = video.passes(PLAN, cancel)
            list(next(passes))
            second = next(passes)
            next(second)
            cancel.cancel()
            with pytest.raises(Cancelled):
                list(second)
            assert not workers()

    def test_before_the_first(self, video: PyavVideo) -> None:
        cancel = CancelToken()
        cancel.cancel()
        with pytest.raises(Cancelled):
            list(chain.from_iterable(video.passes(PLAN, cancel)))


def test_a_clip_shorter_than_the_budget_gives_each_of_its_frames_once(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=12, gop=250)
    first, second = passes_of(path, SamplingPlan(60, 0.0, 1.0))
    assert sorted(first + second) == list(range(12))


def test_a_video_of_one_frame_gives_it_in_the_first_pass(tmp_path: Path) -> None:
    assert passes_of(write_video(tmp_path / "a.mp4", frames=1)) == [[0], []]


def test_a_plan_of_one_pass_has_one(tmp_path: Path) -> None:
    assert len(passes_of(write_video(tmp_path / "a.mp4"), SamplingPlan(29))) == 1


def test_an_unknown_duration_is_measured_by_the_first_pass(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.h264", frames=LENGTH, gop=8, container="h264")
    with PyavOpener(Limits()).open(path) as video:
        passes = video.passes(PLAN, CancelToken())
        assert video.info.duration == 0.0
        numbers = []
        for frames in passes:
            assert video.info.duration == pytest.approx(LENGTH / 25, abs=0.05)  # a raw stream has libav's 25 a second
            for frame in frames:
                numbers.append(number_in(frame.image))
                assert frame.t == pytest.approx(numbers[-1] / 25)
    assert len(set(numbers)) == len(numbers) >= PLAN.num_frames // 2


@pytest.mark.parametrize("gop", [6, 9999])
def test_of_a_truncated_video_both_passes_give_what_decodes(tmp_path: Path, gop: int) -> None:
    first, second = passes_of(truncated(write_video(tmp_path / "a.mkv", frames=LENGTH, gop=gop), 0.6))
    assert first
    assert second
    assert not {*first} & {*second}


def test_a_video_of_which_nothing_decodes_is_damaged_by_the_end_of_the_first_pass(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=LENGTH, gop=20, container_options={"movflags": "faststart"})
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    content[start:] = bytes(len(content) - start)
    path.write_bytes(content)
    with PyavOpener(Limits()).open(path) as video, pytest.raises(VideoDamaged):
        list(next(video.passes(PLAN, CancelToken())))
