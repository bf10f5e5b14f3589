"""Pictures that rows name and nobody has: of the size they are said to have, each in its own colours."""

import hashlib
import io
from functools import lru_cache

from PIL import Image as Picture
from PIL import ImageDraw

_MOST_SIDE = 2_000
_KEPT = 64


@lru_cache(_KEPT)
def picture(image_id: str, width: int, height: int, most_side: int | None) -> bytes:
    """Draw a picture.

    Args:
        image_id: decides the colours.
        width: in pixels, as the row says.
        height: the same.
        most_side: of the longer side, as a client may ask for; None for the size of the row.

    Returns:
        JPEG.
    """
    scale = min(1.0, min(most_side or _MOST_SIDE, _MOST_SIDE) / max(width, height, 1))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    colours = hashlib.sha256(image_id.encode()).digest()
    drawn = Picture.new("RGB", size, (colours[0], colours[1], colours[2]))
    box = (size[0] // 4, size[1] // 5, size[0] * 3 // 4, size[1] * 4 // 5)
    ImageDraw.Draw(drawn).ellipse(box, fill=(colours[3], colours[4], colours[5]))
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=80)
    return out.getvalue()
