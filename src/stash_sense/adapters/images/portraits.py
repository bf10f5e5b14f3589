"""A part of a frame -> the JPEG that becomes somebody's picture."""

import io

from PIL import Image as Pictures

from stash_sense.kernel.arrays import Image

_QUALITY = 92
"""200 kB at 667 x 1000 pixels: it is kept for years, and looked at large."""


def portrait_jpeg(image: Image, highest: int) -> bytes:
    """Encode a picture, made smaller where it is higher than so many pixels, and never larger."""
    picture = Pictures.fromarray(image)
    if picture.height > highest:
        width = max(1, round(picture.width * highest / picture.height))
        picture = picture.resize((width, highest), Pictures.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()
