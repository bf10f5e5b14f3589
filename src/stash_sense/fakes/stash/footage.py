"""What real videos and pictures hold, read with PyAV and Pillow: their columns, hashes and frames."""

import hashlib
import struct
from pathlib import Path

import av
import numpy as np
from PIL import Image

from stash_sense.fakes.stash.drawing import Pixels
from stash_sense.fakes.stash.rows import Row

_CHUNK = 65536
_FORMATS = {"matroska,webm": "matroska", "mov,mp4,m4a,3gp,3g2,mj2": "mp4"}


def video_columns(path: Path) -> Row:
    """Return the columns of a video.

    Raises:
        av.FFmpegError: it is none, or broken.
    """
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise av.InvalidDataError(1, "no video", str(path))
        stream = container.streams.video[0]
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
    """Return the sum of the length and of the first and last 64 kB as 64-bit numbers, in hexadecimal."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_CHUNK)
        file.seek(max(0, size - _CHUNK))
        tail = file.read(_CHUNK)
    total = size
    for chunk in (head, tail):
        whole = chunk.ljust(-(-len(chunk) // 8) * 8, b"\0")
        total += sum(struct.unpack(f"<{len(whole) // 8}Q", whole))
    return f"{total & 0xFFFFFFFFFFFFFFFF:016x}"


class Footage:
    """A video that is open for its frames, in a `with` block."""

    def __init__(self, path: Path) -> None:
        self._container = av.open(str(path))
        self._stream = self._container.streams.video[0]
        self._length = (self._container.duration or 0) / av.time_base

    def __enter__(self) -> "Footage":
        return self

    def __exit__(self, *_raised: object) -> None:
        self._container.close()

    def at(self, moment: float) -> Pixels:
        """Return the frame at a moment from 0 to 1, or the last one before it that can be decoded."""
        wanted = moment * self._length
        self._container.seek(int(wanted * av.time_base), backward=True)
        shown = None
        for frame in self._container.decode(self._stream):
            shown = frame
            if frame.time is None or frame.time >= wanted:
                break
        if shown is None:
            return np.zeros((self._stream.height or 90, self._stream.width or 160, 3), np.uint8)
        return np.asarray(shown.to_ndarray(format="rgb24"), np.uint8)


def phash(path: Path) -> str:
    """Return a perceptual hash of a video: the low frequencies of 25 frames laid out as one picture."""
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
