"""The background check: every minute it lets the registry unload what nobody has used for long."""

import threading
from types import TracebackType

from stash_sense.resources.registry import ResourceRegistry

CHECK_SECONDS = 60.0


class IdleCheck:
    """Calls `unload_idle` now and then, from `start` to `stop` or in a `with` block.

    Args:
        registry: whose resources are looked at.
        every: seconds between two looks.
    """

    def __init__(self, registry: ResourceRegistry, every: float = CHECK_SECONDS) -> None:
        self._registry = registry
        self._every = every
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._thread is None:
            self._stopped.clear()
            # A daemon: a program that ends without `stop` is not held up.
            self._thread = threading.Thread(target=self._run, name="idle-check", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, after an unload under way; nothing is unloaded by this."""
        if self._thread is not None:
            self._stopped.set()
            self._thread.join()
            self._thread = None

    def __enter__(self) -> "IdleCheck":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            self._registry.unload_idle()
