"""Errors about the files and galleries that the user names."""

from stash_sense.errors.base import StashSenseError


class InputError(StashSenseError):
    """{path} cannot be used."""

    code = "input_error"


class InputMissing(InputError):
    """{path} does not exist; check the spelling."""

    code = "input_missing"


class InputEmpty(InputError):
    """{path} is empty: there is nothing in it to look at."""

    code = "input_empty"


class InputWithoutMedia(InputError):
    """{path} holds no file that ends like a video or picture; name such files themselves."""

    code = "input_without_media"


class LibraryItemWithoutFile(InputError):
    """{path} has no file in Stash, so there is nothing of it to look at; let Stash scan its folders."""

    code = "library_item_without_file"


class LibraryFileNotHere(InputError):
    """No file of {path} is found here with the size that Stash knows; set path_map as `stash-sense stash check` finds
    it, or let the frames come from Stash.
    """

    code = "library_file_not_here"


class InputUnreadable(InputError):
    """{path} cannot be read ({reason})."""

    code = "input_unreadable"


class InputNotMedia(InputError):
    """{path} is neither a video nor a JPEG, PNG, WebP, AVIF or GIF picture that can be read; replace it."""

    code = "input_not_media"


class InputIsPlaylist(InputError):
    """{path} is a playlist that points to other files; name those files instead."""

    code = "input_is_playlist"


class VideoWithoutPicture(InputError):
    """{path} has sound but no moving picture, so there are no faces to look for."""

    code = "video_without_picture"


class VideoDamaged(InputError):
    """{path} is damaged or cut short: not one frame of it could be decoded ({reason}); try copying it again."""

    code = "video_damaged"


class PictureDamaged(InputError):
    """{path} is damaged or cut short and cannot be decoded ({reason}); try copying it again."""

    code = "picture_damaged"


class PictureTooLarge(InputError):
    """{path} has {width} x {height} pixels, more than the {limit:,} that are decoded; make a smaller copy of it."""

    code = "picture_too_large"


class InputLocked(InputError):
    """{path} is only for those who are allowed to see it ({reason}); check the address, and give the API key or the
    password that the server wants.
    """

    code = "input_locked"


class InputIsPage(InputError):
    """{path} is a web page and not a video or picture; copy the address of the file itself."""

    code = "input_is_page"


class StreamWithoutRanges(InputError):
    """{path} cannot be read in parts, and is larger than the {limit:,} bytes that are read as a whole; download it
    and name the file.
    """

    code = "stream_without_ranges"


class StreamTooLarge(InputError):
    """{path} needs more than the {limit:,} bytes that are read of one file over the network; download it and name the
    file.
    """

    code = "stream_too_large"


class StreamTooSlow(InputError):
    """{path} comes too slowly ({reason}); try again later, or download it and name the file."""

    code = "stream_too_slow"


class StreamLost(InputError):
    """{path} broke off again and again while it was read ({reason}); try again later."""

    code = "stream_lost"


class StreamChanged(InputError):
    """{path} changed while it was read; try again when it is complete."""

    code = "stream_changed"


class SpritesUnusable(InputError):
    """{path} gives no sprites that can be used ({reason}); have them generated again."""

    code = "sprites_unusable"


class InternalFault(InputError):
    """{path} met a fault in Stash Sense itself ({reason}); please report it with the lines above."""

    code = "internal_fault"


class GalleryError(StashSenseError):
    """The pictures of people in {path} cannot be used."""

    code = "gallery_error"


class GalleryMissing(GalleryError):
    """{path} is not a folder; name one that holds a folder of pictures for each person."""

    code = "gallery_missing"


class GalleryLocked(GalleryError):
    """{path} cannot be read ({reason}), so its pictures would be missing; make it readable, or leave it out by a name
    that begins with a dot."""

    code = "gallery_locked"


class GalleryWithoutPeople(GalleryError):
    """{path} holds no folder with pictures; each person needs one, named after them. If it is the folder of one
    person, name the one above it."""

    code = "gallery_without_people"


class GalleryWithoutFaces(GalleryError):
    """No picture of {path} could be used (first: {reason}); use large, clear pictures."""

    code = "gallery_without_faces"
