"""A scene or image -> its fingerprint, and the faces that are kept of it: its frames are looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stash_sense.fingerprints.fingerprint import Fingerprint, Item, Outcome
from stash_sense.fingerprints.keeping import KnownRows, keep_faces
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.identification.library_items import LibraryIdentifier
from stash_sense.identification.library_reading import ReadImage, ReadScene
from stash_sense.identification.library_result import IdentifiedItem
from stash_sense.identification.result import Failure, Identification
from stash_sense.kernel import arrays
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.library.kinds import IMAGES, SCENES
from stash_sense.library.media import Image, Scene
from stash_sense.library.people import Performer
from stash_sense.scanning.content import content_of, title_of
from stash_sense.scanning.deciding import Present
from stash_sense.scanning.persons import person_of

Seen = tuple[Fingerprint, KeptFaces | None]


@dataclass(frozen=True, slots=True, eq=False)
class Looker:
    """Looks at scenes and images.

    Attributes:
        identifier: recognises who is in them.
        now: with what.
        encode: a crop into JPEG.
        clock: what time it is.
    """

    identifier: LibraryIdentifier
    now: Present
    encode: Callable[[arrays.Image], bytes]
    clock: Callable[[], datetime]

    def look(
        self,
        item: Scene | Image,
        performers: Sequence[Performer],
        cancel: CancelToken,
        progress: ProgressListener = silent,
    ) -> Seen:
        """Look at one; what cannot be looked at has a fingerprint that says why.

        Args:
            item: as Stash tells it.
            performers: who is tagged in it.
            cancel: stops the work between frames.
            progress: told the frames done.

        Raises:
            Cancelled: the token was set.
        """
        if isinstance(item, Scene):
            found = self.identifier.scene(ReadScene(item, tuple(performers)), cancel=cancel, progress=progress)
        else:
            found = self.identifier.image(ReadImage(item, tuple(performers)), cancel, progress)
        return self.seen(item, found)

    def seen(self, item: Scene | Image, found: IdentifiedItem) -> Seen:
        """Say what is kept of one that was looked at."""
        result = found.result
        if result.failure is not None:
            return self.failed(item, result.failure, _told(result)), None
        if found.found is None or not result.faces_detected:
            return self._of(item, Outcome.NO_FACE, frames=result.frames_analyzed, details=_told(result)), None
        return self._with_faces(item, found)

    def failed(self, item: Scene | Image, failure: Failure, details: dict[str, Any] | None = None) -> Fingerprint:
        """Say of one that it cannot be looked at."""
        return self._of(item, Outcome.FAILED, code=failure.code, message=failure.message, details=details or {})

    def lost(self, kind: str, id_: str, failure: Failure) -> Fingerprint:
        """Say of one that it cannot even be read."""
        return Fingerprint(
            Item(kind, id_),
            "",
            self.now.pack,
            self.now.database,
            Outcome.FAILED,
            code=failure.code,
            message=failure.message,
            conditions=str(self.now.conditions),
            looked_at=self.clock(),
        )

    def _with_faces(self, item: Scene | Image, found: IdentifiedItem) -> Seen:
        result, faces = found.result, found.found
        assert faces is not None  # noqa: S101  where faces were counted there are some
        people = [KnownRows(one.described, one.shown, named=True) for one in result.persons]
        people += [KnownRows(one.described, one.shown, named=False) for one in result.unknown]
        kept = keep_faces(self.now.pack, faces.faces, faces.frame_count, people, self.encode)
        fingerprint = self._of(
            item,
            Outcome.FACES,
            frames=result.frames_analyzed,
            faces=result.faces_detected,
            persons=tuple(person_of(one, kept.number_of, result.faces_detected) for one in result.persons),
            unknown=len(result.unknown),
            details=_told(result),
        )
        return fingerprint, kept.faces

    def _of(self, item: Scene | Image, outcome: Outcome, **fields: Any) -> Fingerprint:
        now = self.clock()
        return Fingerprint(
            Item(SCENES.name if isinstance(item, Scene) else IMAGES.name, item.id),
            content_of(item),
            self.now.pack,
            self.now.database,
            outcome,
            title=title_of(item),
            galleries=() if isinstance(item, Scene) else item.gallery_ids,
            conditions=str(self.now.conditions),
            looked_at=now,
            matched_at=now,
            **fields,
        )


def _told(result: Identification) -> dict[str, Any]:
    """Say for people how it was looked at, and who the unknown may be."""
    library = result.library
    told: dict[str, Any] = {
        "mode": result.mode,
        "size": [result.width, result.height],
        "timing_ms": {stage: round(spent) for stage, spent in result.timing_ms.items()},
    }
    if result.duration is not None:
        told["duration"] = round(result.duration, 3)
    if library is not None:
        told["frames_from"] = None if library.frames_from is None else library.frames_from.value
        told["with_cover"] = library.with_cover
        told["attempts"] = [
            {"frames_from": one.frames_from.value, "code": one.failure.code, "message": one.failure.message}
            for one in library.attempts
        ]
    told["likely"] = [
        {"person_id": one.person_id, "name": one.name, "probability": one.probability, "distance": one.distance}
        for unknown in result.unknown
        for one in unknown.alternatives[:1]
    ]
    return told
