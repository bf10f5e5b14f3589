"""A script -> an H.264 film and the truth about it."""

import os
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from stash_sense.evaluation.truth import TrueFile
from stash_sense.files import storage_errors
from stash_sense.kernel.arrays import AnyArray
from stash_sense.kernel.cancel import CancelToken
from stash_sense.scenes.cutout import Cutout, Wardrobe
from stash_sense.scenes.painting import ShotPainter
from stash_sense.scenes.script import SceneScript
from stash_sense.scenes.tracking import truth_of

_NOISES = 7
"""Different patterns of noise, taken in turns; more cost time and show no difference."""


def film_scene(script: SceneScript, path: Path, wardrobe: Wardrobe, cancel: CancelToken | None = None) -> TrueFile:
    """Film a scene; the same script and photographs always give the same frames.

    Returns:
        The truth, whose path is the film's name alone.

    Raises:
        InputError: a photograph cannot be read.
        StorageError: the film cannot be written; nothing is left behind.
        Cancelled: the token was set; nothing is left behind.
    """
    photos = {role.photo for shot in script.shots for role in shot.roles}
    cutouts = {photo: wardrobe.cut_out(photo) for photo in photos}
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _encode(script, cutouts, part, cancel or CancelToken())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return truth_of(script, cutouts, path.name)


def _encode(script: SceneScript, cutouts: Mapping[Path, Cutout], path: Path, cancel: CancelToken) -> None:
    options = script.options
    # The quick search for motion halves the time and looks no different. With mbtree, libx264 gave different files
    # for equal frames: 3 of 4 scenes differed within 12 runs at 160 x 90 with noise, without it never in 48.
    quick = "ref=1:subme=1:me=dia:mbtree=0"
    coding = {"preset": "veryfast", "crf": str(script.crf), "threads": "1", "x264-params": quick}
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=options.rate, options=coding)
        stream.width, stream.height, stream.pix_fmt = options.width, options.height, "yuv420p"
        stream.gop_size = script.keyframes
        stream.time_base = Fraction(1, options.rate)
        noise = _noise(script)
        for number, picture in enumerate(_pictures(script, cutouts)):
            cancel.raise_if_cancelled()
            planes = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24").to_ndarray(format="yuv420p")
            if script.noise:
                luma = planes[: options.height]
                np.clip(luma + noise[number % _NOISES], 0, 255, out=luma, casting="unsafe")
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _noise(script: SceneScript) -> AnyArray:
    random = np.random.default_rng(script.seed)
    shape = _NOISES, script.options.height, script.options.width
    return (random.standard_normal(shape, np.float32) * script.noise).round().astype(np.int16)


def _pictures(script: SceneScript, cutouts: Mapping[Path, Cutout]) -> Iterator[Image.Image]:
    before: ShotPainter | None = None
    for number, shot in enumerate(script.shots):
        painter = ShotPainter(shot, cutouts, script.options)
        following = script.shots[number + 1].fade if number + 1 < len(script.shots) else 0
        for frame in range(shot.frames - following):
            picture = painter.paint(frame)
            if before is not None and frame < shot.fade:
                faded = before.paint(script.shots[number - 1].frames - shot.fade + frame)
                picture = Image.blend(faded, picture, (frame + 0.5) / shot.fade)
            yield picture
        before = painter
