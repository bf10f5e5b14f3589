"""Reports about the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stash_sense.bootstrap.scanning import Scanning
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener


@dataclass(frozen=True)
class Reporting(Scanning):
    """What says how well it works."""

    def check_report(self) -> None:
        """Look whether a report can be made.

        Raises:
            StashError: no Stash is named.
            DatabaseError, PackError: nobody can be recognised.
        """
        self.library  # noqa: B018  raises where there is none
        self.check_naming(None)

    def report(self, kinds: Sequence[str], cancel: CancelToken, progress: ProgressListener) -> dict[str, Any]:
        """Say of what is tagged in Stash, and was scanned, who would have been named there.

        Raises:
            StashError: Stash cannot be asked.
            DatabaseError, PackError: nobody can be recognised.
            Cancelled: the token was set.
        """
        from datetime import UTC, datetime

        from stash_sense.identification.requesting import request_of
        from stash_sense.scanning.report import LibraryReport

        with self.naming(None, cancel) as (recognizer, database):
            request = request_of(self.configuration)
            made = LibraryReport(
                library=self.library,
                loop=self.loop,
                store=self.fingerprints,
                rematcher=self.rematcher(recognizer, database, request, cancel),
                database=database,
                mode=request.mode,
                strict=request.strict,
                clock=lambda: datetime.now(UTC),
            )
            return made.make(kinds, cancel, progress).to_json()
