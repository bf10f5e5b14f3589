"""The doors of media: screenshots, sprites, streams, images and the pictures of performers, studios and tags."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any

import av
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash import drawing
from stash_sense.fakes.stash.files import VARY, Content, bad_request, no_page, not_found, sent
from stash_sense.fakes.stash.footage import Footage, NoPicture
from stash_sense.fakes.stash.pictures import EMBLEM, Pictures
from stash_sense.fakes.stash.profiles import Profile
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.sprites import cues, grid_of, sheet
from stash_sense.fakes.stash.state import State, number

_VIDEO_TYPES = {"matroska": "video/x-matroska", "webm": "video/webm", "avi": "video/x-msvideo"}
_KEPT = 48
"""Drawn and decoded things that are kept; a whole sheet costs a second to make."""


class Media:
    """What is served beside GraphQL.

    Args:
        state: the library.
        profile: how sprites are made.

    Attributes:
        generated: kind ("sprite", "preview") and id of the scene, of what was generated and is not by itself.
        on_demand: sprites are there for every scene.
    """

    def __init__(self, state: State, profile: Profile) -> None:
        self._state = state
        self._profile = profile
        self._kept: OrderedDict[Any, bytes] = OrderedDict()
        self.generated: set[tuple[str, int]] = set()
        self.on_demand = False
        self._pictures = Pictures(state)

    def routes(self) -> list[Route]:
        """Return where everything is."""
        by_kind: dict[str, Callable[[Request, Row], Response]] = {
            "/scene/{id}/screenshot": self._screenshot,
            "/scene/{id}/stream": self._stream,
            "/scene/{id}/preview": lambda request, row: self._generated(request, row, "preview"),
            "/scene/{id}/webp": lambda request, row: self._generated(request, row, "webp"),
            "/scene/{id}/vtt/sprite": self._sprite,
            "/scene/{id}/vtt/thumbs": self._cues,
            "/image/{id}/image": self._pictures.image,
            "/image/{id}/thumbnail": self._pictures.thumbnail,
            "/image/{id}/preview": lambda _request, _row: no_page(),
            "/gallery/{id}/cover": self._pictures.cover,
            "/gallery/{id}/preview/{index}": self._pictures.preview,
            "/performer/{id}/image": self._pictures.portrait,
            "/studio/{id}/image": self._pictures.emblem,
            "/tag/{id}/image": self._pictures.emblem,
        }
        found = [Route(path, self._of_row(path, answer), methods=["GET", "POST"]) for path, answer in by_kind.items()]
        return [*found, Route("/scene/{name}", self._by_hash, methods=["GET"])]

    def _of_row(self, path: str, answer: Callable[[Request, Row], Response]) -> Callable[[Request], Any]:
        table = {"gallery": "galleries"}.get(path.split("/")[1], path.split("/")[1] + "s")

        async def endpoint(request: Request) -> Response:
            if request.method != "GET":  # HEAD comes with GET in Starlette, and Stash has none
                return _not_allowed()
            try:
                row = self._state.tables[table].get(number(request.path_params["id"]))
            except ResolverError:
                return bad_request()
            return await _answered(answer, request, row)

        return endpoint

    async def _by_hash(self, request: Request) -> Response:
        if request.method != "GET":
            return _not_allowed()
        name = str(request.path_params["name"])
        for ending, answer in (("_sprite.jpg", self._sprite), ("_thumbs.vtt", self._cues)):
            if name.endswith(ending):
                row = self._scene_of(name.removesuffix(ending))
                return no_page() if row is None else await _answered(answer, request, row)
        return no_page()

    def _scene_of(self, value: str) -> Row | None:
        def derive() -> dict[str, Row]:
            files = self._state.tables["files"]
            return {
                own["value"]: row
                for row in reversed(list(self._state.tables["scenes"].values()))
                for one in row["files"][:1]
                for own in files[one]["fingerprints"]
                if own["type"] in ("oshash", "md5")
            }

        found: Row | None = self._state.derived("scenes by hash", derive).get(value)
        return found

    def _screenshot(self, request: Request, row: Row) -> Response:
        if row["cover"] is not None:
            return sent(request, Content.of_bytes(row["cover"].content, row["cover"].media_type))
        file = self._file(row)
        if file is None:
            return not_found()
        try:
            still = self._kept_as(("screenshot", file["id"]), lambda: _still(file))
        except (NoPicture, av.FFmpegError):
            return sent(request, Content.of_bytes(EMBLEM, "image/svg+xml"))
        return sent(request, Content.of_bytes(still, "image/jpeg"))

    def _stream(self, request: Request, row: Row) -> Response:
        file = self._file(row)
        if file is None:
            return not_found()
        kind = _VIDEO_TYPES.get(file["format"], "video/mp4")
        if file["source"] is not None:
            return sent(request, Content.of_file(file["source"], kind), cached=False)
        body = self._kept_as(("video", file["id"]), lambda: _drawn_video(file))
        body += drawing.padding(file["format"], file["size"] - len(body)) if len(body) < file["size"] else b""

        def read(start: int, length: int) -> bytes:
            return body[start : start + length].ljust(min(length, file["size"] - start), b"\0")

        return sent(request, Content(file["size"], kind, read, _changed(file)), cached=False)

    def _sprite(self, request: Request, row: Row) -> Response:
        file = self._file(row)
        if file is None or not self._is_there("sprite", row, file):
            return no_page()
        body = self._kept_as(("sprite", file["id"]), lambda: self._sheet(file))
        return sent(request, Content.of_bytes(body, "image/jpeg", _changed(file)))

    def _cues(self, request: Request, row: Row) -> Response:
        file = self._file(row)
        if file is None or not self._is_there("sprite", row, file):
            return no_page()
        value = file["fingerprints"][0]["value"]
        text = cues(self._grid(file), file, f"{value}_sprite.jpg").encode()
        return sent(request, Content.of_bytes(text, "text/vtt", _changed(file)))

    def _generated(self, request: Request, row: Row, kind: str) -> Response:
        file = self._file(row)
        if file is None or ("preview" if kind == "preview" else "webp", row["id"]) not in self.generated:
            return no_page()
        if kind == "webp":
            drawn = drawing.picture(file["id"], 320, 180, "webp", 0)
            return sent(request, Content.of_bytes(drawn, "image/webp", _changed(file)))
        clip = self._kept_as(
            ("preview", file["id"]), lambda: drawing.video(file["id"], 640, 360, 9.0, "mp4", 1 << 30)
        )
        return sent(request, Content.of_bytes(clip, "video/mp4", _changed(file)))

    def _is_there(self, kind: str, row: Row, file: Row) -> bool:
        hashed = any(own["type"] == "phash" for own in file["fingerprints"])
        return (self.on_demand or hashed or (kind, row["id"]) in self.generated) and self._can_be_seen(file)

    def _can_be_seen(self, file: Row) -> bool:
        if file["source"] is None:
            return True
        try:
            with Footage(file["source"]) as footage:
                footage.at(0)
        except (NoPicture, av.FFmpegError):
            return False
        return True

    def _file(self, row: Row) -> Row | None:
        return self._state.tables["files"][row["files"][0]] if row["files"] else None

    def _grid(self, file: Row) -> Any:
        return grid_of(file, self._profile, self._state.configuration.general)

    def _sheet(self, file: Row) -> bytes:
        if file["source"] is None:
            grid = self._grid(file)
            return sheet(grid, lambda moment: drawing.frame(file["id"], grid.width, grid.height, moment))
        with Footage(file["source"]) as footage:
            return sheet(self._grid(file), footage.at)

    def _kept_as(self, key: Any, made: Callable[[], bytes]) -> bytes:
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = made()
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


async def _answered(answer: Callable[[Request, Row], Response], request: Request, row: Row | None) -> Response:
    """Answer on a thread of its own; what is not there is not found, nor is what has vanished from the disk."""
    try:
        return not_found() if row is None else await to_thread.run_sync(answer, request, row)
    except FileNotFoundError:
        return not_found()


def _not_allowed() -> Response:
    return Response(status_code=405, headers=VARY)


def _still(file: Row) -> bytes:
    if file["source"] is None:
        return drawing.jpeg(drawing.frame(file["id"], *drawing.sides_of(file), 0.2))
    with Footage(file["source"]) as footage:
        return drawing.jpeg(footage.at(0.2))


def _drawn_video(file: Row) -> bytes:
    width, height = (max(side, 2) for side in drawing.sides_of(file))
    return drawing.video(file["id"], width, height, file["duration"], file["format"], file["size"])


def _changed(file: Row) -> datetime:
    return datetime.fromisoformat(file["mod_time"])
