"""One file on its way: what is missing of it is asked for, and only what belongs there is taken."""

from dataclasses import dataclass

from stash_sense.errors import (
    ChangedWhileDownloading,
    ConnectionLost,
    LargerThanAnnounced,
    ServerBroken,
    ShorterThanAnnounced,
    TransferError,
)
from stash_sense.kernel.addresses import shown, without_password
from stash_sense.releases.answers import (
    AS_IT_IS,
    OK,
    PARTIAL,
    RANGE_UNSATISFIABLE,
    described,
    length_of,
    part_of,
    require_as_it_is,
    size_without_part,
)
from stash_sense.releases.part_file import PartFile, Partial, write_all
from stash_sense.releases.patience import DownloadLimits, Interrupted, Patience
from stash_sense.releases.ports import Answer, HttpTransport, Inquiry, Named
from stash_sense.releases.rate import Meter
from stash_sense.releases.refusals import refusal


@dataclass(slots=True)
class Transfer:
    """One file on its way: each attempt asks for what is missing and leaves more of it in the part file.

    Attributes:
        may_mix: a checksum will tell if the parts are of two files, so that a server that does not name its files'
            states can be gone on with.
        restarts: how often what was there was thrown away because the server's file has changed.
    """

    url: str
    named: Named
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
        headers = dict(AS_IT_IS)
        if there:
            headers["range"] = f"bytes={there}-"
            if known.validator is not None:
                headers["if-range"] = known.validator
        inquiry = Inquiry(self.url, headers, self.named, self.limits.connect_seconds, self.limits.silence_seconds)
        with self.transport.stream(inquiry, self.patience.look) as answer:
            self.patience.answered()
            if there and answer.status == RANGE_UNSATISFIABLE:
                self._nothing_further(answer, there)
            elif answer.status == OK:
                self._from_the_start(answer)
            elif there and answer.status == PARTIAL:
                self._from(answer, there, known)
            elif answer.status == PARTIAL:
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
        require_as_it_is(answer, self.url)
        length = length_of(answer)
        if length is not None and self.size is not None and length != self.size:
            self._refuse_size(length, self.size)
        self.part.begin(self._described(answer, length))
        self._receive(answer, 0, self.size if self.size is not None else length)

    def _from(self, answer: Answer, there: int, known: Partial) -> None:
        require_as_it_is(answer, self.url)
        part = part_of(answer)
        whole = self.size if self.size is not None else known.size
        if (
            part is None
            or part.start != there
            or (whole is not None and part.end > whole)
            or (whole is not None and part.size not in (None, whole))
            or not known.agrees(self._described(answer, part.size))
        ):
            raise self._changed()
        self._receive(answer, there, whole if whole is not None else part.size)

    def _nothing_further(self, answer: Answer, there: int) -> None:
        """Find out whether all of a file of unknown size is there."""
        if size_without_part(answer) != there:
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
        return described(answer, size, without_password(self.url))

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
