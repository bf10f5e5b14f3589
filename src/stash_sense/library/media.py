"""Scenes, images and galleries of a library, and the files they stand for.

Texts are as the user or another server wrote them: a date may be "yesterday", a title may be markup. Addresses lead
to the Stash that was asked, at the address under which we ask it, and hold no key.

These are named tuples, not dataclasses, because a library has hundreds of thousands of them: to make one takes a
sixth of the time.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

PHASH = "phash"


class StashId(NamedTuple):
    """Who somebody or something is at a stash-box endpoint."""

    endpoint: str
    stash_id: str


class Fingerprint(NamedTuple):
    """A hash of a file: `kind` is oshash, md5 or phash, `value` in hexadecimal digits as Stash writes it."""

    kind: str
    value: str

    @property
    def number(self) -> int | None:
        """The hash as a number, as which alone two may be compared; None where it is none."""
        try:
            return int(self.value, 16)
        except ValueError:
            return None


class VideoFile(NamedTuple):
    """One file of a scene.

    Attributes:
        id: in Stash.
        path: as Stash sees it.
        size: bytes.
        duration: seconds; 0 where Stash could not tell.
        width: pixels, likewise.
        height: pixels, likewise.
        frame_rate: frames a second, likewise.
        video_codec: as ffprobe calls it.
        changed_at: when the file's content changed last, as Stash writes it.
        fingerprints: of its content.
    """

    id: str
    path: str
    size: int
    duration: float
    width: int
    height: int
    frame_rate: float
    video_codec: str
    changed_at: str
    fingerprints: tuple[Fingerprint, ...]

    @property
    def phash(self) -> int | None:
        """The perceptual hash, 64 bits; None where there is none."""
        return _number_of(PHASH, self.fingerprints)


class ImageFile(NamedTuple):
    """One file of an image, which may be a short video; `path` as Stash sees it, `size` in bytes, sides in pixels."""

    id: str
    path: str
    size: int
    width: int
    height: int
    is_video: bool
    fingerprints: tuple[Fingerprint, ...]


class ScenePaths(NamedTuple):
    """Where to get pictures of a scene; empty where there is none. The stream is asked for by the scene's id.

    The addresses of sprite and cues are there whether they were generated or not.
    """

    screenshot: str
    sprite: str
    vtt: str


class Scene(NamedTuple):
    """One scene; the others it is connected with are given by their ids."""

    id: str
    title: str
    code: str
    details: str
    director: str
    date: str
    urls: tuple[str, ...]
    rating100: int | None
    organized: bool
    created_at: datetime
    updated_at: datetime
    files: tuple[VideoFile, ...]
    paths: ScenePaths
    studio_id: str | None
    performer_ids: tuple[str, ...]
    tag_ids: tuple[str, ...]
    gallery_ids: tuple[str, ...]
    stash_ids: tuple[StashId, ...]

    @property
    def file(self) -> VideoFile | None:
        """The primary file; None for a scene without one."""
        return self.files[0] if self.files else None


class Image(NamedTuple):
    """One image; two files with the same content are one image."""

    id: str
    title: str
    code: str
    details: str
    photographer: str
    date: str
    urls: tuple[str, ...]
    rating100: int | None
    organized: bool
    created_at: datetime
    updated_at: datetime
    files: tuple[ImageFile, ...]
    picture: str
    thumbnail: str
    studio_id: str | None
    performer_ids: tuple[str, ...]
    tag_ids: tuple[str, ...]
    gallery_ids: tuple[str, ...]


class Gallery(NamedTuple):
    """One gallery: a zip file, a folder, or made by hand, when `path` is empty."""

    id: str
    title: str
    code: str
    details: str
    photographer: str
    date: str
    urls: tuple[str, ...]
    rating100: int | None
    organized: bool
    created_at: datetime
    updated_at: datetime
    path: str
    is_folder: bool
    image_count: int
    cover: str
    studio_id: str | None
    performer_ids: tuple[str, ...]
    tag_ids: tuple[str, ...]
    scene_ids: tuple[str, ...]


def _number_of(kind: str, fingerprints: Sequence[Fingerprint]) -> int | None:
    return next((print_.number for print_ in fingerprints if print_.kind == kind), None)
