"""Several sources as one: whom two of them know by the same universal id is one person, with the pictures of both."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.sources import PerformerSource, SourcePerformer, SourcePicture, known_ids


class Part(PerformerSource, Protocol):
    """A source that can be one of several."""

    def has(self, picture: SourcePicture) -> bool:
        """Whether a picture is of this source."""


class CombinedSource:
    """A `PerformerSource` out of others.

    What the first one says of somebody counts; the others fill in what it leaves out.

    Args:
        parts: two or more, in the order in which they are asked.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    @property
    def identity(self) -> str:
        """Those of the parts, in whichever order they were named."""
        return " + ".join(sorted(part.identity for part in self._parts))

    @property
    def title(self) -> str:
        """Those of the parts."""
        *most, last = (part.title for part in self._parts)
        return f"{', '.join(most)} and {last}"

    @property
    def origins(self) -> frozenset[str]:
        """Those of the parts."""
        return frozenset().union(*(part.origins for part in self._parts))

    @property
    def readers(self) -> int:
        """Those of the part that allows the most; how many are read ahead bounds all."""
        return max(part.readers for part in self._parts)

    def count(self, cancel: CancelToken) -> int:
        """Add up; raises as the parts do."""
        return sum(part.count(cancel) for part in self._parts)

    def performers(self, cancel: CancelToken) -> Iterator[SourcePerformer]:
        """Yield the people of all parts; raises as these do.

        Somebody whom an earlier part knows by any of their ids is given that person's universal id, and joins them.
        """
        known: dict[str, str] = {}
        for part in self._parts:
            before = frozenset(known.values())
            for one in part.performers(cancel):
                ids = sorted(known_ids(one.record, one.place, one.origin) | one.former_ids)
                who = next((known[id_] for id_ in ids if id_ in known), one.record.universal_id)
                for id_ in ids:
                    known.setdefault(id_, who)
                record = replace(one.record, universal_id=who)
                yield replace(one, record=record, joins=one.joins or who in before)

    def opened(self, picture: SourcePicture) -> AbstractContextManager[Path]:
        """Let the part that has it give it."""
        return self._part_of(picture).opened(picture)

    def origin_of(self, picture: SourcePicture) -> str:
        """Ask the part that has it."""
        return self._part_of(picture).origin_of(picture)

    def where(self, picture: SourcePicture) -> str:
        """Ask the part that has it."""
        return self._part_of(picture).where(picture)

    def has(self, picture: SourcePicture) -> bool:
        """Whether one of the parts has it."""
        return any(part.has(picture) for part in self._parts)

    def _part_of(self, picture: SourcePicture) -> Part:
        return next(part for part in self._parts if part.has(picture))
