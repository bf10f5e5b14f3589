"""Videos through PyAV: keyframes first, exact frames where keyframes are too sparse, several containers at once."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame

from stash_sense.adapters.video.conveyor import Producer, carry
from stash_sense.adapters.video.exact import by_groups_of_pictures, exact_frames
from stash_sense.adapters.video.keyframes import Claims, keyframes
from stash_sense.adapters.video.probe import Probe, measured_duration, probe
from stash_sense.adapters.video.reader import Check, Reader
from stash_sense.adapters.video.upright import upright
from stash_sense.errors import InputIsPlaylist, VideoDamaged
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.frame import Frame
from stash_sense.media.head import read_head
from stash_sense.media.kinds import Kind, kind_of
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import VideoInfo

_FEWEST_KEYFRAMES = 0.5
"""Keyframes per planned frame below which the other targets are decoded exactly."""

_SAME_MOMENT = 0.021
"""Seconds, but at most 3/4 of a frame, within which two frames are one: MPEG-PS gives times half a frame apart."""

_Timed = tuple[int, Frame]


class PyavOpener:
    """A `VideoOpener`.

    Args:
        limits: `frame_pixels` bounds a frame.
        containers: that are read at once, each in a thread of its own.
    """

    def __init__(self, limits: Limits, containers: int = 2) -> None:
        self._limits = limits
        self._containers = containers

    @contextmanager
    def open(self, path: Path) -> Iterator["PyavVideo"]:
        """Open one video file; leaving the block ends a reading that is still under way.

        Raises:
            InputError: it is missing, empty, unreadable, not a video, a playlist, or has no picture.
        """
        if kind_of(path.name, read_head(path)) is Kind.PLAYLIST:
            raise InputIsPlaylist(path=path)
        with ExitStack() as lifetime:
            yield PyavVideo(path, probe(path, self._limits), self._limits, self._containers, lifetime)


class PyavVideo:
    """A `FrameSource`: one video file. Its frames may be asked for several times, one reading after the other."""

    def __init__(self, path: Path, known: Probe, limits: Limits, containers: int, lifetime: ExitStack) -> None:
        self._path = path
        self._info = known.info
        self._start = known.start
        self._time_base = known.time_base
        self._orientation = known.orientation
        self._limits = limits
        self._containers = containers
        self._lifetime = lifetime
        self._damages: list[int] = []

    @property
    def info(self) -> VideoInfo:
        """What the container says of the video; a duration it lacks is 0 until the first reading measured it."""
        return self._info

    @property
    def damaged(self) -> int:
        """Packets that could not be read or decoded, over all readings."""
        return sum(self._damages)

    def frames(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Frame]:
        """Yield the planned frames, each once, in no promised order; at most a few are in memory.

        A frame is the nearest cheap one to its moment, and its `t` says which: see `keyframes` and `exact`.

        Raises:
            VideoDamaged: not one frame could be decoded.
            Cancelled: the token was set.
        """
        reading = self._reading(plan, cancel)
        self._lifetime.callback(reading.close)
        return reading

    def _reading(self, plan: SamplingPlan, cancel: CancelToken) -> Generator[Frame, None, None]:
        cancel.raise_if_cancelled()
        self._measure(cancel)
        targets = [self._start + round(t / self._time_base) for t in plan.targets(self._info.duration).tolist()]
        given: set[int] = set()
        yield from self._new(carry(self._tier_one(targets), cancel), given, len(targets))
        if len(given) < _FEWEST_KEYFRAMES * len(targets):
            yield from self._new(carry(self._tier_two(targets, sorted(given)), cancel), given, len(targets))
        if not given:
            raise VideoDamaged(path=self._path, reason=f"{self.damaged} parts of it cannot be read")

    def _measure(self, cancel: CancelToken) -> None:
        """Find the duration where the container does not say it."""
        if self._info.duration <= 0.0:
            seconds = measured_duration(self._path, self._limits, cancel.raise_if_cancelled)
            self._info = replace(self._info, duration=seconds)

    def _tier_one(self, targets: Sequence[int]) -> list[Producer[_Timed]]:
        claims = Claims()
        parts = np.array_split(np.array(targets), min(self._containers, len(targets)))

        def producer(part: list[int]) -> Producer[_Timed]:
            def produce(check: Check) -> Generator[_Timed, None, None]:
                with Reader(self._path, self._limits) as reader:
                    yield from self._pictures(reader, keyframes(reader, part, claims, check))

            return produce

        return [producer(part.tolist()) for part in parts]

    def _tier_two(self, targets: Sequence[int], known: Sequence[int]) -> list[Producer[_Timed]]:
        def producer(part: list[int]) -> Producer[_Timed]:
            def produce(check: Check) -> Generator[_Timed, None, None]:
                with Reader(self._path, self._limits) as reader:
                    frames = exact_frames(reader, part, known, check)
                    yield from self._pictures(reader, ((time, frame) for time, frame in frames if time not in known))

            return produce

        return [producer(part) for part in by_groups_of_pictures(_unserved(targets, known), known, self._containers)]

    def _new(self, frames: Generator[_Timed, None, None], given: set[int], budget: int) -> Iterator[Frame]:
        """Pass on the frames whose time was not given before, and remember it, until so many were given."""
        near = min(_SAME_MOMENT, 0.75 / self._info.frame_rate) / self._time_base
        with closing(frames):
            for time, frame in frames:
                if all(abs(time - other) >= near for other in given):
                    given.add(time)
                    yield frame
                if len(given) == budget:
                    return

    def _pictures(self, reader: Reader, frames: Iterable[tuple[int, VideoFrame]]) -> Generator[_Timed, None, None]:
        """Turn decoded frames into pictures; one that cannot be converted is passed over."""
        try:
            for time, frame in frames:
                try:
                    image = upright(frame, self._orientation)
                except (FFmpegError, ValueError):  # a pixel format that libswscale does not know
                    reader.damaged += 1
                    continue
                yield time, Frame(image, float((time - self._start) * self._time_base))
        finally:
            self._damages.append(reader.damaged)


def _unserved(targets: Sequence[int], known: Sequence[int]) -> list[int]:
    """The targets without those that are the nearest to one of the keyframes."""
    served = {min(targets, key=lambda target: abs(target - time)) for time in known}
    return [target for target in targets if target not in served]
