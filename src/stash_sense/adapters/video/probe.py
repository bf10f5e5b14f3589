"""What a video is, before its frames are asked for: duration, upright size, rate, codec, where its times start."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from av.video.frame import VideoFrame

from stash_sense.adapters.video.reader import Check, Reader, time_of
from stash_sense.adapters.video.upright import Orientation, orientation_of
from stash_sense.media.ports import VideoInfo

_PACKETS_UNTIL_A_FRAME = 1000
"""Packets read in search of the first keyframe and a frame of it: more than the longest usual distance, 10 s."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A video as its container and first keyframe describe it.

    Attributes:
        info: for the user of the port.
        start: when that keyframe is shown, in ticks.
        time_base: seconds of one tick.
        orientation: of every frame.
    """

    info: VideoInfo
    start: int
    time_base: Fraction
    orientation: Orientation


def probe(reader: Reader) -> Probe:
    """Decode the first keyframe of a video that was just opened: only frames tell how the picture is turned."""
    codec = reader.stream.codec_context
    start, width, height, orientation = reader.stream.start_time or 0, codec.width, codec.height, Orientation()
    for time, frame in _first_keyframe(reader):
        start, width, height, orientation = time, frame.width, frame.height, orientation_of(frame)
    if orientation.swapped:
        width, height = height, width
    info = VideoInfo(
        duration=reader.container_duration,
        width=width,
        height=height,
        frame_rate=float(reader.rate),
        codec=codec.name,
    )
    return Probe(info, start, reader.time_base, orientation)


def measured_duration(reader: Reader, check: Check) -> float:
    """Seconds from the first to the end of the last frame, by reading all packets without decoding one."""
    reader.rewind()
    first: int | None = None
    end = 0
    for packet in reader.packets(check):
        time = time_of(packet)
        if time is not None:
            first = time if first is None else min(first, time)
            end = max(end, time + (packet.duration or 0))
    return 0.0 if first is None else max(0.0, float((end - first) * reader.time_base))


def _go_on() -> None:
    """Opening a file is short: nothing asks it to stop."""


def _first_keyframe(reader: Reader) -> list[tuple[int, VideoFrame]]:
    """The first keyframe that decodes, with its time; empty if there is none near the beginning."""
    for packet in islice(reader.packets(_go_on), _PACKETS_UNTIL_A_FRAME):
        for frame in (reader.decode(packet) + reader.drain())[:1] if packet.is_keyframe else ():
            time = frame.pts if frame.pts is not None else time_of(packet)
            if time is not None:
                return [(time, frame)]
    return []
