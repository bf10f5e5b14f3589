"""Videos through PyAV: keyframes first, exact frames where keyframes are too sparse, several containers at once."""

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TypeVar

from av.error import FFmpegError

from stash_sense.adapters.video.exact import exact_frames
from stash_sense.adapters.video.files import LocalFile, VideoFile
from stash_sense.adapters.video.probe import Probe, measured_duration, probe
from stash_sense.adapters.video.readers import Readers
from stash_sense.adapters.video.reading import Reading
from stash_sense.adapters.video.upright import upright
from stash_sense.errors import InputIsPlaylist, StreamTooLarge, VideoDamaged
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.frame import Frame
from stash_sense.media.kinds import Kind, kind_of
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import VideoInfo

_Item = TypeVar("_Item")
_ROUNDED = 0.001
"""Seconds by which a moment that was written down may be later than its frame; frames are 4 ms apart or more."""
_REORDERED = 1.0
"""Seconds within which frames that are decoded in another order than they are shown in have all come."""


class PyavOpener:
    """A `VideoOpener`.

    Args:
        limits: `frame_pixels` bounds a frame, `exact_bytes` and `stream_bytes` what is fetched.
        containers: that are read at once, each in a thread of its own.
    """

    def __init__(self, limits: Limits, containers: int = 2) -> None:
        self._limits = limits
        self._containers = containers

    def open(self, path: Path) -> AbstractContextManager["PyavVideo"]:
        """Open one video file; leaving the block ends a reading that is still under way.

        Raises:
            InputError: it is missing, empty, unreadable, not a video, a playlist, or has no picture.
        """
        return self.open_file(LocalFile(path))

    @contextmanager
    def open_file(self, file: VideoFile) -> Iterator["PyavVideo"]:
        """Open a video wherever its bytes are; as `open`.

        Raises:
            InputError: see `open`.
            TransferError, Cancelled: it is elsewhere, and cannot be fetched from there; frames raise them, too.
        """
        if kind_of(file.name, file.head) is Kind.PLAYLIST:
            raise InputIsPlaylist(path=file.path)
        with closing(Readers(file, self._limits)) as readers, ExitStack() as lifetime:
            with readers.lend() as reader:
                known = probe(reader)
            yield PyavVideo(readers, known, self._containers, lifetime, self._limits)


class PyavVideo:
    """A `FrameSource`: one video file. Its frames may be asked for several times, one reading after the other."""

    def __init__(self, readers: Readers, known: Probe, containers: int, lifetime: ExitStack, limits: Limits) -> None:
        self._readers = readers
        self._known = known
        self._containers = containers
        self._lifetime = lifetime
        self._limits = limits

    @property
    def info(self) -> VideoInfo:
        """What the container says of the video; a duration it lacks is 0 until the first reading measured it."""
        return self._known.info

    @property
    def damaged(self) -> int:
        """Packets that could not be read or decoded, over all readings."""
        return self._readers.damaged

    def frames(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Frame]:
        """Yield the frames of all passes, each once, in no promised order; at most a few are in memory.

        Raises:
            VideoDamaged: not one frame could be decoded.
            Cancelled: the token was set.
        """
        return self._for_life(self._chained(plan, cancel))

    def passes(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Iterator[Frame]]:
        """Yield the frames of the first pass, then those of the next; asking for the next ends the one before.

        A frame is the nearest cheap one to its moment, and its `t` says which: see `keyframes` and `exact`.

        Raises:
            VideoDamaged: not one frame could be decoded; from the frames of the first pass.
            Cancelled: the token was set.
        """
        return self._for_life(self._passes(plan, cancel))

    def at(self, seconds: float, cancel: CancelToken) -> Frame:
        """Decode the frame of one moment, and no frame before it; see `FrameSource`.

        Raises:
            VideoDamaged: it cannot be decoded.
            Cancelled: the token was set.
        """
        cancel.raise_if_cancelled()
        # As if there were a keyframe there: what is read begins at the one before.
        moment = self._known.start + ceil((seconds - _ROUNDED) / self._known.time_base)
        # As if more were wanted: a frame that is decoded after one that is shown later would not be waited for.
        wanted = [moment, moment + ceil(_REORDERED / self._known.time_base)]
        with self._readers.lend() as reader:
            for _, frame in exact_frames(reader, wanted, wanted[:1], cancel.raise_if_cancelled):
                with suppress(FFmpegError, ValueError):  # a pixel format that libswscale does not know
                    return Frame(upright(frame, self._known.orientation), seconds)
        raise VideoDamaged(path=self._readers.path, reason=f"there is no frame at {seconds:.3f} s")

    def _passes(self, plan: SamplingPlan, cancel: CancelToken) -> Generator[Iterator[Frame], None, None]:
        cancel.raise_if_cancelled()
        self._measure(cancel)
        reading = Reading(self._readers, self._known, self._containers, cancel, self._limits.exact_bytes)
        for moments in plan.passes(self.info.duration):
            with closing(reading.frames(moments)) as frames:
                yield frames

    def _chained(self, plan: SamplingPlan, cancel: CancelToken) -> Generator[Frame, None, None]:
        with closing(self._passes(plan, cancel)) as passes:
            for frames in passes:
                yield from frames

    def _for_life(self, reading: Generator[_Item, None, None]) -> Iterator[_Item]:
        """End a reading when the video is closed, if its user left it."""
        self._lifetime.callback(reading.close)
        return reading

    def _measure(self, cancel: CancelToken) -> None:
        """Find the duration where the container does not say it, for which all of the file is read."""
        if self.info.duration <= 0.0:
            if (self._readers.to_fetch or 0) > self._limits.stream_bytes:
                raise StreamTooLarge(path=self._readers.path, limit=self._limits.stream_bytes)
            with self._readers.lend() as reader:
                seconds = measured_duration(reader, cancel.raise_if_cancelled)
            self._known = replace(self._known, info=replace(self.info, duration=seconds))
