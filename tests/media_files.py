"""Makes real, small videos whose every frame shows its own number, so that tests read times from the pixels.

In tests: `from tests.media_files import write_video, number_in`.
"""

import wave
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stash_sense.kernel.arrays import Image

WIDTH, HEIGHT = 320, 192
RATE = 30
_BITS = 12
_BLOCK = 16
"""Side of one bit, pixels: a whole macroblock, so that no compression makes it unreadable."""


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """A picture with `number` in blocks of black and white along its top, a red left and a blue right half below."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2, 0] = 200
    image[:, width // 2 :, 2] = 200
    for bit in range(_BITS):
        image[:_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = 255 * (number >> bit & 1)
    return image


def number_in(image: Image) -> int:
    """The number that `numbered` wrote into a picture, after any encoding that kept its size."""
    middle = _BLOCK // 2
    bits = (image[middle, middle + bit * _BLOCK].mean() > 127 for bit in range(_BITS))
    return sum(1 << place for place, bit in enumerate(bits) if bit)


def write_video(
    path: Path,
    *,
    frames: int = 60,
    gop: int = 30,
    codec: str = "libx264",
    container: str | None = None,
    times: Sequence[float] | None = None,
    rotation: int = 0,
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    pictures: Iterable[Image] | None = None,
    picture_format: str = "rgb24",
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Path:
    """Encode a video of numbered frames.

    Args:
        path: the file to write.
        frames: how many.
        gop: frames from keyframe to keyframe, exactly: no keyframes at cuts.
        codec: libav's name of the encoder.
        container: libav's name of the format; by default by the file's extension.
        times: seconds of each frame, for a variable rate; by default 30 a second.
        rotation: degrees, counterclockwise, that a player turns the picture by.
        pixel_format: libav's name.
        options: of the encoder.
        container_options: of the format.
        pictures: to show instead of numbers, in libav's `picture_format`.
        picture_format: see `pictures`.
        size: width and height, pixels.
    """
    width, height = size
    with av.open(str(path), "w", format=container, container_options=container_options or {}) as file:
        stream = cast(VideoStream, file.add_stream(codec, rate=RATE))
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = width, height, pixel_format, gop
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = Fraction(1, 1000) if times is not None else Fraction(1, RATE)
        quick = {"preset": "ultrafast", "sc_threshold": "0"} if codec == "libx264" else {}
        quick |= {"deadline": "realtime", "cpu-used": "8"} if codec.startswith("libvpx") else {}
        stream.codec_context.options = quick | (options or {})
        if rotation:
            stream.set_display_rotation(rotation)
        for number, picture in enumerate(pictures or (numbered(number, width, height) for number in range(frames))):
            frame = VideoFrame.from_ndarray(picture, picture_format)
            frame.pts = round(times[number] * 1000) if times is not None else number
            frame.time_base = stream.codec_context.time_base
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def write_sound(path: Path, *, cover: bytes | None = None) -> Path:
    """Write a second of silence as WAV, MP3 or AAC (by the extension), with a cover picture (PNG) if one is given."""
    if path.suffix == ".wav":
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(16000))
        return path
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libmp3lame" if path.suffix == ".mp3" else "aac", rate=44100)
        picture = None
        if cover is not None:
            picture = file.add_stream("png")
            picture.width, picture.height, picture.pix_fmt = 16, 16, "rgb24"
            picture.disposition = av.stream.Disposition.attached_pic
        samples = 0
        while samples < 44100:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts = 44100, samples
            file.mux(stream.encode(silence))
            samples += 1024
        file.mux(stream.encode())
        if picture is not None:
            packet = av.Packet(cover)
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = picture, 0, 0, True
            file.mux(packet)
    return path


def truncated(path: Path, fraction: float) -> Path:
    """A copy of a file that ends early, beside it."""
    content = path.read_bytes()
    copy = path.with_name(f"truncated-{path.name}")
    copy.write_bytes(content[: int(len(content) * fraction)])
    return copy
