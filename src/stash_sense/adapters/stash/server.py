"""What Stash says of itself: its state, its settings, the filters that the user has saved."""

from collections.abc import Mapping
from typing import Any

from stash_sense.adapters.stash.reading import StashReading
from stash_sense.library.server import (
    REQUESTS_PER_MINUTE,
    Configuration,
    Features,
    SavedFilter,
    ServerState,
    StashBoxEndpoint,
)


class StashServer:
    """A `library.ports.LibraryServer`."""

    def __init__(self, reading: StashReading) -> None:
        self._connection = reading.connection
        self._read = reading.read

    async def state(self) -> ServerState:
        """See `LibraryServer`."""
        return await self._connection.state()

    async def ready(self) -> ServerState:
        """See `LibraryServer`."""
        return await self._connection.ready()

    async def features(self) -> Features:
        """See `LibraryServer`."""
        return await self._connection.features()

    async def configuration(self, plugin: str = "") -> Configuration:
        """See `LibraryServer`."""
        data = await self._connection.ask("configuration", {"plugins": [plugin] if plugin else []})

        def make() -> Configuration:
            general = data["configuration"]["general"]
            return Configuration(
                stash_boxes=tuple(_endpoint(row) for row in general["stashBoxes"]),
                folders=tuple(row["path"] for row in general["stashes"]),
                hashes_with_md5=general["videoFileNamingAlgorithm"] == "MD5",
                plugin=(data["configuration"]["plugins"] or {}).get(plugin) or {},
            )

        return self._read("configuration", make)

    async def saved_filters(self, mode: str = "") -> tuple[SavedFilter, ...]:
        """See `LibraryServer`."""
        data = await self._connection.ask("saved_filters", {"mode": mode} if mode else {})
        return self._read("saved_filters", lambda: tuple(_filter(row) for row in data["findSavedFilters"]))


def _endpoint(row: Mapping[str, Any]) -> StashBoxEndpoint:
    return StashBoxEndpoint(
        row["name"], row["endpoint"], row["api_key"], row["max_requests_per_minute"] or REQUESTS_PER_MINUTE
    )


def _filter(row: Mapping[str, Any]) -> SavedFilter:
    find = row["find_filter"] or {}
    return SavedFilter(
        id=row["id"],
        name=row["name"],
        mode=row["mode"],
        words=find.get("q") or "",
        sort=find.get("sort") or "",
        descending=find.get("direction") == "DESC",
        criteria=row["object_filter"] or {},
    )
