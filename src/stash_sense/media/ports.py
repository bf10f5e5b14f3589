"""The ports through which frames come in; `adapters/video` and `adapters/images` implement them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stash_sense.kernel.cancel import CancelToken
from stash_sense.media.address import Address
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known of a video before a frame is decoded: seconds, upright pixels, frames per second, codec."""

    duration: float
    width: int
    height: int
    frame_rate: float
    codec: str


class FrameSource(Protocol):
    """One opened video, wherever it lies: a file, an address on the web, or a sheet of sprites."""

    @property
    def info(self) -> VideoInfo:
        """What the container says of the video."""

    def frames(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Frame]:
        """Yield the planned frames, each once, in no promised order, holding only a few in memory.

        Raises:
            VideoDamaged: not one frame could be decoded.
            Cancelled: the token was set.
        """

    def passes(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Iterator[Frame]]:
        """Yield the same frames as `frames`, in the plan's passes: an iterator for each, which may give none.

        Nothing of a pass is read before it is asked for; asking for the next, or leaving, closes the one before. No
        frame comes in two passes, and all passes together give no more than the plan has moments.

        Raises:
            VideoDamaged: not one frame could be decoded; the first pass says so at its end.
            Cancelled: the token was set.
        """

    def at(self, seconds: float, cancel: CancelToken) -> Frame:
        """Return one frame again: the one whose `t` was that, be it rounded to a millisecond.

        Raises:
            VideoDamaged: it cannot be decoded.
            Cancelled: the token was set.
        """


class VideoOpener(Protocol):
    """Opens videos."""

    def open(self, path: Path) -> AbstractContextManager[FrameSource]:
        """Open one video file.

        Raises:
            InputError: it is missing, empty, unreadable, not a video, a playlist, or has no picture.
        """


class PictureReader(Protocol):
    """Reads still pictures."""

    def read(self, path: Path) -> Frame:
        """Decode one picture: upright, without alpha, its first frame if it moves, `t` None.

        Raises:
            InputError: it is missing, empty, unreadable, too large, damaged, or no supported picture.
        """


class RemoteMedia(Protocol):
    """Opens what is on servers."""

    def open(self, address: Address, cancel: CancelToken) -> AbstractContextManager[Frame | FrameSource]:
        """Open a picture, a video, or the sprites of one by their WebVTT.

        Args:
            address: where it is.
            cancel: ends whatever waits for the server, also while frames are asked for later.

        Returns:
            The picture, or what gives the frames. Asking for frames raises what opening raises.

        Raises:
            InputError: what is there is of no use, or costs more than `kernel.limits` allows.
            TransferError: it cannot be fetched from there.
            Cancelled: the token was set.
        """

    def sprites(
        self, address: Address, duration: float | None, cancel: CancelToken, sheet: Address | None = None
    ) -> FrameSource:
        """Fetch the sprites of a video; nothing is left to be closed.

        Args:
            address: of their WebVTT.
            duration: seconds of the video, which make the times truer; None where they are not known.
            cancel: ends the fetching.
            sheet: where the sheet is, if that is known better than the WebVTT says it.

        Raises:
            InputError, TransferError, Cancelled: as `open`.
        """
