"""The galleries that the images of a part are in: who is in them, once all their images are known."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stash_sense.fingerprints.fingerprint import Fingerprint
from stash_sense.identification.library_result import GalleryPerson
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import GALLERIES, IMAGES
from stash_sense.library.media import Gallery, Image
from stash_sense.library.reading import Scope
from stash_sense.recommendations.unidentified import UNIDENTIFIED_GALLERY
from stash_sense.scanning.galleries import gallery_suggestion, people_of, untagged
from stash_sense.scanning.recommending import Findings, decided, pending_targets
from stash_sense.scanning.suggesting import People
from stash_sense.scanning.tagged_performers import TaggedPerformers
from stash_sense.scanning.work import Progress, Tools

_AT_ONCE = 50
"""Galleries whose images are asked for together."""


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    gallery: Gallery
    images: Sequence[Fingerprint]
    persons: Sequence[GalleryPerson]


@dataclass
class GalleryWork:
    """Recommends who is in galleries.

    Attributes:
        tools: it works with.
        tagged: knows who is tagged.
        people: knows who is in Stash.
        progress: is told.
        left_alone: ids of galleries about which nothing is to be said.
    """

    tools: Tools
    tagged: TaggedPerformers
    people: People
    progress: Progress
    left_alone: frozenset[str] = frozenset()

    def do(self, images: Sequence[Image], more: Collection[str] = ()) -> None:
        """Look at the galleries of images, of which all is known that there is to know.

        Args:
            images: as Stash tells them.
            more: ids of further galleries, from which images were taken.

        Raises:
            StashError: Stash cannot be asked.
            Cancelled: the job has to stop.
            StorageError, StateError: what was found cannot be kept.
        """
        touched = {*more, *(gallery for image in images for gallery in image.gallery_ids)}
        if not touched:
            return
        findings = Findings(self.tools.recommendations)
        ids = sorted(touched - self.left_alone, key=int)
        there = self.tools.loop.call(lambda: self.tools.library.reader.by_ids(GALLERIES, ids), self._cancel)
        findings.nothing(UNIDENTIFIED_GALLERY, touched - there.keys())  # gone, or to be left alone
        self.tagged.read((one for gallery in there.values() for one in gallery.performer_ids), self._cancel)
        candidates = []
        for gallery in there.values():
            found = self._candidate(gallery)
            if found is None:
                continue
            if found.persons:
                candidates.append(found)
            else:
                findings.nothing(UNIDENTIFIED_GALLERY, [gallery.id])
        for start in range(0, len(candidates), _AT_ONCE):
            self._judge(candidates[start : start + _AT_ONCE], images, findings)
        self.progress.told(findings.tell())

    def tidy(self, *, recount: bool) -> None:
        """Take back what was recommended about galleries that are gone or empty; raises as `do`.

        Args:
            recount: count those that are there anew, for images were deleted.
        """
        pending = pending_targets(self.tools.recommendations, UNIDENTIFIED_GALLERY)
        if recount:
            self.do((), pending)
            return
        for start in range(0, len(pending), 1000):
            some = pending[start : start + 1000]
            rows = self.tools.loop.call(lambda some=some: self._there(some), self._cancel)  # type: ignore[misc]
            findings = Findings(self.tools.recommendations)
            findings.nothing(UNIDENTIFIED_GALLERY, [one for one in some if one not in rows or one in self.left_alone])
            self.progress.told(findings.tell())

    async def _there(self, ids: Sequence[str]) -> set[str]:
        found = await self.tools.library.reader.by_ids(GALLERIES, ids)
        return {id_ for id_, gallery in found.items() if gallery.image_count}

    def _candidate(self, gallery: Gallery) -> _Candidate | None:
        """Say who is in a gallery and not tagged in it itself; None while images of it are not known."""
        images = self.tools.store.of_gallery(gallery.id)
        if len(images) < gallery.image_count:
            return None
        found = people_of(images, self.tools.frequency, self.tools.stranger_distance)
        return _Candidate(gallery, images, untagged(found, self.tagged.person_ids(gallery.performer_ids)))

    def _judge(self, candidates: Sequence[_Candidate], images: Sequence[Image], findings: Findings) -> None:
        """Leave out who is tagged in an image of the gallery, and about whom the user has decided."""
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
