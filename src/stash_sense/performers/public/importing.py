"""A public release of the performer database -> a version of ours, and notes of what was left out of it and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from stash_sense.errors import PublicReleaseUnreadable
from stash_sense.kernel.arrays import AnyArray, Bools, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.manifest import Manifest
from stash_sense.performers.public.agreement import NOBODY, Agreement, agreement_of
from stash_sense.performers.public.limits import PublicLimits
from stash_sense.performers.public.people import PublicFace, PublicPerformer
from stash_sense.performers.public.release import EMBEDDERS, PACK, PublicRelease
from stash_sense.performers.records import FaceRecord, PerformerRecord
from stash_sense.performers.writer import Heading, VersionWriter

_BATCH = 32_768
"""Faces whose vectors are read together, each batch in one pass over both indexes: as float32 they take 134 MB. A
release of 366,794 faces is read in 12 passes."""
_WINDOW = 2_048
"""Faces whose vectors are decoded together."""

_WORDS: Mapping[str, str] = {
    "files_left_out": "files of the release hold what is not used here",
    "faces_pruned": "faces are marked as removed by the publisher",
    "faces_of_nobody": "faces of the tables belong to nobody by faces.json",
    "faces_disputed": "faces belong to one performer by the tables and to another by faces.json",
    "faces_claimed_twice": "faces have a vector that another face has, too",
    "faces_in_one_index": "faces have a vector in only one of the two indexes",
    "faces_without_direction": "faces have a vector that is zero or no number",
    "faces_too_many": "faces are more than one performer may have",
    "faces_untold": "entries of faces.json have no face of a known performer in the tables",
    "performers_without_faces": "performers have no face that can be used",
    "performers_unnamed": "owners of faces.json are missing from performers.json",
    "ids_contested": "stash-box ids belong to several performers; the first one keeps them",
    "counts_differ": "of the counts in manifest.json are not those of the tables",
}
"""What each note counts."""


@dataclass(frozen=True, slots=True)
class ImportNote:
    """Something of a release that was left out, or is odd: a code that stays, a sentence, and how many."""

    code: str
    message: str
    count: int


@dataclass(frozen=True, slots=True)
class PublicImport:
    """What an import gave: the manifest of the new version, and notes."""

    manifest: Manifest
    notes: tuple[ImportNote, ...]


def write_public(
    path: Path,
    folder: Path,
    scratch: Path,
    now: datetime,
    *,
    version: str | None = None,
    limits: PublicLimits | None = None,
    progress: ProgressListener = silent,
    cancel: CancelToken | None = None,
) -> PublicImport:
    """Write a release as a version of ours.

    Args:
        path: the release, a zip or a folder.
        folder: an empty folder, which becomes the version.
        scratch: an empty folder, for up to the size of the release unpacked; who gave it removes it.
        now: stands for the time of a release that does not say when it was made.
        version: its name here; the release's own where None.
        limits: what the release may cost.
        progress: told the megabytes checked, then the faces.
        cancel: looked at all the time.

    Raises:
        InputMissing, InputUnreadable: there is nothing at the path that could be read.
        PublicReleaseError: it is no release, a damaged one, or one that must not be trusted.
        StorageError, DatabaseUnwritten: the disk said no.
        Cancelled: the token was set.
    """
    cancel = cancel or CancelToken()
    with PublicRelease.open(path, scratch, limits, progress, cancel) as release:
        with VersionWriter(folder, heading_of(release, now, version)) as writer:
            notes = import_public(release, writer, progress, cancel)
            manifest = writer.finish()
        return PublicImport(manifest, notes)


def heading_of(release: PublicRelease, now: datetime, version: str | None = None) -> Heading:
    """Say what a release becomes; arguments as `write_public` has them."""
    manifest = release.manifest
    return Heading(
        version=version or manifest.version,
        created_at=manifest.created_at or now,
        pack=PACK,
        embedders=EMBEDDERS,
        sources=manifest.sources,
        imported_from=f"public release {manifest.version} ({release.path.name})"[:500],
    )


def import_public(
    release: PublicRelease,
    writer: VersionWriter,
    progress: ProgressListener = silent,
    cancel: CancelToken | None = None,
) -> tuple[ImportNote, ...]:
    """Add the performers of a release to a new version, with those faces that both indexes have a vector of.

    Returns:
        What was left out, and what is odd.

    Raises:
        PublicReleaseError: it turned out to be damaged, or none of its faces can be used.
        StorageError, DatabaseUnwritten: the disk said no.
        Cancelled: the token was set.
    """
    return _Import(release, writer, progress, cancel or CancelToken()).run()


@dataclass(slots=True)
class _Batch:
    """Performers whose vectors are read together."""

    performers: list[tuple[PerformerRecord, Sequence[FaceRecord]]] = field(default_factory=list)
    labels: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))

    def add(self, performer: PerformerRecord, faces: Sequence[PublicFace]) -> None:
        self.performers.append((performer, [face.record for face in faces]))
        for labels, at in zip(self.labels, zip(*map(_labels, faces), strict=True), strict=True):
            labels.extend(at)


class _Import:
    def __init__(
        self, release: PublicRelease, writer: VersionWriter, progress: ProgressListener, cancel: CancelToken
    ) -> None:
        self._release, self._writer, self._progress, self._cancel = release, writer, progress, cancel
        self._counts: Counter[str] = Counter()
        self._performers = self._faces = self._done = 0

    def run(self) -> tuple[ImportNote, ...]:
        release, people = self._release, self._release.people
        agreement = agreement_of(release.owners, people)
        screening = _Screening(agreement, self._counts)
        batch = _Batch()
        with closing(people.performers(agreement.ids)) as performers:
            for performer in performers:
                faces = screening.screened(performer)
                self._done += len(performer.faces) - len(faces) + performer.faces_left_out
                if faces:
                    batch.add(performer.record, faces)
                if len(batch.labels[0]) >= _BATCH:
                    self._write(batch)
                    batch = _Batch()
                self._cancel.raise_if_cancelled()
        self._write(batch)
        if not self._faces:
            raise PublicReleaseUnreadable(path=release.path, reason="none of its faces can be used")
        self._progress(Progress("import", people.face_count, people.face_count))
        self._cancel.raise_if_cancelled()
        self._count_the_rest(agreement, screening)
        return tuple(
            ImportNote(code, words, self._counts[code]) for code, words in _WORDS.items() if self._counts[code]
        )

    def _write(self, batch: _Batch) -> None:
        """Read the vectors of a batch and add its performers."""
        indexes = self._release.indexes
        labels = [np.array(part, np.int64) for part in batch.labels]
        stored = [index.stored(part) for index, part in zip(indexes, labels, strict=True)]
        begin = end = 0
        window: list[tuple[PerformerRecord, Sequence[FaceRecord]]] = []
        for record, faces in batch.performers:
            window.append((record, faces))
            end += len(faces)
            if end - begin >= _WINDOW or end == len(labels[0]):
                self._cancel.raise_if_cancelled()
                self._add(window, labels, stored, slice(begin, end))
                self._done += end - begin
                self._progress(Progress("import", self._done, self._release.people.face_count))
                begin, window = end, []

    def _add(
        self,
        performers: Sequence[tuple[PerformerRecord, Sequence[FaceRecord]]],
        labels: Sequence[Ints],
        stored: Sequence[tuple[AnyArray, Bools]],
        rows: slice,
    ) -> None:
        """Decode neighbouring rows of a batch, and add the performers whose they are with what can be used."""
        both = np.logical_and.reduce([found[rows] for _, found in stored])
        decoded = [
            index.decoded(part[rows], raw[rows], found[rows])
            for index, part, (raw, found) in zip(self._release.indexes, labels, stored, strict=True)
        ]
        usable = np.logical_and.reduce([part.usable for part in decoded])
        self._counts["faces_in_one_index"] += int((~both).sum())
        self._counts["faces_without_direction"] += int((both & ~usable).sum())
        begin = 0
        for record, faces in performers:
            kept = begin + np.flatnonzero(usable[begin : begin + len(faces)])
            if len(kept):
                chosen = [faces[place - begin] for place in kept.tolist()]
                self._writer.add(record, chosen, [part.vectors[kept] for part in decoded])
                self._performers += 1
                self._faces += len(kept)
            begin += len(faces)

    def _count_the_rest(self, agreement: Agreement, screening: "_Screening") -> None:
        release, people, counts = self._release, self._release.people, self._counts
        counts["faces_untold"] = screening.untold()
        counts["performers_without_faces"] = people.performer_count - self._performers
        counts["performers_unnamed"] = release.unnamed
        counts["ids_contested"] = agreement.contested
        counts["files_left_out"] = len(release.left_out)
        said = (release.manifest.performer_count, release.manifest.face_count)
        there = (people.performer_count, people.face_count)
        counts["counts_differ"] = sum(one not in (None, other) for one, other in zip(said, there, strict=True))


class _Screening:
    """Chooses the faces about which everything agrees, and counts the others."""

    def __init__(self, agreement: Agreement, counts: Counter[str]) -> None:
        self._performer = agreement.performer
        self._told = np.zeros(len(agreement.performer), bool)
        self._taken = [np.zeros(len(agreement.performer), bool) for _ in EMBEDDERS]
        self._counts = counts

    def screened(self, performer: PublicPerformer) -> list[PublicFace]:
        """Return the performer's faces that can be used, as far as can be said without their vectors."""
        self._counts["faces_too_many"] += performer.faces_left_out
        kept = []
        for face in performer.faces:
            problem = self._problem(face, performer.number)
            if problem is None:
                kept.append(face)
            else:
                self._counts[problem] += 1
        return kept

    def untold(self) -> int:
        """How many entries of `faces.json` no face of the tables that was screened has."""
        return int(((self._performer != NOBODY) & ~self._told).sum())

    def _problem(self, face: PublicFace, number: int) -> str | None:
        labels = _labels(face)
        here = [label for label in labels if 0 <= label < len(self._performer)]
        self._told[here] = True
        if face.pruned:
            return "faces_pruned"
        if min(labels) < 0:
            return "faces_in_one_index"
        if len(here) < len(labels) or any(self._performer[label] == NOBODY for label in here):
            return "faces_of_nobody"
        if any(self._performer[label] != number for label in here):
            return "faces_disputed"
        if any(taken[label] for taken, label in zip(self._taken, labels, strict=True)):
            return "faces_claimed_twice"
        for taken, label in zip(self._taken, labels, strict=True):
            taken[label] = True
        return None


def _labels(face: PublicFace) -> tuple[int, int]:
    """Return where a face is in each index; -1 where nowhere."""
    return (-1 if face.facenet is None else face.facenet, -1 if face.arcface is None else face.arcface)
