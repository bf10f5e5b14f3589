"""Scanning the library: what looks at scenes and images, and keeps what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stash_sense.bootstrap.recommending import Recommending
from stash_sense.errors import DatabaseError
from stash_sense.jobs.job import WAITING
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent

if TYPE_CHECKING:
    from stash_sense.identification.identify import Known
    from stash_sense.identification.library_items import LibraryIdentifier
    from stash_sense.identification.library_result import IdentifiedItem
    from stash_sense.identification.recognizer import Recognizer, Request
    from stash_sense.jobs.context import JobContext
    from stash_sense.jobs.queue import JobQueue
    from stash_sense.library.media import Image, Scene
    from stash_sense.operations.library_scan import ScanRequest
    from stash_sense.performers.database import PerformersDatabase
    from stash_sense.performers.versions.library import InstalledVersion
    from stash_sense.scanning.changed_people import ChangedPeople
    from stash_sense.scanning.deciding import Present
    from stash_sense.scanning.preview import Preview
    from stash_sense.scanning.rematch import KeptFacesRematcher
    from stash_sense.scanning.scope import ResolvedScope, ScanScope


@dataclass(frozen=True)
class Scanning(Recommending):
    """What has to do with scans of the library."""

    def scan(self, context: JobContext[ScanRequest], asked: ScanScope) -> dict[str, Any]:
        """Scan the library, as a job.

        Raises:
            ScanError: what is asked for is not there.
            StashError: Stash cannot be asked.
            DatabaseError, PackError: nobody can be recognised.
            Cancelled: the job has to stop.
        """
        from datetime import UTC, datetime

        from stash_sense.adapters.hardware.memory import give_memory_back
        from stash_sense.adapters.images.jpeg import jpeg
        from stash_sense.identification.requesting import request_of
        from stash_sense.scanning.looking import Looker
        from stash_sense.scanning.scan import Scan
        from stash_sense.scanning.tools import Tools

        scope = self.resolve_scan(asked, context.cancel)
        context.progress("opening the models", 0)
        with self.naming(None, context.cancel) as (recognizer, database):
            request = request_of(self.configuration)
            now = self._present(
                recognizer.pack,
                database.manifest.version,
                retry_failed=context.payload.retry_failed,
                from_start=context.payload.from_start,
            )
            identifier = self.library_identifier(recognizer, database, request)
            tools = Tools(
                library=self.library,
                loop=self.loop,
                store=self.fingerprints,
                recommendations=self.recommendations,
                looker=Looker(identifier, now, jpeg, lambda: datetime.now(UTC)),
                rematcher=self.rematcher(recognizer, database, request, context.cancel),
                roster=database.roster,
                now=now,
                frequency=request.mode == "clustered_frequency",
                stranger_distance=recognizer.constants.stranger_distance,
                in_use=self.performers.name_in_use,
                give_back=give_memory_back,
            )
            return Scan(tools, scope, context).run()

    def remember(
        self, item: Scene | Image, found: IdentifiedItem, identifier: LibraryIdentifier, database: PerformersDatabase
    ) -> None:
        """Keep what was found in a scene or image that was looked at as a scan looks, in the way of a scan.

        What is recommended follows with the next scan, which does not look at it again; where nobody was found, it is
        taken back now, for the next scan would not look there.

        Raises:
            StorageError: the disk said no.
            StateError: the state cannot be used.
        """
        from datetime import UTC, datetime

        from stash_sense.adapters.images.jpeg import jpeg
        from stash_sense.recommendations.recommendation import Target
        from stash_sense.scanning.looking import Looker
        from stash_sense.scanning.suggesting import TYPES

        now = self._present(database.pack, database.manifest.version)
        looker = Looker(identifier, now, jpeg, lambda: datetime.now(UTC))
        fingerprint, faces = looker.seen(item, found)
        if not fingerprint.persons:
            type_ = TYPES[fingerprint.item.kind]
            self.recommendations.withdraw(type_.name, [Target(type_.target_kind, item.id)])
        self.fingerprints.keep(fingerprint, faces)

    def check_scan(self, asked: ScanScope) -> None:
        """Look whether a scan can be done; takes a few requests.

        Raises:
            ScanError: what is asked for is not there.
            StashError: Stash cannot be asked.
            DatabaseError, PackError: nobody can be recognised.
        """
        self.check_naming(None)
        self.resolve_scan(asked, self.cancel)

    def preview_scan(
        self,
        asked: ScanScope,
        progress: ProgressListener = silent,
        *,
        retry_failed: bool = False,
        from_start: bool = False,
    ) -> list[Preview]:
        """Say what a scan would do; no models are opened. Raises as `check_scan`."""
        from stash_sense.scanning.preview import preview

        manifest = self.performers.require().manifest
        now = self._present(manifest.pack, manifest.version, retry_failed=retry_failed, from_start=from_start)
        scope = self.resolve_scan(asked, self.cancel)
        return preview(self.library, self.loop, self.fingerprints, scope, now, self.cancel, progress)

    @contextmanager
    def scanning_after_stash(self, queue: Callable[[], JobQueue]) -> Iterator[None]:
        """Scan what is new when Stash has looked for new files, until the block ends, where the user wants that.

        Args:
            queue: that scans are put into.
        """
        from stash_sense.operations.library_scan import LIBRARY_SCAN, NEW_ONLY
        from stash_sense.scanning.after_stash import AfterStash, Submitted

        def submit() -> Submitted:
            payload = NEW_ONLY.model_dump(mode="json")
            job, is_new = queue().submit(LIBRARY_SCAN, payload, triggered_by="stash")
            waits = job.status in WAITING and dict(job.payload) == payload
            return Submitted.QUEUED if is_new or waits else Submitted.BUSY

        after = AfterStash(lambda: bool(self.configuration.get("scan_new_scenes")), submit)
        leave = self.stash_news.follow(after.hear)
        try:
            yield
        finally:
            leave()
            after.close()

    def resolve_scan(self, asked: ScanScope, cancel: CancelToken) -> ResolvedScope:
        """Find out what is meant; raises as `scanning.scope.resolve`, and where no Stash is named."""
        from stash_sense.scanning.scope import resolve

        library, leave_alone = self.library, self.configuration.get("leave_alone_tag")
        return self.loop.call(lambda: resolve(library, asked, leave_alone), cancel)

    def rematcher(
        self, recognizer: Recognizer, database: PerformersDatabase, request: Request, cancel: CancelToken
    ) -> KeptFacesRematcher:
        """Make ready to compare kept faces with a database; where it can be said who has changed, only with these.

        Raises:
            DatabaseError: it cannot be read.
            Cancelled: the token was set.
        """
        from datetime import UTC, datetime

        from stash_sense.scanning.rematch import KeptFacesRematcher

        known = recognizer.knowing(database, request)
        changed = self._changed_people(known, database, cancel)
        return KeptFacesRematcher(known, database, lambda: datetime.now(UTC), changed)

    def _changed_people(
        self, known: Known, database: PerformersDatabase, cancel: CancelToken
    ) -> ChangedPeople | None:
        """Say who differs from the version before; None where that does not help, or nobody knows."""
        from stash_sense.performers.difference import difference
        from stash_sense.recognition.matching.template import TemplateMatcher
        from stash_sense.scanning.changed_people import ChangedPeople

        version = database.manifest.version
        is_behind = any(self.fingerprints.counts(kind, version).behind for kind in ("scene", "image"))
        if not is_behind or not isinstance(known.matcher, TemplateMatcher):
            return None
        try:
            new, old = self.performers.require(), self._version_before()
            if old is None or new.version != version:
                return None
            found = difference(old, new, cancel)
            opened = self.open_version(old)
        except DatabaseError:  # removed meanwhile, or of another pack: everybody is searched
            return None
        try:
            return ChangedPeople.of(found, opened, database, known.matcher.judge.decision)
        finally:
            opened.close()

    def _version_before(self) -> InstalledVersion | None:
        from stash_sense.performers.versions.installed import InstalledVersion, manifest_of

        previous = self.performers.previous()
        if previous is None:
            return None
        folder = self.performers.folder / previous
        return InstalledVersion(folder, manifest_of(folder)[0], None)

    def _present(self, pack: str, database: str, *, retry_failed: bool = False, from_start: bool = False) -> Present:
        """Say with what a scan works."""
        from stash_sense.identification.requesting import request_of
        from stash_sense.scanning.deciding import Conditions, Present

        conditions = Conditions.of(self.path_map, request_of(self.configuration))
        return Present(pack, database, conditions, retry_failed, from_start)
