import contextlib
import http.server
import os
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.media_files import RATE, number_in, truncated, write_sound, write_video

from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.errors import (
    Cancelled,
    InputEmpty,
    InputError,
    InputIsPlaylist,
    InputMissing,
    InputNotMedia,
    InputUnreadable,
    VideoDamaged,
    VideoWithoutPicture,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan


def read(path: Path, cancel: CancelToken | None = None) -> list[Frame]:
    with PyavOpener(Limits()).open(path) as video:
        return list(video.frames(SamplingPlan(20), cancel or CancelToken()))


def refusal_of(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    return caught.value


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    assert type(refusal_of(tmp_path / "no.mp4")) is InputMissing
    (tmp_path / "file").write_bytes(b"x")
    assert type(refusal_of(tmp_path / "file" / "no.mp4")) is InputMissing


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert type(refusal_of(tmp_path / "a.mp4")) is InputEmpty


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    assert type(refusal_of(tmp_path)) is InputUnreadable


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    assert type(refusal_of(tmp_path / "a.mp4")) is InputUnreadable


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_cannot_be_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames=5)
    path.chmod(0)
    assert type(refusal_of(path)) is InputUnreadable


def test_a_name_that_no_system_takes_cannot_be_read() -> None:
    assert type(refusal_of(Path("a\0b.mp4"))) is InputUnreadable


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a"])
def test_text_is_no_video(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("It was a dark and stormy night.\n" * 500)
    assert type(refusal_of(tmp_path / name)) is InputNotMedia


@pytest.mark.parametrize("seed", range(10))
def test_random_bytes_are_no_video(tmp_path: Path, seed: int) -> None:
    (tmp_path / "a.mp4").write_bytes(np.random.default_rng(seed).bytes(200_000))
    assert type(refusal_of(tmp_path / "a.mp4")) is InputNotMedia


@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.m4a", "a.mka"])
def test_sound_alone_has_no_picture(tmp_path: Path, name: str) -> None:
    assert type(refusal_of(write_sound(tmp_path / name))) is VideoWithoutPicture


def test_the_cover_of_a_song_is_no_moving_picture(tmp_path: Path) -> None:
    cover = BytesIO()
    Image.new("RGB", (16, 16)).save(cover, "PNG")
    assert type(refusal_of(write_sound(tmp_path / "a.mp3", cover=cover.getvalue()))) is VideoWithoutPicture


@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "a.flv", "a.avi"])
@pytest.mark.parametrize("gop", [6, 90])
def test_of_a_truncated_file_the_frames_that_decode_are_kept(tmp_path: Path, name: str, gop: int) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    container = "mpegts" if name.endswith("ts") else None
    whole = write_video(tmp_path / name, frames=90, gop=gop, codec=codec, container=container)
    frames = read(truncated(whole, 0.7))
    assert 5 <= len(frames) <= 20
    for frame in frames:
        assert frame.t == pytest.approx(number_in(frame.image) / RATE, abs=0.0011)


def test_an_mp4_with_its_index_in_front_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.mp4", frames=90, gop=10, container_options={"movflags": "faststart"})
    assert 0 < len(read(truncated(whole, 0.6))) < 20
    assert type(refusal_of(truncated(whole, 0.1))) is VideoDamaged


