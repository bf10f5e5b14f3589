"""The sample portraits and film -> a folder of media as a library has them: videos, pictures, performers."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import av
from PIL import Image

from stash_sense.errors import InputUnreadable
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.samples import PEOPLE
from stash_sense.samples.film import make_film

FILM = "A film of portraits.mp4"
_STILLS: Mapping[str, float] = {
    "Stills/1.jpg": 4.0,
    "Stills/2.jpg": 8.0,
    "Stills/3.jpg": 22.0,
    "A single picture.jpg": 9.5,
}
"""Pictures by the second of the film that they show."""


def make_media(folder: Path, progress: ProgressListener = silent, cancel: CancelToken | None = None) -> None:
    """Write a film, pictures, and `performers/<name>/portrait.jpg`; what is there already stays.

    Raises:
        StorageError: it cannot be written.
        InputUnreadable: the film that is there is not this one.
        Cancelled: the token was set.
    """
    film = folder / FILM
    if not film.exists():
        make_film(film, progress, cancel)
    with storage_errors(folder):
        for person in sorted(path for path in PEOPLE.iterdir() if path.is_dir()):
            place = folder / "performers" / person.name
            place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(person / "portrait.jpg", place / "portrait.jpg")
        for name, second in _STILLS.items():
            (folder / name).parent.mkdir(exist_ok=True)
            if not (folder / name).exists():
                _still(film, second, folder / name)


def _still(film: Path, second: float, place: Path) -> None:
    try:
        with av.open(str(film)) as container:
            frames = container.decode(video=0)
            frame = next(frame for frame in frames if frame.time is not None and frame.time >= second)
            picture = Image.fromarray(frame.to_ndarray(format="rgb24"))
    except (av.FFmpegError, IndexError, StopIteration) as error:
        reason = "it is not the sample film, which is made anew once you have removed it"
        raise InputUnreadable(path=film, reason=reason) from error
    picture.save(place, "JPEG", quality=90)
