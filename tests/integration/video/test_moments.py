"""One frame of a video again, by the moment that was written down when it was looked at."""

from pathlib import Path

import pytest
from tests.media_files import RATE, number_in, truncated, write_video

from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.errors import Cancelled, VideoDamaged
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.plan import SamplingPlan

LENGTH = 240


@pytest.mark.parametrize("gop", [1, 20, 9999], ids=["keyframes only", "some keyframes", "one keyframe"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.webm"])
def test_a_frame_is_found_again_by_its_moment(tmp_path: Path, name: str, gop: int) -> None:
    options = {"bf": "2"} if name in ("a.mp4", "a.mkv", "a.ts") else {}
    codec = {"a.webm": "libvpx", "a.avi": "mpeg4"}.get(name, "libx264")
    path = write_video(tmp_path / name, frames=LENGTH, gop=gop, codec=codec, options=options)
    with PyavOpener(Limits()).open(path) as video:
        frames = {
            frame.t: number_in(frame.image) for frame in video.frames(SamplingPlan(12, 0.0, 1.0), CancelToken())
        }
        again = {t: number_in(video.at(round(t or 0.0, 3), CancelToken()).image) for t in frames}
    assert len(frames) >= 10
    assert again == frames


def test_a_frame_of_a_turned_video_is_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=30, rotation=90)
    with PyavOpener(Limits()).open(path) as video:
        frame = video.at(0.5, CancelToken())
    assert frame.image.shape == (320, 192, 3)
    assert frame.t == 0.5


def test_behind_the_end_the_last_frame_is_given(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=30, gop=10)
    with PyavOpener(Limits()).open(path) as video:
        assert number_in(video.at(30 / RATE + 5.0, CancelToken()).image) == 29


def test_only_what_is_between_the_keyframe_and_the_moment_is_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=LENGTH, gop=20, container_options={"movflags": "faststart"})
    cut = truncated(path, 0.5)
    with PyavOpener(Limits()).open(cut) as video:
        assert number_in(video.at(60 / RATE, CancelToken()).image) == 60


def test_where_nothing_decodes_the_video_is_damaged(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=60, container_options={"movflags": "faststart"})
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    content[start:] = bytes(len(content) - start)
    path.write_bytes(content)
    with PyavOpener(Limits()).open(path) as video, pytest.raises(VideoDamaged):
        video.at(1.0, CancelToken())


def test_whoever_stops_it_stops_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=10)
    cancel = CancelToken()
    cancel.cancel()
    with PyavOpener(Limits()).open(path) as video, pytest.raises(Cancelled):
        video.at(0.0, cancel)
