"""Another recognizer on the same scenes: a Python file with `Pack`, `Gallery`, `observe`, `calibrate` and `look`.

    Pack(detector, mobile_face_net, dlib)    paths of ONNX files: those of the pack duo
    Gallery(pack, [(name, picture), ...])    pictures are (height, width, 3) uint8 BGR; has `names`
    observe(pack, frames)                    frames are [(seconds, picture), ...] in time order;
                                             gives faces: `n`, `t` (n,) seconds, `box` (n, 5) left, top, right, bottom
    calibrate([(observed, gallery, names, who), ...])
                                             names in the scene; (n,) who each face is, "" if not known
    look(pack, frames, gallery, calibrated)  gives {"persons": [{"name", "probability", "frames": [seconds]}],
                                             "unknown_count": n}

Persons from even odds on count as named. On whom a name fell is told by when that person was seen: on the person
named if on screen then, else on whoever was it longest.
"""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from benchmarks.accuracy.galleries import REFERENCES
from benchmarks.accuracy.photographs import JUDGED
from benchmarks.accuracy.reels import Scene
from benchmarks.measure import cost_of

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.bootstrap import Services
from stash_sense.evaluation.answers import Answer, Claim, spelled
from stash_sense.evaluation.comparison import compare
from stash_sense.evaluation.document import figures_document
from stash_sense.evaluation.measures import measure
from stash_sense.evaluation.truth import Appearance
from stash_sense.evaluation.whereabouts import subject_of
from stash_sense.identification.result import Sighting
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.plan import SamplingPlan
from stash_sense.models.card import EmbedderCard
from stash_sense.scenes.people import Person, cast_of, split_photos

PACK = "duo"
_MOBILE_FACE_NET, _DLIB = 192, 128
"""Lengths of the vectors by which the pack's models are told apart."""
_NAMED_FROM = 0.5
_EARLY = slice(1, None, 3)
"""Of all frames, those that `look` begins with: it is fitted on both."""

TimedPictures = list[tuple[float, Image]]


@dataclass(frozen=True, slots=True)
class OtherAnswer(Answer):
    """An answer that says how many people have no name, without saying who they are."""

    counted: int = 0

    @property
    def unknown(self) -> int:
        """How many people were seen without getting a name."""
        return self.counted


