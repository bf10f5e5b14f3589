"""What is on servers as frames: videos in parts, pictures whole, sprites by their WebVTT."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from stash_sense.adapters.http.remote_file import RemoteFile, RemoteFiles
from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.adapters.video.files import ForeignFile
from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.errors import InputError, InputIsPlaylist, InputNotMedia, SpritesUnusable
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.address import Address
from stash_sense.media.frame import Frame
from stash_sense.media.kinds import Kind, kind_of, picture_format
from stash_sense.media.ports import FrameSource
from stash_sense.media.sprites import SpriteFrames, sprites_of
from stash_sense.media.webvtt import cues_in, is_webvtt

_SHEET_SIDE = 8192
"""Longest side of a sheet, pixels: a larger one would be made smaller, and its cues lead astray."""


class RemoteOpener:
    """A `RemoteMedia`.

    Args:
        files: asks the servers.
        videos: opens what is a video.
        limits: bounds what is read.
    """

    def __init__(self, files: RemoteFiles, videos: PyavOpener, limits: Limits) -> None:
        self._files = files
        self._videos = videos
        self._pictures = PillowReader(limits)
        self._sheets = PillowReader(replace(limits, picture_side=_SHEET_SIDE))
        self._limits = limits

    @contextmanager
    def open(self, address: Address, cancel: CancelToken) -> Iterator[Frame | FrameSource]:
        """Open a picture, a video, or the sprites of one by their WebVTT; see `RemoteMedia`."""
        with self._files.open(address, cancel) as file:
            kind = kind_of(address.name, file.head)
            if is_webvtt(file.head) or address.name.lower().endswith(".vtt"):
                yield self._sprites(file, None, cancel)
            elif picture_format(file.head) is not None:
                yield self._picture(file, self._pictures)
            elif kind is Kind.PLAYLIST:
                raise InputIsPlaylist(path=address)
            else:
                with self._videos.open_file(ForeignFile(address, file.head, file.size, file.reader)) as video:
                    yield video

    def sprites(
        self, address: Address, duration: float | None, cancel: CancelToken, sheet: Address | None = None
    ) -> SpriteFrames:
        """Fetch the sprites of a video.

        Args:
            address: of the WebVTT.
            duration: seconds of the video, which make the times truer; None where they are not known.
            cancel: ends the fetching.
            sheet: where the sheet is, if that is known better than the WebVTT says it.

        Raises:
            InputError, TransferError, StorageError, Cancelled: as `open`.
        """
        with self._files.open(address, cancel) as file:
            return self._sprites(file, duration, cancel, sheet)

    def picture(self, address: Address, cancel: CancelToken) -> Frame:
        """Fetch a picture; raises as `open` does, and InputNotMedia."""
        with self._files.open(address, cancel) as file:
            return self._picture(file, self._pictures)

    def _sprites(
        self, file: RemoteFile, duration: float | None, cancel: CancelToken, sheet: Address | None = None
    ) -> SpriteFrames:
        address, most = file.path, self._limits.sprites
        cues = list(islice(cues_in(file.content(self._limits.list_bytes)), most + 1))
        if len(cues) > most:
            raise SpritesUnusable(path=address, reason=f"it has more than {most:,}")
        if not cues:
            raise SpritesUnusable(path=address, reason="it names no part of a picture")
        # One sheet is enough for what we look at; a cue that leads elsewhere is one of the bad ones.
        name, _ = Counter(cue.picture for cue in cues).most_common(1)[0]
        with self._files.open(sheet or _beside(address, name), cancel) as pictures:
            picture = self._picture(pictures, self._sheets).image
        height, width = picture.shape[:2]
        if max(height, width) >= _SHEET_SIDE:
            raise SpritesUnusable(path=address, reason=f"the sheet has a side of {_SHEET_SIDE:,} pixels or more")
        sprites = sprites_of([cue for cue in cues if cue.picture == name], (width, height), duration)
        if not sprites:
            raise SpritesUnusable(path=address, reason="none of them is on the sheet")
        return SpriteFrames(picture, sprites, duration)

    def _picture(self, file: RemoteFile, reader: PillowReader) -> Frame:
        content = file.content(self._limits.picture_bytes)
        with tempfile.TemporaryDirectory(prefix="stash-sense-") as folder:
            path = Path(folder) / "picture"
            with storage_errors(path):
                path.write_bytes(content)
            del content
            try:
                return reader.read(path)
            except InputNotMedia as error:
                raise InputNotMedia(path=file.path) from error
            except InputError as error:
                raise type(error)(**{**error.fields, "path": file.path}) from error


def _beside(cues: Address, name: str) -> Address:
    """Return where the sheet is that cues name.

    Raises:
        SpritesUnusable: on another server, which nobody named and which the key is not for.
    """
    try:
        here, there = urlsplit(cues.url), urlsplit(urljoin(cues.url, name))
        same = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
    except ValueError:
        same = False
    if not name or not same:
        raise SpritesUnusable(path=cues, reason="its sheet is nowhere, or on another server")
    # Where the key is in the address, the sheet needs it, too.
    there = there._replace(netloc=here.netloc, query=there.query or here.query, fragment="")
    return replace(cues, url=there.geturl())
