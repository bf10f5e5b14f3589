"""Upper bounds on what untrusted input may cost, as named fields with their reasons."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for reading media and files of model packs; the defaults fit a machine with 2 GB."""

    picture_pixels: int = 120_000_000
    """Pixels of a picture before it is refused: above the largest cameras (100 MP), 360 MB when decoded."""
    picture_side: int = 4096
    """Longest side, pixels, that a picture is scaled down to: a face in it needs 150."""
    picture_bytes: int = 512 * 1024 * 1024
    """Bytes of a picture file."""
    frame_pixels: int = 8192 * 8192
    """Pixels of one video frame: above 8K."""
    pack_bytes: int = 2 * 1024 * 1024 * 1024
    """Bytes of all the files of one model pack, unpacked."""
