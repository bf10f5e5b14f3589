"""Upper bounds on what untrusted input may cost, as named fields with their reasons."""

from dataclasses import dataclass

MIN_FRAMES, MAX_FRAMES = 10, 200
"""Fewest and most frames of a video that may be asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for reading media and files of model packs; the defaults fit a machine with 2 GB."""

    picture_pixels: int = 120_000_000
    """Pixels of a picture, however little memory they take: above the largest cameras (100 MP)."""
    picture_memory: int = 768 * 1024 * 1024
    """Bytes that decoding a picture may take at its peak, reckoned before it starts; more is refused.

    JPEG: 100 MP take 172 MB, 400 MB if progressive with halved colours. PNG: RGB of 100 MP takes 472 MB, 16-bit grey
    of 60 MP 171 MB. WebP and AVIF are reckoned with 16 bytes a pixel, so the 48 MP of a telephone are taken and 50 MP
    are not; 26 MP take 416 MB in WebP, 240 MB to 344 MB in AVIF.
    """
    picture_side: int = 4096
    """Longest side, pixels, that a picture is scaled down to: a face in it needs 150."""
    picture_bytes: int = 128 * 1024 * 1024
    """Bytes of a picture file; PNG and AVIF files are held in memory, once."""
    frame_pixels: int = 8192 * 8192
    """Pixels of one video frame: above 8K."""
    stream_seconds: float = 1800.0
    """From opening to closing of a file on a server, with all that is computed meanwhile: 100 MB over 1 Mbit/s take
    half of it."""
    stream_bytes: int = 1024 * 1024 * 1024
    """Bytes that are read of one file on a server; 60 keyframes of 4K take 60 MB, a video without any takes all."""
    exact_bytes: int = 64 * 1024 * 1024
    """Bytes, about, that are read of one file on a server for frames between its keyframes, where these are few: ten
    minutes of film. Otherwise half an hour with one keyframe would be fetched whole."""
    whole_bytes: int = 64 * 1024 * 1024
    """Bytes of a file whose server gives no parts of it, which therefore is read whole; it is kept on the disk."""
    list_bytes: int = 16 * 1024 * 1024
    """Bytes of a WebVTT file, held in memory: 100,000 cues have 8 MB."""
    sprites: int = 100_000
    """Cues of a WebVTT file that are read."""
    faces_per_frame: int = 100
    """Faces of one frame, the best by score: a crowd's smaller ones cost time, and hardly any can be told apart."""
    faces_per_file: int = 5_000
    """Faces of one file, the best by quality: 135 MB of crops; grouping them takes 100 MB of similarities."""
    pack_bytes: int = 2 * 1024 * 1024 * 1024
    """Bytes of all the files of one model pack, unpacked."""
