"""Pictures on a server -> files for as long as they are looked at; a server that went away ends the build.

A picture that cannot be had is tried again by the next build. But where the server is not there none can be had, and
a version without half of its people must not take the place of a good one.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stash_sense.errors import Cancelled, InputError, PerformersLost, StashSenseError
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken

PAUSES = (1.0, 5.0, 15.0)
"""Seconds before another attempt where the server is not there for the moment: a Stash restarts within these."""
_MOST_IN_A_ROW = 10
"""Pictures in a row that cannot be had for different reasons, after which something else is wrong."""
_NAP = 0.1

Fetch = Callable[[str, CancelToken], bytes]
"""Reads a picture by its address, within limits."""


class FetchedPictures:
    """Fetches for one source; may be used by several threads at once.

    Args:
        title: of the source, for sentences.
        fetch: asks the server.
        passing: errors of a server that may be there again in a moment.
        final: errors of a server that will give nothing at all.
        pauses: see `PAUSES`.
    """

    def __init__(
        self,
        title: str,
        fetch: Fetch,
        passing: tuple[type[StashSenseError], ...],
        final: tuple[type[StashSenseError], ...] = (),
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._title = title
        self._fetch = fetch
        self._passing = passing
        self._final = final
        self._pauses = pauses
        self._lock = threading.Lock()
        self._in_a_row = 0

    @contextmanager
    def opened(self, url: str, where: str, cancel: CancelToken) -> Iterator[Path]:
        """Give a picture as a file until the block ends.

        Args:
            url: its address.
            where: the same for the user, who reads it in errors about the file.
            cancel: ends waiting.

        Raises:
            PerformersLost: the server is not there.
            StashSenseError: this picture cannot be had.
            Cancelled: the token was set.
        """
        content = self._fetched(url, cancel)
        with tempfile.TemporaryDirectory(prefix="stash-sense-") as folder:
            path = Path(folder) / "picture"
            with storage_errors(path):
                path.write_bytes(content)
            del content
            try:
                yield path
            except InputError as error:
                raise type(error)(**{**error.fields, "path": where}) from error

    def _fetched(self, url: str, cancel: CancelToken) -> bytes:
        for pause in (*self._pauses, None):
            cancel.raise_if_cancelled()
            try:
                content = self._fetch(url, cancel)
            except Cancelled:
                raise
            except self._final as error:
                raise self._lost(error) from error
            except self._passing as error:
                if pause is None:
                    raise self._lost(error) from error
                _wait(pause, cancel)
            except StashSenseError as error:
                with self._lock:
                    self._in_a_row += 1
                    if self._in_a_row >= _MOST_IN_A_ROW:
                        raise self._lost(error) from error
                raise
            else:
                with self._lock:
                    self._in_a_row = 0
                return content
        raise AssertionError

    def _lost(self, error: StashSenseError) -> PerformersLost:
        return PerformersLost(source=self._title, reason=str(error).rstrip("."))


def _wait(seconds: float, cancel: CancelToken) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        cancel.raise_if_cancelled()
        time.sleep(min(left, _NAP))
