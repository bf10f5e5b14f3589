"""A simulated Stash, a state, and what works on both."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.stash_library import ENDPOINT, asked

from stash_sense.adapters.stash.client import StashClient
from stash_sense.adapters.store.journal import SqlJournal
from stash_sense.adapters.store.recommendations import SqlRecommendationStore
from stash_sense.adapters.store.store import Store
from stash_sense.errors import StashBoxUnknown, StashSenseError
from stash_sense.fakes.stash.server import SimulatedStash
from stash_sense.library.kinds import PERFORMERS, SCENES
from stash_sense.recommendations.accepting import Accepting
from stash_sense.recommendations.curating import Curating
from stash_sense.recommendations.deciding import Decisions
from stash_sense.recommendations.journal.entry import Entry, EntryState, Why
from stash_sense.recommendations.journal.turn import Turn
from stash_sense.recommendations.journal.undoing import Undoing
from stash_sense.recommendations.journal.writing import JournalledWriter
from stash_sense.recommendations.recommendation import Recommendation
from stash_sense.recommendations.types import RecommendationType, Types
from stash_sense.recommendations.unidentified import UNIDENTIFIED, SuggestedPerson, UnidentifiedDetails
from stash_sense.stashbox.entities import Performer as BoxPerformer
from stash_sense.stashbox.reading import Found

T = TypeVar("T")
WHY = Why("user", "A test", None, "group-1")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def address_of(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


class Gone(Exception):
    """The process has ended in the middle of a write."""


@dataclass
class Bench:
    """All of it for one client."""

    client: StashClient
    desk: "Desk"

    def writer(self, group: str = "group-1") -> JournalledWriter:
        return JournalledWriter(self.client, self.desk.journal, Why("user", "A test", None, group))

    @property
    def undoing(self) -> Undoing:
        return Undoing(self.client, self.desk.journal)

    @property
    def decisions(self) -> Decisions:
        desk, turn = self.desk, Turn(self.client, self.desk.journal, None)
        accepting = Accepting(self.curating, desk.portraits)
        return Decisions(
            desk.recommendations, Types(UNIDENTIFIED), self.client, desk.journal, turn, self.curating, accepting
        )

    @property
    def curating(self) -> Curating:
        return Curating(self.client, self.desk.box_of)

    async def performers_of(self, *ids: str) -> list[set[str]]:
        scenes = await self.client.reader.by_ids(SCENES, ids)
        return [set(scenes[id_].performer_ids) for id_ in ids]

    async def performer(self, id_: str) -> Any:
        return await self.client.reader.one(PERFORMERS, id_)


@dataclass
class Portraits:
    """Cuts nothing out; remembers what of."""

    asked: list[Any] = field(default_factory=list)
    jpeg: bytes = PNG + b"portrait"
    error: StashSenseError | None = None

    def __call__(self, kind: str, id_: str, t: float | None, box: Any) -> bytes:
        self.asked.append((kind, id_, t, box))
        if self.error is not None:
            raise self.error
        return self.jpeg


class Desk:
    """A Stash and a state."""

    def __init__(self, stash: SimulatedStash, folder: Path) -> None:
        self.stash = stash
        self.store = Store.open(folder / "stash_sense.db")
        self.journal = SqlJournal(self.store.engine)
        self.recommendations = SqlRecommendationStore(self.store.engine)
        self.portraits = Portraits()
        self.boxes: dict[str, Any] = {}

    async def box_of(self, named: str) -> Any:
        found = next((box for box in self.boxes.values() if named in box.endpoint), None)
        if found is None:
            raise StashBoxUnknown(endpoint=named)
        return found

    def do(self, work: Callable[[Bench], Awaitable[T]]) -> T:
        return asked(self.stash.url, lambda client: work(Bench(client, self)))

    def entries(self, group: str = "group-1") -> list[Entry]:
        return self.journal.group(group)

    def states(self, group: str = "group-1") -> list[EntryState]:
        return [entry.state for entry in self.entries(group)]

    def recommend(
        self, *people: SuggestedPerson, target: str = "2", type_: RecommendationType = UNIDENTIFIED[0]
    ) -> Recommendation:
        details = UnidentifiedDetails(title="Scene", pack="lite", database="2026.11.22", people=people)
        (submitted,) = self.recommendations.submit([type_.new(target, details, people[0].probability)])
        one = self.recommendations.get(submitted.id)
        assert one is not None
        return one


def person(name: str, performer_id: str | None = None, probability: float = 0.9, **more: Any) -> SuggestedPerson:
    return SuggestedPerson(
        person_id=f"stashbox.example:{name.lower()}",
        name=name,
        performer_id=performer_id,
        probability=probability,
        distance=0.3,
        count=4,
        **more,
    )


class Box:
    """A stash-box with some performers."""

    endpoint = ENDPOINT

    def __init__(self, *performers: BoxPerformer) -> None:
        self._performers = {one.id: one for one in performers}

    async def by_ids(self, kind: Any, ids: Any) -> Found[Any]:
        there = {id_: self._performers[id_] for id_ in ids if id_ in self._performers}
        return Found(there, tuple(id_ for id_ in ids if id_ not in there), {})
