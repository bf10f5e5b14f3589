"""Which reader a file is for, told from its first bytes and its name."""

import enum
from pathlib import PurePath

HEAD_BYTES = 4096
"""Bytes of a file's beginning that `kind_of` looks at: an XML playlist may open with comments and namespaces."""

PICTURE_EXTENSIONS = frozenset({".avif", ".gif", ".jpeg", ".jpg", ".png", ".webp"})
VIDEO_EXTENSIONS = frozenset(
    {
        ".3g2",
        ".3gp",
        ".asf",
        ".avi",
        ".divx",
        ".f4v",
        ".flv",
        ".m2t",
        ".m2ts",
        ".m2v",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpe",
        ".mpeg",
        ".mpg",
        ".mpv",
        ".mts",
        ".mxf",
        ".ogm",
        ".ogv",
        ".qt",
        ".rm",
        ".rmvb",
        ".ts",
        ".vob",
        ".webm",
        ".wmv",
    }
)
PLAYLIST_EXTENSIONS = frozenset(
    {
        ".asx",
        ".f4m",
        ".ffconcat",
        ".ism",
        ".m3u",
        ".m3u8",
        ".mpd",
        ".pls",
        ".ram",
        ".sdp",
        ".smil",
        ".wpl",
        ".wvx",
        ".xspf",
    }
)

_XML_PLAYLISTS = (b"<mpd", b"<asx", b"<smil", b"<smoothstreamingmedia", b"<playlist", b"<manifest", b"<?wpl")
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


class Kind(enum.Enum):
    """What a file seems to be."""

    PICTURE = "picture"
    VIDEO_OR_UNKNOWN = "video or unknown"
    PLAYLIST = "playlist"


def kind_of(name: str, head: bytes) -> Kind:
    """Tell a picture from a video and from a playlist; the content wins over the name.

    Args:
        name: the file's name; only its extension counts, and only where the content is not recognised.
        head: the file's first bytes, `HEAD_BYTES` of them or all there are.
    """
    if picture_format(head) is not None:
        return Kind.PICTURE
    if _is_playlist(head):
        return Kind.PLAYLIST
    extension = PurePath(name).suffix.lower()
    if extension in PLAYLIST_EXTENSIONS and not is_video_container(head):
        return Kind.PLAYLIST
    if extension in PICTURE_EXTENSIONS and not is_video_container(head):
        return Kind.PICTURE
    return Kind.VIDEO_OR_UNKNOWN


def picture_format(head: bytes) -> str | None:
    """JPEG, PNG, GIF, WEBP or AVIF by the signature in the first bytes; None for anything else."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return "AVIF" if _AVIF_BRANDS & _brands(head) else None


def is_still_container(head: bytes) -> bool:
    """Whether the file has the container of MP4 but holds still pictures (HEIC, HEIF), which no reader here knows."""
    return bool(_brands(head)) and head[8:12] in {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}


def is_video_container(head: bytes) -> bool:
    """Whether the first bytes are those of a container for video; a raw stream of pictures has no such mark."""
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}:
        return True
    if head[:4] == b"RIFF" and head[8:12] in {b"AVI ", b"AVIX"}:
        return True
    if head.startswith((b"\x1aE\xdf\xa3", b"OggS", b"FLV\x01", b"0&\xb2u\x8ef\xcf\x11", b".RMF", b"\x06\x0e+4")):
        return True
    if head.startswith((b"\0\0\x01\xba", b"\0\0\x01\xb3")):
        return True
    # Transport streams repeat their sync byte every 188 bytes, after 4 bytes of time on Blu-ray.
    return any(
        len(head) > 3 * step and head[first : 3 * step : step] == b"GGG" for first, step in ((0, 188), (4, 192))
    )


def is_audio(head: bytes) -> bool:
    """Whether the first bytes are those of a file that can hold sound only: MP3, AAC, FLAC, WAV, AIFF."""
    if head.startswith((b"ID3", b"fLaC", b"FORM", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9")):
        return True
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def _brands(head: bytes) -> set[bytes]:
    """The brands that a file of the MP4 family says it can be read as."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12]} | {head[at : at + 4] for at in range(16, end - 3, 4)}


def _is_playlist(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"#extm3u", b"ffconcat version", b"[playlist]", b"[reference]", b"rtsp://")):
        return True
    if text.startswith(b"v=0") and b"\no=" in text:
        return True
    return text.startswith(b"<") and any(mark in text for mark in _XML_PLAYLISTS)
