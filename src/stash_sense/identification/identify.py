"""One file -> who is in it: frames, faces, persons, with evidence and timings."""

from dataclasses import dataclass
from pathlib import Path

from stash_sense.errors import InputError
from stash_sense.identification.evidence import Evidence
from stash_sense.identification.result import Failure, Identification
from stash_sense.identification.sources import kind_of_file
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.kernel.stages import StageClock
from stash_sense.media.kinds import Kind
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import PictureReader, VideoOpener
from stash_sense.performers.gallery import KnownPerson
from stash_sense.recognition.face_finder import FaceFinder, FoundFaces
from stash_sense.recognition.matching.person import Matcher


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Who may be recognised, and how.

    Attributes:
        persons: in the order of the row numbers that the matcher answers with.
        matcher: finds them among faces.
        mode: name of the matching mode.
    """

    persons: tuple[KnownPerson, ...]
    matcher: Matcher
    mode: str


class Identifier:
    """Recognises the people of videos and pictures with the models of one pack."""

    def __init__(self, videos: VideoOpener, pictures: PictureReader, finder: FaceFinder, pack: str) -> None:
        self._videos = videos
        self._pictures = pictures
        self._finder = finder
        self._pack = pack

    def identify(
        self,
        path: Path,
        known: Known,
        plan: SamplingPlan,
        tagged: frozenset[str] = frozenset(),
        cancel: CancelToken | None = None,
        progress: ProgressListener = silent,
    ) -> Identification:
        """Identify one file; a file that cannot be used gives an answer that says why.

        Args:
            path: the file.
            known: who may be recognised.
            plan: which moments of a video to look at.
            tagged: names of people who are tagged in it already; each gets the pack's small boost.
            cancel: stops the work between frames.
            progress: told the frames done.

        Raises:
            Cancelled: the token was set.
        """
        cancel = cancel or CancelToken()
        clock = StageClock()
        try:
            with clock.stage("total"):
                found, duration = self._find_faces(path, plan, clock, cancel, progress)
                with clock.stage("matching"):
                    rows = frozenset(row for row, person in enumerate(known.persons) if person.name in tagged)
                    people = known.matcher.match(found.faces, found.frame_count, rows)
        except InputError as error:
            failure = Failure.of(error)
            return Identification(str(path), self._pack, known.mode, failure=failure, timing_ms=clock.milliseconds)
        evidence = Evidence(found.faces, known.persons, rows)
        return Identification(
            source=str(path),
            pack=self._pack,
            mode=known.mode,
            duration=duration,
            width=found.width,
            height=found.height,
            frames_analyzed=found.frame_count,
            faces_detected=len(found.faces),
            persons=tuple(evidence.named(person, person.name) for person in people if person.name is not None),
            unknown=tuple(evidence.unknown(person) for person in people if person.name is None),
            timing_ms=clock.milliseconds,
        )

    def _find_faces(
        self, path: Path, plan: SamplingPlan, clock: StageClock, cancel: CancelToken, progress: ProgressListener
    ) -> tuple[FoundFaces, float | None]:
        """Return the faces, and the duration in seconds of a video or None for a picture."""
        if kind_of_file(path) is Kind.PICTURE:
            with clock.stage("extraction"):
                frame = self._pictures.read(path)
            return self._finder.find([frame], clock, cancel), None

        def on_frames(done: int) -> None:
            progress(Progress("looking at frames", done, plan.num_frames, path.name))

        with self._videos.open(path) as video:
            on_frames(0)
            found = self._finder.find(video.frames(plan, cancel), clock, cancel, on_frames)
            return found, video.info.duration
