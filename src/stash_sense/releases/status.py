"""How far an update is, for whoever watches it."""

import threading
from dataclasses import dataclass, replace
from enum import StrEnum

from stash_sense.errors import Cancelled, StashSenseError
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.kernel.text import as_unicode


class UpdateState(StrEnum):
    """What an update is doing."""

    IDLE = "idle"
    CHECKING = "checking"
    DOWNLOADING = "downloading"
    EXTRACTING = "extracting"
    VERIFYING = "verifying"
    SWAPPING = "swapping"
    RELOADING = "reloading"
    COMPLETE = "complete"
    FAILED = "failed"


_BEGINS = {
    UpdateState.IDLE: 0,
    UpdateState.CHECKING: 0,
    UpdateState.DOWNLOADING: 2,
    UpdateState.EXTRACTING: 60,
    UpdateState.VERIFYING: 80,
    UpdateState.SWAPPING: 95,
    UpdateState.RELOADING: 97,
    UpdateState.COMPLETE: 100,
}
"""Percent at which each begins; the next one's is where it ends. Most of the time goes into downloading."""
_ORDER = list(_BEGINS)


@dataclass(frozen=True, slots=True)
class UpdateStatus:
    """One look at an update.

    Attributes:
        percent: of the whole, 0 to 100; never goes back while an update runs.
        current: version in use; None where there is none.
        target: version that is being installed, once known.
        code, reason: why the last update ended early; empty where it did not.
    """

    state: UpdateState = UpdateState.IDLE
    percent: float = 0.0
    current: str | None = None
    target: str | None = None
    code: str = ""
    reason: str = ""


class StatusBoard:
    """Keeps the latest status; read from any thread while an update runs on another."""

    def __init__(self) -> None:
        self._alone = threading.Lock()
        self._status = UpdateStatus()

    def read(self) -> UpdateStatus:
        """Return the latest status."""
        with self._alone:
            return self._status

    def begin(self, current: str | None) -> None:
        """Note that an update begins."""
        with self._alone:
            self._status = UpdateStatus(UpdateState.CHECKING, 0.0, current)

    def enter(self, state: UpdateState, *, target: str | None = None, current: str | None = None) -> None:
        """Note that the update has come to its next state, and which version it is about or has put into use."""
        with self._alone:
            status = self._status
            percent = max(status.percent, float(_BEGINS[state]))
            self._status = replace(
                status,
                state=state,
                percent=percent,
                target=target or status.target,
                current=current or status.current,
            )

    def done(self, current: str) -> None:
        """Note that the update is complete."""
        with self._alone:
            self._status = replace(self._status, state=UpdateState.COMPLETE, percent=100.0, current=current)

    def rest(self, current: str | None) -> None:
        """Note that there was nothing to do."""
        with self._alone:
            self._status = UpdateStatus(UpdateState.IDLE, 0.0, current)

    def fail(self, error: BaseException) -> None:
        """Note why the update ended; one that was stopped is not at work any more, and did not fail."""
        code = error.code if isinstance(error, StashSenseError) else "internal_fault"
        reason = as_unicode(str(error) or type(error).__name__)
        with self._alone:
            if isinstance(error, Cancelled):
                self._status = UpdateStatus(current=self._status.current, code=code, reason=reason)
            else:
                self._status = replace(self._status, state=UpdateState.FAILED, code=code, reason=reason)

    def listening(self, progress: ProgressListener) -> ProgressListener:
        """Return a listener that passes reports on, and reckons the percentage of the state at work from them."""

        def listen(report: Progress) -> None:
            with self._alone:
                status = self._status
                place = _ORDER.index(status.state) if status.state in _BEGINS else len(_ORDER)
                if report.total and place + 1 < len(_ORDER):
                    begin, end = _BEGINS[status.state], _BEGINS[_ORDER[place + 1]]
                    percent = begin + (end - begin) * min(1.0, report.done / report.total)
                    self._status = replace(status, percent=max(status.percent, percent))
            progress(report)

        return listen
