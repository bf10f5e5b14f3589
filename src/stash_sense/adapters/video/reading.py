"""One reading of a video, pass by pass: which reader decodes what, and that no frame is given twice."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from math import inf

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from stash_sense.adapters.video.conveyor import Producer, carry
from stash_sense.adapters.video.exact import by_groups_of_pictures, drawn_together, exact_frames, within_reach
from stash_sense.adapters.video.keyframes import Claims, keyframes
from stash_sense.adapters.video.probe import Probe
from stash_sense.adapters.video.reader import Check, Reader
from stash_sense.adapters.video.readers import Readers
from stash_sense.adapters.video.upright import upright
from stash_sense.errors import VideoDamaged
from stash_sense.kernel.cancel import CancelToken
from stash_sense.media.frame import Frame

_FEWEST_KEYFRAMES = 0.5
"""Keyframes per planned frame below which the other targets are decoded exactly."""

_SLACK = 0.5
"""Of the distance between moments, by which an exact frame may be early: 24 % less to decode in 30 s (ADR 3)."""

_SAME_MOMENT = 0.021
"""Seconds, but at most 3/4 of a frame, within which two frames are one: MPEG-PS gives times half a frame apart."""

_Timed = tuple[int, Frame]


class Reading:
    """What was planned and given so far. Its passes are read one after the other, each until its end or its closing.

    Args:
        readers: of the video.
        known: of the video.
        threads: that decode at once, each with a reader.
        cancel: ends the reading between frames.
        exact_bytes: see `Limits`; of a file of this machine all may be decoded.
    """

    def __init__(self, readers: Readers, known: Probe, threads: int, cancel: CancelToken, exact_bytes: int) -> None:
        self._readers = readers
        self._known = known
        self._threads = threads
        self._cancel = cancel
        self._claims = Claims()
        self._targets: list[int] = []
        self._keyframes: list[int] = []
        self._exact: list[int] = []
        self._left = self._ticks_of(exact_bytes)

    def frames(self, moments: NDArray[np.float64]) -> Generator[Frame, None, None]:
        """Yield the frames of one pass that no earlier pass gave: up to as many as all passes have moments so far.

        Args:
            moments: seconds, ascending; those of earlier passes that no frame serves are looked at again.

        Raises:
            VideoDamaged: neither this pass nor an earlier one could decode a frame.
            Cancelled: the token was set.
        """
        self._cancel.raise_if_cancelled()
        targets = [self._known.start + round(moment / self._known.time_base) for moment in moments.tolist()]
        # Only in the first pass: frames moved by half of a wide distance lie where those of the next pass would go.
        slack = 0 if self._targets else round(_SLACK * min(np.diff(targets), default=0))
        self._targets = sorted({*self._targets, *targets})
        yield from self._new(self._tier_one(targets), self._keyframes)
        if len(self._keyframes) < _FEWEST_KEYFRAMES * len(self._targets):
            yield from self._new(self._tier_two(slack), self._exact)
        if not self._keyframes and not self._exact:
            reason = f"{self._readers.damaged} parts of it cannot be read"
            raise VideoDamaged(path=self._readers.path, reason=reason)

    def _tier_one(self, targets: Sequence[int]) -> list[Producer[_Timed]]:
        def producer(part: list[int]) -> Producer[_Timed]:
            def produce(check: Check) -> Generator[_Timed, None, None]:
                with self._readers.lend() as reader:
                    yield from self._pictures(reader, keyframes(reader, part, self._claims, check))

            return produce

        parts = np.array_split(np.array(targets), min(self._threads, len(targets)))
        return [producer(part.tolist()) for part in parts]

    def _tier_two(self, slack: int) -> list[Producer[_Timed]]:
        known = sorted(self._keyframes)

        def producer(part: list[int]) -> Producer[_Timed]:
            def produce(check: Check) -> Generator[_Timed, None, None]:
                with self._readers.lend() as reader:
                    frames = exact_frames(reader, part, known, check)
                    yield from self._pictures(reader, ((time, frame) for time, frame in frames if time not in known))

            return produce

        unserved = _unserved(self._targets, self._keyframes + self._exact)
        targets = drawn_together(unserved, known, slack)
        targets, self._left = within_reach(targets, known, self._known.start, self._left)
        return [producer(part) for part in by_groups_of_pictures(targets, known, self._threads)]

    def _ticks_of(self, exact_bytes: int) -> float:
        """How much of the video has so many bytes, if they have to be fetched."""
        size, seconds = self._readers.to_fetch, self._known.info.duration
        if not size or seconds <= 0.0:
            return inf
        return float(exact_bytes / size * seconds / self._known.time_base)

    def _new(self, producers: Sequence[Producer[_Timed]], given: list[int]) -> Iterator[Frame]:
        """Pass on the frames that were not given before, and note their times, up to as many as planned."""
        near = min(_SAME_MOMENT, 0.75 / self._known.info.frame_rate) / self._known.time_base
        with closing(carry(producers, self._cancel)) as frames:
            for time, frame in frames:
                if all(abs(time - other) >= near for other in (*self._keyframes, *self._exact)):
                    given.append(time)
                    yield frame
                if len(self._keyframes) + len(self._exact) == len(self._targets):
                    return

    def _pictures(self, reader: Reader, frames: Iterable[tuple[int, VideoFrame]]) -> Generator[_Timed, None, None]:
        """Turn decoded frames into pictures; one that cannot be converted is passed over."""
        for time, frame in frames:
            try:
                image = upright(frame, self._known.orientation)
            except (FFmpegError, ValueError):  # a pixel format that libswscale does not know
                reader.damaged += 1
                continue
            yield time, Frame(image, float((time - self._known.start) * self._known.time_base))


def _unserved(targets: Sequence[int], given: Iterable[int]) -> list[int]:
    """The targets without those that are the nearest to one of the frames given."""
    served = {min(targets, key=lambda target: abs(target - time)) for time in given}
    return [target for target in targets if target not in served]
