"""Downloads: an address to a whole, checked file, going on where an earlier attempt broke off.

What a server says is not believed: sizes are capped, a part is taken only where it belongs, and the SHA-256 is
computed over what is on the disk.
"""

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from stash_sense.errors import ChecksumMismatch, DiskFull, LargerThanAnnounced
from stash_sense.files import storage_errors
from stash_sense.kernel.addresses import shown
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.releases.answers import AS_IT_IS, OK, require_as_it_is
from stash_sense.releases.part_file import PartFile
from stash_sense.releases.patience import DownloadLimits, Patience
from stash_sense.releases.ports import HttpTransport, Inquiry, Named
from stash_sense.releases.rate import Meter
from stash_sense.releases.refusals import refusal
from stash_sense.releases.transfer import Transfer


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
        named: Named | None = None,
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
            named: what the user named; by default the url itself.
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
        transfer = Transfer(
            url=url,
            named=named or Named(url),
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
                if not part.is_there and transfer.restarts < self._limits.restarts:
                    transfer.restarts += 1  # somebody was forgotten, and what there was went with them
                    continue
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
        named: Named | None = None,
        headers: Mapping[str, str] | None = None,
        cancel: CancelToken | None = None,
    ) -> bytes:
        """Fetch a file that fits into memory.

        Args:
            url: its address.
            limit: bytes that it may have.
            named: what the user named; by default the url itself.
            headers: to send with the request.
            cancel: looked at several times a second.

        Raises:
            LargerThanAnnounced: it has more than `limit` bytes.
            TransferError: it could not be fetched.
            Cancelled: somebody asked to stop.
        """
        patience = self._patience(url, self._limits.small_deadline_seconds, cancel)
        limits = self._limits
        every = {**AS_IT_IS, **(headers or {})}
        inquiry = Inquiry(url, every, named or Named(url), limits.connect_seconds, limits.silence_seconds)

        def attempt() -> bytes:
            content = bytearray()
            with self._transport.stream(inquiry, patience.look) as answer:
                patience.answered()
                if answer.status != OK:
                    raise refusal(shown(url), answer.status, answer.headers)
                require_as_it_is(answer, url)
                for chunk in answer.chunks:
                    content += chunk
                    patience.received(len(chunk), gained=len(content))
                    if len(content) > limit:
                        raise LargerThanAnnounced(address=shown(url), size=limit)
            return bytes(content)

        return patience.persist(attempt)

    def _patience(self, url: str, seconds: float, cancel: CancelToken | None) -> Patience:
        return Patience(shown(url), self._limits, seconds, cancel or CancelToken(), self._clock, self._jitter)
