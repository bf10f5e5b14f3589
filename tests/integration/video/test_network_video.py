"""Videos on servers: read in parts, and what happens when the server does not play along."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.integration.releases.serving import QUICK, SOON_LOST, SOON_TOO_SLOW
from tests.integration.video.network import PLAN, address, files, frames_at, opener, write_large
from tests.media_files import RATE, number_in, write_video

from stash_sense.adapters.http.ahead import ReadAhead
from stash_sense.adapters.video.files import ForeignFile
from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.errors import (
    Cancelled,
    InputEmpty,
    InputIsPage,
    InputIsPlaylist,
    InputLocked,
    InputNotMedia,
    NotOnServer,
    ServerBroken,
    ServerUnreachable,
    StashSenseError,
    StreamChanged,
    StreamLost,
    StreamTooLarge,
    StreamTooSlow,
    StreamWithoutRanges,
    TooManyRequests,
    VideoDamaged,
)
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.address import Address
from stash_sense.media.frame import Frame
from stash_sense.releases.patience import DownloadLimits

KINDS = {
    "end.mp4": {},
    "first.mp4": {"container_options": {"movflags": "faststart"}},
    "fragmented.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "a.mkv": {},
    "a.avi": {"codec": "mpeg4"},
    "a.ts": {"container": "mpegts"},
}
NAME = "end.mp4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for name, options in KINDS.items():
        write_video(folder / name, frames=600, gop=15, **options)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def noise(folder: Path) -> Path:
    """A video that takes more than a few parts."""
    return write_large(folder / "noise.mp4", 4)


@pytest.fixture
def server(folder: Path) -> Iterator[ReleaseServer]:
    with ReleaseServer(folder) as running:
        yield running


def of_disk(path: Path) -> list[Frame]:
    with PyavOpener(Limits()).open(path) as video:
        return sorted(video.frames(PLAN, CancelToken()), key=lambda frame: frame.t or 0.0)


def failure_at(
    server: ReleaseServer, name: str = NAME, limits: Limits | None = None, patience: DownloadLimits = QUICK
) -> StashSenseError:
    """What reading a file ends with; it names the file, and nobody is left waiting."""
    with pytest.raises(StashSenseError) as caught:
        frames_at(address(server, name), limits, patience=patience)
    assert f"{server.url}/{name.partition('?')[0]}" in str(caught.value)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("video")]
    return caught.value


@pytest.mark.parametrize("name", KINDS)
def test_a_video_on_a_server_gives_the_frames_that_it_gives_on_the_disk(
    server: ReleaseServer, folder: Path, name: str
) -> None:
    there, here = frames_at(address(server, name)), of_disk(folder / name)
    assert [frame.t for frame in there] == [frame.t for frame in here]
    assert all((one.image == other.image).all() for one, other in zip(there, here, strict=True))
    assert all(number_in(frame.image) == round((frame.t or 0) * RATE) for frame in there)
    assert all(request.range is not None for request in server.requests)


def test_a_sample_reads_a_small_part_of_a_large_video(server: ReleaseServer) -> None:
    large = write_large(server.folder / "large.mp4", 20)
    size = large.stat().st_size
    assert size > 20_000_000
    with files().open(address(server, large.name), CancelToken()) as file:
        with PyavOpener(Limits()).open_file(ForeignFile(file.path, file.head, file.size, file.reader)) as video:
            assert len(list(video.frames(PLAN, CancelToken()))) == 20
        assert file.traffic.received < size / 10
        assert file.traffic.requests < 100


def test_a_large_video_with_few_keyframes_is_not_read_whole(server: ReleaseServer, folder: Path) -> None:
    noise = iter(np.random.default_rng(0).integers(0, 255, (400, 96, 160, 3), dtype=np.uint8))
    video = write_video(folder / "few.mp4", gop=200, options={"qp": "34"}, pictures=noise, size=(160, 96))
    size = video.stat().st_size

    def sample(limits: Limits) -> tuple[list[float], int]:
        with files(limits, ReadAhead(4096, 4096, 4096)).open(address(server, video.name), CancelToken()) as file:
            foreign = ForeignFile(file.path, file.head, file.size, file.reader)
            with PyavOpener(limits).open_file(foreign) as opened:
                return sorted(frame.t or 0.0 for frame in opened.frames(PLAN, CancelToken())), file.traffic.received

    times, received = sample(Limits())
    assert len(times) == 20
    assert received > size / 2
    times, received = sample(Limits(exact_bytes=size // 8))
    assert 4 <= len(times) < 12
    assert received < size / 3
    times, received = sample(Limits(exact_bytes=0))
    assert [round(time * RATE) for time in times] == [0, 200]
    assert received < size / 5


def test_a_video_that_does_not_say_how_long_it_is_is_refused_at_once_where_it_is_too_large(
    server: ReleaseServer, folder: Path
) -> None:
    write_video(folder / "raw.h264", frames=100, container="h264")
    assert len(frames_at(address(server, "raw.h264"))) == 20
    asked = len(server.requests)
    size = (folder / "raw.h264").stat().st_size
    assert isinstance(failure_at(server, "raw.h264", Limits(stream_bytes=size - 1)), StreamTooLarge)
    assert len(server.requests) - asked < 10


def test_what_was_read_is_not_asked_for_again(server: ReleaseServer, folder: Path) -> None:
    content = (folder / NAME).read_bytes()
    with files(ahead=ReadAhead(4096, 8192)).open(address(server, NAME), CancelToken()) as file:
        for _ in range(2):
            with file.reader() as reader:
                assert reader.seek(-1000, 2) == len(content) - 1000
                assert reader.read(5000) == content[-1000:]
                assert reader.seek(5000) == reader.tell() == 5000
                assert reader.read(100_000) == content[5000:105_000]
                assert reader.seek(-100, 1) == 104_900
                assert reader.read(1) == content[104_900:104_901]
                reader.raise_failure()
        asked = [
            range(*map(int, (request.range or "").removeprefix("bytes=").split("-"))) for request in server.requests
        ]
    assert not [1 for one in asked for other in asked if one is not other and set(one) & set(other)]
    assert file.traffic.received < 105_000 + 3 * 8192


def test_reading_on_asks_for_more_and_more_at_once(server: ReleaseServer, noise: Path) -> None:
    with files().open(address(server, noise.name), CancelToken()) as file, file.reader() as reader:
        read = b"".join(iter(lambda: reader.read(4096), b""))
        reader.raise_failure()
    assert read == noise.read_bytes()
    assert file.traffic.requests < 25


def test_a_keep_of_few_blocks_forgets_and_reads_again(server: ReleaseServer, folder: Path) -> None:
    content = (folder / NAME).read_bytes()
    small = ReadAhead(1024, 1024, 4096, kept=4096)
    with files(ahead=small).open(address(server, NAME), CancelToken()) as file, file.reader() as reader:
        for _ in range(2):
            reader.seek(0)
            assert reader.read() == content
        reader.raise_failure()


class TestAServerThatDoesNotPlayAlong:
    @pytest.mark.parametrize(
        "fault", [Fault(reset_after=9000), Fault(closed_after=9000), Fault(status=503), Fault(silent_after=100)]
    )
    @pytest.mark.parametrize("at", [0, 1, 2, 4])
    def test_what_breaks_off_is_gone_on_with(
        self, server: ReleaseServer, folder: Path, fault: Fault, at: int
    ) -> None:
        server.faults[NAME] = [*[None] * at, fault, None, fault]
        there = frames_at(address(server, NAME), patience=SOON_LOST if fault.silent_after else QUICK)
        assert [frame.t for frame in there] == [frame.t for frame in of_disk(folder / NAME)]

    def test_the_part_that_came_is_not_asked_for_again(self, server: ReleaseServer, noise: Path) -> None:
        server.faults[noise.name] = [None, Fault(reset_after=1_000_000)]
        with files().open(address(server, noise.name), CancelToken()) as file, file.reader() as reader:
            reader.seek(100_000)
            assert reader.read(2_000_000) == noise.read_bytes()[100_000:2_100_000]
            reader.raise_failure()
        _, first, second = [request.range or "" for request in server.requests][:3]
        assert int(second[6:].partition("-")[0]) > int(first[6:].partition("-")[0]) + 900_000

    @pytest.mark.parametrize("at", [0, 1, 5])
    def test_what_breaks_off_again_and_again_is_given_up(self, server: ReleaseServer, noise: Path, at: int) -> None:
        server.faults[noise.name] = [*[None] * at, *[Fault(reset_after=10)] * 200]
        assert isinstance(failure_at(server, noise.name), StreamLost)
        assert len(server.requests) < at + 10

    def test_a_server_that_is_silent_is_given_up(self, server: ReleaseServer) -> None:
        server.faults[NAME] = [None, None, *[Fault(silent=True)] * 50]
        assert isinstance(failure_at(server, patience=SOON_LOST), StreamLost)

    def test_a_drip_is_given_up(self, server: ReleaseServer) -> None:
        server.faults[NAME] = [None, *[Fault(drip=10)] * 50]
        assert isinstance(failure_at(server, patience=SOON_TOO_SLOW), StreamTooSlow)

    @pytest.mark.parametrize("fault", [Fault(silent=True), Fault(drip=3000)])
    def test_the_deadline_ends_a_read_that_hangs(self, server: ReleaseServer, fault: Fault) -> None:
        server.faults[NAME] = [None, *[fault] * 50]
        assert isinstance(failure_at(server, limits=Limits(stream_seconds=0.2)), StreamTooSlow)

    def test_a_video_that_needs_too_many_bytes_is_given_up(self, server: ReleaseServer, noise: Path) -> None:
        error = failure_at(server, noise.name, Limits(stream_bytes=500_000))
        assert isinstance(error, StreamTooLarge)
        assert "500,000" in str(error)

    @pytest.mark.parametrize("at", [1, 3])
    @pytest.mark.parametrize("more", [{}, {"ignore_if_range": True}])
    def test_a_file_that_changes_is_noticed(
        self, server: ReleaseServer, folder: Path, at: int, more: dict[str, Any]
    ) -> None:
        other = (folder / "first.mp4").read_bytes()
        server.faults[NAME] = [*[None] * at, Fault(replaced=other, **more), *[Fault(**more)] * 50]
        assert isinstance(failure_at(server), StreamChanged)

    def test_a_file_that_becomes_shorter_is_noticed(self, server: ReleaseServer) -> None:
        short = Fault(replaced=b"x", without_validators=True, ignore_if_range=True)
        server.faults[NAME] = [Fault(without_validators=True), short]
        assert isinstance(failure_at(server), StreamChanged)

    def test_without_parts_a_small_file_is_read_whole(self, server: ReleaseServer, folder: Path) -> None:
        server.faults[NAME] = [Fault(ignore_range=True)]
        assert [frame.t for frame in frames_at(address(server, NAME))] == [
            frame.t for frame in of_disk(folder / NAME)
        ]
        assert len(server.requests) == 1

    @pytest.mark.parametrize("fault", [Fault(reset_after=9000), Fault(closed_after=9000)])
    def test_a_whole_file_that_breaks_off_is_begun_anew(self, server: ReleaseServer, fault: Fault) -> None:
        whole = Fault(ignore_range=True)
        ends = Fault(ignore_range=True, reset_after=fault.reset_after, closed_after=fault.closed_after)
        server.faults[NAME] = [ends, whole]
        assert len(frames_at(address(server, NAME))) == 20

    @pytest.mark.parametrize("more", [{}, {"without_length": True}])
    def test_without_parts_a_large_file_is_refused(self, server: ReleaseServer, more: dict[str, Any]) -> None:
        server.faults[NAME] = [Fault(ignore_range=True, **more)]
        error = failure_at(server, limits=Limits(whole_bytes=20_000))
        assert isinstance(error, StreamWithoutRanges)
        assert "20,000" in str(error)

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault(status=404), NotOnServer),
            (Fault(status=401), InputLocked),
            (Fault(status=403), InputLocked),
            (Fault(status=400), ServerBroken),
            (Fault(status=204), ServerBroken),
            (Fault(status=304), ServerBroken),
            (Fault(status=416), ServerBroken),
            (Fault(status=416, headers={"Content-Range": "bytes */0"}), InputEmpty),
            (Fault(status=429, headers={"Retry-After": "1000"}), TooManyRequests),
            (Fault(headers={"Content-Type": "text/html; charset=utf-8"}), InputIsPage),
            (Fault(ignore_range=True, headers={"Content-Type": "TEXT/HTML"}), InputIsPage),
            (Fault(headers={"Content-Encoding": "gzip"}), ServerBroken),
            (Fault(headers={"Content-Range": "bytes 5-10/100"}), ServerBroken),
            (Fault(headers={"Content-Range": "bytes 0-99999999/100000000"}), ServerBroken),
            (Fault(headers={"Content-Range": "bytes 0-5/3"}), ServerBroken),
            (Fault(headers={"Content-Range": "bytes 0-65535/*"}), ServerBroken),
            (Fault(headers={"Content-Range": "nonsense"}), ServerBroken),
        ],
    )
    def test_an_answer_that_is_no_video_says_what_it_is(
        self, server: ReleaseServer, fault: Fault, error: type[StashSenseError]
    ) -> None:
        server.faults[NAME] = [fault] * 9
        assert type(failure_at(server)) is error

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault(status=404), NotOnServer),
            (Fault(status=401), InputLocked),
            (Fault(status=416), StreamChanged),
            (Fault(headers={"Content-Type": "text/html"}), InputIsPage),
            (Fault(headers={"Content-Range": "bytes 0-0/1"}), ServerBroken),
            (Fault(ignore_range=True), StreamChanged),
        ],
    )
    def test_the_same_in_the_middle_of_reading(
        self, server: ReleaseServer, fault: Fault, error: type[StashSenseError]
    ) -> None:
        server.faults[NAME] = [None, None, None, *[fault] * 50]
        assert type(failure_at(server)) is error

    def test_a_page_to_log_in_says_that_a_key_is_missing(self, server: ReleaseServer, folder: Path) -> None:
        (folder / "login").write_bytes(b"<html>")
        server.faults["stream"] = [Fault(status=302, headers={"Location": "/login?returnURL=%2Fstream"})]
        server.faults["login"] = [Fault(headers={"Content-Type": "text/html"})]
        assert isinstance(failure_at(server, "stream"), InputLocked)

    def test_a_redirect_is_followed_once_and_remembered(self, server: ReleaseServer) -> None:
        server.faults["stream"] = [Fault(status=302, headers={"Location": f"/{NAME}?token=secret"})] * 2
        assert len(frames_at(address(server, "stream"))) == 20
        assert [request.path for request in server.requests].count("stream") <= 2  # one for each container

    def test_a_place_that_was_lent_is_asked_for_again(self, server: ReleaseServer) -> None:
        server.faults["stream"] = [Fault(status=302, headers={"Location": f"/{NAME}"})] * 9
        server.faults[NAME] = [None, None, Fault(status=403)]
        assert len(frames_at(address(server, "stream"))) == 20

    def test_nobody_there_is_said_at_once(self) -> None:
        with pytest.raises(ServerUnreachable):
            frames_at(Address("http://127.0.0.1:9/a.mp4", named="http://127.0.0.1:9"))


class TestStopping:
    @pytest.mark.parametrize("at", [0, 1, 2, 3])
    def test_a_token_ends_a_read_that_hangs(self, server: ReleaseServer, at: int) -> None:
        cancel = CancelToken()
        server.faults[NAME] = [*[None] * at, *[Fault(silent_after=5)] * 50]
        timer = threading.Timer(0.1, cancel.cancel)
        timer.start()
        with pytest.raises(Cancelled):
            frames_at(address(server, NAME), cancel=cancel)
        timer.join()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("video")]

    def test_who_leaves_early_leaves_nothing_open(self, server: ReleaseServer) -> None:
        for _ in range(5):
            with opener().open(address(server, NAME), CancelToken()) as video:
                assert not isinstance(video, Frame)
                assert next(iter(video.frames(PLAN, CancelToken()))).t is not None
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("video")]


class TestWhatIsNoVideo:
    @pytest.mark.parametrize(
        ("content", "error"),
        [
            (b"", InputEmpty),
            (b"#EXTM3U\n#EXT-X-STREAM-INF\nhttp://127.0.0.1/a.ts\n", InputIsPlaylist),
            (b"no video " * 1000, InputNotMedia),
            (b"\0\0\0\x20ftypisom" + b"\0" * 100_000, VideoDamaged),
        ],
    )
    def test_it_is_refused_as_on_the_disk(
        self, server: ReleaseServer, folder: Path, content: bytes, error: type[StashSenseError]
    ) -> None:
        (folder / "odd.mp4").write_bytes(content)
        assert type(failure_at(server, "odd.mp4")) is error

    def test_a_video_that_is_cut_short_gives_what_is_there(self, server: ReleaseServer, folder: Path) -> None:
        content = (folder / "a.mkv").read_bytes()
        (folder / "cut.mkv").write_bytes(content[: len(content) // 2])
        with opener().open(address(server, "cut.mkv"), CancelToken()) as video:
            assert not isinstance(video, Frame)
            assert list(video.frames(PLAN, CancelToken()))
