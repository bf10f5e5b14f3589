"""What can be asked of a stash-box; `adapters.stashbox` does it with a real one. Nothing here writes.

Every method raises a `StashBoxError` where it cannot be asked, does not answer as it should, or refuses.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from stash_sense.stashbox.entities import Account, Removal
from stash_sense.stashbox.fingerprints import Fingerprint
from stash_sense.stashbox.kinds import Kind
from stash_sense.stashbox.reading import Found, Match, Page

T = TypeVar("T")


class StashBox(Protocol):
    """One endpoint, asked no more often than it allows."""

    @property
    def endpoint(self) -> str:
        """Its address, under which Stash keeps ids."""

    async def account(self) -> Account:
        """Ask whose key it is; raises where the key is none."""

    async def by_ids(self, kind: Kind[T], ids: Sequence[str]) -> Found[T]:
        """Read several by their ids."""

    async def search(self, kind: Kind[T], term: str, limit: int) -> tuple[T, ...]:
        """Search by words, the best first; an id finds what has it."""

    def changed(self, kind: Kind[T], since: datetime | None) -> AsyncIterator[Page[T]]:
        """Read page by page what changed at `since` or later, or everything, the latest first.

        The same one may come twice. What changes while this is read may be left out, but then its moment is later
        than the latest on the first page, from which to ask the next time. Deleted and merged ones are never listed.
        """

    def removed(self, kind: Kind[Any], since: datetime | None) -> AsyncIterator[tuple[Removal, ...]]:
        """Read what was deleted at `since` or later, or ever, the latest first; then what was merged, likewise."""

    async def matches(self, groups: Sequence[Sequence[Fingerprint]]) -> list[tuple[Match, ...]]:
        """Look for scenes by fingerprints; one group for each video, and one answer for each group, in order."""
