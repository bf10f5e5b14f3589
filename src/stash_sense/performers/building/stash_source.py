"""A Stash as a source of performers: the pictures they have there, and the images that show nobody else."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from stash_sense.errors import (
    StashConnectionLost,
    StashExposed,
    StashKeyMissing,
    StashKeyWrong,
    StashLoginPage,
    StashMigrationNeeded,
    StashMisplaced,
    StashRedirected,
    StashSetupNeeded,
    StashUnreachable,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import IMAGES, PERFORMERS
from stash_sense.library.paths import PathMap
from stash_sense.library.people import Performer
from stash_sense.library.ports import Library
from stash_sense.library.reading import Scope
from stash_sense.performers.building.asking import Loop, one_by_one
from stash_sense.performers.building.fetched import PAUSES, Fetch, FetchedPictures
from stash_sense.performers.building.promising import Candidate, most_promising
from stash_sense.performers.building.sources import SourcePerformer, SourcePicture
from stash_sense.performers.building.stash_records import alone, record_of
from stash_sense.performers.ids import STASH

MOST_IMAGES = 40
"""Of one performer. More pictures of somebody bring ever less, and each takes its time in every comparison."""
READERS = 4
"""Pictures fetched at once: enough to keep the models busy, few enough for a Stash that somebody is looking at."""
_IMAGES_AT_ONCE = 1000
"""Images, about, that are asked for at once, of as many performers as have so many: two pages."""
_PASSING = (StashUnreachable, StashConnectionLost)
_FINAL = (
    *(StashKeyMissing, StashKeyWrong, StashLoginPage, StashRedirected, StashExposed, StashMisplaced),
    *(StashSetupNeeded, StashMigrationNeeded),
)


class StashSource:
    """A `PerformerSource` out of a library.

    Args:
        loop: where the library is asked.
        library: asked.
        paths: where its files are for us; those that we see are not fetched.
        size_of: gives the bytes of a file; None where there is none.
        fetch: reads a picture of Stash.
        most_images: of one performer, besides the performer's own picture; 0 for none.
        pauses: see `FetchedPictures`.
    """

    def __init__(
        self,
        loop: Loop,
        library: Library,
        paths: PathMap,
        size_of: Callable[[Path], int | None],
        fetch: Fetch,
        most_images: int = MOST_IMAGES,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._loop = loop
        self._library = library
        self._paths = paths
        self._size_of = size_of
        self._most_images = most_images
        self._pictures = FetchedPictures(self.title, fetch, _PASSING, _FINAL, pauses)
        self._cancel = CancelToken()

    @property
    def identity(self) -> str:
        """Where the Stash is; it has no name of its own."""
        return f"stash {self._library.address}"

    @property
    def title(self) -> str:
        """Not where it is, which is nobody else's business."""
        return "Stash library"

    @property
    def origins(self) -> frozenset[str]:
        """All pictures are in the library."""
        return frozenset({STASH})

    @property
    def readers(self) -> int:
        """See `READERS`."""
        return READERS

    def count(self, cancel: CancelToken) -> int:
        """Count the performers, also those without a picture; raises as `performers` does."""
        return self._loop.call(lambda: self._library.reader.count(PERFORMERS), cancel)

    def performers(self, cancel: CancelToken) -> Iterator[SourcePerformer]:
        """Yield by rising id everybody who has a picture, or is in an image.

        Two performers with the same id at a stash-box are one person.

        Raises:
            StashError: Stash cannot be asked.
            Cancelled: the token was set.
        """
        self._cancel = cancel
        for page in one_by_one(self._loop, self._library.reader.pages(PERFORMERS), cancel):
            for some in _together(page.items):
                images = self._images_of(some, cancel)
                for performer in some:
                    if performer.picture or performer.image_count:
                        yield self._performer(performer, images.get(performer.id, []))

    def opened(self, picture: SourcePicture) -> AbstractContextManager[Path]:
        """Give the file that we see, else what Stash sends."""
        kind, id_there = self._named(picture)
        if kind == PERFORMERS.name:
            return self._pictures.opened(picture.url, self.where(picture), self._cancel)
        local = self._paths.local(picture.url)
        if local is not None and self._size_of(local) == int(picture.fingerprint.rpartition(" ")[2]):
            return nullcontext(local)
        return self._pictures.opened(f"/image/{id_there}/image", self.where(picture), self._cancel)

    def origin_of(self, picture: SourcePicture) -> str:
        """All pictures are in the library."""
        return STASH

    def has(self, picture: SourcePicture) -> bool:
        """Whether the key is of this library."""
        return picture.key.startswith(self._prefix)

    def where(self, picture: SourcePicture) -> str:
        """Return the page of Stash that shows what the picture is of."""
        kind, id_there = self._named(picture)
        return f"{self._library.address}/{kind}s/{id_there}"

    @property
    def _prefix(self) -> str:
        return f"/{STASH} {self._library.address} "

    def _named(self, picture: SourcePicture) -> tuple[str, str]:
        kind, _, id_there = picture.key.removeprefix(self._prefix).partition(" ")
        return kind, id_there

    def _images_of(self, performers: Sequence[Performer], cancel: CancelToken) -> dict[str, list[Candidate]]:
        """Read the images that show one of these performers and nobody else."""
        ids = [one.id for one in performers if one.image_count]
        found: dict[str, list[Candidate]] = {}
        if not self._most_images or not ids:
            return found
        shown = {"value": ids, "modifier": "INCLUDES"}
        where = {"performers": shown, "performer_count": {"value": 1, "modifier": "EQUALS"}}
        for page in one_by_one(self._loop, self._library.reader.pages(IMAGES, Scope(where)), cancel):
            for image in page.items:
                if len(image.performer_ids) == 1 and (one := Candidate.of(image)) is not None:
                    found.setdefault(image.performer_ids[0], []).append(one)
        return {who: most_promising(images, self._most_images) for who, images in found.items()}

    def _performer(self, performer: Performer, images: Sequence[Candidate]) -> SourcePerformer:
        pictures = [self._image(image) for image in images]
        if performer.picture:
            key = f"{self._prefix}{PERFORMERS.name} {performer.id}"
            # When the performer was changed stands behind the question mark.
            changed = urlsplit(performer.picture).query or performer.updated_at.isoformat()
            pictures.insert(0, SourcePicture(key, changed, performer.picture))
        return SourcePerformer(record_of(performer), alone(performer), STASH, iter(pictures), joins=True)

    def _image(self, image: Candidate) -> SourcePicture:
        """Name an image by its file, which is looked for here before Stash is asked for it."""
        return SourcePicture(f"{self._prefix}{IMAGES.name} {image.id}", image.state, image.file.path)


def _together(performers: Sequence[Performer]) -> Iterator[Sequence[Performer]]:
    """Part performers so that each part is in few images: they are asked for together, and held in memory."""
    part: list[Performer] = []
    images = 0
    for performer in performers:
        if part and images + performer.image_count > _IMAGES_AT_ONCE:
            yield part
            part, images = [], 0
        part.append(performer)
        images += performer.image_count
    yield part
