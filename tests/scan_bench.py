"""A scan of a simulated Stash with a recogniser that is told whom it sees; all else is real."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.made_fingerprints import faces_of

from stash_sense.adapters.graphql.retrying import Patience
from stash_sense.adapters.stash.client import StashClient
from stash_sense.adapters.stash.connection import StashLimits
from stash_sense.adapters.store.fingerprints import SqlFingerprints
from stash_sense.adapters.store.recommendations import SqlRecommendationStore
from stash_sense.adapters.store.store import Store
from stash_sense.bootstrap.loop_thread import LoopThread
from stash_sense.identification.library_items import LibraryIdentifier
from stash_sense.identification.library_result import IdentifiedItem
from stash_sense.identification.result import NO_CROPS, Failure, Identification, LibraryFacts, NamedPerson, Sighting
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.store import Checkpoint
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.roster import KnownPerson, ListedRoster
from stash_sense.recognition.face_finder import FoundFaces
from stash_sense.recognition.faces import no_faces
from stash_sense.recommendations.recommendation import Recommendation, Status
from stash_sense.recommendations.store import PageQuery
from stash_sense.scanning.deciding import Conditions, Present
from stash_sense.scanning.looking import Looker
from stash_sense.scanning.ports import Rematcher
from stash_sense.scanning.scan import Scan
from stash_sense.scanning.scope import ScanScope, resolve
from stash_sense.scanning.tools import Tools

ADA, BOB, ZOE = "folder:Ada Example", "stashbox.example:b", "stashbox.example:zoe"
"""Ada and Bob are performers of `tests.stash_library`, Zoe is nobody there."""
NAMES = {ADA: "Ada Example", BOB: "Bob", ZOE: "Zoe"}
ROSTER = ListedRoster([KnownPerson(id_, name) for id_, name in NAMES.items()])
NOW = Present("lite", "2026.11.1", Conditions("looking", "matching"))
IMPATIENT = StashLimits(
    seconds=60.0,
    passing=Patience(attempts=2, first_seconds=0.001, longest_seconds=0.001),
    locked=Patience(attempts=2, first_seconds=0.001, longest_seconds=0.001),
)
Sees = Callable[[str, str], Sequence[str] | Failure]
"""(kind, id) -> ids of the people who are seen, or why nothing is."""


class ToldIdentifier(LibraryIdentifier):
    """Answers what it is told.

    Args:
        sees: says what.
        seconds: that it takes.
    """

    def __init__(self, sees: Sees, seconds: float = 0.0) -> None:
        self.sees = sees
        self.looked: list[str] = []
        self._seconds = seconds

    def scene(self, read: Any, wanted: Any = None, cancel: Any = None, progress: Any = None) -> IdentifiedItem:
        return self._answer("scene", read.scene.id)

    def image(self, read: Any, cancel: Any = None, progress: Any = None) -> IdentifiedItem:
        return self._answer("image", read.image.id)

    def _answer(self, kind: str, id_: str) -> IdentifiedItem:
        if self._seconds:
            time.sleep(self._seconds)
        self.looked.append(f"{kind} {id_}")
        seen = self.sees(kind, id_)
        result = Identification(f"{kind} {id_}", "lite", "template", library=LibraryFacts(kind, id_))
        if isinstance(seen, Failure):
            return IdentifiedItem(id_, replace(result, failure=seen))
        if not seen:
            return IdentifiedItem(id_, replace(result, frames_analyzed=4), FoundFaces(no_faces(8), 4, 640, 360))
        faces = faces_of(people=len(seen), frames=4, dim=8, seed=int(id_))
        persons = tuple(self._named(row, person, len(seen), kind) for row, person in enumerate(seen))
        result = replace(result, frames_analyzed=4, faces_detected=len(faces.seen), persons=persons)
        return IdentifiedItem(id_, result, FoundFaces(faces, 4, 640, 360))

    @staticmethod
    def _named(row: int, person: str, people: int, kind: str) -> NamedPerson:
        rows = [row + frame * people for frame in range(4)]
        times = [None if kind == "image" else float(frame) for frame in range(4)]
        return NamedPerson(
            tuple(Sighting(t, (1.0, 2.0, 30.0, 40.0), one) for t, one in zip(times, rows, strict=True)),
            NO_CROPS,
            (),
            person,
            NAMES[person],
            0.9 - 0.1 * row,
            0.3,
            described=tuple(rows),
            shown=tuple(rows[:2]),
        )


@dataclass
class Bench:
    """A scan's surroundings.

    Attributes:
        url: of the simulated Stash.
        folder: of the state.
        identifier: that is told what it sees.
        now: with what scans work.
        rematcher: of scans.
        saved: checkpoints, the last job's.
    """

    url: str
    folder: Path
    identifier: ToldIdentifier
    now: Present = NOW
    rematcher: Rematcher | None = None
    saved: list[Checkpoint] = field(default_factory=list)
    loop: LoopThread = field(default_factory=lambda: LoopThread("bench"))

    def __post_init__(self) -> None:
        self.state = Store.open(self.folder / "stash_sense.db")
        self.fingerprints = SqlFingerprints(self.state, self.folder / "faces.db")
        self.recommendations = SqlRecommendationStore(self.state.engine)
        self.client = StashClient(self.url, "", proxies={}, limits=IMPATIENT)

    def close(self) -> None:
        self.loop.call(self.client.aclose, CancelToken())
        self.loop.close()
        self.fingerprints.close()
        self.state.close()

    def scan(self, asked: ScanScope | None = None, leave_alone: str = "", **context: Any) -> dict[str, Any]:
        """Scan, as a job that keeps its checkpoints in `saved`."""
        asked = asked or ScanScope()
        scope = self.loop.call(lambda: resolve(self.client, asked, leave_alone), CancelToken())
        context.setdefault("save", self.saved.append)
        job = JobContext(1, None, **context)  # type: ignore[type-var]
        return Scan(self.tools(), scope, job).run()

    def tools(self) -> Tools:
        return Tools(
            library=self.client,
            loop=self.loop,
            store=self.fingerprints,
            recommendations=self.recommendations,
            looker=Looker(self.identifier, self.now, lambda _: b"jpeg", lambda: datetime.now(UTC)),
            rematcher=self.rematcher,
            roster=ROSTER,
            now=self.now,
            frequency=False,
            stranger_distance=1.0,
            in_use=lambda: self.now.database,
        )

    def pending(self) -> list[Recommendation]:
        """All recommendations that wait for the user, the oldest first."""
        return list(reversed(self.recommendations.page(PageQuery(statuses=(Status.PENDING,), limit=10_000))))

    def said(self) -> dict[str, list[str]]:
        """Who is recommended, by what it is about."""
        return {
            f"{one.target.kind} {one.target.id}": [person["person_id"] for person in one.details["people"]]
            for one in self.pending()
        }


@contextmanager
def bench(url: str, folder: Path, sees: Sees | Mapping[str, Sequence[str]], seconds: float = 0.0) -> Iterator[Bench]:
    """Give a bench until the block ends; `sees` may be a table by "scene 1", where nobody else is seen."""
    table = sees
    told = sees if callable(sees) else (lambda kind, id_: table.get(f"{kind} {id_}", ()))  # type: ignore[union-attr]
    made = Bench(url, folder, ToldIdentifier(told, seconds))
    try:
        yield made
    finally:
        made.close()