class OtherRecognizer:
    """The file's recognizer with the models of the pack duo."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    @classmethod
    def load(cls, path: Path) -> "OtherRecognizer | None":
        """Import the file; None, and a word on why, where something that it imports is missing."""
        spec = importlib.util.spec_from_file_location("other_recognizer", path)
        if spec is None or spec.loader is None:
            sys.exit(f"{path} is no Python file")
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except ImportError as error:
            needed = " (cv2 is in the package opencv-python-headless)" if error.name == "cv2" else ""
            print(f"{path.name} is left out: {error}{needed}; install it into .venv to measure it beside.")
            return None
        return cls(module)

    def pack(self, services: Services) -> Any:
        """Open the models.

        Raises:
            PackError: the pack duo is not installed.
        """
        card, folder = services.packs.open(PACK).card, services.packs.folder(PACK)
        by_dim = {embedder.dim: embedder for embedder in card.embedders}
        files = (card.detector.file, *(_file(by_dim[dim]) for dim in (_MOBILE_FACE_NET, _DLIB)))
        return self.module.Pack(*(str(folder / file) for file in files))


def measure_beside(
    other: OtherRecognizer,
    services: Services,
    people: Sequence[Person],
    fit: Sequence[Scene],
    scenes: Sequence[Scene],
) -> dict[str, Any]:
    """Fit the other recognizer on scenes of one half and measure it on those of the judged one.

    Raises:
        PackError: the pack duo is not installed.
        InputError: a scene cannot be read.
    """
    module, pack = other.module, other.pack(services)
    theirs = module.Gallery(pack, list(_photographs(people, 1 - JUDGED)))
    calibrated = module.calibrate([item for scene in fit for item in _items(module, pack, theirs, scene)])
    gallery = module.Gallery(pack, list(_photographs(people, JUDGED)))
    references = {spelled(str(name)): 1 for name in gallery.names}
    compared, cpu = [], []
    for scene in scenes:
        run = cost_of(lambda scene=scene: _looked(module, pack, gallery, calibrated, scene))  # type: ignore[misc]
        compared.append(compare(answer_of_other(run.result, scene.truth.appearances), scene.truth, references))
        cpu.append(run.cpu)
    return {
        "people": len(references),
        "scenes": len(scenes),
        "fitted_on_scenes": len(fit),
        "cpu": {"mean": float(np.mean(cpu)), "median": float(np.median(cpu)), "most": float(np.max(cpu))},
        **figures_document(measure(compared)),
    }


def answer_of_other(result: dict[str, Any], appearances: Sequence[Appearance]) -> OtherAnswer:
    """Turn what `look` gives into an answer."""
    claims = [
        Claim(
            name=spelled(str(person["name"])),
            probability=float(person["probability"]),
            named=float(person["probability"]) >= _NAMED_FROM,
            sightings=_sightings(str(person["name"]), person["frames"], appearances),
        )
        for person in result["persons"]
    ]
    return OtherAnswer(tuple(claims), counted=int(result["unknown_count"]))


def _sightings(name: str, times: Sequence[float], appearances: Sequence[Appearance]) -> tuple[Sighting, ...]:
    """Say where the person was seen who is told by when: the one named if on screen, else whoever was it longest."""
    seconds = {one.subject: 0 for one in appearances}
    for one in appearances:
        seconds[one.subject] += sum(one.start <= t <= one.end for t in times)
    fitting = max(
        seconds, key=lambda subject: (subject == name and seconds[subject] > 0, seconds[subject]), default=""
    )
    if not seconds.get(fitting):
        return ()
    shown = [(t, one) for t in times for one in appearances if one.subject == fitting and one.start <= t <= one.end]
    return tuple(Sighting(t, min(one.track, key=lambda at: abs(at[0] - t))[1:]) for t, one in shown if one.track)


def _items(module: ModuleType, pack: Any, gallery: Any, scene: Scene) -> Iterator[tuple[Any, Any, set[str], Any]]:
    """Yield what `calibrate` takes of a scene: after all frames, and after the first of them."""
    frames = _frames(scene)
    for part in (frames, frames[_EARLY]):
        observed = module.observe(pack, part)
        yield observed, gallery, set(scene.truth.persons), _who(observed, scene.truth.appearances)


def _who(observed: Any, appearances: Sequence[Appearance]) -> np.typing.NDArray[np.str_]:
    sightings = (
        Sighting(float(t), (left, top, right - left, bottom - top))
        for t, (left, top, right, bottom) in zip(observed.t, observed.box[:, :4].tolist(), strict=True)
    )
    return np.array([subject_of([sighting], appearances) or "" for sighting in sightings], np.str_)


def _looked(module: ModuleType, pack: Any, gallery: Any, calibrated: Any, scene: Scene) -> dict[str, Any]:
    result: dict[str, Any] = module.look(pack, _frames(scene), gallery, calibrated)
    return result


def _frames(scene: Scene) -> TimedPictures:
    """Decode all frames of the default plan, in time order."""
    with PyavOpener(Limits()).open(scene.path) as video:
        frames = [(frame.t or 0.0, _bgr(frame.image)) for frame in video.frames(SamplingPlan(), CancelToken())]
    return sorted(frames, key=lambda frame: frame[0])


def _photographs(people: Sequence[Person], half: int) -> Iterator[tuple[str, Image]]:
    """Read the photographs that the gallery of the program has, too."""
    reader = PillowReader(Limits())
    for person in cast_of(people, half).people:
        for photo in split_photos(person.photos)[0][:REFERENCES]:
            yield person.name, _bgr(reader.read(photo).image)


def _bgr(image: Image) -> Image:
    return np.ascontiguousarray(image[..., ::-1])


def _file(embedder: EmbedderCard) -> str:
    return embedder.quantised or embedder.file
