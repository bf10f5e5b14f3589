"""Writes to Stash -> what the things are called that they name by their ids."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from stash_sense.bootstrap import Services
from stash_sense.errors import Cancelled, StashSenseError
from stash_sense.library.media import Gallery, Image, Scene
from stash_sense.library.ports import Library
from stash_sense.recommendations.journal.planning import LISTS
from stash_sense.recommendations.journal.values import KINDS
from stash_sense.scanning.content import title_of

Document = Mapping[str, Any]
_SECONDS = 2.0
"""That Stash has for answering; numbers do where it takes longer."""


def names_in(services: Services, writes: Iterable[Document]) -> dict[tuple[str, str], str]:
    """Return names by kind and id: as Stash has them now, else as the writes themselves tell them.

    One that is neither in Stash any more nor told has no name here, and none has one while Stash is away.

    Raises:
        Cancelled: the program was asked to stop.
    """
    names: dict[tuple[str, str], str] = {}
    wanted: dict[str, set[str]] = defaultdict(set)
    for one in writes:
        kind, target, before, after = one["kind"], one["target_id"], one["before"], one["after"]
        if told := before.get("name") or after.get("name") or before.get("title"):
            names[kind, target] = str(told)
        wanted[kind].add(target)
        wanted[kind] |= {after.get("into", ""), *after.get("from", ())}
        for field in LISTS:
            wanted[field.removesuffix("_ids")] |= {*(before.get(field) or ()), *(after.get(field) or ())}

    async def ask(library: Library) -> None:
        async with asyncio.timeout(_SECONDS):
            for kind, ids in wanted.items():
                if numbers := sorted(id_ for id_ in ids if id_.isdecimal()):
                    found = await library.reader.by_ids(KINDS[kind], numbers)
                    names.update({(kind, id_): name for id_, one in found.items() if (name := _name_of(one))})

    try:
        services.ask(ask)
    except Cancelled:
        raise
    except (StashSenseError, TimeoutError):
        pass  # numbers do
    return names


def _name_of(entity: Any) -> str:
    return title_of(entity) if isinstance(entity, Scene | Image | Gallery) else str(entity.name)
