"""A journal in memory: for tests."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from stash_sense.library.server import Picture
from stash_sense.recommendations.journal.entry import OPEN, Entry, EntryState, Intent, Verdict, Why
from stash_sense.recommendations.journal.store import JournalQuery
from stash_sense.recommendations.journal.values import pictures_of


class MemoryJournal:
    """`JournalStore` over a dictionary and a lock."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[int, Entry] = {}
        self._pictures: dict[str, Picture] = {}
        self._last_id = 0

    def begin(self, intents: Sequence[Intent], why: Why) -> list[Entry]:
        """See `JournalStore.begin`."""
        with self._lock:
            begun = [
                Entry(
                    id=self._last_id + number,
                    group=why.group,
                    operation=intent.operation,
                    kind=intent.kind,
                    target_id=intent.target_id,
                    before=dict(intent.before),
                    after=dict(intent.after),
                    state=EntryState.INTENDED,
                    actor=why.actor,
                    reason=why.reason,
                    recommendation_id=why.recommendation_id,
                    undoes=intent.undoes,
                    undone_by=None,
                    error_code=None,
                    error_message=None,
                    created_at=self._clock(),
                    settled_at=None,
                )
                for number, intent in enumerate(intents, 1)
            ]
            self._entries.update({entry.id: entry for entry in begun})
            self._last_id += len(begun)
            return begun

    def settle(self, verdicts: Sequence[Verdict]) -> list[Entry]:
        """See `JournalStore.settle`."""
        with self._lock:
            return [self._settle(verdict) for verdict in verdicts]

    def get(self, id_: int) -> Entry | None:
        """See `JournalStore.get`."""
        with self._lock:
            return self._entries.get(id_)

    def page(self, query: JournalQuery) -> Sequence[Entry]:
        """See `JournalStore.page`."""
        with self._lock:
            wanted = [
                entry
                for entry in reversed(self._entries.values())
                if query.before is None or entry.id < query.before
                if query.group in ("", entry.group)
            ]
        return wanted[: query.limit]

    def group(self, group: str) -> list[Entry]:
        """See `JournalStore.group`."""
        with self._lock:
            return [entry for entry in self._entries.values() if entry.group == group]

    def unsettled(self) -> list[Entry]:
        """See `JournalStore.unsettled`."""
        with self._lock:
            return [entry for entry in self._entries.values() if entry.state in OPEN]

    def prune(self, before: datetime) -> int:
        """See `JournalStore.prune`."""
        with self._lock:
            old = [one.id for one in self._entries.values() if one.created_at < before and one.state not in OPEN]
            for id_ in old:
                del self._entries[id_]
            needed = {digest for one in self._entries.values() for digest in pictures_of(one.before)}
            self._pictures = {digest: one for digest, one in self._pictures.items() if digest in needed}
            return len(old)

    def keep_picture(self, picture: Picture) -> str:
        """See `JournalStore.keep_picture`."""
        digest = hashlib.sha256(picture.content).hexdigest()
        with self._lock:
            self._pictures.setdefault(digest, picture)
        return digest

    def picture(self, digest: str) -> Picture | None:
        """See `JournalStore.picture`."""
        with self._lock:
            return self._pictures.get(digest)

    def _settle(self, verdict: Verdict) -> Entry:
        entry = self._entries[verdict.entry_id]
        if entry.state not in OPEN:
            return entry
        entry = replace(
            entry,
            state=verdict.state,
            target_id=entry.target_id if verdict.target_id is None else verdict.target_id,
            after=entry.after if verdict.after is None else dict(verdict.after),
            error_code=verdict.error_code,
            error_message=verdict.error_message,
            settled_at=self._clock(),
        )
        self._entries[entry.id] = entry
        if entry.state is EntryState.DONE and entry.undoes is not None:
            self._entries[entry.undoes] = replace(self._entries[entry.undoes], undone_by=entry.id)
        return entry
