"""What a build knows of everybody -> the people and faces of a version, and what the user should know about them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from stash_sense.kernel.arrays import Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.performers.building.curation import Finding, examine
from stash_sense.performers.building.notes import ReferenceNote, about_faces, no_reference, same_picture
from stash_sense.performers.building.portraits import Face
from stash_sense.performers.building.sources import PRIVATE, PerformerSource, SourcePicture
from stash_sense.performers.building.state import BuildState, KeptPicture, Listed
from stash_sense.performers.records import FaceRecord
from stash_sense.performers.writer import VersionWriter
from stash_sense.recognition.space import FaceSpace, unit

_SHOWN = 5
"""Pictures that a sentence names; of more it says how many there are."""


@dataclass(slots=True)
class Written:
    """What went into a version.

    Attributes:
        faces, performers: how many.
        left_out: how many pictures were left out, by the code of the note that says why.
        notes: what the user should know.
    """

    performers: int = 0
    faces: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[ReferenceNote] = field(default_factory=list)


class PeopleWriter:
    """Chooses the faces of everybody who is listed, and writes them.

    Args:
        state: of the build, complete.
        source: to say where pictures are.
        space: of the vectors.
        stranger_distance: of the pack.
    """

    def __init__(
        self, state: BuildState, source: PerformerSource, space: FaceSpace, stranger_distance: float
    ) -> None:
        self._state = state
        self._source = source
        self._space = space
        self._stranger_distance = stranger_distance
        self._shared = state.shared()

    def write(self, writer: VersionWriter, cancel: CancelToken, progress: ProgressListener) -> Written:
        """Write everybody with a face, by universal id.

        Raises:
            BuildStateDamaged, StorageError, DatabaseUnwritten, Cancelled: see there.
        """
        written, total = Written(), self._state.people()
        for done, listed in enumerate(self._state.listed()):
            cancel.raise_if_cancelled()
            progress(Progress("writing", done, total, listed.record.name))
            self._write_one(listed, writer, written)
        written.notes += self._shared_notes()
        return written

    def _write_one(self, listed: Listed, writer: VersionWriter, written: Written) -> None:
        pictures = self._state.pictures_of(listed.record.universal_id)
        chosen = self._chosen(listed, pictures, written)
        if not chosen:
            written.notes.append(no_reference(listed.record.name, bool(pictures)))
            return
        records = [self._face_record(one, one.face) for one in chosen if one.face is not None]
        writer.add(listed.record, records, self._vectors([one.face for one in chosen if one.face is not None]))
        written.performers += 1
        written.faces += len(records)

    def _face_record(self, one: KeptPicture, face: Face) -> FaceRecord:
        """Note a face; where its picture lies on the user's disk is for nobody to whom the database is given."""
        origin = self._source.origin_of(one.picture)
        url = None if origin in PRIVATE else one.picture.url
        return FaceRecord(one.sha256, url, origin, float(face.quality))

    def _vectors(self, faces: Sequence[Face]) -> list[Floats]:
        """Take the embedders' shares out of the vectors again."""
        ends = np.cumsum([block.dim for block in self._space.blocks])[:-1]
        return [unit(part) for part in np.split(np.stack([face.vector for face in faces]), ends, axis=1)]

    def _chosen(self, listed: Listed, pictures: Sequence[KeptPicture], written: Written) -> list[KeptPicture]:
        """Return the pictures whose faces are kept, by their SHA-256."""
        own: dict[str, KeptPicture] = {}
        for one in pictures:
            written.notes += self._about(listed, one)
            if one.face is None:
                written.left_out["bad_picture" if one.problem else "no_face"] += 1
            elif one.sha256 in self._shared:
                written.left_out["same_picture"] += 1
            elif one.sha256 in own:
                written.left_out["same_file"] += 1
            else:
                own[one.sha256] = one
        by_digest = [own[sha256] for sha256 in sorted(own)]
        in_company = frozenset(row for row, one in enumerate(by_digest) if one.faces > 1)
        faces = [one.face for one in by_digest if one.face is not None]
        findings = examine(faces, self._stranger_distance, in_company)
        gone: set[int] = set()
        for finding in findings:
            written.notes.append(self._about_finding(listed, finding, by_digest))
            if finding.left_out:
                gone.update(finding.rows)
                written.left_out[finding.code] += len(finding.rows)
        return [one for row, one in enumerate(by_digest) if row not in gone]

    def _about(self, listed: Listed, one: KeptPicture) -> Iterator[ReferenceNote]:
        if one.problem:
            yield ReferenceNote("bad_picture", listed.record.name, one.problem)
        elif one.sha256:
            where = self._source.where(one.picture)
            yield from about_faces(listed.record.name, where, one.faces, one.face is not None)

    def _about_finding(self, listed: Listed, found: Finding, pictures: Sequence[KeptPicture]) -> ReferenceNote:
        name = listed.record.name
        these = self._named([pictures[row].picture for row in found.rows])
        beside = self._named([pictures[row].picture for row in found.beside])
        if found.code == "near_duplicate":
            message = f"{these} is the same photograph as {beside}, which was kept; it was left out."
        elif found.code == "two_people":
            done = f"The fewer ones, {these}, were" if found.left_out else "All were kept; none was"
            message = (
                f'The pictures of "{name}" seem to show two people: {these}; and {beside}. {done} left out. '
                "Move one person's pictures to another folder."
            )
        elif found.left_out:
            message = (
                f'{these} shows a face unlike the others of "{name}"; it was left out. Remove it, or add more of it.'
            )
        else:
            message = f'{these} shows a face rather unlike the others of "{name}"; it was kept. Check it.'
        return ReferenceNote(found.code, name, message)

    def _named(self, pictures: Sequence[SourcePicture]) -> str:
        shown = [self._source.where(picture) for picture in pictures[:_SHOWN]]
        more = len(pictures) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")

    def _shared_notes(self) -> Iterator[ReferenceNote]:
        for copies in self._shared.values():
            first = {who: self._source.where(picture) for who, picture in reversed(copies)}
            yield same_picture(self._state.name_of(copies[0][0]), [first[who] for who in dict(copies)])
