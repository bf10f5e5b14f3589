"""Items from several threads to one consumer: a few in flight, and every thread ended when the consumer leaves."""

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
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
    belt: SimpleQueue[tuple[Item] | None] = SimpleQueue()

    def check() -> None:
        cancel.raise_if_cancelled()
        if left.is_set():
            raise Cancelled

    def produce(producer: Producer[Item]) -> None:
        try:
            with closing(producer(check)) as items:
                for item in items:
                    free.acquire()
                    check()
                    belt.put((item,))
        finally:
            belt.put(None)

    with ThreadPoolExecutor(len(producers), thread_name_prefix="video") as crew:
        work = [crew.submit(produce, producer) for producer in producers]
        try:
            running = len(work)
            while running:
                carried = belt.get()
                if carried is None:
                    running -= 1
                    continue
                cancel.raise_if_cancelled()
                yield carried[0]
                free.release()
            for done in work:
                done.result()
        finally:
            left.set()
            free.release(len(work))
