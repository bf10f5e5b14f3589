"""Faces cut out -> JPEG."""

import io

from PIL import Image as Pictures

from stash_sense.kernel.arrays import Image

_QUALITY = 85
"""2.3 kB for a face of 96 pixels."""


def jpeg(image: Image) -> bytes:
    """Encode a picture."""
    buffer = io.BytesIO()
    Pictures.fromarray(image).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
