"""What scans and generations do, step by step."""

import hashlib
from collections.abc import Callable, Iterator

from stash_sense.fakes.stash.footage import phash
from stash_sense.fakes.stash.jobs import Jobs, Step
from stash_sense.fakes.stash.media import Media
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State


class MediaJobs:
    """The work of jobs.

    Args:
        state: the library.
        media: that is generated.
        jobs: whose subscribers are told when a scan is complete.

    Attributes:
        find: adds to the library what a scan finds, and returns the paths; nothing is found until it is set.
    """

    def __init__(self, state: State, media: Media, jobs: Jobs) -> None:
        self._state = state
        self._media = media
        self._jobs = jobs
        self.find: Callable[[], list[str]] = list

    def scanning(self, told: Row) -> Iterator[Step]:
        """Look through the library and beyond it."""
        yield "Walking directory tree", None
        known = [file["path"] for file in self._state.tables["files"].values()]
        paths = [*known, *(path for path in self.find() if path not in set(known))]
        wanted = tuple(told.get("paths") or ("",))
        seen = [path for path in paths if path.startswith(wanted)]
        for index, path in enumerate(seen):
            yield f"Scanning {path}", (index + 1) / len(seen)
        self._jobs.tell("scanCompleteSubscribe", True)

    def generating(self, told: Row) -> Iterator[Step]:
        """Make what is asked for, of the scenes that are named or of all."""
        ids = [int(one) for one in told.get("sceneIDs") or self._state.tables["scenes"]]
        kinds = [
            (name, kind)
            for name, kind in (
                ("sprites", "sprite"),
                ("phashes", "phash"),
                ("previews", "preview"),
                ("imagePreviews", "webp"),
            )
            if told.get(name)
        ]
        for index, scene in enumerate(ids):
            row = self._state.tables["scenes"].get(scene)
            for name, kind in kinds if row is not None and row["files"] else ():
                file = self._state.tables["files"][row["files"][0]] if row else {}
                yield f"Generating {name} for {file['path']}", index / len(ids)
                if kind == "phash":
                    self._hash(file)
                else:
                    self._media.generated.add((kind, scene))

    def _hash(self, file: Row) -> None:
        """Give a file its phash: its own row changes, that of the scene does not."""
        if any(own["type"] == "phash" for own in file["fingerprints"]):
            return
        drawn = hashlib.sha256(str(file["path"]).encode()).hexdigest()[:16].lstrip("0")
        value = drawn if file["source"] is None else phash(file["source"])
        with self._state.transaction():
            row = self._state.change("files", file["id"])
            row["fingerprints"] = [*row["fingerprints"], {"type": "phash", "value": value}]
