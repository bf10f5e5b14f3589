"""Scenes -> their faces after each pass, kept, and a recognizer that sees kept faces instead of files.

Decoding and describing cost a hundred times what deciding costs. So many ways of deciding are measured by the
program's own recognizer on faces that were found once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.evaluation.truth import TrueFile
from stash_sense.identification.recognizer import Recognizer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.kernel.stages import StageClock
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import VideoInfo, VideoOpener
from stash_sense.recognition.face_finder import FaceFinder, FoundFaces, Sweep
from stash_sense.recognition.spec import Decision


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene, where it lies, and the seed that it was made with."""

    truth: TrueFile
    path: Path
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """What was found in one scene: all faces there were after each pass over it, without crops to look at."""

    scene: Scene
    info: VideoInfo
    passes: tuple[FoundFaces, ...]


def wind(
    scenes: Sequence[Scene],
    finder: FaceFinder,
    videos: VideoOpener,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> Iterator[Reel]:
    """Find the faces of scenes in all passes of the default plan.

    Raises:
        InputError: a scene cannot be read.
        Cancelled: the token was set.
    """
    plan = SamplingPlan()
    for done, scene in enumerate(scenes, start=1):
        with videos.open(scene.path) as video:
            sweep = finder.sweep(StageClock(), cancel)
            passes = []
            for frames in video.passes(plan, cancel):
                sweep.look_at(frames)
                passes.append(_without_crops(sweep.found()))
            yield Reel(scene, video.info, tuple(passes))
        progress(Progress("finding faces", done, len(scenes)))


def recognizer_of_reels(pack: str, finder: FaceFinder, decision: Decision, reels: Sequence[Reel]) -> Recognizer:
    """Make a recognizer that finds in the scenes' files what was kept of them."""
    projector = Projector(reels)
    return Recognizer(pack, _KeptFinder(finder, projector), decision, projector, PillowReader(Limits()))


class Projector:
    """`VideoOpener` of kept scenes: their passes hold no frames, because the faces are there already."""

    def __init__(self, reels: Sequence[Reel]) -> None:
        self._reels = {reel.scene.path: reel for reel in reels}
        self.showing: Reel | None = None

    @contextmanager
    def open(self, path: Path) -> Iterator["_KeptVideo"]:
        """Show the reel of a file.

        Raises:
            KeyError: nothing was kept of it.
        """
        self.showing = self._reels[path]
        yield _KeptVideo(self.showing)


class _KeptVideo:
    """`FrameSource` without frames."""

    def __init__(self, reel: Reel) -> None:
        self._reel = reel

    @property
    def info(self) -> VideoInfo:
        return self._reel.info

    def frames(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Frame]:
        return iter(())

    def passes(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Iterator[Frame]]:
        for _ in self._reel.passes:
            yield iter(())

    def at(self, seconds: float, cancel: CancelToken) -> Frame:
        raise RuntimeError("nothing was kept but the faces")


class _KeptFinder(FaceFinder):
    """Finds in each pass what was found in it before."""

    def __init__(self, finder: FaceFinder, projector: Projector) -> None:
        super().__init__(finder.detector, finder.describer)
        self._projector = projector

    def sweep(
        self, clock: StageClock, cancel: CancelToken, on_frames: Callable[[int], None] = lambda _: None
    ) -> Sweep:
        if self._projector.showing is None:
            raise RuntimeError("no scene is open")
        return _KeptSweep(self._projector.showing.passes)


class _KeptSweep(Sweep):
    def __init__(self, passes: Sequence[FoundFaces]) -> None:
        self._passes = passes
        self._done = 0

    def look_at(self, frames: Iterable[Frame]) -> None:
        self._done += 1

    def found(self) -> FoundFaces:
        return self._passes[self._done - 1]


def _without_crops(found: FoundFaces) -> FoundFaces:
    crops = np.broadcast_to(np.uint8(0), found.faces.crops.shape)
    return replace(found, faces=replace(found.faces, crops=crops))
