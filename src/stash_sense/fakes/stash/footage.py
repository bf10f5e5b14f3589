"""What real videos and pictures hold, read with PyAV and Pillow: their columns, hashes and frames."""

import contextlib
import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image

from stash_sense.fakes.stash.drawing import Pixels
from stash_sense.fakes.stash.rows import Row

_CHUNK = 65536
_WORD = 8
"""Bytes of the numbers that an oshash adds up."""
_FORMATS = {"matroska,webm": "matroska", "mov,mp4,m4a,3gp,3g2,mj2": "mp4"}


class NoPicture(Exception):
    """A video has no frame that can be decoded."""


def video_columns(path: Path) -> Row:
    """Return the columns of a video.

    Raises:
        av.FFmpegError: it is none, or too broken to be opened.
        ValueError: it is too small for a hash.
    """
    with av.open(str(path), metadata_errors="ignore") as container:
        stream = next((one for one in container.streams.video if one.codec_context is not None), None)
        if stream is None:
            raise av.InvalidDataError(1, "no video", str(path))
        kind = _FORMATS.get(container.format.name, container.format.name)
        sound = container.streams.audio
        return {
            "kind": "video",
            "size": path.stat().st_size,
            "fingerprints": [{"type": "oshash", "value": oshash(path)}],
            "width": stream.codec_context.width,
            "height": stream.codec_context.height,
            "duration": round((container.duration or 0) / av.time_base, 2),
            "frame_rate": round(float(stream.average_rate or stream.guessed_rate or 0), 2),
            "bit_rate": int(container.bit_rate or 0),
            "video_codec": stream.codec_context.name,
            "audio_codec": sound[0].codec_context.name if sound else "",
            "format": "webm" if path.suffix.lower() == ".webm" else kind,
            "source": path,
        }


def picture_columns(path: Path) -> Row:
    """Return the columns of a picture.

    Raises:
        OSError: it is none.
        Image.DecompressionBombError: it has more pixels than any picture.
    """
    with Image.open(path) as image:
        return {
            "kind": "image",
            "size": path.stat().st_size,
            "fingerprints": [
                {"type": "md5", "value": hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}
            ],
            "width": image.width,
            "height": image.height,
            "format": {"JPEG": "mjpeg"}.get(image.format or "", (image.format or "").lower()),
            "source": path,
        }


def oshash(path: Path) -> str:
    """Return the sum of the length and of the first and last 64 kB as 64-bit numbers, in hexadecimal.

    Of a smaller file, first and last are as many whole numbers as it has.

    Raises:
        ValueError: it has no more than 8 bytes.
    """
    size = path.stat().st_size
    if size <= _WORD:
        raise ValueError(f"{path} is too small for an oshash")
    length = min(_CHUNK, size // _WORD * _WORD)
    with path.open("rb") as file:
        head = file.read(length)
        file.seek(size - length)
        tail = file.read(length)
    total = size + sum(struct.unpack(f"<{2 * length // _WORD}Q", head + tail))
    return f"{total & 0xFFFFFFFFFFFFFFFF:016x}"


class Footage:
    """A video that is open for its frames, in a `with` block."""

    def __init__(self, path: Path) -> None:
        self._container = av.open(str(path), metadata_errors="ignore")
        self._stream = self._container.streams.video[0]
        self._shown: av.VideoFrame | None = None
        self._length = (self._container.duration or 0) / av.time_base

    def __enter__(self) -> "Footage":
        return self

    def __exit__(self, *_raised: object) -> None:
        self._container.close()

    def at(self, moment: float) -> Pixels:
        """Return the frame at a moment from 0 to 1, or the last one before it that can be decoded.

        Raises:
            NoPicture: nothing could be decoded so far.
        """
        wanted = moment * self._length
        for frame in self._frames_from(wanted):
            self._shown = frame
            if frame.time is None or frame.time >= wanted:
                break
        if self._shown is None:
            raise NoPicture(self._container.name)
        return np.asarray(self._shown.to_ndarray(format="rgb24"), np.uint8)

    def _frames_from(self, seconds: float) -> Iterator[av.VideoFrame]:
        """Give the frames from the keyframe before a moment on; broken packets are passed over."""
        with contextlib.suppress(av.FFmpegError):  # what cannot be read further ends here
            self._container.seek(int(seconds * av.time_base), backward=True)
            for packet in self._container.demux(self._stream):
                with contextlib.suppress(av.FFmpegError):
                    yield from packet.decode()


def phash(path: Path) -> str:
    """Return a perceptual hash of a video: the low frequencies of 25 frames laid out as one picture.

    Raises:
        NoPicture: no frame of it can be decoded.
        av.FFmpegError: it cannot be opened.
    """
    with Footage(path) as footage:
        cells = [
            np.asarray(Image.fromarray(footage.at(0.05 + 0.9 * index / 25)).convert("L").resize((64, 64)), np.float64)
            for index in range(25)
        ]
    rows = [np.hstack(cells[start : start + 5]) for start in range(0, 25, 5)]
    small = np.asarray(Image.fromarray(np.vstack(rows).astype(np.uint8)).resize((64, 64)), np.float64)
    grid = np.arange(64)
    waves = np.cos(np.pi / 64 * (grid[None, :] + 0.5) * grid[:8, None])
    low = (waves @ small @ waves.T).ravel()
    bits = low > np.median(low)
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):x}"
