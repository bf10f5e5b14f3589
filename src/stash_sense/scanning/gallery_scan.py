"""The galleries that the images of a part are in: who is in them, once all their images are known."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from stash_sense.fingerprints.fingerprint import Fingerprint
from stash_sense.identification.library_result import GalleryPerson
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import GALLERIES, IMAGES
from stash_sense.library.media import Gallery, Image
from stash_sense.library.reading import Scope
from stash_sense.recommendations.unidentified import UNIDENTIFIED_GALLERY
from stash_sense.scanning.gallery_suggesting import gallery_suggestion, people_of, untagged
from stash_sense.scanning.progress import Progress
from stash_sense.scanning.recommending import Findings, decided, pending_targets
from stash_sense.scanning.scope import below
from stash_sense.scanning.suggesting import People
from stash_sense.scanning.tagged_performers import TaggedPerformers
from stash_sense.scanning.tools import Tools

_AT_ONCE, _IMAGES_AT_ONCE = 50, 5000
"""Galleries that are judged together, as long as they have no more images: 3 kB each."""
_READ_AT_ONCE = 1000
"""Galleries that are read together."""
_MOST_WAITING = 2000
"""Galleries that wait for more of their images; of more, all are judged as they are: checkpoints list them."""


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    gallery: Gallery
    images: Sequence[Fingerprint]
    persons: Sequence[GalleryPerson]


@dataclass
class GalleryScan:
    """Recommends who is in galleries.

    Attributes:
        tools: it works with.
        tagged: knows who is tagged.
        people: knows who is in Stash.
        progress: is told.
        leave_alone: id of the tag of images that are to be left alone.
        left_alone: ids of galleries about which nothing is to be said.
        waiting: how many images were seen of each gallery that is still to be judged.
    """

    tools: Tools
    tagged: TaggedPerformers
    people: People
    progress: Progress
    leave_alone: str | None = None
    left_alone: frozenset[str] = frozenset()
    waiting: Counter[str] = field(default_factory=Counter)

    def touch(self, galleries: Iterable[str]) -> None:
        """Note galleries that are to be judged before the end: images of them were changed."""
        for one in galleries:
            self.waiting.setdefault(one, 0)

    def do(self, images: Sequence[Image]) -> None:
        """Judge the galleries of which the last images are among these, of which all is known that there is to know.

        Args:
            images: as Stash tells them; those of a gallery may come in several calls.

        Raises:
            StashError: Stash cannot be asked.
            Cancelled: the job has to stop.
            StorageError, StateError: what was found cannot be kept.
        """
        touched = {gallery for image in images for gallery in image.gallery_ids}
        self.waiting.update(gallery for image in images for gallery in image.gallery_ids)
        there = self._read(touched)
        whole = [one for one in there if self.waiting[one.id] >= one.image_count]
        self._judge_all(whole, images)
        for one in touched - {gallery.id for gallery in there} | {gallery.id for gallery in whole}:
            del self.waiting[one]
        if len(self.waiting) > _MOST_WAITING:
            self.finish()

    def finish(self) -> None:
        """Judge all that wait, for no more images of them come; raises as `do`."""
        waiting = sorted(self.waiting)
        for start in range(0, len(waiting), _READ_AT_ONCE):
            self._judge_all(self._read(waiting[start : start + _READ_AT_ONCE]))
        self.waiting.clear()

    def tidy(self, *, recount: bool) -> None:
        """Take back what was recommended about galleries that are gone or empty; raises as `do`.

        Args:
            recount: count those that are there anew, for images were deleted.
        """
        pending = pending_targets(self.tools.recommendations, UNIDENTIFIED_GALLERY)
        for start in range(0, len(pending), _READ_AT_ONCE):
            there = self._read(pending[start : start + _READ_AT_ONCE])
            self._judge_all([one for one in there if recount or not one.image_count])

    def _read(self, ids: Collection[str]) -> list[Gallery]:
        """Read galleries; about those that are gone, or to be left alone, nothing is said any more."""
        wanted = sorted(set(ids) - self.left_alone, key=int)
        reader = self.tools.library.reader
        there = self.tools.loop.call(lambda: reader.by_ids(GALLERIES, wanted), self._cancel) if wanted else {}
        findings = Findings(self.tools.recommendations)
        findings.nothing(UNIDENTIFIED_GALLERY, set(ids) - there.keys())
        self.progress.told(findings.tell())
        return list(there.values())

    def _judge_all(self, galleries: Sequence[Gallery], images: Sequence[Image] = ()) -> None:
        """Judge galleries, some at a time: the fingerprints of all their images are at hand meanwhile."""
        for some in _few_images(galleries):
            self.tagged.read((one for gallery in some for one in gallery.performer_ids), self._cancel)
            found = [one for gallery in some if (one := self._candidate(gallery)) is not None]
            findings = Findings(self.tools.recommendations)
            findings.nothing(UNIDENTIFIED_GALLERY, [one.gallery.id for one in found if not one.persons])
            self._judge([one for one in found if one.persons], images, findings)
            self.progress.told(findings.tell())

    def _candidate(self, gallery: Gallery) -> _Candidate | None:
        """Say who is in a gallery and not tagged in it itself; None while images of it are not known."""
        images = self.tools.store.of_gallery(gallery.id)
        if len(images) < gallery.image_count and len(images) + self._left_alone_in(gallery) < gallery.image_count:
            return None
        found = people_of(images, self.tools.frequency, self.tools.stranger_distance)
        return _Candidate(gallery, images, untagged(found, self.tagged.person_ids(gallery.performer_ids)))

    def _left_alone_in(self, gallery: Gallery) -> int:
        """Count the images of a gallery that are to be left alone."""
        if self.leave_alone is None:
            return 0
        own = {"galleries": {"value": [gallery.id], "modifier": "INCLUDES"}, "tags": below(self.leave_alone)}
        reader = self.tools.library.reader
        return self.tools.loop.call(lambda: reader.count(IMAGES, Scope(own)), self._cancel)

    def _judge(self, candidates: Sequence[_Candidate], images: Sequence[Image], findings: Findings) -> None:
        """Leave out who is tagged in an image of the gallery, and about whom the user has decided."""
        if not candidates:
            return
        tags = self._tags_of(candidates, images)
        self.tagged.read((one for ids in tags.values() for one in ids), self._cancel)
        settled = decided(self.tools.recommendations, UNIDENTIFIED_GALLERY, tags.keys())
        for one in candidates:
            id_ = one.gallery.id
            persons = untagged(one.persons, self.tagged.person_ids(tags[id_]) | settled.get(id_, frozenset()))
            recommendation = gallery_suggestion(one.gallery, one.images, persons, self.people)
            if recommendation is None:
                findings.nothing(UNIDENTIFIED_GALLERY, [id_])
            else:
                findings.found(recommendation)

    def _tags_of(self, candidates: Sequence[_Candidate], images: Sequence[Image]) -> dict[str, set[str]]:
        """Return the performers of the images of galleries; Stash is asked where not all of them are at hand."""
        at_hand = {image.id: image for image in images}
        tags: dict[str, set[str]] = {one.gallery.id: set() for one in candidates}
        ask = []
        for one in candidates:
            own = [at_hand.get(image.item.id) for image in one.images]
            if None in own:
                ask.append(one.gallery.id)
            tags[one.gallery.id].update(id_ for image in own if image is not None for id_ in image.performer_ids)
        if ask:
            for image in self.tools.loop.call(lambda: self._images(ask), self._cancel):
                for gallery in image.gallery_ids:
                    if gallery in tags:
                        tags[gallery].update(image.performer_ids)
        return tags

    async def _images(self, galleries: Sequence[str]) -> list[Image]:
        scope = Scope({"galleries": {"value": list(galleries), "modifier": "INCLUDES"}})
        return [one async for page in self.tools.library.reader.pages(IMAGES, scope) for one in page.items]

    @property
    def _cancel(self) -> CancelToken:
        return self.progress.context.cancel


def _few_images(galleries: Iterable[Gallery]) -> Iterator[list[Gallery]]:
    """Give galleries in parts that have few images together; one that has many is alone."""
    some: list[Gallery] = []
    for one in galleries:
        if some and (len(some) == _AT_ONCE or sum(each.image_count for each in [*some, one]) > _IMAGES_AT_ONCE):
            yield some
            some = []
        some.append(one)
    if some:
        yield some
