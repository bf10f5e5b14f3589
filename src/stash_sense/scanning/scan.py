"""The scan of a library: kind by kind, part by part, from where it was stopped."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from typing import Any

from stash_sense.errors import Cancelled
from stash_sense.jobs.context import JobContext
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import IMAGES
from stash_sense.library.media import Image
from stash_sense.library.reading import BEGINNING, Cursor
from stash_sense.scanning.forgetting import Forgetting
from stash_sense.scanning.gallery_scan import GalleryScan
from stash_sense.scanning.item_scan import ItemScan
from stash_sense.scanning.progress import FAILED, Progress
from stash_sense.scanning.reading import Part, Reading
from stash_sense.scanning.scope import KINDS, ResolvedScope, galleries_left_alone, nothing_found
from stash_sense.scanning.stash_people import ReadPeople
from stash_sense.scanning.tagged_performers import TaggedPerformers
from stash_sense.scanning.tools import Tools

_LOOK_SECONDS = 0.1
"""Between two looks at whether the job has to stop."""
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
        self._keeps_what_is_gone = False
        self._has_found = False

    def run(self) -> dict[str, Any]:
        """Scan, and tell what was done.

        Raises:
            StashError: Stash cannot be asked.
            Cancelled: the job has to stop.
            StorageError, StateError: what was found cannot be kept.
        """
        kinds = [kind for kind in KINDS if kind in self._scope.scopes]
        begin_with, cursor = self._where_to_begin(kinds)
        self._has_found = (begin_with, cursor) != (kinds[0], BEGINNING)
        library, cancel = self._tools.library, self._context.cancel
        self._left_alone = self._tools.loop.call(lambda: galleries_left_alone(library, self._scope), cancel)
        for kind in kinds[kinds.index(begin_with) :]:
            self._scan(kind, cursor)
            cursor = BEGINNING
        return self._result()

    def _scan(self, name: str, cursor: Cursor) -> None:
        """Scan one kind."""
        tools, progress, asked = self._tools, self._progress, self._scope.asked
        kind, leave_alone = KINDS[name], self._scope.leave_alone
        progress.phase, progress.done, progress.total = kind.plural, cursor.position, None
        reading = Reading(tools.library, kind, self._scope.scopes[name], asked.newest_first or asked.only_new)
        work = ItemScan(tools, reading, self._tagged, self._people, progress, asked.limit)
        galleries = GalleryScan(tools, self._tagged, self._people, progress, leave_alone, self._left_alone)
        galleries.touch(self._galleries_before() if cursor != BEGINNING else ())
        forgetting = Forgetting(tools, progress, name, asked)
        progress.say()
        ahead = _Ahead(tools, reading)
        ahead.begin(cursor)
        try:
            while True:
                part = self._take(ahead, reading, forgetting)
                forgetting.do(part)
                touched = _Touched(part, galleries.waiting)
                work.do(
                    part,
                    lambda part=part: ahead.begin(part.next),  # type: ignore[misc]
                    lambda id_, touched=touched: progress.keep(  # type: ignore[misc]
                        self._cursor(name, Cursor(int(id_)), touched.upto(id_))
                    ),
                )
                galleries.touch(work.left)
                galleries.do(touched.images)
                if part.next is None or work.is_over or (asked.only_new and not work.found_new):
                    break
                ahead.begin(part.next)
                progress.keep(self._cursor(name, part.next, galleries.waiting))
        finally:
            ahead.close()
        galleries.finish()
        if kind is IMAGES and forgetting.is_on and not work.is_over:
            galleries.tidy(recount=forgetting.has_forgotten)
        self._keeps_what_is_gone |= forgetting.keeps
        self._has_found |= bool(progress.total)
        if not work.is_over:
            progress.total = progress.done
        # What comes next: the other kind, or the last part once more.
        following = list(KINDS)[list(KINDS).index(name) + 1 :]
        after = next((one for one in following if one in self._scope.scopes), name)
        progress.keep(self._cursor(after, BEGINNING), now=True)

    def _take(self, ahead: "_Ahead", reading: Reading, forgetting: Forgetting) -> Part:
        """Take the next part, without what is to be left alone."""
        progress = self._progress
        whole = ahead.take(self._context.cancel)
        part = whole.without(self._left_alone)
        progress.passed(len(whole.ids) - len(part.ids))
        if whole.total is not None:
            progress.total = whole.total
        elif progress.total is None:  # it goes on in the middle
            progress.total = self._tools.loop.call(reading.count, self._context.cancel)
        if whole.next is None:  # and so all that is left of it, whatever became of Stash meanwhile
            forgetting.look(progress.done + len(part.ids))
        elif not forgetting.has_looked:
            forgetting.look(progress.total)
        return part

    def _cursor(self, kind: str, at: Cursor, galleries: Collection[str] = ()) -> dict[str, Any]:
        """Say where to go on, and which galleries have to be judged of what was done before that."""
        now = self._tools.now
        return {
            "kind": kind,
            "after": at.after,
            "position": self._progress.done if at.after else 0,
            "galleries": list(galleries),
            "pack": now.pack,
            "database": now.database,
        }

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
            "nothing_found": None if self._has_found else nothing_found(self._scope),
            "pack": now.pack,
            "database": now.database,
            "keeps_what_is_gone": self._keeps_what_is_gone,
            "newer_database": in_use if in_use != now.database else None,
        }


class _Touched:
    """The galleries of a part's images, as far as these are done."""

    def __init__(self, part: Part, before: Collection[str]) -> None:
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
