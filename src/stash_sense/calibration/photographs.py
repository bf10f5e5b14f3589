"""Photographs of one face each -> vectors of the photograph and of poorer and poorer copies of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stash_sense.calibration.degrading import LEVELS, degraded
from stash_sense.errors import InputError
from stash_sense.kernel.arrays import Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.media.ports import PictureReader
from stash_sense.recognition.alignment import Patch
from stash_sense.recognition.describing import FaceDescriber
from stash_sense.recognition.ports import Detector
from stash_sense.scenes.people import Person


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """One photograph of somebody.

    Attributes:
        person: name.
        photo: the file.
        vectors: (3, D) of the photograph as it is, and of its two poor copies (see `degrading.LEVELS`).
    """

    person: str
    photo: Path
    vectors: Floats


class Photographer:
    """Describes photographs with the models of one pack.

    Args:
        detector: finds the faces; the one nearest the middle is taken.
        describer: describes them.
        reader: reads the photographs.
    """

    def __init__(self, detector: Detector, describer: FaceDescriber, reader: PictureReader) -> None:
        self._detector = detector
        self._describer = describer
        self._reader = reader

    def portraits(
        self, people: Sequence[Person], cancel: CancelToken, progress: ProgressListener = silent
    ) -> Iterator[Portrait]:
        """Describe all photographs; those without a face, and files that are no pictures, are left out.

        Raises:
            Cancelled: the token was set.
        """
        total = sum(len(person.photos) for person in people)
        done = 0
        for person in people:
            for photo in person.photos:
                cancel.raise_if_cancelled()
                progress(Progress("describing photographs", done, total, person.name))
                done += 1
                patches = self._patches(photo)
                if patches:
                    faces = [face for batch in self._describer.batches(patches) for face in batch]
                    yield Portrait(person.name, photo, np.stack([face.vector for face in faces]))

    def _patches(self, photo: Path) -> list[Patch]:
        """Cut the face out of the photograph and out of its poor copies; nothing where there is no face."""
        try:
            image = self._reader.read(photo).image
        except InputError:  # one damaged picture among thousands stops nothing
            return []
        (found,) = self._detector.detect([image])
        if not len(found):
            return []
        middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2.0
        row = int(np.hypot(*(middles - np.array(image.shape[1::-1]) / 2.0).T).argmin())
        random = np.random.default_rng(len(image))
        copies = [(image, found.landmarks[row])]
        for level in LEVELS:
            copy, _, landmarks = degraded(image, found.boxes[row], found.landmarks[row], level, random)
            copies.append((copy, landmarks))
        return [Patch.cut(copy, landmarks, self._describer.alignments) for copy, landmarks in copies]
