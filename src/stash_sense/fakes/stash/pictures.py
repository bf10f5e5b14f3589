"""Images of the library, and the pictures of performers, studios and tags."""

import io
import mimetypes
from datetime import UTC, datetime
from functools import lru_cache

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from stash_sense.fakes.stash import drawing
from stash_sense.fakes.stash.files import Content, bad_request, not_found, sent
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State

_THUMBNAIL = 640
"""Pixels of the longer side."""
EMBLEM = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1" fill="#444"/></svg>'
"""What is shown for what has no picture of its own."""


class Pictures:
    """Answers for pictures.

    Args:
        state: the library.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def image(self, request: Request, row: Row) -> Response:
        """Send an image as its file has it."""
        file = self._file(row)
        if file is None:
            return not_found()
        kind = mimetypes.guess_type(file["basename"])[0] or "image/jpeg"
        if file["source"] is not None:
            return sent(request, Content.of_file(file["source"], kind))
        return sent(request, Content.of_bytes(_drawn(file), kind, _changed(file)))

    def thumbnail(self, request: Request, row: Row) -> Response:
        """Send an image, 640 pixels at most; as it is if it is small, or broken."""
        file = self._file(row)
        if file is None:
            return not_found()
        if max(file["width"], file["height"]) <= _THUMBNAIL and file["source"] is not None:
            return self.image(request, row)
        content = _drawn(file) if file["source"] is None else file["source"].read_bytes()
        try:
            with Image.open(io.BytesIO(content)) as image:
                small = image.convert("RGB")
        except (OSError, Image.DecompressionBombError):  # what cannot be made smaller is sent as it is
            return self.image(request, row)
        small.thumbnail((_THUMBNAIL, _THUMBNAIL))
        modified = datetime.now(UTC).replace(microsecond=0)  # it is made when it is first asked for
        return sent(request, Content.of_bytes(drawing.encoded(small, "jpeg"), "image/jpeg", modified))

    def cover(self, request: Request, row: Row) -> Response:
        """Send the image that stands for a gallery."""
        own = self._state.referring("images", "galleries").get(row["id"], [])
        chosen = row["cover"] if row["cover"] in own else next(iter(own), None)
        return not_found() if chosen is None else self.thumbnail(request, self._state.tables["images"][chosen])

    def preview(self, request: Request, row: Row) -> Response:
        """Send the image at a place of a gallery."""
        index, own = request.path_params["index"], self._state.referring("images", "galleries").get(row["id"], [])
        if not index.isdecimal():
            return bad_request()
        if int(index) >= len(own):
            return not_found()
        return self.thumbnail(request, self._state.tables["images"][own[int(index)]])

    def portrait(self, request: Request, row: Row) -> Response:
        """Send the picture of a performer, or the silhouette."""
        if row["picture"] is None or request.query_params.get("default") == "true":
            return sent(request, Content.of_bytes(_silhouette(), "image/png"))
        return sent(request, Content.of_bytes(row["picture"].content, row["picture"].media_type))

    def emblem(self, request: Request, row: Row) -> Response:
        """Send the picture of a studio or tag, or the default one."""
        if row["picture"] is None or request.query_params.get("default") == "true":
            return sent(request, Content.of_bytes(EMBLEM, "image/svg+xml"))
        return sent(request, Content.of_bytes(row["picture"].content, row["picture"].media_type))

    def _file(self, row: Row) -> Row | None:
        return self._state.tables["files"][row["files"][0]] if row["files"] else None


@lru_cache(1)
def _silhouette() -> bytes:
    return drawing.silhouette()


def _drawn(file: Row) -> bytes:
    return drawing.picture(file["id"], *drawing.sides_of(file), file["format"], file["size"])


def _changed(file: Row) -> datetime:
    return datetime.fromisoformat(file["mod_time"])
