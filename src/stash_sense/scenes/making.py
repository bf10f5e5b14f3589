"""People of a half -> a folder of scenes with the truth beside them."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from stash_sense.errors import InputError, TruthUnusable
from stash_sense.evaluation.truth import TrueFile, Truth, read_truth, write_truth
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.media.ports import PictureReader
from stash_sense.recognition.ports import Detector
from stash_sense.scenes.cutout import Wardrobe
from stash_sense.scenes.film import film_scene
from stash_sense.scenes.people import Actors, Person, cast_of, split_photos
from stash_sense.scenes.planning import plan_scene
from stash_sense.scenes.script import SceneOptions, SceneScript

TRUTH_NAME = "truth.json"
_SCRIPT = "script"
"""Label with a digest of a scene's script, by which a scene that is there already is known again."""
_RENDERING = 2
"""Counts up with every change of what is drawn or how it is encoded, so that older scenes are made anew."""
_SAVED_EVERY = 10


def make_scenes(
    people: Iterable[Person],
    detector: Detector,
    reader: PictureReader,
    folder: Path,
    *,
    count: int,
    seed: int,
    half: int,
    options: SceneOptions | None = None,
    progress: ProgressListener = silent,
    cancel: CancelToken | None = None,
) -> Truth:
    """Write `scene-0001.mp4` and so on, and `truth.json`, with people of one half only.

    Scenes that the folder's truth lists with the same script are kept. Scenes made before a cancellation stay, with
    their truth.

    Raises:
        TooFewPeople: nobody of this half has two photographs, one of them with a clear face.
        StorageError: something cannot be written.
        Cancelled: the token was set.
    """
    cancel, options = cancel or CancelToken(), options or SceneOptions()
    wardrobe = Wardrobe(detector, reader)
    actors = actors_of(people, half, wardrobe, progress, cancel)
    there = _there(folder)
    files: list[TrueFile] = []
    try:
        for number in range(1, count + 1):
            cancel.raise_if_cancelled()
            progress(Progress("making scenes", number - 1, count))
            script = plan_scene(_seed(seed, half, number), actors, options)
            files.append(_made(script, folder / f"scene-{number:04}.mp4", wardrobe, there, cancel))
            if number % _SAVED_EVERY == 0:
                write_truth(folder / TRUTH_NAME, Truth(schema=1, files=tuple(files)))
    finally:
        if files:
            write_truth(folder / TRUTH_NAME, Truth(schema=1, files=tuple(files)))
    progress(Progress("making scenes", count, count))
    return Truth(schema=1, files=tuple(files))


def actors_of(
    people: Iterable[Person],
    half: int,
    wardrobe: Wardrobe,
    progress: ProgressListener = silent,
    cancel: CancelToken | None = None,
) -> Actors:
    """Look through the photographs for scenes of one half, and keep those with one clear face.

    Raises:
        Cancelled: the token was set.
    """
    cancel = cancel or CancelToken()
    cast = cast_of(people, half)
    total = len(cast.people) + len(cast.strangers)
    kept: dict[str, Person] = {}
    for done, person in enumerate((*cast.people, *cast.strangers)):
        cancel.raise_if_cancelled()
        progress(Progress("looking at photographs", done, total))
        photos = tuple(photo for photo in split_photos(person.photos)[1] if _is_clear(photo, wardrobe))
        if photos:
            kept[person.name] = Person(person.name, photos)
    return Actors(
        people=tuple(kept[person.name] for person in cast.people if person.name in kept),
        strangers=tuple(kept[person.name] for person in cast.strangers if person.name in kept),
    )


def _is_clear(photo: Path, wardrobe: Wardrobe) -> bool:
    try:
        return wardrobe.has_face(photo)
    except InputError:  # a damaged picture among thousands is no reason to make no scenes
        return False


def _made(
    script: SceneScript, path: Path, wardrobe: Wardrobe, there: Mapping[str, TrueFile], cancel: CancelToken
) -> TrueFile:
    digest = hashlib.sha256(f"{_RENDERING}:{script!r}".encode()).hexdigest()[:16]
    known = there.get(path.name)
    if known is not None and known.labels.get(_SCRIPT) == digest and path.exists():
        return known
    made = film_scene(script, path, wardrobe, cancel)
    return made.model_copy(update={"labels": {**made.labels, _SCRIPT: digest}})


def _there(folder: Path) -> dict[str, TrueFile]:
    try:
        return {file.path: file for file in read_truth(folder / TRUTH_NAME).files}
    except TruthUnusable:
        return {}


def _seed(seed: int, half: int, number: int) -> int:
    """Return a seed for each scene, so that one scene does not depend on how many come before it."""
    digest = hashlib.sha256(f"{seed}:{half}:{number}".encode()).digest()
    return int.from_bytes(digest[:6], "big")
