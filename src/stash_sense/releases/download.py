"""Downloads: an address to a whole, checked file, going on where an earlier attempt broke off.

What a server says is not believed: sizes are capped, a part is taken only where it belongs, and the SHA-256 is
computed over what is on the disk.
"""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stash_sense.errors import (
    ChangedWhileDownloading,
    ChecksumMismatch,
    ConnectionLost,
    DiskFull,
    LargerThanAnnounced,
    ServerBroken,
    ShorterThanAnnounced,
    TransferError,
)
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.releases.addresses import shown, without_password
from stash_sense.releases.part_file import PartFile, Partial, write_all
from stash_sense.releases.patience import DownloadLimits, Interrupted, Patience
from stash_sense.releases.ports import Answer, HttpTransport, Inquiry
from stash_sense.releases.rate import Meter
from stash_sense.releases.refusals import refusal

_OK, _PARTIAL, _RANGE_UNSATISFIABLE = 200, 206, 416
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_UNSATISFIED_RANGE = re.compile(r"bytes \*/(\d{1,18})")
_PLAIN = {"accept-encoding": "identity"}
"""Sizes and ranges are those of the file, so it must come as it is."""


class Download:
    """Fetches files over http and https.

    Args:
        transport: asks the servers.
        limits: bounds on what that may cost.
        clock: tells seconds that never go back.
        jitter: tells numbers from 0 to 1, by chance.
    """

    def __init__(
        self,
        transport: HttpTransport,
        limits: DownloadLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._limits = limits or DownloadLimits()
        self._clock = clock
        self._jitter = jitter

    def fetch(
        self,
        url: str,
        into: Path,
        *,
        named: str | None = None,
        size: int | None = None,
        sha256: str | None = None,
        progress: ProgressListener = silent,
        cancel: CancelToken | None = None,
    ) -> str:
        """Download a file, whole or not at all.

        Args:
            url: its address.
            into: the file that it becomes, with one rename. What arrives meanwhile is in `<into>.part`, which is kept
                when it breaks off, and gone on with.
            named: see `Inquiry.named`; by default the url itself.
            size: bytes that it must have, if that is known.
            sha256: that it must have, in hex, if that is known.
            progress: told the bytes and the rate.
            cancel: looked at several times a second.

        Returns:
            Its SHA-256, in hex.

        Raises:
            TransferError: it could not be fetched, or is not the file that was announced.
            StorageError: the disk is full (what arrived is removed), or may not be written.
            Cancelled: somebody asked to stop.
        """
        patience = self._patience(url, self._limits.deadline_seconds, cancel)
        with storage_errors(into):
            into.parent.mkdir(parents=True, exist_ok=True)
        part = PartFile(into)
        transfer = _Transfer(
            url=url,
            named=named or url,
            size=size,
            part=part,
            transport=self._transport,
            limits=self._limits,
            patience=patience,
            meter=Meter(progress, self._clock),
            may_mix=sha256 is not None,
        )
        try:
            while True:
                patience.persist(transfer.attempt)
                digest = part.digest(patience.look)
                if sha256 is None or digest == sha256:
                    part.publish()
                    return digest
                # What earlier attempts left may be another file's, or have suffered in a power cut.
                worth_another = part.resumed and transfer.restarts < self._limits.restarts
                transfer.restarts += 1
                part.discard()
                if not worth_another:
                    raise ChecksumMismatch(address=shown(url))
        except DiskFull:
            part.discard()
            raise

    def read(
        self,
        url: str,
        limit: int,
        *,
        named: str | None = None,
        headers: Mapping[str, str] | None = None,
        cancel: CancelToken | None = None,
    ) -> bytes:
        """Fetch a file that fits into memory.

        Args:
            url: its address.
            limit: bytes that it may have.
            named: see `Inquiry.named`; by default the url itself.
            headers: to send with the request.
            cancel: looked at several times a second.

        Raises:
            LargerThanAnnounced: it has more than `limit` bytes.
            TransferError: it could not be fetched.
            Cancelled: somebody asked to stop.
        """
        patience = self._patience(url, self._limits.small_deadline_seconds, cancel)
        inquiry = self._limits_applied(url, named or url, {**_PLAIN, **(headers or {})})

        def attempt() -> bytes:
            content = bytearray()
            with self._transport.stream(inquiry, patience.look) as answer:
                patience.answered()
                if answer.status != _OK:
                    raise refusal(shown(url), answer.status, answer.headers)
                _require_plain(answer, url)
                for chunk in answer.chunks:
                    content += chunk
                    patience.received(len(chunk), gained=len(content))
                    if len(content) > limit:
                        raise LargerThanAnnounced(address=shown(url), size=limit)
            return bytes(content)

        return patience.persist(attempt)

    def _patience(self, url: str, seconds: float, cancel: CancelToken | None) -> Patience:
        return Patience(shown(url), self._limits, seconds, cancel or CancelToken(), self._clock, self._jitter)

    def _limits_applied(self, url: str, named: str, headers: Mapping[str, str]) -> Inquiry:
        return Inquiry(url, headers, named, self._limits.connect_seconds, self._limits.silence_seconds)


@dataclass(slots=True)
class _Transfer:
    """One file on its way: each attempt asks for what is missing and leaves more of it in the part file.

    Attributes:
        may_mix: a checksum will tell if the parts are of two files, so that a server that does not name its files'
            states can be gone on with.
        restarts: how often what was there was thrown away because the server's file has changed.
    """

    url: str
    named: str
    size: int | None
    part: PartFile
    transport: HttpTransport
    limits: DownloadLimits
    patience: Patience
    meter: Meter
    may_mix: bool
    restarts: int = 0

    def attempt(self) -> None:
        """Ask for what is missing; return when all is there.

        Raises:
            Interrupted: another attempt may get further.
            TransferError: none will.
        """
        there, known = self._kept()
        whole = self.size if self.size is not None else known.size
        if there and there == whole:
            return
        headers = dict(_PLAIN)
        if there:
            headers["range"] = f"bytes={there}-"
            if known.validator is not None:
                headers["if-range"] = known.validator
        inquiry = Inquiry(self.url, headers, self.named, self.limits.connect_seconds, self.limits.silence_seconds)
        with self.transport.stream(inquiry, self.patience.look) as answer:
            self.patience.answered()
            if there and answer.status == _RANGE_UNSATISFIABLE:
                self._nothing_further(answer, there)
            elif answer.status == _OK:
                self._from_the_start(answer)
            elif there and answer.status == _PARTIAL:
                self._from(answer, there, known)
            elif answer.status == _PARTIAL:
                raise ServerBroken(address=self._address, reason="it sends a part of what was asked for")
            else:
                raise refusal(self._address, answer.status, answer.headers)

    @property
    def _address(self) -> str:
        return shown(self.url)

    def _kept(self) -> tuple[int, Partial]:
        there, known = self.part.kept(without_password(self.url))
        usable = known.validator is not None or self.may_mix
        if there and (not usable or (self.size is not None and there > self.size)):
            self.part.discard()
            return 0, Partial(url=without_password(self.url))
        return there, known

    def _from_the_start(self, answer: Answer) -> None:
        _require_plain(answer, self.url)
        described = self._described(answer, _length(answer))
        if described.size is not None and self.size is not None and described.size != self.size:
            self._refuse_size(described.size, self.size)
        self.part.begin(described)
        self._receive(answer, 0, self.size if self.size is not None else described.size)

    def _from(self, answer: Answer, there: int, known: Partial) -> None:
        _require_plain(answer, self.url)
        found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
        if found is None:
            raise self._changed()
        start, last = int(found[1]), int(found[2])
        size = None if found[3] == "*" else int(found[3])
        length = _length(answer)
        whole = self.size if self.size is not None else known.size
        if (
            start != there
            or (length is not None and length != last + 1 - start)
            or (whole is not None and last >= whole)
            or (size is not None and whole is not None and size != whole)
            or not known.agrees(self._described(answer, size))
        ):
            raise self._changed()
        self._receive(answer, there, whole if whole is not None else size)

    def _nothing_further(self, answer: Answer, there: int) -> None:
        """Find out whether all of a file of unknown size is there."""
        found = _UNSATISFIED_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
        if found is None or int(found[1]) != there:
            raise self._changed()
        if self.size is not None:
            self._refuse_size(there, self.size)

    def _receive(self, answer: Answer, there: int, whole: int | None) -> None:
        cap = whole if whole is not None else self.limits.largest_bytes
        self.meter.start(there, whole)
        with self.part.opened() as out:
            for chunk in answer.chunks:
                self.patience.look()
                if there + len(chunk) > cap:
                    self._refuse_size(there + len(chunk), cap)
                write_all(out, chunk, self.part.into)
                there += len(chunk)
                self.patience.received(len(chunk), gained=there)
                self.meter.tell(there)
        if whole is not None and there < whole:
            raise Interrupted(ConnectionLost(address=self._address, reason="it ended too early"))
        self.meter.finish(there)

    def _described(self, answer: Answer, size: int | None) -> Partial:
        headers = answer.headers
        etag, date = headers.get("etag") or None, headers.get("last-modified") or None
        return Partial(url=without_password(self.url), etag=etag, last_modified=date, size=size)

    def _refuse_size(self, actual: int, size: int) -> None:
        self.part.discard()
        if actual > size:
            raise LargerThanAnnounced(address=self._address, size=size)
        raise ShorterThanAnnounced(address=self._address, actual=actual, size=size)

    def _changed(self) -> TransferError | Interrupted:
        """Throw away what is there, for it does not go together with what the server has now."""
        self.part.discard()
        self.patience.begun_anew()
        self.restarts += 1
        error = ChangedWhileDownloading(address=self._address)
        return error if self.restarts > self.limits.restarts else Interrupted(error)


def _length(answer: Answer) -> int | None:
    text = answer.headers.get("content-length", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _require_plain(answer: Answer, url: str) -> None:
    if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise ServerBroken(address=shown(url), reason="it compresses what should come as it is")
