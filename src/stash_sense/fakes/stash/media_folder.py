"""A folder of real videos and pictures as a library, and `performers/<name>/*` in it as its performers.

Each folder below it that holds pictures is a gallery, as for a Stash that is set up to make galleries from folders.
"""

import mimetypes
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av
from PIL import Image

from stash_sense.fakes.stash.footage import picture_columns, video_columns
from stash_sense.fakes.stash.rows import Row, is_below
from stash_sense.fakes.stash.state import Picture, State
from stash_sense.kernel.cancel import CancelToken

_VIDEOS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".flv", ".mpg", ".mpeg", ".ts"}
_PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".webp"}
_MEDIA = _VIDEOS | _PICTURES
_PERFORMERS = "performers"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not in the library, by its path below the folder, and why: words to follow "it is"."""

    path: Path
    reason: str


class MediaFolder:
    """Reads a folder into a library.

    Args:
        folder: of videos and pictures.
        state: the library.

    Attributes:
        left_out: videos and pictures that the last look could not add.
        others: the files of other kinds that it passed over.
    """

    def __init__(self, folder: Path, state: State) -> None:
        self._folder = folder.resolve()
        self._state = state
        self.left_out: list[LeftOut] = []
        self.others: list[Path] = []
        state.configuration.general["stashes"] = [
            {"path": str(self._folder), "excludeVideo": False, "excludeImage": False}
        ]
        state.configuration.general["createGalleriesFromFolders"] = True

    def find(self, below: tuple[str, ...] = (), cancel: CancelToken | None = None) -> list[str]:
        """Add what is new in the folder.

        Args:
            below: paths that are looked through; none for the whole folder.
            cancel: looked at before each file.

        Returns:
            The paths of the files that were added.

        Raises:
            Cancelled: it was asked to stop; nothing was added.
        """
        known = {file["path"] for file in self._state.tables["files"].values()}
        people = self._folder / _PERFORMERS
        paths = [path for path in sorted(self._folder.rglob("*")) if not path.is_dir() and people not in path.parents]
        new = [path for path in paths if str(path) not in known and (not below or is_below(str(path), below))]
        self.others = [path.relative_to(self._folder) for path in new if path.suffix.lower() not in _MEDIA]
        self.left_out = []
        found = []
        for path in (one for one in new if one.suffix.lower() in _MEDIA):
            if cancel is not None:
                cancel.raise_if_cancelled()
            read = _columns(path)
            if isinstance(read, str):
                self.left_out.append(LeftOut(path.relative_to(self._folder), read))
            else:
                found.append((path, read))
        with self._state.transaction():
            images = self._images()
            for path, columns in found:
                self._add(path, columns, images)
            self._add_performers(people)
        return [str(path) for path, _ in found]

    def _images(self) -> dict[str, int]:
        """Return the images by the hash of their files."""
        files, images = self._state.tables["files"], self._state.tables["images"].values()
        return {_hash(files[one]): row["id"] for row in images for one in row["files"] if files[one]["fingerprints"]}

    def _add(self, path: Path, columns: Row, images: dict[str, int]) -> None:
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        told = {"path": str(path), "basename": path.name, "mod_time": self._state.stored(modified)}
        file = self._state.insert("files", **told, **columns)["id"]
        if columns["kind"] == "video":
            self._state.insert("scenes", files=[file])
        elif (known := images.get(_hash(columns))) is not None:  # equal pictures are one image with several files
            self._state.change("images", known)["files"].append(file)
        else:
            images[_hash(columns)] = self._state.insert("images", files=[file])["id"]
        if columns["kind"] != "video" and path.parent != self._folder:
            image = self._state.change("images", images[_hash(columns)])
            if (gallery := self._gallery(path.parent)) not in image["galleries"]:
                image["galleries"].append(gallery)

    def _gallery(self, folder: Path) -> int:
        """Return the gallery of a folder, made when its first picture is found."""
        folders = self._state.tables["folders"]
        for row in self._state.tables["galleries"].values():
            if row["folder"] is not None and folders[row["folder"]]["path"] == str(folder):
                return int(row["id"])
        modified = self._state.stored(datetime.fromtimestamp(folder.stat().st_mtime, UTC))
        own = self._state.insert("folders", path=str(folder), mod_time=modified)["id"]
        return int(self._state.insert("galleries", folder=own)["id"])

    def _add_performers(self, people: Path) -> None:
        known = {row["name"] for row in self._state.tables["performers"].values()}
        for person in sorted(people.iterdir()) if people.is_dir() else ():
            if person.is_dir() and person.name not in known:
                shown = next((one for one in sorted(person.iterdir()) if one.suffix.lower() in _PICTURES), None)
                picture = None
                if shown is not None:
                    picture = _picture(shown)
                self._state.insert("performers", name=person.name, picture=picture)


def _columns(path: Path) -> Row | str:
    """Return the columns of a video or picture, or why there are none."""
    is_video = path.suffix.lower() in _VIDEOS
    try:
        return video_columns(path) if is_video else picture_columns(path)
    except FileNotFoundError:
        return "a link that leads nowhere" if path.is_symlink() else "gone"
    except PermissionError:
        return "not to be read by you"
    except Image.DecompressionBombError:
        return "a picture of too many pixels"
    except (av.FFmpegError, OSError, ValueError):
        return f"no {'video' if is_video else 'picture'} that can be opened"


def _hash(file: Row) -> str:
    return str(file["fingerprints"][0]["value"])


def _picture(path: Path) -> Picture | None:
    """Return what stands for a person; what is no picture is taken all the same, as Stash takes it."""
    try:
        return Picture(path.read_bytes(), mimetypes.guess_type(path.name)[0] or "image/jpeg")
    except OSError:
        return None
