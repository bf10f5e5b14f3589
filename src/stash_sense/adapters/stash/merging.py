"""Merges: what is lost when Stash merges by itself is read before and sent along."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from stash_sense.adapters.stash.connection import documents
from stash_sense.adapters.stash.media import StashMedia
from stash_sense.adapters.stash.reading import StashReading
from stash_sense.adapters.stash.writing import StashWriting
from stash_sense.errors import StashError, StashIdUnknown
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, TAGS, Kind, Pictured
from stash_sense.library.media import Scene
from stash_sense.library.merging import aliases_without_name, merged_performer, merged_scene, merged_tag
from stash_sense.library.people import Performer, Tag
from stash_sense.library.reading import Scope
from stash_sense.library.writing import Change

T = TypeVar("T")
PicturedT = TypeVar("PicturedT", bound=Pictured)
Fields = Mapping[str, Any]


class StashWriter(StashWriting):
    """A `library.ports.LibraryWriter`."""

    def __init__(self, reading: StashReading, media: StashMedia) -> None:
        super().__init__(reading)
        self._media = media

    async def merge_performers(self, sources: Sequence[str], destination: str, fields: Fields) -> Performer:
        """See `LibraryWriter`. Before 0.31 Stash cannot merge performers, so that it is done step by step."""
        sources = _others(sources, destination)
        target, others = await self._read(PERFORMERS, sources, destination)
        values = {**merged_performer(target, others), **await self._picture(target, others), **fields}
        has = (await self._connection.features()).has
        if not has("PerformerUpdateInput.career_start"):
            values = {name: value for name, value in values.items() if name not in ("career_start", "career_end")}
        if has("Mutation.performerMerge"):
            return await self._merged(PERFORMERS, "performer_merge", _merge(sources, destination, values))
        await self._hand_over(SCENES, sources, destination)
        await self._hand_over(IMAGES, sources, destination)
        await self._hand_over(GALLERIES, sources, destination)
        merged = await self.update(PERFORMERS, destination, values)
        await self.destroy(PERFORMERS, sources)
        return merged

    async def merge_scenes(self, sources: Sequence[str], destination: str, fields: Fields) -> Scene:
        """See `LibraryWriter`."""
        sources = _others(sources, destination)
        target, others = await self._read(SCENES, sources, destination)
        values = {**merged_scene(target, others), **await self._groups(sources, destination), **fields}
        merge = {**_merge(sources, destination, values), "play_history": True, "o_history": True}
        return await self._merged(SCENES, "scene_merge", merge)

    async def merge_tags(self, sources: Sequence[str], destination: str, fields: Fields) -> Tag:
        """See `LibraryWriter`."""
        sources = _others(sources, destination)
        target, others = await self._read(TAGS, sources, destination)
        for tag in others:
            aliases = aliases_without_name(tag)
            if aliases is not None:
                await self.update(TAGS, tag.id, {"aliases": aliases})
        merge = {"source": list(sources), "destination": destination}
        merged = await self._merged(TAGS, "tags_merge", merge)
        values = {**merged_tag(target, others), **fields}
        return await self.update(TAGS, destination, values) if values else merged

    async def _merged(self, kind: Kind[T], document: str, merge: Fields) -> T:
        """Merge, and read what came of it: what Stash answers to a merge can be as it was before."""
        await self._connection.ask(document, {"input": dict(merge)})
        try:
            there, _ = await self._read(kind, (), str(merge["destination"]))
        except StashError as error:
            raise self._connection.failures.uncertain(documents()[document], error.code) from error
        return there

    async def _read(self, kind: Kind[T], sources: Sequence[str], destination: str) -> tuple[T, list[T]]:
        found = await self._reading.by_ids(kind, [destination, *sources])
        for id_ in (destination, *sources):
            if id_ not in found:
                raise StashIdUnknown(address=self._connection.address.shown, kind=kind.name, id=id_)
        return found[destination], [found[id_] for id_ in sources]

    async def _picture(self, target: Performer, others: Sequence[Performer]) -> dict[str, str]:
        """Take over a picture where the destination has none."""
        taken = next((other.picture for other in others if other.picture), "")
        if target.picture or not taken:
            return {}
        picture = await self._media.picture(taken)
        data = base64.b64encode(picture.content).decode()
        return {"image": f"data:{picture.content_type};base64,{data}"}

    async def _groups(self, sources: Sequence[str], destination: str) -> dict[str, Any]:
        """Unite what scenes have that is read for this alone: groups, and the user's own fields from 0.31 on."""
        data = await self._connection.ask("scene_groups", {"ids": [destination, *sources]})

        def make() -> dict[str, Any]:
            rows = {row["id"]: row for row in data["findScenes"]["scenes"]}
            groups: dict[str, Any] = {}
            custom: dict[str, Any] = {}
            for id_ in (destination, *sources):
                for entry in rows[id_]["groups"]:
                    groups.setdefault(entry["group"]["id"], entry["scene_index"])
                custom = {**(rows[id_].get("custom_fields") or {}), **custom}
            found = [{"group_id": id_, "scene_index": index} for id_, index in groups.items()]
            return {"groups": found, **({"custom_fields": {"partial": custom}} if custom else {})}

        return self._reading.read("scene_groups", make)

    async def _hand_over(self, kind: Kind[PicturedT], sources: Sequence[str], destination: str) -> None:
        """Add a performer wherever others are.

        Raises:
            StashError: it could not be added everywhere; nothing is lost, for the others are still there.
        """
        criterion = {"value": list(sources), "modifier": "INCLUDES"}
        found: list[str] = []
        async for page in self._reading.pages(kind, Scope({"performers": criterion})):
            found += [item.id for item in page.items]
        outcome = await self.change_many(kind, found, Change(performer_ids=(destination,)))
        for error in outcome.refused.values():
            if not isinstance(error, StashIdUnknown):  # deleted meanwhile
                raise error


def _others(sources: Sequence[str], destination: str) -> list[str]:
    """Leave out repetitions, and the destination, which would be destroyed with the others.

    Raises:
        ValueError: nothing is left to merge.
    """
    others = [id_ for id_ in dict.fromkeys(sources) if id_ != destination]
    if not others:
        raise ValueError("nothing to merge")
    return others


def _merge(sources: Sequence[str], destination: str, values: Fields) -> dict[str, Any]:
    return {"source": list(sources), "destination": destination, "values": {**values, "id": destination}}
