"""Galleries that scenes are asked against: with fewer references, and with more people who are in no scene."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stash_sense.identification.recognizer import Recognizer
from stash_sense.kernel.arrays import Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.space import FaceSpace
from stash_sense.scenes.people import Person, cast_of, write_gallery

REFERENCES = 3
"""Photographs of a person in the gallery at the most; those that act in scenes are others."""


@dataclass(frozen=True, slots=True, eq=False)
class Distractors:
    """People who can be put into a gallery and are in no scene, one vector each.

    Attributes:
        unseen: (n, D) real faces that nothing was fitted on; None where there are none.
        fitted: (n, D) real faces of the half that packs are fitted on.
        space: makes up more; of its draws the first `drawn` pad small galleries already.
        drawn: see there.
    """

    unseen: Floats | None
    fitted: Floats | None
    space: FaceSpace
    drawn: int

    @property
    def most(self) -> float:
        """How many there are: those of a pack without statistics of strangers end."""
        real = sum(len(vectors) for vectors in (self.unseen, self.fitted) if vectors is not None)
        return np.inf if self.space.crowd_covariance.any() else real

    def beside(self, gallery: Gallery, count: int) -> tuple[Gallery, dict[str, int]]:
        """Return the gallery with so many more people, and how many of them are of each kind."""
        nobody = np.zeros((0, self.space.dim), np.float32)
        unseen = (nobody if self.unseen is None else self.unseen)[:count]
        fitted = (nobody if self.fitted is None else self.fitted)[: count - len(unseen)]
        missing = count - len(unseen) - len(fitted)
        made_up = self.space.strangers(self.drawn + missing)[self.drawn :]
        kinds = {"distractors": count, "real_unseen": len(unseen), "real_fitted": len(fitted), "made_up": missing}
        return with_others(gallery, np.concatenate([unseen, fitted, made_up])), kinds


def with_others(gallery: Gallery, vectors: Floats) -> Gallery:
    """Add a person for each of (n, D) vectors."""
    others = tuple(KnownPerson(f"distractor:{place}", f"distractor {place}") for place in range(len(vectors)))
    return Gallery(
        pack=gallery.pack,
        persons=gallery.persons + others,
        vectors=np.concatenate([gallery.vectors, vectors]),
        owner=np.concatenate([gallery.owner, len(gallery.persons) + np.arange(len(vectors))]),
    )


def limited(gallery: Gallery, most: int) -> Gallery:
    """Keep the first few references of each person."""
    starts = np.searchsorted(gallery.owner, gallery.owner)
    kept = np.arange(len(gallery.owner)) - starts < most
    return Gallery(gallery.pack, gallery.persons, gallery.vectors[kept], gallery.owner[kept])


def enrolled_people(
    recognizer: Recognizer,
    people: Iterable[Person],
    half: int,
    folder: Path,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> Gallery:
    """Enrol everybody of one half who may act in scenes as a known person.

    Args:
        folder: their references are copied there.
    """
    write_gallery(cast_of(people, half).people, folder, most=REFERENCES)
    return recognizer.enrol(folder, cancel, progress).gallery


def enrolled_distractors(
    recognizer: Recognizer,
    people: Sequence[Person],
    half: int,
    folder: Path,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> tuple[Floats | None, Floats | None]:
    """Enrol everybody who is in no scene of a half: its own strangers who never act, and all of the other half.

    Returns:
        (n, D) vectors of each, one for each person; None where there is nobody.
    """
    own, other = cast_of(people, half), cast_of(people, 1 - half)
    vectors: list[Floats | None] = []
    for number, distractors in enumerate((own.distractors, (*other.distractors, *other.strangers, *other.people))):
        into = folder / str(number)
        write_gallery((), into, distractors)
        vectors.append(recognizer.enrol(into, cancel, progress).gallery.vectors if distractors else None)
    return vectors[0], vectors[1]