def test_an_mp4_without_its_index_is_damaged(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.mp4", frames=90)
    assert type(refusal_of(truncated(whole, 0.8))) is VideoDamaged


def test_damaged_packets_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", frames=90, gop=3)
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(1)
    for at in range(3000, len(content) - 3000, 97):
        content[at] = noise.integers(256)
    path.write_bytes(content)
    with PyavOpener(Limits()).open(path) as video:
        assert list(video.frames(SamplingPlan(20), CancelToken()))
        assert video.damaged > 0


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.webm"])
def test_damage_of_any_kind_ends_in_frames_or_in_our_own_words(tmp_path: Path, name: str) -> None:
    codec = {"avi": "mpeg4", "ebm": "libvpx-vp9"}.get(name[-3:], "libx264")
    container = "mpegts" if name.endswith("ts") else None
    whole = write_video(tmp_path / name, frames=30, gop=10, codec=codec, container=container).read_bytes()
    chance = np.random.default_rng(list(name.encode()))
    for _ in range(25):
        content = bytearray(whole)
        for _ in range(int(chance.choice([1, 10, 200]))):
            content[chance.integers(len(content) if chance.random() < 0.6 else 600)] = chance.integers(256)
        (tmp_path / name).write_bytes(content)
        with contextlib.suppress(InputError):
            assert len(read(tmp_path / name)) <= 20


def test_measuring_a_file_without_a_duration_can_be_cancelled(tmp_path: Path) -> None:
    cancel = CancelToken()
    with PyavOpener(Limits()).open(write_video(tmp_path / "a.h264", container="h264")) as video:
        reading = video.frames(SamplingPlan(10), cancel)
        cancel.cancel()
        with pytest.raises(Cancelled):
            next(reading)


class TestPlaylists:
    """A playlist must open nothing: it could make Stash Sense read any file and reach any address."""

    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        return write_video(tmp_path / "secret.ts", frames=30, container="mpegts")

    @pytest.fixture
    def requests(self) -> list[str]:
        return []

    @pytest.fixture
    def address(self, requests: list[str]) -> Iterator[str]:
        class Recorder(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requests.append(self.path)
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}/stolen.ts"
            server.shutdown()
            thread.join()

    @pytest.mark.parametrize("name", ["list.m3u8", "movie.mp4", "movie.ts", "movie.mkv", "picture.jpg"])
    @pytest.mark.parametrize("kind", ["hls", "ffconcat", "mpd", "sdp", "smil"])
    def test_nothing_that_a_playlist_points_to_is_opened(
        self, tmp_path: Path, secret: Path, address: str, requests: list[str], kind: str, name: str
    ) -> None:
        read_at = 0
        os.utime(secret, (read_at, secret.stat().st_mtime))
        for target in (str(secret), address):
            (tmp_path / name).write_text(playlist(kind, target))
            assert type(refusal_of(tmp_path / name)) is InputIsPlaylist
        assert requests == []
        assert secret.stat().st_atime == read_at

    @pytest.mark.parametrize("kind", ["hls", "mpd", "smil"])
    def test_nothing_is_opened_even_when_the_playlist_is_not_recognised(
        self, tmp_path: Path, secret: Path, address: str, requests: list[str], kind: str
    ) -> None:
        """The list of formats is a second wall: here the mark that tells the kind lies behind what is looked at."""
        os.utime(secret, (0, secret.stat().st_mtime))
        for target in (str(secret), address):
            (tmp_path / "movie.mp4").write_text("<!--" + " " * 5000 + "-->" + playlist(kind, target))
            assert isinstance(refusal_of(tmp_path / "movie.mp4"), InputNotMedia | InputIsPlaylist)
        assert requests == []
        assert secret.stat().st_atime == 0

    @pytest.mark.parametrize("extension", ["m3u8", "m3u", "ffconcat", "sdp", "mpd", "pls"])
    def test_a_list_without_any_mark_is_refused_by_its_extension(self, tmp_path: Path, extension: str) -> None:
        (tmp_path / f"list.{extension}").write_text("secret.ts\n")
        assert type(refusal_of(tmp_path / f"list.{extension}")) is InputIsPlaylist

    def test_a_name_that_looks_like_an_address_is_only_a_name(
        self, tmp_path: Path, address: str, requests: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert isinstance(refusal_of(Path(address)), InputMissing)
        write_video(tmp_path / "concat:a|b.mp4", frames=5)
        assert read(Path("concat:a|b.mp4"))
        assert requests == []


def playlist(kind: str, target: str) -> str:
    return {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
        "mpd": "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' "
        "mediaPresentationDuration='PT1S' profiles='urn:mpeg:dash:profile:isoff-on-demand:2011'><Period>"
        "<AdaptationSet mimeType='video/mp4'><Representation id='0' bandwidth='1'><BaseURL>"
        f"{target}</BaseURL></Representation></AdaptationSet></Period></MPD>",
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns={target}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
        "smil": f"<smil><body><video src='{target}'/></body></smil>",
    }[kind]
