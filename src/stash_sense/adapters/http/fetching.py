"""Parts of a file on a server into its blocks, going on where a connection broke off."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from stash_sense.adapters.http.answers import refused, require_media, require_part
from stash_sense.adapters.http.session import HttpSession
from stash_sense.adapters.http.shared import Shared
from stash_sense.errors import (
    ConnectionLost,
    DeadlinePassed,
    InputEmpty,
    ServerBroken,
    StreamChanged,
    StreamLost,
    StreamTooSlow,
    StreamWithoutRanges,
    TooSlow,
)
from stash_sense.files import storage_errors
from stash_sense.releases.answers import (
    AS_IT_IS,
    OK,
    PARTIAL,
    RANGE_UNSATISFIABLE,
    described,
    length_of,
    size_without_part,
)
from stash_sense.releases.patience import Interrupted, Patience
from stash_sense.releases.ports import Answer

_T = TypeVar("_T")


class Fetcher:
    """Fetches for one reader; not thread-safe.

    Args:
        shared: the file.
        session: asks for it.
        patience: how long.
    """

    def __init__(self, shared: Shared, session: HttpSession, patience: Patience) -> None:
        self._shared = shared
        self._path = shared.path
        self._session = session
        self._patience = patience

    def close(self) -> None:
        """Break the connection off."""
        self._session.close()

    def begin(self, count: int) -> None:
        """Ask for so many first bytes, and learn what the server says of the file.

        Raises:
            InputError, TransferError, StorageError, Cancelled: as `RemoteFiles.open`.
        """
        with self._in_words():
            self._patience.persist(lambda: self._begin(count))

    def fetch(self, first: int, last: int) -> None:
        """Bring blocks from `first` to before `last`; raises as `begin` does, and StreamChanged."""
        reached = first

        def attempt() -> None:
            nonlocal reached
            while reached < last:
                before = reached
                for _ in self._blocks(reached, last):
                    reached += 1
                if reached == before:
                    raise ServerBroken(address=self._path, reason="it sends less than was asked for")

        with self._in_words():
            self._patience.persist(attempt)

    def _begin(self, count: int) -> None:
        shared = self._shared
        with self._session.stream({**AS_IT_IS, "range": f"bytes=0-{count - 1}"}) as answer:
            self._patience.answered()
            shared.count(requests=1)
            if answer.status == RANGE_UNSATISFIABLE and size_without_part(answer) == 0:
                raise InputEmpty(path=self._path)
            if answer.status not in (OK, PARTIAL):
                raise refused(self._path, answer, self._session.bearings)
            require_media(self._path, answer, self._session.bearings)
            if answer.status == OK:
                self._whole(answer)
                return
            part, size = require_part(self._path, answer)
            if part.start or part.end > count:
                raise ServerBroken(address=self._path, reason="it sends another part than was asked for")
            shared.known, shared.size = described(answer, size), size
            for _ in self._received(answer, 0, part.end):
                pass

    def _whole(self, answer: Answer) -> None:
        """Keep all of a file whose server gives no parts."""
        shared, length, limit = self._shared, length_of(answer), self._shared.limits.whole_bytes
        if length is not None and length > limit:
            raise StreamWithoutRanges(path=self._path, limit=limit)
        place, received = Path(tempfile.gettempdir()), 0
        with storage_errors(place):
            file = tempfile.TemporaryFile()  # noqa: SIM115  closed with the file on the server
            try:
                for chunk in answer.chunks:
                    received += len(chunk)
                    shared.count(received=len(chunk))
                    self._patience.received(len(chunk), gained=received)
                    if received > limit:
                        raise StreamWithoutRanges(path=self._path, limit=limit)
                    file.write(chunk)
                file.flush()
                if length is not None and received < length:
                    raise Interrupted(ConnectionLost(address=self._path, reason="it ended too early"))
            except BaseException:
                file.close()
                raise
        shared.whole, shared.size = file, received
        if not received:
            raise InputEmpty(path=self._path)

    def _blocks(self, first: int, last: int) -> Iterator[None]:
        """Ask for blocks once; yield when another one is there."""
        shared = self._shared
        start, end = first * shared.blocks.size, min(last * shared.blocks.size, shared.size)
        headers = {**AS_IT_IS, "range": f"bytes={start}-{end - 1}"}
        if shared.known.validator is not None:
            headers["if-range"] = shared.known.validator
        with self._session.stream(headers) as answer:
            self._patience.answered()
            shared.count(requests=1)
            if answer.status in (
                OK,
                RANGE_UNSATISFIABLE,
            ):  # what was asked for was there, or is what it was no more
                raise StreamChanged(path=self._path)
            if answer.status != PARTIAL:
                raise refused(self._path, answer, self._session.bearings)
            require_media(self._path, answer, self._session.bearings)
            part, size = require_part(self._path, answer)
            if size != shared.size or not shared.known.agrees(described(answer, size)):
                raise StreamChanged(path=self._path)
            if part.start != start or part.end > end:
                raise ServerBroken(address=self._path, reason="it sends another part than was asked for")
            yield from self._received(answer, start, part.end)

    def _received(self, answer: Answer, start: int, end: int) -> Iterator[None]:
        """Put a body into blocks, of which the first begins at `start`; what is left over of one is given up."""
        blocks, size = self._shared.blocks, self._shared.size
        number, held, at = start // blocks.size, bytearray(), start
        for chunk in answer.chunks:
            at += len(chunk)
            self._shared.count(received=len(chunk))
            self._patience.received(len(chunk), gained=self._shared.traffic.received)
            if at > end:
                raise ServerBroken(address=self._path, reason="it sends more than it said")
            held += chunk
            while len(held) >= blocks.size or (held and at == size):
                blocks.put(number, bytes(held[: blocks.size]))
                del held[: blocks.size]
                number += 1
                yield
        if at < end:
            raise Interrupted(ConnectionLost(address=self._path, reason="it ended too early"))

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Say of a video what the words for downloads do not fit."""
        try:
            yield
        except ConnectionLost as lost:
            raise StreamLost(path=self._path, reason=lost.fields["reason"]) from lost
        except TooSlow as slow:
            reason = f"under {slow.fields['bytes']:,} bytes in {slow.fields['seconds']} s"
            raise StreamTooSlow(path=self._path, reason=reason) from slow
        except DeadlinePassed as late:
            seconds = self._shared.limits.stream_seconds
            raise StreamTooSlow(path=self._path, reason=f"it took more than {seconds:g} s") from late
