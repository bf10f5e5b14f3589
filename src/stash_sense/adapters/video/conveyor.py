"""Items from several threads to one consumer: a few in flight, and every thread ended when the consumer leaves."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TypeAlias, TypeVar

from stash_sense.errors import Cancelled
from stash_sense.kernel.cancel import CancelToken

Item = TypeVar("Item")
Producer: TypeAlias = Callable[[Callable[[], None]], Generator[Item, None, None]]
"""Gives its items; calls the function it is handed often, which raises `Cancelled` when it is to stop."""


def carry(producers: Sequence[Producer[Item]], cancel: CancelToken, capacity: int = 2) -> Generator[Item, None, None]:
    """Run each producer in a thread and yield what they give, in the order it comes.

    Args:
        producers: one thread each; none give nothing.
        cancel: ends the producers and the consumer at their next item.
        capacity: items that wait; each producer holds one more, and the consumer one.

    Raises:
        Cancelled: the token was set.
    """
    if not producers:
        return
    left = threading.Event()
    free = threading.Semaphore(capacity)
    belt: SimpleQueue[tuple[Item] | _End] = SimpleQueue()

    def check() -> None:
        cancel.raise_if_cancelled()
        if left.is_set():
            raise Cancelled

    def produce(place: int) -> None:
        end = _End(place)
        try:
            with closing(producers[place](check)) as items:
                for item in items:
                    free.acquire()
                    check()
                    belt.put((item,))
        except BaseException as error:  # noqa: BLE001  it is raised in the thread of the consumer
            end = _End(place, error)
        belt.put(end)

    def leave() -> None:
        left.set()
        free.release(len(producers))

    with _crew(produce, len(producers), leave):
        ends = list[_End]()
        while len(ends) < len(producers):
            carried = belt.get()
            if isinstance(carried, _End):
                ends.append(carried)
                continue
            cancel.raise_if_cancelled()
            yield carried[0]
            free.release()
        _raise_first(ends)


@dataclass(frozen=True, slots=True, order=True)
class _End:
    """A producer has ended, by an error or not."""

    place: int
    error: BaseException | None = field(default=None, compare=False)


@contextmanager
def _crew(work: Callable[[int], None], size: int, leave: Callable[[], None]) -> Iterator[None]:
    """Have so many threads at work, and wait for their end once they were told to leave.

    Daemons: where an error keeps the consumer from leaving, they must not keep the process alive.
    """
    begun = list[threading.Thread]()
    try:
        for place in range(size):
            thread = threading.Thread(target=work, args=(place,), name=f"video_{place}", daemon=True)
            thread.start()
            begun.append(thread)
        yield
    finally:
        leave()
        for thread in begun:
            thread.join()


def _raise_first(ends: list[_End]) -> None:
    """Raise the error of the first producer that had one, and hold none: a traceback has pictures in its frames."""
    error = next((one.error for one in sorted(ends) if one.error is not None), None)
    ends.clear()
    try:
        if error is not None:
            raise error
    finally:
        del error
