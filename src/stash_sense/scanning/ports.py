"""What a scan needs of others: a way to Stash from its own thread, and what compares kept faces with a database."""

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, TypeVar

from stash_sense.fingerprints.fingerprint import Fingerprint
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.kernel.cancel import CancelToken

T = TypeVar("T")


class Loop(Protocol):
    """Where what is asynchronous is done, from another thread."""

    def call(self, work: Callable[[], Awaitable[T]], cancel: CancelToken) -> T:
        """Do work and return what it gives.

        Raises:
            Cancelled: the token was set; the work was stopped.
        """

    def begin(self, work: Callable[[], Awaitable[T]]) -> Future[T]:
        """Begin work; cancelling what is returned stops it."""


@dataclass(frozen=True, slots=True, eq=False)
class ToRematch:
    """What is kept of an item whose faces are to be compared with another database.

    Attributes:
        fingerprint: as it is; `database` is the version that its people are of.
        faces: of the same pack as the database.
        tagged: rows of the roster of who is tagged in it now.
    """

    fingerprint: Fingerprint
    faces: KeptFaces
    tagged: frozenset[int]


class Rematcher(Protocol):
    """Says who the faces are that were kept, by the database in use; no frames are looked at."""

    def rematch(self, items: Sequence[ToRematch], cancel: CancelToken) -> list[Fingerprint]:
        """Return the fingerprints as they are now, in the order of the question.

        `persons`, `unknown`, `likely` of `details`, `database` and `matched_at` are new; all else is as it was.

        Raises:
            Cancelled: the token was set.
        """

    def noted(self, fingerprint: Fingerprint, kept: KeptFaces, tagged: frozenset[int]) -> Fingerprint:
        """Keep with what was just found what the next version of the database is compared with.

        Args:
            fingerprint: of the database in use.
            kept: its faces.
            tagged: rows of the roster of who is tagged in it.
        """
