"""One libav container opened for its moving picture: seeking, packets, decoding; no libav error leaves it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from types import TracebackType
from typing import Literal, Self, TypeAlias

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stash_sense.adapters.video.files import Opened, Place, VideoFile
from stash_sense.errors import InputNotMedia, PictureTooLarge, VideoDamaged, VideoWithoutPicture
from stash_sense.kernel.limits import Limits
from stash_sense.media.head import unreadable
from stash_sense.media.kinds import is_audio, is_still_container, is_video_container

# Demuxers of one self-contained file. None that opens what a file points to (hls, dash, concat, sdp, imf), none of
# pictures (image2 opens other files by pattern), none of sound alone: those are told by their first bytes.
_FORMATS = (
    "asf,avi,dv,flv,gxf,h264,hevc,ivf,m4v,matroska,mov,mpeg,mpegts,mpegvideo,mxf,nsv,nut,obu,ogg,rm,vc1,vvc,wtv"
)
_PICTURES_BESIDE_THE_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails
_BY_THE_HEADER = {"skip_frame": "all", "probesize": "32", "analyzeduration": "1"}
"""Options that keep libav from decoding frames of a file to learn what its header says: 0.5 for 20 ms at 1080p."""

_READ_ERRORS_IN_A_ROW = 16
"""Failed reads before a file is taken to end there: a demuxer that cannot find its way back would try for ever."""

VideoPacket: TypeAlias = "Packet[VideoStream]"

Check: TypeAlias = Callable[[], None]
"""Called between packets; raises when the work is to stop."""


class Reader:
    """The moving picture of one file. Times are in ticks of its `time_base`, as in the file. Not thread-safe."""

    def __init__(self, file: VideoFile, limits: Limits) -> None:
        """Open the file.

        Args:
            file: nothing that it points to is opened.
            limits: `frame_pixels` bounds a frame.

        Raises:
            InputError: it is missing, empty, unreadable, no video, damaged at its beginning, or has no picture.
            TransferError, Cancelled: it is elsewhere, and cannot be fetched from there.
        """
        self.path = file.path
        self.damaged = 0
        """Packets that could not be read or decoded."""
        head = file.head
        self._file = file.opened()
        try:
            self._container = _opened(self.path, head, self._file, limits)
        except BaseException:
            self._file.close()
            raise
        try:
            self.stream = _moving_picture(self._container, self.path)
            _check_size(self.path, self.stream.codec_context, limits)
            for stream in self._container.streams:
                if stream.index != self.stream.index:
                    stream.discard = Discard.all  # sound would be read to be thrown away
        except BaseException:
            self.close()
            raise
        self.stream.codec_context.options = {"max_pixels": str(limits.frame_pixels)}  # the size may change on the way
        # Threads decode several frames ahead, which a single keyframe has no use for, and lose the times of AVI.
        self.stream.codec_context.thread_type = "NONE"
        self.stream.codec_context.thread_count = 1
        self.time_base = self.stream.time_base or Fraction(1, av.time_base)
        self.rate = self.stream.average_rate or self.stream.guessed_rate or Fraction(25)
        self._untimed = False
        self._ordinal = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()
        self._file.close()

    @property
    def container_duration(self) -> float:
        """Seconds that the file says it lasts; zero when it does not say."""
        if self.stream.duration:
            return max(0.0, float(self.stream.duration * self.time_base))
        return max(0.0, (self._container.duration or 0) / av.time_base)

    def seek(self, time: int) -> None:
        """Go to the keyframe at or before `time` where the format allows it, else near it or to the beginning."""
        if self._untimed:
            self.rewind()
            return
        try:
            self._container.seek(time, stream=self.stream)
        except FFmpegError:  # before the first entry of the index, or a format that knows no times
            self._file.check()
            self.rewind()

    def rewind(self) -> None:
        """Go back to the first packet."""
        self._ordinal = 0
        start = self.stream.start_time or 0
        # MPEG-TS compares with times of decoding: asked for its start, it would pass over the first keyframe.
        for time, backward in ((start - round(10 / self.time_base), True), (start, True), (start, False)):
            with suppress(FFmpegError):
                self._container.seek(time, stream=self.stream, backward=backward)
                return
        with suppress(FFmpegError):  # last, for raw streams only: it makes AVI count its times wrong
            self._container.seek(0, unsupported_byte_offset=True)

    def packets(self, check: Check) -> Iterator[VideoPacket]:
        """Yield the packets of the picture from here on, each with a `pts`; what cannot be read is passed over."""
        failures = 0
        while failures < _READ_ERRORS_IN_A_ROW:
            try:
                for packet in self._container.demux(self.stream):
                    check()
                    self._file.check()  # before the packet is used: it may have been cut short
                    if packet.size:
                        failures = 0
                        self._time(packet)
                        yield packet
                self._file.check()
                return
            except (FFmpegError, IndexError):  # IndexError: PyAV meets a stream that was not there at the start
                check()
                self._file.check()
                failures += 1
                self.damaged += 1

    def decode_only(self, skipped: Literal["DEFAULT", "NONREF"]) -> None:
        """Begin other work, at any place: decode all frames, or only those that others refer to (all but NONREF)."""
        self.drain()
        self.stream.codec_context.skip_frame = skipped

    def decode(self, packet: VideoPacket) -> list[VideoFrame]:
        """Decode one packet; none or several frames come out, a damaged packet gives none."""
        try:
            return self._sound(self.stream.codec_context.decode(packet))
        except FFmpegError:
            self.damaged += 1
            return []

    def drain(self) -> list[VideoFrame]:
        """Take the frames that the decoder still holds and make it ready for another place of the file."""
        try:
            return self._sound(self.stream.codec_context.decode(None))
        except FFmpegError:
            self.damaged += 1
            return []
        finally:
            self.stream.codec_context.flush_buffers()

    def _sound(self, frames: list[VideoFrame]) -> list[VideoFrame]:
        """Leave out the frames that the decoder marked as damaged."""
        sound = [frame for frame in frames if not frame.is_corrupt]
        self.damaged += len(frames) - len(sound)
        return sound

    def _time(self, packet: VideoPacket) -> None:
        """Give a packet of a format without times (a raw stream) the time that its place and the rate say."""
        if packet.pts is None and packet.dts is None:
            self._untimed = True
            packet.pts = packet.dts = round(self._ordinal / (self.rate * self.time_base))
        self._ordinal += 1


def time_of(item: "VideoFrame | VideoPacket") -> int | None:
    """When a frame or packet is shown, in ticks; AVI stores the times of decoding, from which libav derives it."""
    return item.pts if item.pts is not None else item.dts


def _opened(path: Place, head: bytes, file: Opened, limits: Limits) -> InputContainer:
    if is_still_container(head):
        raise InputNotMedia(path=path)
    options = {
        "format_whitelist": _FORMATS,
        "protocol_whitelist": file.protocols,
        "max_pixels": str(limits.frame_pixels),
    }
    if head[4:8] == b"ftyp" or head.startswith(b"\x1aE\xdf\xa3"):  # MP4, Matroska
        container = _open(path, head, file, options | _BY_THE_HEADER)
        if all(map(_is_described, _moving_pictures(container))):
            return container
        container.close()
        if not isinstance(file.source, str):
            file.source.seek(0)
    return _open(path, head, file, options)


def _open(path: Place, head: bytes, file: Opened, options: dict[str, str]) -> InputContainer:
    try:
        container = av.open(file.source, "r", options=options, metadata_errors="replace")
    except (FileNotFoundError, PermissionError) as error:
        raise unreadable(path, error) from error
    except (FFmpegError, ValueError) as error:
        file.check()
        if is_audio(head):
            raise VideoWithoutPicture(path=path) from error
        if is_video_container(head):
            raise VideoDamaged(path=path, reason=str(getattr(error, "strerror", None) or error)) from error
        raise InputNotMedia(path=path) from error
    try:
        file.check()
    except BaseException:
        container.close()
        raise
    return container


def _check_size(path: Place, codec: VideoCodecContext, limits: Limits) -> None:
    if codec.width * codec.height > limits.frame_pixels:
        raise PictureTooLarge(path=path, width=codec.width, height=codec.height, limit=limits.frame_pixels)


def _moving_picture(container: InputContainer, path: Place) -> VideoStream:
    """The largest picture stream that is not a cover and that can be decoded."""
    known = _moving_pictures(container)
    if known:
        return max(known, key=lambda stream: stream.codec_context.width * stream.codec_context.height)
    if any(not _is_beside_the_video(stream) for stream in container.streams.video) or not container.streams.audio:
        raise InputNotMedia(path=path)
    raise VideoWithoutPicture(path=path)


def _moving_pictures(container: InputContainer) -> list[VideoStream]:
    streams = [stream for stream in container.streams.video if not _is_beside_the_video(stream)]
    # PyAV gives a stream without codec context when it knows no decoder, whatever its stubs say.
    return [stream for stream in streams if getattr(stream, "codec_context", None) is not None]


def _is_beside_the_video(stream: VideoStream) -> bool:
    return bool(stream.disposition & _PICTURES_BESIDE_THE_VIDEO)


def _is_described(stream: VideoStream) -> bool:
    """Whether the file's header was enough to know what a reader needs: the size, and the rate."""
    return stream.codec_context.width > 0 and stream.average_rate is not None
