"""Folders of labelled photographs -> the faces in them, described by a pack's models.

What was described once is kept in a folder, by the content of the picture, the models, the form in which they run and
the code that describes.
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

import stash_sense.adapters.images.pillow
import stash_sense.adapters.onnx.embedder
import stash_sense.adapters.onnx.frame_detector
import stash_sense.adapters.onnx.image_model
import stash_sense.adapters.onnx.retinaface
import stash_sense.adapters.onnx.scrfd
import stash_sense.adapters.onnx.tensors
import stash_sense.recognition.alignment
import stash_sense.recognition.describing
import stash_sense.recognition.face_finder
import stash_sense.recognition.quality
from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.bootstrap.recognition import face_finder_of
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.stages import StageClock
from stash_sense.models.card import DetectorCard, EmbedderCard
from stash_sense.models.store import OpenPack
from stash_sense.performers.building.portraits import most_prominent
from stash_sense.recognition.faces import Faces, Sightings, no_faces
from stash_sense.recognition.space import FaceSpace
from stash_sense.scenes.people import Person, half_of, read_people

CACHE = Path("benchmarks/results/described")
MISLABELLED = frozenset({"Wang_Nan", "Nan_Wang", "Takahiro_Mori", "Talisa_Soto"})
"""People of Labeled Faces in the Wild left out: one person under two names, and two with photographs of others."""
JUDGED = 1
"""Half of the names that is measured: what packs ship is learnt from photographs of the other half only."""
_PARTS = ("lfw-dev", "lfw-dev-strangers")
FACES_HELP = f"has {' and '.join(_PARTS)}, or <person>/* and loose pictures of strangers; can be repeated"
_SOURCES: tuple[ModuleType, ...] = (
    stash_sense.adapters.images.pillow,
    stash_sense.adapters.onnx.embedder,
    stash_sense.adapters.onnx.frame_detector,
    stash_sense.adapters.onnx.image_model,
    stash_sense.adapters.onnx.retinaface,
    stash_sense.adapters.onnx.scrfd,
    stash_sense.adapters.onnx.tensors,
    stash_sense.recognition.alignment,
    stash_sense.recognition.describing,
    stash_sense.recognition.face_finder,
    stash_sense.recognition.quality,
)
"""The code that decides what a description is; a change of any of it makes all of them anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """What the models say of one photograph.

    Attributes:
        person: who it shows.
        path: the file.
        faces: all the faces in it.
        face: row of the one that enrolment would take, among the described ones; None where there is no face.
    """

    person: Person
    path: Path
    faces: Faces
    face: int | None

    @property
    def judged(self) -> bool:
        """Whether it shows somebody whose photographs no pack was fitted on."""
        return half_of(self.person.name) == JUDGED


def folders_in(faces: Sequence[Path]) -> list[Path]:
    """Name the folders of people: of one that holds `lfw-dev` and `lfw-dev-strangers`, those two."""
    folders: list[Path] = []
    for folder in faces:
        parts = [folder / part for part in _PARTS]
        folders += parts if all(part.is_dir() for part in parts) else [folder]
    return folders


def labelled_people(faces: Sequence[Path], leave_out: frozenset[str] = frozenset()) -> tuple[Person, ...]:
    """List the people of some folders, without those who are known to be mislabelled.

    Raises:
        FacesMissing: a folder is missing or holds no pictures.
    """
    return read_people(folders_in(faces), MISLABELLED | leave_out)


def some_of(people: Sequence[Person], count: int) -> list[Person]:
    """Return the first so many people of each kind: those with one photograph, and those with more."""
    single = [person for person in people if len(person.photos) == 1]
    several = [person for person in people if len(person.photos) > 1]
    return [*several[:count], *single[:count]]


class Describer:
    """Describes photographs with one pack's models."""

    def __init__(self, pack: OpenPack, cache: Path = CACHE) -> None:
        self._finder = face_finder_of(replace(pack, background=None))
        self._reader = PillowReader(Limits())
        self._cache = cache / _fingerprint(pack)

    @property
    def space(self) -> FaceSpace:
        """The space of the vectors, without the pack's statistics."""
        return self._finder.space

    def describe(self, people: Sequence[Person]) -> Iterator[Photograph]:
        """Describe all photographs of some people, telling on stderr how far it is."""
        self._cache.mkdir(parents=True, exist_ok=True)
        listed = [(person, path) for person in people for path in person.photos]
        for done, (person, path) in enumerate(listed, 1):
            yield self._photograph(person, path)
            if done % 200 == 0 or done == len(listed):
                print(f"described {done} of {len(listed)} photographs", file=sys.stderr)

    def _photograph(self, person: Person, path: Path) -> Photograph:
        file = self._cache / f"{hashlib.sha256(path.read_bytes()).hexdigest()}.npz"
        if not file.exists():
            frame = self._reader.read(path)
            _keep(file, self._finder.find([frame], StageClock(), CancelToken()).faces, frame.image.shape)
        faces, shape = _kept(file, self.space.dim)
        face = most_prominent(faces.seen.boxes[faces.row], shape) if len(faces) else None
        return Photograph(person, path, faces, face)


def _fingerprint(pack: OpenPack) -> str:
    card = pack.card
    models: list[DetectorCard | EmbedderCard] = [card.detector, *card.embedders]
    parts = [model.model_dump_json() + card.files[model.file].sha256 for model in models]
    parts += sorted(pack.quantised)  # vectors of the 8-bit form differ in the third digit
    parts += [inspect.getsource(module) for module in _SOURCES]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _keep(file: Path, faces: Faces, shape: tuple[int, ...]) -> None:
    columns = {field.name: getattr(faces.seen, field.name) for field in fields(Sightings)}
    columns |= {"row": faces.row, "quality": faces.quality, "vectors": faces.vectors}
    archive = io.BytesIO()
    np.savez(archive, shape=np.asarray(shape), **columns)
    part = file.with_suffix(f".{os.getpid()}.part")  # another benchmark may be describing the same picture
    part.write_bytes(archive.getvalue())
    part.replace(file)


def _kept(file: Path, dim: int) -> tuple[Faces, tuple[int, ...]]:
    """Read faces back, without the crops for people to look at, and the shape of their picture."""
    with np.load(file, allow_pickle=False) as archive:
        columns = {name: archive[name] for name in archive.files}
    seen = Sightings(**{field.name: columns[field.name] for field in fields(Sightings)})
    crops = np.zeros((len(columns["row"]), *no_faces(dim).crops.shape[1:]), np.uint8)
    faces = Faces(seen, columns["row"], columns["quality"], columns["vectors"], crops)
    return faces, tuple(int(length) for length in columns["shape"])
