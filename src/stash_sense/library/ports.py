"""What can be asked of a library and told to it; `adapters.stash` does it with a real one.

Every method raises a `StashError` where Stash cannot be asked, does not answer as it should, or refuses.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from stash_sense.library.kinds import Kind, Pictured
from stash_sense.library.media import Scene
from stash_sense.library.people import Performer, Tag
from stash_sense.library.reading import BEGINNING, EVERYTHING, USUAL_PAGE, Changes, Cursor, Page, Scope, Watermark
from stash_sense.library.server import (
    Configuration,
    Features,
    MediaRequest,
    Picture,
    SavedFilter,
    ServerJob,
    ServerState,
)
from stash_sense.library.writing import Change, Outcome

T = TypeVar("T")
PicturedT = TypeVar("PicturedT", bound=Pictured)
Fields = Mapping[str, Any]
"""Fields by the names that Stash gives them: what is not named stays, None clears, a list takes a list's place."""


class LibraryServer(Protocol):
    """What the server is and can."""

    async def state(self) -> ServerState:
        """Ask what it is and needs, even where it was never set up; raises only where it does not answer at all."""

    async def ready(self) -> ServerState:
        """Likewise, but raise where it cannot be used: not set up, waiting for a migration, or too old."""

    async def features(self) -> Features:
        """Ask what it can; asked once and remembered until it refuses something."""

    async def configuration(self, plugin: str = "") -> Configuration:
        """Read its settings anew, with those of a plugin by its id."""

    async def saved_filters(self, mode: str = "") -> tuple[SavedFilter, ...]:
        """Read the filters that the user has saved, all or those of one mode, such as SCENES."""


class LibraryReader(Protocol):
    """What it holds. Nothing here writes."""

    def pages(
        self, kind: Kind[T], scope: Scope = EVERYTHING, cursor: Cursor = BEGINNING, size: int = USUAL_PAGE
    ) -> AsyncIterator[Page[T]]:
        """Read page by page, by rising id; what is added or deleted meanwhile leaves out and repeats nothing."""

    def ids(self, kind: Kind[T], scope: Scope = EVERYTHING, cursor: Cursor = BEGINNING) -> AsyncIterator[Page[str]]:
        """Read ids alone, likewise, for a tenth of the time: what was deleted is found by what is not among them."""

    async def count(self, kind: Kind[T], scope: Scope = EVERYTHING) -> int:
        """Count."""

    async def one(self, kind: Kind[T], id: str) -> T | None:  # noqa: A002  what Stash calls it
        """Read one; None where there is none."""

    async def by_ids(self, kind: Kind[T], ids: Sequence[str]) -> dict[str, T]:
        """Read several; those that are not there are left out."""

    async def named(self, kind: Kind[T], name: str) -> tuple[T, ...]:
        """Read the performers, studios or tags of exactly this name, whether in capitals or not."""

    async def watermark(self, kind: Kind[T]) -> Watermark:
        """Say up to where changes are known to somebody who reads everything from now on."""

    async def changed(self, kind: Kind[T], since: Watermark) -> Changes:
        """Say what was added or changed since; the same one may be told twice, none is left out.

        Stash does not say what was deleted, nor does a scene count as changed when its performers or files are.
        """

    async def duplicates(self, distance: int, most_seconds_apart: float = -1.0) -> tuple[tuple[str, ...], ...]:
        """Let Stash look for scenes whose perceptual hashes differ in few bits; gives groups of ids."""


class LibraryWriter(Protocol):
    """What is changed in it. A write is tried again only where nothing of it can have happened.

    Raises, each method: StashWriteUncertain where nobody knows whether it happened.
    """

    async def create_performer(self, fields: Fields) -> Performer:
        """Add a performer."""

    async def create_tag(self, fields: Fields) -> Tag:
        """Add a tag."""

    async def update(self, kind: Kind[T], id: str, fields: Fields) -> T:  # noqa: A002  what Stash calls it
        """Change fields of one scene, image, gallery, performer, studio or tag, and give what it is now."""

    async def change_many(self, kind: Kind[PicturedT], ids: Sequence[str], change: Change) -> Outcome:
        """Change many scenes, images or galleries at once."""

    async def merge_performers(self, sources: Sequence[str], destination: str, fields: Fields) -> Performer:
        """Make one performer of several, with `fields` as it shall be (see `merging`)."""

    async def merge_scenes(self, sources: Sequence[str], destination: str, fields: Fields) -> Scene:
        """Make one scene of several, likewise; the files of all become files of it."""

    async def merge_tags(self, sources: Sequence[str], destination: str, fields: Fields) -> Tag:
        """Make one tag of several."""

    async def destroy(self, kind: Kind[T], ids: Sequence[str], *, files: bool = False) -> None:
        """Delete from the library; with `files`, which only scenes, images and galleries have, from the disk, too."""


class LibraryJobs(Protocol):
    """What Stash does by itself."""

    async def scan(self, paths: Sequence[str] = ()) -> str:
        """Let it look for new files, everywhere or below these paths; gives the job's id."""

    async def generate(self, scene_ids: Sequence[str], *, sprites: bool = True, phashes: bool = True) -> str:
        """Let it generate what is missing for scenes; gives the job's id."""

    async def jobs(self) -> tuple[ServerJob, ...]:
        """Read its queue."""

    async def job(self, id: str) -> ServerJob | None:  # noqa: A002  what Stash calls it
        """Read one job; None when Stash has forgotten it, which happens ten jobs after its end."""

    async def stop_job(self, id: str) -> None:  # noqa: A002  what Stash calls it
        """Stop a job; one that is not there is no error."""


class LibraryMedia(Protocol):
    """Pictures and streams."""

    def request(self, url: str) -> MediaRequest:
        """Say how to ask for what an address stands for, at the Stash that we use, whoever wrote the address."""

    def stream(self, scene_id: str) -> MediaRequest:
        """Say how to ask for a scene's video, whole or in parts."""

    async def picture(self, url: str, most_bytes: int = ...) -> Picture:
        """Read a picture."""


class Library(Protocol):
    """All of it, at one address, which holds nothing secret."""

    @property
    def address(self) -> str:
        """Where it is."""

    @property
    def server(self) -> LibraryServer:
        """What the server is and can."""

    @property
    def reader(self) -> LibraryReader:
        """What it holds."""

    @property
    def writer(self) -> LibraryWriter:
        """What is changed in it."""

    @property
    def jobs(self) -> LibraryJobs:
        """What the server does by itself."""

    @property
    def media(self) -> LibraryMedia:
        """Its pictures and streams."""
