"""A folder of real videos and pictures as a library, and `performers/<name>/*` in it as its performers."""

import mimetypes
from datetime import UTC, datetime
from pathlib import Path

import av

from stash_sense.fakes.stash.footage import picture_columns, video_columns
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import Picture, State

_VIDEOS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".flv", ".mpg", ".mpeg", ".ts"}
_PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".webp"}
_PERFORMERS = "performers"


class MediaFolder:
    """Reads a folder into a library.

    Args:
        folder: of videos and pictures.
        state: the library.
    """

    def __init__(self, folder: Path, state: State) -> None:
        self._folder = folder.resolve()
        self._state = state
        state.configuration.general["stashes"] = [
            {"path": str(self._folder), "excludeVideo": False, "excludeImage": False}
        ]

    def find(self) -> list[str]:
        """Add what is new in the folder, and return its paths; what cannot be read is passed over."""
        known = {file["path"] for file in self._state.tables["files"].values()}
        people = self._folder / _PERFORMERS
        paths = [path for path in sorted(self._folder.rglob("*")) if path.is_file() and people not in path.parents]
        new = [path for path in paths if str(path) not in known]
        found = [(path, columns) for path in new if (columns := _columns(path)) is not None]
        with self._state.transaction():
            for path, columns in found:
                self._add(path, columns)
            self._add_performers(people)
        return [str(path) for path, _ in found]

    def _add(self, path: Path, columns: Row) -> None:
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        told = {"path": str(path), "basename": path.name, "mod_time": self._state.stored(modified)}
        table = "scenes" if columns["kind"] == "video" else "images"
        for file in self._state.tables["files"].values():
            same = file["kind"] == "image" == columns["kind"] and file["fingerprints"] == columns["fingerprints"]
            holder = next(
                (r for r in self._state.tables["images"].values() if same and file["id"] in r["files"]), None
            )
            if holder is not None:  # equal pictures are one image with several files
                row = self._state.insert("files", **told, **columns)
                self._state.change("images", holder["id"])["files"].append(row["id"])
                return
        row = self._state.insert("files", **told, **columns)
        self._state.insert(table, files=[row["id"]])

    def _add_performers(self, people: Path) -> None:
        known = {row["name"] for row in self._state.tables["performers"].values()}
        for person in sorted(people.iterdir()) if people.is_dir() else ():
            if person.is_dir() and person.name not in known:
                shown = next((one for one in sorted(person.iterdir()) if one.suffix.lower() in _PICTURES), None)
                picture = None
                if shown is not None:
                    picture = Picture(shown.read_bytes(), mimetypes.guess_type(shown.name)[0] or "image/jpeg")
                self._state.insert("performers", name=person.name, picture=picture)


def _columns(path: Path) -> Row | None:
    suffix = path.suffix.lower()
    try:
        if suffix in _VIDEOS:
            return video_columns(path)
        if suffix in _PICTURES:
            return picture_columns(path)
    except (av.FFmpegError, OSError):
        return None
    return None
