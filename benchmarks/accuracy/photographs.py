"""Folders of labelled photographs -> the faces in them and in poor copies of them, described by a pack's models.

Vectors are unwhitened, so that the statistics of a space can be learnt from them. What was described once is kept in
a folder, by the content of the picture, the models and the code that describes.
"""

import hashlib
import inspect
import io
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import ModuleType

import numpy as np
from benchmarks.accuracy import degrading
from benchmarks.accuracy.degrading import LEVELS, degraded

import stash_sense.adapters.images.pillow
import stash_sense.adapters.onnx.embedder
import stash_sense.adapters.onnx.frame_detector
import stash_sense.adapters.onnx.image_model
import stash_sense.adapters.onnx.retinaface
import stash_sense.adapters.onnx.scrfd
import stash_sense.recognition.alignment
import stash_sense.recognition.face_finder
import stash_sense.recognition.quality
from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.bootstrap import face_finder_of
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.stages import StageClock
from stash_sense.media.frame import Frame
from stash_sense.models.card import DetectorCard, EmbedderCard
from stash_sense.models.store import OpenPack
from stash_sense.performers.enrolment import _most_prominent
from stash_sense.recognition.faces import Detections, Faces, no_faces
from stash_sense.recognition.space import FaceSpace

CACHE = Path("benchmarks/results/described")
MISLABELLED = frozenset({"Wang_Nan", "Nan_Wang", "Takahiro_Mori", "Talisa_Soto"})
"""People of Labeled Faces in the Wild left out: one person under two names, and two with photographs of others."""
_PICTURES = ("*.jpg", "*.jpeg", "*.png")
_SOURCES: tuple[ModuleType, ...] = (
    stash_sense.adapters.images.pillow,
    stash_sense.adapters.onnx.embedder,
    stash_sense.adapters.onnx.frame_detector,
    stash_sense.adapters.onnx.image_model,
    stash_sense.adapters.onnx.retinaface,
    stash_sense.adapters.onnx.scrfd,
    stash_sense.recognition.alignment,
    stash_sense.recognition.face_finder,
    stash_sense.recognition.quality,
    degrading,
)
"""The code that decides what a description is; a change of any of it makes all of them anew."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A photograph and who it shows; None of a stranger."""

    path: Path
    person: str | None

    @property
    def subject(self) -> str:
        """Who it shows, a name for each stranger too."""
        return self.person or f"S:{self.path.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """What the models say of one photograph.

    Attributes:
        listed: which.
        faces: all the faces in it; their vectors are unwhitened.
        face: row of the one that enrolment would take; None where there is no face.
        copies: that face in a copy of each degraded level; empty where copies were not asked for.
    """

    listed: Listed
    faces: Faces
    face: int | None
    copies: Faces


def people_of(folder: Path) -> list[Listed]:
    """List `folder/<person>/*`, each person with at least two photographs, without the mislabelled ones."""
    people = (person for person in sorted(folder.iterdir()) if person.is_dir() and person.name not in MISLABELLED)
    albums = ([Listed(path, person.name) for path in _pictures(person)] for person in people)
    return [listed for album in albums if len(album) >= 2 for listed in album]


def strangers_of(folder: Path) -> list[Listed]:
    """List `folder/*`: one person each, whose name does not matter, without the mislabelled ones."""
    listed = (Listed(path, None) for path in _pictures(folder))
    return [one for one in listed if one.path.stem.rstrip("0123456789").rstrip("_") not in MISLABELLED]


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for pattern in _PICTURES for path in folder.glob(pattern))


class Describer:
    """Describes photographs with one pack's models."""

    def __init__(self, pack: OpenPack, cache: Path = CACHE) -> None:
        plain = replace(pack, background=None)
        self._places = _KnownPlaces()
        self._finder = face_finder_of(plain)
        self._copies_finder = face_finder_of(replace(plain, detector=self._places))
        self._reader = PillowReader(Limits())
        self._cache = cache / _fingerprint(pack)

    @property
    def space(self) -> FaceSpace:
        """The space of the vectors."""
        return self._finder.space

    def describe(self, listed: Sequence[Listed], *, copies: bool) -> Iterator[Photograph]:
        """Describe photographs, telling on stderr how far it is."""
        self._cache.mkdir(parents=True, exist_ok=True)
        for done, one in enumerate(listed, 1):
            yield self._photograph(one, copies)
            if done % 200 == 0 or done == len(listed):
                print(f"described {done} of {len(listed)} photographs", file=sys.stderr)

    def _photograph(self, listed: Listed, copies: bool) -> Photograph:
        digest = hashlib.sha256(listed.path.read_bytes()).hexdigest()
        file, copies_file = self._cache / f"{digest}.npz", self._cache / f"{digest}.copies.npz"
        frame = None if file.exists() and (copies_file.exists() or not copies) else self._reader.read(listed.path)
        if frame is not None and not file.exists():
            _keep(file, self._finder.find([frame], StageClock(), CancelToken()).faces, _shape(frame))
        faces, shape = _kept(file, self.space.dim)
        face = _most_prominent(faces, Frame(np.zeros(shape, np.uint8), None)) if len(faces) else None
        poor = no_faces(self.space.dim)
        if copies and face is not None:
            if frame is not None and not copies_file.exists():
                _keep(copies_file, self._find_in_copies(frame.image, faces, face, int(digest[:16], 16)), shape)
            poor, _ = _kept(copies_file, self.space.dim)
        return Photograph(listed, faces, face, poor)

    def _find_in_copies(self, image: Image, faces: Faces, face: int, seed: int) -> Faces:
        """Describe the face where it must be: a detector that missed it would leave no pair to compare."""
        random = np.random.default_rng(seed)
        frames = []
        self._places.answers.clear()
        for number, level in enumerate(LEVELS):
            copy, box, landmarks = degraded(image, faces.boxes[face], faces.landmarks[face], level, random)
            frames.append(Frame(copy, float(number)))
            self._places.answers.append(Detections(box[None], faces.scores[face : face + 1], landmarks[None]))
        return self._copies_finder.find(frames, StageClock(), CancelToken()).faces


