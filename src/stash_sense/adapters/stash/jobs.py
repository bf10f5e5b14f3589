"""What Stash does by itself: looking for new files, generating, and whatever else is in its queue."""

from collections.abc import Mapping, Sequence
from typing import Any

from stash_sense.adapters.stash.mapping import moment
from stash_sense.adapters.stash.reading import StashReading
from stash_sense.library.server import JobState, ServerJob


class StashJobs:
    """A `library.ports.LibraryJobs`."""

    def __init__(self, reading: StashReading) -> None:
        self._connection = reading.connection
        self._read = reading.read

    async def scan(self, paths: Sequence[str] = ()) -> str:
        """See `LibraryJobs`."""
        data = await self._connection.ask("metadata_scan", {"input": {"paths": list(paths)} if paths else {}})
        return self._read("metadata_scan", lambda: str(data["metadataScan"]))

    async def generate(self, scene_ids: Sequence[str], *, sprites: bool = True, phashes: bool = True) -> str:
        """See `LibraryJobs`."""
        asked = {"sceneIDs": list(scene_ids), "sprites": sprites, "phashes": phashes, "overwrite": False}
        data = await self._connection.ask("metadata_generate", {"input": asked})
        return self._read("metadata_generate", lambda: str(data["metadataGenerate"]))

    async def jobs(self) -> tuple[ServerJob, ...]:
        """See `LibraryJobs`: an empty queue is null."""
        data = await self._connection.ask("job_queue")
        return self._read("job_queue", lambda: tuple(_job(row) for row in data["jobQueue"] or ()))

    async def job(self, id: str) -> ServerJob | None:  # noqa: A002  what Stash calls it
        """See `LibraryJobs`."""
        data = await self._connection.ask("find_job", {"input": {"id": id}})
        return self._read("find_job", lambda: None if data["findJob"] is None else _job(data["findJob"]))

    async def stop_job(self, id: str) -> None:  # noqa: A002  what Stash calls it
        """See `LibraryJobs`."""
        await self._connection.ask("stop_job", {"id": id})


def _job(row: Mapping[str, Any]) -> ServerJob:
    return ServerJob(
        id=row["id"],
        state=JobState(row["status"]),
        description=row["description"],
        progress=row["progress"],
        steps=tuple(row["subTasks"] or ()),
        error=row["error"] or "",
        added_at=moment(row["addTime"]),
    )
