"""Where fingerprints and faces are kept: the port."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from stash_sense.fingerprints.fingerprint import Fingerprint, Item, Outcome
from stash_sense.fingerprints.kept_faces import KeptFaces


@dataclass(frozen=True, slots=True)
class Mark:
    """By what it is decided whether an item has to be looked at again; the fields are those of its fingerprint."""

    content: str
    pack: str
    database: str
    outcome: Outcome
    conditions: str
    code: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether it could not be looked at the last time; what was known of it before may be kept."""
        return self.outcome is Outcome.FAILED or bool(self.code)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items of a kind there are of each outcome, and how many were matched against another database."""

    kind: str
    outcomes: dict[str, int]
    behind: int


class FingerprintStore(Protocol):
    """Keeps fingerprints; every method is one transaction, safe on any thread and in any number of processes.

    A process that is killed leaves an item as it was, or as it was meant to be.

    Raises:
        StorageError: the disk said no.
        StateError: the store is busy for too long, or damaged.
    """

    def marks(self, kind: str, ids: Collection[str]) -> dict[str, Mark]:
        """Marks of those that were looked at, by id; without those whose faces have been lost."""

    def keep(self, fingerprint: Fingerprint, faces: KeptFaces | None) -> None:
        """Put it in the place of what was kept of the item; None: it has no faces.

        Raises:
            ValueError: the item's id is none of Stash's.
        """

    def rematched(self, fingerprints: Sequence[Fingerprint]) -> None:
        """Put these in the place of those of the same items, whose faces stay.

        What was forgotten, or looked at again, since it was read stays as it is: `looked_at` differs.
        """

    def get(self, item: Item) -> Fingerprint | None:
        """One fingerprint."""

    def several(self, kind: str, ids: Collection[str]) -> dict[str, Fingerprint]:
        """Those that are there, by id."""

    def of_gallery(self, gallery_id: str) -> list[Fingerprint]:
        """Those of the images of a gallery, by rising number."""

    def faces(self, kind: str, ids: Collection[str]) -> dict[str, KeptFaces]:
        """The faces of those that have some, by id; without crops, `shown` says of which there are any."""

    def crop(self, item: Item, face: int) -> bytes | None:
        """JPEG of one face, 96 x 96 pixels, where it is kept."""

    def pages(
        self,
        kind: str,
        *,
        behind: str | None = None,
        failed: bool = False,
        after: int = 0,
        size: int = 500,
    ) -> Iterator[list[Fingerprint]]:
        """Go through all by rising number.

        Args:
            kind: of the items.
            behind: only those with faces that another database than this was used for.
            failed: only those that could not be looked at the last time.
            after: number to go on after.
            size: items at once.
        """

    def forget(self, kind: str, *, after: int, upto: int | None, there: Collection[str]) -> list[str]:
        """Remove those with numbers above `after`, up to `upto`, that are not there any more; gives their ids."""

    def counts(self, kind: str, database: str) -> Counts:
        """Count."""
