"""Scenes, images and galleries of Stash -> who is in them."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from stash_sense.errors import InputError
from stash_sense.identification.frame_places import FramePlaces, Offer
from stash_sense.identification.galleries import GalleryCount
from stash_sense.identification.identify import Known
from stash_sense.identification.library_reading import ReadGallery, ReadImage, ReadScene
from stash_sense.identification.library_result import IdentifiedGallery, IdentifiedItem
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.identification.result import Attempt, Failure, Identification, LibraryFacts, TaggedPerformer
from stash_sense.identification.subject import FramesFrom, Subject
from stash_sense.identification.tagged import rows_of
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.library.kinds import IMAGES, SCENES
from stash_sense.library.media import Image
from stash_sense.library.people import Performer
from stash_sense.media.address import Address
from stash_sense.performers.known import KnownPeople

_FREQUENCY = "clustered_frequency"


class LibraryIdentifier:
    """Recognises the people of a Stash library. What cannot be looked at gives an answer that says why.

    Args:
        recognizer: finds and names people.
        people: who may be recognised.
        places: knows where the frames are.
        request: how to look.
    """

    def __init__(self, recognizer: Recognizer, people: KnownPeople, places: FramePlaces, request: Request) -> None:
        # A gallery's frequency is that of everybody who may be in an image, also of who is not listed in the end.
        least = 1 if request.mode == _FREQUENCY else 0
        self._recognizer = recognizer
        self._places = places
        self._request = request
        self._known: Known = recognizer.knowing(people, dataclasses.replace(request, top_k=max(request.top_k, least)))

    def scene(
        self,
        read: ReadScene,
        wanted: FramesFrom | None = None,
        cancel: CancelToken | None = None,
        progress: ProgressListener = silent,
    ) -> IdentifiedItem:
        """Identify a scene, its cover as one more frame.

        Args:
            read: the scene.
            wanted: where its frames shall come from; None for the first place that gives some.
            cancel: stops the work between frames.
            progress: told the frames done.

        Raises:
            Cancelled: the token was set.
        """
        scene = read.scene
        facts = LibraryFacts(SCENES.name, scene.id)
        try:
            offers = self._places.of_scene(scene, wanted)
        except InputError as error:
            return self._refused(facts, error, read.performers)
        cover = self._places.cover_of(scene)
        return self._look(facts, offers, cover, read.performers, cancel or CancelToken(), progress)

    def image(
        self, read: ReadImage, cancel: CancelToken | None = None, progress: ProgressListener = silent
    ) -> IdentifiedItem:
        """Identify an image; as `scene`."""
        return self._image(read.image, read.performers, cancel or CancelToken(), progress)

    def images(
        self,
        read: ReadGallery,
        count: GalleryCount,
        cancel: CancelToken | None = None,
        progress: ProgressListener = silent,
    ) -> Iterator[IdentifiedItem]:
        """Identify the images of a gallery one after the other, and count who is in them.

        Who is tagged in the gallery is so in each of its images.

        Raises:
            Cancelled: the token was set.
        """
        cancel = cancel or CancelToken()
        for done, image in enumerate(read.images):
            cancel.raise_if_cancelled()
            progress(Progress("images", done, len(read.images), _name(LibraryFacts(IMAGES.name, image.id))))
            tagged = {*read.gallery.performer_ids, *image.performer_ids}
            performers = tuple(performer for performer in read.performers if performer.id in tagged)
            item = self._image(image, performers, cancel, silent)
            count.add(item)
            yield item
        progress(Progress("images", len(read.images), len(read.images)))

    def count_of(self, read: ReadGallery) -> GalleryCount:
        """Begin to count the people of a gallery."""
        tagged = [self._ids(rows) for rows in self._rows(read.performers).values()]
        constants = self._recognizer.constants
        return GalleryCount(
            self._request.mode == _FREQUENCY, constants.stranger_distance, [one for ids in tagged for one in ids]
        )

    def gallery(self, read: ReadGallery, count: GalleryCount) -> IdentifiedGallery:
        """Say who is in a gallery, once its images are counted."""
        persons = count.persons()
        return IdentifiedGallery(
            id=read.gallery.id,
            total_images=len(read.images),
            images_processed=count.images,
            faces_detected=count.faces,
            persons=persons,
            performers=self._tagged(self._rows(read.performers), read.performers, [one.person_id for one in persons]),
        )

    def _image(
        self, image: Image, performers: Sequence[Performer], cancel: CancelToken, progress: ProgressListener
    ) -> IdentifiedItem:
        facts = LibraryFacts(IMAGES.name, image.id)
        try:
            offers = self._places.of_image(image)
        except InputError as error:
            return self._refused(facts, error, performers)
        return self._look(facts, offers, None, performers, cancel, progress)

    def _look(
        self,
        facts: LibraryFacts,
        offers: Sequence[Offer],
        cover: Address | None,
        performers: Sequence[Performer],
        cancel: CancelToken,
        progress: ProgressListener,
    ) -> IdentifiedItem:
        rows = self._rows(performers)
        tagged = frozenset[int]().union(*rows.values()) | self._known.roster.named(self._request.tagged)
        subject = Subject(_name(facts), tuple(offer.place for offer in offers), cover, tagged)
        looked = self._recognizer.look(subject, self._known, self._request.plan, cancel, progress)
        tried = len(looked.failed)
        told = dataclasses.replace(
            facts,
            frames_from=None if looked.place is None else offers[tried].kind,
            with_cover=looked.with_cover,
            attempts=tuple(
                Attempt(offer.kind, failure) for offer, (_, failure) in zip(offers, looked.failed, strict=False)
            ),
            performers=self._tagged(rows, performers, [person.person_id for person in looked.result.persons]),
        )
        return IdentifiedItem(facts.id, dataclasses.replace(looked.result, library=told), looked.found)

    def _refused(self, facts: LibraryFacts, error: InputError, performers: Sequence[Performer]) -> IdentifiedItem:
        told = dataclasses.replace(facts, performers=self._tagged(self._rows(performers), performers, ()))
        failure = Failure.of(error)
        result = Identification(
            _name(facts), self._recognizer.pack, self._request.mode, failure=failure, library=told
        )
        return IdentifiedItem(facts.id, result)

    def _rows(self, performers: Iterable[Performer]) -> Mapping[str, frozenset[int]]:
        return rows_of(performers, self._known.roster)

    def _ids(self, rows: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted(self._known.roster[row].id for row in rows))

    def _tagged(
        self, rows: Mapping[str, frozenset[int]], performers: Iterable[Performer], seen: Collection[str]
    ) -> tuple[TaggedPerformer, ...]:
        told = []
        for performer in performers:
            ids = self._ids(rows[performer.id])
            told.append(TaggedPerformer(performer.id, performer.name, ids, not set(ids).isdisjoint(seen)))
        return tuple(told)


def _name(facts: LibraryFacts) -> str:
    return f"{facts.kind} {facts.id}"
