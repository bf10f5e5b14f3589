"""One file -> who is in it: frames, faces, persons, with evidence and timings."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stash_sense.errors import InputError, InputUnreadable, TransferError
from stash_sense.identification.evidence import Evidence
from stash_sense.identification.grounds import Grounds
from stash_sense.identification.result import Failure, Identification
from stash_sense.identification.sources import kind_of_file
from stash_sense.identification.subject import Place, SpriteSheet, Subject
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.kernel.stages import StageClock
from stash_sense.media.address import Address
from stash_sense.media.frame import Frame
from stash_sense.media.kinds import Kind
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import FrameSource, PictureReader, RemoteMedia, VideoOpener
from stash_sense.performers.roster import Roster
from stash_sense.recognition.face_finder import FaceFinder, FoundFaces
from stash_sense.recognition.matching.person import Matched, MatchedPerson, Matcher

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Who may be recognised, and how.

    Attributes:
        roster: who is behind the row numbers that the matcher answers with.
        matcher: finds them among faces.
        mode: name of the matching mode.
        grounds: says what names rest on; without, answers do not tell.
    """

    roster: Roster
    matcher: Matcher
    mode: str
    grounds: Grounds | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What came of looking.

    Attributes:
        result: the answer.
        place: where the frames were had; None where nowhere.
        failed: the places that were tried before, and why they gave no frames.
        with_cover: whether the cover was one of the frames.
        found: the faces, with their vectors; None where no frames were had.
    """

    result: Identification
    place: Place | None
    failed: tuple[tuple[Place, Failure], ...]
    with_cover: bool = False
    found: FoundFaces | None = None


class Identifier:
    """Recognises the people of videos and pictures with the models of one pack.

    Args:
        videos: opens videos.
        pictures: reads pictures.
        finder: finds and describes faces.
        pack: id of the models.
        remote: opens what is on servers; without it only files can be looked at.
    """

    def __init__(
        self,
        videos: VideoOpener,
        pictures: PictureReader,
        finder: FaceFinder,
        pack: str,
        remote: RemoteMedia | None = None,
    ) -> None:
        self._videos = videos
        self._pictures = pictures
        self._remote = remote
        self._finder = finder
        self._pack = pack

    def identify(
        self,
        path: Path | Address,
        known: Known,
        plan: SamplingPlan,
        tagged: frozenset[str] = frozenset(),
        cancel: CancelToken | None = None,
        progress: ProgressListener = silent,
    ) -> Identification:
        """Identify one file; a file that cannot be used gives an answer that says why.

        Args:
            path: the file, or where it is on a server.
            known: who may be recognised.
            plan: which moments of a video to look at.
            tagged: names or ids of people who are tagged in it already; each gets the pack's small boost.
            cancel: stops the work between frames.
            progress: told the frames done.

        Raises:
            Cancelled: the token was set.
        """
        subject = Subject(str(path), (path,), tagged=known.roster.named(tagged))
        return self.look(subject, known, plan, cancel or CancelToken(), progress).result

    def look(
        self, subject: Subject, known: Known, plan: SamplingPlan, cancel: CancelToken, progress: ProgressListener
    ) -> Looked:
        """Identify what may be had in several places, at the first of them that gives frames.

        Where none does, the answer says why the first did not.

        Raises:
            Cancelled: the token was set.
        """

        def on_frames(done: int) -> None:
            done = min(done, plan.num_frames)  # the cover is one more
            progress(Progress("looking at frames", done, plan.num_frames, subject.name))

        clock = StageClock()
        failed: list[tuple[Place, Failure]] = []
        with clock.stage("total"):
            cover = self._cover(subject.cover, clock, cancel)
            for place in subject.places:
                look = _Look(known, subject.tagged)
                try:
                    duration = self._look_at(place, cover, plan, look, clock, cancel, on_frames)
                except (InputError, TransferError) as error:
                    failed.append((place, Failure.of(error)))
                else:
                    break
        if len(failed) == len(subject.places):
            failure = failed[0][1]
            timing = clock.milliseconds
            result = Identification(subject.source, self._pack, known.mode, failure=failure, timing_ms=timing)
            return Looked(result, None, tuple(failed))
        found, people = look.result()
        evidence = Evidence(found.faces, known.roster, look.tagged, known.grounds)
        result = Identification(
            source=subject.source,
            pack=self._pack,
            mode=known.mode,
            duration=duration,
            width=found.width,
            height=found.height,
            frames_analyzed=found.frame_count,
            faces_detected=len(found.faces.seen),
            persons=tuple(evidence.named(person, person.name) for person in people if person.name is not None),
            unknown=tuple(evidence.unknown(person) for person in people if person.name is None),
            timing_ms=clock.milliseconds,
        )
        return Looked(result, place, tuple(failed), with_cover=cover is not None, found=found)

    def _look_at(
        self,
        place: Place,
        cover: Frame | None,
        plan: SamplingPlan,
        look: "_Look",
        clock: StageClock,
        cancel: CancelToken,
        on_frames: Callable[[int], None],
    ) -> float | None:
        """Look at a part of the frames, and at the rest only while it could change who is named.

        Returns:
            Seconds of a video, None for a picture.
        """
        with self._opened(place, clock, cancel) as media:
            if isinstance(media, Frame):
                look.take(self._finder.find([media], clock, cancel), clock)
                return None

            on_frames(0)
            sweep = self._finder.sweep(clock, cancel, on_frames)
            if cover is not None:
                sweep.look_at([cover])
            for frames in media.passes(plan, cancel):
                sweep.look_at(frames)
                look.take(sweep.found(), clock)
                if not look.undecided:
                    break
            on_frames(plan.num_frames)
            return media.info.duration

    def _cover(self, address: Address | None, clock: StageClock, cancel: CancelToken) -> Frame | None:
        """Fetch a cover; without one the frames have to do."""
        if address is None or self._remote is None:
            return None
        try:
            with clock.stage("extraction"), self._remote.open(address, cancel) as media:
                return media if isinstance(media, Frame) else None
        except (InputError, TransferError) as error:
            _LOG.info("No cover from %s: %s", address, error)
            return None

    @contextmanager
    def _opened(self, place: Place, clock: StageClock, cancel: CancelToken) -> Iterator[Frame | FrameSource]:
        if not isinstance(place, Path):
            if self._remote is None:
                raise InputUnreadable(path=place, reason="nothing is fetched from servers here")
            if isinstance(place, SpriteSheet):
                yield self._remote.sprites(place.cues, place.duration, cancel, place.sheet)
            else:
                with self._remote.open(place, cancel) as media:
                    yield media
        elif kind_of_file(place) is Kind.PICTURE:
            with clock.stage("extraction"):
                frame = self._pictures.read(place)
            yield frame
        else:
            with self._videos.open(place) as video:
                yield video


class _Look:
    """What is known of one file so far."""

    def __init__(self, known: Known, tagged: frozenset[int]) -> None:
        self._known = known
        self.tagged = tagged
        self._state: tuple[FoundFaces, Matched] | None = None

    def take(self, found: FoundFaces, clock: StageClock) -> None:
        """Decide anew, on all faces found so far."""
        with clock.stage("matching"):
            self._state = found, self._known.matcher.match(found.faces, found.frame_count, self.tagged)

    @property
    def undecided(self) -> bool:
        """Whether more frames could change who is named."""
        return self._state is None or self._state[1].undecided

    def result(self) -> tuple[FoundFaces, tuple[MatchedPerson, ...]]:
        """Return the faces and the people."""
        if self._state is None:  # a video source without passes would break its port
            raise RuntimeError("no frame was looked at")
        found, matched = self._state
        return found, matched.people
