"""A file of Stash -> what its content is known by."""

from stash_sense.library.media import Gallery, Image, ImageFile, Scene, VideoFile

_HASHES = ("oshash", "md5", "checksum")
"""The first that there is: every video has an oshash, every picture an md5."""


def content_of(item: Scene | Image) -> str:
    """Say by what the content of the primary file is known: a hash of it, else where it is and how large.

    Empty where there is no file. A file that is moved or renamed keeps its hash.
    """
    if not item.files:
        return ""
    file: VideoFile | ImageFile = item.files[0]
    known = {one.kind.lower(): one.value for one in file.fingerprints}
    for kind in _HASHES:
        if value := known.get(kind):
            return f"{kind}:{value}"
    changed = file.changed_at if isinstance(file, VideoFile) else ""
    return f"file:{file.size}:{changed}:{file.path}"


def title_of(item: Scene | Image | Gallery) -> str:
    """Return what people call it: its title, else the name of its file, or of its folder."""
    path = item.path if isinstance(item, Gallery) else item.files[0].path if item.files else ""
    return item.title or path.replace("\\", "/").rstrip("/").rpartition("/")[2]