class _KnownPlaces:
    """`Detector` that answers with faces it was told of, in their order."""

    def __init__(self) -> None:
        self.answers: list[Detections] = []

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        given, self.answers = self.answers[: len(images)], self.answers[len(images) :]
        return given


def _fingerprint(pack: OpenPack) -> str:
    card = pack.card
    models: list[DetectorCard | EmbedderCard] = [card.detector, *card.embedders]
    parts = [model.model_dump_json() + card.files[model.file].sha256 for model in models]
    parts += [inspect.getsource(module) for module in _SOURCES]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _shape(frame: Frame) -> tuple[int, ...]:
    return frame.image.shape


def _keep(file: Path, faces: Faces, shape: tuple[int, ...]) -> None:
    columns = {field.name: getattr(faces, field.name) for field in fields(Faces) if field.name != "crops"}
    archive = io.BytesIO()
    np.savez(archive, shape=np.asarray(shape), **columns)
    part = file.with_suffix(f".{os.getpid()}.part")  # another benchmark may be describing the same picture
    part.write_bytes(archive.getvalue())
    part.replace(file)


def _kept(file: Path, dim: int) -> tuple[Faces, tuple[int, ...]]:
    """Read faces back, without the crops for people to look at, and the shape of their picture."""
    with np.load(file, allow_pickle=False) as archive:
        columns = {name: archive[name] for name in archive.files}
    shape = tuple(int(length) for length in columns.pop("shape"))
    crops = np.zeros((len(columns["scores"]), *no_faces(dim).crops.shape[1:]), np.uint8)
    return Faces(**columns, crops=crops), shape
