"""The scan of a library: kind by kind, part by part, from where it was stopped."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import replace
from typing import Any

from stash_sense.errors import Cancelled
from stash_sense.jobs.context import JobContext
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import GALLERIES, IMAGES
from stash_sense.library.media import Image, Scene
from stash_sense.library.reading import BEGINNING, Cursor, Scope
from stash_sense.scanning.gallery_part import GalleryWork
from stash_sense.scanning.part import PartWork
from stash_sense.scanning.reading import Part, Reading
from stash_sense.scanning.recommending import Findings, pending_targets
from stash_sense.scanning.scope import KINDS, ResolvedScope, below
from stash_sense.scanning.stash_people import ReadPeople
from stash_sense.scanning.suggesting import TYPES
from stash_sense.scanning.tagged_performers import TaggedPerformers
from stash_sense.scanning.work import FAILED, Progress, Tools

_LOOK_SECONDS = 0.1
"""Between two looks at whether the job has to stop."""
_FEW = 100
"""Items that are forgotten whatever share of all they are: they are looked at again within minutes."""
COUNTED = ("looked", "rematched", "unchanged", "no_face", "failed", "gone", "recommended", "withdrawn")
"""What a scan counts, by name."""


class Scan:
    """Scans what is asked for, and recommends what was found.

    What was found of an item is kept before the next one is begun, and nothing is written twice that is there: so
    the scan may be killed at any moment, and goes on from its last checkpoint.

    Args:
        tools: it works with.
        scope: what is scanned.
        context: of the job.
    """

    def __init__(self, tools: Tools, scope: ResolvedScope, context: JobContext[Any]) -> None:
        self._tools = tools
        self._scope = scope
        self._context = context
        self._progress = Progress(context)
        self._tagged = TaggedPerformers(tools.library.reader, tools.loop, tools.roster)
        self._people = ReadPeople(tools.library, tools.loop, tools.roster, context.cancel)
        self._left_alone: frozenset[str] = frozenset()
        self._has_forgotten = False
        self._keeps_what_is_gone = False

    def run(self) -> dict[str, Any]:
        """Scan, and tell what was done.

        Raises:
            StashError: Stash cannot be asked.
            Cancelled: the job has to stop.
            StorageError, StateError: what was found cannot be kept.
        """
        kinds = [kind for kind in KINDS if kind in self._scope.scopes]
        begin_with, cursor = self._where_to_begin(kinds)
        self._left_alone = self._galleries_left_alone()
        for kind in kinds[kinds.index(begin_with) :]:
            self._scan(kind, cursor)
            cursor = BEGINNING
        return self._result()

    def _scan(self, name: str, cursor: Cursor) -> None:
        """Scan one kind."""
        kind, progress = KINDS[name], self._progress
        report = self._context.report
        progress.phase = kind.plural
        goes_on = cursor != BEGINNING and report.phase == kind.plural
        progress.done, progress.total = (report.done, report.total) if goes_on else (0, None)
        asked = self._scope.asked
        reading = Reading(self._tools.library, kind, self._scope.scopes[name], asked.newest_first or asked.only_new)
        work = PartWork(self._tools, reading, self._tagged, self._people, progress, asked.limit)
        galleries = GalleryWork(self._tools, self._tagged, self._people, progress, self._left_alone)
        forgets: bool | None = None
        pending: list[int] = []
        recommendations = self._tools.recommendations
        progress.say()
        ahead = _Ahead(self._tools, reading)
        ahead.begin(cursor)
        galleries_before = self._galleries_before() if cursor != BEGINNING else ()
        try:
            while True:
                part = self._without_left_alone(ahead.take(self._context.cancel))
                progress.total = part.total if part.total is not None else progress.total
                if forgets is None:
                    forgets = self._may_forget(name, progress.total)
                    pending = sorted(map(int, pending_targets(recommendations, TYPES[name]))) if forgets else []
                if forgets:
                    self._forget(name, part, pending)
                touched = _Touched(part, galleries_before)
                work.do(
                    part,
                    lambda part=part: ahead.begin(part.next),  # type: ignore[misc]
                    lambda id_, touched=touched: progress.keep(  # type: ignore[misc]
                        self._cursor(name, Cursor(int(id_)), touched.upto(id_))
                    ),
                )
                if kind is IMAGES:
                    galleries.do(touched.images, {*galleries_before, *work.left})
                galleries_before = ()
                if part.next is None or work.is_over or (asked.only_new and not work.found_new):
                    break
                ahead.begin(part.next)
                progress.keep(self._cursor(name, part.next))
        finally:
            ahead.close()
        if kind is IMAGES and forgets and not work.is_over:
            galleries.tidy(recount=self._has_forgotten)
        if not work.is_over:
            progress.total = progress.done
        # What comes next: the other kind, or the last part once more.
        following = list(KINDS)[list(KINDS).index(name) + 1 :]
        after = next((one for one in following if one in self._scope.scopes), name)
        progress.keep(self._cursor(after, BEGINNING), now=True)

    def _may_forget(self, name: str, there: int | None) -> bool:
        """Whether what is not read is not there any more, or is to be left alone.

        Where most is gone, it may be another Stash, or an empty one: days of work are not thrown away for that.
        """
        asked = self._scope.asked
        if not asked.is_everything or asked.only_new:
            return False
        known = sum(self._tools.store.counts(name, self._tools.now.database).outcomes.values())
        if self._tools.now.from_start or known <= _FEW or (there is not None and there >= known / 2):
            return True
        self._keeps_what_is_gone = True
        return False

    def _forget(self, name: str, part: Part, pending: Sequence[int]) -> None:
        """Take back what was recommended about what is gone, and forget it; in this order, see `part`."""
        end = len(pending) if part.upto is None else bisect_right(pending, part.upto)
        waiting = {str(number) for number in pending[bisect_right(pending, part.after) : end]}
        findings = Findings(self._tools.recommendations)
        findings.nothing(TYPES[name], sorted(waiting.difference(part.ids)))
        self._progress.told(findings.tell())
        gone = self._tools.store.forget(name, after=part.after, upto=part.upto, there=part.ids)
        self._has_forgotten |= bool(gone)
        self._progress.count(gone=len(gone))

    def _galleries_left_alone(self) -> frozenset[str]:
        tag = self._scope.leave_alone
        if tag is None or IMAGES.name not in self._scope.scopes:
            return frozenset()

        async def read() -> frozenset[str]:
            pages = self._tools.library.reader.ids(GALLERIES, Scope({"tags": below(tag)}))
            return frozenset([id_ async for page in pages for id_ in page.items])

        return self._tools.loop.call(read, self._context.cancel)

    def _without_left_alone(self, part: Part) -> Part:
        """Leave out the images of galleries that are to be left alone."""
        if not self._left_alone:
            return part
        items = [one for one in part.items if isinstance(one, Scene) or self._left_alone.isdisjoint(one.gallery_ids)]
        left = {one.id for one in part.items} - {one.id for one in items}
        self._progress.passed(len(left))
        return replace(part, items=tuple(items), ids=tuple(one for one in part.ids if one not in left))

    def _cursor(self, kind: str, at: Cursor, galleries: Sequence[str] = ()) -> dict[str, Any]:
        """Say where to go on, and which galleries have to be judged of what was done before that."""
        now = self._tools.now
        place = {"kind": kind, "after": at.after, "position": at.position, "galleries": list(galleries)}
        return {**place, "pack": now.pack, "database": now.database}

    def _galleries_before(self) -> tuple[str, ...]:
        told = self._context.cursor.get("galleries")
        return tuple(one for one in told if isinstance(one, str)) if isinstance(told, list) else ()

    def _where_to_begin(self, kinds: Sequence[str]) -> tuple[str, Cursor]:
        """Go on from the last checkpoint, unless the scan works with something else by now."""
        told, now = self._context.cursor, self._tools.now
        if not isinstance(told, Mapping) or (told.get("pack"), told.get("database")) != (now.pack, now.database):
            return kinds[0], BEGINNING
        kind, after, position = told.get("kind"), told.get("after"), told.get("position")
        if kind not in kinds or not isinstance(after, int) or not isinstance(position, int):
            return kinds[0], BEGINNING
        return str(kind), Cursor(after, position)

    def _result(self) -> dict[str, Any]:
        counts, now = self._progress.counts, self._tools.now
        in_use = self._tools.in_use()
        return {
            **{name: counts.get(name, 0) for name in COUNTED},
            "failures": {
                name.removeprefix(FAILED): count for name, count in sorted(counts.items()) if name.startswith(FAILED)
            },
            "pack": now.pack,
            "database": now.database,
            "keeps_what_is_gone": self._keeps_what_is_gone,
            "newer_database": in_use if in_use != now.database else None,
        }


class _Touched:
    """The galleries of a part's images, as far as these are done."""

    def __init__(self, part: Part, before: Sequence[str]) -> None:
        self.images = [item for item in part.items if isinstance(item, Image)]
        self._before = before

    def upto(self, id_: str) -> list[str]:
        """Return those of all images up to one."""
        found = dict.fromkeys(self._before)
        for image in self.images:
            found |= dict.fromkeys(image.gallery_ids)
            if image.id == id_:
                break
        return list(found)


class _Ahead:
    """Reads the next part while the one before is worked on."""

    def __init__(self, tools: Tools, reading: Reading) -> None:
        self._tools = tools
        self._reading = reading
        self._future: Future[Part] | None = None

    def begin(self, cursor: Cursor | None) -> None:
        """Begin to read the part at a place; None: there is none. Once for each part."""
        if self._future is None and cursor is not None:
            self._future = self._tools.loop.begin(lambda: self._reading.part(cursor))

    def take(self, cancel: CancelToken) -> Part:
        """Wait for the part.

        Raises:
            StashError: it cannot be read.
            Cancelled: the token was set.
        """
        future = self._future
        if future is None:
            raise RuntimeError("no part was begun")
        while not wait([future], _LOOK_SECONDS).done:
            cancel.raise_if_cancelled()
        self._future = None
        try:
            return future.result()
        except CancelledError as error:
            raise Cancelled from error

    def close(self) -> None:
        """Stop what is being read."""
        if self._future is not None:
            self._future.cancel()
