"""Tier two: the frames at the targets, decoded from the keyframe before each, for videos with few keyframes."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby

from av.video.frame import VideoFrame

from stash_sense.adapters.video.reader import Check, Reader, VideoPacket, time_of

_STEPS_BACK = (0, 1, 4, 16, 64)
"""Seconds before a keyframe to seek to: formats without an index (MPEG-TS) land behind the time they are asked."""


def exact_frames(
    reader: Reader, targets: Iterable[int], keyframes: Sequence[int], check: Check
) -> Iterator[tuple[int, VideoFrame]]:
    """Yield for each target the first frame at or after it that other frames refer to, else the last frame there is.

    Frames that no other refers to are not decoded, which halves the cost for an error of about one frame. Targets
    that share a group of pictures share one decoding of it, so a video with one keyframe costs one pass.

    Args:
        reader: an open video.
        targets: ticks, ascending.
        keyframes: ticks of the keyframes that are known, ascending; none known costs one pass over the video.
        check: called between packets.
    """
    reader.stream.codec_context.skip_frame = "NONREF"
    decoding: Iterator[VideoFrame] | None = None
    position: int | None = None
    last: VideoFrame | None = None
    for target in targets:
        at = bisect_right(keyframes, target) - 1
        if decoding is None or (at >= 0 and position is not None and keyframes[at] > position):
            decoding = _frames_from(reader, keyframes[at] if at >= 0 else None, check)
        while position is None or position < target:
            frame = next(decoding, None)
            if frame is None:
                break
            time = time_of(frame)
            if time is not None:
                last, position = frame, time
        if last is not None and position is not None:
            yield position, last
            last = None  # a frame serves one target


def by_groups_of_pictures(targets: Iterable[int], keyframes: Sequence[int], parts: int) -> list[list[int]]:
    """Split ascending targets into at most so many runs, none of them within the reach of one keyframe."""
    groups = [list(group) for _, group in groupby(targets, key=lambda target: bisect_right(keyframes, target))]
    size = -(-len(groups) // parts)
    return [list(chain.from_iterable(groups[at : at + size])) for at in range(0, len(groups), size)] if groups else []


def _frames_from(reader: Reader, start: int | None, check: Check) -> Iterator[VideoFrame]:
    """Decode from the keyframe at or before `start`, or from the beginning where there is none, to the end."""
    reader.drain()
    for packet in _packets_from(reader, start, check):
        yield from reader.decode(packet)
    yield from reader.drain()


def _packets_from(reader: Reader, start: int | None, check: Check) -> Iterator[VideoPacket]:
    for back in _STEPS_BACK:
        if start is None:
            break
        reader.seek(start - round(back / reader.time_base))
        packets = reader.packets(check)
        keyframe = next((packet for packet in packets if packet.is_keyframe), None)
        time = None if keyframe is None else time_of(keyframe)
        if keyframe is not None and time is not None and time <= start:
            return chain([keyframe], packets)
    reader.rewind()
    return reader.packets(check)
