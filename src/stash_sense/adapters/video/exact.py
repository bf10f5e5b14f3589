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
    """Yield for each target a frame at or soon after it that other frames refer to, else the last frame there is.

    Frames that no other refers to are not decoded, which halves the cost for an error of about one frame. Targets
    that share a group of pictures share one decoding of it, so a video with one keyframe costs one pass.

    Args:
        reader: an open video.
        targets: ticks, ascending.
        keyframes: ticks of the keyframes that are known, ascending; none known costs one pass over the video.
        check: called between packets.
    """
    reader.decode_only("NONREF")
    for start, wanted in _groups(targets, keyframes):
        yield from _first_at_or_after(wanted, _frames_until(reader, start, wanted[-1], check))


def by_groups_of_pictures(targets: Iterable[int], keyframes: Sequence[int], parts: int) -> list[list[int]]:
    """Split ascending targets into at most so many runs, none of them within the reach of one keyframe."""
    groups = [wanted for _, wanted in _groups(targets, keyframes)]
    size = -(-len(groups) // parts)
    return [list(chain.from_iterable(groups[at : at + size])) for at in range(0, len(groups), size)] if groups else []


def drawn_together(targets: Iterable[int], keyframes: Sequence[int], slack: int) -> list[int]:
    """Draw the targets in the reach of a keyframe towards it, in proportion, the last by `slack` ticks.

    What is decoded of a group of pictures ends with its last target. No target moves by more than half of its way.
    """
    drawn: list[int] = []
    for start, wanted in _groups(targets, keyframes):
        if start is None:
            drawn += wanted
        else:
            share = max(0.5, 1 - slack / max(1, wanted[-1] - start))
            drawn += [start + round(share * (target - start)) for target in wanted]
    return drawn


def within_reach(
    targets: Iterable[int], keyframes: Sequence[int], start: int, ticks: float
) -> tuple[list[int], float]:
    """Keep the targets that are the nearest after a keyframe, as far as decoding up to them may go in all.

    Args:
        targets: ticks, ascending.
        keyframes: as of `exact_frames`; where none is known, the first target is kept at any cost.
        start: of the video, from where the targets before the first keyframe are reached.
        ticks: that may be decoded.

    Returns:
        The targets that are left, and the ticks.
    """
    ways = [
        (target - (before or start), before, target)
        for before, wanted in _groups(targets, keyframes)
        for target in wanted
    ]
    kept: list[int] = []
    reached: dict[int | None, int] = {}
    for way, before, target in sorted(ways, key=lambda one: one[0]):
        cost = way - reached.get(before, 0)
        if cost > ticks and (keyframes or kept):
            break
        ticks -= cost
        reached[before] = way
        kept.append(target)
    return sorted(kept), ticks


def _groups(targets: Iterable[int], keyframes: Sequence[int]) -> Iterator[tuple[int | None, list[int]]]:
    """The targets in the reach of each keyframe that has some, with that keyframe; None before the first."""
    for place, wanted in groupby(targets, key=lambda target: bisect_right(keyframes, target)):
        yield keyframes[place - 1] if place else None, list(wanted)


def _first_at_or_after(targets: Iterable[int], frames: Iterator[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
    last: tuple[int, VideoFrame] | None = None
    position: int | None = None
    for target in targets:
        while position is None or position < target:
            frame = next(frames, None)
            if frame is None:
                break
            time = time_of(frame)
            if time is not None:
                position, last = time, (time, frame)
        if last is not None:
            yield last
            last = None  # a frame serves one target


def _frames_until(reader: Reader, start: int | None, end: int, check: Check) -> Iterator[VideoFrame]:
    """Decode from the keyframe at or before `start`, or from the beginning if that is None, to a frame past `end`.

    Packets come in the order of decoding: the first one at or after `end` needs none that follow. So the decoder is
    emptied there, and not fed until it has the two or three frames more that it puts into order.
    """
    reader.drain()
    for packet in _packets_from(reader, start, check):
        damaged, time = reader.damaged, time_of(packet)
        yield from reader.decode(packet)
        if time is not None and time >= end and reader.damaged == damaged:
            break
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
