"""What scans and generations do, step by step."""

import hashlib
from collections.abc import Callable, Iterator

import av

from stash_sense.fakes.stash.footage import NoPicture, phash
from stash_sense.fakes.stash.jobs import Jobs, Step
from stash_sense.fakes.stash.media import Media
from stash_sense.fakes.stash.rows import Row, is_below
from stash_sense.fakes.stash.state import State

_OF_GENERATIONS = {"sprites": "sprite", "phashes": "phash", "previews": "preview", "imagePreviews": "webp"}
_OF_SCANS = {
    "scanGenerateSprites": "sprite",
    "scanGeneratePhashes": "phash",
    "scanGeneratePreviews": "preview",
    "scanGenerateImagePreviews": "webp",
}
"""What is made, by the name under which it is asked for."""
_SAID = {"sprite": "sprites", "webp": "preview"}
"""What a job says that it makes, where it is not the same word."""


class MediaJobs:
    """The work of jobs.

    Args:
        state: the library.
        media: that is generated.
        jobs: whose subscribers are told when a scan is complete.

    Attributes:
        find: adds to the library what a scan finds below some paths, or anywhere, and returns the paths of the
            files; nothing is found until it is set.
    """

    def __init__(self, state: State, media: Media, jobs: Jobs) -> None:
        self._state = state
        self._media = media
        self._jobs = jobs
        self.find: Callable[[tuple[str, ...]], list[str]] = lambda _below: []

    def scanning(self, told: Row) -> Iterator[Step]:
        """Look through the library and beyond it, and make what is asked for of the scenes that are new."""
        yield "Walking directory tree", None
        below = tuple(told.get("paths") or ())
        known = [file["path"] for file in self._state.tables["files"].values()]
        old = set(self._state.tables["scenes"])
        found = self.find(below)
        seen = [path for path in (*known, *found) if not below or is_below(path, below)]
        for index, path in enumerate(seen):
            yield f"Scanning {path}", (index + 1) / len(seen)
        new = [scene for scene in self._state.tables["scenes"] if scene not in old]
        yield from self._making(new, [kind for name, kind in _OF_SCANS.items() if told.get(name)])
        self._jobs.tell("scanCompleteSubscribe", True)

    def generating(self, told: Row) -> Iterator[Step]:
        """Make what is asked for, of the scenes that are named or of all.

        Covers and thumbnails are always there, and what is made again is the same: nothing is to do for them.
        """
        scenes = [int(one) for one in told.get("sceneIDs") or self._state.tables["scenes"]]
        yield from self._making(scenes, [kind for name, kind in _OF_GENERATIONS.items() if told.get(name)])

    def _making(self, scenes: list[int], kinds: list[str]) -> Iterator[Step]:
        for index, scene in enumerate(scenes):
            row = self._state.tables["scenes"].get(scene)
            if row is None or not row["files"]:
                continue
            file = self._state.tables["files"][row["files"][0]]
            for kind in kinds:
                yield f"Generating {_SAID.get(kind, kind)} for {file['path']}", index / len(scenes)
                if kind == "phash":
                    self._hash(file)
                else:
                    self._media.generated.add((kind, scene))

    def _hash(self, file: Row) -> None:
        """Give a file its phash: its own row changes, that of the scene does not."""
        if any(own["type"] == "phash" for own in file["fingerprints"]):
            return
        drawn = hashlib.sha256(str(file["path"]).encode()).hexdigest()[:16].lstrip("0")
        try:
            value = drawn if file["source"] is None else phash(file["source"])
        except (NoPicture, av.FFmpegError):  # only the log of Stash would tell
            return
        with self._state.transaction():
            row = self._state.change("files", file["id"])
            row["fingerprints"] = [*row["fingerprints"], {"type": "phash", "value": value}]
