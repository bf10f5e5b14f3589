import os
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from tests.media_files import HEIGHT, RATE, WIDTH, number_in, numbered, write_video

from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.errors import Cancelled, PictureTooLarge
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import VideoInfo

PLAN = SamplingPlan(20)
CODECS: dict[str, dict[str, object]] = {
    "h264.mp4": {},
    "h264.mkv": {},
    "h264.flv": {"container": "flv"},
    "h264.ts": {"container": "mpegts"},
    "h264-with-b-frames.mp4": {"options": {"preset": "medium"}},
    "h264-with-b-frames.ts": {"container": "mpegts", "options": {"preset": "medium"}},
    "hevc.mp4": {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none"}},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mpeg4-with-b-frames.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "mpeg2.mxf": {"codec": "mpeg2video"},
    "wmv2.wmv": {"codec": "wmv2"},
    "fragmented.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
}


def frames_of(path: Path, plan: SamplingPlan = PLAN, containers: int = 2) -> list[Frame]:
    with PyavOpener(Limits(), containers).open(path) as video:
        return sorted(video.frames(plan, CancelToken()), key=lambda frame: frame.t or 0.0)


def info_of(path: Path) -> VideoInfo:
    with PyavOpener(Limits()).open(path) as video:
        return video.info


def numbers_in(frames: list[Frame]) -> list[int]:
    return [number_in(frame.image) for frame in frames]


def assert_times_are_those_of_the_pixels(frames: list[Frame], times: list[float] | None = None) -> None:
    for frame in frames:
        number = number_in(frame.image)
        # Containers with ticks of a millisecond round by half of one, on both ends.
        assert frame.t == pytest.approx(number / RATE if times is None else times[number], abs=0.0011)


@pytest.mark.parametrize("gop", [5, 12, 90])
@pytest.mark.parametrize("name", CODECS)
def test_times_are_true_to_the_frame_and_each_frame_comes_once(tmp_path: Path, name: str, gop: int) -> None:
    video = write_video(tmp_path / name, frames=90, gop=gop, **CODECS[name])  # type: ignore[arg-type]
    frames = frames_of(video)
    assert_times_are_those_of_the_pixels(frames)
    numbers = numbers_in(frames)
    assert len(set(numbers)) == len(numbers)
    assert len(numbers) >= (PLAN.num_frames if gop == 90 else PLAN.num_frames // 2)
    assert len(numbers) <= PLAN.num_frames


def test_with_enough_keyframes_only_keyframes_are_given(tmp_path: Path) -> None:
    numbers = numbers_in(frames_of(write_video(tmp_path / "a.mp4", frames=300, gop=15)))
    assert all(number % 15 == 0 for number in numbers)
    assert len(numbers) >= PLAN.num_frames - 3


def test_the_nearest_keyframe_is_taken_not_only_the_one_before(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", frames=290, gop=20)
    moments = SamplingPlan(10).targets(290 / RATE)
    frames = frames_of(video, SamplingPlan(10))
    nearest = {int(round(moment * RATE / 20) * 20) for moment in moments.tolist()} - {300}
    assert set(numbers_in(frames)) <= nearest


def test_with_few_keyframes_frames_come_from_half_a_spacing_before_their_moments_to_soon_after(
    tmp_path: Path,
) -> None:
    frames = frames_of(write_video(tmp_path / "a.mp4", frames=120, gop=250))
    moments = PLAN.targets(4.0)
    late = np.array([frame.t or 0.0 for frame in frames[1:]]) - moments[1:]  # the first is served by the keyframe
    assert len(frames) == PLAN.num_frames
    assert late.min() >= -np.diff(moments).min() / 2 - 0.001
    assert late.max() <= 2 / RATE


@pytest.mark.parametrize("containers", [1, 2, 4])
def test_the_number_of_containers_changes_nothing_but_the_speed(tmp_path: Path, containers: int) -> None:
    video = write_video(tmp_path / "a.mkv", frames=150, gop=10)
    assert numbers_in(frames_of(video, containers=containers)) == numbers_in(frames_of(video, containers=3))


def test_a_variable_rate_keeps_its_times(tmp_path: Path) -> None:
    gaps = np.random.default_rng(5).choice([0.02, 0.04, 0.1, 0.5], 60)
    times = [float(time) for time in np.cumsum(gaps) - gaps[0]]
    for name, gop in (("a.mkv", 3), ("a.mp4", 3), ("b.mp4", 60)):
        frames = frames_of(write_video(tmp_path / name, frames=60, gop=gop, times=times))
        assert len(frames) >= 10
        assert_times_are_those_of_the_pixels(frames, times)


@pytest.mark.parametrize("name", ["one.mp4", "one.mkv", "one.ts", "one.webm"])
def test_a_video_of_one_frame_gives_it(tmp_path: Path, name: str) -> None:
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    container = "mpegts" if name.endswith("ts") else None
    frames = frames_of(write_video(tmp_path / name, frames=1, codec=codec, container=container))
    assert [frame.t for frame in frames] == [0.0]
    assert numbers_in(frames) == [0]


def test_the_last_frames_of_a_short_clip_are_reached(tmp_path: Path) -> None:
    frames = frames_of(write_video(tmp_path / "a.mp4", frames=10, gop=250), SamplingPlan(200, 0.0, 1.0))
    assert numbers_in(frames) == list(range(10))


def test_a_recording_without_a_duration_is_measured_by_its_packets(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.h264", frames=100, gop=10, container="h264")
    with PyavOpener(Limits()).open(path) as video:
        assert video.info.duration == 0.0
        frames = list(video.frames(PLAN, CancelToken()))
        # A raw stream does not say its rate either; libav takes 25 frames a second.
        assert video.info.duration == pytest.approx(4.0, abs=0.05)
    assert len(frames) >= PLAN.num_frames // 2
    for frame in frames:
        assert frame.t == pytest.approx(number_in(frame.image) / 25)


def test_what_the_container_says_is_told_before_a_frame_is_asked_for(tmp_path: Path) -> None:
    info = info_of(write_video(tmp_path / "a.mp4", frames=60))
    assert info == VideoInfo(duration=2.0, width=WIDTH, height=HEIGHT, frame_rate=30.0, codec="h264")


@pytest.mark.parametrize(("rotation", "turns"), [(0, 0), (90, 1), (180, 2), (-90, 3)])
def test_frames_are_upright(tmp_path: Path, rotation: int, turns: int) -> None:
    path = write_video(tmp_path / "a.mp4", frames=20, rotation=rotation)
    expected = np.rot90(numbered(0), turns)
    frames = frames_of(path)
    image = frames[0].image
    assert image.shape == expected.shape
    assert (info_of(path).height, info_of(path).width) == expected.shape[:2]
    assert np.abs(image.astype(int) - numbered_at(frames[0], turns)).mean() < 12
    assert image.flags["C_CONTIGUOUS"]
    assert image.dtype == np.uint8


def numbered_at(frame: Frame, turns: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.rot90(numbered(round((frame.t or 0.0) * RATE)), turns)


@pytest.mark.parametrize(
    ("matrix", "full_range"), [("bt709", False), ("smpte170m", False), ("bt709", True), ("bt2020nc", False)]
)
def test_colours_are_read_by_the_matrix_and_range_that_the_file_says(
    tmp_path: Path, matrix: str, full_range: bool
) -> None:
    path = tmp_path / "a.mp4"
    write_colour(path, (200, 40, 90), matrix, full_range)
    image = frames_of(path)[0].image
    assert image[HEIGHT // 2, WIDTH // 2].tolist() == pytest.approx([200, 40, 90], abs=4)


def write_colour(path: Path, rgb: tuple[int, int, int], matrix: str, full_range: bool) -> None:
    """Encode one colour as YUV that is computed here and not by the library that is tested."""
    from_red, from_blue = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}[
        matrix
    ]
    red, green, blue = (value / 255 for value in rgb)
    luma = from_red * red + (1 - from_red - from_blue) * green + from_blue * blue
    chroma = [(blue - luma) / (2 * (1 - from_blue)), (red - luma) / (2 * (1 - from_red))]
    values = [luma * 255, *(128 + value * 255 for value in chroma)]
    if not full_range:
        values = [16 + luma * 219, *(128 + value * 224 for value in chroma)]
    planes = [round(value) for value in values]
    picture = np.empty((HEIGHT * 3 // 2, WIDTH), np.uint8)
    picture[:HEIGHT] = planes[0]
    picture[HEIGHT : HEIGHT * 5 // 4] = planes[1]
    picture[HEIGHT * 5 // 4 :] = planes[2]
    options = {"colorspace": matrix, "color_range": "pc" if full_range else "tv", "qp": "4"}
    write_video(path, pictures=[picture] * 3, picture_format="yuv420p", options=options)


def test_ten_bit_hdr_can_be_read(tmp_path: Path) -> None:
    options = {"x265-params": "log-level=none", "colorspace": "bt2020nc", "color_trc": "smpte2084"}
    path = write_video(tmp_path / "a.mkv", frames=40, codec="libx265", pixel_format="yuv420p10le", options=options)
    frames = frames_of(path)
    assert_times_are_those_of_the_pixels(frames)


def test_frames_above_the_limit_are_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4")
    with (
        pytest.raises(PictureTooLarge, match=f"{WIDTH} x {HEIGHT}"),
        PyavOpener(Limits(frame_pixels=WIDTH * HEIGHT - 1)).open(path),
    ):
        pass


def test_frames_may_be_asked_for_again(tmp_path: Path) -> None:
    with PyavOpener(Limits()).open(write_video(tmp_path / "a.mp4")) as video:
        readings = [sorted(frame.t or 0.0 for frame in video.frames(PLAN, CancelToken())) for _ in range(2)]
    assert readings[0] == readings[1]


class TestLifetimes:
    @pytest.fixture
    def video(self, tmp_path: Path) -> Path:
        return write_video(tmp_path / "a.mp4", frames=120, gop=10)

    @pytest.fixture(autouse=True)
    def _nothing_stays_behind(self, video: Path) -> Iterator[None]:
        frames_of(video)  # what libraries open once is open now
        files, threads = open_files(), set(threading.enumerate())
        yield
        # Of what other tests have left some may end meanwhile.
        assert open_files() <= files
        assert set(threading.enumerate()) <= threads

    def test_fifty_readings_leave_no_file_and_no_thread_open(self, video: Path) -> None:
        for _ in range(50):
            frames_of(video, SamplingPlan(10))

    def test_a_consumer_that_leaves_early_ends_the_threads(self, video: Path) -> None:
        for _ in range(20):
            with PyavOpener(Limits()).open(video) as source:
                assert next(iter(source.frames(PLAN, CancelToken()))) is not None

    def test_a_reading_that_is_closed_ends_at_once(self, video: Path) -> None:
        with PyavOpener(Limits()).open(video) as source:
            reading = source.frames(PLAN, CancelToken())
            next(reading)
            assert at_work()  # three items are ready at the most, and the video has more
            reading.close()  # type: ignore[attr-defined]
            assert not at_work()

    def test_a_reading_that_was_not_begun_opens_nothing(self, video: Path) -> None:
        with PyavOpener(Limits()).open(video) as source:
            before = open_files()
            source.frames(PLAN, CancelToken())
            assert open_files() <= before

    def test_cancelling_stops_at_the_next_frame(self, video: Path) -> None:
        cancel = CancelToken()
        with PyavOpener(Limits()).open(video) as source:
            reading = source.frames(PLAN, cancel)
            next(reading)
            cancel.cancel()
            with pytest.raises(Cancelled):
                next(reading)

    def test_cancelling_stops_a_long_exact_decoding(self, tmp_path: Path) -> None:
        long = write_video(tmp_path / "long.mp4", frames=1500, gop=9999)
        cancel = CancelToken()
        with PyavOpener(Limits()).open(long) as source:
            timer = threading.Timer(0.05, cancel.cancel)
            timer.start()
            with pytest.raises(Cancelled):
                list(chain.from_iterable(source.frames(PLAN, cancel) for _ in range(100)))
            timer.join()
            assert not at_work()

    def test_a_token_that_was_set_before_opens_nothing(self, video: Path) -> None:
        cancel = CancelToken()
        cancel.cancel()
        with PyavOpener(Limits()).open(video) as source, pytest.raises(Cancelled):
            next(iter(source.frames(PLAN, cancel)))


def test_memory_does_not_grow_with_the_number_of_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=220, gop=1, size=(960, 540))
    frame_mib = 960 * 540 * 3 / 2**20
    frames_of(path, SamplingPlan(10))
    with PyavOpener(Limits()).open(path) as video:
        before = resident_mib()
        highest = max(resident_mib() for _ in video.frames(SamplingPlan(200), CancelToken()))
    assert highest - before < 40 * frame_mib  # two hundred are read


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def at_work() -> list[str]:
    """The threads that read videos."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("video")]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
