"""One model pack made ready: enrol people, then recognise them in files."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stash_sense.errors import Cancelled, InternalFault, StashSenseError
from stash_sense.identification.grounds import Grounds
from stash_sense.identification.identify import Identifier, Known, Looked
from stash_sense.identification.result import Failure, Identification
from stash_sense.identification.sources import expand
from stash_sense.identification.subject import Subject
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.media.address import Address
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import PictureReader, RemoteMedia, VideoOpener
from stash_sense.performers.building.enrolment import Enrolment, FolderEnrolment
from stash_sense.performers.known import KnownPeople
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.matching.modes import DEFAULT_MODE, matcher_for
from stash_sense.recognition.spec import Decision

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """How files are to be looked at.

    Attributes:
        plan: which moments of a video.
        mode: how names are decided.
        strict: give only names so sure that no stranger got one when the pack was fitted.
        top_k: how many other likely people are listed for each person.
        tagged: names or ids of people who are tagged in the files already.
    """

    plan: SamplingPlan = field(default_factory=SamplingPlan)
    mode: str = DEFAULT_MODE
    strict: bool = False
    top_k: int = 3
    tagged: frozenset[str] = frozenset()


class Recognizer:
    """Enrols people and recognises them, with the models and constants of one pack."""

    def __init__(
        self,
        pack: str,
        finder: FaceFinder,
        decision: Decision,
        videos: VideoOpener,
        pictures: PictureReader,
        remote: RemoteMedia | None = None,
    ) -> None:
        self.pack = pack
        self._decision = decision
        self.constants = decision.constants
        self._enrolment = FolderEnrolment(pictures, finder, pack, decision.constants.cluster_distance)
        self._identifier = Identifier(videos, pictures, finder, pack, remote)

    def enrol(self, folder: Path, cancel: CancelToken, progress: ProgressListener = silent) -> Enrolment:
        """Make a gallery of `folder/<person>/` (see `FolderEnrolment.enrol` for what it raises)."""
        return self._enrolment.enrol(folder, cancel, progress)

    def identify(
        self,
        paths: Sequence[Path | Address],
        people: KnownPeople,
        request: Request,
        cancel: CancelToken,
        progress: ProgressListener = silent,
    ) -> Iterator[Identification]:
        """Recognise known people in files and folders, file by file; one that fails does not stop the rest.

        What is on a server is looked at in its place in the row.

        Raises:
            SettingInvalid: there is no such mode.
            Cancelled: the token was set.
        """
        known = self.knowing(people, request)
        files = list(expand(paths))
        for done, path in enumerate(files):
            cancel.raise_if_cancelled()
            progress(Progress("files", done, len(files), path.name))
            yield self._one(path, known, request, cancel, progress)
        progress(Progress("files", len(files), len(files)))

    def knowing(self, people: KnownPeople, request: Request) -> Known:
        """Make ready to recognise people as a request says.

        Raises:
            SettingInvalid: there is no such mode.
        """
        judge = people.judge(self._decision, request.strict, request.top_k)
        return Known(people.roster, matcher_for(request.mode, judge), request.mode, Grounds(judge, people))

    def look(
        self,
        subject: Subject,
        known: Known,
        plan: SamplingPlan,
        cancel: CancelToken,
        progress: ProgressListener = silent,
    ) -> Looked:
        """Identify what may be had in several places (see `Identifier.look`); a fault of ours is an answer, too.

        Raises:
            Cancelled: the token was set.
        """
        try:
            return self._identifier.look(subject, known, plan, cancel, progress)
        except Cancelled:
            raise
        except StashSenseError as error:
            failure = Failure.of(error)
        except Exception as error:  # noqa: BLE001  the edge of one item's work: the rest of the batch goes on
            _LOG.exception("a fault while identifying %a", subject.source)
            failure = Failure.of(InternalFault(path=subject.source, reason=f"{type(error).__name__}: {error}"))
        return Looked(Identification(subject.source, self.pack, known.mode, failure=failure), None, ())

    def _one(
        self, path: Path | Address, known: Known, request: Request, cancel: CancelToken, progress: ProgressListener
    ) -> Identification:
        tagged = known.roster.named(request.tagged)
        return self.look(Subject(str(path), (path,), tagged=tagged), known, request.plan, cancel, progress).result
