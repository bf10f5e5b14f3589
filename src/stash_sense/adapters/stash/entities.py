"""What differs from one kind of thing to the next in how Stash is asked for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from stash_sense.adapters.stash import mapping, people_mapping
from stash_sense.adapters.stash.mapping import Rebase, Row
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, STUDIOS, TAGS, Kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entity(Generic[T]):
    """How one kind is asked for.

    Attributes:
        kind: which.
        read: makes a value of a row.
        filters_by_id: whether Stash can be asked for those above an id.
    """

    kind: Kind[T]
    read: Callable[[Row, Rebase], T]
    filters_by_id: bool

    @property
    def field(self) -> str:
        """Where the answer to a question for several stands, such as findScenes."""
        return f"find{self.kind.plural.capitalize()}"

    def rows(self, data: Mapping[str, Any]) -> list[Row]:
        """Take the rows out of an answer."""
        found: list[Row] = data[self.field][self.kind.plural]
        return found


_ENTITIES: dict[str, Entity[Any]] = {
    entity.kind.name: entity
    for entity in (
        Entity(SCENES, mapping.scene, filters_by_id=True),
        Entity(IMAGES, mapping.image, filters_by_id=True),
        Entity(GALLERIES, mapping.gallery, filters_by_id=True),
        Entity(PERFORMERS, people_mapping.performer, filters_by_id=False),
        Entity(STUDIOS, people_mapping.studio, filters_by_id=False),
        Entity(TAGS, people_mapping.tag, filters_by_id=False),
    )
}


def entity_of(kind: Kind[T]) -> Entity[T]:
    """Say how a kind is asked for."""
    return cast(Entity[T], _ENTITIES[kind.name])
